/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of things by key, bounded by what they weigh together (bytes, or one each): those that were not
 * used for longest go first. An entry stands inside the thing it is of. Owned by whoever made the store; a
 * store that several threads use is under its owner's lock.
 */
#ifndef AGENT_BASE_LRU_H
#define AGENT_BASE_LRU_H

#include <stdint.h>

#define LRU_KEY_LEN 32 /* a SHA-256, so it needs no further hash */

struct lru_entry {
	struct lru_entry *chain; /* of its bucket */
	struct lru_entry *older, *newer;
	uint64_t weight;
	uint8_t key[LRU_KEY_LEN];
};

struct lru {
	uint64_t most, weight; /* of all entries */
	struct lru_entry **buckets;
	uint32_t bucket_cnt;
	struct lru_entry *oldest, *newest;
	void (*free)(struct lru_entry *entry); /* the thing that it is of */
};

/* bucket_cnt: about as many as there will be entries, not 0. 0 or -ENOMEM. */
int lru_init(struct lru *lru, uint64_t most, uint32_t bucket_cnt,
	     void (*free)(struct lru_entry *entry));
void lru_end(struct lru *lru);

/* NULL: nothing has that key. A look is no use. */
struct lru_entry *lru_find(const struct lru *lru, const uint8_t key[LRU_KEY_LEN]);
/* It was used now. */
void lru_touch(struct lru *lru, struct lru_entry *entry);
/* Takes over an entry, which is the newest then and weighs nothing; its key must be in no entry yet. */
void lru_add(struct lru *lru, struct lru_entry *entry, const uint8_t key[LRU_KEY_LEN]);
/*
 * So much it weighs from now on: the oldest are freed until all fit, and this one too if it alone is too
 * heavy.
 */
void lru_weigh(struct lru *lru, struct lru_entry *entry, uint64_t weight);
/* Takes it out and frees it. */
void lru_forget(struct lru *lru, struct lru_entry *entry);

#endif
