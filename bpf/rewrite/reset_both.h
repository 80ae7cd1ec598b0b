/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ends a TCP connection at both of its ends, from one segment of either. The frame becomes the reset
 * that goes on to the segment's receiver, as any packet goes; what goes back to its sender is made of
 * a copy. Called by the stage that refuses a name, and for each packet of a flow that was refused
 * (SEK_NAME_BLOCKED): a reset whose number was not the next one, because segments were on their way,
 * is challenged (RFC 5961, 3.2) or passed over, and what its receiver sends then is answered by one
 * that is right.
 * Promises SEK_BOTH, SEK_ANSWER (the sender is reset, and so is the receiver if the hook sends copies
 * at once) or SEK_DROP (no reset may be sent). packet.reason is its caller's and stays.
 */
#ifndef BPF_REWRITE_RESET_BOTH_H
#define BPF_REWRITE_RESET_BOTH_H

#include "core/namemaps.h"
#include "rewrite/segment.h"
#include "stage/steer.h"

/* What the way back needs to know; of the packet as it came. */
struct reset_back {
	struct answer_link link;
	__u8 tags; /* in it; beside it is one, if the hook keeps one there */
	__u8 moved; /* the way on has a link header of its own */
	__u16 vlan, outer;
};

/* In front of the frame on its way into sek_reset; only the way back of it stands on the stack. */
struct reset_note {
	__u16 port, out_port; /* that it came in by, and goes on by */
	__u32 ifindex; /* of the interface that it came in by */
	__u8 on_l3, on_tags; /* of the frame behind this note */
	__u16 on_type;
	struct reset_back back;
};
SEK_LAYOUT(struct reset_note, 40);

static __always_inline bool reset_back_take(struct frame_ctx *ctx, const struct packet *p,
					    struct reset_back *back)
{
	back->tags = p->tags;
	back->vlan = p->vlan;
	back->outer = p->outer;
	return answer_link_read(ctx, &back->link, true);
}

/* Makes the reset of the way on that of the way back; p tells of it as it is. */
static __always_inline bool reset_turn(struct frame_ctx *ctx, struct packet *p,
				       const struct reset_back *back)
{
	struct frame_tags tags = {
		.cnt = back->tags,
		.outer = back->outer,
		.inner = back->vlan,
	};
	int grow;

	if (back->moved) {
		if (frame_retag(ctx, &p->shape, p->tags, &tags, bpf_htons(p->ethertype), &grow))
			return false;
		p->l3 += grow;
		p->tags = back->tags;
	}
	return answer_link_write(ctx, p, &back->link) &&
	       answer_ip(ctx, p, IPPROTO_TCP, sizeof(struct tcphdr), true) && answer_tcp(ctx, p);
}

/* The reset to p's receiver, on its way out. */
static __always_inline enum sek_verdict reset_on(struct frame_ctx *ctx, struct packet *p, __u32 acked)
{
	struct segment *s = segment_room();
	enum sek_reason reason = p->reason;
	enum sek_verdict verdict;

	if (!s)
		return SEK_BUG;
	s->back = 0;
	s->seq = (__s32)(p->seq - acked) < 0 ? acked : p->seq;
	s->ack = p->ack;
	s->flags = TCP_RST | TCP_ACK;
	s->win = 0;
	s->option_cnt = 0;
	if (segment_write(ctx, p, s))
		return SEK_BUG;
	verdict = steer_packet(ctx, p);
	p->reason = reason;
	return verdict;
}

/* Puts the note in front of the frame. */
static __always_inline bool reset_note_give(struct frame_ctx *ctx, const struct packet *p,
					    const struct reset_back *back)
{
	struct reset_note *note;

	if (frame_grow(ctx, sizeof(*note)))
		return false;
	note = frame_at(ctx, 0, sizeof(*note));
	if (!note)
		return false;
	note->port = p->port;
	note->out_port = p->out_port;
	note->ifindex = frame_ingress(ctx);
	note->on_l3 = p->l3;
	note->on_tags = p->tags;
	note->on_type = p->ethertype;
	__builtin_memcpy(&note->back, back, sizeof(*back));
	return true;
}

static __always_inline enum sek_verdict reset_send(struct frame_ctx *ctx, struct packet *p,
						   __u32 acked, struct reset_back *back)
{
	enum frame_fork fork = FORK_NOT;

	switch (reset_on(ctx, p, acked)) {
	case SEK_FORWARD:
		back->moved = !(p->port_flags & SEK_PORT_BRIDGE);
		if (!cfg.replay)
			fork = frame_fork(ctx, p->port, p->out_port);
		break;
	case SEK_BUG:
		return SEK_DROP;
	default:
		break;
	}
	if (fork == FORK_NOT)
		name_tally(SEK_NAME_RESET_ONE);
	if (fork == FORK_ENDS)
		return reset_note_give(ctx, p, back) ? SEK_BOTH : SEK_DROP;
	return reset_turn(ctx, p, back) ? SEK_ANSWER : SEK_DROP;
}

/*
 * acked: the highest number that p's receiver has acknowledged; p's own, if it is not known. What is
 * counted is the packet that came.
 */
__noinline enum sek_verdict reset_both(struct frame_ctx *ctx, struct packet *p, __u32 acked)
{
	struct reset_back back = {};
	enum sek_verdict verdict;
	__u32 frame_len, ip_len;

	if (!p)
		return SEK_BUG;
	if (!(p->flags & PKT_TCP) || !(p->tcp_flags & TCP_ACK) || p->tcp_flags & (TCP_RST | TCP_SYN) ||
	    !answer_may(ctx, p) || !reset_back_take(ctx, p, &back))
		return SEK_DROP;
	frame_len = p->frame_len;
	ip_len = p->ip_len;
	verdict = reset_send(ctx, p, acked, &back);
	p->frame_len = frame_len;
	p->ip_len = ip_len;
	return verdict;
}

#endif
