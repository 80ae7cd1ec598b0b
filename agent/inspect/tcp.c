// SPDX-License-Identifier: Apache-2.0
/*
 * A packet's way through its TCP connection: which state judges it, what becomes of it then. Called by a
 * worker; promises that what is refused is told as an event and counted.
 */
#include "base/config.h"
#include "inspect/engine.h"
#include "inspect/flowtable.h"
#include "inspect/session.h"
#include "inspect/tcp_session.h"

#include <string.h>
#include <strings.h>

#define SESSIONS_MEMCAP (64ull << 20)
#define REASSEMBLY_MEMCAP (256ull << 20)
#define DEPTH_DEFAULT (1ull << 20)
#define CHUNK_DEFAULT 2560

/* --- settings --- */

static bool word_is(const struct config *config, const char *path, const char *word)
{
	const char *said = config_text(config, path);

	return said && strcasecmp(said, word) == 0;
}

static enum tcp_urgent urgent_read(const struct config *config)
{
	const char *path = "stream.reassembly.urgent.policy";

	if (word_is(config, path, "inline"))
		return TCP_URGENT_INLINE;
	if (word_is(config, path, "drop"))
		return TCP_URGENT_DROP;
	return word_is(config, path, "gap") ? TCP_URGENT_GAP : TCP_URGENT_OOB;
}

static enum exception_policy memcap_policy(const struct config *config, const char *path, bool ips)
{
	return exception_read(
		config, &(struct exception_case){ .path = path, .has_flow = true, .ips = ips });
}

void tcp_settings_read(const struct config *config, const struct engine_setup *setup,
		       unsigned int workers, struct tcp_settings *ret)
{
	struct tcp_settings s = {
		.stream = {
			.is_inline = config_bool(config, "stream.inline", setup->ips),
			.depth = config_bytes(config, "stream.reassembly.depth", DEPTH_DEFAULT),
			.raw = config_bool(config, "stream.reassembly.raw", true),
			.chunk = {
				(uint32_t)config_bytes(config, "stream.reassembly.toserver-chunk-size",
						       CHUNK_DEFAULT),
				(uint32_t)config_bytes(config, "stream.reassembly.toclient-chunk-size",
						       CHUNK_DEFAULT),
			},
		},
		.midstream = config_bool(config, "stream.midstream", false),
		.async = config_bool(config, "stream.async-oneside", false),
		.checks_sums = config_bool(config, "stream.checksum-validation", true) &&
			       !setup->unchecked_sums,
		.liberal_timestamps = config_bool(config, "stream.liberal-timestamps", false),
		.bypass = config_bool(config, "stream.bypass", false),
		.urgent = urgent_read(config),
		.sessions_max = config_bytes(config, "stream.memcap", SESSIONS_MEMCAP) /
				sizeof(struct tcp_session),
		.reassembly_max =
			config_bytes(config, "stream.reassembly.memcap", REASSEMBLY_MEMCAP) / workers,
		.session_memcap_policy =
			memcap_policy(config, "stream.memcap-policy", setup->ips),
		.reassembly_memcap_policy =
			memcap_policy(config, "stream.reassembly.memcap-policy", setup->ips),
	};

	if (word_is(config, "stream.inline", "auto"))
		s.stream.is_inline = setup->ips;
	s.sides_leave = setup->ips && setup->flows_elsewhere && s.bypass;
	s.drops_invalid = setup->ips && config_bool(config, "stream.drop-invalid", true);
	s.midstream_policy = exception_read(config, &(struct exception_case){
							    .path = "stream.midstream-policy",
							    .has_flow = true,
							    .is_midstream = true,
							    .midstream = s.midstream,
							    .ips = setup->ips,
						    });
	*ret = s;
}

void tcp_tracker_init(struct tcp_tracker *tracker, const struct tcp_settings *settings,
		      const struct hostos *hostos, struct flow_table *flows)
{
	*tracker = (struct tcp_tracker){
		.settings = settings,
		.hostos = hostos,
		.flows = flows,
		.memory = { .max = settings->reassembly_max },
	};
	pool_init(&tracker->pool, sizeof(struct tcp_session));
}

void tcp_tracker_end(struct tcp_tracker *tracker)
{
	pool_free(&tracker->pool);
}

void tcp_forget(struct tcp_tracker *tracker, struct flow *flow)
{
	if (!flow->tcp)
		return;
	for (int side = 0; side < SIDES; side++)
		tcp_stream_end(&flow->tcp->side[side], &tracker->memory);
	pool_give(&tracker->pool, flow->tcp);
	flow->tcp = NULL;
	flow->table->shards[flow->shard].tcp_cnt--;
}

