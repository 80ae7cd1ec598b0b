/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space of one family as steps: from each on, another set of lists holds. All prefixes
 * of all lists are merged and covering ones pushed down into what they cover. Used by table.c.
 */
#ifndef POLICY_LISTS_STEPS_H
#define POLICY_LISTS_STEPS_H

#include "lists/table.h"

struct list_step {
	uint64_t hi, lo; /* first address, host byte order */
	uint32_t set; /* from here on */
};

struct list_steps {
	struct list_step *steps; /* strictly rising; before the first the set is 0 */
	size_t cnt, cap;
	size_t prefix_cnt;
};

/*
 * Numbers sets of lists: the same mask, the same number. 0 is the empty mask, and below SEK_LIST_ALONE are
 * those of one list.
 */
struct list_numbers {
	uint64_t *masks; /* by number */
	size_t cnt, cap;
	uint32_t *slots; /* open addressing, number + 1 */
	size_t slot_cnt;
};

int list_numbers_init(struct list_numbers *numbers);
void list_numbers_free(struct list_numbers *numbers);

/* Of one family. 0, -ENOMEM or -E2BIG (more sets than the table can number). */
int list_steps_make(const struct list_source *sources, size_t source_cnt, bool v4,
		    struct list_numbers *numbers, struct list_steps *ret_steps);

#endif
