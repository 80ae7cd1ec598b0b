/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a rule may speak. Called by verdict.c for each rule that matched, in the order of
 * packets.
 */
#ifndef AGENT_DETECT_THRESHOLD_H
#define AGENT_DETECT_THRESHOLD_H

#include "detect/asking.h"

enum threshold_says {
	THRESHOLD_TELL,
	THRESHOLD_QUIET, /* no record, but what the rule does is done */
	THRESHOLD_NOT, /* as if it had not matched */
};

/* *action is changed by a rate_filter that is exceeded. */
enum threshold_says threshold_ask(struct detect *detect, const struct signature *s,
				  const struct packet *packet, enum rule_action *action);

#endif