const char *tcp_state_name(enum tcp_state state)
{
	static const char *const names[TCP_STATES] = {
		"none",	     "syn_sent", "syn_recv",   "established", "fin_wait1", "fin_wait2",
		"time_wait", "last_ack", "close_wait", "closing",     "closed",
	};

	return names[state];
}

void tcp_state_set(struct segment_in *in, enum tcp_state state)
{
	struct tcp_session *s = in->s;

	if (state == s->state || state == TCP_NONE)
		return;
	s->former = s->state;
	s->state = state;
	in->p->state_changed = true;
	switch (state) {
	case TCP_NONE:
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
	case TCP_STATES:
		break;
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSING:
	case TCP_CLOSE_WAIT:
		flow_state_set(in->flow, FLOW_ESTABLISHED);
		break;
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT:
	case TCP_CLOSED:
		flow_state_set(in->flow, FLOW_CLOSED);
		break;
	}
}

/* --- bytes --- */

/* The parser found that who spoke first is the server: both change their places. */
static void session_turn(struct segment_in *in)
{
	struct tcp_session *s = in->s;
	struct tcp_stream first = s->side[0];

	s->side[0] = s->side[1];
	s->side[1] = first;
	flow_turn(in->flow, in->p);
	in->own = &s->side[in->p->side];
	in->peer = &s->side[other_side(in->p->side)];
}

/*
 * Must what is missing not be acknowledged to be a gap: nothing follows. In the path all bytes count as they
 * pass (all), and yet those that another segment overtook may come.
 */
static bool nothing_follows(const struct segment_in *in, bool all)
{
	return all &&
	       (!in->settings->stream.is_inline || in->p->is_pseudo || in->s->state == TCP_CLOSED);
}

/* Nobody reads: what is whole is passed over. True: there was a gap, go on behind it. */
static bool stream_pass(struct segment_in *in, struct tcp_stream *stream, bool all)
{
	tcp_stream_app_took(stream, tcp_stream_app(stream, all).len);
	stream->lost = 0;
	return tcp_stream_skip_gap(stream, &in->tracker->memory, nothing_follows(in, all));
}

static void stream_lost(struct segment_in *in, struct tcp_stream *stream, uint64_t lost)
{
	in->tracker->gaps++;
	packet_event(in->p, EVENT_STREAM_REASSEMBLY_SEQ_GAP);
	stream->lost += lost;
}

/*
 * The parser waits for bytes that will never come: what it did not take is lost with them. False: nothing is
 * missing there, or its protocol is not known yet, and may still be.
 */
static bool gap_pass(struct segment_in *in, struct tcp_stream *stream, uint64_t untaken, bool all)
{
	bool over = nothing_follows(in, all);

	if ((in->flow->session.proto == PROTO_UNKNOWN && !in->p->is_pseudo) ||
	    !tcp_stream_gap_follows(stream, over))
		return false;
	tcp_stream_app_took(stream, untaken);
	stream_lost(in, stream, untaken + tcp_stream_skip_gap(stream, &in->tracker->memory, over));
	return true;
}

/* The protocol is known by what the server said: what the client said before it comes first. */
static void parse_other(struct segment_in *in, enum side side, bool all)
{
	enum side other = other_side(side);

	in->flow->session.feeds_other = false;
	if (in->s->side[other].started)
		tcp_parse(in, other, all);
}

void tcp_parse(struct segment_in *in, enum side side, bool all)
{
	struct session *session = &in->flow->session;

	for (;;) {
		struct tcp_stream *stream = &in->s->side[side];
		bool ends = all && (in->p->is_pseudo || stream->fin_seen || stream->rst_seen);
		struct slice bytes;
		uint64_t taken;

		if (stream->no_reassembly || !session_reads(session)) {
			if (!stream_pass(in, stream, all))
				return;
			continue;
		}
		bytes = tcp_stream_app(stream, all);
		if (bytes.len == 0) {
			uint64_t lost = tcp_stream_skip_gap(stream, &in->tracker->memory,
							    nothing_follows(in, all));

			if (lost) {
				stream_lost(in, stream, lost);
				continue;
			}
		}
		ends = (ends || stream->depth_reached) && !tcp_stream_waits(stream);
		if (bytes.len == 0 && stream->lost == 0 && !ends)
			return;
		taken = session_stream(session, in->p, side, bytes, stream->lost, ends);
		if (session->raw_due) {
			session->raw_due = false;
			stream->raw_wanted = true;
		}
		if (session->feeds_other) {
			tcp_stream_app_took(stream, taken); /* the protocol's that it was before */
			parse_other(in, side, all);
			continue;
		}
		if (session->turns) {
			session->turns = false;
			if (in->s->midstream) {
				session_turn(in);
				side = other_side(side);
			}
			continue;
		}
		if (taken || session->fed)
			stream->lost = 0;
		tcp_stream_app_took(stream, taken);
		if (taken < bytes.len && gap_pass(in, stream, bytes.len - taken, all))
			continue;
		if (taken < bytes.len || bytes.len == 0)
			return;
	}
}

