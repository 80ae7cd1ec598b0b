// SPDX-License-Identifier: Apache-2.0
/*
 * RDP up to where it is ciphered or the channels begin: cookie, negotiation, what the client tells of itself,
 * the server's certificates ([MS-RDPBCGR] 2.2.1 over X.224 and T.125). Called by sessions; each message is a
 * transaction.
 */
#include "proto/rdp.h"

#include <stdlib.h>

#include "base/grown.h"

#define TPKT_VERSION 3 /* T.123, 8 */
#define TPKT_HEAD_LEN 4
#define TPDU_FIXED_LEN 6 /* X.224, 13.3: behind its length */
#define TPDU_LEN_RESERVED 0xff
#define TPDU_REQUEST 0xe0
#define TPDU_CONFIRM 0xd0
#define TPDU_HAS_CREDIT 1
#define NEGOTIATION_LEN 8
#define REQUEST_FLAGS 0x0b /* that there are: 2.2.1.1.1 */
#define ANSWER_FLAGS 0x1f
#define PROTOCOLS 0x0f
#define PROTOCOL_LAST 8
#define FAILURE_LAST 6
#define MCS_CONNECT 0x65 /* T.125, 7 */
#define MCS_CONNECTED 0x66
#define BLOCK_HEAD_LEN 4
#define TLS_HEAD_LEN 5
#define TLS_RECORD_MAX (16384 + 2048) /* RFC 5246, 6.2.3 */
#define TLS_HANDSHAKE 22
#define TLS_ALERT 21
#define TLS_CERTIFICATE 11
#define TLS_MESSAGE_MAX 65536 /* of which a certificate is looked for */

struct rdp_state {
	struct session *session;
	bool is_over; /* nothing that follows is read */
	bool is_tls;
	struct grown handshake; /* the server's messages, as far as they are not looked at */
};

