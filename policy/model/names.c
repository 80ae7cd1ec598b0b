// SPDX-License-Identifier: Apache-2.0
/*
 * The setting "names" of tenants, defaults and groups of addresses: which lists block, allow and
 * inspect, and when; how what is blocked is answered; what hides names. Called by the table of settings.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

#define GROUPS_MAX 64 /* of one tenant */
#define TAKINGS_MAX 64 /* of one use */

/* Lists that are being taken for one use. */
struct taking_draft {
	enum model_use use;
	struct model_taking taking;
};

static void list_unknown(struct reader *r, const struct node *item)
{
	struct suggest near;

	if (policy_list(r->policy, item->text)) {
		reader_error(r, item, "those are taken in lists: {block: …, allow: …}",
			     "\"%s\" is a list of addresses, not of names", item->text);
		return;
	}
	suggest_start(&near, item->text);
	for (size_t i = 0; i < r->policy->name_list_cnt; i++)
		if (r->policy->name_lists[i].name)
			suggest_offer(&near, r->policy->name_lists[i].name);
	reader_unknown(r, item, &near,
		       "lists of names stand in the section lists, with holds: names", "list");
}

static void take_one(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "the name of a list");
	const struct model_name_list *list = text ? policy_name_list(r->policy, text) : NULL;
	struct taking_draft *draft = arg;

	if (!text)
		return;
	if (!list)
		list_unknown(r, item);
	else if ((draft->use == USE_ALLOW) != list->allow)
		reader_error(r, item,
			     list->allow ? "it goes to allow:" : "it goes to block: or inspect:",
			     "\"%s\" is a list of kind %s", list->name,
			     list->allow ? "allow" : "block");
	else
		draft->taking.lists |= 1ULL << list->id;
}

static void read_taken(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	reader_each(r, value, take_one, member);
}

static void add_hours(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "days and hours");
	const char *wrong = text ? week_parse(text, arg) : NULL;
	char shown[100];

	if (wrong)
		reader_error(r, item, wrong, "\"%s\" is no time of the week",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
}

static void read_when(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	reader_each(r, value, add_hours, member);
}

static void taking_push(struct reader *r, const struct node *at, struct model_names *names,
			const struct taking_draft *draft)
{
	struct model_taking *to;

	if (!draft->taking.lists)
		return;
	if (names->taking_cnt[draft->use] == TAKINGS_MAX) {
		reader_error(r, at, NULL, "more than %d times of the week", TAKINGS_MAX);
		return;
	}
	to = reader_push(r, &names->takings[draft->use], &names->taking_cnt[draft->use], sizeof(*to));
	if (to)
		*to = draft->taking;
}

/* {lists: [games, sns], when: "Mon-Fri 08:30-17:15"} */
static void take_timed(struct reader *r, const struct node *item, enum model_use use,
		       struct model_names *names)
{
	static const struct field fields[] = {
		{ .name = "lists", .read = read_taken, .needed = true },
		{ .name = "when",
		  .read = read_when,
		  .offset = offsetof(struct taking_draft, taking.when),
		  .needed = true },
		{},
	};
	struct taking_draft draft = { .use = use, .taking.place = reader_place(item) };

	reader_map(r, item, fields, &draft);
	taking_push(r, item, names, &draft);
}

/* member: the names. Said again, it takes the place of what the defaults say. */
static void read_use(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	struct model_names *names = member;
	struct taking_draft always = { .use = f->min, .taking.place = reader_place(value) };
	bool many = value->kind == NODE_SEQ;

	week_fill(&always.taking.when);
	free(names->takings[always.use]);
	names->takings[always.use] = NULL;
	names->taking_cnt[always.use] = 0;
	if (node_is_null(value))
		return;
	for (const struct node *item = many ? value->first : value; item;
	     item = many ? item->next : NULL) {
		if (item->kind == NODE_MAP)
			take_timed(r, item, always.use, names);
		else
			take_one(r, item, &always);
	}
	taking_push(r, value, names, &always);
}

static const char *const modes[] = { "block", "only-listed", NULL };
static const char *const answers[] = { "nxdomain", "nodata", "sinkhole", NULL };
static const char *const echs[] = { "allow", "strip", "block", NULL };
static const char *const hidden[] = { "allow", "refuse", NULL };
static const char *const nameless[] = { "allow", "block", NULL };
static const char *const records[] = { "none", "dns", "all", NULL };

#define NAMES_WORD(key, words_)                                                                    \
	{                                                                                          \
		.name = #key, .read = read_word, .words = (words_),                                \
		.offset = offsetof(struct model_names, key)                                        \
	}
#define NAMES_USE(key, use)                                                                        \
	{                                                                                          \
		.name = (key), .read = read_use, .min = (use)                                      \
	}
#define NAMES_FIELDS                                                                               \
	NAMES_WORD(mode, modes), NAMES_USE("block", USE_BLOCK), NAMES_USE("allow", USE_ALLOW),     \
		NAMES_USE("inspect", USE_INSPECT), NAMES_WORD(answer, answers),                    \
		NAMES_WORD(ech, echs), NAMES_WORD(quic, hidden), NAMES_WORD(dot, hidden),          \
		NAMES_WORD(canaries, hidden), NAMES_WORD(nameless, nameless),                      \
		NAMES_WORD(records, records),                                                      \
	{                                                                                          \
		.name = "help_desk", .read = read_title,                                           \
		.offset = offsetof(struct model_names, help_desk)                                  \
	}

