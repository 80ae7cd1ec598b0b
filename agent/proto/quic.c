// SPDX-License-Identifier: Apache-2.0
/*
 * QUIC as far as anybody can read it: heads of long packets, the hellos in Initials (RFC 9000, 9001, 9369);
 * quicgoogle.c reads the client's hello of Google's versions before them. Called by sessions; each long
 * packet is a transaction until both hellos were seen.
 */
#include "proto/quic.h"

#include <stdlib.h>

#include "inspect/engine.h"
#include "wire/quic.h"

#define LONG_HEADER 0x80
#define FIXED_BIT 0x40
#define GOOGLE_HASH_LEN 12

#define FRAME_PADDING 0x00
#define FRAME_PING 0x01
#define FRAME_ACK 0x02
#define FRAME_ACK_ECN 0x03
#define FRAME_CRYPTO 0x06

enum quic_event { EVENT_NOT_OPENED = 1, EVENT_BAD_DATA, EVENT_LONG_CRYPTO };
enum quic_type { TYPE_INITIAL, TYPE_EARLY, TYPE_HANDSHAKE, TYPE_RETRY };

struct quic_state {
	struct session *session;
	bool keyed, retried;
	struct quic_keys keys[SIDES];
	uint64_t largest[SIDES];
	struct stream crypto[SIDES];
	bool has_hello[SIDES]; /* what follows is ciphered by keys that nobody else has */
};

/* A packet with a long head, of those that share a datagram. */
struct quic_packet {
	struct quic_place place;
	enum quic_type type;
	bool is_google;
	struct slice body; /* of Google's: frames */
};

static void *state_open(struct session *session)
{
	struct quic_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	for (int side = 0; side < SIDES; side++)
		stream_begin(&state->crypto[side], 0, HELLO_MAX + 4);
	return state;
}

static void crypto_forget(struct quic_state *state, enum side side)
{
	stream_end(&state->crypto[side]);
	stream_begin(&state->crypto[side], 0, HELLO_MAX + 4);
}

static void state_close(void *arg)
{
	struct quic_state *state = arg;

	stream_end(&state->crypto[FROM_CLIENT]);
	stream_end(&state->crypto[FROM_SERVER]);
	free(state);
}

static void tx_free(struct tx *tx)
{
	struct quic_tx *quic = (struct quic_tx *)tx;

	free(quic->bytes);
	free(quic->ja3.text);
	free(quic);
}

/* --- heads --- */

static bool is_google(uint32_t version)
{
	return version >> 24 == 'Q' || version >> 24 == 'T';
}

static bool is_known(uint32_t version)
{
	if (version == QUIC_V1 || version == QUIC_V2)
		return true;
	if (version >= 0xff000017U && version <= 0xff000022U)
		return true; /* drafts 23 to 34 */
	/* Q044 to Q050, and their kin with TLS */
	return is_google(version) && (version >> 16 & 0xff) == '0' &&
	       (version >> 8 & 0xff) >= '4' && (version >> 8 & 0xff) <= '5';
}

/* Before Q050: the lengths of both ids share a byte, a hash stands before the frames. */
static bool has_old_head(uint32_t version)
{
	return version >> 8 == 0x513034; /* "Q04" */
}

static bool old_head_read(struct wire_cursor *c, uint8_t first, struct quic_packet *packet)
{
	uint32_t lens = wire_number(c, 1);
	size_t id_len = lens >> 4 ? (lens >> 4) + 3 : 0, other_len = lens & 15 ? (lens & 15) + 3 : 0;

	packet->is_google = true;
	packet->place.id = wire_bytes(c, id_len);
	packet->place.id_len = id_len;
	wire_bytes(c, other_len);
	wire_bytes(c, (first & 3U) + 1);
	wire_bytes(c, GOOGLE_HASH_LEN);
	packet->body = slice(c->at, wire_left(c));
	return wire_bytes(c, wire_left(c)) != NULL && !c->is_short;
}

