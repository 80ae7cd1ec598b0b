// SPDX-License-Identifier: Apache-2.0
/*
 * Buckets by the first bytes of the key, and one list by last use. Called by file/ranges.c and
 * scan/verdicts.c. Promises that after lru_weigh() no more is held than the store was made for.
 */
#include "base/lru.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lru_init(struct lru *lru, uint64_t most, uint32_t bucket_cnt,
	     void (*free)(struct lru_entry *entry))
{
	struct lru_entry **buckets = calloc(bucket_cnt, sizeof(struct lru_entry *));

	if (!buckets)
		return -ENOMEM;
	*lru = (struct lru){ .most = most, .buckets = buckets, .bucket_cnt = bucket_cnt, .free = free };
	return 0;
}

static struct lru_entry **bucket_of(const struct lru *lru, const uint8_t key[LRU_KEY_LEN])
{
	uint32_t hash;

	memcpy(&hash, key, sizeof(hash));
	return &lru->buckets[hash % lru->bucket_cnt];
}

static void list_take(struct lru *lru, struct lru_entry *entry)
{
	*(entry->older ? &entry->older->newer : &lru->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &lru->newest) = entry->older;
}

static void list_put(struct lru *lru, struct lru_entry *entry)
{
	entry->older = lru->newest;
	entry->newer = NULL;
	*(lru->newest ? &lru->newest->newer : &lru->oldest) = entry;
	lru->newest = entry;
}

struct lru_entry *lru_find(const struct lru *lru, const uint8_t key[LRU_KEY_LEN])
{
	struct lru_entry *at = *bucket_of(lru, key);

	while (at && memcmp(at->key, key, LRU_KEY_LEN) != 0)
		at = at->chain;
	return at;
}

void lru_touch(struct lru *lru, struct lru_entry *entry)
{
	list_take(lru, entry);
	list_put(lru, entry);
}

void lru_add(struct lru *lru, struct lru_entry *entry, const uint8_t key[LRU_KEY_LEN])
{
	struct lru_entry **bucket = bucket_of(lru, key);

	memcpy(entry->key, key, LRU_KEY_LEN);
	entry->weight = 0;
	entry->chain = *bucket;
	*bucket = entry;
	list_put(lru, entry);
}

void lru_weigh(struct lru *lru, struct lru_entry *entry, uint64_t weight)
{
	lru->weight += weight - entry->weight;
	entry->weight = weight;
	while (lru->weight > lru->most)
		lru_forget(lru, lru->oldest);
}

void lru_forget(struct lru *lru, struct lru_entry *entry)
{
	struct lru_entry **at = bucket_of(lru, entry->key);

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	list_take(lru, entry);
	lru->weight -= entry->weight;
	lru->free(entry);
}

void lru_end(struct lru *lru)
{
	while (lru->oldest)
		lru_forget(lru, lru->oldest);
	free(lru->buckets);
}
