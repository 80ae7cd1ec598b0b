// SPDX-License-Identifier: Apache-2.0
/*
 * Sessions: which protocol a flow carries, its parser, its transactions. Called by tcp and the engine with
 * bytes, by parsers for transactions; promises that a parser sees each byte of a side once, in order.
 */
#include "inspect/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "detect/detect.h"
#include "file/file.h"
#include "inspect/engine.h"
#include "inspect/flowtable.h"
#include "inspect/tcp.h"
#include "proto/frames.h"

#define GUESS_LEN_MAX 4096 /* bytes of a side that a protocol may ask for to be known */
#define WAIT_LEN_MAX 100000 /* bytes of a side that wait for the other one to say what it is */
#define TX_SIZE_SPARE 4096 /* of a transaction that is made before its protocol made one */
#define IP_TCP 6
#define IP_UDP 17

/* --- transactions --- */

struct tx *tx_new(struct session *session, size_t size)
{
	struct tx *tx = calloc(1, size);

	if (!tx)
		return NULL;
	session->tx_size = size;
	tx->session = session;
	tx->proto = session->proto;
	tx->id = session->tx_cnt++;
	tx->first_packet = session->now_packet;
	tx->side = session->now_side;
	if (session->last)
		session->last->next = tx;
	else
		session->first = tx;
	session->last = tx;
	return tx;
}

void tx_event(struct tx *tx, uint8_t event)
{
	for (uint8_t i = 0; i < tx->event_cnt; i++)
		if (tx->event[i] == event)
			return;
	if (tx->event_cnt < TX_EVENTS_MAX)
		tx->event[tx->event_cnt++] = event;
}

void tx_keep(struct tx_kept *at, struct tx *tx)
{
	if (at->tx)
		at->tx->kept = NULL;
	at->tx = tx;
	if (!tx)
		return;
	if (tx->kept)
		tx->kept->tx = NULL;
	tx->kept = at;
	at->was = true;
}

static struct tx *tx_of_proto(struct tx *tx, enum proto_id proto)
{
	while (tx && tx->proto != proto)
		tx = tx->next;
	return tx;
}

struct tx *tx_first(const struct session *session)
{
	return tx_of_proto(session->first, session->proto);
}

struct tx *tx_next(const struct tx *tx)
{
	return tx_of_proto(tx->next, tx->proto);
}

struct tx *tx_last(const struct session *session)
{
	return session->last && session->last->proto == session->proto ? session->last : NULL;
}

void session_event(struct session *session, uint8_t event)
{
	struct tx *tx = tx_last(session);

	if (!tx)
		tx = tx_new(session, session->tx_size ? session->tx_size : TX_SIZE_SPARE);
	if (tx)
		tx_event(tx, event);
}

bool tx_is_complete(const struct tx *tx, enum side side)
{
	return tx->session->ended[side] || tx->progress[side] >= protos[tx->proto]->steps[side];
}

static void tx_release(struct tx *tx)
{
	if (tx->kept)
		tx->kept->tx = NULL;
	for (int side = 0; side < SIDES; side++)
		if (tx->detect[side])
			detect_tx_free(tx->detect[side]);
	if (tx->files)
		file_free_all(tx->files);
	if (protos[tx->proto]->tx_free)
		protos[tx->proto]->tx_free(tx);
	else
		free(tx);
}

/* Of both sides, or of the one that alone has a part in it. */
static bool tx_is_whole(const struct tx *tx)
{
	if (tx->one_sided)
		return tx_is_complete(tx, tx->side);
	return tx_is_complete(tx, FROM_CLIENT) && tx_is_complete(tx, FROM_SERVER);
}

static bool tx_is_over(const struct tx *tx)
{
	const struct session *session = tx->session;

	if (!tx_is_whole(tx))
		return false;
	if ((!tx->logged && protos[tx->proto]->log) || tx->files_due || tx->waits)
		return false;
	if (!session->setup || !session->setup->ruleset || tx->no_inspect)
		return true;
	return tx->one_sided ? session->inspected[tx->side] > tx->id
			     : session->inspected[FROM_CLIENT] > tx->id &&
				       session->inspected[FROM_SERVER] > tx->id;
}