/* Its groups are read when all that they inherit is known. */
static void read_later(struct reader *r, const struct node *value, const struct field *f, void *member)
{
}

/* "off" of a tenant or a group for which defaults, or the tenant, say otherwise. */
static bool names_off(struct reader *r, const struct node *value, struct model_names *names)
{
	static const char *const words[] = { "off", NULL };

	if (value->kind != NODE_SCALAR)
		return false;
	if (reader_word(r, value, words) == 0)
		names->on = false;
	return true;
}

static void names_open(struct model_names *names, const struct node *value)
{
	if (!names->on && !names->place.line)
		names->records = RECORDS_DNS;
	names->on = true;
	names->place = reader_place(value);
}

static void add_prefix(struct reader *r, const struct node *item, void *arg)
{
	group_add(r, item, arg);
}

static void read_addresses(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	struct model_name_group *group = member;
	struct model_end end = { .prefixes = group->prefixes, .prefix_cnt = group->prefix_cnt };

	reader_each(r, value, add_prefix, &end);
	prefixes_tidy(&end);
	if (!end.prefix_cnt && value->kind == NODE_SEQ && !value->cnt)
		reader_error(r, value, NULL, "addresses is empty");
	group->prefixes = end.prefixes;
	group->prefix_cnt = end.prefix_cnt;
}

static void read_group(struct reader *r, const struct node *item, void *arg)
{
	struct model_tenant *tenant = arg;
	static const struct field own[] = {
		{ .name = "name",
		  .read = read_name,
		  .offset = offsetof(struct model_name_group, name),
		  .needed = true },
		{ .name = "title",
		  .read = read_title,
		  .offset = offsetof(struct model_name_group, title) },
		{ .name = "addresses", .read = read_addresses, .needed = true },
	};
	static const struct field shared[] = { NAMES_FIELDS };
	enum { OWN = sizeof(own) / sizeof(own[0]), SHARED = sizeof(shared) / sizeof(shared[0]) };
	struct field fields[OWN + SHARED + 1] = {};
	struct model_name_group *group;

	if (tenant->name_group_cnt == GROUPS_MAX) {
		reader_error(r, item, NULL, "more than %d groups of one tenant", GROUPS_MAX);
		return;
	}
	group = reader_push(r, &tenant->name_groups, &tenant->name_group_cnt, sizeof(*group));
	if (!group)
		return;
	memcpy(fields, own, sizeof(own));
	for (size_t i = 0; i < SHARED; i++) {
		fields[OWN + i] = shared[i];
		fields[OWN + i].offset += offsetof(struct model_name_group, names);
	}
	names_inherit(r, &tenant->names, &group->names);
	names_open(&group->names, item);
	group->place = reader_place(item);
	reader_map(r, item, fields, group);
}

/* member: the tenant, or the defaults */
void read_names(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		NAMES_FIELDS,
		{ .name = "groups", .read = read_later },
		{},
	};
	struct model_tenant *tenant = member;
	const struct node *groups = value->kind == NODE_MAP ? node_find(value, "groups") : NULL;

	if (names_off(r, value, &tenant->names))
		return;
	names_open(&tenant->names, value);
	reader_map(r, value, fields, &tenant->names);
	if (groups && tenant == &r->defaults)
		reader_error(r, groups, "a body's addresses are its own: move them to the tenant",
			     "defaults have no groups of addresses");
	else if (groups)
		reader_each_map(r, groups, read_group, tenant);
}

void names_inherit(struct reader *r, const struct model_names *from, struct model_names *to)
{
	*to = *from;
	to->help_desk = from->help_desk ? reader_copy(r, from->help_desk) : NULL;
	for (int use = 0; use < USE_CNT; use++) {
		to->takings[use] = NULL;
		to->taking_cnt[use] = 0;
		for (size_t i = 0; i < from->taking_cnt[use]; i++) {
			struct model_taking *taking = reader_push(
				r, &to->takings[use], &to->taking_cnt[use], sizeof(*taking));
			if (!taking)
				return;
			*taking = from->takings[use][i];
		}
	}
}

void names_free(struct model_names *names)
{
	for (int use = 0; use < USE_CNT; use++)
		free(names->takings[use]);
	free(names->help_desk);
}

void name_groups_free(struct model_tenant *tenant)
{
	for (size_t i = 0; i < tenant->name_group_cnt; i++) {
		struct model_name_group *group = &tenant->name_groups[i];

		free(group->name);
		free(group->title);
		free(group->prefixes);
		names_free(&group->names);
	}
	free(tenant->name_groups);
}

const struct model_name_group *policy_name_group(const struct model_tenant *tenant, const char *name)
{
	for (size_t i = 0; i < tenant->name_group_cnt; i++)
		if (tenant->name_groups[i].name && !strcmp(tenant->name_groups[i].name, name))
			return &tenant->name_groups[i];
	return NULL;
}

const struct model_names *policy_names_at(const struct model_tenant *tenant,
					  const struct sek_addr *addr,
					  const struct model_name_group **group)
{
	const struct model_name_group *found = NULL;

	for (size_t i = 0; i < tenant->name_group_cnt && !found; i++)
		for (size_t p = 0; p < tenant->name_groups[i].prefix_cnt && !found; p++)
			if (prefix_holds(&tenant->name_groups[i].prefixes[p], addr))
				found = &tenant->name_groups[i];
	if (group)
		*group = found;
	return found ? &found->names : &tenant->names;
}
