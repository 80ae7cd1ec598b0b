/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts that are told once a flow: which the flow had, and how often. Called by verdict.c; records ask by
 * detect_flow_alert().
 */
#ifndef AGENT_DETECT_REPEATS_H
#define AGENT_DETECT_REPEATS_H

#include "detect/asking.h"

/*
 * Counts an alert of the rule. true: the flow has it for the first time, or nothing more can be
 * remembered of it; it is to be told.
 */
bool repeats_first(struct detect *detect, struct flow *flow, const struct rule *rule);

#endif
