// SPDX-License-Identifier: Apache-2.0
/*
 * The content of one list of names, in memory. Called by policy/install/names.c.
 */
#include "install/namecontent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names/print.h"

static int text_copy(const char *from, char **ret_to)
{
	if (!from)
		return 0;
	*ret_to = strdup(from);
	return *ret_to ? 0 : -ENOMEM;
}

struct name_content *name_content_new(const struct model_name_list *model)
{
	struct name_content *content = calloc(1, sizeof(*content));

	if (!content)
		return NULL;
	content->id = model->id;
	content->allow = model->allow;
	content->own_answers = model->own_answers;
	content->public_suffixes = model->public_suffixes;
	content->built_in = model->built_in;
	if (text_copy(model->name, &content->name) || text_copy(model->title, &content->title) ||
	    text_copy(model->category, &content->category) ||
	    text_copy(model->source, &content->source) ||
	    text_copy(model->format, &content->format) || text_copy(model->feed.url, &content->url)) {
		name_content_free(content);
		return NULL;
	}
	return content;
}

struct name_content *name_content_like(const struct name_content *other)
{
	const struct model_name_list model = {
		.id = other->id,
		.name = other->name,
		.title = other->title,
		.category = other->category,
		.allow = other->allow,
		.source = other->source,
		.format = other->format,
		.own_answers = other->own_answers,
		.public_suffixes = other->public_suffixes,
		.built_in = other->built_in,
		.feed = { .url = other->url },
	};
	struct name_content *content = name_content_new(&model);

	if (content)
		content->stamp_ns = other->stamp_ns;
	return content;
}

static void changes_free(struct name_content *content)
{
	for (size_t i = 0; i < content->change_cnt; i++)
		free(content->changes[i].reason);
	free(content->changes);
	content->changes = NULL;
	content->change_cnt = 0;
}

void name_content_free(struct name_content *content)
{
	if (!content)
		return;
	free(content->name);
	free(content->title);
	free(content->category);
	free(content->source);
	free(content->format);
	free(content->url);
	name_list_free(&content->published);
	free(content->skip);
	changes_free(content);
	free(content->fresh);
	free(content);
}

struct name_content *name_content_named(struct name_content *const contents[SEK_NAME_LISTS_MAX],
					const char *name)
{
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (contents[i] && !strcmp(contents[i]->name, name))
			return contents[i];
	return NULL;
}

size_t name_content_added(const struct name_content *content)
{
	size_t cnt = 0;

	for (size_t i = 0; i < content->change_cnt; i++)
		cnt += !content->changes[i].removed;
	return cnt;
}

size_t name_content_cnt(const struct name_content *content)
{
	return content->published.cnt - content->skip_cnt + name_content_added(content);
}

/* --- entries of one name --- */

static bool entry_is(const struct name_list *list, const struct name_entry *entry,
		     const struct name_key *key)
{
	return entry->host_len == key->host_len && entry->path_len == key->path_len &&
	       !memcmp(name_host(list, entry), key->text, (size_t)key->host_len + key->path_len);
}

static bool kind_self(uint8_t kind)
{
	return kind != NAME_BELOW;
}

static bool kind_below(uint8_t kind)
{
	return kind != NAME_SELF && kind != NAME_URL_EXACT;
}

static bool skipped(const struct name_content *content, size_t at)
{
	return content->skip && content->skip[at];
}

struct name_holds name_content_holds(const struct name_content *content, const struct name_key *key)
{
	struct name_holds holds = {};

	for (size_t i = 0; i < content->published.cnt; i++) {
		const struct name_entry *entry = &content->published.entries[i];

		if (!entry_is(&content->published, entry, key) || entry->allow || skipped(content, i))
			continue;
		holds.self |= kind_self(entry->kind);
		holds.below |= kind_below(entry->kind);
	}
	for (size_t i = 0; i < content->change_cnt; i++) {
		const struct name_change *change = &content->changes[i];

		if (change->removed || !name_key_same(&change->key, key))
			continue;
		holds.self |= kind_self(change->key.kind);
		holds.below |= kind_below(change->key.kind);
	}
	return holds;
}

