/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TCP part of a flow: which state a segment leads to and whether it can be part of the
 * connection, after van Rooij, "Real Stateful TCP Packet Filtering in IP Filter", and RFC 5961 for
 * resets. Called by stage/flow.h for known flows and by stage/admit.h for the first SYN.
 * Promises that no segment from outside the windows changes anything.
 */
#ifndef BPF_STAGE_TCP_H
#define BPF_STAGE_TCP_H

#include "core/packet.h"
#include "sekisho/flow.h"

#define TCP_NO_SCALE 0xff
#define TCP_SCALE_MAX 14 /* RFC 7323, 2.3 */
#define TCP_ACK_BEHIND                                                                             \
	66000 /* how far old acknowledgments may lag beyond the window, as in Linux */

/* The part of struct sek_flow that is TCP's, as the global functions below are handed it. */
struct tcp_view {
	__u32 acked[2];
	struct sek_tcp_side side[2];
	__u8 scale[2];
	__u8 offered;
	__u8 pad;
	__u32 shift;
};
SEK_LAYOUT(struct tcp_view, 40);
_Static_assert(offsetof(struct sek_flow, tcp) - offsetof(struct sek_flow, acked) ==
		       offsetof(struct tcp_view, side),
	       "acked and tcp of struct sek_flow follow each other");
_Static_assert(offsetof(struct sek_flow, name) - offsetof(struct sek_flow, acked) ==
		       sizeof(struct tcp_view),
	       "and the rest of it");

/* What tcp_track() answers: a refusal is the negative reason, else a state and these. */
#define TCP_STATE 0xff
#define TCP_FRESH 0x100 /* the segment counts as a sign of life */

static __always_inline bool tcp_before(__u32 a, __u32 b)
{
	return (__s32)(a - b) < 0;
}

/* One past the segment's last number. */
static __always_inline __u32 tcp_end(const struct packet *p)
{
	return p->seq + p->payload_len + !!(p->tcp_flags & TCP_SYN) + !!(p->tcp_flags & TCP_FIN);
}

/* The window in bytes; that of a SYN is never scaled (RFC 7323, 2.2). */
static __always_inline __u32 tcp_window(const struct packet *p, const struct tcp_view *view)
{
	__u8 scale = view->scale[p->dir & 1];

	if (scale > TCP_SCALE_MAX)
		scale = 0;
	return p->tcp_flags & TCP_SYN ? p->win : (__u32)p->win << scale;
}

/* The window scale that a SYN offers in its options [off, end); TCP_NO_SCALE: none. */
__noinline int tcp_scale(struct frame_ctx *ctx, __u32 off, __u32 end)
{
	__u8 option[3];
	int i;

	for (i = 0; i < TCP_OPTIONS_MAX && off + sizeof(option) <= end; i++) {
		if (frame_load(ctx, off, option, sizeof(option)) || !option[0])
			break;
		if (option[0] == 1) {
			off++;
			continue;
		}
		if (option[0] == 3 && option[1] == 3)
			return option[2] > TCP_SCALE_MAX ? TCP_SCALE_MAX : option[2];
		if (option[1] < 2)
			break;
		off += option[1];
	}
	return TCP_NO_SCALE;
}

/* A side's first SYN; nothing beyond it is allowed to it before the other has spoken. */
static __always_inline void tcp_side_begin(struct frame_ctx *ctx, const struct packet *p,
					   struct tcp_view *view)
{
	struct sek_tcp_side *own = &view->side[p->dir & 1];

	own->end = tcp_end(p);
	own->max_end = p->seq + 1;
	own->max_win = p->win ? p->win : 1;
	view->scale[p->dir & 1] = tcp_scale(ctx, p->l4 + 20, p->payload);
	view->acked[~p->dir & 1] = p->seq;
}

/* Scaling is on when both SYNs offered it. */
static __always_inline void tcp_agree_scale(struct tcp_view *view)
{
	if (view->scale[0] != TCP_NO_SCALE && view->scale[1] != TCP_NO_SCALE)
		return;
	view->scale[0] = 0;
	view->scale[1] = 0;
}

/* Fills the view of a flow that this SYN opens. */
__noinline int tcp_begin(struct frame_ctx *ctx, struct packet *p, struct tcp_view *view)
{
	if (!p || !view)
		return -EINVAL;
	tcp_side_begin(ctx, p, view);
	view->offered = view->scale[p->dir & 1];
	return 0;
}

