// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps the overlay's promise: an entry tells the truth for all addresses of which it is the
 * longest match. Called by policy/install/lists.c under its lock.
 */
#include "install/overlay.h"

#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INNER_MAX 2048 /* entries of a list inside a deleted prefix; beyond, a table is cheaper */

/* Leading bits that two addresses share. */
static int bits_shared(const struct sek_addr *a, const struct sek_addr *b)
{
	for (int word = 0; word < 2; word++) {
		uint64_t differ = be64toh(a->q[word]) ^ be64toh(b->q[word]);

		if (differ)
			return 64 * word + __builtin_clzll(differ);
	}
	return 128;
}

/*
 * Whether a live entry holds prefix. What comes last before prefix in the order either holds it, or
 * whatever does hold it also holds that one, and so is no longer than what the two share.
 */
static bool entries_hold(const struct list_entry *entries, const uint8_t *deleted, size_t cnt,
			 const struct prefix *prefix)
{
	int least = prefix_is_v4(prefix) ? 96 : 0, len = prefix->len;

	while (len >= least) {
		struct prefix cut = prefix_cut(prefix, len);
		size_t at = entries_find(entries, cnt, &cut);
		int shared;

		if (at < cnt && !prefix_order(&entries[at].prefix, &cut) && !(deleted && deleted[at]))
			return true;
		if (!at--)
			return false;
		if (prefix_contains(&entries[at].prefix, prefix) && !(deleted && deleted[at]))
			return true;
		shared = bits_shared(&entries[at].prefix.addr, &prefix->addr);
		len = shared < len - 1 ? shared : len - 1;
	}
	return false;
}

bool overlay_list_holds(const struct overlay_list *list, const struct prefix *prefix)
{
	return entries_hold(list->added, NULL, list->added_cnt, prefix) ||
	       entries_hold(list->published, list->deleted, list->published_cnt, prefix);
}

/*
 * Whether inner lies between the first and the last address of outer: that far a walk through the
 * order goes. It may meet IPv4 entries inside an IPv6 prefix, which does not contain them.
 */
static bool within(const struct prefix *outer, const struct prefix *inner)
{
	return inner->len >= outer->len && bits_shared(&outer->addr, &inner->addr) >= outer->len;
}

