// SPDX-License-Identifier: Apache-2.0
/*
 * The content of one list, in memory. Called by policy/install/lists.c.
 */
#include "install/listcontent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int text_copy(const char *from, char **ret_to)
{
	if (!from)
		return 0;
	*ret_to = strdup(from);
	return *ret_to ? 0 : -ENOMEM;
}

struct list_content *list_content_new(const struct model_list *model)
{
	struct list_content *content = calloc(1, sizeof(*content));

	if (!content)
		return NULL;
	content->id = model->id;
	content->allow = model->allow;
	if (text_copy(model->name, &content->name) || text_copy(model->title, &content->title) ||
	    text_copy(model->category, &content->category) ||
	    text_copy(model->source, &content->source) || text_copy(model->format, &content->format)) {
		list_content_free(content);
		return NULL;
	}
	return content;
}

void list_content_free(struct list_content *content)
{
	if (!content)
		return;
	free(content->name);
	free(content->title);
	free(content->category);
	free(content->source);
	free(content->format);
	list_set_free(&content->published);
	free(content->deleted);
	hand_free(&content->hand);
	free(content);
}

struct list_content *list_content_named(struct list_content *const contents[SEK_LISTS_MAX],
					const char *name)
{
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		if (contents[i] && !strcmp(contents[i]->name, name))
			return contents[i];
	return NULL;
}

/* Index of prefix among what was published, or -1. */
static ssize_t published_find(const struct list_content *content, const struct prefix *prefix)
{
	const struct list_set *set = &content->published;
	size_t at = entries_find(set->entries, set->cnt, prefix);

	return at < set->cnt && !prefix_order(&set->entries[at].prefix, prefix) ? (ssize_t)at : -1;
}

static void published_switch(struct list_content *content, size_t at, bool deleted)
{
	content->deleted_cnt += (size_t)deleted - content->deleted[at];
	content->deleted[at] = deleted;
}

int list_content_mark(struct list_content *content)
{
	const struct hand_set *removed = &content->hand.removed;
	uint8_t *deleted = calloc(content->published.cnt + 1, 1);

	if (!deleted)
		return -ENOMEM;
	free(content->deleted);
	content->deleted = deleted;
	content->deleted_cnt = 0;
	for (size_t i = 0; i < removed->cnt; i++) {
		ssize_t at = published_find(content, &removed->entries[i].prefix);

		if (at >= 0)
			published_switch(content, at, true);
	}
	return 0;
}

size_t list_content_cnt(const struct list_content *content)
{
	return content->published.cnt - content->deleted_cnt + content->hand.added.cnt;
}

static void entries_families(const struct list_entry *entries, size_t cnt, bool ret_has[2])
{
	size_t from, to;

	entries_v4(entries, cnt, &from, &to);
	ret_has[0] |= from < to;
	ret_has[1] |= to - from < cnt;
}

void list_content_families(const struct list_content *content, bool ret_has[2])
{
	if (!content)
		return;
	entries_families(content->published.entries, content->published.cnt, ret_has);
	entries_families(content->hand.added.entries, content->hand.added.cnt, ret_has);
}

struct overlay_list list_content_view(const struct list_content *content)
{
	return (struct overlay_list){
		.list = content->id,
		.published = content->published.entries,
		.deleted = content->deleted,
		.published_cnt = content->published.cnt,
		.added = content->hand.added.entries,
		.added_cnt = content->hand.added.cnt,
	};
}

void list_content_sources(const struct list_content *content, struct list_source ret_sources[2])
{
	ret_sources[0] = (struct list_source){ content->published.entries, content->deleted,
					       content->published.cnt, content->id };
	ret_sources[1] = (struct list_source){ content->hand.added.entries, NULL,
					       content->hand.added.cnt, content->id };
}

int list_content_add(struct list_content *content, const struct list_entry *entry,
		     const char *reason, enum hand_mark *ret_mark)
{
	ssize_t added = hand_find(&content->hand.added, &entry->prefix);
	ssize_t at = published_find(content, &entry->prefix);
	int err;

	if (at >= 0 && !content->deleted[at])
		return -EEXIST;
	if (added >= 0 && !content->hand.added.entries[added].expires && !entry->expires)
		return -EEXIST;
	/* For ever, and published: nothing but the removal has to go. */
	*ret_mark = at >= 0 && !entry->expires ? HAND_FORGET : HAND_ADD;
	err = hand_do(&content->hand, *ret_mark, entry, reason);
	if (!err && *ret_mark == HAND_FORGET)
		published_switch(content, at, false);
	return err;
}

int list_content_delete(struct list_content *content, const struct prefix *prefix,
			const char *reason, enum hand_mark *ret_mark)
{
	struct list_entry entry = { .prefix = *prefix };
	bool added = hand_find(&content->hand.added, prefix) >= 0;
	ssize_t at = published_find(content, prefix);
	int err;

	if (!added && (at < 0 || content->deleted[at]))
		return -ENOENT;
	*ret_mark = at >= 0 ? HAND_REMOVE : HAND_FORGET;
	err = hand_do(&content->hand, *ret_mark, &entry, reason);
	if (!err && at >= 0)
		published_switch(content, at, true);
	return err;
}

int list_content_write(FILE *out, const void *what)
{
	const struct list_content *content = what;
	char text[PREFIX_TEXT_MAX];

	fprintf(out, LIST_KEPT_OF "%s\n", content->source ? content->source : "");
	for (size_t i = 0; i < content->published.cnt; i++) {
		fputs_unlocked(prefix_print(&content->published.entries[i].prefix, text), out);
		putc_unlocked('\n', out);
	}
	return ferror(out) ? -EIO : 0;
}
