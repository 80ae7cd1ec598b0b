// SPDX-License-Identifier: Apache-2.0
/*
 * A connection that is open, or on its way to its end. Called by tcp; promises that a segment moves the
 * windows only when it lies in them.
 */
#include "inspect/tcp_session.h"

void tcp_ack_take(struct segment_in *in)
{
	struct tcp_stream *peer = in->peer, *own = in->own;

	peer->window = (uint32_t)in->p->tcp.window << peer->scale;
	if (in->flags & TCP_ACK) {
		if (seq_after(in->ack, peer->last_ack))
			peer->last_ack = in->ack;
		if (in->flow->packets[other_side(in->p->side)]) /* else all of it is unseen */
			in->tracker->unseen_acks += seq_after(in->ack, peer->next_seq);
	}
	if (seq_after(peer->last_ack + peer->window, peer->next_win))
		peer->next_win = peer->last_ack + peer->window;
	if (in->s->async) {
		own->last_ack = own->next_seq;
		own->next_win = own->last_ack + (own->window ? own->window : 65535);
	}
}

void tcp_next_seq_move(struct segment_in *in)
{
	uint32_t end = in->seq + in->len + (in->flags & TCP_FIN ? 1 : 0);

	if (seq_after(end, in->own->next_seq))
		in->own->next_seq = end;
}

/* In the window of the receiver, or a probe of one that is closed (RFC 9293, 3.8.6.1). */
static bool is_in_window(const struct segment_in *in)
{
	const struct tcp_stream *own = in->own;

	if (!seq_after(in->seq + in->len, own->next_win) || in->s->async)
		return true;
	if (in->s->midstream && !in->peer->started)
		return true;
	return in->len == 1 && own->window == 0 && in->seq == own->next_seq;
}

/* Has the other end acknowledged all of it already? Pure acknowledgements may come late. */
static bool is_before_last_ack(const struct segment_in *in)
{
	const struct tcp_stream *own = in->own;

	if (!seq_before(in->seq, own->last_ack) || in->s->async)
		return false;
	/* Acknowledged, but never seen: it may still come. */
	if (seq_after(own->last_ack, own->next_seq) && seq_after(in->seq + in->len, own->next_seq))
		return false;
	return !seq_after(in->seq + in->len, own->last_ack);
}

int tcp_reset(struct segment_in *in)
{
	if (!tcp_reset_is_good(in))
		return -1;
	if (in->s->state >= TCP_ESTABLISHED && !tcp_timestamp_is_good(in))
		return -1;
	in->own->rst_seen = true;
	if ((in->flags & TCP_ACK) && in->s->state > TCP_SYN_SENT)
		tcp_ack_take(in);
	if (in->len)
		packet_event(in->p, EVENT_STREAM_RST_WITH_DATA);
	tcp_state_set(in, TCP_CLOSED);
	tcp_reassemble(in);
	return 0;
}

static int open_fin(struct segment_in *in)
{
	const struct tcp_stream *own = in->own;

	if (seq_before(in->seq + in->len, own->last_ack) || seq_after(in->seq, own->next_win))
		return segment_bad(in, EVENT_STREAM_FIN_OUT_OF_WINDOW);
	if (!tcp_ack_is_good(in))
		return segment_bad(in, EVENT_STREAM_FIN_INVALID_ACK);
	if (!tcp_timestamp_is_good(in))
		return -1;
	tcp_timestamp_keep(in);
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_state_set(in, in->p->side == FROM_CLIENT ? TCP_CLOSE_WAIT : TCP_FIN_WAIT1);
	tcp_reassemble(in);
	return 0;
}

static int open_synack(struct segment_in *in)
{
	if (in->p->side == FROM_CLIENT)
		return segment_bad(in, EVENT_STREAM_EST_SYNACK_TOSERVER);
	if (in->ack != in->peer->last_ack && in->ack != in->peer->isn + 1)
		return segment_bad(in, EVENT_STREAM_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK);
	if (in->seq != in->own->isn)
		return segment_bad(in, EVENT_STREAM_EST_SYNACK_RESEND_WITH_DIFF_SEQ);
	/* The client's acknowledgement was lost: it is said again. */
	if (in->own->last_ack == in->own->isn + 1 && in->own->next_seq == in->own->isn + 1)
		return 0;
	return segment_bad(in, EVENT_STREAM_EST_SYNACK_RESEND);
}

static int open_syn(struct segment_in *in)
{
	if (in->p->side == FROM_SERVER)
		return segment_bad(in, EVENT_STREAM_EST_SYN_TOCLIENT);
	if (in->seq != in->own->isn)
		return segment_bad(in, EVENT_STREAM_EST_SYN_RESEND_DIFF_SEQ);
	return segment_bad(in, EVENT_STREAM_EST_SYN_RESEND);
}

