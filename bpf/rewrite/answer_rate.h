/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many answers of our own (resets, ICMP errors) a tenant's senders get in a second: who asks for them
 * with a forged source would have the gateway shoot at a third (RFC 4443, 2.4 f; RFC 1812, 4.3.2.8). Inwards,
 * where anybody can be forged, few: what a host sends of such (FreeBSD: 200). Outwards the sender is a body's
 * own, whose source was proven by its prefix, and a browser that is told takes its next way at once: many.
 * One time in the future for each tenant and direction, shared by all CPUs (GCRA, ITU-T I.371), beside those
 * of rates in sek_bucket. Called by rewrite/answer.h, for refused packets alone.
 */
#ifndef BPF_REWRITE_ANSWER_RATE_H
#define BPF_REWRITE_ANSWER_RATE_H

#include "core/maps.h"
#include "core/packet.h"

#define ANSWERS_IN 200 /* a second, and at once after a quiet one */
#define ANSWERS_OUT 20000

/* Takes one. CPUs that do so at once may give away one each beyond it. */
static __always_inline bool answer_fits(const struct packet *p)
{
	__u32 index = (p->tenant & (SEK_TENANTS_MAX - 1)) * 2 + (p->dir & 1);
	__u64 cost = NSEC_PER_SEC / (p->dir == SEK_OUT ? ANSWERS_OUT : ANSWERS_IN);
	struct sek_bucket *bucket = bpf_map_lookup_elem(&sek_bucket, &index);
	__u64 seen;

	if (!bucket)
		return false;
	seen = READ_ONCE(bucket->answers_tat_ns);
	if ((__s64)(seen - p->now_ns) <= 0)
		WRITE_ONCE(bucket->answers_tat_ns, p->now_ns + cost);
	else if (seen - p->now_ns > NSEC_PER_SEC - cost)
		return false;
	else
		__sync_fetch_and_add(&bucket->answers_tat_ns, cost);
	return true;
}

#endif
