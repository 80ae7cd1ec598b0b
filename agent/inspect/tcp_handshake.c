// SPDX-License-Identifier: Apache-2.0
/*
 * How a connection begins: three-way and four-way handshake, Fast Open, and pick-up in the middle. Called
 * by tcp; promises that numbers are taken only of segments that the other end takes, too.
 */
#include <string.h>

#include "inspect/flowtable.h"
#include "inspect/tcp_session.h"

#define SCALE_MAX 14 /* RFC 7323, 2.3; taken when nobody saw which one was agreed */

/*
 * NULL: its shard has as many as it may have, and all of them are open, or there is no memory. What is left
 * of a connection that is over stands in no other's way.
 */
static struct tcp_session *session_take(struct tcp_tracker *tracker, const struct flow *flow)
{
	uint64_t max = tracker->settings->sessions_max, cnt = flow->table->settings->shard_cnt;
	struct flow_shard *shard = &flow->table->shards[flow->shard];
	struct tcp_session *session = NULL;

	max = (max + cnt - 1) / cnt;
	if (shard->tcp_cnt < max || (max && flow_table_spare_tcp(flow->table, flow)))
		session = pool_take(&tracker->pool);
	shard->tcp_cnt += session != NULL;
	return session;
}

static bool session_open(struct segment_in *in)
{
	struct tcp_tracker *tracker = in->tracker;
	struct flow *flow = in->flow;

	if (!flow->tcp) {
		flow->tcp = session_take(tracker, flow);
		if (!flow->tcp) {
			tracker->sessions_refused++;
			exception_apply(tracker->settings->session_memcap_policy, in->p,
					DROP_STREAM_MEMCAP);
			return false;
		}
	}
	in->s = flow->tcp;
	in->s->settings = tracker->settings;
	in->s->memory = &tracker->memory;
	in->own = &in->s->side[in->p->side];
	in->peer = &in->s->side[other_side(in->p->side)];
	in->own->os = (uint8_t)hostos_of(tracker->hostos, &in->p->dst);
	in->peer->os = (uint8_t)hostos_of(tracker->hostos, &in->p->src);
	in->own->no_raw = in->peer->no_raw = !tracker->settings->stream.raw;
	return true;
}

static void win_move(struct tcp_stream *stream)
{
	if (seq_after(stream->last_ack + stream->window, stream->next_win))
		stream->next_win = stream->last_ack + stream->window;
}

/* A SYN, or the half of a SYN/ACK that says where its sender begins. */
static void begin_own(struct segment_in *in)
{
	const struct packet_tcp *tcp = &in->p->tcp;

	tcp_stream_begin(in->own, in->seq);
	in->own->next_seq = in->own->last_ack = in->own->next_win = in->seq + 1;
	in->peer->window = tcp->window; /* never scaled in a SYN (RFC 7323, 2.2) */
	in->peer->scale = tcp->has_scale ? tcp->scale : 0;
	in->own->has_tsval = false;
	tcp_timestamp_keep(in);
}

/* Fast Open (RFC 7413): the SYN brings bytes. */
static void take_syn_bytes(struct segment_in *in)
{
	if (!in->p->tcp.has_fastopen)
		return;
	in->s->fastopen = true;
	if (in->len == 0)
		return;
	in->own->next_seq += in->len;
	tcp_reassemble(in);
}

static int open_syn(struct segment_in *in)
{
	if (!session_open(in))
		return 0;
	begin_own(in);
	in->s->timestamps = in->p->tcp.has_timestamps;
	in->s->sack = in->p->tcp.allows_sack;
	tcp_state_set(in, TCP_SYN_SENT);
	take_syn_bytes(in);
	return 0;
}

/* True: the policy for streams whose beginning was not seen lets it be taken up. */
static bool midstream_is_allowed(struct segment_in *in, bool also_async)
{
	enum exception_policy policy = in->settings->midstream_policy;

	exception_apply(policy, in->p, DROP_STREAM_MIDSTREAM);
	if (!in->settings->midstream && !(also_async && in->settings->async))
		return false;
	return policy == EXCEPTION_IGNORE || policy == EXCEPTION_PASS_FLOW;
}

