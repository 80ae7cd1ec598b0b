// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of names (holds: names) out of section "lists": where each comes from and how it is kept new.
 * Their contents are policy/names'.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

static void read_answers(struct reader *r, const struct node *value, const struct field *f,
			 void *member)
{
	static const char *const words[] = { "policy", "own", NULL };
	int word = reader_word(r, value, words);

	if (word >= 0)
		*(bool *)member = word;
}

static const struct field fields[] = {
	{ .name = "holds", .read = read_holds },
	{ .name = "name",
	  .read = read_name,
	  .offset = offsetof(struct model_name_list, name),
	  .needed = true },
	{ .name = "id",
	  .read = read_u16,
	  .offset = offsetof(struct model_name_list, id),
	  .needed = true,
	  .max = SEK_NAME_LISTS_MAX - 1 },
	{ .name = "kind",
	  .read = read_kind,
	  .offset = offsetof(struct model_name_list, allow),
	  .needed = true },
	{ .name = "category", .read = read_title, .offset = offsetof(struct model_name_list, category) },
	{ .name = "source", .read = read_source, .offset = offsetof(struct model_name_list, source) },
	{ .name = "format", .read = read_name, .offset = offsetof(struct model_name_list, format) },
	{ .name = "title", .read = read_title, .offset = offsetof(struct model_name_list, title) },
	{ .name = "answers",
	  .read = read_answers,
	  .offset = offsetof(struct model_name_list, own_answers) },
	{ .name = "public_suffixes",
	  .read = read_bool,
	  .offset = offsetof(struct model_name_list, public_suffixes) },
	FEED_FIELDS(struct model_name_list),
	{},
};

void model_name_list_add(struct reader *r, const struct node *item)
{
	struct policy *policy = r->policy;
	struct model_name_list *list =
		reader_push(r, &policy->name_lists, &policy->name_list_cnt, sizeof(*list));

	if (!list)
		return;
	list->place = reader_place(item);
	reader_map(r, item, fields, list);
	feed_check(r, item, &list->feed);
	if (list->own_answers && list->allow)
		reader_error(r, node_find(item, "answers"), "own answers are those of a block list",
			     "what a list of kind allow has is answered by its server");
	if (list->format && !strcmp(list->format, "auto")) {
		free(list->format);
		list->format = NULL;
	}
}

void model_name_list_free(struct model_name_list *list)
{
	free(list->name);
	free(list->title);
	free(list->category);
	free(list->source);
	free(list->format);
	feed_free(&list->feed);
}
