/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fingerprints of names, the same for who builds a table and for who looks something up: two lanes of
 * Multilinear-HM over 64-bit words (Lemire and Kaser, "Strongly Universal String Hashing is Fast", 2014),
 * of which the upper halves are taken. For any two names chosen without knowledge of the keys the chance
 * of one fingerprint is 2^-64. It is no pseudorandom function: who sees fingerprints learns of the keys, so
 * none leaves the machine.
 *
 * A host name is cut into words from its right end: word j ends 8 * j bytes before it, and all suffixes
 * share the words to their right. A path is cut from its left end, behind a word that is the host's
 * fingerprint. Bytes that a word has too many are 0. Host bytes are taken with 0x20 set, which makes
 * letters small and merges only bytes that no host name has.
 */
#ifndef SEKISHO_NAMEHASH_H
#define SEKISHO_NAMEHASH_H

#include "sekisho/base.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define SEK_NAME_HOST_WORDS 32 /* 256 bytes */
#define SEK_NAME_PATH_WORDS 64 /* 512 bytes */

/* Keys of one word: two lanes, and what is added when it is the last one. */
struct sek_name_word_key {
	__u64 a0, a1, b0, b1;
	__u64 last_a, last_b;
};
SEK_LAYOUT(struct sek_name_word_key, 48);

/* sek_name_key[number of the head] */
struct sek_name_keys {
	struct sek_name_word_key host[SEK_NAME_HOST_WORDS];
	struct sek_name_word_key path[SEK_NAME_PATH_WORDS];
	struct sek_name_word_key site; /* of the host's fingerprint in front of a path */
};
SEK_LAYOUT(struct sek_name_keys, 97 * 48);

/* Both lanes so far. */
struct sek_name_sum {
	__u64 a, b;
};

/* Takes in one more word. */
static __always_inline void name_sum_add(struct sek_name_sum *sum,
					 const struct sek_name_word_key *key, __u64 word)
{
	sum->a += (key->a0 + (__u32)word) * (key->a1 + (word >> 32));
	sum->b += (key->b0 + (__u32)word) * (key->b1 + (word >> 32));
}

/* The fingerprint of what was taken in so far and, as its last word, this one. */
static __always_inline __u64 name_sum_end(struct sek_name_sum sum,
					  const struct sek_name_word_key *key, __u64 word)
{
	name_sum_add(&sum, key, word);
	sum.a += key->last_a;
	sum.b += key->last_b;
	return sum.a >> 32 | (sum.b & 0xffffffff00000000ULL);
}

/*
 * The first lane's half of that fingerprint, its low 32 bits. The bloom goes by it, so that the second lane
 * is worked out only of what the bloom lets by.
 */
static __always_inline __u32 name_sum_half(struct sek_name_sum sum,
					   const struct sek_name_word_key *key, __u64 word)
{
	sum.a += (key->a0 + (__u32)word) * (key->a1 + (word >> 32));
	return (__u32)((sum.a + key->last_a) >> 32);
}

/* Of the mark which says that pages of a host are listed: the host's fingerprint, and no path behind it. */
static __always_inline __u64 name_sum_pages(const struct sek_name_keys *keys, __u64 host)
{
	struct sek_name_sum sum = {};

	name_sum_add(&sum, &keys->site, host);
	return name_sum_end(sum, &keys->path[0], 0);
}

/* The half of a fingerprint that the bloom goes by, spread over 64 bits; the upper are the better ones. */
static __always_inline __u64 name_bloom_spread(__u64 print)
{
	return (__u32)print * 0x9e3779b97f4a7c15ULL;
}

/* The word of the bloom that a fingerprint is asked in, and the bits that it must have. */
static __always_inline __u32 name_bloom_word(__u64 print, __u32 mask)
{
	return (__u32)(name_bloom_spread(print) >> 45) & mask;
}

static __always_inline __u64 name_bloom_bits(__u64 print)
{
	__u64 spread = name_bloom_spread(print);

	return 1ULL << (spread >> 39 & 63) | 1ULL << (spread >> 33 & 63) |
	       1ULL << (spread >> 27 & 63);
}

/* The two lines that may hold it, of line_cnt, and the tag that it has there. */
static __always_inline __u32 name_line_first(__u64 print, __u32 line_cnt)
{
	return (__u32)((print >> 32) * line_cnt >> 32);
}

static __always_inline __u32 name_line_second(__u64 print, __u32 line_cnt)
{
	return (__u32)((print * 0x9e3779b97f4a7c15ULL >> 32) * line_cnt >> 32);
}

static __always_inline __u64 name_tag(__u64 print)
{
	return print & ((1ULL << 40) - 1);
}

/* A slot of a line: tag in the low 40 bits, set above; 0 is empty, and set 0 is none. */
static __always_inline __u64 name_slot_make(__u64 print, __u32 set)
{
	return (__u64)set << 40 | name_tag(print);
}

/* The set of a slot if its tag is this one's, else 0. */
static __always_inline __u32 name_slot_set(__u64 slot, __u64 print)
{
	return (slot ^ print) << 24 ? 0 : (__u32)(slot >> 40);
}

#endif
