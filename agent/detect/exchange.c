/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows, transactions and frames are brought up to date when they are next asked, so an exchange takes the
 * same time with one flow and with a million. What missed one exchange altogether is asked anew. Called by
 * build.c and by the files that ask.
 */
#include "detect/exchange.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/frames.h"

struct known {
	const struct rule *rule;
	uint32_t number;
};

static int by_name(const void *a, const void *b)
{
	const struct rule *x = ((const struct known *)a)->rule, *y = ((const struct known *)b)->rule;

	if (x->gid != y->gid)
		return x->gid < y->gid ? -1 : 1;
	if (x->sid != y->sid)
		return x->sid < y->sid ? -1 : 1;
	return x->rev < y->rev ? -1 : x->rev > y->rev;
}

static struct known *known_make(const struct ruleset *ruleset)
{
	struct known *known = calloc(ruleset->cnt + 1, sizeof(*known));

	for (uint32_t i = 0; known && i < ruleset->cnt; i++)
		known[i] = (struct known){ &ruleset->signatures.at[i]->rule, i };
	if (known)
		qsort(known, ruleset->cnt, sizeof(*known), by_name);
	return known;
}

int ruleset_follow(struct ruleset *ruleset, const struct ruleset *before)
{
	struct known *known = known_make(ruleset);

	ruleset->now = calloc(before->cnt + 1, sizeof(*ruleset->now));
	if (!known || !ruleset->now) {
		free(known);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < before->cnt; i++) {
		struct known wanted = { &before->signatures.at[i]->rule, i };
		const struct known *found =
			bsearch(&wanted, known, ruleset->cnt, sizeof(*known), by_name);

		ruleset->now[i] = found ? found->number : RULE_GONE;
	}
	free(known);
	ruleset->before_cnt = before->cnt;
	ruleset->before = before;
	ruleset->generation = before->generation + 1;
	return 0;
}

void flow_follow(const struct ruleset *ruleset, struct flow *flow)
{
	if (flow->rules == ruleset->generation)
		return;
	flow->rules = ruleset->generation;
	/* rules of addresses and of protocols alone are new to it */
	memset(flow->ip_only_asked, 0, sizeof(flow->ip_only_asked));
	flow->protocols = 0;
}

static int by_number(const void *a, const void *b)
{
	const struct tx_rule *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

void tx_follow(const struct ruleset *ruleset, struct detect_tx *state)
{
	bool is_next = state->generation + 1 == ruleset->generation;
	uint32_t kept = 0;

	if (state->generation == ruleset->generation)
		return;
	for (uint32_t i = 0; is_next && i < state->rule_cnt; i++) {
		struct tx_rule rule = state->rules[i];

		rule.number = rule_now(ruleset, rule.number);
		if (rule.is_done && rule.number != RULE_GONE)
			state->rules[kept++] = rule;
	}
	state->rule_cnt = kept; /* others are looked for anew */
	if (kept)
		qsort(state->rules, kept, sizeof(*state->rules), by_number);
	state->scanned_steps = 0;
	state->body_cnt = 0;
	state->generation = ruleset->generation;
}

void frame_follow(const struct ruleset *ruleset, struct frame *frame)
{
	bool is_next = frame->found_of + 1 == ruleset->generation;
	uint8_t kept = 0;

	if (frame->found_of == ruleset->generation)
		return;
	for (uint8_t i = 0; is_next && i < frame->found_cnt; i++) {
		uint32_t number = rule_now(ruleset, frame->found[i]);

		if (number != RULE_GONE)
			frame->found[kept++] = number;
	}
	frame->found_cnt = kept;
	frame->asked_len = 0;
	frame->found_of = ruleset->generation;
}
