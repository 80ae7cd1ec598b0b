/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SYN cookies for the servers that a body shows to the Internet (RFC 4987, 3.6), and the connections
 * that come of them. Called by walk() after the policy has accepted, and by stage/flow.h for such
 * flows. Promises that a SYN costs nothing but its answer: a flow is made by a client that has shown
 * that it receives.
 *
 *   client            gateway              server
 *     SYN a       ->                                   nothing is kept
 *                 <-  SYN-ACK c, window 0              c is the cookie
 *     ACK c + 1   ->  SYN a            ->              a flow, half-open
 *                 <-  ACK, window open <-  SYN-ACK s   shift = c - s
 *     data        ->                   ->              numbers turned from here on
 *
 * The window holds the client's data back until the server is there, so nothing need be sent twice.
 * A gateway cannot make two frames of one: the server's SYN-ACK becomes the client's open window, and
 * the client's first segment is the server's ACK. Where the server speaks first, and whenever it
 * repeats its SYN-ACK, the gateway answers it, and the server's first words open the window.
 */
#ifndef BPF_STAGE_SYNCOOKIE_H
#define BPF_STAGE_SYNCOOKIE_H

#include "rewrite/segment.h"
#include "rewrite/sequence.h"
#include "stage/cookie.h"
#include "stage/guard.h"
#include "stage/tcp.h"

#define SYNCOOKIE_SCALE 7 /* of the windows that clients are told, whatever the server's */
#define SYNCOOKIE_MTU 1500 /* no larger segments are asked for; the server's MTU is not known yet */
#define SYNCOOKIE_SIZE4 536 /* RFC 9293, 3.7.1: of who does not say */
#define SYNCOOKIE_SIZE6 1220
#define SYNCOOKIE_WIN_MAX 65535

#define OPTION_NOPS 0x01010101
#define OPTION_MSS 2
#define OPTION_SCALE 3
#define OPTION_SACK_MAY 4

static __always_inline __u32 syncookie_win(__u32 bytes)
{
	return bytes < SYNCOOKIE_WIN_MAX ? bytes : SYNCOOKIE_WIN_MAX;
}

/* --- a client's SYN and its answer --- */

static __always_inline void syncookie_options(struct segment *s, __u32 size, __u32 scale, bool sack)
{
	s->option[0] = bpf_htonl(OPTION_MSS << 24 | 4 << 16 | size);
	s->option_cnt = 1;
	if (scale == SEK_COOKIE_SCALE && !sack)
		return;
	s->option[1] = bpf_htonl(scale == SEK_COOKIE_SCALE ? OPTION_NOPS : 0x01030300 | scale);
	s->option[2] = bpf_htonl(sack ? 0x01010402 : OPTION_NOPS);
	s->option_cnt = 3;
}

/* One option of a SYN at off into what is known of the offer; its length, 0: the last. */
static __always_inline __u32 syncookie_option(struct frame_ctx *ctx, __u32 off, __u32 end,
					      struct syncookie_offer *offer)
{
	const __u8 *option = frame_at(ctx, off, 2), *value;
	__u32 len;

	if (!option || !option[0])
		return 0;
	if (option[0] == TCP_OPT_NOP)
		return 1;
	len = option[1];
	if (len < 2 || off + len > end)
		return 0;
	if (option[0] == OPTION_SACK_MAY && len == 2)
		offer->sack = 1;
	value = frame_at(ctx, off + 2, 1);
	if (value && option[0] == OPTION_SCALE && len == 3)
		offer->scale = value[0] > TCP_SCALE_MAX ? TCP_SCALE_MAX : value[0];
	value = frame_at(ctx, off + 2, 2);
	if (value && option[0] == OPTION_MSS && len == 4)
		offer->size = value[0] << 8 | value[1];
	return len;
}

/* What a SYN offers, as the terms of its cookie. */
__noinline int syncookie_terms(struct frame_ctx *ctx, struct packet *p, struct segment *room)
{
	struct syncookie_offer *offer;
	__u32 off, len;

	if (!p || !room)
		return -EINVAL;
	offer = &room->offer;
	offer->size = p->family == 4 ? SYNCOOKIE_SIZE4 : SYNCOOKIE_SIZE6;
	offer->scale = SEK_COOKIE_SCALE;
	offer->sack = 0;
	WRITE_ONCE(room->at, p->l4 + sizeof(struct tcphdr));
	for (__u32 i = 0; i < TCP_OPTIONS_MAX; i++) {
		off = READ_ONCE(room->at);
		if (off + 2 > p->payload)
			break;
		len = syncookie_option(ctx, off, p->payload, offer);
		if (!len)
			break;
		WRITE_ONCE(room->at, off + len);
	}
	return cookie_terms(READ_ONCE(offer->size), READ_ONCE(offer->scale), READ_ONCE(offer->sack));
}