static void *rdp_open(struct session *session)
{
	struct rdp_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void rdp_close(void *arg)
{
	grown_free(&((struct rdp_state *)arg)->handshake);
	free(arg);
}

static void rdp_tx_free(struct tx *tx)
{
	free(((struct rdp_tx *)tx)->message);
	free(tx);
}

/* With a copy of its message. */
static struct rdp_tx *rdp_new(struct rdp_state *state, enum rdp_kind kind, struct slice message)
{
	struct rdp_tx *rdp = (struct rdp_tx *)tx_new(state->session, sizeof(*rdp));

	if (!rdp)
		return NULL;
	rdp->kind = kind;
	rdp->tx.one_sided = true;
	rdp->tx.progress[rdp->tx.side] = 1;
	rdp->message = malloc(message.len ? message.len : 1);
	if (rdp->message && message.len)
		memcpy(rdp->message, message.at, message.len);
	return rdp->message ? rdp : NULL;
}

/* --- X.224: who asks for a connection, and what is agreed on --- */

/* What stands behind the fixed part of a request or confirm of class 0; false: it is none. */
static bool connection_enter(struct slice body, uint8_t code, struct cursor *ret)
{
	struct cursor c = cursor(body);
	uint8_t len = cursor_u8(&c), what = cursor_u8(&c), class_0;
	uint16_t to = cursor_be16(&c);
	struct slice variable;

	cursor_skip(&c, 2);
	class_0 = cursor_u8(&c);
	if (len < TPDU_FIXED_LEN || len == TPDU_LEN_RESERVED)
		return false;
	variable = cursor_take(&c, len - TPDU_FIXED_LEN);
	if (c.failed || (what & ~TPDU_HAS_CREDIT) != code || to || class_0)
		return false;
	*ret = cursor(variable);
	return true;
}

/* The line that a client or a balancer puts in front, passed over: "Cookie: mstshash=user". */
static struct slice cookie_read(struct cursor *c)
{
	static const char name[] = "Cookie: ", hash[] = "mstshash=";
	struct slice rest = c->rest, line;
	const uint8_t *end = rest.len ? memmem(rest.at, rest.len, "\r\n", 2) : NULL;

	if (!end || rest.len < strlen(name) || memcmp(rest.at, name, strlen(name)) != 0)
		return slice(NULL, 0);
	cursor_skip(c, (size_t)(end - rest.at) + 2);
	line = slice_behind(slice(rest.at, (size_t)(end - rest.at)), strlen(name));
	if (line.len < strlen(hash) || memcmp(line.at, hash, strlen(hash)) != 0)
		return slice(NULL, 0);
	return slice(line.at + strlen(hash), line.len - strlen(hash));
}

static bool negotiation_is_known(enum rdp_negotiation what, uint8_t flags, uint32_t protocol)
{
	switch (what) {
	case RDP_NEGOTIATION_ASKED:
		return !(flags & ~REQUEST_FLAGS) && !(protocol & ~PROTOCOLS);
	case RDP_NEGOTIATION_ANSWERED: /* one protocol */
		return !(flags & ~ANSWER_FLAGS) && protocol <= PROTOCOL_LAST &&
		       !(protocol & (protocol - 1));
	case RDP_NEGOTIATION_FAILED:
		return protocol >= 1 && protocol <= FAILURE_LAST;
	default:
		return false;
	}
}

static void negotiation_read(struct cursor *c, bool asks, struct rdp_tx *rdp)
{
	uint8_t what = cursor_u8(c), flags = cursor_u8(c);
	uint16_t len = cursor_le16(c);
	uint32_t protocol = cursor_le32(c);

	if (c->failed || len != NEGOTIATION_LEN || (what == RDP_NEGOTIATION_ASKED) != asks ||
	    !negotiation_is_known(what, flags, protocol))
		return;
	rdp->negotiation = what;
	rdp->flags = flags;
	rdp->protocol = protocol;
}

/* false: no memory. */
static bool connection_take(struct rdp_state *state, enum rdp_kind kind, struct slice variable)
{
	struct rdp_tx *rdp = rdp_new(state, kind, variable);
	struct cursor c;

	if (!rdp)
		return false;
	c = cursor(slice(rdp->message, variable.len));
	if (kind == RDP_REQUEST)
		rdp->cookie = cookie_read(&c);
	negotiation_read(&c, kind == RDP_REQUEST, rdp);
	return true;
}

/* --- T.125: what the client tells of itself --- */

/* X.691, 10.9: at most 16 383 bytes; more are never sent here. */
static size_t per_len(struct cursor *c)
{
	uint8_t first = cursor_u8(c);

	if (first < 0x80)
		return first;
	if (first >= 0xc0)
		c->failed = true;
	return (size_t)(first & 0x3f) << 8 | cursor_u8(c);
}

bool rdp_block_next(struct cursor *blocks, uint16_t *ret_type, struct slice *ret_body)
{
	uint16_t type = cursor_le16(blocks), len = cursor_le16(blocks);

	if (len < BLOCK_HEAD_LEN)
		blocks->failed = true;
	*ret_body = cursor_take(blocks, len - BLOCK_HEAD_LEN);
	*ret_type = type;
	return !blocks->failed;
}

/* Blocks stand behind the key of H.221 that clients of RDP send (4.1.3: "Duca"). false: no memory. */
static bool connect_take(struct rdp_state *state, struct slice body)
{
	static const char key[] = "Duca";
	const uint8_t *at = memmem(body.at, body.len, key, strlen(key));
	struct rdp_tx *rdp;
	struct slice blocks;
	struct cursor c;

	if (!at)
		return true;
	c = cursor(slice_behind(body, (size_t)(at - body.at) + strlen(key)));
	blocks = cursor_take(&c, per_len(&c));
	if (c.failed)
		return true;
	rdp = rdp_new(state, RDP_CONNECT, blocks);
	if (rdp)
		rdp->blocks = slice(rdp->message, blocks.len);
	return rdp;
}

/* X.224, 13.7: data in one piece. false: no memory. */
static bool data_take(struct rdp_state *state, enum side side, struct slice body)
{
	struct cursor c = cursor(body);
	uint32_t head = (uint32_t)cursor_big(&c, 3);
	uint16_t what = cursor_be16(&c);

	if (c.failed || head != 0x02f080)
		return true;
	if (side == FROM_CLIENT && what == (0x7f00 | MCS_CONNECT) && c.rest.len)
		return connect_take(state, c.rest);
	if (side == FROM_SERVER && what == (0x7f00 | MCS_CONNECTED)) {
		state->is_over = true;
		return rdp_new(state, RDP_CONNECTED, slice(NULL, 0));
	}
	return true;
}

static bool packet_take(struct rdp_state *state, enum side side, struct slice body)
{
	struct cursor variable;

	if (side == FROM_CLIENT && connection_enter(body, TPDU_REQUEST, &variable))
		return connection_take(state, RDP_REQUEST, variable.rest);
	if (side == FROM_SERVER && connection_enter(body, TPDU_CONFIRM, &variable))
		return connection_take(state, RDP_CONFIRM, variable.rest);
	return data_take(state, side, body);
}

/* --- TLS: the certificates, where they are not ciphered too --- */

static bool certificates_take(struct rdp_state *state, struct slice body)
{
	struct cursor c = cursor(body);
	struct slice chain = cursor_take(&c, (size_t)cursor_big(&c, 3));
	struct rdp_tx *rdp;

	state->is_over = true;
	if (c.failed)
		return true;
	rdp = rdp_new(state, RDP_CERTIFICATES, chain);
	if (rdp)
		rdp->chain = slice(rdp->message, chain.len);
	return rdp;
}

static bool handshake_take(struct rdp_state *state, struct slice bytes)
{
	if (state->handshake.len + bytes.len > TLS_MESSAGE_MAX ||
	    !grown_add(&state->handshake, bytes))
		return false;
	while (!state->is_over) {
		struct cursor c = cursor(grown_slice(&state->handshake));
		uint8_t type = cursor_u8(&c);
		size_t len = (size_t)cursor_big(&c, 3);
		struct slice body = cursor_take(&c, len);

		if (c.failed)
			return true;
		if (type == TLS_CERTIFICATE && !certificates_take(state, body))
			return false;
		grown_shift(&state->handshake, 4 + len);
	}
	return true;
}

/* What a client sends here says nothing that is told. */
static int64_t tls_take(struct rdp_state *state, enum side side, struct slice data)
{
	struct slice rest = data;

	while (side == FROM_SERVER && !state->is_over) {
		struct cursor c = cursor(rest);
		uint8_t type = cursor_u8(&c);
		uint16_t len;
		struct slice body;

		cursor_skip(&c, 2);
		len = cursor_be16(&c);
		if (len > TLS_RECORD_MAX)
			return INPUT_BAD;
		body = cursor_take(&c, len);
		if (c.failed)
			return (int64_t)(data.len - rest.len);
		if (type == TLS_HANDSHAKE && !handshake_take(state, body))
			return INPUT_BAD;
		state->is_over |= type != TLS_HANDSHAKE && type != TLS_ALERT;
		rest = slice_behind(rest, TLS_HEAD_LEN + (size_t)len);
	}
	return (int64_t)data.len;
}

static int64_t rdp_input(void *arg, const struct proto_in *in)
{
	struct rdp_state *state = arg;
	struct slice rest = in->data;

	if (in->lost && !state->is_over)
		return INPUT_BAD;
	while (rest.len && !state->is_over && !state->is_tls) {
		struct cursor c = cursor(rest);
		uint8_t version = cursor_u8(&c);
		uint16_t len;

		cursor_skip(&c, 1);
		len = cursor_be16(&c);
		state->is_tls = version == TLS_HANDSHAKE;
		if (state->is_tls)
			break;
		if (version != TPKT_VERSION || (!c.failed && len < TPKT_HEAD_LEN))
			return INPUT_BAD;
		if (c.failed || rest.len < len)
			return (int64_t)(in->data.len - rest.len);
		if (!packet_take(state, in->side, slice(c.rest.at, len - TPKT_HEAD_LEN)))
			return INPUT_BAD;
		rest = slice_behind(rest, len);
	}
	if (!state->is_over && state->is_tls) {
		int64_t took = tls_take(state, in->side, rest);

		return took < 0 ? took : took + (int64_t)(in->data.len - rest.len);
	}
	return (int64_t)in->data.len;
}

/* --- what it is --- */

/* X.224 is RDP's where it has a cookie or negotiates; others that use it (S7) have neither. */
static enum proto_guess rdp_guess(enum side side, struct slice first)
{
	struct cursor c = cursor(first), variable;
	uint8_t version = cursor_u8(&c), zero = cursor_u8(&c);
	uint16_t len = cursor_be16(&c);
	struct rdp_tx rdp = { .negotiation = RDP_NO_NEGOTIATION };

	if (version != TPKT_VERSION || zero)
		return GUESS_NO;
	if (c.failed || first.len < TPKT_HEAD_LEN + 2)
		return GUESS_MORE;
	if (c.rest.at[1] != (side == FROM_CLIENT ? TPDU_REQUEST : TPDU_CONFIRM))
		return GUESS_NO;
	if (first.len < len)
		return len <= TPKT_HEAD_LEN + TPDU_LEN_RESERVED ? GUESS_MORE : GUESS_NO;
	if (!connection_enter(c.rest, c.rest.at[1], &variable))
		return GUESS_NO;
	if (side == FROM_CLIENT && cookie_read(&variable).at)
		return GUESS_YES;
	negotiation_read(&variable, side == FROM_CLIENT, &rdp);
	return rdp.negotiation ? GUESS_YES : GUESS_NO;
}

static enum proto_guess rdp_guess_there(enum side side, struct slice first)
{
	return first.at[0] == TPKT_VERSION ? GUESS_YES : GUESS_NO;
}

static const uint16_t ports[] = { 3389, 0 };

const struct proto proto_rdp = {
	.name = "rdp",
	.eve_name = "rdp",
	.over = PROTO_OVER_TCP,
	.guess = rdp_guess,
	.ports = ports,
	.guess_there = rdp_guess_there,
	.open = rdp_open,
	.close = rdp_close,
	.tx_free = rdp_tx_free,
	.input = rdp_input,
	.steps = { 1, 1 },
	.log = rdp_log,
	.log_by_packet = true,
};
