// SPDX-License-Identifier: Apache-2.0
/*
 * What the frames of HTTP/2 mean for their stream. Called with each frame that is whole; promises to
 * look at no byte beyond it.
 */
#include <stdlib.h>

#include "base/bigend.h"
#include "proto/http2.h"

#define BLOCK_MAX 102400 /* bytes of a header block over several frames */

const char *const http2_events[] = {
#define EVENT(id, name) name,
#include "proto/http2_events.def"
#undef EVENT
	NULL,
};

/* --- settings --- */

static bool setting_add(struct http2_side *side, uint16_t id, uint32_t value)
{
	if (side->setting_cnt == side->setting_cap) {
		uint32_t cap = side->setting_cap ? side->setting_cap * 2 : 8;
		struct http2_setting *settings = realloc(side->settings, cap * sizeof(*settings));

		if (!settings)
			return false;
		side->settings = settings;
		side->setting_cap = cap;
	}
	side->settings[side->setting_cnt++] = (struct http2_setting){ id, value };
	return true;
}

void http2_settings_take(struct http2_tx *tx, enum side side, struct slice payload)
{
	struct http2_side *of = &tx->side[side];
	struct http2_frame *frame = http2_frame_add(of, HTTP2_SETTINGS);

	if (!frame)
		return;
	frame->setting_at = of->setting_cnt;
	for (; payload.len >= 6; payload = slice_behind(payload, 6))
		if (setting_add(of, be16(payload.at), be32(payload.at + 2)))
			frame->setting_cnt++;
}

/* --- header blocks --- */

static void block_end(struct http2_state *state, struct http2_tx *tx, enum side side,
		      struct slice block, bool ends_stream)
{
	http2_block_take(state, tx, side, block);
	http2_step_make(tx, side, HTTP2_STEP_HEADERS);
	if (!ends_stream)
		return;
	http2_body_end(tx, side, true);
	http2_step_make(tx, side, HTTP2_STEP_COMPLETE);
}

/* Frames of one block stand one behind the other (RFC 9113, 4.3). */
static void block_add(struct http2_state *state, struct http2_tx *tx, enum side side,
		      struct slice block, bool ends)
{
	struct grown *kept = &state->side[side].block;

	if (kept->len + block.len > BLOCK_MAX) {
		http2_event(state, HTTP2_EVENT_REASSEMBLY);
		block.len = BLOCK_MAX - kept->len;
	}
	grown_add(kept, block);
	if (!ends)
		return;
	block_end(state, tx, side, grown_slice(kept), state->side[side].block_ends_stream);
	kept->len = 0;
	state->side[side].block_stream = 0;
}

static void block_begin(struct http2_state *state, struct http2_tx *tx, enum side side,
			const struct http2_head *head, struct slice block)
{
	bool ends_stream = head->type == HTTP2_HEADERS && head->flags & HTTP2_END_STREAM;

	state->side[side].block.len = 0;
	state->side[side].block_stream = 0;
	if (head->flags & HTTP2_END_HEADERS) {
		block_end(state, tx, side, block, ends_stream);
		return;
	}
	state->side[side].block_stream = tx->stream;
	state->side[side].block_ends_stream = ends_stream;
	block_add(state, tx, side, block, false);
}

/* Without what is put around: the length of the padding in front, the padding behind. */
static bool padding_strip(const struct http2_head *head, struct slice *payload)
{
	size_t pad;

	if (!(head->flags & HTTP2_PADDED))
		return true;
	if (!payload->len)
		return false;
	pad = payload->at[0];
	*payload = slice_behind(*payload, 1);
	if (pad > payload->len)
		return false;
	payload->len -= pad;
	return true;
}

static bool headers_take(struct http2_state *state, enum side side, const struct http2_head *head,
			 struct slice payload)
{
	struct http2_tx *tx;
	struct http2_frame *frame;

	if (!padding_strip(head, &payload) || (head->flags & HTTP2_WITH_PRIORITY && payload.len < 5))
		return false;
	tx = http2_stream(state, head->stream);
	if (!tx)
		return true;
	frame = http2_frame_add(&tx->side[side], HTTP2_HEADERS);
	if (head->flags & HTTP2_WITH_PRIORITY) {
		if (frame) {
			frame->has_priority = true;
			frame->priority = payload.at[4];
		}
		payload = slice_behind(payload, 5);
	}
	block_begin(state, tx, side, head, payload);
	return true;
}

