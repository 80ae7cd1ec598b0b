// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP/2: a session's frames and streams. Called by sessions. Promises that no more streams and frames are
 * remembered than its limits say, and that a frame is waited for only as long as it is small.
 */
#include "proto/http2.h"

#include <stdlib.h>

#include "file/file.h"
#include "inspect/engine.h"
#include "proto/http1.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LEN 24
#define HEAD_LEN 9
#define FRAME_MAX 65536 /* bytes of one that is waited for */
#define STREAMS_MAX 4096 /* at the same time */
#define FRAMES_MAX 1024 /* of one side of a stream that are remembered */
#define TABLE_MAX 65536 /* what HPACK's table may be let to grow to */

void http2_event(struct http2_state *state, enum http2_event event)
{
	session_event(state->session, (uint8_t)event);
}

void http2_step_make(struct http2_tx *tx, enum side side, enum http2_step step)
{
	if (tx->tx.progress[side] < step)
		tx->tx.progress[side] = (uint8_t)step;
}

/* --- streams --- */

static struct http2_tx **bucket_of(struct http2_state *state, uint32_t stream)
{
	return &state->streams[(stream >> 1) % HTTP2_BUCKETS];
}

static struct http2_tx *tx_make(struct http2_state *state, uint32_t stream)
{
	struct http2_tx *tx;

	if (stream && state->stream_cnt >= STREAMS_MAX) {
		http2_event(state, HTTP2_EVENT_STREAMS_MANY);
		return NULL;
	}
	tx = (struct http2_tx *)tx_new(state->session, sizeof(*tx));
	if (!tx)
		return NULL;
	tx->stream = stream;
	if (!stream) {
		http2_step_make(tx, FROM_CLIENT, HTTP2_STEP_COMPLETE);
		http2_step_make(tx, FROM_SERVER, HTTP2_STEP_COMPLETE);
		return tx;
	}
	tx->state = state;
	tx->next_stream = *bucket_of(state, stream);
	*bucket_of(state, stream) = tx;
	state->stream_cnt++;
	return tx;
}

struct http2_tx *http2_stream(struct http2_state *state, uint32_t stream)
{
	struct http2_tx *tx = stream ? *bucket_of(state, stream) : NULL;

	while (tx && tx->stream != stream)
		tx = tx->next_stream;
	return tx ? tx : tx_make(state, stream);
}

static void stream_forget(struct http2_tx *tx)
{
	struct http2_tx **at;

	if (!tx->state)
		return;
	at = bucket_of(tx->state, tx->stream);
	while (*at && *at != tx)
		at = &(*at)->next_stream;
	if (*at)
		*at = tx->next_stream;
	tx->state->stream_cnt--;
}

struct http2_frame *http2_frame_add(struct http2_side *side, uint8_t type)
{
	if (side->frame_cnt == FRAMES_MAX)
		return NULL;
	if (side->frame_cnt == side->frame_cap) {
		uint32_t cap = side->frame_cap ? side->frame_cap * 2 : 4;
		struct http2_frame *frames = realloc(side->frames, cap * sizeof(*frames));

		if (!frames)
			return NULL;
		side->frames = frames;
		side->frame_cap = cap;
	}
	side->frames[side->frame_cnt] = (struct http2_frame){ .type = type };
	return &side->frames[side->frame_cnt++];
}

static void side_free(struct http2_side *side)
{
	struct grown *made[] = { &side->text,	&side->lines, &side->raw,
				 &side->names,	&side->line,  &side->host,
				 &side->header, &side->name,  &side->body.kept };

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		grown_free(made[i]);
	free(side->headers);
	free(side->frames);
	free(side->settings);
	http_decoder_free(side->decoder);
}

static void http2_tx_free(struct tx *freed)
{
	struct http2_tx *tx = (struct http2_tx *)freed;

	stream_forget(tx);
	side_free(&tx->side[FROM_CLIENT]);
	side_free(&tx->side[FROM_SERVER]);
	free(tx);
}

/* --- a session --- */

/* Rules see bodies by the limits that HTTP/1 has for the same server. */
static void limits_set(struct http2_state *state)
{
	const struct engine_setup *setup = state->session->setup;
	const struct http_body_limits usual = { .most = 100000, .least = 32768, .window = 4096 };

	state->body[FROM_CLIENT] = state->body[FROM_SERVER] = usual;
	if (setup && setup->http1) {
		const struct http1_server *server = http1_server_of(
			setup->http1, &session_flow(state->session)->addr[FROM_SERVER]);

		state->body[FROM_CLIENT] = server->body[FROM_CLIENT];
		state->body[FROM_SERVER] = server->body[FROM_SERVER];
		state->at_once = server->at_once;
	}
}

