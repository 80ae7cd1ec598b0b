/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one side sent, put together from pieces that come in any order, twice, or overlapping. Bytes that
 * were read stay while there is room, so that one who sends other bytes for them is seen.
 */
#ifndef AGENT_WIRE_STREAM_H
#define AGENT_WIRE_STREAM_H

#include "wire/wire.h"

#define STREAM_PIECES 16 /* beyond a gap, at once */

struct stream_piece {
	uint32_t from, to;
};

struct stream {
	uint32_t base; /* number of bytes[0] */
	uint32_t at; /* of bytes[]: read up to here */
	uint32_t end; /* of bytes[]: whole up to here */
	uint32_t cap, max;
	uint8_t *bytes;
	uint32_t piece_cnt;
	struct stream_piece piece[STREAM_PIECES]; /* sorted, apart */
};

/* Begins with the byte of this number; holds at most max bytes. Nothing is allocated yet. */
void stream_begin(struct stream *stream, uint32_t number, uint32_t max);
void stream_end(struct stream *stream);

enum stream_said {
	STREAM_TAKEN = 0,
	STREAM_CONFLICT, /* other bytes for a place that had some; nothing was taken */
	STREAM_OVER, /* too far ahead, or too many gaps; nothing was taken */
	STREAM_NO_MEMORY,
};
enum stream_said stream_push(struct stream *stream, uint32_t number, const uint8_t *bytes,
			     uint32_t len);

/* Whether these bytes are others than what is still held of the same place. */
bool stream_differs(const struct stream *stream, uint32_t number, const uint8_t *bytes, uint32_t len);

/* What is whole and not read yet. */
static inline const uint8_t *stream_rest(const struct stream *stream, size_t *ret_len)
{
	*ret_len = stream->end - stream->at;
	return stream->bytes ? stream->bytes + stream->at : (const uint8_t *)"";
}

/* Number of the first byte that is not read yet. */
static inline uint32_t stream_next(const struct stream *stream)
{
	return stream->base + stream->at;
}

/* len bytes count as read, whether they came or not. */
void stream_skip(struct stream *stream, uint32_t len);

/* There is something behind a gap. */
static inline bool stream_has_gap(const struct stream *stream)
{
	return stream->piece_cnt != 0;
}

#endif
