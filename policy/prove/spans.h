/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a packet as lines of points, cut where the compiled classes change. Used by space.c.
 * Private to prove/; every function returns 0 or -ENOMEM.
 */
#ifndef POLICY_PROVE_SPANS_H
#define POLICY_PROVE_SPANS_H

#include "compile/compile.h"

/* An address (IPv4 v4-mapped), a port, a protocol, or an ICMP type << 8 | code. */
typedef unsigned __int128 point;

enum family { FAMILY_4, FAMILY_6, FAMILY_CNT };
#define SIDES 2 /* policies that are looked at together */

/* Points of one class; row: of each policy. SEK_ROW_NONE: no packet of the tenant has them. */
struct span {
	point from, to;
	uint16_t row[SIDES];
};

/* Ascending, apart. */
struct spans {
	struct span *list;
	size_t cnt;
};

/* Ascending, apart; what is described of a field. */
struct range {
	point from, to;
};
struct ranges {
	struct range *list;
	size_t cnt;
};

point address_point(const struct sek_addr *addr);
struct sek_addr point_address(point value);
struct range prefix_range(const struct prefix *prefix);
/* All addresses of a family. IPv6 has the mapped ones in its middle, which are none of its own. */
struct range family_range(enum family family);

/* Adds to the end; joined to the last where they touch and are of one class. */
int spans_add(struct spans *spans, const struct span *span);
int ranges_add(struct ranges *ranges, struct range range);
/* Sorts and joins what touches. */
void ranges_settle(struct ranges *ranges);
bool ranges_same(const struct ranges *a, const struct ranges *b);
int ranges_join(struct ranges *to, const struct ranges *more);

/* Of two lines over the same points one: a's row 0, and b's as row 1. */
int spans_pair(const struct spans *a, const struct spans *b, struct spans *ret_both);

/* Rows of the addresses of a tenant, as source or as destination. */
int spans_addresses(const struct image *image, uint16_t tenant, enum family family, bool dst,
		    struct spans *ret_spans);
/* Row 1 where the tenant's own addresses are, else 0. Its routers, which stand outside, are not. */
int spans_owned(const struct model_tenant *tenant, enum family family, struct spans *ret_spans);
/* Rows from a table of `cnt` values, beginning at `first`. */
int spans_table(const uint16_t *rows, uint32_t first, uint32_t cnt, struct spans *ret_spans);
/* One row for all of a range. */
int spans_flat(struct range range, uint16_t row, struct spans *ret_spans);

#endif