void session_clean(struct session *session)
{
	struct tx **at = &session->first, *last = NULL;

	while (*at) {
		struct tx *tx = *at;

		if (tx_is_over(tx)) {
			*at = tx->next;
			tx_release(tx);
		} else {
			last = tx;
			at = &tx->next;
		}
	}
	session->last = last;
	if (session->frames)
		frames_clean(session, false);
}

static void txs_forget(struct session *session)
{
	while (session->first) {
		struct tx *tx = session->first;

		session->first = tx->next;
		tx_release(tx);
	}
	session->last = NULL;
}

static void old_close(struct session *session)
{
	if (session->old_state && protos[session->old_proto]->close)
		protos[session->old_proto]->close(session->old_state);
	session->old_state = NULL;
}

void session_end(struct session *session)
{
	txs_forget(session);
	frames_clean(session, true);
	old_close(session);
	if (session->state && protos[session->proto]->close)
		protos[session->proto]->close(session->state);
	session->state = NULL;
	free((void *)session->expected_name.at);
	session->expected_name = slice(NULL, 0);
}

/* --- what parsers say --- */

void session_becomes(struct session *session, enum proto_id proto)
{
	session->becomes = true;
	session->next = proto;
}

/* What a site wants to be done with what cannot be read: default, full, bypass. */
void session_encrypted(struct session *session)
{
	struct flow *flow = session_flow(session);
	char path[96];
	const char *handling;

	session->encrypted = true;
	snprintf(path, sizeof(path), "app-layer.protocols.%s.encryption-handling",
		 protos[session->proto] ? protos[session->proto]->name : "");
	handling = session->setup ? config_text(session->setup->config, path) : NULL;
	if (handling && strcmp(handling, "full") == 0)
		return;
	flow->no_payload = true;
	session->no_reassembly = true;
	if (handling && strcmp(handling, "bypass") == 0)
		flow_bypass(flow, SEK_BACK_CIPHERED);
}

/* --- which protocol --- */

static void anomaly(struct session *session, enum session_event event)
{
	if (session->event_cnt < sizeof(session->event))
		session->event[session->event_cnt++] = (uint8_t)event;
}

/* ports: ends with 0; NULL: none. */
static bool port_is_in(const uint16_t *ports, const struct flow *flow)
{
	for (const uint16_t *port = ports; port && *port; port++)
		if (*port == flow->port[FROM_SERVER] || *port == flow->port[FROM_CLIENT])
			return true;
	return false;
}

/* What a protocol thinks by content alone, or on its ports; GUESS_NO: it is not to be asked. */
static enum proto_guess guess_one(const struct proto *proto, const struct flow *flow,
				  enum side side, struct slice first, bool on_ports)
{
	if (on_ports ? !port_is_in(proto->ports, flow) : proto->ports && !proto->guess_there)
		return GUESS_NO;
	if (port_is_in(proto->not_ports, flow))
		return GUESS_NO;
	return on_ports && proto->guess_there ? proto->guess_there(side, first)
					      : proto->guess(side, first);
}

/* Asks all; those that know by content alone go before those that only look at their ports. */
static enum proto_guess guess_any(const struct session *session, const struct flow *flow,
				  enum side side, struct slice first, enum proto_id *ret)
{
	uint8_t over = flow->proto == IP_UDP ? PROTO_OVER_UDP : PROTO_OVER_TCP;
	bool more = false;

	for (int with_ports = 0; with_ports < 2; with_ports++)
		for (int i = PROTO_FAILED + 1; i < PROTO_CNT; i++) {
			const struct proto *proto = protos[i];
			enum proto_guess guess;

			if (!proto || !(proto->over & over) || !proto->guess || flow->table->off[i])
				continue;
			guess = guess_one(proto, flow, side, first, with_ports);
			if (guess == GUESS_YES || guess == GUESS_YES_TURNED) {
				*ret = (enum proto_id)i;
				return guess;
			}
			more = more || guess == GUESS_MORE;
		}
	return more ? GUESS_MORE : GUESS_NO;
}

static bool session_open(struct session *session, enum proto_id proto)
{
	session->proto = proto;
	session->state = protos[proto]->open ? protos[proto]->open(session) : NULL;
	if (protos[proto]->open && !session->state)
		session->failed = true;
	return !session->failed;
}