static bool head_read(struct wire_cursor *c, struct quic_packet *ret_packet)
{
	struct quic_packet packet = { .place.bytes = c->at };
	uint8_t first = (uint8_t)wire_number(c, 1);
	struct wire_cursor id, source;
	uint64_t len;

	packet.type = first >> 4 & 3;
	packet.place.version = wire_number(c, QUIC_VERSION_LEN);
	*ret_packet = packet;
	if (c->is_short || !(first & LONG_HEADER))
		return false;
	if (has_old_head(packet.place.version)) {
		*ret_packet = packet;
		return old_head_read(c, first, ret_packet);
	}
	id = wire_part(c, 1);
	source = wire_part(c, 1);
	if (c->is_short || wire_left(&id) > QUIC_ID_MAX || wire_left(&source) > QUIC_ID_MAX)
		return false;
	packet.place.id = id.at;
	packet.place.id_len = wire_left(&id);
	if (packet.place.version == QUIC_V2)
		packet.type = (packet.type + 3) & 3; /* RFC 9369, 3.2: Initial is 1, and so on round */
	if (packet.type == TYPE_RETRY) {
		wire_bytes(c, wire_left(c));
		*ret_packet = packet;
		return true;
	}
	if (packet.type == TYPE_INITIAL)
		wire_bytes(c, quic_varint(c)); /* token */
	len = quic_varint(c);
	packet.place.number_off = (size_t)(c->at - packet.place.bytes);
	if (!wire_bytes(c, len))
		return false;
	packet.place.len = (size_t)(c->at - packet.place.bytes);
	*ret_packet = packet;
	return true;
}

/* --- transactions --- */

static struct quic_tx *tx_make(struct quic_state *state, enum side side, uint32_t version)
{
	struct quic_tx *quic = (struct quic_tx *)tx_new(state->session, sizeof(*quic));

	if (!quic)
		return NULL;
	quic->tx.one_sided = true;
	quic->tx.progress[FROM_CLIENT] = quic->tx.progress[FROM_SERVER] = 1;
	quic->from = side;
	quic->version = version;
	for (int i = 0; i < QUIC_VERSION_LEN; i++)
		quic->version_bytes[i] = (uint8_t)(version >> (24 - 8 * i));
	return quic;
}

uint8_t *quic_keep(struct quic_tx *quic, struct slice bytes)
{
	quic->bytes = malloc(bytes.len ? bytes.len : 1);
	if (quic->bytes && bytes.len)
		memcpy(quic->bytes, bytes.at, bytes.len);
	return quic->bytes;
}

/* --- TLS in CRYPTO frames --- */

/* The hello that CRYPTO frames made whole. */
static void hello_take(struct quic_state *state, struct quic_tx *quic, struct slice message)
{
	const struct engine_setup *setup = state->session->setup;
	enum side side = quic->from;

	state->has_hello[side] = true;
	if (message.at[0] != (side == FROM_CLIENT ? 1 : 2))
		return;
	if (!quic_keep(quic, message) ||
	    !tls_hello_read(slice(quic->bytes + 4, message.len - 4), side, &quic->hello)) {
		tx_event(&quic->tx, EVENT_BAD_DATA);
		return;
	}
	quic->has_hello = true;
	quic->name = quic->hello.name;
	tls_ja3(&quic->hello, side, &quic->ja3);
	if (side == FROM_CLIENT && (!setup || setup->ja4) && !tls_ja4(&quic->hello, 'q', quic->ja4))
		quic->ja4[0] = 0;
}

static void hello_look(struct quic_state *state, struct quic_tx *quic)
{
	size_t len, whole;
	const uint8_t *bytes = stream_rest(&state->crypto[quic->from], &len);

	if (len < 4)
		return;
	whole = 4 + ((size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3]);
	if (whole > HELLO_MAX) {
		tx_event(&quic->tx, EVENT_LONG_CRYPTO);
		state->has_hello[quic->from] = true;
		return;
	}
	if (len < whole)
		return;
	hello_take(state, quic, slice(bytes, whole));
	crypto_forget(state, quic->from);
}

static bool crypto_frame(struct quic_state *state, struct quic_tx *quic, struct wire_cursor *c)
{
	uint64_t offset = quic_varint(c), len = quic_varint(c);
	const uint8_t *data = wire_bytes(c, len);

	if (!data)
		return false;
	if (offset > HELLO_MAX || stream_push(&state->crypto[quic->from], (uint32_t)offset, data,
					      (uint32_t)len) == STREAM_OVER)
		tx_event(&quic->tx, EVENT_LONG_CRYPTO);
	return true;
}

