// SPDX-License-Identifier: Apache-2.0
/*
 * A bounded memory of values by keys, for parsers. Promises that whoever fills it cannot make it larger than
 * its bounds, nor a look-up longer than they allow.
 */
#include "base/memo.h"

#include <stdlib.h>

#define BUCKETS 256
#define ENTRIES_MAX 4096
#define BYTES_MAX (4u << 20)
#define VALUE_MAX (1u << 20)

struct memo_entry {
	struct memo_entry *next; /* in its bucket */
	struct memo_entry *older, *newer;
	size_t key_len, value_len;
	uint8_t bytes[]; /* the key, then the value */
};

/* FNV-1a. */
static size_t bucket_of(struct slice key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ key.at[i]) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

static struct memo_entry **place_of(const struct memo *memo, struct slice key)
{
	struct memo_entry **at;

	if (!memo->buckets)
		return NULL;
	at = &memo->buckets[bucket_of(key)];
	while (*at && ((*at)->key_len != key.len || memcmp((*at)->bytes, key.at, key.len) != 0))
		at = &(*at)->next;
	return at;
}

static void entry_remove(struct memo *memo, struct memo_entry **at)
{
	struct memo_entry *entry = *at;

	*at = entry->next;
	if (entry->older)
		entry->older->newer = entry->newer;
	else
		memo->oldest = entry->newer;
	if (entry->newer)
		entry->newer->older = entry->older;
	else
		memo->newest = entry->older;
	memo->cnt--;
	memo->bytes -= entry->key_len + entry->value_len;
	free(entry);
}

static void oldest_forget(struct memo *memo)
{
	const struct memo_entry *entry = memo->oldest;

	memo->forgotten++;
	entry_remove(memo, place_of(memo, slice(entry->bytes, entry->key_len)));
}

void memo_put(struct memo *memo, struct slice key, struct slice value)
{
	size_t len = key.len + value.len;
	struct memo_entry *entry, **at;

	memo_drop(memo, key);
	if (value.len > VALUE_MAX || !key.len)
		return;
	if (!memo->buckets)
		memo->buckets = calloc(BUCKETS, sizeof(struct memo_entry *));
	entry = memo->buckets ? malloc(sizeof(*entry) + len) : NULL;
	if (!entry)
		return;
	while (memo->cnt && (memo->cnt >= ENTRIES_MAX || memo->bytes + len > BYTES_MAX))
		oldest_forget(memo);
	memcpy(entry->bytes, key.at, key.len);
	if (value.len)
		memcpy(entry->bytes + key.len, value.at, value.len);
	entry->key_len = key.len;
	entry->value_len = value.len;
	at = &memo->buckets[bucket_of(key)];
	entry->next = *at;
	*at = entry;
	entry->older = memo->newest;
	entry->newer = NULL;
	if (memo->newest)
		memo->newest->newer = entry;
	else
		memo->oldest = entry;
	memo->newest = entry;
	memo->cnt++;
	memo->bytes += len;
}

bool memo_get(const struct memo *memo, struct slice key, struct slice *ret_value)
{
	struct memo_entry **at = place_of(memo, key);

	if (!at || !*at)
		return false;
	*ret_value = slice((*at)->bytes + key.len, (*at)->value_len);
	return true;
}

void memo_drop(struct memo *memo, struct slice key)
{
	struct memo_entry **at = place_of(memo, key);

	if (at && *at)
		entry_remove(memo, at);
}

void memo_end(struct memo *memo)
{
	while (memo->oldest) {
		struct memo_entry *entry = memo->oldest;

		memo->oldest = entry->newer;
		free(entry);
	}
	free(memo->buckets);
	*memo = (struct memo){ .buckets = NULL };
}
