// SPDX-License-Identifier: Apache-2.0
/*
 * RFB, the protocol of VNC (RFC 6143), up to the picture: versions, who may come in, the screen. Called by
 * sessions; the handshake is one transaction.
 */
#include <stdlib.h>

#include "base/bigend.h"
#include "proto/frames.h"
#include "proto/proto.h"
#include "report/json.h"
#include "wire/wire.h"

#define VERSION_LEN 12 /* "RFB 003.008\n" */
#define SECURITY_NONE 1
#define SECURITY_VNC 2
#define RESULT_OK 0
#define RESULT_FAILED 1
#define RESULT_OTHER 3 /* this and all above have no name */
#define CHALLENGE_LEN 16
#define NAME_MAX_LEN 4096
#define REASON_MAX 4096
#define INIT_LEN 24

enum rfb_event {
	EVENT_UNKNOWN_SECURITY = 1,
	EVENT_UNKNOWN_RESULT,
	EVENT_MALFORMED,
	EVENT_CONFUSED
};

static const char *const events[] = { "unimplemented_security_type", "unknown_security_result",
				      "malformed_message", "confused_state", NULL };

#define FRAME_PDU 0
static const char *const frames[] = { "pdu", NULL }; /* each message of the handshake */

struct rfb_tx {
	struct tx tx;
	char version[SIDES][VERSION_LEN]; /* [0] is 0: not seen */
	bool has_type, has_result, has_challenge, has_response, has_shared, has_init;
	uint32_t type, result;
	uint8_t challenge[CHALLENGE_LEN], response[CHALLENGE_LEN];
	uint8_t *reason, *name;
	size_t reason_len, name_len;
	bool shared;
	uint8_t init[INIT_LEN]; /* width, height, form of pixels, length of the name */
};

enum rfb_reads { /* what comes next; of either side */
		 READS_SERVER_VERSION,
		 READS_CLIENT_VERSION,
		 READS_TYPES, /* RFB 3.7 on: the client chooses */
		 READS_TYPE, /* RFB 3.3: the server says */
		 READS_CHOICE,
		 READS_CHALLENGE,
		 READS_RESPONSE,
		 READS_RESULT,
		 READS_REASON,
		 READS_SHARED,
		 READS_INIT,
		 READS_NOTHING,
};

struct rfb_state {
	struct session *session;
	struct tx_kept kept; /* the one transaction */
	struct rfb_tx *tx; /* the same, of this call */
	enum rfb_reads reads;
	bool is_33, is_38;
};

static void *state_open(struct session *session)
{
	struct rfb_state *state = calloc(1, sizeof(*state));

	if (state)
		state->session = session;
	return state;
}

static void tx_free(struct tx *tx)
{
	struct rfb_tx *rfb = (struct rfb_tx *)tx;

	free(rfb->reason);
	free(rfb->name);
	free(rfb);
}

static enum side side_of(enum rfb_reads reads)
{
	return reads == READS_CLIENT_VERSION || reads == READS_CHOICE || reads == READS_RESPONSE ||
			       reads == READS_SHARED
		       ? FROM_CLIENT
		       : FROM_SERVER;
}

static void over(struct rfb_state *state)
{
	state->tx->tx.progress[FROM_CLIENT] = state->tx->tx.progress[FROM_SERVER] = 2;
	state->reads = READS_NOTHING;
}

/* What the type asks for; those that nobody here reads end it. */
static void type_take(struct rfb_state *state, uint32_t type)
{
	struct rfb_tx *rfb = state->tx;

	rfb->has_type = true;
	rfb->type = type;
	rfb->tx.progress[FROM_CLIENT] = rfb->tx.progress[FROM_SERVER] = 1;
	if (type == SECURITY_VNC) {
		state->reads = READS_CHALLENGE;
	} else if (type == SECURITY_NONE) {
		state->reads = state->is_38 ? READS_RESULT : READS_SHARED;
	} else if (type == 0) {
		state->reads = READS_REASON;
	} else {
		tx_event(&rfb->tx, EVENT_UNKNOWN_SECURITY);
		over(state);
	}
}

static bool version_is_good(const uint8_t *at)
{
	return memcmp(at, "RFB ", 4) == 0 && at[7] == '.' && at[11] == '\n';
}

static int64_t version_read(struct rfb_state *state, enum side side, struct slice data)
{
	if (data.len < VERSION_LEN)
		return 0;
	if (!version_is_good(data.at)) {
		tx_event(&state->tx->tx, EVENT_MALFORMED);
		return INPUT_BAD;
	}
	memcpy(state->tx->version[side], data.at, VERSION_LEN);
	if (side == FROM_SERVER) {
		state->reads = READS_CLIENT_VERSION;
		return VERSION_LEN;
	}
	state->is_33 = memcmp(data.at + 4, "003.003", 7) == 0;
	state->is_38 = !state->is_33 && memcmp(data.at + 4, "003.007", 7) != 0;
	state->reads = state->is_33 ? READS_TYPE : READS_TYPES;
	return VERSION_LEN;
}

