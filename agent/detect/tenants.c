/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made once of the policy and a ruleset whose rules have their numbers. Called by build.c; asked by header.c,
 * verdict.c and threshold.c.
 */
#include "detect/tenants.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/addresses.h"
#include "detect/build.h"
#include "model/model.h"
#include "text/suggest.h"

#define SECOND_NS 1000000000ULL

struct building {
	struct ruleset *ruleset;
	const struct policy *policy;
	struct diag *diag;
	const struct model_tenant *tenant; /* that is at hand */
	struct tenant_rules *to;
};

/* What defaults say is said once, not for each body. */
static bool is_said(const struct diag *diag, const struct place *place)
{
	for (size_t i = 0; i < diag->cnt; i++) {
		const struct diag_entry *e = &diag->entries[i];

		if (e->line == place->line && e->column == place->column && e->file &&
		    strcmp(e->file, place->file) == 0)
			return true;
	}
	return false;
}

static void complain(const struct building *b, enum diag_level level, const struct place *place,
		     const char *hint, const char *what, const char *name)
{
	if (!is_said(b->diag, place))
		diag_add(b->diag, level, place->file, place->line, place->column, hint, "%s \"%s\"",
			 what, name);
}

/* --- which rules --- */

/* "/etc/rules/et-open.rules" is of the set et-open. */
static bool file_is_of(const char *file, const char *set)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	size_t len = strlen(name), end = strlen(".rules");

	if (len > end && strcmp(name + len - end, ".rules") == 0)
		len -= end;
	return strlen(set) == len && memcmp(name, set, len) == 0;
}

static bool set_is_taken(const struct model_inspect *inspect, const char *file)
{
	for (size_t i = 0; i < inspect->set_cnt; i++)
		if (file_is_of(file, inspect->sets[i].name))
			return true;
	return inspect->all;
}

static void bit_put(uint64_t *bits, uint32_t number, bool on)
{
	uint64_t bit = 1ULL << (number & 63);

	bits[number >> 6] = on ? bits[number >> 6] | bit : bits[number >> 6] & ~bit;
}

static void sets_take(struct building *b)
{
	const struct model_inspect *inspect = &b->tenant->inspect;
	const char *file = NULL;
	bool taken = false;

	for (uint32_t i = 0; !inspect->off && i < b->ruleset->cnt; i++) {
		const struct rule *rule = &b->ruleset->signatures.at[i]->rule;

		if (rule->file != file) { /* rules of one file have one string */
			file = rule->file;
			taken = set_is_taken(inspect, file);
		}
		bit_put(b->to->on, i, taken);
	}
}

static bool is_picked(const struct model_rule_pick *pick, const struct rule *rule)
{
	return pick->sid ? pick->sid == rule->sid && pick->gid == rule->gid
			 : strcmp(pick->class_name, rule->class_name) == 0;
}

/* Calls with each rule that is picked; what picks none is told. */
static int picks_walk(struct building *b, const struct model_picks *picks,
		      int (*take)(struct building *b, uint32_t number, enum rule_action action),
		      enum rule_action action)
{
	int rc = 0;

	for (size_t p = 0; rc == 0 && p < picks->cnt; p++) {
		const struct model_rule_pick *pick = &picks->at[p];
		bool any = false;
		char name[48];

		for (uint32_t i = 0; rc == 0 && i < b->ruleset->cnt; i++) {
			if (!is_picked(pick, &b->ruleset->signatures.at[i]->rule))
				continue;
			any = true;
			rc = take(b, i, action);
		}
		snprintf(name, sizeof(name), "%u:%u", pick->gid, pick->sid);
		if (!any)
			complain(b, DIAG_WARNING, &pick->place, NULL,
				 pick->sid ? "there is no rule" : "there is no rule of the class",
				 pick->sid ? name : pick->class_name);
	}
	return rc;
}

static int rule_disable(struct building *b, uint32_t number, enum rule_action action)
{
	bit_put(b->to->on, number, false);
	return 0;
}

