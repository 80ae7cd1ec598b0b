// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of names (holds: names) out of section "lists": where each comes from and how it is kept new.
 * Their contents are policy/names'.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

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
