/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IPv4 addresses in the place of a name, in each of their spellings: dotted or one number, decimal, octal,
 * hexadecimal. What they have in common is a last label that begins with a digit, which no name of the
 * DNS's root does. Called by the stages of TLS and HTTP.
 */
#ifndef BPF_PARSE_NAME_LITERAL_H
#define BPF_PARSE_NAME_LITERAL_H

#include "parse/words.h"

#define LITERAL_LABEL 64

static __always_inline bool literal_digit(__u8 byte)
{
	return byte >= '0' && byte <= '9';
}

/* Whether the last label of a name begins with a digit, or cannot be told to. */
__noinline int literal_last(struct frame_ctx *ctx, __u64 found)
{
	__u32 len = name_len(found), end = name_off(found) + len;

	for (__u32 i = 1; i < LITERAL_LABEL; i++) {
		const __u8 *at = word_at(ctx, end - i - 1, 2);

		if (!at)
			return 1;
		if (i >= len || at[0] == '.')
			return literal_digit(at[1]);
	}
	return 1;
}

/*
 * found: the name, as a parser gave it. Answers whether it is, or may be, an address; most names are not
 * at first sight.
 */
static __always_inline bool name_is_literal(struct frame_ctx *ctx, __u64 found)
{
	const __u8 *first = word_at(ctx, name_off(found), 1);

	return first && literal_digit(*first) && literal_last(ctx, found);
}

#endif