/* Makes room for one more in *(T **)array, which is full whenever cnt is a power of two. */
static void *one_more(void *array, uint32_t *cnt, size_t size)
{
	void *items, *more;

	memcpy(&items, array, sizeof(items));
	if ((*cnt & (*cnt - 1)) == 0) {
		more = reallocarray(items, *cnt ? *cnt * 2 : 1, size);
		if (!more)
			return NULL;
		items = more;
		memcpy(array, &items, sizeof(items));
	}
	return memset((char *)items + (*cnt)++ * size, 0, size);
}

/* Passes and what only sets something do as they are written, whatever a class is to do. */
static int rule_act(struct building *b, uint32_t number, enum rule_action action)
{
	enum rule_action written = b->ruleset->signatures.at[number]->rule.action;
	struct tenant_action *one;

	if (written == RULE_PASS || written == RULE_CONFIG)
		return 0;
	one = one_more(&b->to->actions, &b->to->action_cnt, sizeof(*one));
	if (one)
		*one = (struct tenant_action){ number, action };
	return one ? 0 : -ENOMEM;
}

/* Of one rule, the last that was said is the last here. */
static int by_number(const void *a, const void *b)
{
	const struct tenant_action *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->action < y->action ? -1 : x->action > y->action;
}

static int picks_apply(struct building *b)
{
	static const enum rule_action actions[PICK_CNT] = {
		[PICK_ALERT] = RULE_ALERT, [PICK_DROP] = RULE_DROP, [PICK_REJECT] = RULE_REJECT
	};
	const struct model_inspect *inspect = &b->tenant->inspect;
	int rc = picks_walk(b, &inspect->picks[PICK_DISABLE], rule_disable, RULE_ALERT);

	for (int use = PICK_ALERT; rc == 0 && use < PICK_CNT; use++)
		rc = picks_walk(b, &inspect->picks[use], rule_act, actions[use]);
	if (rc == 0 && b->to->action_cnt)
		qsort(b->to->actions, b->to->action_cnt, sizeof(*b->to->actions), by_number);
	return rc;
}

/* --- what variables are --- */

/* "[10.1.0.0/16,2001:db8::/48]"; owned by the caller. NULL: no memory. */
static char *prefixes_text(const struct prefix *prefixes, size_t cnt)
{
	char *text = malloc(cnt * (PREFIX_TEXT_MAX + 1) + 3), one[PREFIX_TEXT_MAX];
	size_t len = 0;

	if (!text)
		return NULL;
	text[len++] = '[';
	for (size_t i = 0; i < cnt; i++) {
		size_t more = strlen(prefix_print(&prefixes[i], one));

		if (i)
			text[len++] = ',';
		memcpy(text + len, one, more);
		len += more;
	}
	memcpy(text + len, "]", 2);
	return text;
}

static void variables_free(struct variable *variables, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		free(variables[i].value);
	free(variables);
}

/* HOME_NET is the body's addresses by itself; what it sets is over that. */
static int variables_make(const struct model_tenant *tenant, struct variable **ret_variables,
			  size_t *ret_cnt)
{
	const struct model_inspect *inspect = &tenant->inspect;
	struct variable *variables = calloc(inspect->variable_cnt + 1, sizeof(*variables));
	size_t cnt = 0;

	if (!variables)
		return -ENOMEM;
	for (size_t i = 0; i < inspect->variable_cnt; i++) {
		const struct model_variable *v = &inspect->variables[i];

		variables[cnt++] =
			(struct variable){ v->name, prefixes_text(v->prefixes, v->prefix_cnt) };
	}
	if (tenant->prefix_cnt)
		variables[cnt++] =
			(struct variable){ "HOME_NET",
					   prefixes_text(tenant->prefixes, tenant->prefix_cnt) };
	for (size_t i = 0; i < cnt; i++) {
		if (variables[i].value)
			continue;
		variables_free(variables, cnt);
		return -ENOMEM;
	}
	*ret_variables = variables;
	*ret_cnt = cnt;
	return 0;
}

