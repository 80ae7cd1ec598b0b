/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) and its update in place (RFC 1624, eqn. 3). Called by parse/ to
 * verify and by rewrite/ to write. Sums are kept as 32-bit words of network order bytes; folding
 * does not depend on byte order.
 */
#ifndef BPF_REWRITE_CSUM_H
#define BPF_REWRITE_CSUM_H

#include "core/bpf.h"

/* 16 bits of a sum of at most 2^32 words of 16 bits. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* After a 16-bit word of the summed bytes went from old to new. */
static __always_inline void csum_replace(__sum16 *sum, __be16 old, __be16 new)
{
	*sum = ~csum_fold((*sum ^ 0xffff) + (old ^ 0xffff) + new);
}

/* Adds words 32-bit words, a number known when the program is compiled. */
static __always_inline __u64 csum_words(const __be32 *word, __u32 words)
{
	__u64 sum = 0;

#pragma unroll
	for (__u32 i = 0; i < words; i++)
		sum += word[i];
	return sum;
}

/* Both addresses of a packet: the pseudo-header of both families, the v4-mapped prefix is left out. */
static __always_inline __u64 csum_addr(const struct sek_addr *addr, __u8 family)
{
	return family == 4 ? addr->w[3] : csum_words(addr->w, 4);
}

#endif