/* The segment size that the way to the server can carry, as far as the gateway knows it. */
static __always_inline __u32 syncookie_size(const struct packet *p)
{
	__u32 mtu = SYNCOOKIE_MTU, in = port_mtu(p->port), out = p->peer ? port_mtu(p->peer) : 0;
	__u32 head = ip_header_len(p) + sizeof(struct tcphdr);

	if (in && in < mtu)
		mtu = in;
	if (out && out < mtu)
		mtu = out;
	return mtu > head + cookie_sizes[0] ? mtu - head : cookie_sizes[0];
}

/* Answers a SYN by a cookie. */
__noinline enum sek_verdict syncookie_answer(struct frame_ctx *ctx, struct packet *p)
{
	struct segment *s = segment_room();
	__s64 cookie;
	int terms;

	if (!p || !s)
		return SEK_BUG;
	p->reason = SEK_R_cookie_sent;
	if (!answer_may(ctx, p))
		return SEK_DROP;
	terms = syncookie_terms(ctx, p, s);
	cookie = cookie_of(p, p->seq, cookie_period(p), terms);
	if (cookie < 0)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	s->back = 1;
	s->seq = cookie;
	s->ack = p->seq + 1;
	s->flags = TCP_SYN | TCP_ACK;
	s->win = 0;
	syncookie_options(s, syncookie_size(p),
			  (terms & SEK_COOKIE_SCALE) == SEK_COOKIE_SCALE ? SEK_COOKIE_SCALE
									 : SYNCOOKIE_SCALE,
			  terms & SEK_COOKIE_SACK);
	return segment_write(ctx, p, s) ? SEK_DROP : SEK_ANSWER;
}

/* --- its acknowledgment --- */

/*
 * Whether a segment acknowledges a cookie; p->seq is then the client's first number, and p->cookie
 * set. A client whose ACK was lost, and that has something to say, asks for its window with the
 * number before the next (RFC 9293, 3.8.6.1, as Linux does it), which is its first.
 */
__noinline bool syncookie_acks(struct packet *p)
{
	if (!p || p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER))
		return false;
	if (cookie_fits(p, p->seq - 1))
		p->seq--;
	else if (p->payload_len || !cookie_fits(p, p->seq))
		return false;
	p->cookie = 1;
	return true;
}

/* Makes such a segment the SYN of its client to the server; p->ack keeps the cookie. */
__noinline enum sek_verdict syncookie_open(struct frame_ctx *ctx, struct packet *p)
{
	struct segment *s = segment_room();
	__u32 cookie, scale;

	if (!p || !s)
		return SEK_BUG;
	cookie = p->ack - 1;
	scale = cookie & SEK_COOKIE_SCALE;
	s->back = 0;
	s->seq = p->seq;
	s->ack = 0;
	s->flags = TCP_SYN;
	s->win = syncookie_win((__u32)p->win << (scale > TCP_SCALE_MAX ? 0 : scale));
	syncookie_options(s, cookie_size(cookie), scale, cookie & SEK_COOKIE_SACK);
	if (segment_write(ctx, p, s))
		return packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
	p->ack = cookie;
	return SEK_NEXT;
}

/* --- the flow --- */

/* From the client once the server has answered: in the server's numbers. */
__noinline enum sek_verdict syncookie_turn(struct frame_ctx *ctx, struct packet *p,
					   struct tcp_view *view)
{
	struct segment *room = segment_room();
	__u32 win;

	if (!p || !view || !room)
		return SEK_BUG;
	win = p->win;
	if (view->offered != TCP_NO_SCALE && view->scale[SEK_IN] != view->offered)
		win = syncookie_win(win << (view->offered & 15)); /* the server scales none */
	if (!sequence_receive(ctx, p, view->shift, win) ||
	    (p->payload > p->l4 + sizeof(struct tcphdr) && sequence_sack(ctx, p, room, view->shift)))
		return packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
	p->ack -= view->shift;
	p->win = win;
	return SEK_NEXT;
}

/*
 * From the client: the SYN again while the server has not answered. Keeps little on the stack, which
 * 6.1 counts over all that is called from here.
 */
__noinline enum sek_verdict syncookie_in(struct frame_ctx *ctx, struct packet *p,
					 struct tcp_view *view, __u32 state)
{
	if (!p || !view)
		return SEK_BUG;
	if (state != SEK_FLOW_SYN)
		return p->tcp_flags & TCP_ACK ? syncookie_turn(ctx, p, view) : SEK_NEXT;
	if (p->tcp_flags & TCP_RST)
		return SEK_NEXT;
	if (p->tcp_flags & TCP_SYN)
		return packet_end(p, SEK_R_tcp_state, SEK_DROP);
	if (!syncookie_acks(p))
		return packet_end(p, SEK_R_cookie_bad, SEK_DROP);
	return syncookie_open(ctx, p);
}

