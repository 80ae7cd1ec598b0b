// SPDX-License-Identifier: Apache-2.0
/*
 * What changes between two policies, in words: ports, lists, tenants, rules, rates, names. Meaning, not text:
 * what was only written differently does not appear. Called by the CLI and by the agent.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "compile/pair.h"
#include "compile/spell.h"
#include "text/counted.h"

/* The changes so far. */
struct changes {
	json_t *lines;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void change(struct changes *c, const char *fmt, ...)
{
	char *line = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		line = NULL;
	va_end(args);
	if (!line || json_array_append_new(c->lines, json_string(line)))
		c->failed = true;
	free(line);
}

/* One property of an object. Owns both texts. */
static void property(struct changes *c, const char *object, const char *name, char *before,
		     char *after)
{
	if (!before || !after)
		c->failed = true;
	else if (strcmp(before, after) != 0)
		change(c, "%s: %s %s → %s", object, name, *before ? before : "none",
		       *after ? after : "none");
	free(before);
	free(after);
}

static char *text(const char *value)
{
	return strdup(value ? value : "");
}

/* "tenant saga"; what can be in a name has been checked by the model. */
#define OBJECT_MAX 160
static const char *object(char *to, const char *kind, const char *name)
{
	snprintf(to, OBJECT_MAX, "%s %s", kind, name);
	return to;
}

static void ports_diff(struct changes *c, const struct policy *before, const struct policy *after)
{
	char name[OBJECT_MAX];

	for (size_t i = 0; i < before->port_cnt; i++)
		if (!policy_port(after, before->ports[i].name))
			change(c, "port %s: removed", before->ports[i].name);
	for (size_t i = 0; i < after->port_cnt; i++) {
		const struct model_port *now = &after->ports[i];
		const struct model_port *was = policy_port(before, now->name);

		if (!was) {
			change(c, "port %s: added", now->name);
			continue;
		}
		object(name, "port", now->name);
		property(c, name, "is", spell_port(was), spell_port(now));
	}
}

static void lists_diff(struct changes *c, const struct policy *before, const struct policy *after)
{
	char name[OBJECT_MAX];

	for (size_t i = 0; i < before->list_cnt; i++)
		if (!policy_list(after, before->lists[i].name))
			change(c, "list %s: removed", before->lists[i].name);
	for (size_t i = 0; i < after->list_cnt; i++) {
		const struct model_list *now = &after->lists[i];
		const struct model_list *was = policy_list(before, now->name);

		if (!was) {
			change(c, "list %s: added", now->name);
			continue;
		}
		object(name, "list", now->name);
		property(c, name, "is", spell_list(was), spell_list(now));
	}
}

static void name_lists_diff(struct changes *c, const struct policy *before, const struct policy *after)
{
	char name[OBJECT_MAX];

	for (size_t i = 0; i < before->name_list_cnt; i++)
		if (!policy_name_list(after, before->name_lists[i].name))
			change(c, "list %s: removed", before->name_lists[i].name);
	for (size_t i = 0; i < after->name_list_cnt; i++) {
		const struct model_name_list *now = &after->name_lists[i];
		const struct model_name_list *was = policy_name_list(before, now->name);

		if (!was) {
			change(c, "list %s: added", now->name);
			continue;
		}
		object(name, "list", now->name);
		property(c, name, "is", spell_name_list(was), spell_name_list(now));
	}
	property(c, "names", "are", spell_name_site(&before->names), spell_name_site(&after->names));
}

static const struct model_check *check_find(const struct model_confirm *confirm, const char *name)
{
	for (size_t i = 0; i < confirm->check_cnt; i++)
		if (!strcmp(confirm->checks[i].name, name))
			return &confirm->checks[i];
	return NULL;
}

static void confirm_diff(struct changes *c, const struct model_confirm *before,
			 const struct model_confirm *after)
{
	char name[OBJECT_MAX];

	property(c, "confirm", "checks", spell_confirm(before), spell_confirm(after));
	for (size_t i = 0; i < before->check_cnt; i++)
		if (!check_find(after, before->checks[i].name))
			change(c, "check %s: removed", before->checks[i].name);
	for (size_t i = 0; i < after->check_cnt; i++) {
		const struct model_check *now = &after->checks[i];
		const struct model_check *was = check_find(before, now->name);

		object(name, "check", now->name);
		property(c, name, "is", was ? spell_check(was) : text(NULL), spell_check(now));
	}
}

static const struct model_assert *assert_find(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->assert_cnt; i++)
		if (!strcmp(policy->asserts[i].name, name))
			return &policy->asserts[i];
	return NULL;
}

static void asserts_diff(struct changes *c, const struct policy *before, const struct policy *after)
{
	char name[OBJECT_MAX];

	for (size_t i = 0; i < before->assert_cnt; i++)
		if (!assert_find(after, before->asserts[i].name))
			change(c, "assertion %s: removed", before->asserts[i].name);
	for (size_t i = 0; i < after->assert_cnt; i++) {
		const struct model_assert *now = &after->asserts[i];
		const struct model_assert *was = assert_find(before, now->name);

		object(name, "assertion", now->name);
		property(c, name, "is", was ? spell_assert(before, was) : text(NULL),
			 spell_assert(after, now));
	}
}

