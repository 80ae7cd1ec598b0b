/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ruleset takes the place of another under flows that go on. What rules remember is kept: bits and
 * variables, since names keep their numbers (ruleset_sources.before); which rules a transaction and a
 * frame had, by their gid, sid and revision. What a flow was decided for stays decided.
 */
#ifndef AGENT_DETECT_EXCHANGE_H
#define AGENT_DETECT_EXCHANGE_H

#include "detect/asking.h"

#define RULE_GONE UINT32_MAX

/* Called for each set of rules that was built with another before it. Returns 0 or -ENOMEM. */
int ruleset_follow(struct ruleset *ruleset, const struct ruleset *before);

/* What a rule of the ruleset before has as its number now; RULE_GONE: there is none like it. */
static inline uint32_t rule_now(const struct ruleset *ruleset, uint32_t before)
{
	return before < ruleset->before_cnt ? ruleset->now[before] : RULE_GONE;
}

/* What the flow, the transaction, the frame remember of the rules of another set is as of this one's. */
void flow_follow(const struct ruleset *ruleset, struct flow *flow);
void tx_follow(const struct ruleset *ruleset, struct detect_tx *state);
void frame_follow(const struct ruleset *ruleset, struct frame *frame);

#endif