/* As many bytes as a counted text has, of which the first are kept. */
static int64_t text_read(struct slice data, size_t max, uint8_t **ret_text, size_t *ret_len)
{
	struct wire_cursor c = wire_cursor(data.at, data.len), text = wire_part(&c, 4);
	size_t len;

	if (!data.at || data.len < 4)
		return 0;
	len = be32(data.at);
	if (len > max)
		return INPUT_BAD;
	if (text.is_short)
		return 0;
	*ret_text = malloc(len ? len : 1);
	if (!*ret_text)
		return INPUT_BAD;
	if (len)
		memcpy(*ret_text, text.at, len);
	*ret_len = len;
	return 4 + (int64_t)len;
}

static int64_t bytes_read(struct rfb_state *state, struct slice data, uint8_t *to, bool *has,
			  enum rfb_reads next)
{
	if (data.len < CHALLENGE_LEN)
		return 0;
	memcpy(to, data.at, CHALLENGE_LEN);
	*has = true;
	state->reads = next;
	return CHALLENGE_LEN;
}

static int64_t number_read(struct rfb_state *state, struct slice data)
{
	struct wire_cursor c = wire_cursor(data.at, data.len);
	uint32_t number = wire_number(&c, 4);

	if (c.is_short)
		return 0;
	if (state->reads == READS_TYPE) {
		type_take(state, number);
		return 4;
	}
	state->tx->has_result = true;
	state->tx->result = number;
	if (number > RESULT_FAILED)
		tx_event(&state->tx->tx, EVENT_UNKNOWN_RESULT);
	if (number == RESULT_OK)
		state->reads = READS_SHARED;
	else if (number == RESULT_FAILED && state->is_38)
		state->reads = READS_REASON;
	else
		over(state);
	return 4;
}

static int64_t init_read(struct rfb_state *state, struct slice data)
{
	struct rfb_tx *rfb = state->tx;
	int64_t took;

	if (data.len < INIT_LEN)
		return 0;
	took = text_read(slice_behind(data, INIT_LEN - 4), NAME_MAX_LEN, &rfb->name, &rfb->name_len);
	if (took == INPUT_BAD)
		tx_event(&rfb->tx, EVENT_MALFORMED);
	if (took <= 0)
		return took;
	memcpy(rfb->init, data.at, INIT_LEN);
	rfb->has_init = true;
	over(state);
	return INIT_LEN - 4 + took;
}

static int64_t server_read(struct rfb_state *state, struct slice data)
{
	struct rfb_tx *rfb = state->tx;
	int64_t took;

	switch (state->reads) {
	case READS_SERVER_VERSION:
		return version_read(state, FROM_SERVER, data);
	case READS_TYPES:
		if (data.len < 1 + (size_t)data.at[0])
			return 0;
		state->reads = data.at[0] ? READS_CHOICE : READS_REASON;
		return 1 + data.at[0];
	case READS_CHALLENGE:
		return bytes_read(state, data, rfb->challenge, &rfb->has_challenge, READS_RESPONSE);
	case READS_REASON:
		took = text_read(data, REASON_MAX, &rfb->reason, &rfb->reason_len);
		if (took > 0)
			over(state);
		return took;
	case READS_INIT:
		return init_read(state, data);
	default:
		return number_read(state, data);
	}
}

static int64_t client_read(struct rfb_state *state, struct slice data)
{
	struct rfb_tx *rfb = state->tx;

	switch (state->reads) {
	case READS_CLIENT_VERSION:
		return version_read(state, FROM_CLIENT, data);
	case READS_CHOICE:
		type_take(state, data.at[0]);
		return 1;
	case READS_RESPONSE:
		return bytes_read(state, data, rfb->response, &rfb->has_response, READS_RESULT);
	default:
		rfb->has_shared = true;
		rfb->shared = data.at[0] != 0;
		state->reads = READS_INIT;
		return 1;
	}
}

static int64_t rfb_input(void *arg, const struct proto_in *in)
{
	struct rfb_state *state = arg;
	struct slice rest = in->data;
	int64_t took = 1;

	state->tx = (struct rfb_tx *)state->kept.tx;
	if (state->kept.was && !state->tx)
		return INPUT_BAD; /* both sides ended, and it was forgotten */
	if (in->lost)
		return INPUT_BAD;
	if (!state->tx && in->side == FROM_CLIENT && rest.len)
		state->reads = READS_NOTHING; /* the server did not say who it is */
	if (state->reads == READS_NOTHING)
		return (int64_t)rest.len;
	if (!state->tx)
		tx_keep(&state->kept, tx_new(state->session, sizeof(*state->tx)));
	state->tx = (struct rfb_tx *)state->kept.tx;
	if (!state->tx)
		return INPUT_BAD;
	while (rest.len && took > 0 && state->reads != READS_NOTHING) {
		if (in->side != side_of(state->reads)) {
			tx_event(&state->tx->tx, EVENT_CONFUSED);
			over(state);
			break;
		}
		took = in->side == FROM_CLIENT ? client_read(state, rest) : server_read(state, rest);
		if (took < 0)
			return took;
		if (took)
			session_frame(state->session, FRAME_PDU, rest.at, (uint64_t)took);
		rest = slice_behind(rest, (size_t)took);
	}
	if (state->reads == READS_NOTHING)
		return (int64_t)in->data.len;
	return (int64_t)(in->data.len - rest.len);
}

