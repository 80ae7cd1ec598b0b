// SPDX-License-Identifier: Apache-2.0
/*
 * Whether two policies say the same to the inspection engine: who the bodies are, which rules hold for them,
 * what is suppressed. Called by the agent, which has rules built anew where they do not.
 */
#include <string.h>

#include "model/model.h"

static bool prefixes_alike(const struct prefix *a, size_t a_cnt, const struct prefix *b, size_t b_cnt)
{
	if (a_cnt != b_cnt)
		return false;
	for (size_t i = 0; i < a_cnt; i++)
		if (a[i].len != b[i].len || memcmp(&a[i].addr, &b[i].addr, sizeof(a[i].addr)) != 0)
			return false;
	return true;
}

static bool pick_alike(const struct model_rule_pick *a, const struct model_rule_pick *b)
{
	return a->gid == b->gid && a->sid == b->sid && strcmp(a->class_name, b->class_name) == 0;
}

static bool picks_alike(const struct model_picks *a, const struct model_picks *b)
{
	if (a->cnt != b->cnt)
		return false;
	for (size_t i = 0; i < a->cnt; i++)
		if (!pick_alike(&a->at[i], &b->at[i]))
			return false;
	return true;
}

static bool inspect_alike(const struct model_inspect *a, const struct model_inspect *b)
{
	if (a->off != b->off || a->all != b->all || a->set_cnt != b->set_cnt ||
	    a->variable_cnt != b->variable_cnt)
		return false;
	for (size_t i = 0; i < a->set_cnt; i++)
		if (strcmp(a->sets[i].name, b->sets[i].name) != 0)
			return false;
	for (int use = 0; use < PICK_CNT; use++)
		if (!picks_alike(&a->picks[use], &b->picks[use]))
			return false;
	for (size_t i = 0; i < a->variable_cnt; i++) {
		const struct model_variable *x = &a->variables[i], *y = &b->variables[i];

		if (strcmp(x->name, y->name) != 0 ||
		    !prefixes_alike(x->prefixes, x->prefix_cnt, y->prefixes, y->prefix_cnt))
			return false;
	}
	return true;
}

static bool tenant_alike(const struct model_tenant *a, const struct model_tenant *b)
{
	return a->id == b->id &&
	       prefixes_alike(a->prefixes, a->prefix_cnt, b->prefixes, b->prefix_cnt) &&
	       inspect_alike(&a->inspect, &b->inspect);
}

static bool suppression_alike(const struct model_suppression *a, const struct model_suppression *b)
{
	return pick_alike(&a->rule, &b->rule) && a->tenant_id == b->tenant_id &&
	       a->until_s == b->until_s && prefixes_alike(a->src, a->src_cnt, b->src, b->src_cnt) &&
	       prefixes_alike(a->dst, a->dst_cnt, b->dst, b->dst_cnt);
}

bool policy_inspects_alike(const struct policy *a, const struct policy *b)
{
	if (a->tenant_cnt != b->tenant_cnt || a->suppression_cnt != b->suppression_cnt)
		return false;
	for (size_t i = 0; i < a->tenant_cnt; i++)
		if (!tenant_alike(&a->tenants[i], &b->tenants[i]))
			return false;
	for (size_t i = 0; i < a->suppression_cnt; i++)
		if (!suppression_alike(&a->suppressions[i], &b->suppressions[i]))
			return false;
	return true;
}
