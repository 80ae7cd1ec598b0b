// SPDX-License-Identifier: Apache-2.0
/*
 * The handshake messages of TLS (RFC 8446, 4; RFC 5246, 7.4), put together of the records that brought them.
 * Called by tls.c. Promises that a message costs what came of it, not what its length promises.
 */
#include <stdlib.h>

#include "base/bigend.h"
#include "inspect/engine.h"
#include "proto/tlsinside.h"
#include "wire/wire.h"

#define MESSAGE_MAX (256 * 1024) /* of a handshake message that is held; others are passed over */

enum tls_message {
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_SERVER_KEYS = 12,
	MESSAGE_CERTIFICATE_REQUEST = 13,
	MESSAGE_CLIENT_KEYS = 16,
};

void tls_progress(struct tls_state *state, enum side side, enum tls_step step)
{
	struct tx *tx = &state->tx->tx;

	if (tx->progress[side] < step)
		tx->progress[side] = (uint8_t)step;
}

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
	tls_progress(state, side, TLS_STEP_HELLO);
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
		tls_progress(state, side, TLS_STEP_CERT);
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

bool tls_handshake_read(struct tls_state *state, enum side side, struct slice bytes)
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
