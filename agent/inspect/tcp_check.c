// SPDX-License-Identifier: Apache-2.0
/*
 * Whether a segment is one that the other end takes: timestamps, acknowledgements, resets, probes. Called
 * by the states of tcp; promises that what is refused says why by an event.
 */
#include "inspect/tcp_session.h"

#define PAWS_NS (24ull * 24 * 3600 * 1000000000) /* RFC 7323, 5.5: then a timestamp says nothing */

/* RFC 7323, 5: what is older than what was seen is no part of this connection. */
bool tcp_timestamp_is_good(struct segment_in *in)
{
	const struct tcp_stream *own = in->own;
	int32_t later;

	if (!in->s->timestamps || !in->p->tcp.has_timestamps || !own->has_tsval)
		return true;
	if (in->p->tcp.tsval == 0 && (own->os == OS_WINDOWS || own->os == OS_VISTA ||
				      own->os == OS_OLD_LINUX || own->os == OS_LINUX))
		return true;
	later = (int32_t)(in->p->tcp.tsval - own->tsval);
	if (own->os == OS_LINUX && later < 0)
		later++;
	if (in->settings->liberal_timestamps && later < 0 && later > -10)
		return true;
	if (later < 0 && own->tsval && in->p->time_ns - own->tsval_ns < PAWS_NS) {
		packet_event(in->p, EVENT_STREAM_PKT_INVALID_TIMESTAMP);
		return false;
	}
	return true;
}

void tcp_timestamp_keep(struct segment_in *in)
{
	struct tcp_stream *own = in->own;

	if (!in->p->tcp.has_timestamps || (own->has_tsval && in->p->tcp.tsval == 0))
		return;
	if (own->has_tsval && (int32_t)(in->p->tcp.tsval - own->tsval) < 0)
		return;
	own->has_tsval = true;
	own->tsval = in->p->tcp.tsval;
	own->tsval_ns = in->p->time_ns;
}

bool tcp_ack_is_good(struct segment_in *in)
{
	const struct tcp_stream *peer = in->peer;

	if (!(in->flags & TCP_ACK) || in->s->async)
		return true;
	if (!seq_before(in->ack, peer->last_ack)) {
		if (!seq_after(in->ack, peer->next_win) || !seq_after(in->ack, peer->next_seq))
			return true;
	} else if (!seq_before(in->ack, peer->last_ack - peer->window) || in->s->midstream) {
		return true; /* an old one, late */
	}
	packet_event(in->p, EVENT_STREAM_PKT_INVALID_ACK);
	return false;
}

bool tcp_reset_is_good(struct segment_in *in)
{
	const struct tcp_stream *own = in->own;

	if ((in->flags & TCP_ACK) && in->s->state > TCP_SYN_SENT && !tcp_ack_is_good(in)) {
		packet_event(in->p, EVENT_STREAM_RST_INVALID_ACK);
		return false;
	}
	if (in->s->async || !own->started)
		return true;
	switch (own->os) {
	case OS_LINUX:
	case OS_OLD_LINUX:
	case OS_SOLARIS:
		return !seq_before(in->seq + in->len, own->last_ack) &&
		       !seq_after(in->seq, own->next_win);
	case OS_HPUX:
		return !seq_before(in->seq, own->next_seq);
	default: /* RFC 5961, 3.2 */
		return in->seq == own->next_seq;
	}
}

static bool is_plain(const struct segment_in *in)
{
	return !(in->flags & (TCP_SYN | TCP_FIN | TCP_RST)) && in->s->state >= TCP_ESTABLISHED;
}

/* RFC 9293, 3.8.4: one byte, or none, before what comes next. */
bool tcp_is_keep_alive(struct segment_in *in)
{
	if (!is_plain(in) || in->len > 1 || in->seq != in->own->next_seq - 1 ||
	    in->ack != in->peer->last_ack || in->own->fin_seen)
		return false;
	in->own->keep_alive = true;
	return true;
}

bool tcp_is_keep_alive_ack(struct segment_in *in)
{
	if (!is_plain(in) || in->len || !in->peer->keep_alive || in->seq != in->own->next_seq ||
	    in->ack != in->peer->next_seq)
		return false;
	in->peer->keep_alive = false;
	return true;
}

/* A window that shrinks, with numbers that were never seen: it would let all that follows fall. */
bool tcp_is_bad_window_update(struct segment_in *in)
{
	uint32_t window = (uint32_t)in->p->tcp.window << in->peer->scale;

	return is_plain(in) && in->s->state != TCP_CLOSED && window < in->peer->window &&
	       in->peer->window - window > in->len && seq_after(in->ack, in->peer->next_win) &&
	       seq_after(in->seq, in->own->next_seq);
}

/* All of it was acknowledged before. */
bool tcp_is_spurious(struct segment_in *in)
{
	return is_plain(in) && in->len > 1 && !in->s->async && in->own->started &&
	       !seq_after(in->seq + in->len, in->own->last_ack);
}