/*
 * Van Rooij's four bounds: of the data from above and below, of the acknowledgment likewise. Those from
 * below count from what is acknowledged, as a receiver's do (RFC 5961, 5.2), not from what is sent: a host
 * that is short of CPU lets its own segments overtake each other by a whole window.
 */
static __always_inline bool tcp_in_window(const struct packet *p, const struct tcp_view *view)
{
	__u32 dir = p->dir & 1, other = ~p->dir & 1;
	const struct sek_tcp_side *own = &view->side[dir], *peer = &view->side[other];
	__u32 behind = own->max_win + TCP_ACK_BEHIND;

	if (tcp_before(own->max_end, p->seq))
		return false;
	if (tcp_before(tcp_end(p), view->acked[other] - peer->max_win))
		return false;
	if (!(p->tcp_flags & TCP_ACK))
		return true;
	/* Selective acknowledgments lie between: loss holds p->ack back, never beyond the window. */
	return !tcp_before(peer->end, p->ack) && !tcp_before(p->ack, view->acked[dir] - behind);
}

/* What a segment inside the window teaches about both sides. */
static __always_inline void tcp_learn(const struct packet *p, struct tcp_view *view)
{
	__u32 dir = p->dir & 1, other = ~p->dir & 1;
	struct sek_tcp_side *own = &view->side[dir], *peer = &view->side[other];
	__u32 end = tcp_end(p), win = tcp_window(p, view);

	if (own->max_win < win)
		own->max_win = win;
	if (tcp_before(own->end, end))
		own->end = end;
	if (tcp_before(own->max_end, end))
		peer->max_win += end - own->max_end;
	if (!(p->tcp_flags & TCP_ACK))
		return;
	if (tcp_before(view->acked[dir], p->ack))
		view->acked[dir] = p->ack;
	/* A closed window may be probed with one byte (RFC 9293, 3.8.6.1). */
	if (!tcp_before(p->ack + win, peer->max_end))
		peer->max_end = p->ack + win + !win;
}

/* Whether the peer's SYN, and no more than it sent, is acknowledged. */
static __always_inline bool tcp_acks_syn(const struct packet *p, const struct sek_tcp_side *peer)
{
	return p->tcp_flags & TCP_ACK && !tcp_before(p->ack, peer->max_end) &&
	       !tcp_before(peer->end, p->ack);
}

/*
 * RFC 5961, 3.2: only the next number that its receiver expects closes: what it has acknowledged, or
 * the end of all that its sender sent. Another one inside the window goes on to be challenged.
 */
static __always_inline int tcp_reset(const struct packet *p, const struct tcp_view *view, __u32 state)
{
	const struct sek_tcp_side *own = &view->side[p->dir & 1], *peer = &view->side[~p->dir & 1];
	__u32 expected = view->acked[~p->dir & 1];

	if (state == SEK_FLOW_SYN && p->flags & PKT_REPLY)
		return tcp_acks_syn(p, peer) ? SEK_FLOW_CLOSED : -SEK_R_tcp_reset_window;
	if (p->seq == own->end || p->seq == expected)
		return SEK_FLOW_CLOSED;
	if (state == SEK_FLOW_SYN)
		return state; /* answers a challenge about an older connection */
	if (tcp_before(p->seq, expected) || tcp_before(own->max_end, p->seq))
		return -SEK_R_tcp_reset_window;
	return state;
}

/* SYN and ACK: the answer to the opener, or that answer once more. */
static __always_inline int tcp_answer(struct frame_ctx *ctx, const struct packet *p,
				      struct tcp_view *view, __u32 state)
{
	if (state != SEK_FLOW_SYN) {
		if (!tcp_in_window(p, view))
			return -SEK_R_tcp_window;
		tcp_learn(p, view);
		return state;
	}
	if (!(p->flags & PKT_REPLY) || !tcp_acks_syn(p, &view->side[~p->dir & 1]))
		return -SEK_R_tcp_state;
	tcp_side_begin(ctx, p, view);
	tcp_agree_scale(view);
	view->acked[p->dir & 1] = p->ack;
	tcp_learn(p, view);
	return SEK_FLOW_SYN_ACK | TCP_FRESH;
}

/*
 * SYN alone. The opener may begin anew while nobody has answered; both may open at once (RFC 9293,
 * 3.5). Within a connection it changes nothing: its receiver challenges it (RFC 5961, 4.2).
 */
