/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region of a table while it is made: units of one size, as many as it takes.
 * Used by table.c, directory.c and branch.c.
 */
#ifndef POLICY_LISTS_REGION_H
#define POLICY_LISTS_REGION_H

#include <stddef.h>
#include <stdint.h>

struct region {
	uint8_t *bytes;
	size_t unit; /* bytes */
	size_t cnt, cap; /* units */
};

/* Room for cnt more units, zeroed, valid until the next call; NULL when there is no memory. */
void *region_add(struct region *region, size_t cnt);

/* The regions of sekisho/list.h but the masks, with the sizes of their units. */
struct regions {
	struct region dir, node, leaf, value, entry, branch;
};

void regions_init(struct regions *regions);
void regions_free(struct regions *regions);

#endif
