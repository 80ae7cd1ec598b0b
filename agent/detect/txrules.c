/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sorted array of rules for each side of a transaction: most have none or a few. Called by
 * transaction.c.
 */
#include "detect/txrules.h"

#include "detect/exchange.h"

struct detect_tx *tx_state(const struct ruleset *ruleset, struct tx *tx, enum side side)
{
	struct detect_tx *state = tx->detect[side];

	if (!state) {
		state = tx->detect[side] = calloc(1, sizeof(*state));
		if (state)
			state->generation = ruleset->generation;
	} else {
		tx_follow(ruleset, state);
	}
	return state;
}

/* Where it is, or would be. */
static uint32_t rule_place(const struct detect_tx *state, uint32_t number)
{
	uint32_t low = 0, high = state->rule_cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (state->rules[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct tx_rule *tx_rule_find(struct detect_tx *state, uint32_t number)
{
	uint32_t at = rule_place(state, number);

	return at < state->rule_cnt && state->rules[at].number == number ? &state->rules[at] : NULL;
}

void tx_rule_keep(struct detect_tx *state, const struct tx_rule *rule, uint64_t *short_cnt)
{
	uint32_t at = rule_place(state, rule->number);

	if (state->rule_cnt == state->rule_cap) {
		uint32_t cap = state->rule_cap ? state->rule_cap * 2 : 8;
		struct tx_rule *rules = realloc(state->rules, cap * sizeof(*rules));

		if (!rules) {
			++*short_cnt;
			return;
		}
		state->rules = rules;
		state->rule_cap = cap;
	}
	memmove(state->rules + at + 1, state->rules + at, (state->rule_cnt - at) * sizeof(*rule));
	state->rules[at] = *rule;
	state->rule_cnt++;
}

void tx_rule_drop(struct detect_tx *state, struct tx_rule *rule)
{
	size_t behind = (size_t)(state->rules + state->rule_cnt - (rule + 1));

	memmove(rule, rule + 1, behind * sizeof(*rule));
	state->rule_cnt--;
}

void tx_rules_end(struct detect_tx *state)
{
	free(state->rules);
	state->rules = NULL;
	state->rule_cnt = state->rule_cap = 0;
}

uint64_t *tx_body(struct detect_tx *state, uint16_t source)
{
	for (uint8_t i = 0; i < state->body_cnt; i++) {
		if (state->bodies[i].source == source)
			return &state->bodies[i].to;
	}
	if (state->body_cnt == TX_BODIES_MAX)
		return NULL;
	state->bodies[state->body_cnt].source = source;
	return &state->bodies[state->body_cnt++].to;
}

void detect_tx_free(struct detect_tx *state)
{
	if (!state)
		return;
	tx_rules_end(state);
	free(state);
}
