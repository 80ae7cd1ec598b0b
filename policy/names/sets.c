// SPDX-License-Identifier: Apache-2.0
/*
 * Sets of lists and their numbers. Called by table.c and fill.c. Pure.
 */
#include "names/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX (4 * SEK_NAME_SETS_MAX) /* a power of two */
#define MERGED 4096

int name_sets_init(struct name_sets *sets)
{
	*sets = (struct name_sets){
		.sets = calloc(SEK_NAME_SETS_MAX, sizeof(*sets->sets)),
		.answers = calloc(1, sizeof(*sets->answers)),
		.index = calloc(INDEX, sizeof(*sets->index)),
		.merged = calloc(MERGED, sizeof(*sets->merged)),
		.cnt = 1,
		.answer_cnt = 1,
		.answer_cap = 1,
	};
	return sets->sets && sets->answers && sets->index && sets->merged ? 0 : -ENOMEM;
}

void name_sets_free(struct name_sets *sets)
{
	free(sets->sets);
	free(sets->answers);
	free(sets->index);
	free(sets->merged);
	*sets = (struct name_sets){};
}

static uint32_t set_hash(const struct sek_name_set *set)
{
	uint64_t words[sizeof(*set) / sizeof(uint64_t)], hash = 0;

	memcpy(words, set, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash >> 32;
}

int name_sets_number(struct name_sets *sets, const struct sek_name_set *set)
{
	uint32_t at = set_hash(set) % INDEX;

	for (; sets->index[at]; at = (at + 1) % INDEX)
		if (!memcmp(&sets->sets[sets->index[at]], set, sizeof(*set)))
			return sets->index[at];
	if (sets->cnt == SEK_NAME_SETS_MAX)
		return -E2BIG;
	sets->sets[sets->cnt] = *set;
	sets->index[at] = sets->cnt;
	return (int)sets->cnt++;
}

int name_sets_answer(struct name_sets *sets, const struct sek_name_answer *answer)
{
	for (uint32_t i = 1; i < sets->answer_cnt; i++)
		if (!memcmp(&sets->answers[i], answer, sizeof(*answer)))
			return (int)i;
	if (sets->answer_cnt == SEK_NAME_ANSWERS_MAX)
		return -E2BIG;
	if (sets->answer_cnt == sets->answer_cap) {
		struct sek_name_answer *more =
			reallocarray(sets->answers, 2UL * sets->answer_cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		sets->answers = more;
		sets->answer_cap *= 2;
	}
	sets->answers[sets->answer_cnt] = *answer;
	return (int)sets->answer_cnt++;
}

/* Adds what the other says; where it names an answer of its own, and rather than this one. */
static void set_add(struct sek_name_set *set, const struct sek_name_set *other)
{
	set->self |= other->self;
	set->below |= other->below;
	set->rewrite_self |= other->rewrite_self;
	set->rewrite_below |= other->rewrite_below;
	set->spare_self |= other->spare_self;
	set->spare_below |= other->spare_below;
	if (other->how_self && (!set->how_self || other->list_self < set->list_self)) {
		set->how_self = other->how_self;
		set->list_self = other->list_self;
		set->answer_self = other->answer_self;
	}
	if (other->how_below && (!set->how_below || other->list_below < set->list_below)) {
		set->how_below = other->how_below;
		set->list_below = other->list_below;
		set->answer_below = other->answer_below;
	}
}

int name_sets_merge(struct name_sets *sets, uint32_t a, uint32_t b)
{
	uint64_t pair = (uint64_t)a << 40 | (uint64_t)b << 16;
	uint64_t *merged = &sets->merged[(a * 61 + b) % MERGED];
	struct sek_name_set set;
	int number;

	if (a == b)
		return (int)a;
	if (*merged >> 16 == pair >> 16)
		return (int)(*merged & 0xffff);
	set = sets->sets[a];
	set_add(&set, &sets->sets[b]);
	number = name_sets_number(sets, &set);
	if (number > 0)
		*merged = pair | (uint64_t)number;
	return number;
}
