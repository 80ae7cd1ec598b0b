/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table with open buckets, limited in its entries; what is over goes as the packets' clock passes
 * it. Called by state.c and threshold.c.
 */
#include "detect/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_CNT 65536 /* a power of two */
#define ENTRIES_MAX (1U << 20)
#define TICK_NS 1000000000ULL

struct node {
	struct node *next;
	struct memory_key key;
	struct memory_entry entry;
};

struct memory {
	struct node *buckets[BUCKET_CNT];
	uint32_t cnt;
	uint64_t short_cnt;
	uint64_t ticked_ns;
	uint32_t at; /* bucket that a tick goes on with */
};

int memory_new(struct memory **ret_memory)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	*ret_memory = memory;
	return 0;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	for (uint32_t i = 0; i < BUCKET_CNT; i++) {
		while (memory->buckets[i]) {
			struct node *node = memory->buckets[i];

			memory->buckets[i] = node->next;
			free(node);
		}
	}
	free(memory);
}

static struct node **node_place(struct memory *memory, const struct memory_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = 14695981039346656037ULL; /* FNV-1a, by words */
	struct node **at;

	for (size_t i = 0; i + 8 <= sizeof(*key); i += 8) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		hash = (hash ^ word) * 1099511628211ULL;
		hash ^= hash >> 29;
	}
	at = &memory->buckets[hash & (BUCKET_CNT - 1)];
	while (*at && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
		at = &(*at)->next;
	return at;
}

struct memory_entry *memory_find(struct memory *memory, const struct memory_key *key)
{
	struct node *node = *node_place(memory, key);

	return node ? &node->entry : NULL;
}

struct memory_entry *memory_get(struct memory *memory, const struct memory_key *key, bool *ret_is_new)
{
	struct node **place = node_place(memory, key), *node = *place;

	*ret_is_new = !node;
	if (node)
		return &node->entry;
	node = memory->cnt < ENTRIES_MAX ? calloc(1, sizeof(*node)) : NULL;
	if (!node) {
		memory->short_cnt++;
		return NULL;
	}
	node->key = *key;
	*place = node;
	memory->cnt++;
	return &node->entry;
}

static void node_drop(struct memory *memory, struct node **place)
{
	struct node *node = *place;

	*place = node->next;
	free(node);
	memory->cnt--;
}

void memory_drop(struct memory *memory, const struct memory_key *key)
{
	struct node **place = node_place(memory, key);

	if (*place)
		node_drop(memory, place);
}

/* Where a new action lasted, one period longer: what comes first behind it is not counted. */
static bool is_over(const struct node *node, uint64_t now_ns)
{
	const struct memory_entry *entry = &node->entry;
	uint64_t last_ns = entry->until_ns > entry->begin_ns ? entry->until_ns : entry->begin_ns,
		 end_ns;

	if (node->key.kind == MEMORY_BIT)
		return entry->until_ns && entry->until_ns < now_ns;
	return !__builtin_add_overflow(last_ns, (uint64_t)entry->seconds * 1000000000ULL, &end_ns) &&
	       end_ns < now_ns;
}

void memory_tick(struct memory *memory, uint64_t now_ns)
{
	if (now_ns < memory->ticked_ns + TICK_NS)
		return;
	memory->ticked_ns = now_ns;
	for (uint32_t i = 0; i < BUCKET_CNT / 16; i++) {
		struct node **place = &memory->buckets[memory->at++ & (BUCKET_CNT - 1)];

		while (*place) {
			if (is_over(*place, now_ns))
				node_drop(memory, place);
			else
				place = &(*place)->next;
		}
	}
}

uint64_t memory_short(const struct memory *memory)
{
	return memory->short_cnt;
}
