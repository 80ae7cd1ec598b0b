/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames of flows that are to be inspected go to a worker, instead of out, at the very end: accepted,
 * within their rate and as they will leave. Notices by itself that nobody serves; then the tenant's
 * `fail:` says. Called by walk_out() for packets that packet.inspect marks.
 * Promises that of a flow handed back no frame overtakes another: each direction goes on here at a packet
 * before which as many were let go as were handed over.
 */
#ifndef BPF_STAGE_INSPECT_H
#define BPF_STAGE_INSPECT_H

#include "core/config.h"
#include "core/handmaps.h"
#include "core/maps.h"
#include "core/packet.h"

#include <linux/in.h>

/* Why a packet cannot be handed over. */
enum inspect_why {
	INSPECT_CAN = 0,
	INSPECT_DEAD = 1, /* nobody serves here */
	INSPECT_FULL = 2,
	INSPECT_BLIND = 3, /* it cannot be inspected whoever serves */
	INSPECT_LONG = 4, /* its sender was told not to send so long ones */
};

static __always_inline bool inspect_is_piece(const struct packet *p)
{
	return p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER);
}

/*
 * Decided as the tenant's `fail:` says. What passed unseen leaves a gap: the rest of its flow follows it,
 * unless it was a ring's being full alone, or a datagram, of which the worker sees no more than of a packet
 * that was lost.
 */
static __always_inline enum sek_verdict inspect_fail(struct packet *p, struct sek_handoff *hand,
						     enum inspect_why why, enum sek_verdict passes)
{
	const struct sek_tenant *tenant = tenant_of(p);

	if (why == INSPECT_LONG)
		return packet_end(p, SEK_R_inspect_long, SEK_DROP);
	if (!tenant || tenant->flags & SEK_TENANT_FAIL_CLOSED) {
		p->reason = why == INSPECT_DEAD	  ? SEK_R_inspect_closed
			    : why == INSPECT_FULL ? SEK_R_inspect_full
						  : SEK_R_inspect_blind;
		return SEK_DROP;
	}
	p->reason = why == INSPECT_DEAD	  ? SEK_R_inspect_open
		    : why == INSPECT_FULL ? SEK_R_inspect_full_open
					  : SEK_R_inspect_blind_open;
	if (hand && (why == INSPECT_DEAD || (why == INSPECT_BLIND && p->proto == IPPROTO_TCP)))
		WRITE_ONCE(hand->state, SEK_HANDOFF_UNSEEN);
	return passes;
}

/*
 * A datagram of which pieces passed unseen, and what does not fit a buffer. Senders of a connection that a
 * worker saw begin were told to send no such segments (agent/inline/clamp.c): who does it all the same wants
 * them to pass unseen.
 */
static __always_inline enum inspect_why inspect_fits(struct frame_ctx *ctx, const struct packet *p,
						     const struct sek_handoff *hand)
{
	__u32 len = frame_len(ctx);

	if (p->leads == LEADS_BLIND)
		return INSPECT_BLIND;
	if (len <= SEK_HANDOFF_LEN_MAX && len <= frame_seen_len(ctx))
		return INSPECT_CAN;
	return hand && hand->told >> (p->dir & 1) & 1 ? INSPECT_LONG : INSPECT_BLIND;
}

static __always_inline void inspect_untake(struct sek_xsk_ring *ring, struct sek_share *share)
{
	__sync_fetch_and_add(&ring->sent, -1);
	__sync_fetch_and_add(&share->sent, -1);
}

/*
 * Takes a buffer of the ring, within what the body may have waiting; false: there is none. A queue is polled
 * by one CPU, but for generic XDP.
 */
static __always_inline bool inspect_take(struct sek_xsk_ring *ring, struct sek_share *share)
{
	__u64 sent = __sync_fetch_and_add(&ring->sent, 1);
	__u64 had = __sync_fetch_and_add(&share->sent, 1);
	__s64 left = (__s64)READ_ONCE(ring->room) - (__s64)(sent - READ_ONCE(ring->taken));
	__s64 waiting = (__s64)(had - READ_ONCE(share->taken));

	if (left > 0 && waiting <= SEK_SHARE * left)
		return true;
	inspect_untake(ring, share);
	return false;
}