/* The window in a segment of the server's, as the client is told it. */
static __always_inline __u32 syncookie_told(const struct packet *p, const struct tcp_view *view)
{
	__u32 scale = p->tcp_flags & TCP_SYN ? 0 : view->scale[SEK_OUT];
	__u32 bytes = (__u32)p->win << (scale & 15);

	return syncookie_win(view->offered == TCP_NO_SCALE ? bytes : bytes >> SYNCOOKIE_SCALE);
}

/* FTP, SSH, SMTP, POP3, IMAP, submission: the server speaks first. A wrong guess costs 200 ms. */
static __always_inline bool syncookie_server_first(__be16 port)
{
	switch (bpf_ntohs(port)) {
	case 21:
	case 22:
	case 25:
	case 110:
	case 143:
	case 587:
		return true;
	default:
		return false;
	}
}

/* The server's SYN-ACK becomes the client's open window. */
static __always_inline enum sek_verdict syncookie_tell(struct frame_ctx *ctx, struct packet *p,
						       struct tcp_view *view, struct segment *s)
{
	s->back = 0;
	s->seq = p->seq + 1 + view->shift;
	s->ack = p->ack;
	s->flags = TCP_ACK;
	s->win = syncookie_told(p, view);
	s->option_cnt = 0;
	if (segment_write(ctx, p, s))
		return packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
	return SEK_NEXT;
}

/* The server is answered in the client's name, and may send as much as the client takes. */
static __always_inline enum sek_verdict syncookie_confirm(struct frame_ctx *ctx, struct packet *p,
							  struct tcp_view *view, struct segment *s)
{
	__u32 bytes = view->side[SEK_IN].max_win, end = p->seq + 1 + bytes;

	s->back = 1;
	s->seq = p->ack;
	s->ack = p->seq + 1;
	s->flags = TCP_ACK;
	s->win = syncookie_win(bytes >> (view->scale[SEK_IN] & 15));
	s->option_cnt = 0;
	if (tcp_before(view->side[SEK_OUT].max_end, end))
		view->side[SEK_OUT].max_end = end;
	p->reason = SEK_R_cookie_confirmed;
	return segment_write(ctx, p, s) ? SEK_DROP : SEK_ANSWER;
}

/*
 * From the server, after the flow has taken it; was: the state before. The first SYN-ACK fixes the
 * shift. A server that sends two at the same time, over two queues, spoils its own connection alone.
 */
__noinline enum sek_verdict syncookie_out(struct frame_ctx *ctx, struct packet *p,
					  struct tcp_view *view, __u32 was)
{
	struct segment *room = segment_room();
	bool first = was == SEK_FLOW_SYN, right;

	if (!p || !view || !room)
		return SEK_BUG;
	if (p->tcp_flags & TCP_SYN) {
		if (!(p->tcp_flags & TCP_ACK))
			return packet_end(p, SEK_R_tcp_state, SEK_DROP);
		if (first)
			view->shift -= p->seq;
		if (first && !syncookie_server_first(p->sport))
			return syncookie_tell(ctx, p, view, room);
		return syncookie_confirm(ctx, p, view, room);
	}
	if (first && !(p->tcp_flags & TCP_RST)) {
		/* An older connection of theirs: the client cannot say so, it thinks itself connected. */
		p->reason = SEK_R_tcp_state;
		return answer_reset(ctx, p);
	}
	right = sequence_send(ctx, p, first ? view->shift + 1 - p->seq : view->shift,
			      syncookie_told(p, view));
	return right ? SEK_NEXT : packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
}

/* An ICMP error from outside about what the server sent: the server knows its own numbers only. */
static __always_inline enum sek_verdict syncookie_error(struct frame_ctx *ctx, struct packet *p,
							const struct sek_flow *flow)
{
	if (p->dir != SEK_IN || flow->state == SEK_FLOW_SYN)
		return SEK_NEXT;
	return sequence_quote(ctx, p, flow->shift) ? SEK_NEXT
						   : packet_end(p, SEK_R_icmp_quote, SEK_DROP);
}

/* --- the stage --- */

/* A first packet that may pass: a SYN, or the segment that acknowledges a cookie. */
__noinline enum sek_verdict stage_syncookie(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant;
	struct sek_quota *quota;

	if (!p)
		return SEK_BUG;
	if (p->reason || !(p->flags & PKT_TCP) || !guard_is_inward(p))
		return SEK_NEXT;
	tenant = tenant_of(p);
	quota = quota_of(p->tenant);
	if (!tenant || !quota)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (p->cookie) {
		guard_ease(p, tenant, quota);
		return syncookie_open(ctx, p);
	}
	if (!guard_on(p, tenant, quota))
		return SEK_NEXT;
	guard_gave(p, quota);
	return syncookie_answer(ctx, p);
}

#endif
