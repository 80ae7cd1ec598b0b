/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells of 32-bit keys as a directory with nodes and leaves (sekisho/list.h). Used by table.c.
 */
#ifndef POLICY_LISTS_DIRECTORY_H
#define POLICY_LISTS_DIRECTORY_H

#include "lists/region.h"

/* From this key on this cell holds. */
struct cell {
	uint32_t key, value;
};

/*
 * Makes regions->dir, ->node, ->leaf and ->value of strictly rising cells, of which the first has key
 * 0; none of them when all are of set 0. 0 or -ENOMEM.
 */
int directory_make(struct regions *regions, const struct cell *cells, size_t cnt);

#endif