/* The flow is this worker's from its first frame on; of another's life it knows nothing. */
static __always_inline bool inspect_begin(struct sek_handoff *hand, const struct sek_worker *worker,
					  __u8 number)
{
	if (hand->state == SEK_HANDOFF_NONE) {
		hand->worker = number;
		hand->began_ns = READ_ONCE(worker->began_ns);
		WRITE_ONCE(hand->state, SEK_HANDOFF_WORKER);
	}
	return hand->began_ns == READ_ONCE(worker->began_ns);
}

/* A worker has what tells the other side how long segments may be, and sees to it that it can take them. */
static __always_inline void inspect_tells(const struct packet *p, struct sek_handoff *hand)
{
	bool bare = p->family == 4 || p->l4 == p->l3 + sizeof(struct ipv6hdr);

	if (hand && p->proto == IPPROTO_TCP && p->tcp_flags & TCP_SYN && bare && !inspect_is_piece(p))
		hand->told |= 1 << (~p->dir & 1);
}

static __always_inline bool inspect_note(struct frame_ctx *ctx, const struct packet *p,
					 const struct sek_flow *flow, struct sek_handoff *hand)
{
	struct sek_note note = {
		.first_ns = hand ? hand->first_ns : 0,
		.number = hand ? p->number : 0,
		.handed_ns = (__u32)bpf_ktime_get_ns(),
		.mark = SEK_NOTE_MARK,
		.tenant = p->tenant,
		.dir = p->dir,
		.port = p->port,
		.out_port = p->out_port,
		.flags = p->flags & PKT_REPLY ? SEK_NOTE_REPLY : 0,
	};

	if (flow && flow->flags & SEK_FLOW_COOKIE) {
		note.flags |= SEK_NOTE_COOKIE;
		note.shift = flow->shift;
	}
	if (hand)
		note.sent = __sync_fetch_and_add(&hand->sent[p->dir & 1], 1) + 1;
	if (!frame_note(ctx, &note))
		return true;
	if (hand)
		__sync_fetch_and_add(&hand->sent[p->dir & 1], -1);
	return false;
}

/*
 * Hands the packet over, or says why it cannot. flow, hand NULL: a piece whose first has not come, nor with
 * it the ports of its flow; who has the flows between its ends is known.
 */
static __always_inline enum inspect_why inspect_hand(struct frame_ctx *ctx, struct packet *p,
						     const struct sek_flow *flow,
						     struct sek_handoff *hand)
{
	__u32 number = !hand || hand->state == SEK_HANDOFF_NONE ? hand_choose(&p->src, &p->dst)
								: hand->worker;
	int place = frame_queue(ctx, p->port, number);
	const struct sek_worker *worker;
	struct sek_xsk_ring *ring;
	struct sek_share *share;
	enum inspect_why fits;

	if (!hand_is_there(p->now_ns))
		return INSPECT_DEAD;
	fits = place < 0 ? INSPECT_BLIND : inspect_fits(ctx, p, hand);
	if (fits != INSPECT_CAN)
		return fits;
	ring = hand_ring(place);
	worker = ring && ring->room ? hand_worker(number) : NULL;
	if (!worker || !hand_is_alive(worker, p->now_ns) ||
	    (!cfg.replay && !frame_is_served(ctx, place)))
		return INSPECT_DEAD;
	p->worker = (__u8)number;
	if (hand && !inspect_begin(hand, worker, p->worker))
		return INSPECT_BLIND;
	share = hand_share(number, p->tenant);
	if (!share || !inspect_take(ring, share))
		return INSPECT_FULL;
	if (inspect_note(ctx, p, flow, hand)) {
		inspect_tells(p, hand);
		return INSPECT_CAN;
	}
	inspect_untake(ring, share);
	return INSPECT_BLIND;
}

/* Of a TCP that says no more than what has come. */
static __always_inline bool inspect_is_pure_ack(const struct packet *p)
{
	return p->proto == IPPROTO_TCP && !p->payload_len && p->tcp_flags == TCP_ACK;
}

