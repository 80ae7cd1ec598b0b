/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a ruleset holds for a body: a bit for each rule, its own values of the sets of addresses that
 * variables stand in, actions and suppressions that are its own. Patterns, rules and all else are shared.
 */
#ifndef AGENT_DETECT_TENANTS_H
#define AGENT_DETECT_TENANTS_H

#include "detect/ruleset.h"

struct tenant_action {
	uint32_t number; /* of the rule */
	enum rule_action action;
};

struct tenant_suppression {
	uint32_t number;
	uint64_t until_ns; /* 0: for good */
	bool any_src, any_dst;
	struct address_set src, dst; /* both must hold the packet's; owned */
};

struct tenant_rules {
	uint64_t *on; /* by number of the rule */
	const struct address_set **sets; /* by number, as those of the ruleset */
	struct address_set *own; /* what sets points to where it is not the ruleset's */
	uint32_t own_cnt;
	struct tenant_action *actions; /* ascending */
	uint32_t action_cnt;
	struct tenant_suppression *suppressions; /* ascending */
	uint32_t suppression_cnt;
};

/*
 * Fills ruleset->tenants as the policy says. What it names and is not there is told in diag: sets of rules
 * as errors (-EINVAL), rules as warnings.
 */
int tenant_rules_build(struct ruleset *ruleset, const struct policy *policy, struct diag *diag);
void tenant_rules_free(struct ruleset *ruleset);

static inline bool tenant_asks(const struct tenant_rules *tenant, uint32_t number)
{
	return tenant->on[number >> 6] >> (number & 63) & 1;
}

/* What the rule does for the body; tenant NULL: as it is written. */
enum rule_action tenant_action(const struct tenant_rules *tenant, const struct signature *s);
bool tenant_suppresses(const struct tenant_rules *tenant, const struct signature *s,
		       const struct packet *packet);

#endif
