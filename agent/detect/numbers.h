/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of rule numbers that is filled in any order, and read and emptied in theirs. Called by who
 * collects rules to ask; costs what is in it, not what could be.
 */
#ifndef AGENT_DETECT_NUMBERS_H
#define AGENT_DETECT_NUMBERS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct numbers {
	uint64_t *bits;
	uint64_t *words; /* one bit for each word of bits that is not 0 */
	uint32_t word_cnt; /* of words */
};

static inline int numbers_init(struct numbers *set, uint32_t cnt)
{
	set->word_cnt = cnt / 4096 + 1;
	set->words = calloc(set->word_cnt, sizeof(*set->words));
	set->bits = calloc((size_t)set->word_cnt * 64, sizeof(*set->bits));
	return set->words && set->bits ? 0 : -ENOMEM;
}

static inline void numbers_free(struct numbers *set)
{
	free(set->bits);
	free(set->words);
}

static inline void numbers_add(struct numbers *set, uint32_t number)
{
	set->bits[number >> 6] |= 1ULL << (number & 63);
	set->words[number >> 12] |= 1ULL << (number >> 6 & 63);
}

static inline bool numbers_has(const struct numbers *set, uint32_t number)
{
	return set->bits[number >> 6] >> (number & 63) & 1;
}

/* Adds all that are in from. */
static inline void numbers_join(struct numbers *set, const struct numbers *from)
{
	for (uint32_t w = 0; w < from->word_cnt; w++) {
		uint64_t words = from->words[w];

		set->words[w] |= words;
		for (; words; words &= words - 1) {
			uint32_t word = w << 6 | (uint32_t)__builtin_ctzll(words);

			set->bits[word] |= from->bits[word];
		}
	}
}

/*
 * Takes out the least that is there; false: it is empty. at: where the last was found, 0 at first.
 */
static inline bool numbers_take(struct numbers *set, uint32_t *at, uint32_t *ret_number)
{
	for (uint32_t w = *at >> 12; w < set->word_cnt; w++) {
		uint32_t word;

		if (!set->words[w])
			continue;
		word = w << 6 | (uint32_t)__builtin_ctzll(set->words[w]);
		*ret_number = word << 6 | (uint32_t)__builtin_ctzll(set->bits[word]);
		set->bits[word] &= set->bits[word] - 1;
		if (!set->bits[word])
			set->words[w] &= set->words[w] - 1;
		*at = *ret_number;
		return true;
	}
	return false;
}

#endif
