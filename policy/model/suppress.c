// SPDX-License-Identifier: Apache-2.0
/*
 * Section "suppress": alerts of the inspection engine that are kept out of the records, for whom, until when,
 * who wanted it and why. `sekisho rule suppress` writes such entries.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/reader.h"
#include "text/escape.h"

#define SUPPRESSIONS_MAX 10000

/* A day as 2026-12-31; the entry holds to its end, by the clock of the place. */
static void read_until(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a day"), *end;
	char shown[60];
	struct tm tm = {};

	if (!text)
		return;
	end = strptime(text, "%Y-%m-%d", &tm);
	if (!end || *end || strlen(text) != strlen("2026-12-31")) {
		reader_error(r, value, "as in 2026-12-31", "\"%s\" is no day",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
		return;
	}
	tm.tm_mday++;
	tm.tm_isdst = -1;
	*(int64_t *)member = mktime(&tm);
}

static void read_rule(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	struct model_rule_pick pick;

	if (!rule_pick_read(r, value, &pick))
		return;
	if (pick.class_name[0])
		reader_error(r, value, "disable a class with inspect: {disable: [...]} of the body",
			     "a suppression is of one rule");
	else
		*(struct model_rule_pick *)member = pick;
}

static void add_prefix(struct reader *r, const struct node *item, void *arg)
{
	group_add(r, item, arg);
}

static void read_addresses(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	struct model_end *end = member;

	reader_each(r, value, add_prefix, end);
	prefixes_tidy(end);
}

struct wish {
	char *tenant;
	struct model_end src, dst;
	struct model_suppression to;
};

static bool tenant_find(struct reader *r, const struct node *item, const struct wish *wish,
			uint16_t *ret_id)
{
	const struct model_tenant *tenant = wish->tenant ? policy_tenant(r->policy, wish->tenant)
							 : NULL;
	struct suggest near;

	*ret_id = tenant ? tenant->id : 0;
	if (!wish->tenant || tenant)
		return true;
	suggest_start(&near, wish->tenant);
	for (size_t i = 0; i < r->policy->tenant_cnt; i++)
		if (r->policy->tenants[i].name)
			suggest_offer(&near, r->policy->tenants[i].name);
	reader_unknown(r, node_find(item, "tenant"), &near,
		       "without tenant it holds for all bodies", "tenant");
	return false;
}

static void suppression_add(struct reader *r, const struct node *item, void *arg)
{
	static const struct field fields[] = {
		{ .name = "rule",
		  .read = read_rule,
		  .offset = offsetof(struct wish, to.rule),
		  .needed = true },
		{ .name = "tenant", .read = read_name, .offset = offsetof(struct wish, tenant) },
		{ .name = "src", .read = read_addresses, .offset = offsetof(struct wish, src) },
		{ .name = "dst", .read = read_addresses, .offset = offsetof(struct wish, dst) },
		{ .name = "until", .read = read_until, .offset = offsetof(struct wish, to.until_s) },
		{ .name = "by", .read = read_title, .offset = offsetof(struct wish, to.by) },
		{ .name = "why",
		  .read = read_title,
		  .offset = offsetof(struct wish, to.why),
		  .needed = true },
		{},
	};
	struct policy *policy = r->policy;
	struct wish wish = {};
	struct model_suppression *place;

	if (policy->suppression_cnt == SUPPRESSIONS_MAX)
		reader_error(r, item, NULL, "more than %d suppressions", SUPPRESSIONS_MAX);
	place = policy->suppression_cnt < SUPPRESSIONS_MAX
			? reader_push(r, &policy->suppressions, &policy->suppression_cnt,
				      sizeof(*place))
			: NULL;
	if (!place)
		return;
	reader_map(r, item, fields, &wish);
	tenant_find(r, item, &wish, &wish.to.tenant_id);
	*place = wish.to;
	place->src = wish.src.prefixes;
	place->src_cnt = wish.src.prefix_cnt;
	place->dst = wish.dst.prefixes;
	place->dst_cnt = wish.dst.prefix_cnt;
	place->place = reader_place(item);
	free(wish.tenant);
}

void section_suppress(struct reader *r, const struct node *value)
{
	if (!node_is_null(value))
		reader_each_map(r, value, suppression_add, NULL);
}

void suppression_free(struct model_suppression *suppression)
{
	free(suppression->src);
	free(suppression->dst);
	free(suppression->by);
	free(suppression->why);
}
