/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that belong to somebody else. What is made of packets is a slice of them as long as it can be:
 * nothing is copied to be looked at.
 */
#ifndef AGENT_BASE_SLICE_H
#define AGENT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *at; /* not ended by a 0 */
	size_t len;
};

static inline struct slice slice(const void *at, size_t len)
{
	return (struct slice){ .at = at, .len = len };
}

static inline struct slice slice_text(const char *text)
{
	return slice(text, strlen(text));
}

static inline bool slice_is(struct slice s, const char *text)
{
	return s.len == strlen(text) && (!s.len || memcmp(s.at, text, s.len) == 0);
}

/* Without the first cnt bytes; with fewer than that: empty. */
static inline struct slice slice_behind(struct slice s, size_t cnt)
{
	if (cnt > s.len)
		cnt = s.len;
	return cnt ? slice(s.at + cnt, s.len - cnt) : s; /* at may be NULL */
}

#endif