static void session_fail(struct session *session)
{
	session->failed = true;
	if (session->proto == PROTO_UNKNOWN)
		session->proto = PROTO_FAILED;
}

/* The parser that was is done; what it told of stays until all have seen it. */
static void session_change(struct session *session)
{
	enum proto_id next = session->next;

	session->becomes = false;
	if (session->old_state) {
		txs_forget(session);
		old_close(session);
	}
	session->original = session->proto;
	session->old_proto = session->proto;
	session->old_state = session->state;
	session->state = NULL;
	session->tx_size = 0;
	session->proto = PROTO_UNKNOWN;
	session->asked[0] = session->asked[1] = session->fed = false;
	session->side_proto[0] = session->side_proto[1] = PROTO_UNKNOWN;
	session->no_tls_yet = next != PROTO_UNKNOWN;
	session->expected = PROTO_UNKNOWN;
}

enum asked { ASKED_KNOWN, ASKED_WAIT, ASKED_NOBODY };

/* A side that nobody knows: the other one may still say what it is. */
static enum asked nobody_knows(struct session *session, enum side side, size_t len)
{
	session->asked[side] = true;
	session->side_proto[side] = PROTO_FAILED;
	if (session->asked[other_side(side)]) {
		if (session->no_tls_yet)
			anomaly(session, SESSION_NO_TLS);
		session_fail(session);
		return ASKED_NOBODY;
	}
	if (len > WAIT_LEN_MAX) {
		anomaly(session, SESSION_SKIPPED);
		session_fail(session);
		return ASKED_NOBODY;
	}
	return ASKED_WAIT;
}

static enum asked ask_first(struct session *session, struct flow *flow, enum side side,
			    struct slice first, bool ends)
{
	enum proto_guess guess = GUESS_YES;
	enum proto_id proto;

	if (session->asked[side])
		return nobody_knows(session, side, first.len);
	/* The connection may be older than the command that tells what comes over it. */
	if (session->expected == PROTO_UNKNOWN && !session->original)
		flow_expectation_meet(flow);
	proto = session->expected;
	if (proto == PROTO_UNKNOWN)
		guess = guess_any(session, flow, side, first, &proto);
	if (guess == GUESS_MORE && !ends && first.len < GUESS_LEN_MAX)
		return ASKED_WAIT;
	if (guess == GUESS_MORE || guess == GUESS_NO)
		return nobody_knows(session, side, first.len);
	session->asked[side] = true;
	session->side_proto[side] = proto;
	if (session->no_tls_yet && proto != session->next)
		anomaly(session, SESSION_NO_TLS);
	session->no_tls_yet = false;
	if (!session_open(session, proto))
		return ASKED_NOBODY;
	if (session->asked[other_side(side)] || session->side_proto[other_side(side)] == PROTO_FAILED)
		anomaly(session, SESSION_ONE_SIDE);
	if (guess == GUESS_YES_TURNED && flow->proto == IP_UDP && flow->packets[other_side(side)])
		guess = GUESS_YES; /* the other side came first: it opened it */
	if (guess == GUESS_YES_TURNED)
		session->turns = session->turned = true;
	else if ((side == FROM_SERVER || protos[proto]->server_greets) && flow->proto == IP_TCP)
		session->feeds_other = true;
	return ASKED_KNOWN;
}

/* The protocol is known of the other side: does this one agree? */
static void ask_second(struct session *session, struct flow *flow, enum side side, struct slice first)
{
	enum proto_id proto = session->proto;
	const struct proto *known = protos[proto];

	session->asked[side] = true;
	session->side_proto[side] = proto;
	if (!known->guess || known->guess(side, first) != GUESS_NO ||
	    (known->guess_there && known->guess_there(side, first) != GUESS_NO))
		return;
	if (guess_any(session, flow, side, first, &proto) >= GUESS_YES) {
		if (proto == session->proto)
			return;
		session->side_proto[side] = proto;
		anomaly(session, SESSION_MISMATCH);
	} else if (flow->proto == IP_TCP && !known->answers_vary) {
		/* It goes on as the other side's, but nobody knows it. */
		session->side_proto[side] = PROTO_FAILED;
		anomaly(session, SESSION_ONE_SIDE);
	}
}

