/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of a text of whole 64-bit words, in one go or word by word.
 * Called by stage/cookie.h and stage/name_seen.h; owns nothing.
 */
#ifndef BPF_CORE_SIPHASH_H
#define BPF_CORE_SIPHASH_H

#include "core/bpf.h"

#define SIPHASH_WORDS 6

struct siphash_input {
	__u64 key[2];
	__u64 word[SIPHASH_WORDS];
};

struct siphash_state {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 siphash_turn(__u64 value, __u32 bits)
{
	return value << bits | value >> (64 - bits);
}

static __always_inline void siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_turn(s->v1, 13) ^ s->v0;
	s->v0 = siphash_turn(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_turn(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_turn(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_turn(s->v1, 17) ^ s->v2;
	s->v2 = siphash_turn(s->v2, 32);
}

static __always_inline void siphash_word(struct siphash_state *s, __u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

static __always_inline void siphash_begin(struct siphash_state *s, __u64 key0, __u64 key1)
{
	s->v0 = key0 ^ 0x736f6d6570736575ULL;
	s->v1 = key1 ^ 0x646f72616e646f6dULL;
	s->v2 = key0 ^ 0x6c7967656e657261ULL;
	s->v3 = key1 ^ 0x7465646279746573ULL;
}

static __always_inline __u64 siphash_end(struct siphash_state *s)
{
	s->v2 ^= 0xff;
#pragma unroll
	for (int i = 0; i < 4; i++)
		siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

__noinline __u64 siphash(const struct siphash_input *in)
{
	struct siphash_state s;

	if (!in)
		return 0;
	siphash_begin(&s, in->key[0], in->key[1]);
#pragma unroll
	for (int i = 0; i < SIPHASH_WORDS; i++)
		siphash_word(&s, in->word[i]);
	siphash_word(&s, (SIPHASH_WORDS * 8ULL) << 56);
	return siphash_end(&s);
}

#endif