static void pairs_say(struct changes *c, const char *name, const struct pairing *p)
{
	size_t last = 0;
	bool moved = false;

	for (size_t i = 0; i < p->was->rule_cnt; i++)
		if (p->a[i].other == SIZE_MAX)
			change(c, "%s: rule %s removed (%s)", name, p->was->rules[i].name,
			       p->a[i].spelling);
	for (size_t j = 0; j < p->now->rule_cnt; j++) {
		size_t i = p->b[j].other;

		if (i == SIZE_MAX) {
			change(c, "%s: rule %s added (%s)", name, p->now->rules[j].name,
			       p->b[j].spelling);
			continue;
		}
		if (strcmp(p->a[i].spelling, p->b[j].spelling) != 0)
			change(c, "%s: rule %s %s → %s", name, p->now->rules[j].name,
			       p->a[i].spelling, p->b[j].spelling);
		moved |= i < last;
		last = i;
	}
	if (moved)
		change(c, "%s: rules stand in another order", name);
}

static void rules_diff(struct changes *c, const char *name, const struct model_tenant *was,
		       const struct model_tenant *now)
{
	struct pairing p;

	if (pairing_make(&p, was, now))
		c->failed = true;
	else
		pairs_say(c, name, &p);
	pairing_free(&p);
}

static void name_groups_diff(struct changes *c, const struct policy *before,
			     const struct model_tenant *was, const struct policy *after,
			     const struct model_tenant *now)
{
	char name[2 * OBJECT_MAX];

	for (size_t i = 0; i < was->name_group_cnt; i++)
		if (!policy_name_group(now, was->name_groups[i].name))
			change(c, "tenant %s: group %s removed", now->name, was->name_groups[i].name);
	for (size_t i = 0; i < now->name_group_cnt; i++) {
		const struct model_name_group *b = &now->name_groups[i];
		const struct model_name_group *a = policy_name_group(was, b->name);

		snprintf(name, sizeof(name), "tenant %s: group %s", now->name, b->name);
		if (!a)
			change(c, "%s added", name);
		property(c, name, "title", text(a ? a->title : NULL), text(b->title));
		property(c, name, "addresses",
			 a ? spell_prefixes(a->prefixes, a->prefix_cnt) : text(NULL),
			 spell_prefixes(b->prefixes, b->prefix_cnt));
		property(c, name, "names", a ? spell_names(before, &a->names) : text(NULL),
			 spell_names(after, &b->names));
	}
}

static void tenant_diff(struct changes *c, const struct policy *before,
			const struct model_tenant *was, const struct policy *after,
			const struct model_tenant *now)
{
	char name[OBJECT_MAX];

	object(name, "tenant", now->name);
	property(c, name, "id", spell_number(was->id), spell_number(now->id));
	property(c, name, "title", text(was->title), text(now->title));
	property(c, name, "options", text(was->options), text(now->options));
	property(c, name, "attach", spell_attaches(before, was), spell_attaches(after, now));
	property(c, name, "prefixes", spell_prefixes(was->prefixes, was->prefix_cnt),
		 spell_prefixes(now->prefixes, now->prefix_cnt));
	property(c, name, "routers", spell_prefixes(was->routers, was->router_cnt),
		 spell_prefixes(now->routers, now->router_cnt));
	property(c, name, "rate up", spell_rate(&was->limits.rate[SEK_OUT]),
		 spell_rate(&now->limits.rate[SEK_OUT]));
	property(c, name, "rate down", spell_rate(&was->limits.rate[SEK_IN]),
		 spell_rate(&now->limits.rate[SEK_IN]));
	property(c, name, "quota", spell_quota(&was->limits), spell_quota(&now->limits));
	property(c, name, "timeouts", spell_timeouts(&was->limits.timeout),
		 spell_timeouts(&now->limits.timeout));
	property(c, name, "is", spell_flags(was->limits.flags), spell_flags(now->limits.flags));
	property(c, name, "lists", spell_lists(before, was), spell_lists(after, now));
	property(c, name, "names", spell_names(before, &was->names), spell_names(after, &now->names));
	name_groups_diff(c, before, was, after, now);
	property(c, name, "default", spell_default(was), spell_default(now));
	rules_diff(c, name, was, now);
}

static void tenants_diff(struct changes *c, const struct policy *before, const struct policy *after)
{
	for (size_t i = 0; i < before->tenant_cnt; i++)
		if (!policy_tenant(after, before->tenants[i].name))
			change(c, "tenant %s: removed", before->tenants[i].name);
	for (size_t i = 0; i < after->tenant_cnt; i++) {
		const struct model_tenant *now = &after->tenants[i];
		const struct model_tenant *was = policy_tenant(before, now->name);

		if (was)
			tenant_diff(c, before, was, after, now);
		else
			change(c, "tenant %s: added, %s", now->name, COUNTED(now->rule_cnt, "rule"));
	}
}

struct json_t *policy_diff(const struct policy *before, const struct policy *after)
{
	static const struct policy none;
	struct changes c = { .lines = json_array() };

	if (!before)
		before = &none;
	if (!c.lines)
		return NULL;
	ports_diff(&c, before, after);
	lists_diff(&c, before, after);
	name_lists_diff(&c, before, after);
	confirm_diff(&c, &before->confirm, &after->confirm);
	tenants_diff(&c, before, after);
	asserts_diff(&c, before, after);
	if (c.failed) {
		json_decref(c.lines);
		return NULL;
	}
	return c.lines;
}
