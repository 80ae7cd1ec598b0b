// SPDX-License-Identifier: Apache-2.0
/*
 * Section "lists": names, numbers and sources of lists. Contents are policy/lists' and policy/names'.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

void read_kind(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const char *const kinds[] = { "block", "allow", NULL };
	int word = reader_word(r, value, kinds);

	if (word >= 0)
		*(bool *)member = word;
}

/* Does a path climb out of where it begins? */
static bool climbs(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return true;
	return false;
}

void read_source(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a file name");
	char **source = member, *path = NULL;

	if (!text)
		return;
	if (climbs(text) || strlen(text) > 1024) {
		reader_error(r, value, "give an absolute path, or one within the policy's folder",
			     "a source may not climb by \"..\"");
		return;
	}
	if (*text == '/' || !r->base)
		path = reader_copy(r, text);
	else if (asprintf(&path, "%s%s%s", r->base,
			  !*r->base || r->base[strlen(r->base) - 1] == '/' ? "" : "/", text) < 0)
		path = NULL, r->out_of_memory = true;
	free(*source);
	*source = path;
}

/* Which of the two it is has been looked at. */
void read_holds(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const char *const words[] = { "addresses", "names", NULL };

	reader_word(r, value, words);
}

static const struct field fields[] = {
	{ .name = "holds", .read = read_holds },
	{ .name = "name", .read = read_name, .offset = offsetof(struct model_list, name), .needed = true },
	{ .name = "id",
	  .read = read_u16,
	  .offset = offsetof(struct model_list, id),
	  .needed = true,
	  .max = SEK_LISTS_MAX - 1 },
	{ .name = "kind",
	  .read = read_kind,
	  .offset = offsetof(struct model_list, allow),
	  .needed = true },
	{ .name = "category", .read = read_title, .offset = offsetof(struct model_list, category) },
	{ .name = "source", .read = read_source, .offset = offsetof(struct model_list, source) },
	{ .name = "format", .read = read_name, .offset = offsetof(struct model_list, format) },
	{ .name = "title", .read = read_title, .offset = offsetof(struct model_list, title) },
	FEED_FIELDS(struct model_list),
	{},
};

static bool holds_names(const struct node *item)
{
	const struct node *holds = node_find(item, "holds");

	return holds && holds->kind == NODE_SCALAR && !strcmp(holds->text, "names");
}

static void list_add(struct reader *r, const struct node *item, void *arg)
{
	struct policy *policy = r->policy;
	struct model_list *list;

	if (holds_names(item)) {
		model_name_list_add(r, item);
		return;
	}
	list = reader_push(r, &policy->lists, &policy->list_cnt, sizeof(*list));
	if (!list)
		return;
	list->place = reader_place(item);
	reader_map(r, item, fields, list);
	feed_check(r, item, &list->feed);
}

void section_lists(struct reader *r, const struct node *value)
{
	reader_each_map(r, value, list_add, NULL);
}
