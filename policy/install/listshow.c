// SPDX-License-Identifier: Apache-2.0
/*
 * What is in the lists, for people and for explain. Called by the agent.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "install/listinside.h"
#include "sekisho/event.h"

uint64_t lists_find(struct lists *lists, const struct sek_addr *addr)
{
	struct prefix whole = { .addr = *addr, .len = 128 };
	uint64_t found = 0;

	pthread_mutex_lock(&lists->turn.lock);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		struct overlay_list view;

		if (!lists->content[i])
			continue;
		view = list_content_view(lists->content[i]);
		if (overlay_list_holds(&view, &whole))
			found |= 1ULL << i;
	}
	pthread_mutex_unlock(&lists->turn.lock);
	return found;
}

/* Packets and bytes that a list decided, over all CPUs. */
static struct sek_count count_sum(const struct lists *lists, uint32_t list)
{
	int cpu_cnt = libbpf_num_possible_cpus();
	struct sek_count sum = {}, *cpus = cpu_cnt > 0 ? calloc(cpu_cnt, sizeof(*cpus)) : NULL;

	if (cpus && lists->kernel.count_fd >= 0 &&
	    !bpf_map_lookup_elem(lists->kernel.count_fd, &list, cpus)) {
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

static json_t *content_show(const struct lists *lists, const struct list_content *content)
{
	struct sek_count count = count_sum(lists, content->id);
	const struct list_set *set = &content->published;
	size_t expiring = 0;

	for (size_t i = 0; i < content->hand.added.cnt; i++)
		expiring += content->hand.added.entries[i].expires != 0;
	return json_pack(
		"{s:s,s:i,s:s,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "list",
		content->name, "id", content->id, "kind", content->allow ? "allow" : "block",
		"category", text_or_null(content->category), "title", text_or_null(content->title),
		"source", text_or_null(content->source), "entries",
		(json_int_t)list_content_cnt(content), "published", (json_int_t)set->cnt, "by_hand",
		(json_int_t)content->hand.added.cnt, "taken_out", (json_int_t)content->deleted_cnt,
		"expiring", (json_int_t)expiring, "duplicates", (json_int_t)set->duplicate_cnt,
		"corrected", (json_int_t)set->fixed_cnt, "skipped", (json_int_t)set->skipped_cnt,
		"unreadable", (json_int_t)set->bad_cnt, "loaded", (json_int_t)content->loaded,
		"packets", (json_int_t)count.packets, "bytes", (json_int_t)count.bytes);
}

static void hand_show(json_t *changes, const struct hand_set *set, const char *change)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < set->cnt; i++) {
		json_t *reason = json_string(set->reasons[i]);

		json_array_append_new(
			changes, json_pack("{s:s,s:s,s:I,s:o}", "change", change, "prefix",
					   prefix_print(&set->entries[i].prefix, text), "expires",
					   (json_int_t)set->entries[i].expires, "reason",
					   reason ? reason : json_string("(not UTF-8)")));
	}
}

json_t *lists_show(struct lists *lists, const char *list)
{
	json_t *rows = json_array(), *all, *changes = NULL;
	bool found = !list;
	size_t memory, prefixes, sets;

	pthread_mutex_lock(&lists->turn.lock);
	memory = listmap_bytes(&lists->map);
	prefixes = lists->family[0].prefix_cnt + lists->family[1].prefix_cnt;
	sets = lists->family[0].set_cnt + lists->family[1].set_cnt;
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		const struct list_content *content = lists->content[i];

		if (!content || (list && strcmp(list, content->name) != 0))
			continue;
		found = true;
		json_array_append_new(rows, content_show(lists, content));
		if (!list)
			continue;
		changes = json_array();
		hand_show(changes, &content->hand.added, "added");
		hand_show(changes, &content->hand.removed, "taken_out");
	}
	all = json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:b}", "lists", rows, "memory",
			(json_int_t)memory, "prefixes", (json_int_t)prefixes, "sets",
			(json_int_t)sets, "ranges4", (json_int_t)lists->family[0].range_cnt,
			"ranges6", (json_int_t)lists->family[1].range_cnt, "single_changes",
			(json_int_t)lists->overlay.cnt, "build",
			(int)listmap_live(&lists->map)->build, "loading",
			!lists->loaded || lists->turn.recording);
	pthread_mutex_unlock(&lists->turn.lock);
	if (changes)
		json_object_set_new(all, "changes", changes);
	if (!found) {
		json_decref(all);
		all = NULL;
	}
	return all;
}