/* Returns the segment's bytes without what the urgent policy takes out of them. */
static bool urgent_apply(struct segment_in *in, struct slice *bytes)
{
	const struct packet_tcp *tcp = &in->p->tcp;

	if (!(in->flags & TCP_URG) || in->settings->urgent == TCP_URGENT_INLINE)
		return true;
	if (in->settings->urgent == TCP_URGENT_DROP) {
		packet_drop(in->p, DROP_STREAM_URGENT);
		return false;
	}
	if (in->settings->urgent == TCP_URGENT_GAP)
		return false;
	/* The byte that the pointer is behind of is not in the stream (RFC 6093, 3.1). */
	if (tcp->urgent != 0 && tcp->urgent == bytes->len &&
	    tcp_stream_offset(in->own, in->seq) == (int64_t)in->own->end) {
		bytes->len--;
		in->tracker->urgent_bytes++;
		in->own->base_seq++;
		in->seq++;
	}
	return true;
}

static void segment_take(struct segment_in *in, uint32_t seq)
{
	struct stream_settings settings = in->settings->stream;
	struct slice bytes = in->p->payload;
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;
	uint32_t moved = in->seq;

	if (!urgent_apply(in, &bytes))
		return;
	seq += in->seq - moved;
	if (in->flow->session.no_depth)
		settings.depth = 0;
	switch (tcp_stream_insert(in->own, &settings, &in->tracker->memory, seq, bytes, &overlap)) {
	case STREAM_SAID_TAKEN:
	case STREAM_SAID_OLD:
		in->p->is_stream = true;
		break;
	case STREAM_SAID_BEYOND:
		break;
	case STREAM_SAID_NO_MEMORY:
		packet_event(in->p, EVENT_STREAM_REASSEMBLY_INSERT_MEMCAP);
		exception_apply(in->settings->reassembly_memcap_policy, in->p,
				DROP_STREAM_REASSEMBLY);
		break;
	}
	if (in->own->depth_reached)
		packet_event(in->p, EVENT_STREAM_REASSEMBLY_DEPTH_REACHED);
	in->tracker->overlaps += overlap != STREAM_OVERLAP_NONE;
	if (overlap == STREAM_OVERLAP_OTHER)
		packet_event(in->p, EVENT_STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
}

/*
 * Off the path a byte counts once the other side acknowledged it: so the packet moves the other side's
 * stream. In the path it counts as it passes.
 */
void tcp_reassemble(struct segment_in *in)
{
	bool is_inline = in->settings->stream.is_inline, all = is_inline;
	bool ends = in->s->state > TCP_TIME_WAIT && (in->flags & (TCP_FIN | TCP_RST));

	if (in->flags & TCP_FIN)
		in->own->fin_seen = true;
	if (!is_inline)
		tcp_parse(in, other_side(in->p->side), in->s->state == TCP_CLOSED);
	if (in->len && !in->own->no_reassembly && !in->own->depth_reached)
		segment_take(in, in->flags & TCP_SYN ? in->seq + 1 : in->seq);
	if (is_inline || ends || in->s->state == TCP_CLOSED)
		tcp_parse(in, in->p->side, all || in->s->state == TCP_CLOSED);
}

/* --- a packet --- */

/* A new connection over the ends of one that is closed, or was never open (RFC 9293, 3.6.1; RFC 6191). */
static bool begins_anew(const struct packet *p, const struct tcp_session *s)
{
	const struct tcp_stream *own = &s->side[p->side];

	if ((p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
		return false;
	if (s->fastopen_ignored && s->state == TCP_SYN_RECV)
		return true;
	return s->state > TCP_TIME_WAIT && !(own->started && p->tcp.seq == own->isn);
}

static struct segment_in segment_of(struct tcp_tracker *tracker, struct packet *p)
{
	struct segment_in in = {
		.tracker = tracker,
		.settings = tracker->settings,
		.p = p,
		.flow = p->flow,
		.s = p->flow->tcp,
		.seq = p->tcp.seq,
		.ack = p->tcp.ack,
		.len = (uint32_t)p->payload.len,
		.flags = p->tcp.flags,
	};

	if (in.s) {
		in.own = &in.s->side[p->side];
		in.peer = &in.s->side[other_side(p->side)];
	}
	return in;
}

static int state_dispatch(struct segment_in *in, enum tcp_state state)
{
	switch (state) {
	case TCP_SYN_SENT:
		return tcp_state_syn_sent(in);
	case TCP_SYN_RECV:
		return tcp_state_syn_recv(in);
	case TCP_ESTABLISHED:
		return tcp_state_established(in);
	case TCP_CLOSED:
		return tcp_state_closed(in);
	case TCP_NONE:
	case TCP_STATES:
		return 0;
	default:
		return tcp_state_closing(in);
	}
}

/* Who has reset it and goes on did not reset it: somebody else did. */
static void check_after_reset(struct segment_in *in)
{
	if ((in->flags & TCP_RST) || !in->own->rst_seen)
		return;
	in->own->rst_seen = false;
	packet_event(in->p, EVENT_STREAM_SUSPECTED_RST_INJECT);
}

static int packet_judge(struct segment_in *in)
{
	int r;

	if (!in->s || in->s->state == TCP_NONE)
		return tcp_state_none(in);
	if (tcp_is_keep_alive(in) || tcp_is_keep_alive_ack(in))
		return 0;
	in->own->keep_alive = false;
	if (tcp_is_bad_window_update(in)) {
		packet_event(in->p, EVENT_STREAM_PKT_BAD_WINDOW_UPDATE);
		return 0;
	}
	if (tcp_is_spurious(in))
		packet_event(in->p, EVENT_STREAM_PKT_SPURIOUS_RETRANSMISSION);
	r = state_dispatch(in, in->s->state);
	check_after_reset(in);
	return r;
}

/* Nothing more of this side is read. Where the other is, it is followed by itself. */
static void depth_passed(struct segment_in *in)
{
	if (in->peer->depth_reached)
		flow_bypass(in->flow, SEK_BACK_DEPTH);
	else if (in->settings->sides_leave)
		in->s->async = true;
}

void tcp_packet(struct tcp_tracker *tracker, struct packet *p)
{
	struct segment_in in;
	bool was_open;

	if (tracker->settings->checks_sums && p->l4_sum == SUM_BAD) {
		tracker->bad_sums++;
		return;
	}
	if (p->flow->tcp && begins_anew(p, p->flow->tcp) && !flow_replace(tracker->flows, p))
		return;
	in = segment_of(tracker, p);
	was_open = in.s && in.s->state >= TCP_ESTABLISHED;
	if (!(p->tcp.flags & TCP_ACK) && p->tcp.ack != 0)
		packet_event(p, EVENT_STREAM_PKT_BROKEN_ACK);
	if (packet_judge(&in) < 0) {
		tracker->invalid++;
		if (tracker->settings->drops_invalid)
			packet_drop(p, DROP_STREAM_ERROR);
	}
	if (!p->flow->tcp)
		return;
	if (in.own)
		in.own->flags |= p->tcp.flags;
	p->is_established = was_open; /* the packet that opens it is none of it yet, */
	if (p->tcp.is_cookie && p->flow->tcp->state >= TCP_ESTABLISHED)
		p->is_established = true; /* unless it was open before anybody showed it */
	if (tracker->settings->bypass && in.own && in.own->depth_reached)
		depth_passed(&in);
	for (int side = 0; side < SIDES; side++) {
		struct tcp_stream *stream = &p->flow->tcp->side[side];

		if (p->flow->payload_over[side] && !stream->no_reassembly)
			tcp_stream_quit(stream, &tracker->memory);
		else
			tcp_stream_trim(stream, &tracker->settings->stream, &tracker->memory,
					(enum side)side);
	}
}

/* In the traffic a reset ends it as well: most connections of browsers end so. */
void tcp_rest(struct tcp_tracker *tracker, struct flow *flow)
{
	bool is_reset = tracker->settings->sides_leave && flow->tcp->state == TCP_CLOSED;

	if (!is_reset && !tcp_is_finished(flow->tcp))
		return;
	for (int side = 0; side < SIDES; side++)
		tcp_stream_rest(&flow->tcp->side[side], &tracker->memory);
}

void tcp_finish(struct tcp_tracker *tracker, struct packet *p)
{
	struct segment_in in = segment_of(tracker, p);

	if (!in.s)
		return;
	p->is_established = in.s->state >= TCP_ESTABLISHED;
	if (in.own->started)
		tcp_parse(&in, p->side, true);
	in.own->raw_wanted = true;
}