/* Decided, and all of this direction that was handed over is on its way. */
static __always_inline bool inspect_is_back(const struct packet *p, const struct sek_handoff *hand)
{
	__u32 dir = p->dir & 1;

	return hand->state == SEK_HANDOFF_BACK &&
	       (hand->back >> dir & 1 || (hand->quiet >> dir & 1 && inspect_is_pure_ack(p))) &&
	       READ_ONCE(hand->sent[dir]) == READ_ONCE(hand->upto[dir]);
}

/* A piece without its first: its receiver can make nothing of it, so it may pass unseen, which is noted. */
static __always_inline enum sek_verdict inspect_early(struct frame_ctx *ctx, struct packet *p)
{
	p->number = 0;
	if (inspect_hand(ctx, p, NULL, NULL) != INSPECT_CAN)
		return SEK_FORWARD;
	return packet_end(p, SEK_R_inspected, SEK_TO_WORKER);
}

/* The entry that its first piece told of may be another flow's by now. */
static __always_inline bool inspect_is_of(const struct packet *p, const struct sek_flow *flow)
{
	__u32 from = p->dir == SEK_IN;

	return !(flow->flags & SEK_FLOW_GONE) && flow->key.tenant == p->tenant &&
	       flow->key.proto == p->proto && addr_equal(&flow->key.addr[from], &p->src) &&
	       addr_equal(&flow->key.addr[!from], &p->dst);
}

__noinline enum sek_verdict inspect_ask(struct frame_ctx *ctx, struct packet *p)
{
	struct sek_handoff *hand;
	enum inspect_why why;
	struct sek_flow *flow;

	barrier_var(ctx); /* TC has no use for it, and clang would not pass it on */
	if (!p)
		return SEK_BUG;
	flow = flowtable_entry(p->number);
	if (p->flags & PKT_FRAG_LATER && (!flow || !p->number || !inspect_is_of(p, flow)))
		return inspect_early(ctx, p);
	if (!flow || !p->number) /* another CPU is making it, of a twin of this packet */
		return inspect_fail(p, NULL, INSPECT_BLIND, SEK_FORWARD);
	hand = hand_of(flow);
	if (!hand)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (hand->state == SEK_HANDOFF_DROP)
		return packet_end(p, SEK_R_inspect_block, SEK_DROP);
	if (inspect_is_back(p, hand))
		return SEK_FORWARD;
	if (hand->state == SEK_HANDOFF_UNSEEN)
		return inspect_fail(p, hand, INSPECT_BLIND, SEK_FORWARD);
	why = inspect_hand(ctx, p, flow, hand);
	if (why == INSPECT_CAN)
		return packet_end(p, SEK_R_inspected, SEK_TO_WORKER);
	/* It was decided; what is still with a worker that is gone will not come. */
	if (hand->state == SEK_HANDOFF_BACK && hand->back >> (p->dir & 1) & 1 && why == INSPECT_DEAD)
		return SEK_FORWARD;
	return inspect_fail(p, hand, why, SEK_FORWARD);
}

/* The kernel's own stack sends it on, unseen: it may, as long as nothing is in it. */
static __always_inline enum sek_verdict inspect_stack(struct packet *p)
{
	__u8 reason = p->reason;
	enum sek_verdict verdict;

	if ((reason != SEK_R_stack_mtu && reason != SEK_R_stack_resolve) ||
	    (!p->payload_len && !inspect_is_piece(p)) || (p->flags & PKT_FRAG_LATER && !p->number))
		return SEK_STACK;
	verdict = inspect_fail(p, NULL, INSPECT_BLIND, SEK_STACK);
	if (verdict == SEK_STACK)
		p->reason = reason;
	return verdict;
}

/* Of each packet that was to leave by this verdict. */
static __always_inline enum sek_verdict stage_inspect(struct frame_ctx *ctx, struct packet *p,
						      enum sek_verdict verdict)
{
	if (!p->inspect)
		return verdict;
	if (verdict == SEK_FORWARD)
		return inspect_ask(ctx, p);
	return verdict == SEK_STACK ? inspect_stack(p) : verdict;
}

#endif