/* Behind a frame that may not be in an Initial nothing is read. */
static bool frames_read(struct quic_state *state, struct quic_tx *quic, struct wire_cursor c)
{
	while (wire_left(&c) && !c.is_short) {
		uint64_t type = quic_varint(&c);

		if (type == FRAME_PADDING || type == FRAME_PING)
			continue;
		if (type == FRAME_ACK || type == FRAME_ACK_ECN)
			quic_ack_pass(&c, type == FRAME_ACK_ECN);
		else if (type != FRAME_CRYPTO)
			break;
		else if (!crypto_frame(state, quic, &c))
			return false;
	}
	if (!c.is_short)
		hello_look(state, quic);
	return !c.is_short;
}

/* --- datagrams --- */

/* The first Initial of the client makes the keys of both; a Retry makes it begin anew (RFC 9001, 5.2). */
static void keys_look(struct quic_state *state, enum side side, const struct quic_packet *packet)
{
	const struct quic_place *place = &packet->place;

	if (packet->type == TYPE_RETRY && side == FROM_SERVER && !state->retried) {
		state->retried = true; /* a second one is not heeded (RFC 9000, 17.2.5.2) */
		state->keyed = false;
		state->has_hello[FROM_CLIENT] = false;
		state->largest[FROM_CLIENT] = 0;
		crypto_forget(state, FROM_CLIENT);
	} else if (packet->type == TYPE_INITIAL && side == FROM_CLIENT && !state->keyed) {
		state->keyed = quic_client_keys(place->version, place->id, place->id_len,
						&state->keys[FROM_CLIENT]) &&
			       quic_server_keys(place->version, place->id, place->id_len,
						&state->keys[FROM_SERVER]);
	}
}

static bool packet_read(struct quic_state *state, enum side side, const struct quic_packet *packet)
{
	struct quic_tx *quic = tx_make(state, side, packet->place.version);
	uint8_t copy[QUIC_DATAGRAM_MAX];
	struct wire_cursor frames;

	if (!quic)
		return false;
	if (packet->is_google) {
		if (packet->type == TYPE_INITIAL)
			quic_google_read(quic, packet->body);
		return true;
	}
	keys_look(state, side, packet);
	if (packet->type != TYPE_INITIAL || !state->keyed)
		return true;
	if (!quic_place_open(&state->keys[side], &state->largest[side], &packet->place, copy,
			     &frames)) {
		tx_event(&quic->tx, EVENT_NOT_OPENED);
		return false;
	}
	if (!frames_read(state, quic, frames)) {
		tx_event(&quic->tx, EVENT_BAD_DATA);
		return false;
	}
	return true;
}

static int64_t quic_input(void *arg, const struct proto_in *in)
{
	struct quic_state *state = arg;
	struct wire_cursor c = wire_cursor(in->data.at, in->data.len);
	struct quic_packet packet;

	while (wire_left(&c) && !state->has_hello[in->side] && (*c.at & LONG_HEADER)) {
		if (!head_read(&c, &packet))
			return INPUT_BAD;
		if (!packet_read(state, in->side, &packet))
			return INPUT_BAD;
	}
	return (int64_t)in->data.len;
}

static enum proto_guess quic_guess(enum side side, struct slice first)
{
	struct wire_cursor c = wire_cursor(first.at, first.len);
	struct quic_packet packet;

	if (!head_read(&c, &packet) || !is_known(packet.place.version))
		return GUESS_NO;
	return first.at[0] & FIXED_BIT || packet.is_google ? GUESS_YES : GUESS_NO;
}

static const char *const events[] = { "failed_decrypt", "error_on_data", "crypto_frag_too_long",
				      NULL };

const struct proto proto_quic = {
	.name = "quic",
	.eve_name = "quic",
	.over = PROTO_OVER_UDP,
	.guess = quic_guess,
	.open = state_open,
	.close = state_close,
	.tx_free = tx_free,
	.input = quic_input,
	.steps = { 1, 1 },
	.fields = quic_fields,
	.field_cnt = QUIC_FIELD_CNT,
	.events = events,
	.log = quic_log,
	.log_by_packet = true,
};
