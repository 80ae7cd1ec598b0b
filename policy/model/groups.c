// SPDX-License-Identifier: Apache-2.0
/*
 * Section "groups": names for addresses; and the reading of addresses wherever they stand.
 * A group may name others; a circle is an error. Resolved before any rule is read.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

void section_groups(struct reader *r, const struct node *value)
{
	if (node_is_null(value))
		return;
	if (value->kind != NODE_MAP) {
		reader_error(r, value, "as in {dns: [192.0.2.53]}",
			     "a mapping of names is wanted here, this is %s", node_kind_name(value));
		return;
	}
	for (const struct node *key = value->first; key; key = key->next) {
		struct group *group;
		bool twice = false;

		if (!reader_name_is_good(r, key) || !key->value)
			continue;
		for (size_t i = 0; i < r->group_cnt && !twice; i++)
			twice = !strcmp(r->groups[i].key->text, key->text);
		if (twice || !strcmp(key->text, "any")) {
			reader_error(r, key, "one of the two must go",
				     "there is another group \"%s\"", key->text);
			continue;
		}
		if (r->group_cnt == NODE_KEYS_MAX) {
			reader_error(r, key, NULL, "more than %d groups", NODE_KEYS_MAX);
			return;
		}
		group = reader_push(r, &r->groups, &r->group_cnt, sizeof(*group));
		if (group)
			group->key = key;
	}
}

struct prefix *prefixes_add(struct reader *r, const struct node *at, struct model_end *end)
{
	if (r->prefix_cnt >= MODEL_PREFIXES_MAX) {
		if (!r->prefixes_full)
			reader_error(r, at, "an address list holds many more",
				     "the policy has more than %u prefixes, those of groups counted "
				     "wherever a group is named",
				     MODEL_PREFIXES_MAX);
		r->prefixes_full = true;
		return NULL;
	}
	r->prefix_cnt++;
	return reader_push(r, &end->prefixes, &end->prefix_cnt, sizeof(struct prefix));
}

static int compare(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

void prefixes_tidy(struct model_end *end)
{
	size_t kept = 0;

	if (!end->prefix_cnt)
		return;
	qsort(end->prefixes, end->prefix_cnt, sizeof(*end->prefixes), compare);
	for (size_t i = 1; i < end->prefix_cnt; i++)
		if (!prefix_contains(&end->prefixes[kept], &end->prefixes[i]))
			end->prefixes[++kept] = end->prefixes[i];
	end->prefix_cnt = kept + 1;
}

static void group_resolve(struct reader *r, struct group *group);

static void add_group(struct reader *r, const struct node *item, struct model_end *end)
{
	struct suggest near;

	suggest_start(&near, item->text);
	for (size_t i = 0; i < r->group_cnt; i++) {
		struct group *group = &r->groups[i];

		suggest_offer(&near, group->key->text);
		if (strcmp(group->key->text, item->text) != 0)
			continue;
		if (group->state == GROUP_OPEN) {
			reader_error(r, item, "groups may not name each other in a circle",
				     "group \"%s\" contains itself", item->text);
			return;
		}
		group_resolve(r, group);
		for (size_t p = 0; p < group->end.prefix_cnt; p++) {
			struct prefix *to = prefixes_add(r, item, end);

			if (!to)
				return;
			*to = group->end.prefixes[p];
		}
		return;
	}
	reader_unknown(r, item, &near, "an address, a prefix, or a name out of groups", "group");
}

void group_add(struct reader *r, const struct node *item, struct model_end *end)
{
	const char *text = reader_text(r, item, "an address or a group");
	struct prefix prefix, *to;
	enum prefix_error error;
	bool fixed;
	char shown[100], is[PREFIX_TEXT_MAX];

	if (!text)
		return;
	if (!strpbrk(text, ".:/")) {
		add_group(r, item, end);
		return;
	}
	error = prefix_parse(text, strlen(text), &prefix, &fixed);
	text_escape(text, strlen(text), shown, sizeof(shown));
	if (error) {
		reader_error(r, item, prefix_error_text(error), "\"%s\" is no address", shown);
		return;
	}
	if (fixed)
		reader_say(r, DIAG_WARNING, item, NULL, "\"%s\" has host bits; taken as %s", shown,
			   prefix_print(&prefix, is));
	to = prefixes_add(r, item, end);
	if (to)
		*to = prefix;
}

#define GROUP_DEPTH_MAX 8

static void group_resolve(struct reader *r, struct group *group)
{
	const struct node *value = group->key->value;

	if (group->state != GROUP_NEW)
		return;
	group->state = GROUP_OPEN;
	if (r->group_depth == GROUP_DEPTH_MAX) {
		reader_error(r, group->key, NULL, "groups in groups, more than %d deep",
			     GROUP_DEPTH_MAX);
		group->state = GROUP_DONE;
		return;
	}
	r->group_depth++;
	if (value->kind == NODE_MAP)
		reader_error(r, value, NULL, "a list of addresses is wanted here");
	else if (value->kind == NODE_SCALAR)
		group_add(r, value, &group->end);
	else
		for (const struct node *item = value->first; item; item = item->next)
			group_add(r, item, &group->end);
	prefixes_tidy(&group->end);
	r->group_depth--;
	group->state = GROUP_DONE;
	if (value->kind == NODE_SEQ && !value->cnt)
		reader_error(r, value, "it would mean nobody where it is named",
			     "group \"%s\" is empty", group->key->text);
}

void groups_resolve(struct reader *r)
{
	for (size_t i = 0; i < r->group_cnt; i++)
		group_resolve(r, &r->groups[i]);
}

void groups_free(struct reader *r)
{
	for (size_t i = 0; i < r->group_cnt; i++)
		free(r->groups[i].end.prefixes);
	free(r->groups);
}
