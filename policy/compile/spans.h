/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Longest prefix match for many questions: prefixes that lie in each other become spans that lie side
 * by side, found by halving. What the kernel's LPM tries answer, in user space. Pure.
 */
#ifndef POLICY_COMPILE_SPANS_H
#define POLICY_COMPILE_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include "text/address.h"

#define SPANS_NONE UINT32_MAX /* no prefix holds the address */

/* A prefix by its bits alone: ::/0 holds IPv4 addresses (v4-mapped) as well. */
struct span_entry {
	struct prefix prefix;
	uint32_t value;
};

struct spans {
	unsigned __int128 *from; /* first address of each, ascending; from[0] is 0 */
	uint32_t *value;
	size_t cnt;
};

/*
 * Sorts the entries in their place. Of equal prefixes the one with the greatest value counts. Returns
 * 0 or -ENOMEM; spans_free() gives back.
 */
int spans_build(struct span_entry *entries, size_t cnt, struct spans *ret_spans);
void spans_free(struct spans *spans);

/* The value of the longest prefix that holds addr, or SPANS_NONE. */
uint32_t spans_find(const struct spans *spans, const struct sek_addr *addr);

#endif
