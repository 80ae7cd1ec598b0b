/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints into lines: each goes into one of two lines, and what stands in its way goes into its
 * other one. Used by table.c.
 */
#ifndef POLICY_NAMES_FILL_H
#define POLICY_NAMES_FILL_H

#include <stdbool.h>

#include "names/sets.h"

struct name_fill {
	struct sek_name_line *lines; /* not owned */
	uint32_t line_cnt;
	uint64_t *prints; /* of each slot: a line has but a part of it */
	struct name_sets *sets;
	size_t name_cnt, moved_cnt;
	uint64_t random;
};

/* lines are all 0. 0 or -ENOMEM. */
int name_fill_begin(struct name_fill *fill, struct sek_name_line *lines, uint32_t line_cnt,
		    struct name_sets *sets);
void name_fill_end(struct name_fill *fill);

/* Has both of its lines fetched. */
void name_fill_near(const struct name_fill *fill, uint64_t print);

/*
 * Adds a name that this set says something of, to what is said of it already. -ENOSPC: it needs more
 * lines; then the lines are as good as lost. -E2BIG, -ENOMEM: of sets.
 */
int name_fill_add(struct name_fill *fill, uint64_t print, uint32_t set);

/* Whether each name in these lines is found as itself, and none as another. */
bool name_fill_clear(const struct name_fill *fill, uint32_t from, uint32_t to);

#endif
