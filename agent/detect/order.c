/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key for each rule, compared as a number. Called by build.c; the same rules come out in the
 * same order always.
 */
#include "detect/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ACTIONS_MAX 8

struct place {
	uint64_t key; /* action, then a rank for each kind of memory, from the highest bits down */
	uint64_t tail; /* priority, place */
	struct signature *signature;
};

static const struct memory_word {
	const char *word;
	bool asked_first; /* what one packet sets the next one is asked for, as sites know it */
} memory_words[] = {
	{ "flowbits", false }, { "flowint", false }, { "flowvar", false },
	{ "hostbits", false }, { "xbits", true },
};

/* Who only sets comes first, then who does both, who only asks (or these three turned), who does neither. */
static unsigned int memory_rank(const struct signature *s, const struct memory_word *of)
{
	bool asks = false, sets = s->captures && strcmp(of->word, "flowvar") == 0;
	unsigned int rank;

	for (uint32_t i = 0; i < s->test_cnt && !asks; i++)
		asks = strcmp(s->tests[i].ops->word, of->word) == 0;
	for (uint32_t i = 0; i < s->act_cnt && !sets; i++)
		sets = strcmp(s->acts[i].ops->word, of->word) == 0;
	rank = sets ? asks : asks ? 2 : 3;
	return of->asked_first && rank < 3 ? 2 - rank : rank;
}

struct action_ranks {
	unsigned int of[ACTIONS_MAX]; /* by enum rule_action */
};

static struct action_ranks action_ranks_read(const struct config *config)
{
	static const struct {
		const char *word;
		enum rule_action action;
	} names[] = { { "pass", RULE_PASS },
		      { "drop", RULE_DROP },
		      { "reject", RULE_REJECT },
		      { "alert", RULE_ALERT } };
	struct action_ranks ranks = { 0 };
	size_t cnt = config_cnt(config, "action-order");

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int rank = i + 1;

		for (size_t at = 0; at < cnt; at++) {
			char path[40];
			const char *word;

			snprintf(path, sizeof(path), "action-order.%zu", at);
			word = config_text(config, path);

			if (word && strcmp(word, names[i].word) == 0)
				rank = (unsigned int)at + 1;
		}
		ranks.of[names[i].action] = rank;
	}
	ranks.of[RULE_REJECT_DST] = ranks.of[RULE_REJECT_BOTH] = ranks.of[RULE_REJECT];
	return ranks;
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->tail < y->tail ? -1 : x->tail > y->tail;
}

int rules_order(struct signatures *signatures, const struct config *config)
{
	struct action_ranks ranks = action_ranks_read(config);
	struct place *places = calloc(signatures->cnt ? signatures->cnt : 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < signatures->cnt; i++) {
		struct signature *s = signatures->at[i];
		uint64_t key = ranks.of[s->rule.action];

		for (size_t m = 0; m < sizeof(memory_words) / sizeof(*memory_words); m++)
			key = key << 2 | memory_rank(s, &memory_words[m]);
		places[i] = (struct place){ key, (uint64_t)s->rule.priority << 32 | i, s };
	}
	qsort(places, signatures->cnt, sizeof(*places), by_place);
	for (size_t i = 0; i < signatures->cnt; i++) {
		signatures->at[i] = places[i].signature;
		signatures->at[i]->number = (uint32_t)i;
	}
	free(places);
	return 0;
}
