/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a list, read side by side, put together: each entry once. Used by read.c.
 */
#ifndef POLICY_NAMES_MERGE_H
#define POLICY_NAMES_MERGE_H

#include <stdint.h>
#include <string.h>

#include "names/names.h"

/* Drawn for each use, so that nobody can write a list of which all entries fall together. */
struct name_seed {
	uint64_t a, b;
};

int name_seed_draw(struct name_seed *ret_seed);

static inline uint64_t name_hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t name_hash(const struct name_seed *seed, const char *text, size_t len)
{
	uint64_t hash = seed->a ^ len, word;

	for (; len >= 8; text += 8, len -= 8) {
		memcpy(&word, text, 8);
		hash = name_hash_mix(hash ^ word, seed->b);
	}
	word = 0;
	memcpy(&word, text, len);
	return name_hash_mix(hash ^ word, seed->b ^ 0x9e3779b97f4a7c15ULL);
}

struct name_reader;

/*
 * Takes what the parts hold, whose lines are counted on from one another, into one list. 0, -ENOMEM or
 * -E2BIG.
 */
int name_merge(struct name_reader *parts, size_t part_cnt, size_t thread_cnt,
	       struct name_list *ret_list);

#endif
