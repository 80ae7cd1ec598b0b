// SPDX-License-Identifier: Apache-2.0
/*
 * Sorted sets of prefixes, and when one may take another's place.
 * Called by the readers, the table builder and policy/install/lists.c. Pure.
 */
#include "lists/set.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lists/sort.h"
#include "text/counted.h"

uint64_t prefix_rest(uint8_t len, int word)
{
	int used = (int)len - 64 * word;

	if (used <= 0)
		return ~0ULL;
	return used >= 64 ? 0 : ~0ULL >> used;
}

int prefix_order(const struct prefix *a, const struct prefix *b)
{
	for (int word = 0; word < 2; word++) {
		uint64_t left = be64toh(a->addr.q[word]), right = be64toh(b->addr.q[word]);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return (int)a->len - (int)b->len;
}

struct prefix prefix_cut(const struct prefix *prefix, uint8_t len)
{
	struct prefix cut = { .addr = prefix->addr, .len = len };

	for (int word = 0; word < 2; word++)
		cut.addr.q[word] &= htobe64(~prefix_rest(len, word));
	return cut;
}

size_t entries_find(const struct list_entry *entries, size_t cnt, const struct prefix *prefix)
{
	size_t from = 0, to = cnt;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_order(&entries[middle].prefix, prefix) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void entries_v4(const struct list_entry *entries, size_t cnt, size_t *ret_from, size_t *ret_to)
{
	/* All of ::ffff:0:0/96 is IPv4, and no IPv6 prefix begins inside it. */
	const struct prefix first = { .addr.w = { 0, 0, htobe32(0xffff), 0 }, .len = 0 };
	const struct prefix behind = { .addr.w = { 0, 0, htobe32(0x10000), 0 }, .len = 0 };

	*ret_from = entries_find(entries, cnt, &first);
	*ret_to = entries_find(entries, cnt, &behind);
}

static bool in_order(const struct list_set *set)
{
	for (size_t i = 1; i < set->cnt; i++)
		if (prefix_order(&set->entries[i - 1].prefix, &set->entries[i].prefix) >= 0)
			return false;
	return true;
}

void list_set_sort(struct list_set *set)
{
	size_t kept = 0;

	if (in_order(set))
		return;
	entries_sort(set->entries, set->cnt);
	for (size_t i = 0; i < set->cnt; i++) {
		struct list_entry *last = kept ? &set->entries[kept - 1] : NULL;
		struct list_entry entry = set->entries[i];

		if (!last || prefix_order(&last->prefix, &entry.prefix)) {
			set->entries[kept++] = entry;
			continue;
		}
		set->duplicate_cnt++;
		if (last->expires && (!entry.expires || entry.expires > last->expires))
			last->expires = entry.expires;
	}
	set->cnt = kept;
}

int list_set_add(struct list_set *set, size_t *cap, const struct list_entry *entry)
{
	if (set->cnt == *cap) {
		size_t more = *cap ? *cap * 2 : 64;
		struct list_entry *entries = reallocarray(set->entries, more, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		set->entries = entries;
		*cap = more;
	}
	set->entries[set->cnt++] = *entry;
	return 0;
}

void list_set_free(struct list_set *set)
{
	free(set->entries);
	*set = (struct list_set){};
}

int list_may_replace(const struct list_set *before, const struct list_set *after, const char *name,
		     struct diag *diag)
{
	size_t had = before ? before->cnt : 0;

	if (!after->cnt) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, "the former content stays in force",
			 "the new list holds no address%s", after->skipped_cnt ? ", only names" : "");
		return -ENODATA;
	}
	if (after->bad_cnt > after->cnt) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, "the former content stays in force",
			 "the new list is broken: %s cannot be read, %zu can",
			 COUNTED(after->bad_cnt, "line"), after->cnt);
		return -EBADMSG;
	}
	if (after->cnt < had / 2 + had % 2) {
		diag_add(diag, DIAG_ERROR, name, 0, 0,
			 "the former content stays in force; force the replacement if this is meant",
			 "the new list has %s, less than half of the %zu in force",
			 COUNTED(after->cnt, "entry"), had);
		return -ERANGE;
	}
	return 0;
}
