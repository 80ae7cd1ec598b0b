/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_name_seen: what of a connection the agent was given, as keyed sums of the payloads. Where a
 * tenant fails closed a packet that comes again passes if the agent has spoken of these very bytes, so
 * that nobody can say one thing to the agent and another one to the server. Called by stage/name_agent.h.
 */
#ifndef BPF_STAGE_NAME_SEEN_H
#define BPF_STAGE_NAME_SEEN_H

#include "core/flowtable.h"
#include "core/maps.h"
#include "core/namemaps.h"
#include "core/packet.h"
#include "core/siphash.h"
#include "report/namecopy.h"
#include "sekisho/syncookie.h"

#define SEEN_WORDS (SEK_NAME_COPY_BYTES / 8)
#define SEEN_KEY 0x736b6e616d655365ULL /* so that no sum is a cookie */

/* Of the first len bytes that are in this CPU's room for copies; the last word is apart for the verifier. */
__noinline __u64 name_seen_sum(__u32 len)
{
	struct sek_name_copy *copy = name_copy_room();
	const struct sek_cookie *secret;
	struct siphash_state s;
	__u32 zero = 0, i;
	__u64 rest = 0;

	secret = bpf_map_lookup_elem(&sek_cookie, &zero);
	if (!copy || !secret || len > SEK_NAME_COPY_BYTES)
		return 0;
	siphash_begin(&s, secret->key[0] ^ SEEN_KEY, secret->key[1]);
	for (i = 0; i < SEEN_WORDS; i++) {
		if (8 * i + 8 > len)
			break;
		siphash_word(&s, *(const __u64 *)(copy->bytes + 8 * i));
	}
	if (len & 7 && i < SEEN_WORDS)
		rest = *(const __u64 *)(copy->bytes + 8 * i) & ((1ULL << 8 * (len & 7)) - 1);
	siphash_word(&s, rest);
	siphash_word(&s, len);
	return siphash_end(&s);
}

static __always_inline struct sek_name_seen_key name_seen_key(const struct packet *p,
							      const struct sek_flow *flow)
{
	return (struct sek_name_seen_key){ .number = flow->number,
					   .seq = p->seq,
					   .len = p->payload_len };
}

/* More than a copy holds has no sum. */
static __always_inline bool name_seen_fits(const struct packet *p)
{
	return p->payload_len <= SEK_NAME_COPY_BYTES;
}

/* After the agent was given all of p. */
static __always_inline void name_seen_note(const struct packet *p, const struct sek_flow *flow)
{
	struct sek_name_seen_key key = name_seen_key(p, flow);
	struct sek_name_seen seen = { .asked_ns = READ_ONCE(flow->asked_ns) };

	if (!name_seen_fits(p))
		return;
	seen.sum = name_seen_sum(p->payload_len);
	bpf_map_update_elem(&sek_name_seen, &key, &seen, BPF_ANY);
}

/* The agent was given these bytes of this flow, and has spoken since. */
static __always_inline bool name_is_seen(struct frame_ctx *ctx, const struct packet *p,
					 const struct sek_flow *flow)
{
	struct sek_name_seen_key key = name_seen_key(p, flow);
	struct sek_name_copy *copy = name_copy_room();
	const struct sek_name_seen *seen;

	seen = bpf_map_lookup_elem(&sek_name_seen, &key);
	if (!copy || !seen || !name_seen_fits(p) || seen->asked_ns < flow->first_ns ||
	    (__s64)(READ_ONCE(flow->heard_ns) - seen->asked_ns) < 0)
		return false;
	return !name_copy_load(ctx, copy, p->payload, p->payload_len) &&
	       name_seen_sum(p->payload_len) == seen->sum;
}

#endif
