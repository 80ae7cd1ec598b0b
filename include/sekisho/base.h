/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fixed-width types for both compilers.
 * Included by every ABI header; bpf/ and user space see the same layouts.
 * Everything here is append only: what was published once keeps its meaning.
 */
#ifndef SEKISHO_BASE_H
#define SEKISHO_BASE_H

#include <linux/types.h>

/* An IPv4 address travels as its v4-mapped IPv6 form (RFC 4291, 2.5.5.2), network byte order. */
struct sek_addr {
	union {
		__u8 b[16];
		__be32 w[4];
		__u64 q[2];
	};
} __attribute__((aligned(8)));

/* Proves a layout at compile time, in both compilers. */
#define SEK_LAYOUT(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed its size")

#endif