static bool entry_is_page(const struct name_list *list, const struct name_entry *entry,
			  const struct name_key *host)
{
	return name_is_url(entry) && !entry->allow && entry->host_len == host->host_len &&
	       !memcmp(name_host(list, entry), host->text, host->host_len);
}

const struct name_entry *name_content_page(const struct name_content *content,
					   const struct name_key *host)
{
	for (size_t i = 0; i < content->published.cnt; i++) {
		const struct name_entry *entry = &content->published.entries[i];

		if (entry_is_page(&content->published, entry, host) && !skipped(content, i))
			return entry;
	}
	return NULL;
}

bool name_content_has_pages(const struct name_content *content, const struct name_key *host)
{
	for (size_t i = 0; i < content->change_cnt; i++) {
		const struct name_key *key = &content->changes[i].key;

		if (!content->changes[i].removed && key->path_len &&
		    key->host_len == host->host_len && !memcmp(key->text, host->text, host->host_len))
			return true;
	}
	return name_content_page(content, host);
}

const struct name_entry *name_content_entry(const struct name_content *content,
					    const struct name_key *key, bool self)
{
	for (size_t i = 0; i < content->published.cnt; i++) {
		const struct name_entry *entry = &content->published.entries[i];

		if (entry_is(&content->published, entry, key) && !skipped(content, i) &&
		    (self ? kind_self(entry->kind) : kind_below(entry->kind)))
			return entry;
	}
	return NULL;
}

/*
 * Which published entries of a name count now: none after it was taken out, and no exceptions once it was
 * added. 0 or -ENOMEM.
 */
static int published_mark(struct name_content *content, const struct name_key *key)
{
	bool removed = false, added = false;

	for (size_t i = 0; i < content->change_cnt; i++) {
		if (!name_key_same(&content->changes[i].key, key))
			continue;
		removed |= content->changes[i].removed;
		added |= !content->changes[i].removed;
	}
	for (size_t i = 0; i < content->published.cnt; i++) {
		const struct name_entry *entry = &content->published.entries[i];
		bool skip = removed || (added && entry->allow);

		if (!entry_is(&content->published, entry, key) || skipped(content, i) == skip)
			continue;
		if (!content->skip)
			content->skip = calloc(content->published.cnt, 1);
		if (!content->skip)
			return -ENOMEM;
		content->skip_cnt += (size_t)skip - content->skip[i];
		content->skip[i] = skip;
	}
	return 0;
}

/* --- changes --- */

/* Index of the change that adds this name, or takes it out, or -1. */
static ssize_t change_find(const struct name_content *content, const struct name_key *key,
			   bool removed)
{
	for (size_t i = 0; i < content->change_cnt; i++)
		if (content->changes[i].removed == removed &&
		    name_key_same(&content->changes[i].key, key))
			return (ssize_t)i;
	return -1;
}

static int change_put(struct name_content *content, const struct name_change *change)
{
	ssize_t at = change_find(content, &change->key, change->removed);
	char *reason = strdup(change->reason ? change->reason : "");
	struct name_change *more;

	if (!reason)
		return -ENOMEM;
	if (at < 0) {
		more = reallocarray(content->changes, content->change_cnt + 1, sizeof(*more));
		if (!more) {
			free(reason);
			return -ENOMEM;
		}
		content->changes = more;
		at = (ssize_t)content->change_cnt++;
		more[at].reason = NULL;
	}
	free(content->changes[at].reason);
	content->changes[at] = *change;
	content->changes[at].reason = reason;
	return published_mark(content, &change->key);
}

void name_content_expire(struct name_content *content, size_t at)
{
	struct name_key key = content->changes[at].key;

	free(content->changes[at].reason);
	content->changes[at] = content->changes[--content->change_cnt];
	published_mark(content, &key);
}

static void change_drop(struct name_content *content, const struct name_key *key, bool removed)
{
	ssize_t at = change_find(content, key, removed);

	if (at >= 0)
		name_content_expire(content, (size_t)at);
}

