/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_cookie and what a SYN cookie says: made of an address pair, the client's number, the time
 * and what the client offered, proved by a keyed hash. Called by stage/syncookie.h. Keeps nothing:
 * all that is known of a connection until it is acknowledged travels with the client.
 */
#ifndef BPF_STAGE_COOKIE_H
#define BPF_STAGE_COOKIE_H

#include "core/maps.h"
#include "core/packet.h"
#include "core/siphash.h"
#include "sekisho/syncookie.h"

_Static_assert(sizeof(struct sek_cookie_text) == SIPHASH_WORDS * 8, "the text is whole words");

/* Sizes of segments that clients accept; one between is taken for the lower.
 * No static: libbpf 1.1 places only global constants rightly. */
const __u16 cookie_sizes[8] = { 216, 536, 1220, 1300, 1360, 1400, 1440, 1460 };

static __always_inline __u32 cookie_size(__u32 terms)
{
	return cookie_sizes[terms >> SEK_COOKIE_MSS_SHIFT & 7];
}

/* The terms of a client: its segment size (MSS), its window scale or NO_SCALE, whether it takes SACK. */
static __always_inline __u32 cookie_terms(__u32 size, __u32 scale, bool sack)
{
	__u32 index = 0;

#pragma unroll
	for (__u32 i = 1; i < 8; i++)
		index += size >= cookie_sizes[i];
	return index << SEK_COOKIE_MSS_SHIFT | (sack ? SEK_COOKIE_SACK : 0) |
	       (scale & SEK_COOKIE_SCALE);
}

static __always_inline __u32 cookie_period(const struct packet *p)
{
	return p->now_ns >> SEK_COOKIE_PERIOD_SHIFT;
}

/* The secret that was in force when a period began. */
static __always_inline const struct sek_cookie *cookie_secret(__u32 period)
{
	const struct sek_cookie *a, *b;
	__u32 zero = 0, one = 1;
	__u64 began = (__u64)period << SEK_COOKIE_PERIOD_SHIFT;

	a = bpf_map_lookup_elem(&sek_cookie, &zero);
	b = bpf_map_lookup_elem(&sek_cookie, &one);
	if (!a || !b)
		return NULL;
	if (b->since_ns > a->since_ns)
		return b->since_ns <= began ? b : a;
	return a->since_ns <= began ? a : b;
}

/* The cookie of a client's packet, its first number and these terms; -ENOENT: there is no secret. */
__noinline __s64 cookie_of(const struct packet *p, __u32 isn, __u32 period, __u32 terms)
{
	union {
		struct siphash_input input;
		struct {
			__u64 key[2];
			struct sek_cookie_text text;
		};
	} in;
	const struct sek_cookie *secret = cookie_secret(period);
	__u16 low = (terms & SEK_COOKIE_TERMS) | (period & 1 ? SEK_COOKIE_PERIOD : 0);

	if (!p || !secret)
		return -ENOENT;
	in.key[0] = secret->key[0];
	in.key[1] = secret->key[1];
	in.text.client = p->src;
	in.text.server = p->dst;
	in.text.client_port = p->sport;
	in.text.server_port = p->dport;
	in.text.isn = isn;
	in.text.period = period;
	in.text.low = low;
	in.text.tenant = p->tenant;
	return (siphash(&in.input) & SEK_COOKIE_MAC) | low;
}

/* Whether the client acknowledges a cookie that was given for this first number of its own. */
static __always_inline bool cookie_fits(const struct packet *p, __u32 isn)
{
	__u32 cookie = p->ack - 1, period = cookie_period(p);

	if (!(cookie & SEK_COOKIE_PERIOD) != !(period & 1))
		period--;
	return cookie_of(p, isn, period, cookie) == cookie;
}

#endif
