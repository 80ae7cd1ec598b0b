/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Datagrams of flows that may be QUIC's. What is known of one connection tells nothing of the next one
 * between the same ports (RFC 9000, 5.2), so each Initial that a client sends is the agent's, to the
 * end of the flow; all others pass, for no server answers a connection whose Initial it has not seen.
 * An Initial is never sent again as it was, so where the tenant fails closed it passes by its
 * connection's id: that of one which the agent has spoken of, or the one that its server has given
 * itself since. Both are kept as keyed sums in the flow's entry (name.start, name.next), and the agent
 * reads it all the same. Part of the program of stage/name_agent.h.
 */
#ifndef BPF_STAGE_NAME_QUIC_H
#define BPF_STAGE_NAME_QUIC_H

#include "core/packet.h"
#include "parse/name_quic.h"
#include "report/namecopy.h"
#include "stage/name.h"
#include "stage/name_refuse.h"
#include "stage/name_seen.h"

#define QUIC_DATAGRAMS 128 /* of one frame: no kernel merges more of UDP */

/* What becomes of a datagram; of those of one frame, the greatest. */
enum quic_end {
	QUIC_PASSES = 0,
	QUIC_WAITS, /* for the agent */
	QUIC_OVER, /* the agent has had enough copies that it has not spoken of */
	QUIC_BAD,
	QUIC_REFUSED,
};

/* The sum that a connection is known by in its flow; 0: it cannot be made. */
static __always_inline __u32 quic_sum(struct frame_ctx *ctx, __u64 id)
{
	struct sek_name_copy *copy = name_copy_room();
	__u64 sum;

	if (!copy || name_copy_load(ctx, copy, name_off(id), name_len(id)))
		return 0;
	sum = name_seen_sum(name_len(id));
	return (__u32)(sum ^ sum >> 32) | 1;
}

/* False: the agent does not get it, and that is counted. */
static __always_inline bool quic_copy(struct frame_ctx *ctx, const struct packet *p,
				      struct sek_flow *flow, __u32 off, __u32 len, __u32 sum,
				      bool holds)
{
	struct sek_name_copy *copy = name_copy_open(p, flow, SEK_NAME_ASKED);

	if (!copy)
		return false;
	copy->head.seq = sum;
	copy->head.payload_len = len;
	if (holds)
		WRITE_ONCE(flow->asked_ns, copy->head.now_ns);
	return !name_copy_send(ctx, off, len);
}

/*
 * An Initial, whose id is at found, if it can be known by that. Answers wait for the agent, but not
 * those to the id that the server gave itself: they are the connection's that it has answered.
 */
static __always_inline enum quic_end quic_ask(struct frame_ctx *ctx, const struct packet *p,
					      struct sek_flow *flow, __u32 off, __u32 len,
					      __u64 found)
{
	__u32 sum = name_kind(found) == NAME_FOUND ? quic_sum(ctx, found) : 0;
	bool young = name_is_young(p, flow);
	bool server = young && sum && sum == flow->name.next;
	bool known = server || (young && sum && sum == flow->name.start);

	if (flow->name.copies >= NAME_COPIES_MAX)
		return QUIC_OVER;
	if (!quic_copy(ctx, p, flow, off, len, sum, !server))
		return QUIC_WAITS;
	flow->name.copies++;
	return known ? QUIC_PASSES : QUIC_WAITS;
}

/*
 * The part-th datagram of a frame; enum quic_end. A function of its own, so that it is verified once.
 */
__noinline int name_quic_part(struct frame_ctx *ctx, struct packet *p, __u32 part)
{
	struct sek_flow *flow = p ? name_flow(p) : NULL;
	const struct sek_name_profile *profile;
	__u32 size, off, len;
	__u64 found;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!p || !flow || !profile)
		return QUIC_BAD;
	size = frame_more(&p->shape) ? frame_more_size(&p->shape) : p->payload_len;
	if (part * size > p->payload_len)
		return QUIC_BAD;
	off = p->payload + part * size;
	len = p->payload_len - part * size;
	len = len < size ? len : size;
	found = name_quic_find(ctx, off, len);
	if (name_kind(found) == NAME_NONE ||
	    (name_kind(found) == NAME_BAD && p->dport != bpf_htons(NAME_PORT_QUIC)))
		return QUIC_PASSES;
	if (profile->flags & SEK_NAME_QUIC_REFUSE)
		return QUIC_REFUSED;
	if (p->flags & PKT_FRAG_FIRST && name_kind(found) != NAME_BAD)
		return QUIC_BAD; /* RFC 9000, 14: never in pieces */
	flow->name.proto = SEK_NAME_PROTO_QUIC;
	WRITE_ONCE(flow->name.state, SEK_NAME_QUIC);
	return quic_ask(ctx, p, flow, off, len, found);
}

static __always_inline enum quic_end quic_end_of(struct frame_ctx *ctx, struct packet *p)
{
	__u32 cnt = packet_frames(p), end = QUIC_PASSES;

	if (cnt > QUIC_DATAGRAMS)
		return QUIC_BAD;
	for (__u32 i = 0; i < QUIC_DATAGRAMS; i++) {
		__u32 part;

		if (i >= cnt)
			break;
		part = name_quic_part(ctx, p, i);
		end = part > end ? part : end;
	}
	return end;
}

/*
 * Of a connection that was answered, the id that its server will be called by from now on. A Retry has
 * one as well, but what follows that is another Initial with another ClientHello.
 */
static __always_inline void quic_learn(struct frame_ctx *ctx, const struct packet *p,
				       struct sek_flow *flow)
{
	__u64 id = name_quic_server(ctx, p->payload);

	if (name_kind(id) == NAME_FOUND)
		WRITE_ONCE(flow->name.next, quic_sum(ctx, id));
}

/* A client's datagrams, as many as the frame has. */
static __always_inline enum sek_verdict name_quic(struct frame_ctx *ctx, struct packet *p,
						  struct sek_flow *flow, bool closed)
{
	switch (quic_end_of(ctx, p)) {
	case QUIC_PASSES:
		return SEK_NEXT;
	case QUIC_WAITS:
		if (closed)
			return packet_end(p, SEK_R_name_wait, SEK_DROP);
		return packet_end(p, SEK_R_name_pending, SEK_NEXT);
	case QUIC_OVER:
		p->reason = SEK_R_name_pending;
		return name_hold(p, flow, closed);
	case QUIC_REFUSED:
		return name_refuse(ctx, p, flow, SEK_R_name_quic);
	default:
		return packet_end(p, SEK_R_name_bad, SEK_DROP);
	}
}

#endif
