/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text in a packet, eight bytes at a time. A mark is 0x80 in the place of a byte. Called by the parsers
 * of names and by stage/name_look.h; owns nothing.
 */
#ifndef BPF_PARSE_WORDS_H
#define BPF_PARSE_WORDS_H

#include "core/flavour.h"
#include "parse/cursor.h"

#define WORD_OF(byte) ((byte)*0x0101010101010101ULL)
#define WORD_HIGH WORD_OF(0x80ULL)
#define WORD_LOW7 WORD_OF(0x7fULL)
#define WORD_SMALL WORD_OF(0x20ULL) /* makes letters small */

/*
 * A zero that the verifier does not know. What begins as a known number is followed through each turn
 * of a loop as 0, 8, 16..., and no two turns are then alike.
 */
static __always_inline __u64 word_hidden_zero(__u64 x)
{
	__u64 zero = x;

	asm volatile("%0 ^= %1" : "+r"(zero) : "r"(x));
	return zero;
}

/*
 * frame_at() for a loop that has proved its offsets before: beyond FRAME_OFFSET_MAX it gives other
 * bytes, not NULL.
 */
static __always_inline void *word_at(const struct frame_ctx *ctx, __u32 off, __u32 len)
{
	void *data = frame_data(ctx);
	void *end = frame_end(ctx);

	barrier_var(off);
	off &= FRAME_OFFSET_MAX;
	data += off;
	return data + len > end ? NULL : data;
}

/* Eight bytes as they stand there, at no multiple of 8: memcpy() would become eight loads. */
static __always_inline __u64 word_read(const void *at)
{
	return *(const __u64 *)at;
}

/* Marks the bytes that are 0, and no others. */
static __always_inline __u64 word_zeros(__u64 x)
{
	return ~(((x & WORD_LOW7) + WORD_LOW7) | x | WORD_LOW7);
}

static __always_inline __u64 word_marks(__u64 word, __u8 byte)
{
	return word_zeros(word ^ WORD_OF((__u64)byte));
}

/* Not 0 when one of them is this byte; where the marks are says nothing. */
static __always_inline __u64 word_has(__u64 word, __u8 byte)
{
	__u64 x = word ^ WORD_OF((__u64)byte);

	return (x - WORD_OF(1ULL)) & ~x & WORD_HIGH;
}

/* 0 or 1, without a branch, which clang would make of it: each doubles what the verifier has to walk. */
static __always_inline __u64 word_differs(__u64 a, __u64 b)
{
	__u64 x = a ^ b;

	x |= -x;
	barrier_var(x);
	return x >> 63;
}

/*
 * Of how many bytes a word has too many when rest bytes are left, and whether it is the last one: all
 * bits are set then, else none. Without a branch.
 */
static __always_inline __u32 word_spare(__u32 rest, __u64 *ret_last)
{
	__s64 more = 8 - (__s64)rest;

	barrier_var(more);
	more >>= 63;
	*ret_last = ~more;
	return (8 - rest) & ~more;
}

/* Number of the byte that the lowest mark is at; marks is not 0. BPF counts no zeros. */
static __always_inline __u32 word_first(__u64 marks)
{
	__u64 low = marks & -marks;

	return (((low - 1) & WORD_OF(1ULL)) * WORD_OF(1ULL) >> 56) - 1;
}

/* --- what a parser of names answers, as one number: a function of its own gives nothing else --- */

enum word_found {
	NAME_NONE = 0, /* there is no name in it */
	NAME_FOUND = 1, /* at the offset and of the bytes that follow */
	NAME_AGENT = 2, /* not plainly readable here */
	NAME_BAD = 3, /* no reader would take it */
};

/* extra: of a DNS question, its labels; of a request target, bytes in front of its query. */
static __always_inline __u64 name_found(__u32 off, __u32 len, __u32 extra)
{
	return NAME_FOUND | (__u64)(__u16)off << 16 | (__u64)(__u16)len << 32 |
	       (__u64)(__u16)extra << 48;
}

static __always_inline enum word_found name_kind(__u64 found)
{
	return found & 3;
}

static __always_inline __u32 name_off(__u64 found)
{
	return (__u16)(found >> 16);
}

static __always_inline __u32 name_len(__u64 found)
{
	return (__u16)(found >> 32);
}

static __always_inline __u32 name_extra(__u64 found)
{
	return (__u16)(found >> 48);
}

#endif