static enum proto_guess rfb_guess(enum side side, struct slice first)
{
	size_t len = first.len < 4 ? first.len : 4;

	if (memcmp(first.at, "RFB ", len) != 0)
		return GUESS_NO;
	if (first.len < VERSION_LEN)
		return GUESS_MORE;
	return version_is_good(first.at) ? GUESS_YES : GUESS_NO;
}

/* --- fields --- */

static bool name_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct rfb_tx *rfb = (const struct rfb_tx *)tx;

	*ret_from = 0;
	*ret = slice(rfb->name, rfb->name ? rfb->name_len : 0);
	return ret->len && index == 0;
}

static bool type_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct rfb_tx *)tx)->type;
	return ((const struct rfb_tx *)tx)->has_type && index == 0;
}

static bool result_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct rfb_tx *rfb = (const struct rfb_tx *)tx;

	*ret = rfb->result;
	return rfb->has_result && index == 0;
}

static const struct field fields[] = {
	{ "rfb.name", FIELD_BYTES, { false, true }, { 2, 2 }, name_field, NULL, "name of the screen" },
	{ "rfb.sectype",
	  FIELD_NUMBER,
	  { true, false },
	  { 1, 1 },
	  NULL,
	  type_field,
	  "how the client proves who it is" },
	{ "rfb.secresult",
	  FIELD_NUMBER,
	  { false, true },
	  { 1, 1 },
	  NULL,
	  result_field,
	  "ok, fail, toomany, unknown: whether it may come in" },
};

/* --- records --- */

static void version_log(struct json *json, const char *name, const char *version)
{
	if (!version[0])
		return;
	json_open(json, name);
	json_bytes(json, "major", slice(version + 4, 3));
	json_bytes(json, "minor", slice(version + 8, 3));
	json_close(json);
}

static void authentication_log(struct json *json, const struct rfb_tx *rfb)
{
	static const char *const results[] = { "OK", "FAIL", "TOOMANY" };

	json_open(json, "authentication");
	if (rfb->has_type)
		json_number(json, "security_type", rfb->type);
	if (rfb->has_challenge || rfb->has_response) {
		json_open(json, "vnc");
		if (rfb->has_challenge)
			json_hex(json, "challenge", slice(rfb->challenge, CHALLENGE_LEN));
		if (rfb->has_response)
			json_hex(json, "response", slice(rfb->response, CHALLENGE_LEN));
		json_close(json);
	}
	if (rfb->has_result)
		json_text(json, "security_result",
			  rfb->result < RESULT_OTHER ? results[rfb->result] : "UNKNOWN");
	json_close(json);
	if (rfb->reason)
		json_bytes(json, "server_security_failure_reason",
			   slice(rfb->reason, rfb->reason_len));
}

static void screen_log(struct json *json, const struct rfb_tx *rfb)
{
	static const struct {
		const char *name;
		uint8_t at, len;
	} numbers[] = {
		{ "bits_per_pixel", 4, 1 }, { "depth", 5, 1 },	    { "big_endian", 6, 1 },
		{ "true_color", 7, 1 },	    { "red_max", 8, 2 },    { "green_max", 10, 2 },
		{ "blue_max", 12, 2 },	    { "red_shift", 14, 1 }, { "green_shift", 15, 1 },
		{ "blue_shift", 16, 1 },
	};
	const uint8_t *init = rfb->init;

	json_open(json, "framebuffer");
	json_number(json, "width", be16(init));
	json_number(json, "height", be16(init + 2));
	json_bytes(json, "name", slice(rfb->name, rfb->name_len));
	json_open(json, "pixel_format");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const uint8_t *at = init + numbers[i].at;
		uint64_t number = numbers[i].len == 2 ? be16(at) : at[0];

		if (at == init + 6 || at == init + 7)
			json_bool(json, numbers[i].name, number != 0);
		else
			json_number(json, numbers[i].name, number);
	}
	json_close(json);
	json_close(json);
}

static bool rfb_log(struct tx *tx, struct json *json)
{
	const struct rfb_tx *rfb = (const struct rfb_tx *)tx;

	version_log(json, "server_protocol_version", rfb->version[FROM_SERVER]);
	version_log(json, "client_protocol_version", rfb->version[FROM_CLIENT]);
	authentication_log(json, rfb);
	if (rfb->has_shared)
		json_bool(json, "screen_shared", rfb->shared);
	if (rfb->has_init)
		screen_log(json, rfb);
	return true;
}

const struct proto proto_rfb = {
	.name = "rfb",
	.eve_name = "rfb",
	.over = PROTO_OVER_TCP,
	.guess = rfb_guess,
	.open = state_open,
	.close = free,
	.tx_free = tx_free,
	.input = rfb_input,
	.frames = frames,
	.steps = { 2, 2 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = rfb_log,
};
