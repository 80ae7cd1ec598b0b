/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies below an IPv6 /32 as entries and branches (sekisho/list.h). Used by table.c.
 */
#ifndef POLICY_LISTS_BRANCH_H
#define POLICY_LISTS_BRANCH_H

#include "lists/region.h"
#include "lists/steps.h"

/*
 * Steps [from, to), at least one, begin inside the /32 `top` but not at its beginning, where the set
 * `before` holds. Adds to regions->entry and ->branch. 0, -ENOMEM or -E2BIG (no number is left).
 */
int branch_make(struct regions *regions, uint32_t top, const struct list_step *from,
		const struct list_step *to, uint32_t before, uint32_t *ret_cell);

#endif
