// SPDX-License-Identifier: Apache-2.0
/*
 * Section "assert": packets in the words of rules, of whom, and what must become of them. Read last,
 * since it names tenants. Whether it holds is for prove/ to say.
 */
#include <stdlib.h>
#include <string.h>

#include "model/draft.h"

/* An assertion as written. */
struct claim {
	struct draft draft; /* its fields are relative to the whole */
	uint64_t tenants;
	bool all;
	int expect; /* -1: not given */
};

static const char *const expects[] = { "drop", "accept", NULL };

static void add_all(const struct policy *policy, struct claim *claim)
{
	claim->all = true;
	for (size_t i = 1; i < policy->tenant_cnt; i++)
		claim->tenants |= 1ULL << policy->tenants[i].id;
}

static void add_tenant(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "a tenant");
	const struct model_tenant *tenant;
	struct claim *claim = arg;
	struct suggest near;

	if (!text)
		return;
	if (!strcmp(text, "all")) {
		add_all(r->policy, claim);
		return;
	}
	tenant = policy_tenant(r->policy, text);
	if (tenant) {
		claim->tenants |= 1ULL << tenant->id;
		return;
	}
	suggest_start(&near, text);
	suggest_offer(&near, "all");
	for (size_t i = 0; i < r->policy->tenant_cnt; i++)
		if (r->policy->tenants[i].name)
			suggest_offer(&near, r->policy->tenants[i].name);
	reader_unknown(r, item, &near, "the name of a tenant, several, all, or host", "tenant");
}

static void read_tenants(struct reader *r, const struct node *value, const struct field *f,
			 void *member)
{
	reader_each(r, value, add_tenant, member);
	if (value->kind == NODE_SEQ && !value->cnt)
		reader_error(r, value, "all means every body", "%s is empty", f->name);
}

static const struct field claim_fields[] = {
	{ .name = "tenant", .read = read_tenants, .needed = true },
	{ .name = "expect",
	  .read = read_word,
	  .offset = offsetof(struct claim, expect),
	  .words = expects,
	  .needed = true },
	{},
};

static void name_check(struct reader *r, const struct claim *claim)
{
	const char *name = claim->draft.rule.name;

	if (!name) {
		if (!node_find(claim->draft.at, "name"))
			reader_error(r, claim->draft.at, "a failing one is called by it",
				     "\"name\" is missing");
		return;
	}
	for (size_t i = 0; i < r->policy->assert_cnt; i++) {
		const struct model_assert *other = &r->policy->asserts[i];

		if (other->name && !strcmp(other->name, name))
			reader_error(r, claim->draft.at, NULL,
				     "assertion %s is there twice; first in %s:%u", name,
				     other->place.file, other->place.line);
	}
}

static void take_assert(struct reader *r, const struct node *item, void *arg)
{
	struct claim claim = { .draft = { .at = item, .dir = -1, .action = -1 }, .expect = -1 };
	struct field fields[DRAFT_TABLE_MAX];
	struct policy *policy = r->policy;
	struct model_tenant sets = {};
	struct model_assert *to;

	if (policy->assert_cnt >= MODEL_ASSERTS_MAX) {
		reader_error(r, item, NULL, "more than %d assertions", MODEL_ASSERTS_MAX);
		return;
	}
	draft_table(claim_fields, fields);
	if (!reader_map(r, item, fields, &claim))
		return;
	name_check(r, &claim);
	draft_direct(r, &claim.draft, claim.tenants == 1);
	to = reader_push(r, &policy->asserts, &policy->assert_cnt, sizeof(*to));
	if (!to) {
		rule_free(&claim.draft.rule);
		return;
	}
	to->name = claim.draft.rule.name ? reader_copy(r, claim.draft.rule.name) : NULL;
	to->tenants = claim.tenants;
	to->all = claim.all;
	to->pass = claim.expect == 1;
	claim.draft.rule.action = to->pass ? SEK_ACCEPT : SEK_REFUSE; /* as it is spelled */
	to->place = reader_place(item);
	draft_expand(r, &claim.draft, &sets);
	to->sets = sets.rules;
	to->set_cnt = sets.rule_cnt;
}

void section_assert(struct reader *r, const struct node *value)
{
	reader_each_map(r, value, take_assert, NULL);
}

void assert_free(struct model_assert *assertion)
{
	for (size_t i = 0; i < assertion->set_cnt; i++)
		rule_free(&assertion->sets[i]);
	free(assertion->sets);
	free(assertion->name);
}