static int own_set_add(struct building *b, uint32_t number, const struct variable *variables,
		       size_t variable_cnt)
{
	const struct address_set *usual = b->ruleset->sets[number];
	struct address_set set;
	int rc = parse_address_set(b->ruleset->parse, usual->text, variables, variable_cnt, &set);

	if (rc == -EINVAL) { /* no address is left: the rule is not for this body */
		diag_add(b->diag, DIAG_WARNING, b->tenant->place.file, b->tenant->place.line,
			 b->tenant->place.column, NULL, "no address is left of \"%s\" for %s",
			 parse_address_text(b->ruleset->parse, usual->text), b->tenant->name);
		set = (struct address_set){ .text = usual->text };
		rc = 0;
	}
	if (rc)
		return rc;
	b->to->own[b->to->own_cnt] = set;
	b->to->sets[number] = &b->to->own[b->to->own_cnt++];
	return 0;
}

static int variables_apply(struct building *b)
{
	const struct ruleset *ruleset = b->ruleset;
	struct variable *variables;
	size_t cnt;
	int rc = variables_make(b->tenant, &variables, &cnt);

	if (rc)
		return rc;
	for (uint32_t i = 1; i < ruleset->set_cnt; i++)
		b->to->sets[i] = ruleset->sets[i];
	for (uint32_t i = 1; rc == 0 && i < ruleset->set_cnt; i++)
		if (set_varies(ruleset, ruleset->sets[i]))
			rc = own_set_add(b, i, variables, cnt);
	variables_free(variables, cnt);
	return rc;
}

/* --- what is suppressed --- */

static int side_make(const struct prefix *prefixes, size_t cnt, bool *ret_any,
		     struct address_set *ret_set)
{
	*ret_any = cnt == 0;
	return cnt ? address_set_of(prefixes, cnt, ret_set) : 0;
}

static int suppression_make(struct building *b, uint32_t number, const struct model_suppression *from)
{
	struct tenant_suppression *one =
		one_more(&b->to->suppressions, &b->to->suppression_cnt, sizeof(*one));
	int rc;

	if (!one)
		return -ENOMEM;
	one->number = number;
	one->until_ns = from->until_s > 0 ? (uint64_t)from->until_s * SECOND_NS : 0;
	rc = side_make(from->src, from->src_cnt, &one->any_src, &one->src);
	return rc ? rc : side_make(from->dst, from->dst_cnt, &one->any_dst, &one->dst);
}

static int suppression_apply(struct building *b, const struct model_suppression *from)
{
	bool any = false;
	char name[24];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < b->ruleset->cnt; i++) {
		if (!is_picked(&from->rule, &b->ruleset->signatures.at[i]->rule))
			continue;
		any = true;
		rc = suppression_make(b, i, from);
	}
	snprintf(name, sizeof(name), "%u:%u", from->rule.gid, from->rule.sid);
	if (!any)
		complain(b, DIAG_WARNING, &from->place, NULL, "suppressed, and there is no rule",
			 name);
	return rc;
}

static int by_rule(const void *a, const void *b)
{
	const struct tenant_suppression *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int suppressions_apply(struct building *b)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->policy->suppression_cnt; i++) {
		const struct model_suppression *s = &b->policy->suppressions[i];

		if (!s->tenant_id || s->tenant_id == b->tenant->id)
			rc = suppression_apply(b, s);
	}
	if (b->to->suppression_cnt)
		qsort(b->to->suppressions, b->to->suppression_cnt, sizeof(*b->to->suppressions),
		      by_rule);
	return rc;
}

/* --- the whole --- */

static bool has_file(const struct ruleset *ruleset, const char *set)
{
	const char *file = NULL;

	for (uint32_t i = 0; i < ruleset->cnt; i++) {
		const struct rule *rule = &ruleset->signatures.at[i]->rule;

		if (rule->file != file && file_is_of(file = rule->file, set))
			return true;
	}
	return false;
}

static int sets_check(const struct building *b)
{
	const struct model_inspect *inspect = &b->tenant->inspect;
	int rc = 0;

	for (size_t i = 0; i < inspect->set_cnt; i++) {
		if (has_file(b->ruleset, inspect->sets[i].name))
			continue;
		complain(b, DIAG_ERROR, &inspect->sets[i].place,
			 "a set is a file of rules, named without folder and \".rules\"",
			 "no rule was taken of the set", inspect->sets[i].name);
		rc = -EINVAL;
	}
	return rc;
}

