/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single IPv6 /32s in slots (sekisho/list.h). Used by table.c.
 */
#ifndef POLICY_LISTS_SLOTS_H
#define POLICY_LISTS_SLOTS_H

#include "lists/directory.h"
#include "sekisho/list.h"

/*
 * Takes keys that are not as those beside them out of *cells (strictly rising, the first of key 0)
 * into *top, as many as it holds; what is left, *cnt of them, is for the directory. *top is all 0 before.
 * Fills family->seed, ->turn_shift and ->slot_shift. 0, -ENOMEM or -E2BIG (no seed was any good).
 */
int slots_make(struct cell *cells, size_t *cnt, struct sek_list_family *family,
	       struct sek_list_top *top);

#endif
