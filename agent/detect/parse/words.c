// SPDX-License-Identifier: Apache-2.0
/*
 * Words that many rules share, each kept once and known by a number. Called by all of parse/; a number
 * once given keeps its word.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"

#define BLOCK_BYTES 32768

struct word_block {
	struct word_block *next;
	size_t used, size;
	char bytes[];
};

static uint32_t word_hash(struct slice word)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < word.len; i++)
		hash = (hash ^ word.at[i]) * 16777619u;
	return hash;
}

static uint32_t *slot_of(const struct words *words, struct slice word, uint32_t hash)
{
	uint32_t at = hash & (words->slot_cnt - 1);

	for (; words->slots[at]; at = (at + 1) & (words->slot_cnt - 1)) {
		uint32_t number = words->slots[at];

		if (words->hashes[number - 1] == hash && words->lens[number - 1] == word.len &&
		    (!word.len || memcmp(words->at[number - 1], word.at, word.len) == 0))
			break;
	}
	return &words->slots[at];
}

uint32_t words_find(const struct words *words, struct slice word)
{
	return words->slot_cnt ? *slot_of(words, word, word_hash(word)) : 0;
}

static bool words_grow(struct words *words)
{
	uint32_t cap = words->cap ? words->cap * 2 : 32, slot_cnt = cap * 2;
	const char **at = reallocarray(words->at, cap, sizeof(*at));
	uint32_t *hashes, *lens, *slots;

	if (!at)
		return false;
	words->at = at;
	hashes = reallocarray(words->hashes, cap, sizeof(*hashes));
	if (!hashes)
		return false;
	words->hashes = hashes;
	lens = reallocarray(words->lens, cap, sizeof(*lens));
	if (!lens)
		return false;
	words->lens = lens;
	slots = calloc(slot_cnt, sizeof(*slots));
	if (!slots)
		return false;
	free(words->slots);
	words->slots = slots;
	words->slot_cnt = slot_cnt;
	words->cap = cap;
	for (uint32_t i = 0; i < words->cnt; i++) {
		uint32_t slot = hashes[i] & (slot_cnt - 1);

		while (slots[slot])
			slot = (slot + 1) & (slot_cnt - 1);
		slots[slot] = i + 1;
	}
	return true;
}

static char *words_keep(struct words *words, struct slice word)
{
	struct word_block *block = words->blocks;
	char *kept;

	if (!block || block->size - block->used < word.len + 1) {
		size_t size = word.len + 1 > BLOCK_BYTES ? word.len + 1 : BLOCK_BYTES;

		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		block->next = words->blocks;
		block->used = 0;
		block->size = size;
		words->blocks = block;
	}
	kept = block->bytes + block->used;
	if (word.len)
		memcpy(kept, word.at, word.len);
	kept[word.len] = 0;
	block->used += word.len + 1;
	return kept;
}

uint32_t words_add(struct words *words, struct slice word)
{
	uint32_t hash = word_hash(word), *slot;
	const char *kept;

	if (words->slot_cnt) {
		uint32_t number = *slot_of(words, word, hash);

		if (number)
			return number;
	}
	if (words->cnt == words->cap && !words_grow(words))
		return 0;
	kept = words_keep(words, word);
	if (!kept)
		return 0;
	slot = slot_of(words, word, hash);
	words->at[words->cnt] = kept;
	words->lens[words->cnt] = (uint32_t)word.len;
	words->hashes[words->cnt++] = hash;
	*slot = words->cnt;
	return words->cnt;
}

const char *words_at(const struct words *words, uint32_t number)
{
	return number && number <= words->cnt ? words->at[number - 1] : NULL;
}

void words_free(struct words *words)
{
	while (words->blocks) {
		struct word_block *next = words->blocks->next;

		free(words->blocks);
		words->blocks = next;
	}
	free(words->at);
	free(words->hashes);
	free(words->lens);
	free(words->slots);
	*words = (struct words){};
}