static void upgrade_settings(struct http2_state *state, struct slice value)
{
	struct http2_tx *tx;
	struct grown decoded = { .at = NULL };

	if (!http1_base64url(value, &decoded) || decoded.len % 6)
		http2_event(state, HTTP2_EVENT_HTTP1_SETTINGS);
	tx = decoded.len ? http2_stream(state, 0) : NULL;
	if (tx)
		http2_settings_take(tx, FROM_CLIENT, grown_slice(&decoded));
	grown_free(&decoded);
}

/* The request that asked for the upgrade is stream 1 (RFC 7540, 3.2). */
static void upgrade_take(struct http2_state *state)
{
	struct slice name, value, rest = http1_upgrade(state->session->old_state);
	struct http2_tx *tx = rest.len ? http2_stream(state, 1) : NULL;

	while (tx && http1_upgrade_next(&rest, &name, &value)) {
		if (slice_is(name, "HTTP2-Settings"))
			upgrade_settings(state, value);
		else if (slice_is(name, "Host"))
			http2_header_add(&tx->side[FROM_CLIENT], slice_text(":authority"), value);
		else
			http2_header_add(&tx->side[FROM_CLIENT], name, value);
	}
	if (tx) {
		http2_frame_add(&tx->side[FROM_CLIENT], HTTP2_HEADERS);
		http2_step_make(tx, FROM_CLIENT, HTTP2_STEP_COMPLETE);
	}
}

static void http2_close(void *arg)
{
	struct http2_state *state = arg;

	for (int side = 0; side < SIDES; side++) {
		if (state->side[side].inflater)
			nghttp2_hd_inflate_del(state->side[side].inflater);
		grown_free(&state->side[side].block);
	}
	free(state);
}

static void *http2_open(struct session *session)
{
	struct http2_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	for (int side = 0; side < SIDES; side++)
		if (nghttp2_hd_inflate_new(&state->side[side].inflater) ||
		    nghttp2_hd_inflate_change_table_size(state->side[side].inflater, TABLE_MAX)) {
			http2_close(state);
			return NULL;
		}
	limits_set(state);
	if (session->old_state && session->old_proto == PROTO_HTTP1)
		upgrade_take(state);
	return state;
}

/* --- frames --- */

static struct http2_head head_read(const uint8_t *b)
{
	return (struct http2_head){
		.len = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2],
		.type = b[3],
		.flags = b[4],
		.stream = (uint32_t)(b[5] & 0x7f) << 24 | (uint32_t)b[6] << 16 |
			  (uint32_t)b[7] << 8 | b[8],
	};
}

static void data_end(struct http2_state *state, enum side side)
{
	const struct http2_head *head = &state->side[side].data;
	struct http2_tx *tx = head->stream ? http2_stream(state, head->stream) : NULL;

	state->side[side].data_left = state->side[side].pad_left = 0;
	if (!tx)
		return;
	http2_step_make(tx, side, HTTP2_STEP_DATA);
	if (!(head->flags & HTTP2_END_STREAM))
		return;
	http2_body_end(tx, side, true);
	http2_step_make(tx, side, HTTP2_STEP_COMPLETE);
}

/* A DATA frame is read as it comes; only its head and the length of its padding are waited for. */
static size_t data_begin(struct http2_state *state, enum side side, const struct http2_head *head,
			 struct slice payload)
{
	struct http2_tx *tx = head->stream ? http2_stream(state, head->stream) : NULL;
	uint32_t pad = 0, front = 0;

	if (!head->stream)
		http2_event(state, HTTP2_EVENT_DATA_ZERO);
	if (head->flags & HTTP2_PADDED && head->len) {
		if (!payload.len)
			return 0;
		front = 1;
		pad = payload.at[0] < head->len ? payload.at[0] : head->len - 1;
	}
	if (tx && !(tx->side[side].frame_cnt &&
		    tx->side[side].frames[tx->side[side].frame_cnt - 1].type == HTTP2_DATA))
		http2_frame_add(&tx->side[side], HTTP2_DATA);
	state->side[side].data = *head;
	state->side[side].data_left = head->len - front - pad;
	state->side[side].pad_left = pad;
	if (head->len == front)
		data_end(state, side);
	return HEAD_LEN + front;
}

static size_t data_go_on(struct http2_state *state, enum side side, struct slice bytes)
{
	uint32_t *left = &state->side[side].data_left, *pad = &state->side[side].pad_left;
	uint32_t stream = state->side[side].data.stream;
	size_t len = *left < bytes.len ? *left : bytes.len, padding;
	struct http2_tx *tx = stream && len ? http2_stream(state, stream) : NULL;

	if (tx)
		http2_body_take(tx, side, slice(bytes.at, len));
	*left -= (uint32_t)len;
	padding = *pad < bytes.len - len ? *pad : bytes.len - len;
	*pad -= (uint32_t)padding;
	if (!*left && !*pad)
		data_end(state, side);
	return len + padding;
}

