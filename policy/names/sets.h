/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lists hold a name, numbered: names that the same lists hold alike have the same number.
 * Used by table.c and fill.c.
 */
#ifndef POLICY_NAMES_SETS_H
#define POLICY_NAMES_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "sekisho/name.h"

struct name_sets {
	struct sek_name_set *sets; /* [0] is none */
	struct sek_name_answer *answers; /* [0] is none */
	uint32_t cnt, answer_cnt, answer_cap;
	uint16_t *index; /* of sets, by hash; 0: free */
	uint64_t *merged; /* what two numbers made lately */
};

/* One with nothing but the empty set. 0 or -ENOMEM; name_sets_free() in any case. */
int name_sets_init(struct name_sets *sets);
void name_sets_free(struct name_sets *sets);

/* Number of a set, a new one if it was not there; -E2BIG when there are too many, -ENOMEM. */
int name_sets_number(struct name_sets *sets, const struct sek_name_set *set);

/* Number of an answer of an entry's own; -E2BIG, -ENOMEM. */
int name_sets_answer(struct name_sets *sets, const struct sek_name_answer *answer);

/*
 * Number of the set that a name has of which two are said. Of two entries with an answer of their own
 * that of the list with the lower number goes, of one list's the first.
 */
int name_sets_merge(struct name_sets *sets, uint32_t a, uint32_t b);

#endif
