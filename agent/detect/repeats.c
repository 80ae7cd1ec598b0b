/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short list by flow, in the order in which rules matched first. Rules are named by their numbers, which
 * stay when the ruleset is exchanged under a flow.
 */
#include "detect/repeats.h"

#include <stdlib.h>

#define FLOW_ALERTS_MAX 256 /* rules of one flow; what more of them match is told each time */

static struct flow_alert *alert_find(const struct detect_flow *state, const struct rule *rule)
{
	for (uint32_t i = 0; i < state->alert_cnt; i++) {
		if (state->alerts[i].sid == rule->sid && state->alerts[i].gid == rule->gid)
			return &state->alerts[i];
	}
	return NULL;
}

static bool alert_room(struct detect_flow *state)
{
	struct flow_alert *alerts;

	if (state->alert_cnt & (state->alert_cnt - 1) || state->alert_cnt == FLOW_ALERTS_MAX)
		return state->alert_cnt != FLOW_ALERTS_MAX; /* full whenever it is a power of two */
	alerts = reallocarray(state->alerts, state->alert_cnt ? state->alert_cnt * 2 : 1,
			      sizeof(*alerts));
	if (!alerts)
		return false;
	state->alerts = alerts;
	return true;
}

bool repeats_first(struct detect *detect, struct flow *flow, const struct rule *rule)
{
	struct detect_flow *state = flow_state(detect, flow);
	struct flow_alert *alert = state ? alert_find(state, rule) : NULL;

	if (alert) {
		alert->times++;
		return false;
	}
	if (state && alert_room(state))
		state->alerts[state->alert_cnt++] =
			(struct flow_alert){ .gid = rule->gid, .sid = rule->sid, .times = 1 };
	else
		detect->tally.memory_short++;
	return true;
}

const struct flow_alert *detect_flow_alert(const struct flow *flow, size_t i)
{
	const struct detect_flow *state = flow->detect;

	return state && i < state->alert_cnt ? &state->alerts[i] : NULL;
}