static int tenant_build(struct building *b)
{
	size_t words = (b->ruleset->cnt >> 6) + 1, sets = b->ruleset->set_cnt + 1;
	int rc = sets_check(b);

	if (rc)
		return rc;
	b->to->on = calloc(words, sizeof(*b->to->on));
	b->to->sets = calloc(sets, sizeof(const struct address_set *));
	b->to->own = calloc(sets, sizeof(*b->to->own));
	if (!b->to->on || !b->to->sets || !b->to->own)
		return -ENOMEM;
	sets_take(b);
	rc = picks_apply(b);
	if (rc == 0)
		rc = variables_apply(b);
	return rc ? rc : suppressions_apply(b);
}

int tenant_rules_build(struct ruleset *ruleset, const struct policy *policy, struct diag *diag)
{
	int rc = 0, first = 0;

	ruleset->tenants = calloc(SEK_TENANTS_MAX, sizeof(*ruleset->tenants));
	if (!ruleset->tenants)
		return -ENOMEM;
	for (size_t i = 1; rc != -ENOMEM && i < policy->tenant_cnt; i++) {
		struct building b = { ruleset, policy, diag, &policy->tenants[i],
				      &ruleset->tenants[policy->tenants[i].id] };

		rc = tenant_build(&b);
		first = first ? first : rc;
	}
	return first ? first : rc;
}

static void one_free(struct tenant_rules *tenant)
{
	for (uint32_t i = 0; i < tenant->own_cnt; i++)
		free(tenant->own[i].range);
	for (uint32_t i = 0; i < tenant->suppression_cnt; i++) {
		free(tenant->suppressions[i].src.range);
		free(tenant->suppressions[i].dst.range);
	}
	free(tenant->on);
	free(tenant->sets);
	free(tenant->own);
	free(tenant->actions);
	free(tenant->suppressions);
}

void tenant_rules_free(struct ruleset *ruleset)
{
	for (size_t i = 0; ruleset->tenants && i < SEK_TENANTS_MAX; i++)
		one_free(&ruleset->tenants[i]);
	free(ruleset->tenants);
}

/* --- asked --- */

/* The place of the first that is of this rule or of one behind it; numbers are each entry's first member. */
static uint32_t first_of(const void *entries, size_t size, uint32_t cnt, uint32_t number)
{
	uint32_t low = 0, high = cnt, at;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		memcpy(&at, (const char *)entries + middle * size, sizeof(at));
		if (at < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
#define FIRST_OF(entries, cnt, number) first_of(entries, sizeof(*(entries)), cnt, number)

enum rule_action tenant_action(const struct tenant_rules *tenant, const struct signature *s)
{
	uint32_t low = tenant ? FIRST_OF(tenant->actions, tenant->action_cnt, s->number) : 0;

	/* of several the strongest: they stand in the order of enum rule_action */
	while (tenant && low + 1 < tenant->action_cnt && tenant->actions[low + 1].number == s->number)
		low++;
	return tenant && low < tenant->action_cnt && tenant->actions[low].number == s->number
		       ? tenant->actions[low].action
		       : s->rule.action;
}

static bool suppression_holds(const struct tenant_suppression *one, const struct packet *packet)
{
	return (!one->until_ns || packet->time_ns < one->until_ns) &&
	       (one->any_src || address_set_holds(&one->src, &packet->src)) &&
	       (one->any_dst || address_set_holds(&one->dst, &packet->dst));
}

bool tenant_suppresses(const struct tenant_rules *tenant, const struct signature *s,
		       const struct packet *packet)
{
	uint32_t low = tenant ? FIRST_OF(tenant->suppressions, tenant->suppression_cnt, s->number)
			      : 0;

	for (; tenant && low < tenant->suppression_cnt; low++) {
		if (tenant->suppressions[low].number != s->number)
			return false;
		if (suppression_holds(&tenant->suppressions[low], packet))
			return true;
	}
	return false;
}