/* Index of the first overlay entry that is not before prefix. */
static size_t overlay_find(const struct overlay *overlay, const struct prefix *prefix)
{
	size_t from = 0, to = overlay->cnt;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_order(&overlay->entries[middle].prefix, prefix) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* What the longest entry around prefix says; nothing when there is none. */
static struct sek_list_over overlay_around(const struct overlay *overlay, const struct prefix *prefix)
{
	size_t at = overlay_find(overlay, prefix);

	while (at--)
		if (prefix_contains(&overlay->entries[at].prefix, prefix))
			return overlay->entries[at].over;
	return (struct sek_list_over){};
}

/* The entry of exactly this prefix, made if it is not there. */
static int overlay_entry(struct overlay *overlay, const struct prefix *prefix,
			 struct overlay_entry **ret_entry)
{
	size_t at = overlay_find(overlay, prefix);
	struct overlay_entry *entries = overlay->entries;

	if (at < overlay->cnt && !prefix_order(&entries[at].prefix, prefix)) {
		*ret_entry = &entries[at];
		return 0;
	}
	if (overlay->cnt == SEK_LIST_OVER_MAX)
		return -E2BIG;
	if (overlay->cnt == overlay->cap) {
		size_t cap = overlay->cap ? overlay->cap * 2 : 64;

		entries = reallocarray(entries, cap, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		overlay->entries = entries;
		overlay->cap = cap;
	}
	struct sek_list_over around = overlay_around(overlay, prefix);

	memmove(&entries[at + 1], &entries[at], (overlay->cnt - at) * sizeof(*entries));
	overlay->cnt++;
	entries[at] = (struct overlay_entry){ .prefix = *prefix, .over = around };
	*ret_entry = &entries[at];
	return 0;
}

/* Gives the outermost live entries strictly inside prefix an entry of their own each. */
static int overlay_inner(struct overlay *overlay, const struct list_entry *entries,
			 const uint8_t *deleted, size_t cnt, const struct prefix *prefix)
{
	const struct prefix *last = NULL;
	struct overlay_entry *entry;
	size_t at = entries_find(entries, cnt, prefix), made = 0, seen = 0;
	int err;

	for (; at < cnt && within(prefix, &entries[at].prefix); at++) {
		if (++seen > 16 * INNER_MAX)
			return -E2BIG;
		if ((deleted && deleted[at]) || !prefix_contains(prefix, &entries[at].prefix))
			continue;
		if (last && prefix_contains(last, &entries[at].prefix))
			continue;
		if (++made > INNER_MAX)
			return -E2BIG;
		last = &entries[at].prefix;
		err = overlay_entry(overlay, last, &entry);
		if (err)
			return err;
	}
	return 0;
}

int overlay_change(struct overlay *overlay, const struct overlay_list *list,
		   const struct prefix *prefix)
{
	uint64_t bit = 1ULL << list->list;
	bool whole = overlay_list_holds(list, prefix);
	struct overlay_entry *entry;
	int err = overlay_entry(overlay, prefix, &entry);

	if (!err && !whole)
		err = overlay_inner(overlay, list->added, NULL, list->added_cnt, prefix);
	if (!err && !whole)
		err = overlay_inner(overlay, list->published, list->deleted, list->published_cnt,
				    prefix);
	if (err)
		return err;
	for (size_t at = overlay_find(overlay, prefix);
	     at < overlay->cnt && within(prefix, &overlay->entries[at].prefix); at++) {
		entry = &overlay->entries[at];
		if (!prefix_contains(prefix, &entry->prefix))
			continue;
		entry->over.care |= bit;
		if (whole || overlay_list_holds(list, &entry->prefix))
			entry->over.value |= bit;
		else
			entry->over.value &= ~bit;
		entry->dirty = true;
	}
	return 0;
}

static void overlay_mark(struct sek_list_head *head, const struct prefix *prefix)
{
	bool v4 = prefix_is_v4(prefix);
	uint32_t bit;

	if (prefix->len < (v4 ? 96 + 16 : 32)) {
		__atomic_store_n(&head->over_wide, 1, __ATOMIC_RELEASE);
		return;
	}
	bit = list_mark(&prefix->addr, v4);
	__atomic_or_fetch(&head->mark[bit / 64], 1ULL << (bit % 64), __ATOMIC_RELEASE);
}

static int overlay_put(int map_fd, const struct overlay_entry *entry)
{
	bool v4 = prefix_is_v4(&entry->prefix);
	struct sek_list_over_key key = {
		.prefixlen = SEK_LIST_OVER_HEAD + entry->prefix.len,
		.family = v4 ? 4 : 6,
		.addr = entry->prefix.addr,
	};

	return bpf_map_update_elem(map_fd, &key, &entry->over, BPF_ANY);
}

int overlay_write(struct overlay *overlay, int map_fd, struct sek_list_head *head)
{
	int longest = -1, shortest = 129, err;

	for (size_t i = 0; i < overlay->cnt; i++) {
		const struct overlay_entry *entry = &overlay->entries[i];

		if (!entry->dirty)
			continue;
		overlay_mark(head, &entry->prefix);
		longest = entry->prefix.len > longest ? entry->prefix.len : longest;
		shortest = entry->prefix.len < shortest ? entry->prefix.len : shortest;
	}
	__atomic_store_n(&head->over_cnt, overlay->cnt, __ATOMIC_RELEASE);
	for (int len = longest; len >= shortest; len--) {
		for (size_t i = 0; i < overlay->cnt; i++) {
			struct overlay_entry *entry = &overlay->entries[i];

			if (!entry->dirty || entry->prefix.len != len)
				continue;
			err = overlay_put(map_fd, entry);
			if (err)
				return err;
			entry->dirty = false;
		}
	}
	return 0;
}

void overlay_free(struct overlay *overlay)
{
	free(overlay->entries);
	*overlay = (struct overlay){};
}