static __always_inline int tcp_syn(struct frame_ctx *ctx, const struct packet *p,
				   struct tcp_view *view, __u32 state)
{
	if (state != SEK_FLOW_SYN)
		return p->flags & PKT_REPLY ? -SEK_R_tcp_state : (int)state;
	tcp_side_begin(ctx, p, view);
	if (!(p->flags & PKT_REPLY))
		return SEK_FLOW_SYN | TCP_FRESH;
	tcp_agree_scale(view);
	return SEK_FLOW_SYN_ACK | TCP_FRESH;
}

/* The state after a segment without SYN or RST that fits. closed: SEK_FLOW_FIN_* seen before. */
static __always_inline int tcp_next(const struct packet *p, const struct tcp_view *view,
				    __u32 state, __u32 closed)
{
	__u32 both = SEK_FLOW_FIN_OUT | SEK_FLOW_FIN_IN;

	if (p->tcp_flags & TCP_FIN)
		closed |= p->dir == SEK_OUT ? SEK_FLOW_FIN_OUT : SEK_FLOW_FIN_IN;
	if (state == SEK_FLOW_CLOSED)
		return state;
	if ((closed & both) == both) {
		if (state == SEK_FLOW_CLOSING && !(p->tcp_flags & TCP_FIN) &&
		    p->ack == view->side[~p->dir & 1].end)
			return SEK_FLOW_CLOSED;
		return SEK_FLOW_CLOSING | TCP_FRESH;
	}
	if (closed & both)
		return SEK_FLOW_FIN | TCP_FRESH;
	if (state == SEK_FLOW_SYN_ACK && p->flags & PKT_REPLY)
		return state | TCP_FRESH;
	return SEK_FLOW_ESTABLISHED | TCP_FRESH;
}

/* A segment of an open connection that neither opens nor closes: nearly all are. */
static __always_inline bool tcp_is_plain(const struct packet *p, __u32 state, __u32 closed)
{
	return state == SEK_FLOW_ESTABLISHED && !(closed & (SEK_FLOW_FIN_OUT | SEK_FLOW_FIN_IN)) &&
	       (p->tcp_flags & (TCP_SYN | TCP_RST | TCP_FIN | TCP_ACK)) == TCP_ACK;
}

/* What tcp_track() does with a plain segment, without the call. */
static __always_inline int tcp_carry(const struct packet *p, struct tcp_view *view)
{
	if (!tcp_in_window(p, view))
		return -SEK_R_tcp_window;
	tcp_learn(p, view);
	return SEK_FLOW_ESTABLISHED | TCP_FRESH;
}

/* A side that has reset has nothing more to say; its FIN flag alone tells that it did. */
static __always_inline bool tcp_is_mute(const struct packet *p, __u32 state, __u32 closed)
{
	__u32 own = p->dir == SEK_OUT ? SEK_FLOW_FIN_OUT : SEK_FLOW_FIN_IN;

	return state == SEK_FLOW_CLOSED && (closed & (SEK_FLOW_FIN_OUT | SEK_FLOW_FIN_IN)) == own;
}

/*
 * Judges a segment of a known flow and learns from it. Returns the state it leads to, with
 * TCP_FRESH, or the negative reason to drop it. FIN flags are the caller's to keep.
 */
__noinline int tcp_track(struct frame_ctx *ctx, struct packet *p, struct tcp_view *view,
			 __u32 state, __u32 flags)
{
	if (!p || !view)
		return -SEK_R_bug_map;
	if (p->tcp_flags & TCP_RST)
		return tcp_reset(p, view, state);
	if (p->tcp_flags & TCP_SYN)
		return p->tcp_flags & TCP_ACK ? tcp_answer(ctx, p, view, state)
					      : tcp_syn(ctx, p, view, state);
	if (!(p->tcp_flags & TCP_ACK) || tcp_is_mute(p, state, flags))
		return -SEK_R_tcp_state;
	if (state == SEK_FLOW_SYN) {
		/* A challenge about an older connection; the opener resets that and tries again. */
		if (p->flags & PKT_REPLY && !p->payload_len && !(p->tcp_flags & TCP_FIN))
			return state;
		return -SEK_R_tcp_state;
	}
	if (!tcp_in_window(p, view))
		return -SEK_R_tcp_window;
	tcp_learn(p, view);
	return tcp_next(p, view, state, flags);
}

#endif
