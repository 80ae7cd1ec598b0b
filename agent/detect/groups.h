/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules are asked of what without a pattern. Called by build.c.
 */
#ifndef AGENT_DETECT_GROUPS_H
#define AGENT_DETECT_GROUPS_H

#include "detect/ruleset.h"

/* Fills plain, events, addresses and protos of the ruleset. Returns 0 or -ENOMEM. */
int rule_groups_build(struct ruleset *ruleset);
void rule_groups_free(struct ruleset *ruleset);

/* Whether a transaction of this protocol can have all that the rule asks for. */
bool rule_is_of(const struct signature *s, enum proto_id proto);

#endif