static int open_synack(struct segment_in *in)
{
	if (!midstream_is_allowed(in, true))
		return 0;
	/* Who answers is the server, though its packet is the first. */
	if (in->p->side == FROM_CLIENT)
		flow_turn(in->flow, in->p);
	if (!session_open(in))
		return 0;
	begin_own(in);
	tcp_stream_begin(in->peer, in->ack - 1);
	in->peer->next_seq = in->peer->last_ack = in->peer->next_win = in->ack;
	win_move(in->peer);
	/* What the client offered was not seen. */
	in->own->scale = in->p->tcp.has_scale ? SCALE_MAX : 0;
	in->own->window = 65535u << in->own->scale;
	win_move(in->own);
	in->s->timestamps = in->p->tcp.has_timestamps;
	in->s->sack = in->p->tcp.allows_sack;
	in->s->midstream = in->s->midstream_synack = true;
	in->s->async = in->settings->async;
	tcp_state_set(in, TCP_SYN_RECV);
	return 0;
}

static int open_middle(struct segment_in *in)
{
	if (!midstream_is_allowed(in, false))
		return 0;
	if (!session_open(in))
		return 0;
	tcp_stream_begin(in->own, in->seq - 1);
	tcp_stream_begin(in->peer, in->ack - 1);
	in->own->next_seq = in->seq + in->len;
	in->own->last_ack = in->own->next_win = in->seq;
	in->peer->next_seq = in->peer->last_ack = in->peer->next_win = in->ack;
	in->own->scale = in->peer->scale = SCALE_MAX;
	in->own->window = in->peer->window = (uint32_t)in->p->tcp.window << SCALE_MAX;
	win_move(in->own);
	win_move(in->peer);
	in->s->midstream = true;
	in->s->async = in->settings->async;
	if (in->s->async)
		in->own->last_ack = in->own->next_seq;
	in->s->timestamps = in->p->tcp.has_timestamps;
	tcp_timestamp_keep(in);
	in->s->sack = true;
	tcp_state_set(in, TCP_ESTABLISHED);
	tcp_reassemble(in);
	return 0;
}

