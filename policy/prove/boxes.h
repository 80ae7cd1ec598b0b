/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of packets as products of fields, and few of them. Used by meaning.c. Private to prove/, but
 * for tests.
 */
#ifndef POLICY_PROVE_BOXES_H
#define POLICY_PROVE_BOXES_H

#include "prove/diagram.h"

enum box_field {
	BOX_PROTO,
	BOX_SPORT,
	BOX_DPORT,
	BOX_ICMP4, /* type << 8 | code */
	BOX_ICMP6,
	BOX_SRC4, /* addresses of a family: none in both ends where the box has no packet of it */
	BOX_DST4,
	BOX_SRC6,
	BOX_DST6,
	BOX_FIELD_CNT
};

/* Packets of one direction that a change treats in one way. */
struct box {
	enum sek_dir dir;
	uint8_t before, after; /* enum sek_action; 0: was or is no packet of the tenant, so dropped */
	struct ranges fields[BOX_FIELD_CNT];
	const char **tenants; /* names, which belong to the policies */
	size_t tenant_cnt;
};

struct boxes {
	struct box *list;
	size_t cnt;
	uint64_t more; /* that were found but not kept, before any were joined */
};

/* The leaf of a box, and back. */
static inline uint32_t box_leaf(uint8_t before, uint8_t after)
{
	return 1 + before * 5u + after;
}

/* Adds the boxes of a diagram, at most `max`. 0 or -ENOMEM. */
int boxes_collect(struct boxes *boxes, const struct diagram *d, uint32_t top, size_t max);
/* Joins boxes that differ in one field, or are of two families. 0 or -ENOMEM. */
int boxes_join(struct boxes *boxes);
/* Takes all boxes of `from`, which are of one tenant, joined to the same ones of others. */
int boxes_take(struct boxes *to, struct boxes *from, const char *tenant);
void boxes_free(struct boxes *boxes);

/* Of all values that some packet has. */
bool ranges_whole(const struct ranges *ranges, enum box_field field);
/* Is the packet in it? Its tenant is not asked. */
bool box_holds(const struct box *box, const struct model_probe *probe);

#endif
