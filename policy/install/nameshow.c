// SPDX-License-Identifier: Apache-2.0
/*
 * What is in the name lists, for people; and what is thought of a name, with the entry that says so.
 * Called by the agent.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "install/namesinside.h"
#include "sekisho/event.h"

/* --- looking up --- */

static bool over_get(void *arg, uint64_t print, struct sek_name_over *ret_over)
{
	const struct names *names = arg;

	return !namemap_over_get(&names->map, print, ret_over);
}

static char *text_copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* The part of what was asked that was found, as lists have it. */
static void found_key(const struct name_asked *asked, const struct name_found *found,
		      struct name_key *ret_key)
{
	size_t host_len = asked->host_len - found->at;

	*ret_key = (struct name_key){};
	if (host_len && asked->host[asked->host_len - 1] == '.')
		host_len--;
	ret_key->host_len = (uint8_t)host_len;
	ret_key->path_len = found->path_len;
	for (size_t i = 0; i < host_len; i++) {
		char c = asked->host[found->at + i];

		ret_key->text[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	if (found->path_len)
		memcpy(ret_key->text + host_len, asked->path, found->path_len);
}

/* lock is held. */
static void why_fill(const struct names *names, const struct name_asked *asked, uint64_t lists,
		     struct names_why *why)
{
	uint8_t number = name_list_lowest(lists);
	const struct name_content *content = number < SEK_NAME_LISTS_MAX ? names->content[number]
									 : NULL;
	const struct name_entry *entry;
	struct name_key key;

	why->list = content ? number : -1;
	if (!content)
		return;
	why->list_name = text_copy(content->name);
	why->title = text_copy(content->title);
	why->category = text_copy(content->category);
	why->source = text_copy(content->source ? content->source : content->url);
	found_key(asked, &why->found, &key);
	entry = why->found.pages ? name_content_page(content, &key)
				 : name_content_entry(content, &key, why->found.whole);
	if (!entry)
		return;
	why->line = name_entry_line(entry, why->found.whole);
	if (entry->answer)
		why->own = content->published.answers[entry->answer - 1];
	why->entry = strndup(name_host(&content->published, entry),
			     (size_t)entry->host_len + entry->path_len);
}

/* By the table and the overlay of now. lock is held. */
static struct sek_name_said look(struct names *names, const struct name_asked *asked, uint16_t tenant,
				 const struct sek_name_phase *phase, struct name_found *ret_found)
{
	struct name_view view = { .table = namemap_table(&names->map), .arg = names };

	if (namemap_live(&names->map)->over_cnt)
		view.over = over_get;
	return name_decide(&view, asked, tenant, phase, ret_found);
}

struct sek_name_said names_decide(struct names *names, const struct name_asked *asked,
				  uint16_t tenant, const struct sek_name_phase *phase,
				  struct names_why *ret_why)
{
	struct name_found found = {};
	struct sek_name_said said;

	pthread_mutex_lock(&names->turn.lock);
	said = look(names, asked, tenant, phase, &found);
	if (ret_why) {
		*ret_why = (struct names_why){ .found = found, .list = -1 };
		if (said.opinion != SEK_NAME_NONE)
			why_fill(names, asked, said.lists, ret_why);
	}
	pthread_mutex_unlock(&names->turn.lock);
	return said;
}

struct sek_name_said names_look(struct names *names, const struct name_asked *asked, uint16_t tenant,
				const struct sek_name_phase *phase, struct name_found *ret_found)
{
	struct sek_name_said said;

	pthread_mutex_lock(&names->turn.lock);
	said = look(names, asked, tenant, phase, ret_found);
	pthread_mutex_unlock(&names->turn.lock);
	return said;
}

uint64_t names_changes(const struct names *names)
{
	return __atomic_load_n(&names->content_changes, __ATOMIC_ACQUIRE);
}

void names_regexes(struct names *names, names_regex_fn *each, void *arg)
{
	pthread_mutex_lock(&names->turn.lock);
	for (uint32_t id = 0; id < SEK_NAME_LISTS_MAX; id++) {
		const struct name_content *content = names->content[id];

		for (size_t i = 0; content && i < content->published.regex_cnt; i++) {
			const struct name_regex *regex = &content->published.regexes[i];

			each(arg, (uint8_t)id, content->published.text + regex->at, regex);
		}
	}
	pthread_mutex_unlock(&names->turn.lock);
}

void names_why_free(struct names_why *why)
{
	free(why->list_name);
	free(why->title);
	free(why->category);
	free(why->source);
	free(why->entry);
	*why = (struct names_why){ .list = -1 };
}

/* --- what there is --- */

/* Packets and bytes that a list decided, over all CPUs. */
static struct sek_count count_sum(const struct names *names, uint32_t list)
{
	int cpu_cnt = libbpf_num_possible_cpus(), fd = names->map.maps.count_fd;
	struct sek_count sum = {},
			 *cpus = cpu_cnt > 0 ? calloc((size_t)cpu_cnt, sizeof(*cpus)) : NULL;

	if (cpus && fd >= 0 && !bpf_map_lookup_elem(fd, &list, cpus)) {
		for (int i = 0; i < cpu_cnt; i++) {
			sum.packets += cpus[i].packets;
			sum.bytes += cpus[i].bytes;
		}
	}
	free(cpus);
	return sum;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* Lines that were not taken: those left out by design are no fault of theirs. */
static void skips_count(const struct name_list *list, size_t *ret_skipped, size_t *ret_bad)
{
	*ret_skipped = *ret_bad = 0;
	for (int i = 0; i < NAME_SKIP_CNT; i++) {
		if (name_skip_class(i) == NAME_SKIP_CLASS_bad)
			*ret_bad += list->skip_cnts[i];
		else
			*ret_skipped += list->skip_cnts[i];
	}
}

static json_t *content_show(const struct names *names, const struct name_content *content)
{
	struct sek_count count = count_sum(names, content->id);
	const struct name_list *list = &content->published;
	size_t expiring = 0, skipped, bad;

	for (size_t i = 0; i < content->change_cnt; i++)
		expiring += content->changes[i].expires != 0;
	skips_count(list, &skipped, &bad);
	return json_pack(
		"{s:s,s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"list", content->name, "id", content->id, "holds", "names", "kind",
		content->allow ? "allow" : "block", "category", text_or_null(content->category),
		"title", text_or_null(content->title), "source", text_or_null(content->source),
		"url", text_or_null(content->url), "format", text_or_null(list->format), "entries",
		(json_int_t)name_content_cnt(content), "published", (json_int_t)list->cnt,
		"by_hand", (json_int_t)name_content_added(content), "taken_out",
		(json_int_t)content->skip_cnt, "expiring", (json_int_t)expiring, "duplicates",
		(json_int_t)list->duplicate_cnt, "skipped", (json_int_t)skipped, "unreadable",
		(json_int_t)bad, "loaded", (json_int_t)content->loaded, "packets",
		(json_int_t)count.packets, "bytes", (json_int_t)count.bytes);
}

static json_t *changes_show(const struct name_content *content)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < content->change_cnt; i++) {
		const struct name_change *change = &content->changes[i];
		json_t *reason = json_string(change->reason);
		char name[sizeof(change->key.text) + 4];

		name_key_print(&change->key, name, sizeof(name));
		json_array_append_new(rows, json_pack("{s:s,s:s,s:I,s:o}", "change",
						      change->removed ? "taken_out" : "added",
						      "prefix", name, "expires",
						      (json_int_t)change->expires, "reason",
						      reason ? reason : json_string("(not UTF-8)")));
	}
	return rows;
}

static json_t *skips_show(const struct name_content *content)
{
	json_t *rows = json_array();

	for (int i = 0; i < NAME_SKIP_CNT; i++)
		if (content->published.skip_cnts[i])
			json_array_append_new(
				rows, json_pack("{s:s,s:I}", "why", name_skip_text(i), "lines",
						(json_int_t)content->published.skip_cnts[i]));
	return rows;
}

json_t *names_show(struct names *names, const char *list)
{
	const struct name_content *one;
	json_t *rows = json_array(), *all;

	pthread_mutex_lock(&names->turn.lock);
	one = list ? name_content_named(names->content, list) : NULL;
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (names->content[i] && (!list || names->content[i] == one))
			json_array_append_new(rows, content_show(names, names->content[i]));
	all = json_pack("{s:o,s:I,s:I,s:I,s:I,s:i,s:b}", "lists", rows, "memory",
			(json_int_t)namemap_bytes(&names->map), "names", (json_int_t)names->name_cnt,
			"lines", (json_int_t)namemap_live(&names->map)->line_cnt, "single_changes",
			(json_int_t)names->changed.cnt, "build",
			(int)namemap_live(&names->map)->build, "loading",
			!names->loaded || names->turn.recording);
	if (one) {
		json_object_set_new(all, "changes", changes_show(one));
		json_object_set_new(all, "skips", skips_show(one));
	}
	pthread_mutex_unlock(&names->turn.lock);
	if (list && !one) {
		json_decref(all);
		all = NULL;
	}
	return all;
}