int name_content_add(struct name_content *content, const struct name_key *key, int64_t expires,
		     const char *reason)
{
	struct name_change change = { .key = *key, .expires = expires, .reason = (char *)reason };
	bool taken_out = !expires && change_find(content, key, true) >= 0;
	struct name_holds holds;
	ssize_t at;
	bool there;

	/* For ever, and maybe published: the removal goes, and with that it may be there. */
	if (taken_out)
		change_drop(content, key, true);
	holds = name_content_holds(content, key);
	at = change_find(content, key, false);
	there = (holds.self || !kind_self(key->kind)) && (holds.below || !kind_below(key->kind));
	if (there && taken_out)
		return 0;
	if (there && (at < 0 || (!content->changes[at].expires && !expires)))
		return -EEXIST;
	/* One addition stands for a name: it means what both meant, as long as the longer lives. */
	if (at >= 0 && content->changes[at].key.kind != key->kind && !key->path_len)
		change.key.kind = NAME_SUFFIX;
	return change_put(content, &change);
}

int name_content_delete(struct name_content *content, const struct name_key *key, const char *reason)
{
	struct name_change change = { .key = *key, .removed = true, .reason = (char *)reason };
	bool added = change_find(content, key, false) >= 0, published;

	change_drop(content, key, false);
	published = name_content_entry(content, key, true) || name_content_entry(content, key, false);
	if (!published)
		return added ? 0 : -ENOENT;
	return change_put(content, &change);
}

int name_content_changes_copy(struct name_content *content, const struct name_content *from)
{
	int err = 0;

	for (size_t i = 0; i < from->change_cnt && !err; i++)
		err = change_put(content, &from->changes[i]);
	return err;
}

/* --- what a table is made from --- */

static int added_list(const struct name_content *content, struct name_list *ret_list)
{
	size_t cnt = name_content_added(content), bytes = 2UL * NAME_TEXT_PAD;

	for (size_t i = 0; i < content->change_cnt; i++)
		bytes += (size_t)content->changes[i].key.host_len + content->changes[i].key.path_len;
	ret_list->entries = calloc(cnt + 1, sizeof(*ret_list->entries));
	ret_list->text = calloc(1, bytes);
	ret_list->text_len = NAME_TEXT_PAD;
	if (!ret_list->entries || !ret_list->text)
		return -ENOMEM;
	for (size_t i = 0; i < content->change_cnt; i++) {
		const struct name_key *key = &content->changes[i].key;
		size_t len = (size_t)key->host_len + key->path_len;

		if (content->changes[i].removed)
			continue;
		ret_list->entries[ret_list->cnt++] = (struct name_entry){
			.at = (uint32_t)ret_list->text_len,
			.path_len = key->path_len,
			.host_len = key->host_len,
			.kind = key->kind,
		};
		memcpy(ret_list->text + ret_list->text_len, key->text, len);
		ret_list->text_len += len;
	}
	return 0;
}

int name_content_snapshot(const struct name_content *content, struct name_snapshot *ret_snapshot)
{
	int err;

	*ret_snapshot = (struct name_snapshot){};
	if (content->skip_cnt) {
		ret_snapshot->skip = malloc(content->published.cnt);
		if (!ret_snapshot->skip)
			return -ENOMEM;
		memcpy(ret_snapshot->skip, content->skip, content->published.cnt);
	}
	err = added_list(content, &ret_snapshot->added);
	if (err) {
		name_snapshot_free(ret_snapshot);
		return err;
	}
	ret_snapshot->sources[0] = (struct name_source){ .list = &content->published,
							 .skip = ret_snapshot->skip,
							 .number = (uint8_t)content->id,
							 .allow = content->allow };
	ret_snapshot->sources[1] = (struct name_source){ .list = &ret_snapshot->added,
							 .number = (uint8_t)content->id,
							 .allow = content->allow };
	return 0;
}

void name_snapshot_free(struct name_snapshot *snapshot)
{
	free(snapshot->skip);
	free(snapshot->added.entries);
	free(snapshot->added.text);
	*snapshot = (struct name_snapshot){};
}
