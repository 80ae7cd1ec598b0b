// SPDX-License-Identifier: Apache-2.0
/*
 * TLS and SSL up to their encryption: records (RFC 8446, 5.1), heartbeats, the hello of SSL 2.0; handshake
 * messages go to tlsmessage.c. Called by sessions. Promises one transaction for each connection.
 */
#include <stdlib.h>

#include "proto/frames.h"
#include "proto/tlsinside.h"

#define RECORD_MAX (16384 + 2048) /* of ciphered text (RFC 5246, 6.2.3) */
#define RECORD_HEAD 5
#define RECORDS_MAX 255 /* in bytes that come at once */
#define SSL2_HEAD 3 /* length and kind */
#define SSL2_LOOK 7 /* bytes of a message of SSL 2.0 that are looked at */

enum tls_record {
	RECORD_CIPHERS = 20,
	RECORD_ALERT,
	RECORD_HANDSHAKE,
	RECORD_DATA,
	RECORD_HEARTBEAT
};

enum ssl2_message { SSL2_CLIENT_HELLO = 1, SSL2_CLIENT_KEY = 2, SSL2_SERVER_HELLO = 4 };

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
	if (!state->kept.was)
		tx_keep(&state->kept, tx_new(state->session, sizeof(struct tls_tx)));
	return (struct tls_tx *)state->kept.tx;
}

static void both_make(struct tls_state *state, enum tls_step step)
{
	tls_progress(state, FROM_CLIENT, step);
	tls_progress(state, FROM_SERVER, step);
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
	    !tls_handshake_read(state, side, body))
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
		tls_progress(state, side, TLS_STEP_HELLO);
	} else if (side == FROM_SERVER && message[0] == SSL2_SERVER_HELLO) {
		of->version = (uint16_t)(message[3] << 8 | message[4]);
		of->shown |= TLS_SHOWN_SERVER_HELLO;
		tls_progress(state, side, TLS_STEP_HELLO);
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