/* Returns the bytes that were taken; 0: more are needed. */
static size_t frame_read(struct http2_state *state, enum side side, struct slice bytes)
{
	struct http2_head head;

	if (bytes.len < HEAD_LEN)
		return 0;
	head = head_read(bytes.at);
	bytes = slice_behind(bytes, HEAD_LEN);
	if (head.type == HTTP2_DATA)
		return data_begin(state, side, &head, bytes);
	if (head.len > FRAME_MAX) {
		http2_event(state, HTTP2_EVENT_FRAME_LONG);
		state->side[side].skip = head.len;
		return HEAD_LEN;
	}
	if (bytes.len < head.len)
		return 0;
	http2_frame_take(state, side, &head, slice(bytes.at, head.len));
	return HEAD_LEN + head.len;
}

static size_t some_read(struct http2_state *state, enum side side, struct slice bytes)
{
	size_t skip = state->side[side].skip;

	if (skip) {
		skip = skip < bytes.len ? skip : bytes.len;
		state->side[side].skip -= (uint32_t)skip;
		return skip;
	}
	if (side == FROM_CLIENT && !state->side[side].greeted) {
		if (bytes.len < PREFACE_LEN)
			return 0;
		state->side[side].greeted = true;
		if (memcmp(bytes.at, PREFACE, PREFACE_LEN) == 0)
			return PREFACE_LEN;
		http2_event(state, HTTP2_EVENT_MAGIC);
	}
	if (state->side[side].data_left || state->side[side].pad_left)
		return data_go_on(state, side, bytes);
	return frame_read(state, side, bytes);
}

/* Frames cannot be found again behind a gap, but in the middle of one that we know the end of. */
static bool gap_take(struct http2_state *state, enum side side, uint64_t lost)
{
	uint32_t *left = &state->side[side].data_left;
	struct http2_tx *tx = NULL;

	if (state->side[side].skip >= lost) {
		state->side[side].skip -= (uint32_t)lost;
		return true;
	}
	if (*left < lost)
		return false;
	*left -= (uint32_t)lost;
	if (state->side[side].data.stream)
		tx = http2_stream(state, state->side[side].data.stream);
	if (tx)
		http2_body_take(tx, side, slice(NULL, lost));
	if (!*left && !state->side[side].pad_left)
		data_end(state, side);
	return true;
}

static int64_t http2_input(void *arg, const struct proto_in *in)
{
	struct http2_state *state = arg;
	struct slice rest = in->data;
	size_t took = 1;

	if (in->lost && !gap_take(state, in->side, in->lost))
		return INPUT_BAD;
	while (rest.len && took) {
		took = some_read(state, in->side, rest);
		rest = slice_behind(rest, took);
	}
	return (int64_t)(in->data.len - rest.len);
}

/* --- what it is --- */

static enum proto_guess http2_guess(enum side side, struct slice first)
{
	size_t len = first.len < PREFACE_LEN ? first.len : PREFACE_LEN;
	struct http2_head head;

	if (side == FROM_CLIENT) {
		if (memcmp(first.at, PREFACE, len) != 0)
			return GUESS_NO;
		return len < 16 ? GUESS_MORE : GUESS_YES;
	}
	if (first.at[0] != 0)
		return GUESS_NO;
	if (first.len < HEAD_LEN)
		return GUESS_MORE;
	head = head_read(first.at);
	return head.type == HTTP2_SETTINGS && head.stream == 0 && first.at[5] == 0 &&
			       (head.flags & ~HTTP2_ACK) == 0 && head.len <= 16384 &&
			       head.len % 6 == 0
		       ? GUESS_YES
		       : GUESS_NO;
}

const struct proto proto_http2 = {
	.name = "http2",
	.eve_name = "http",
	.output = "http2",
	.over = PROTO_OVER_TCP,
	.carries_files = true,
	.guess = http2_guess,
	.open = http2_open,
	.close = http2_close,
	.tx_free = http2_tx_free,
	.input = http2_input,
	.steps = { HTTP2_STEP_COMPLETE, HTTP2_STEP_COMPLETE },
	.fields = http2_fields,
	.field_cnt = HTTP2_FIELD_CNT,
	.events = http2_events,
	.log = http2_log,
	.log_tx_id = true,
	.forwarded_for = http2_forwarded_for,
};
