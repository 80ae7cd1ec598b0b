// SPDX-License-Identifier: Apache-2.0
/*
 * TLS and SSL up to their encryption: records (RFC 8446, 5.1), the handshake messages in them, the hello of
 * SSL 2.0. Called by sessions. Promises one transaction for each connection.
 */
#include "proto/tls.h"

#include <stdlib.h>

#include "base/bigend.h"
#include "inspect/engine.h"
#include "proto/frames.h"
#include "wire/wire.h"

#define RECORD_MAX (16384 + 2048) /* of ciphered text (RFC 5246, 6.2.3) */
#define RECORD_HEAD 5
#define RECORDS_MAX 255 /* in bytes that come at once */
#define MESSAGE_MAX (256 * 1024) /* of a handshake message that is held; others are passed over */
#define SSL2_HEAD 3 /* length and kind */
#define SSL2_LOOK 7 /* bytes of a message of SSL 2.0 that are looked at */

enum tls_record {
	RECORD_CIPHERS = 20,
	RECORD_ALERT,
	RECORD_HANDSHAKE,
	RECORD_DATA,
	RECORD_HEARTBEAT
};

enum tls_message {
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_SERVER_KEYS = 12,
	MESSAGE_CERTIFICATE_REQUEST = 13,
	MESSAGE_CLIENT_KEYS = 16,
};

enum ssl2_message { SSL2_CLIENT_HELLO = 1, SSL2_CLIENT_KEY = 2, SSL2_SERVER_HELLO = 4 };

struct tls_reader { /* of one side */
	enum { READS_HEAD, READS_BODY, READS_NOTHING } reads;
	bool has_tls; /* a record that is not SSL 2.0's was seen */
	bool ciphered; /* its handshake is, from here on */
	uint8_t type; /* of the record */
	uint32_t left; /* of it */
	/* the handshake message that is being put together */
	uint8_t head[4];
	uint8_t head_len;
	bool keeps;
	uint8_t *message;
	uint32_t len, cap, message_left;
};

struct tls_state {
	struct session *session;
	bool has_tx;
	struct tls_tx *tx; /* of this call; NULL: it is gone, and nothing is told any more */
	struct tls_reader side[SIDES];
	uint32_t records; /* of this call */
	bool heartbeat; /* one waits for its answer */
	enum side heartbeat_side;
	uint32_t heartbeat_len; /* of its record, when that is ciphered */
};

static const char *const events[] = {
	[TLS_BAD_SSL2_HEADER - 1] = "invalid_sslv2_header",
	[TLS_BAD_HEADER - 1] = "invalid_tls_header",
	[TLS_BAD_RECORD_VERSION - 1] = "invalid_record_version",
	[TLS_BAD_RECORD_TYPE - 1] = "invalid_record_type",
	[TLS_BAD_RECORD_LENGTH - 1] = "invalid_record_length",
	[TLS_BAD_HANDSHAKE - 1] = "invalid_handshake_message",
	[TLS_BAD_HANDSHAKE_LENGTH - 1] = "handshake_invalid_length",
	[TLS_BAD_CERTIFICATE - 1] = "invalid_certificate",
	[TLS_BAD_CERTIFICATE_DER - 1] = "certificate_invalid_der",
	[TLS_BAD_CERTIFICATE_LENGTH - 1] = "certificate_invalid_length",
	[TLS_BAD_CERTIFICATE_DATE - 1] = "certificate_invalid_date",
	[TLS_ERROR_MESSAGE - 1] = "error_message_encountered",
	[TLS_HEARTBEAT_OVER - 1] = "overflow_heartbeat_message",
	[TLS_BAD_HEARTBEAT - 1] = "invalid_heartbeat_message",
	[TLS_HEARTBEAT_LEAK - 1] = "dataleak_heartbeat_mismatch",
	[TLS_MANY_NAMES - 1] = "multiple_sni_extensions",
	[TLS_BAD_NAME_TYPE - 1] = "invalid_sni_type",
	[TLS_BAD_NAME_LENGTH - 1] = "invalid_sni_length",
	[TLS_MANY_RECORDS - 1] = "too_many_records_in_packet",
	[TLS_BAD_RECORD - 1] = "invalid_ssl_record",
	[TLS_BAD_RECORD] = NULL,
};