/* --- bytes --- */

bool session_reads(const struct session *session)
{
	return !session->failed && !session->no_reassembly;
}

/*
 * A side's part of a transaction became whole: what rules ask of the stream is asked up to there, however
 * short it is. Of many at once the oldest and the youngest are looked at.
 */
static void whole_look(struct session *session, enum side side)
{
	struct tx *ends[] = { session->first, session->last };

	if (protos[session->proto]->asked_by_chunks)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct tx *tx = ends[i];

		if (!tx || tx->was_whole[side] || tx->progress[side] < protos[tx->proto]->steps[side])
			continue;
		tx->was_whole[side] = true;
		session->raw_due |= !tx->one_sided || tx->side == side;
	}
}

static uint64_t session_feed(struct session *session, const struct proto_in *in)
{
	const struct proto *proto = protos[session->proto];
	int64_t took;

	session->fed = true;
	session->now_packet = in->packet;
	session->now_side = in->side;
	frames_feed(session, in);
	if (session_flow(session)->proto == IP_TCP && in->data.len)
		frame_of_stream(session);
	took = proto->input ? proto->input(session->state, in) : (int64_t)in->data.len;
	if (took < 0) {
		session_fail(session);
		return in->data.len;
	}
	whole_look(session, in->side);
	return (uint64_t)took < in->data.len ? (uint64_t)took : in->data.len;
}

static uint64_t session_take(struct session *session, struct flow *flow, struct proto_in *in)
{
	enum side side = in->side;

	if (session->proto == PROTO_UNKNOWN) {
		if (in->data.len == 0)
			return 0;
		if (in->lost) { /* its beginning is missing: nobody can say what it is */
			session->asked[side] = true;
			session->side_proto[side] = PROTO_FAILED;
		}
		switch (ask_first(session, flow, side, in->data, in->ends)) {
		case ASKED_WAIT:
			return 0;
		case ASKED_NOBODY:
			return in->data.len;
		case ASKED_KNOWN:
			break;
		}
		if (session->turns || session->feeds_other)
			return 0;
	} else if (!session->asked[side] && in->data.len) {
		ask_second(session, flow, side, in->data);
	}
	return session_feed(session, in);
}

uint64_t session_stream(struct session *session, struct packet *packet, enum side side,
			struct slice bytes, uint64_t lost, bool ends)
{
	struct flow *flow = session_flow(session);
	struct proto_in in = {
		.side = side,
		.data = bytes,
		.lost = lost,
		.ends = ends,
		.time_ns = packet->time_ns,
		.packet = packet->number,
	};
	uint64_t took = 0, now;

	if (ends && session->ended[side] && bytes.len == 0)
		return 0;
	for (;;) {
		if (session->becomes && in.data.len)
			session_change(session);
		if (!session_reads(session))
			return bytes.len;
		session->now_from = (flow->tcp ? flow->tcp->side[side].app : 0) + took;
		now = session_take(session, flow, &in);
		took += now;
		in.data = slice_behind(in.data, now);
		in.lost = 0;
		if (!session->becomes || in.data.len == 0)
			break;
	}
	if (ends && took == bytes.len)
		session->ended[side] = true;
	if (session->ended[side] && session->frames)
		frames_end(session, side);
	return took;
}

void session_datagram(struct session *session, struct packet *packet)
{
	struct flow *flow = session_flow(session);
	struct proto_in in = {
		.side = packet->side,
		.data = packet->payload,
		.time_ns = packet->time_ns,
		.packet = packet->number,
	};

	if (!session_reads(session) || packet->payload.len == 0)
		return;
	if (session->proto == PROTO_UNKNOWN) {
		if (ask_first(session, flow, in.side, in.data, true) != ASKED_KNOWN)
			return;
		if (session->turns) {
			session->turns = false;
			flow_turn(flow, packet);
			in.side = packet->side;
		}
	} else if (!session->asked[in.side]) {
		ask_second(session, flow, in.side, in.data);
	}
	session->now_from = 0;
	session_feed(session, &in);
	if (session->frames)
		frames_end(session, in.side);
}
