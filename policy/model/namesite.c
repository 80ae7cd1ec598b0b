// SPDX-License-Identifier: Apache-2.0
/*
 * Section "names": the sinkhole's addresses and the block page, which all bodies have in common; and
 * what only the whole policy shows of names.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"
#include "text/quantity.h"

#define SINK_TTL_S 60
#define PAGE_PORT 80

/* f->min: 1 for the IPv6 address */
static void read_sink(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "an address");
	bool v6 = f->min;
	struct prefix sink;
	char shown[100];

	if (!text)
		return;
	if (prefix_parse(text, strlen(text), &sink, NULL) || sink.len != 128 ||
	    prefix_is_v4(&sink) == v6)
		reader_error(r, value, "one whole address that the gateway itself has",
			     "\"%s\" is no IPv%d address",
			     text_escape(text, strlen(text), shown, sizeof(shown)), v6 ? 6 : 4);
	else
		*(struct prefix *)member = sink;
}

static void read_sinkhole(struct reader *r, const struct node *value, const struct field *f,
			  void *member)
{
	static const struct field fields[] = {
		{ .name = "ipv4",
		  .read = read_sink,
		  .offset = offsetof(struct model_name_site, sink4),
		  .min = 0 },
		{ .name = "ipv6",
		  .read = read_sink,
		  .offset = offsetof(struct model_name_site, sink6),
		  .min = 1 },
		{ .name = "ttl",
		  .read = read_seconds,
		  .offset = offsetof(struct model_name_site, sink_ttl_s) },
		{},
	};
	struct model_name_site *site = member;

	reader_map(r, value, fields, site);
	if (value->kind == NODE_MAP && !site->sink4.len && !site->sink6.len)
		reader_error(r, value, "ipv4: ADDRESS, ipv6: ADDRESS, or both",
			     "a sinkhole needs an address");
}

/* Parts "192.0.2.10:8080", "[2001:db8::10]:8080" or an address alone. */
static bool listen_parse(const char *text, struct model_page_listen *listen)
{
	const char *end = text + strlen(text), *port = NULL;
	struct prefix addr;
	uint64_t number = PAGE_PORT;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		port = end[1] ? end + 2 : NULL;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		end = strchr(text, ':');
		port = end + 1;
	}
	if (prefix_parse(text, (size_t)(end - text), &addr, NULL) || addr.len != 128)
		return false;
	if (port && (quantity_parse(port, &number) || !number || number > 65535))
		return false;
	listen->addr = addr.addr;
	listen->port = (uint16_t)number;
	return true;
}

static void add_listen(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "an address");
	struct model_name_site *site = arg;
	char shown[100];

	if (!text)
		return;
	if (site->listen_cnt == MODEL_NAME_PAGES_MAX)
		reader_error(r, item, NULL, "the page listens at %d addresses at most",
			     MODEL_NAME_PAGES_MAX);
	else if (!listen_parse(text, &site->listens[site->listen_cnt]))
		reader_error(r, item, "as in 192.0.2.10 or \"[2001:db8::10]:8080\"",
			     "\"%s\" is no address to listen at",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
	else
		site->listen_cnt++;
}

static void read_listen(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	reader_each(r, value, add_listen, member);
}

static void read_requests(struct reader *r, const struct node *value, const struct field *f,
			  void *member)
{
	struct model_name_site *site = member;
	bool requests = true;

	read_bool(r, value, f, &requests);
	site->no_requests = !requests;
}

static void read_page(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		{ .name = "listen", .read = read_listen },
		{ .name = "help_desk",
		  .read = read_title,
		  .offset = offsetof(struct model_name_site, help_desk) },
		{ .name = "requests", .read = read_requests },
		{},
	};
	struct model_name_site *site = member;

	site->page = true;
	reader_map(r, value, fields, site);
}

void section_names(struct reader *r, const struct node *value)
{
	static const struct field fields[] = {
		{ .name = "sinkhole", .read = read_sinkhole },
		{ .name = "page", .read = read_page },
		{},
	};
	struct model_name_site *site = &r->policy->names;

	if (node_is_null(value))
		return;
	if (site->place.line) {
		reader_error(r, value, NULL, "there is another section \"names\" in %s:%u",
			     site->place.file, site->place.line);
		return;
	}
	site->place = reader_place(value);
	site->sink_ttl_s = SINK_TTL_S;
	reader_map(r, value, fields, site);
	if (site->page && !site->listen_cnt && !site->sink4.len && !site->sink6.len)
		reader_error(r, value, "sinkhole: {ipv4: ADDRESS}, or page: {listen: [ADDRESS]}",
			     "a page that listens nowhere");
}

static void say(struct reader *r, enum diag_level level, const struct place *at, const char *hint,
		const char *text)
{
	diag_add(r->diag, level, at->file, at->line, at->column, hint, "%s", text);
}

static void twice(struct reader *r, const struct place *at, const struct place *first,
		  const char *what)
{
	diag_add(r->diag, DIAG_ERROR, at->file, at->line, at->column, NULL,
		 "%s is there twice; first in %s:%u", what, first->file, first->line);
}

static void name_lists_unique(struct reader *r)
{
	const struct policy *policy = r->policy;

	for (size_t i = 0; i < policy->name_list_cnt && i <= SEK_NAME_LISTS_MAX * 2; i++) {
		const struct model_name_list *b = &policy->name_lists[i];
		const struct model_list *address = b->name ? policy_list(policy, b->name) : NULL;

		if (address)
			twice(r, &b->place, &address->place, "the name of a list");
		for (size_t j = 0; j < i; j++) {
			const struct model_name_list *a = &policy->name_lists[j];

			if (a->name && b->name && !strcmp(a->name, b->name))
				twice(r, &b->place, &a->place, "the name of a list");
			if (a->id == b->id)
				twice(r, &b->place, &a->place, "the id of a list of names");
		}
	}
}