static void *tls_open(struct session *session)
{
	struct tls_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void tls_close(void *arg)
{
	struct tls_state *state = arg;

	free(state->side[FROM_CLIENT].message);
	free(state->side[FROM_SERVER].message);
	free(state);
}

static void tls_tx_free(struct tx *tx)
{
	struct tls_tx *tls = (struct tls_tx *)tx;

	for (int side = 0; side < SIDES; side++) {
		free(tls->side[side].hello_bytes);
		free(tls->side[side].chain_bytes);
		free(tls->side[side].ja3.text);
		tls_cert_free(&tls->side[side].cert);
	}
	free(tls);
}

/* The one transaction: it may have been told, inspected and forgotten. */
static struct tls_tx *tx_of(struct tls_state *state)
{
	struct session *session = state->session;

	if (!state->has_tx) {
		state->has_tx = true;
		return (struct tls_tx *)tx_new(session, sizeof(struct tls_tx));
	}
	return session->last && session->last->proto == PROTO_TLS ? (struct tls_tx *)session->last
								  : NULL;
}

static void progress_make(struct tls_state *state, enum side side, enum tls_step step)
{
	struct tx *tx = &state->tx->tx;

	if (tx->progress[side] < step)
		tx->progress[side] = (uint8_t)step;
}

static void both_make(struct tls_state *state, enum tls_step step)
{
	progress_make(state, FROM_CLIENT, step);
	progress_make(state, FROM_SERVER, step);
}

/* --- messages --- */

static void prints_make(struct tls_state *state, enum side side)
{
	const struct engine_setup *setup = state->session->setup;
	struct tls_side *of = &state->tx->side[side];

	if (!setup || setup->ja3)
		tls_ja3(&of->hello, side, &of->ja3);
	if (side == FROM_CLIENT && (!setup || setup->ja4) && !tls_ja4(&of->hello, 't', of->ja4))
		of->ja4[0] = 0;
}

/* TLS 1.3 shows no certificate: what it shows is worth a record. */
static void without_cert(struct tls_tx *tls, enum side side, const struct tls_hello *hello)
{
	if (side == FROM_CLIENT && hello->versions.len >= 2)
		tls->needs_no_cert |= be16(hello->versions.at) > TLS_V_12;
	if (side == FROM_SERVER)
		tls->needs_no_cert |= hello->chosen > TLS_V_12 || hello->version > TLS_V_12;
}

/* Early drafts of 1.3 say so in the server's hello itself. */
static uint16_t version_spoken(const struct tls_hello *hello, enum side side)
{
	if (hello->chosen)
		return hello->chosen;
	if (side == FROM_SERVER && (hello->version == TLS_V_13 ||
				    (hello->version >= TLS_V_BEFORE_16 && hello->version < 0x7f10)))
		return TLS_V_BEFORE_16;
	return hello->version;
}

static bool same_session(const struct tls_hello *client, const struct tls_hello *server)
{
	return client->session.len && client->session.len == server->session.len &&
	       memcmp(client->session.at, server->session.at, client->session.len) == 0;
}

/* Takes the message's memory; the first hello of a side counts. */
static void hello_take(struct tls_state *state, enum side side, uint8_t *message, uint32_t len)
{
	struct tls_tx *tls = state->tx;
	struct tls_side *of = &tls->side[side];
	struct tls_hello hello;

	if (of->has_hello) {
		free(message);
		return;
	}
	if (!tls_hello_read(slice(message, len), side, &hello)) {
		tx_event(&tls->tx, TLS_BAD_HANDSHAKE);
		free(message);
		return;
	}
	of->has_hello = true;
	of->hello_bytes = message;
	of->hello = hello;
	of->version = version_spoken(&hello, side);
	of->shown |= side == FROM_CLIENT ? TLS_SHOWN_CLIENT_HELLO : TLS_SHOWN_SERVER_HELLO;
	for (uint8_t i = 0; i < hello.event_cnt; i++)
		tx_event(&tls->tx, hello.event[i]);
	without_cert(tls, side, &hello);
	if (side == FROM_CLIENT)
		tls->resumes |= hello.has_ticket;
	else
		tls->resumes |= same_session(&tls->side[FROM_CLIENT].hello, &hello);
	prints_make(state, side);
	progress_make(state, side, TLS_STEP_HELLO);
}

/* RFC 5246, 7.4.2. */
static void chain_take(struct tls_state *state, enum side side, uint8_t *message, uint32_t len)
{
	struct tls_side *of = &state->tx->side[side];
	struct wire_cursor c = wire_cursor(message, len), list = wire_part(&c, 3);
	enum tls_event event;

	if (of->has_chain || list.is_short) {
		if (list.is_short)
			tx_event(&state->tx->tx, TLS_BAD_CERTIFICATE_LENGTH);
		free(message);
		return;
	}
	of->has_chain = true;
	of->chain_bytes = message;
	while (wire_left(&list)) {
		struct wire_cursor one = wire_part(&list, 3);

		if (one.is_short) {
			tx_event(&state->tx->tx, TLS_BAD_CERTIFICATE_LENGTH);
			break;
		}
		if (of->chain_cnt < TLS_CHAIN_MAX)
			of->chain[of->chain_cnt] = slice(one.at, wire_left(&one));
		of->chain_cnt++;
	}
	if (of->chain_cnt && !tls_cert_read(of->chain[0], &of->cert, &event)) {
		tx_event(&state->tx->tx, TLS_BAD_CERTIFICATE);
		tx_event(&state->tx->tx, event);
	}
	if (of->chain_cnt)
		progress_make(state, side, TLS_STEP_CERT);
}

static bool is_kept(enum side side, uint8_t type)
{
	return type == MESSAGE_CERTIFICATE ||
	       type == (side == FROM_CLIENT ? MESSAGE_CLIENT_HELLO : MESSAGE_SERVER_HELLO);
}

/* A message whose head was read; one that is kept is whole. */
static void message_take(struct tls_state *state, enum side side)
{
	struct tls_reader *reader = &state->side[side];
	struct tls_side *of = &state->tx->side[side];
	uint8_t *message = reader->message;

	reader->message = NULL;
	reader->head_len = 0;
	switch (reader->head[0]) {
	case MESSAGE_SERVER_KEYS:
		of->shown |= TLS_SHOWN_SERVER_KEYS;
		break;
	case MESSAGE_CLIENT_KEYS:
		of->shown |= TLS_SHOWN_CLIENT_KEYS;
		break;
	case MESSAGE_CERTIFICATE_REQUEST:
		state->tx->asks_client_cert = true;
		break;
	default:
		break;
	}
	if (!reader->keeps)
		return;
	if (reader->head[0] == MESSAGE_CERTIFICATE)
		chain_take(state, side, message, reader->len);
	else
		hello_take(state, side, message, reader->len);
}

static void message_begin(struct tls_reader *reader, enum side side)
{
	reader->message_left =
		(uint32_t)(reader->head[1] << 16 | reader->head[2] << 8 | reader->head[3]);
	reader->keeps = is_kept(side, reader->head[0]) && reader->message_left <= MESSAGE_MAX;
	reader->message = NULL;
	reader->len = reader->cap = 0;
}

/* Grows with what comes, not with what a length promises. */
static bool message_add(struct tls_reader *reader, struct slice bytes)
{
	if (reader->len + bytes.len > reader->cap) {
		uint32_t cap = reader->cap * 2 > reader->len + bytes.len
				       ? reader->cap * 2
				       : reader->len + (uint32_t)bytes.len;
		uint8_t *grown = realloc(reader->message, cap);

		if (!grown)
			return false;
		reader->message = grown;
		reader->cap = cap;
	}
	memcpy(reader->message + reader->len, bytes.at, bytes.len);
	reader->len += (uint32_t)bytes.len;
	return true;
}

/* Bytes of handshake records, in order; false: no memory. */
static bool handshake_read(struct tls_state *state, enum side side, struct slice bytes)
{
	struct tls_reader *reader = &state->side[side];

	while (bytes.len) {
		struct slice part;

		if (reader->head_len < 4) {
			reader->head[reader->head_len++] = bytes.at[0];
			bytes = slice_behind(bytes, 1);
			if (reader->head_len < 4)
				continue;
			message_begin(reader, side);
		}
		part = slice(bytes.at,
			     bytes.len < reader->message_left ? bytes.len : reader->message_left);
		if (part.len && reader->keeps && !message_add(reader, part))
			return false;
		reader->message_left -= (uint32_t)part.len;
		bytes = slice_behind(bytes, part.len);
		if (!reader->message_left)
			message_take(state, side);
	}
	return true;
}

/* --- heartbeats (RFC 6520): a request that asks for more than it brought (CVE-2014-0160) --- */

static bool heartbeat_read(struct tls_state *state, enum side side, struct slice body)
{
	const struct tls_reader *reader = &state->side[side];
	struct tx *tx = &state->tx->tx;
	uint32_t asked;

	if (!reader->ciphered && body.at[0] != 1 && body.at[0] != 2) {
		tx_event(tx, TLS_BAD_HEARTBEAT);
		return false;
	}
	if (state->heartbeat && side != state->heartbeat_side) {
		state->heartbeat = false;
		if (state->heartbeat_len && reader->left > state->heartbeat_len) {
			tx_event(tx, TLS_HEARTBEAT_LEAK);
			return false;
		}
		return true;
	}
	if (state->heartbeat)
		return true;
	state->heartbeat = true;
	state->heartbeat_side = side;
	state->heartbeat_len = reader->ciphered ? reader->left : 0;
	asked = (uint32_t)(body.at[1] << 8 | body.at[2]);
	if (!reader->ciphered && asked + 3 > reader->left) {
		tx_event(tx, TLS_HEARTBEAT_OVER);
		return false;
	}
	return true;
}

/* --- records --- */

/* Data that is ciphered: nothing that follows can be read, unless the site wants to see all records. */
static void data_seen(struct tls_state *state)
{
	const struct tls_tx *tls = state->tx;

	if (tls->side[FROM_CLIENT].hello.has_early_data && !tls->side[FROM_SERVER].has_hello)
		return;
	both_make(state, TLS_STEP_DONE);
	if (!state->session->encrypted)
		session_encrypted(state->session);
	if (state->session->no_reassembly)
		both_make(state, TLS_STEP_OVER);
}

/* --- frames: records, as they are on the wire --- */

enum {
	FRAME_PDU,
	FRAME_HEAD,
	FRAME_DATA,
	FRAME_ALERT,
	FRAME_HEARTBEAT,
	FRAME_SSL2_HEAD,
	FRAME_SSL2_PDU
};
static const char *const frames[] = { "pdu",	   "hdr",      "data",	   "alert",
				      "heartbeat", "ssl2.hdr", "ssl2.pdu", NULL };

static void frames_make(struct session *session, const uint8_t *at, uint32_t len)
{
	session_frame(session, FRAME_HEAD, at, RECORD_HEAD);
	session_frame(session, FRAME_PDU, at, RECORD_HEAD + len);
	session_frame(session, FRAME_DATA, at + RECORD_HEAD, len);
	if (at[0] == RECORD_ALERT)
		session_frame(session, FRAME_ALERT, at + RECORD_HEAD, len);
	if (at[0] == RECORD_HEARTBEAT)
		session_frame(session, FRAME_HEARTBEAT, at + RECORD_HEAD, len);
}

/* As much of a record's body as is there. Bytes taken; INPUT_BAD. */
static int64_t body_read(struct tls_state *state, enum side side, struct slice data)
{
	struct tls_reader *reader = &state->side[side];
	struct slice body = slice(data.at, data.len < reader->left ? data.len : reader->left);

	if (reader->type == RECORD_HANDSHAKE && !reader->ciphered &&
	    !handshake_read(state, side, body))
		return INPUT_BAD;
	reader->left -= (uint32_t)body.len;
	if (!reader->left)
		reader->reads = READS_HEAD;
	return (int64_t)body.len;
}

static bool version_is_good(const uint8_t *at)
{
	return (at[0] == 3 && at[1] <= 4) || at[0] == 0x7f;
}

static int64_t event_bad(struct tls_state *state, enum tls_event event)
{
	tx_event(&state->tx->tx, (uint8_t)event);
	return INPUT_BAD;
}

static int64_t head_read(struct tls_state *state, enum side side, struct slice data)
{
	struct tls_reader *reader = &state->side[side];
	struct tls_side *of = &state->tx->side[side];
	uint32_t len;

	if (data.len < RECORD_HEAD)
		return 0;
	len = (uint32_t)(data.at[3] << 8 | data.at[4]);
	if (!version_is_good(data.at + 1))
		return event_bad(state, TLS_BAD_RECORD_VERSION);
	if (data.at[0] < RECORD_CIPHERS || data.at[0] > RECORD_HEARTBEAT)
		return event_bad(state, TLS_BAD_RECORD_TYPE);
	if (len > RECORD_MAX)
		return event_bad(state, TLS_BAD_RECORD_LENGTH);
	if (++state->records > RECORDS_MAX)
		return event_bad(state, TLS_MANY_RECORDS);
	reader->type = data.at[0];
	reader->left = len;
	if (reader->type == RECORD_HEARTBEAT && len >= 3) {
		if (data.len < RECORD_HEAD + 3)
			return 0;
		if (!heartbeat_read(state, side, slice(data.at + RECORD_HEAD, 3)))
			return INPUT_BAD;
	}
	reader->has_tls = true;
	frames_make(state->session, data.at, len);
	if (!of->has_hello)
		of->version = (uint16_t)(data.at[1] << 8 | data.at[2]);
	if (reader->type == RECORD_CIPHERS)
		reader->ciphered = true;
	if (reader->type == RECORD_DATA)
		data_seen(state);
	reader->reads = len ? READS_BODY : READS_HEAD;
	return RECORD_HEAD;
}

/* --- SSL 2.0: its hello may also lead to TLS (RFC 5246, E.2) --- */

static void ssl2_take(struct tls_state *state, enum side side, const uint8_t *message)
{
	struct tls_side *of = &state->tx->side[side];

	if (side == FROM_CLIENT && message[0] == SSL2_CLIENT_HELLO) {
		of->version = (uint16_t)(message[1] << 8 | message[2]);
		of->shown |= TLS_SHOWN_CLIENT_HELLO;
		progress_make(state, side, TLS_STEP_HELLO);
	} else if (side == FROM_SERVER && message[0] == SSL2_SERVER_HELLO) {
		of->version = (uint16_t)(message[3] << 8 | message[4]);
		of->shown |= TLS_SHOWN_SERVER_HELLO;
		progress_make(state, side, TLS_STEP_HELLO);
	} else if (message[0] == SSL2_CLIENT_KEY && side == FROM_CLIENT) {
		of->shown |= TLS_SHOWN_CLIENT_KEYS;
		state->side[FROM_CLIENT].reads = state->side[FROM_SERVER].reads = READS_NOTHING;
		data_seen(state);
	} else if (message[0] == 0) {
		tx_event(&state->tx->tx, TLS_ERROR_MESSAGE);
	}
}

static int64_t ssl2_read(struct tls_state *state, enum side side, struct slice data)
{
	struct tls_reader *reader = &state->side[side];
	uint32_t len;

	if (data.len < 2)
		return 0;
	len = (uint32_t)((data.at[0] & 0x7f) << 8 | data.at[1]);
	if (len < SSL2_LOOK)
		return event_bad(state, TLS_BAD_SSL2_HEADER);
	if (data.len < 2 + SSL2_LOOK)
		return 0;
	session_frame(state->session, FRAME_SSL2_HEAD, data.at, SSL2_HEAD);
	session_frame(state->session, FRAME_SSL2_PDU, data.at, 2 + len);
	reader->type = 0;
	reader->left = len - SSL2_LOOK;
	reader->reads = reader->left ? READS_BODY : READS_HEAD;
	ssl2_take(state, side, data.at + 2);
	return 2 + SSL2_LOOK;
}

/* --- input --- */

static int64_t some_read(struct tls_state *state, enum side side, struct slice data)
{
	struct tls_reader *reader = &state->side[side];

	if (!state->tx || state->session->no_reassembly || reader->reads == READS_NOTHING)
		return (int64_t)data.len;
	if (reader->reads == READS_BODY)
		return body_read(state, side, data);
	if (data.at[0] & 0x80 && !reader->has_tls)
		return ssl2_read(state, side, data);
	return head_read(state, side, data);
}

/* A gap in what is passed over anyway costs nothing; behind another no record can be found again. */
static void gap_pass(struct tls_reader *reader, uint64_t lost)
{
	if (reader->reads == READS_BODY && lost <= reader->left &&
	    (reader->type != RECORD_HANDSHAKE || reader->ciphered)) {
		reader->left -= (uint32_t)lost;
		if (!reader->left)
			reader->reads = READS_HEAD;
		return;
	}
	reader->reads = READS_NOTHING;
}

/* All that can be known is: a certificate, and none more that was asked for. */
static void done_look(struct tls_state *state)
{
	const struct tls_tx *tls = state->tx;
	const struct tls_cert *cert =
		&tls->side[tls->asks_client_cert ? FROM_CLIENT : FROM_SERVER].cert;

	if (cert->subject.bytes && cert->issuer.bytes)
		both_make(state, TLS_STEP_DONE);
}

static int64_t tls_input(void *arg, const struct proto_in *in)
{
	struct tls_state *state = arg;
	struct slice rest = in->data;
	int64_t took = 1;

	state->tx = tx_of(state);
	state->records = 0;
	if (in->lost)
		gap_pass(&state->side[in->side], in->lost);
	while (rest.len && took > 0) {
		took = some_read(state, in->side, rest);
		if (took < 0)
			return took;
		rest = slice_behind(rest, (size_t)took);
	}
	if (state->tx)
		done_look(state);
	return (int64_t)(in->data.len - rest.len);
}

static enum proto_guess tls_guess(enum side side, struct slice first)
{
	uint8_t lowest = side == FROM_CLIENT ? RECORD_HANDSHAKE : RECORD_ALERT;
	uint8_t highest = side == FROM_CLIENT ? RECORD_HANDSHAKE : RECORD_DATA;

	if (first.at[0] >= lowest && first.at[0] <= highest) {
		if (first.len < 3)
			return first.len > 1 && first.at[1] != 3 ? GUESS_NO : GUESS_MORE;
		return first.at[1] == 3 && first.at[2] <= 4 ? GUESS_YES : GUESS_NO;
	}
	if (!(first.at[0] & 0x80) || (first.len > 2 && first.at[2] != 1 && first.at[2] != 4))
		return GUESS_NO;
	if (first.len < 7)
		return GUESS_MORE;
	if (side == FROM_CLIENT && first.at[2] == SSL2_CLIENT_HELLO)
		return (first.at[3] == 0 && first.at[4] == 2) ||
				       (first.at[3] == 3 && first.at[4] <= 3)
			       ? GUESS_YES
			       : GUESS_NO;
	return side == FROM_SERVER && first.at[2] == SSL2_SERVER_HELLO && first.at[5] == 0 &&
			       first.at[6] == 2
		       ? GUESS_YES
		       : GUESS_NO;
}

static bool tls_log_now(const struct tx *tx)
{
	return tx->progress[FROM_CLIENT] >= TLS_STEP_DONE &&
	       tx->progress[FROM_SERVER] >= TLS_STEP_DONE;
}

const struct proto proto_tls = {
	.name = "tls",
	.eve_name = "tls",
	.over = PROTO_OVER_TCP,
	.guess = tls_guess,
	.open = tls_open,
	.close = tls_close,
	.tx_free = tls_tx_free,
	.input = tls_input,
	.frames = frames,
	.steps = { TLS_STEP_OVER, TLS_STEP_OVER },
	.fields = tls_fields,
	.field_cnt = TLS_FIELD_CNT,
	.events = events,
	.log = tls_log,
	.log_now = tls_log_now,
	.log_alert = tls_log_alert,
	.options = tls_options,
	.option_cnt = TLS_OPTION_CNT,
	.loud_events = true,
};
