/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of tcp, to each other: what is known while one packet is judged.
 */
#ifndef AGENT_INSPECT_TCP_SESSION_H
#define AGENT_INSPECT_TCP_SESSION_H

#include "inspect/tcp.h"

/* One packet and its connection; own: the stream of who sent it, peer: the other one. */
struct segment_in {
	struct tcp_tracker *tracker;
	const struct tcp_settings *settings;
	struct packet *p;
	struct flow *flow;
	struct tcp_session *s;
	struct tcp_stream *own, *peer;
	uint32_t seq, ack, len; /* len: bytes of payload */
	uint8_t flags;
};

/* Sequence numbers turn round (RFC 9293, 3.4). */
static inline bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* Says that the packet is not valid; to be returned. */
static inline int segment_bad(struct segment_in *in, enum engine_event event)
{
	packet_event(in->p, event);
	return -1;
}

void tcp_state_set(struct segment_in *in, enum tcp_state state);

/* --- checks: false, with an event, when the packet is not one the other end takes --- */
bool tcp_timestamp_is_good(struct segment_in *in);
bool tcp_ack_is_good(struct segment_in *in);
bool tcp_reset_is_good(struct segment_in *in);
bool tcp_is_keep_alive(struct segment_in *in);
bool tcp_is_keep_alive_ack(struct segment_in *in);
bool tcp_is_bad_window_update(struct segment_in *in);
bool tcp_is_spurious(struct segment_in *in);
void tcp_timestamp_keep(struct segment_in *in);

/* --- moves --- */
void tcp_ack_take(struct segment_in *in); /* the other side's bytes are acknowledged, its window moves */
void tcp_next_seq_move(struct segment_in *in); /* by what this packet holds */
/* Bytes to the stream, what is due to the parsers. */
void tcp_reassemble(struct segment_in *in);
/* What was acknowledged, or (all) everything, of a side to its parser. */
void tcp_parse(struct segment_in *in, enum side side, bool all);

/* --- states; each returns 0, or -1: the packet is not valid --- */
int tcp_state_none(struct segment_in *in);
int tcp_state_syn_sent(struct segment_in *in);
int tcp_state_syn_recv(struct segment_in *in);
int tcp_state_established(struct segment_in *in);
int tcp_state_closing(struct segment_in *in); /* all states after a FIN */
int tcp_state_closed(struct segment_in *in);
int tcp_reset(struct segment_in *in);

#endif
