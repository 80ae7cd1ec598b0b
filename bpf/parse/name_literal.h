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

/* found: the name, as a parser gave it. Answers whether it is, or may be, an address. */
__noinline int name_is_literal(struct frame_ctx *ctx, __u64 found)
{
	__u32 off = name_off(found), len = name_len(found), end = off + len;
	const __u8 *at = word_at(ctx, off, 1);

	if (!at || !literal_digit(*at))
		return 0; /* most names */
	for (__u32 i = 1; i < LITERAL_LABEL; i++) {
		at = word_at(ctx, end - i - 1, 2);
		if (!at)
			return 1;
		if (i >= len || at[0] == '.')
			return literal_digit(at[1]);
	}
	return 1;
}

#endif
