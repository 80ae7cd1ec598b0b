/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of addresses as prefixes. Used by the readers of lists. Pure.
 */
#ifndef POLICY_LISTS_RANGE_H
#define POLICY_LISTS_RANGE_H

#include "text/address.h"

/* The fewest prefixes that are exactly [from, to]; at most 254. Returns how many, or -EINVAL. */
#define RANGE_PREFIXES_MAX 256
int range_prefixes(const struct sek_addr *from, const struct sek_addr *to,
		   struct prefix ret_prefixes[RANGE_PREFIXES_MAX]);

#endif