/* It belongs to the stream that it promises. */
static bool promise_take(struct http2_state *state, enum side side, const struct http2_head *head,
			 struct slice payload)
{
	struct http2_tx *tx;

	if (!padding_strip(head, &payload) || payload.len < 4)
		return false;
	tx = http2_stream(state, be32(payload.at) & 0x7fffffff);
	if (!tx)
		return true;
	http2_frame_add(&tx->side[side], HTTP2_PUSH_PROMISE);
	block_begin(state, tx, side, head, slice_behind(payload, 4));
	return true;
}

static bool continuation_take(struct http2_state *state, enum side side,
			      const struct http2_head *head, struct slice payload)
{
	uint32_t stream = state->side[side].block_stream;
	struct http2_tx *tx;

	if (!stream || !head->stream)
		return false;
	tx = http2_stream(state, stream);
	if (!tx)
		return true;
	http2_frame_add(&tx->side[side], HTTP2_CONTINUATION);
	block_add(state, tx, side, payload, head->flags & HTTP2_END_HEADERS);
	return true;
}

/* --- the others --- */

static void stream_end(struct http2_tx *tx)
{
	for (int side = 0; side < SIDES; side++) {
		http2_body_end(tx, (enum side)side, false);
		http2_step_make(tx, (enum side)side, HTTP2_STEP_COMPLETE);
	}
}

/* Where the number stands that rules ask for; the least length of the frame. */
static bool number_take(struct http2_state *state, enum side side, const struct http2_head *head,
			struct slice payload, size_t at)
{
	struct http2_tx *tx;
	struct http2_frame *frame;

	if (payload.len < at + 4)
		return false;
	tx = http2_stream(state, head->stream);
	frame = tx ? http2_frame_add(&tx->side[side], head->type) : NULL;
	if (frame)
		frame->value = be32(payload.at + at);
	if (frame && head->type == HTTP2_WINDOW_UPDATE)
		frame->value &= 0x7fffffff;
	if (tx && head->type == HTTP2_RST_STREAM && head->stream)
		stream_end(tx);
	return true;
}

static bool priority_take(struct http2_state *state, enum side side, const struct http2_head *head,
			  struct slice payload)
{
	struct http2_tx *tx;
	struct http2_frame *frame;

	if (payload.len != 5)
		return false;
	tx = http2_stream(state, head->stream);
	frame = tx ? http2_frame_add(&tx->side[side], HTTP2_PRIORITY) : NULL;
	if (frame) {
		frame->has_priority = true;
		frame->priority = payload.at[4];
	}
	return true;
}

static bool settings_frame_take(struct http2_state *state, enum side side,
				const struct http2_head *head, struct slice payload)
{
	struct http2_tx *tx;

	if (payload.len % 6)
		return false;
	if (head->flags & HTTP2_ACK && !payload.len)
		return true; /* nothing to tell */
	tx = http2_stream(state, head->stream);
	if (tx)
		http2_settings_take(tx, side, payload);
	return true;
}

static bool plain_take(struct http2_state *state, enum side side, const struct http2_head *head)
{
	struct http2_tx *tx = http2_stream(state, head->stream);

	if (tx)
		http2_frame_add(&tx->side[side], head->type);
	return true;
}

static bool kind_take(struct http2_state *state, enum side side, const struct http2_head *head,
		      struct slice payload)
{
	switch (head->type) {
	case HTTP2_HEADERS:
		return head->stream && headers_take(state, side, head, payload);
	case HTTP2_PRIORITY:
		return priority_take(state, side, head, payload);
	case HTTP2_RST_STREAM:
	case HTTP2_WINDOW_UPDATE:
		return number_take(state, side, head, payload, 0);
	case HTTP2_GOAWAY:
		return number_take(state, side, head, payload, 4);
	case HTTP2_SETTINGS:
		return settings_frame_take(state, side, head, payload);
	case HTTP2_PUSH_PROMISE:
		return promise_take(state, side, head, payload);
	case HTTP2_CONTINUATION:
		return continuation_take(state, side, head, payload);
	default:
		return plain_take(state, side, head);
	}
}

void http2_frame_take(struct http2_state *state, enum side side, const struct http2_head *head,
		      struct slice payload)
{
	if (!kind_take(state, side, head, payload))
		http2_event(state, HTTP2_EVENT_FRAME_DATA);
}