int tcp_state_none(struct segment_in *in)
{
	if (in->flags & TCP_RST)
		return segment_bad(in, EVENT_STREAM_RST_BUT_NO_SESSION);
	if ((in->flags & TCP_FIN) && (!in->settings->midstream || in->len == 0))
		return segment_bad(in, EVENT_STREAM_FIN_BUT_NO_SESSION);
	if ((in->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		return open_synack(in);
	if (in->flags & TCP_SYN)
		return open_syn(in);
	if (in->flags & TCP_ACK)
		return open_middle(in);
	return 0;
}

/* --- the answer --- */

static struct tcp_synack synack_of(const struct segment_in *in)
{
	const struct packet_tcp *tcp = &in->p->tcp;

	return (struct tcp_synack){
		.seq = in->seq,
		.ack = in->ack,
		.window = tcp->window,
		.tsval = tcp->tsval,
		.has_timestamps = tcp->has_timestamps,
		.allows_sack = tcp->allows_sack,
		.has_scale = tcp->has_scale,
		.scale = tcp->scale,
	};
}

/* What both agreed on with this answer; server: who gave it. */
static void synack_take(struct segment_in *in, struct tcp_stream *server, struct tcp_stream *client,
			const struct tcp_synack *answer)
{
	tcp_stream_begin(server, answer->seq);
	server->next_seq = server->last_ack = server->next_win = answer->seq + 1;
	win_move(server);
	client->window = answer->window;
	client->scale = answer->has_scale ? answer->scale : 0;
	if (!answer->has_scale)
		server->scale = 0;
	client->last_ack = answer->ack;
	client->next_win = answer->ack;
	win_move(client);
	server->has_tsval = answer->has_timestamps && in->s->timestamps;
	server->tsval = answer->tsval;
	server->tsval_ns = in->p->time_ns;
	in->s->timestamps = server->has_tsval;
	in->s->sack = in->s->sack && answer->allows_sack;
}

/* The client's bytes that came with its SYN were not taken: it sends them again. */
static void take_back_syn_bytes(struct segment_in *in)
{
	struct tcp_stream *client = in->peer;

	packet_event(in->p, EVENT_STREAM_3WHS_SYNACK_TFO_DATA_IGNORED);
	client->next_seq = client->isn + 1;
	in->s->fastopen_ignored = true;
	if (client->app == 0) {
		tcp_stream_end(client, &in->tracker->memory);
		tcp_stream_begin(client, client->isn);
	}
}

static int answer_take(struct segment_in *in)
{
	const struct tcp_synack answer = synack_of(in);

	if (in->ack != in->peer->next_seq) {
		if (!in->s->fastopen || in->ack != in->peer->isn + 1)
			return segment_bad(in, EVENT_STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
		take_back_syn_bytes(in);
	}
	synack_take(in, in->own, in->peer, &answer);
	tcp_state_set(in, TCP_SYN_RECV);
	if (in->s->fastopen && in->len) {
		in->own->next_seq += in->len;
		tcp_reassemble(in);
	} else if (in->s->fastopen) {
		tcp_reassemble(in);
	}
	return 0;
}

/* Both began at once (RFC 9293, 3.5, figure 7), or the server answers with a SYN of its own. */
static int four_way_begin(struct segment_in *in)
{
	in->s->four_way = true;
	tcp_stream_begin(in->own, in->seq);
	in->own->next_seq = in->own->last_ack = in->own->next_win = in->seq + 1;
	in->peer->window = in->p->tcp.window;
	if (!in->p->tcp.has_scale)
		in->own->scale = in->peer->scale = 0;
	else
		in->peer->scale = in->p->tcp.scale;
	tcp_timestamp_keep(in);
	in->s->timestamps = in->s->timestamps && in->p->tcp.has_timestamps;
	win_move(in->own);
	return 0;
}

/* The opener answers the other's SYN. */
static int four_way_answer(struct segment_in *in)
{
	if (in->ack != in->peer->isn + 1)
		return segment_bad(in, EVENT_STREAM_4WHS_SYNACK_WITH_WRONG_ACK);
	if (in->seq != in->own->isn)
		return segment_bad(in, EVENT_STREAM_4WHS_SYNACK_WITH_WRONG_SYN);
	in->peer->last_ack = in->ack;
	in->peer->window = in->p->tcp.window;
	in->own->last_ack = in->own->next_win = in->own->isn + 1;
	win_move(in->own);
	win_move(in->peer);
	tcp_state_set(in, TCP_SYN_RECV);
	return 0;
}

/* One side only is seen (or its answer was lost): the client goes on as if it were open. */
static int async_begin(struct segment_in *in)
{
	if (!in->settings->async || in->p->side != FROM_CLIENT)
		return 0;
	if (in->seq != in->own->next_seq)
		return segment_bad(in, EVENT_STREAM_3WHS_ASYNC_WRONG_SEQ);
	in->s->async = true;
	tcp_stream_begin(in->peer, in->ack - 1);
	in->peer->next_seq = in->peer->last_ack = in->peer->next_win = in->ack;
	in->own->window = in->peer->window;
	in->own->last_ack = in->seq;
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_state_set(in, TCP_ESTABLISHED);
	tcp_reassemble(in);
	return 0;
}

/*
 * Who gave the cookie has answered for the server, and nobody shows what was agreed on, but for timestamps,
 * which are not (RFC 4987, 3.6): whichever side comes first tells where both are.
 */
static int cookie_opens(struct segment_in *in)
{
	bool from_client = in->p->side == FROM_CLIENT;
	struct tcp_stream *server = from_client ? in->peer : in->own;
	uint32_t first = from_client ? in->ack : in->seq;

	tcp_stream_begin(server, first - 1);
	server->next_seq = server->last_ack = server->next_win = first;
	for (int side = 0; side < SIDES; side++) {
		struct tcp_stream *stream = &in->s->side[side];

		stream->scale = SCALE_MAX;
		stream->window = 65535u << SCALE_MAX;
		win_move(stream);
	}
	in->s->timestamps = false;
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_state_set(in, TCP_ESTABLISHED);
	tcp_reassemble(in);
	return in->flags & TCP_FIN ? tcp_state_established(in) : 0;
}

/* The answer echoes the timestamp of the SYN, and none when that had none (RFC 7323, 3.2). */
static bool echo_is_good(const struct segment_in *in)
{
	const struct tcp_stream *client = in->peer;

	if (in->p->side == FROM_CLIENT || !in->p->tcp.has_timestamps || in->p->tcp.tsecr == 0)
		return true;
	return client->has_tsval && (client->tsval == 0 || client->tsval == in->p->tcp.tsecr);
}

int tcp_state_syn_sent(struct segment_in *in)
{
	bool from_client = in->p->side == FROM_CLIENT;

	if (!echo_is_good(in))
		return segment_bad(in, EVENT_STREAM_PKT_INVALID_TIMESTAMP);

	if (in->flags & TCP_RST) {
		if (!from_client && (in->flags & TCP_ACK) && in->ack != in->peer->next_seq &&
		    in->ack != in->peer->isn + 1)
			return segment_bad(in, EVENT_STREAM_RST_INVALID_ACK);
		if (from_client && in->seq != in->own->isn && in->seq != in->own->next_seq)
			return -1;
		in->own->rst_seen = true;
		tcp_state_set(in, TCP_CLOSED);
		return 0;
	}
	if (in->p->tcp.is_cookie && (in->flags & (TCP_SYN | TCP_ACK)) == TCP_ACK)
		return cookie_opens(in);
	if (in->flags & TCP_FIN)
		return 0;
	if ((in->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)) {
		if (!from_client)
			return answer_take(in);
		return in->s->four_way
			       ? four_way_answer(in)
			       : segment_bad(in, EVENT_STREAM_3WHS_SYNACK_IN_WRONG_DIRECTION);
	}
	if (in->flags & TCP_SYN) {
		if (!from_client)
			return four_way_begin(in);
		if (in->seq == in->own->isn) {
			tcp_timestamp_keep(in);
			return 0;
		}
		/* It begins once more, with another number. */
		tcp_stream_end(in->own, &in->tracker->memory);
		begin_own(in);
		take_syn_bytes(in);
		return 0;
	}
	return in->flags & TCP_ACK ? async_begin(in) : 0;
}

/* --- the end of the handshake --- */

static void synack_queue(struct segment_in *in)
{
	struct tcp_session *s = in->s;
	const struct tcp_synack answer = synack_of(in);

	for (uint8_t i = 0; i < s->synack_cnt; i++)
		if (s->synacks[i].seq == answer.seq && s->synacks[i].ack == answer.ack)
			return;
	if (s->synack_cnt == TCP_SYNACKS_MAX) {
		packet_event(in->p, EVENT_STREAM_3WHS_SYNACK_FLOOD);
		return;
	}
	s->synacks[s->synack_cnt++] = answer;
}

/* Several answers came: the client's acknowledgement says which one it took. */
static void synack_choose(struct segment_in *in)
{
	for (uint8_t i = 0; i < in->s->synack_cnt; i++)
		if (in->s->synacks[i].seq + 1 == in->ack) {
			synack_take(in, in->peer, in->own, &in->s->synacks[i]);
			return;
		}
}

static int synack_again(struct segment_in *in)
{
	if (in->p->side == FROM_CLIENT)
		return in->s->four_way
			       ? 0
			       : segment_bad(in, EVENT_STREAM_3WHS_SYNACK_TOSERVER_ON_SYN_RECV);
	if (in->s->four_way)
		return in->seq == in->own->isn
			       ? 0
			       : segment_bad(in, EVENT_STREAM_4WHS_SYNACK_WITH_WRONG_SYN);
	if (in->ack != in->peer->last_ack)
		return segment_bad(in, EVENT_STREAM_3WHS_SYNACK_RESEND_WITH_DIFFERENT_ACK);
	if (in->seq != in->own->isn) {
		packet_event(in->p, EVENT_STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_SEQ);
		synack_queue(in);
		return -1;
	}
	return 0;
}

static int open_now(struct segment_in *in)
{
	if (!tcp_timestamp_is_good(in))
		return -1;
	tcp_timestamp_keep(in);
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_state_set(in, TCP_ESTABLISHED);
	tcp_reassemble(in);
	return 0;
}

/* The server sends before the client's acknowledgement was seen. */
static int server_is_early(struct segment_in *in)
{
	if (in->s->four_way) {
		if (in->seq != in->own->next_seq)
			return segment_bad(in, EVENT_STREAM_4WHS_WRONG_SEQ);
		if (in->ack != in->peer->next_seq)
			return segment_bad(in, EVENT_STREAM_4WHS_INVALID_ACK);
		return open_now(in);
	}
	if (in->s->midstream_synack)
		return open_now(in);
	if (in->len == 0 && !in->s->fastopen)
		return segment_bad(in, EVENT_STREAM_3WHS_ACK_IN_WRONG_DIR);
	if (!in->s->fastopen) {
		if (in->settings->stream.is_inline)
			return segment_bad(in, EVENT_STREAM_3WHS_ACK_DATA_INJECT);
		packet_event(in->p, EVENT_STREAM_3WHS_ACK_DATA_INJECT);
	}
	if (!tcp_ack_is_good(in))
		return -1;
	tcp_next_seq_move(in);
	tcp_ack_take(in);
	tcp_reassemble(in);
	return 0;
}

static int client_acks(struct segment_in *in)
{
	bool ack_fits, seq_fits = in->seq == in->own->next_seq;

	if (in->ack != in->peer->isn + 1 && in->s->synack_cnt)
		synack_choose(in);
	ack_fits = !seq_before(in->ack, in->peer->isn + 1) && !seq_after(in->ack, in->peer->next_seq);
	if (in->s->midstream_synack || in->s->async)
		return open_now(in);
	/* Data may have been lost in front of it; but it lies in the window. */
	if (ack_fits && (seq_fits || (!seq_before(in->seq, in->own->isn + 1) &&
				      !seq_after(in->seq, in->own->next_win))))
		return open_now(in);
	if (seq_fits && !ack_fits) {
		/* Bytes of the server passed unseen: those that are acknowledged were there. */
		if (seq_after(in->ack, in->peer->next_seq) &&
		    !seq_after(in->ack, in->peer->next_win) && in->len)
			return open_now(in);
		return segment_bad(in, EVENT_STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
	}
	return segment_bad(in, EVENT_STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
}

int tcp_state_syn_recv(struct segment_in *in)
{
	bool from_client = in->p->side == FROM_CLIENT;
	int r;

	if (in->flags & TCP_RST)
		return tcp_reset(in);
	if ((in->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		return synack_again(in);
	if (in->flags & TCP_SYN) {
		if (!from_client)
			return segment_bad(in, EVENT_STREAM_3WHS_SYN_TOCLIENT_ON_SYN_RECV);
		if (in->seq != in->own->isn)
			return segment_bad(in, EVENT_STREAM_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV);
		return 0;
	}
	if (!(in->flags & TCP_ACK))
		return 0;
	if (in->flags & TCP_FIN) {
		r = from_client ? client_acks(in) : server_is_early(in);
		return r < 0 || in->s->state != TCP_ESTABLISHED ? r : tcp_state_established(in);
	}
	return from_client ? client_acks(in) : server_is_early(in);
}
