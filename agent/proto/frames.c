// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the frames of a session. Called by parsers and by session.c; promises bounds on how many and how many
 * bytes wait to be asked, the oldest going first.
 */
#include "proto/frames.h"

#include <stdlib.h>

#include "inspect/engine.h"

#define FRAMES_MAX 512 /* of a session, that wait */
#define FRAME_BYTES_MAX (1 << 17) /* that are kept of one: a write of SMB and its head */
#define SESSION_BYTES_MAX (1 << 20) /* of all that wait: room for more is made by the oldest */

/* Takes the one out that *at is. */
static void frame_drop(struct session *session, struct frame **at)
{
	struct frame *frame = *at;

	*at = frame->next;
	session->frames_waiting--;
	session->frame_bytes -= frame->cap;
	free(frame->bytes);
	free(frame);
}

/* What lies in front of an offset never came. One such hole is kept, in a frame that goes on behind it. */
static bool hole_keep(struct frame *frame, uint64_t next, uint64_t from)
{
	if (frame->lost || frame->len == FRAME_LEN_UNKNOWN || from - frame->from >= frame->len)
		return false;
	frame->lost = from - next;
	frame->lost_at = frame->have;
	return true;
}

/* Takes what begins at an offset, as far as it is the frame's next. */
static void bytes_take(struct session *session, struct frame *frame, uint64_t from, struct slice bytes)
{
	uint64_t next = frame->from + frame->have + frame->lost, room = FRAME_BYTES_MAX;
	uint8_t *grown;

	if (frame->ended || (frame->asked && frame->told) ||
	    (from <= next && from + bytes.len <= next))
		return;
	if (from > next) {
		if (!hole_keep(frame, next, from)) {
			frame->ended = true;
			return;
		}
		next = from;
	}
	bytes = slice_behind(bytes, (size_t)(next - from));
	if (frame->len - frame->lost < room)
		room = frame->len - frame->lost;
	room -= room < frame->have ? room : frame->have;
	if (bytes.len > room)
		bytes.len = (size_t)room;
	if (frame->have + bytes.len > frame->cap) {
		grown = realloc(frame->bytes, frame->have + bytes.len);
		if (!grown) {
			frame->ended = true;
			return;
		}
		frame->bytes = grown;
		session->frame_bytes += frame->have + bytes.len - frame->cap;
		frame->cap = (uint32_t)(frame->have + bytes.len);
	}
	if (bytes.len)
		memcpy(frame->bytes + frame->have, bytes.at, bytes.len);
	frame->have += (uint32_t)bytes.len;
	if (frame->have + frame->lost == frame->len || frame->have == FRAME_BYTES_MAX)
		frame->ended = true;
}

static bool is_wanted(const struct session *session, uint8_t type)
{
	const struct engine_setup *setup = session->setup;

	return setup &&
	       (setup->frames_told || setup->frame_types[session->proto] & frame_type_bit(type));
}

struct frame *session_frame(struct session *session, uint8_t type, const uint8_t *at, uint64_t len)
{
	const struct engine_setup *setup = session->setup;
	struct frame *frame, **end = &session->frames;

	if (!is_wanted(session, type))
		return NULL;
	frame = calloc(1, sizeof(*frame));
	if (!frame)
		return NULL;
	if (session->frames_waiting == FRAMES_MAX)
		frame_drop(session, &session->frames);
	while (session->frames && session->frame_bytes > SESSION_BYTES_MAX)
		frame_drop(session, &session->frames);
	*frame = (struct frame){
		.id = ++session->frame_cnt,
		.number = ++session->side_frame_cnt[session->now_side],
		.from = session->now_from + (uint64_t)(at - session->now_data.at),
		.len = len,
		.side = session->now_side,
		.proto = session->proto,
		.type = type,
		.asked = !(setup->frame_types[session->proto] & frame_type_bit(type)),
		.told = !setup->frames_told,
	};
	while (*end)
		end = &(*end)->next;
	*end = frame;
	session->frames_waiting++;
	frame->ended = len == 0;
	bytes_take(session, frame, session->now_from, session->now_data);
	return frame;
}

void frame_of_stream(struct session *session)
{
	if (!session->side_frame_cnt[session->now_side])
		session_frame(session, FRAME_STREAM, session->now_data.at, FRAME_LEN_UNKNOWN);
}

const char *frame_type_name(const struct frame *frame)
{
	return frame->type == FRAME_STREAM ? FRAME_STREAM_NAME
					   : protos[frame->proto]->frames[frame->type];
}

struct frame *frame_find(const struct session *session, uint64_t id)
{
	struct frame *frame = session->frames;

	while (frame && frame->id != id)
		frame = frame->next;
	return frame;
}

void frame_len_is(struct frame *frame, uint64_t len)
{
	if (!frame)
		return;
	frame->len = len; /* it was unknown: there is no hole in it */
	if (frame->have >= len) {
		frame->have = (uint32_t)len;
		frame->ended = true;
	}
}

void frame_of_tx(struct frame *frame, const struct tx *tx)
{
	if (!frame || !tx)
		return;
	frame->has_tx = true;
	frame->tx_id = tx->id;
}

void frames_feed(struct session *session, const struct proto_in *in)
{
	session->now_data = in->data;
	for (struct frame *frame = session->frames; frame; frame = frame->next)
		if (frame->side == in->side)
			bytes_take(session, frame, session->now_from, in->data);
}

void frames_end(struct session *session, enum side side)
{
	for (struct frame *frame = session->frames; frame; frame = frame->next)
		if (frame->side == side)
			frame->ended = true;
}

void frames_clean(struct session *session, bool all)
{
	struct frame **at = &session->frames;

	while (*at) {
		struct frame *frame = *at;

		if (!all && !(frame->ended && frame->asked && frame->told)) {
			at = &frame->next;
			continue;
		}
		frame_drop(session, at);
	}
}