static void names_one(struct reader *r, const struct model_names *names)
{
	const struct model_name_site *site = &r->policy->names;

	if (!names->on)
		return;
	if (names->answer == ANSWER_SINKHOLE && !site->sink4.len && !site->sink6.len)
		say(r, DIAG_ERROR, &names->place, "names: {sinkhole: {ipv4: ADDRESS}} at the top",
		    "the answer is sinkhole, and the policy has no sinkhole address");
	if (names->mode == NAMES_ONLY_LISTED && !names->taking_cnt[USE_ALLOW])
		say(r, DIAG_WARNING, &names->place, "allow: [LIST]",
		    "mode: only-listed without a list that allows: every name is blocked");
}

static bool inside(const struct prefix *prefix, const struct model_tenant *tenant)
{
	for (size_t i = 0; i < tenant->prefix_cnt; i++)
		if (prefix_contains(&tenant->prefixes[i], prefix))
			return true;
	return false;
}

static bool overlap(const struct model_name_group *a, const struct model_name_group *b,
		    const struct prefix **ret_prefix)
{
	for (size_t i = 0; i < a->prefix_cnt; i++)
		for (size_t j = 0; j < b->prefix_cnt; j++)
			if (prefix_contains(&a->prefixes[i], &b->prefixes[j]) ||
			    prefix_contains(&b->prefixes[j], &a->prefixes[i])) {
				*ret_prefix = &a->prefixes[i];
				return true;
			}
	return false;
}

static void group_check(struct reader *r, const struct model_tenant *tenant, size_t number)
{
	const struct model_name_group *group = &tenant->name_groups[number];
	const struct prefix *both;
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < group->prefix_cnt; i++)
		if (!inside(&group->prefixes[i], tenant))
			diag_add(r->diag, DIAG_ERROR, group->place.file, group->place.line,
				 group->place.column, "a group is a part of its body's prefixes",
				 "%s of group %s is no address of %s",
				 prefix_print(&group->prefixes[i], text),
				 group->name ? group->name : "?", tenant->name ? tenant->name : "?");
	for (size_t j = 0; j < number; j++) {
		const struct model_name_group *other = &tenant->name_groups[j];

		if (group->name && other->name && !strcmp(group->name, other->name))
			twice(r, &group->place, &other->place, "the name of a group");
		else if (overlap(group, other, &both))
			diag_add(r->diag, DIAG_ERROR, group->place.file, group->place.line,
				 group->place.column, "an address is in one group",
				 "groups %s and %s overlap at %s", other->name ? other->name : "?",
				 group->name ? group->name : "?", prefix_print(both, text));
	}
	names_one(r, &group->names);
}

/* --- canaries --- */

static bool wants_canaries(const struct model_names *names)
{
	return names->on && (names->canaries == HIDDEN_REFUSE || names->mode == NAMES_ONLY_LISTED);
}

/* Makes the built-in list, with the highest number that is free. */
static const struct model_name_list *canaries_make(struct reader *r, const struct place *place)
{
	struct policy *policy = r->policy;
	struct model_name_list *list;
	int id = SEK_NAME_LISTS_MAX - 1;

	if (policy_name_list(policy, MODEL_CANARIES)) {
		say(r, DIAG_ERROR, &policy_name_list(policy, MODEL_CANARIES)->place,
		    "give it another name", "the name of a list that is built in");
		return NULL;
	}
	while (id >= 0 && policy_name_list_id(policy, (uint16_t)id))
		id--;
	if (id < 0) {
		say(r, DIAG_ERROR, place, "fewer lists of names",
		    "no number is free for the built-in list of canaries");
		return NULL;
	}
	list = reader_push(r, &policy->name_lists, &policy->name_list_cnt, sizeof(*list));
	if (!list)
		return NULL;
	list->id = (uint16_t)id;
	list->built_in = true;
	list->name = reader_copy(r, MODEL_CANARIES);
	list->place = *place;
	return list->name ? list : NULL;
}

/*
 * Whoever is told an address for a canary takes it for a yes. In white list mode nobody lists them, and what
 * is not listed may be answered with the sinkhole.
 */
static void canaries_take(struct reader *r, struct model_names *names)
{
	struct model_taking *taking;
	const struct model_name_list *list = policy_name_list(r->policy, MODEL_CANARIES);

	if (!wants_canaries(names))
		return;
	if (!list || !list->built_in)
		list = canaries_make(r, &names->place);
	if (!list)
		return;
	taking = reader_push(r, &names->takings[USE_BLOCK], &names->taking_cnt[USE_BLOCK],
			     sizeof(*taking));
	if (!taking)
		return;
	taking->lists = 1ULL << list->id;
	taking->place = names->place;
	week_fill(&taking->when);
}

static void canaries_add(struct reader *r)
{
	for (size_t t = 1; t < r->policy->tenant_cnt; t++) {
		struct model_tenant *tenant = &r->policy->tenants[t];

		canaries_take(r, &tenant->names);
		for (size_t i = 0; i < tenant->name_group_cnt; i++)
			canaries_take(r, &tenant->name_groups[i].names);
	}
}

void names_check(struct reader *r)
{
	const struct policy *policy = r->policy;

	name_lists_unique(r);
	canaries_add(r);
	for (size_t t = 1; t < policy->tenant_cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		names_one(r, &tenant->names);
		for (size_t i = 0; i < tenant->name_group_cnt; i++)
			group_check(r, tenant, i);
	}
}
