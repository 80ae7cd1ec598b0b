// SPDX-License-Identifier: Apache-2.0
/*
 * Cuts a range of addresses into prefixes, the widest that fit, from its beginning on. Pure.
 * Called by the readers of lists.
 */
#include "lists/range.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "lists/set.h"

/* Last address of a prefix, host byte order. */
static unsigned __int128 prefix_last(const struct prefix *prefix, unsigned __int128 first)
{
	return first | (unsigned __int128)prefix_rest(prefix->len, 0) << 64 |
	       prefix_rest(prefix->len, 1);
}

static unsigned __int128 address_number(const struct sek_addr *addr)
{
	return (unsigned __int128)be64toh(addr->q[0]) << 64 | be64toh(addr->q[1]);
}

int range_prefixes(const struct sek_addr *from, const struct sek_addr *to,
		   struct prefix ret_prefixes[RANGE_PREFIXES_MAX])
{
	unsigned __int128 at = address_number(from), end = address_number(to), last;
	int least = address_is_v4(from) ? PREFIX_V4_BITS : 0, cnt = 0;

	if (at > end || address_is_v4(from) != address_is_v4(to))
		return -EINVAL;
	do {
		struct prefix best = { .len = 128 }, wider;

		best.addr.q[0] = htobe64((uint64_t)(at >> 64));
		best.addr.q[1] = htobe64((uint64_t)at);
		while (best.len > least) {
			wider = prefix_cut(&best, best.len - 1);
			if (memcmp(&wider.addr, &best.addr, sizeof(wider.addr)) != 0 ||
			    prefix_last(&wider, at) > end)
				break;
			best = wider;
		}
		if (cnt == RANGE_PREFIXES_MAX)
			return -EINVAL;
		ret_prefixes[cnt++] = best;
		last = prefix_last(&best, at);
		at = last + 1;
	} while (last < end);
	return cnt;
}
