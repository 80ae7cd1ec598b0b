/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assembly. Called by names/reader.c for TCP and by wire/quic.c for CRYPTO frames.
 */
#include "wire/stream.h"

#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 2048

void stream_begin(struct stream *s, uint32_t number, uint32_t max)
{
	*s = (struct stream){ .base = number, .max = max };
}

void stream_end(struct stream *s)
{
	free(s->bytes);
	s->bytes = NULL;
	s->cap = s->end = s->at = s->piece_cnt = 0;
}

/* The first len bytes are let go; what lies behind moves to the front. */
static void front_drop(struct stream *s, uint32_t len)
{
	uint32_t last = s->piece_cnt ? s->piece[s->piece_cnt - 1].to : s->end, cnt = 0;
	uint32_t end = s->end > len ? s->end - len : 0;

	if (last > len)
		memmove(s->bytes, s->bytes + len, last - len);
	for (uint32_t i = 0; i < s->piece_cnt; i++) {
		struct stream_piece piece = s->piece[i];

		if (piece.to <= len)
			continue;
		if (piece.from <= len)
			end = piece.to - len;
		else
			s->piece[cnt++] = (struct stream_piece){ piece.from - len, piece.to - len };
	}
	s->piece_cnt = cnt;
	s->base += len;
	s->at = s->at > len ? s->at - len : 0;
	s->end = end;
}

static bool room_make(struct stream *s, uint32_t to)
{
	uint32_t cap = s->cap ? s->cap : CAP_FIRST;
	uint8_t *bytes;

	if (to <= s->cap)
		return true;
	while (cap < to)
		cap *= 2;
	bytes = realloc(s->bytes, cap);
	if (!bytes)
		return false;
	s->bytes = bytes;
	s->cap = cap;
	return true;
}

static bool part_differs(const struct stream *s, struct stream_piece have, uint32_t from,
			 uint32_t to, const uint8_t *bytes)
{
	uint32_t first = have.from > from ? have.from : from;
	uint32_t last = have.to < to ? have.to : to;

	return first < last && memcmp(s->bytes + first, bytes + (first - from), last - first) != 0;
}

static bool differs(const struct stream *s, uint32_t from, uint32_t to, const uint8_t *bytes)
{
	if (part_differs(s, (struct stream_piece){ 0, s->end }, from, to, bytes))
		return true;
	for (uint32_t i = 0; i < s->piece_cnt; i++)
		if (part_differs(s, s->piece[i], from, to, bytes))
			return true;
	return false;
}

bool stream_differs(const struct stream *s, uint32_t number, const uint8_t *bytes, uint32_t len)
{
	int32_t from = (int32_t)(number - s->base);

	if (from < 0) {
		if (len <= -(uint32_t)from)
			return false;
		bytes += -(uint32_t)from;
		len -= -(uint32_t)from;
		from = 0;
	}
	return differs(s, (uint32_t)from, (uint32_t)from + len, bytes);
}

/* Pieces that new meets or touches become one with it. Returns false when there are too many. */
static bool piece_join(struct stream *s, struct stream_piece new)
{
	struct stream_piece kept[STREAM_PIECES] = {};
	uint32_t cnt = 0, place = 0;

	for (uint32_t i = 0; i < s->piece_cnt; i++) {
		struct stream_piece piece = s->piece[i];

		if (piece.to < new.from || piece.from > new.to) {
			kept[cnt++] = piece;
			continue;
		}
		new.from = piece.from < new.from ? piece.from : new.from;
		new.to = piece.to > new.to ? piece.to : new.to;
	}
	if (new.from > s->end && cnt == STREAM_PIECES)
		return false;
	if (new.from <= s->end) {
		s->end = new.to > s->end ? new.to : s->end;
	} else {
		while (place < cnt && kept[place].from < new.from)
			place++;
		memmove(kept + place + 1, kept + place, (cnt - place) * sizeof(*kept));
		kept[place] = new;
		cnt++;
	}
	memcpy(s->piece, kept, cnt * sizeof(*kept));
	s->piece_cnt = cnt;
	return true;
}

enum stream_said stream_push(struct stream *s, uint32_t number, const uint8_t *bytes, uint32_t len)
{
	int32_t from = (int32_t)(number - s->base);

	/* Older than what is held: that was read, and its bytes are gone. */
	if (from < 0) {
		if (len <= -(uint32_t)from)
			return STREAM_TAKEN;
		bytes += -(uint32_t)from;
		len -= -(uint32_t)from;
		from = 0;
	}
	if (!len)
		return STREAM_TAKEN;
	if (len > s->max || (uint32_t)from > s->max - len) {
		uint32_t read = s->at;

		if (len > s->max || (uint32_t)from < read || (uint32_t)from - read > s->max - len)
			return STREAM_OVER;
		front_drop(s, read);
		from -= (int32_t)read;
	}
	if (differs(s, (uint32_t)from, (uint32_t)from + len, bytes))
		return STREAM_CONFLICT;
	if (!room_make(s, (uint32_t)from + len))
		return STREAM_NO_MEMORY;
	if (!piece_join(s, (struct stream_piece){ (uint32_t)from, (uint32_t)from + len }))
		return STREAM_OVER;
	memcpy(s->bytes + from, bytes, len);
	return STREAM_TAKEN;
}

void stream_skip(struct stream *s, uint32_t len)
{
	uint32_t last = s->piece_cnt ? s->piece[s->piece_cnt - 1].to : s->end;

	if (len <= s->end - s->at) {
		s->at += len;
		return;
	}
	if (len >= last - s->at) {
		s->base += s->at + len;
		s->at = s->end = s->piece_cnt = 0;
		return;
	}
	front_drop(s, s->at + len);
}
