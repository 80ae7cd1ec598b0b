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
#include "stage/name.h"

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

/* A payload is held as sums of its parts, each as long as a copy for the agent. */
struct name_seen_part {
	struct sek_name_seen_key key;
	struct sek_name_seen seen;
};

/* The key and the sum of the part-th part of p. 0 or -errno. */
static __always_inline long name_seen_read(struct frame_ctx *ctx, const struct packet *p,
					   const struct sek_flow *flow, __u32 part,
					   struct name_seen_part *ret)
{
	__u32 from = part * SEK_NAME_COPY_BYTES, len = p->payload_len - from;
	struct sek_name_copy *copy = name_copy_room();
	long error;

	if (!copy || from >= p->payload_len)
		return -EFAULT;
	len = len < SEK_NAME_COPY_BYTES ? len : SEK_NAME_COPY_BYTES;
	error = name_copy_load(ctx, copy, p->payload + from, len);
	if (error)
		return error;
	ret->key =
		(struct sek_name_seen_key){ .number = flow->number, .seq = p->seq + from, .len = len };
	ret->seen = (struct sek_name_seen){ .sum = name_seen_sum(len),
					    .asked_ns = READ_ONCE(flow->asked_ns) };
	return 0;
}

/* The agent was given this part. Apart, as is the next one, so that it is verified once. */
__noinline int name_seen_note_part(struct frame_ctx *ctx, struct packet *p, __u32 part)
{
	struct sek_flow *flow = p ? name_flow(p) : NULL;
	struct name_seen_part this;

	if (!p || !flow || name_seen_read(ctx, p, flow, part, &this))
		return -EFAULT;
	return bpf_map_update_elem(&sek_name_seen, &this.key, &this.seen, BPF_ANY);
}

/* Whether the agent was given these very bytes, of this flow, and has spoken since: 1, else 0. */
__noinline int name_seen_same_part(struct frame_ctx *ctx, struct packet *p, __u32 part)
{
	struct sek_flow *flow = p ? name_flow(p) : NULL;
	const struct sek_name_seen *seen;
	struct name_seen_part this;

	if (!p || !flow || name_seen_read(ctx, p, flow, part, &this))
		return 0;
	seen = bpf_map_lookup_elem(&sek_name_seen, &this.key);
	return seen && seen->asked_ns >= flow->first_ns &&
	       (__s64)(READ_ONCE(flow->heard_ns) - seen->asked_ns) >= 0 &&
	       seen->sum == this.seen.sum;
}

/* After the agent was given all of p. What cannot be noted waits once more. */
static __always_inline void name_seen_note(struct frame_ctx *ctx, struct packet *p)
{
	for (__u32 i = 0; i < NAME_COPY_PARTS; i++)
		if (i * SEK_NAME_COPY_BYTES >= p->payload_len || name_seen_note_part(ctx, p, i))
			break;
}

static __always_inline bool name_is_seen(struct frame_ctx *ctx, struct packet *p)
{
	for (__u32 i = 0; i < NAME_COPY_PARTS; i++) {
		if (i * SEK_NAME_COPY_BYTES >= p->payload_len)
			return i;
		if (!name_seen_same_part(ctx, p, i))
			return false;
	}
	return true;
}

#endif