int tcp_state_established(struct segment_in *in)
{
	if (in->flags & TCP_RST)
		return tcp_reset(in);
	if (in->flags & TCP_FIN)
		return open_fin(in);
	if ((in->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		return open_synack(in);
	if (in->flags & TCP_SYN)
		return open_syn(in);
	if (!(in->flags & TCP_ACK))
		return 0;
	if (!tcp_timestamp_is_good(in))
		return -1;
	if (is_before_last_ack(in)) {
		/* Only a late acknowledgement. */
		if (in->len == 0 && !seq_before(in->ack, in->peer->last_ack) && tcp_ack_is_good(in))
			tcp_ack_take(in);
		return segment_bad(in, EVENT_STREAM_EST_PKT_BEFORE_LAST_ACK);
	}
	if (!tcp_ack_is_good(in))
		return segment_bad(in, EVENT_STREAM_EST_INVALID_ACK);
	if (!is_in_window(in))
		return segment_bad(in, EVENT_STREAM_EST_PACKET_OUT_OF_WINDOW);
	tcp_timestamp_keep(in);
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_reassemble(in);
	return 0;
}

/* --- towards the end --- */

/* What each state after a FIN says of segments that do not fit. */
struct closing_events {
	enum engine_event seq, fin, ack;
};

static const struct closing_events closing_events[TCP_STATES] = {
	[TCP_FIN_WAIT1] = { EVENT_STREAM_FIN1_ACK_WRONG_SEQ, EVENT_STREAM_FIN1_FIN_WRONG_SEQ,
			    EVENT_STREAM_FIN1_INVALID_ACK },
	[TCP_FIN_WAIT2] = { EVENT_STREAM_FIN2_ACK_WRONG_SEQ, EVENT_STREAM_FIN2_FIN_WRONG_SEQ,
			    EVENT_STREAM_FIN2_INVALID_ACK },
	[TCP_CLOSING] = { EVENT_STREAM_CLOSING_ACK_WRONG_SEQ, EVENT_STREAM_CLOSING_ACK_WRONG_SEQ,
			  EVENT_STREAM_CLOSING_INVALID_ACK },
	[TCP_CLOSE_WAIT] = { EVENT_STREAM_CLOSEWAIT_ACK_OUT_OF_WINDOW,
			     EVENT_STREAM_CLOSEWAIT_FIN_OUT_OF_WINDOW,
			     EVENT_STREAM_CLOSEWAIT_INVALID_ACK },
	[TCP_LAST_ACK] = { EVENT_STREAM_LASTACK_ACK_WRONG_SEQ, EVENT_STREAM_LASTACK_ACK_WRONG_SEQ,
			   EVENT_STREAM_LASTACK_INVALID_ACK },
	[TCP_TIME_WAIT] = { EVENT_STREAM_TIMEWAIT_ACK_WRONG_SEQ,
			    EVENT_STREAM_TIMEWAIT_ACK_WRONG_SEQ, EVENT_STREAM_TIMEWAIT_INVALID_ACK },
};

/* The state that follows. all: the other side's FIN is acknowledged with this segment. */
static enum tcp_state closing_next(const struct segment_in *in, bool is_fin, bool all)
{
	bool from_client = in->p->side == FROM_CLIENT;

	switch (in->s->state) {
	case TCP_FIN_WAIT1: /* the server's FIN was the first */
		if (is_fin && from_client)
			return all ? TCP_TIME_WAIT : TCP_CLOSING;
		return from_client && all ? TCP_FIN_WAIT2 : TCP_FIN_WAIT1;
	case TCP_FIN_WAIT2:
		return is_fin && from_client ? TCP_TIME_WAIT : TCP_FIN_WAIT2;
	case TCP_CLOSE_WAIT: /* the client's FIN was the first */
		return is_fin && !from_client ? TCP_LAST_ACK : TCP_CLOSE_WAIT;
	case TCP_CLOSING:
		return all && !is_fin ? TCP_TIME_WAIT : TCP_CLOSING;
	case TCP_LAST_ACK:
		return from_client && all && !is_fin ? TCP_CLOSED : TCP_LAST_ACK;
	case TCP_TIME_WAIT:
		return all && !is_fin ? TCP_CLOSED : TCP_TIME_WAIT;
	default:
		return in->s->state;
	}
}

int tcp_state_closing(struct segment_in *in)
{
	const struct closing_events *events = &closing_events[in->s->state];
	bool is_fin = in->flags & TCP_FIN;

	if (in->flags & TCP_RST)
		return tcp_reset(in);
	if (in->flags & TCP_SYN)
		return segment_bad(in, EVENT_STREAM_SHUTDOWN_SYN_RESEND);
	if (!(in->flags & TCP_ACK) && !is_fin)
		return 0;
	if (!tcp_timestamp_is_good(in))
		return -1;
	if (in->len && !(is_fin && in->s->state == TCP_TIME_WAIT) &&
	    !seq_after(in->seq + in->len, in->own->next_seq))
		packet_event(in->p, EVENT_STREAM_PKT_RETRANSMISSION);
	if (in->s->state == TCP_CLOSE_WAIT && in->len && is_before_last_ack(in))
		return segment_bad(in, EVENT_STREAM_CLOSEWAIT_PKT_BEFORE_LAST_ACK);
	if (seq_after(in->seq, in->own->next_win) ||
	    seq_before(in->seq + in->len + 1, in->own->last_ack))
		return segment_bad(in, is_fin ? events->fin : events->seq);
	if (!tcp_ack_is_good(in))
		return segment_bad(in, events->ack);
	tcp_timestamp_keep(in);
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_state_set(in, closing_next(in, is_fin, in->ack == in->peer->next_seq));
	tcp_reassemble(in);
	return 0;
}

/* Who has reset it goes on, while the other one did not: then it is as it was. */
int tcp_state_closed(struct segment_in *in)
{
	enum tcp_state former = in->s->former;
	int r = 0;

	if (in->flags & TCP_RST) {
		in->own->rst_seen = true;
		return 0;
	}
	if (!in->own->rst_seen || in->peer->rst_seen)
		return 0;
	in->s->state = former;
	switch (former) {
	case TCP_SYN_RECV:
		r = tcp_state_syn_recv(in);
		break;
	case TCP_ESTABLISHED:
		r = tcp_state_established(in);
		break;
	case TCP_NONE:
	case TCP_SYN_SENT:
	case TCP_CLOSED:
		break;
	default:
		r = tcp_state_closing(in);
	}
	if (r < 0) {
		in->s->former = former;
		in->s->state = TCP_CLOSED;
	}
	return r;
}
