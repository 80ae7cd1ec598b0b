/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: the units that a protocol is made of, as bytes on the wire (a PDU, its header, what it carries).
 * Parsers say where they are; rules (frame:) and records are told. Kept only where somebody asks for them.
 */
#ifndef AGENT_PROTO_FRAMES_H
#define AGENT_PROTO_FRAMES_H

#include "proto/proto.h"

#define FRAME_LEN_UNKNOWN UINT64_MAX
#define FRAME_FOUND_MAX 8
#define FRAME_STREAM UINT8_MAX /* a type of all protocols over TCP: all that a side sends */
#define FRAME_STREAM_NAME "stream"

struct frame {
	struct frame *next; /* of its session, oldest first */
	uint64_t id; /* from 1, in its session */
	uint64_t number; /* from 1, of its side: what records tell */
	uint64_t from,
		len; /* offset in the stream or the datagram; len may be unknown until it ends */
	uint64_t tx_id;
	uint8_t *bytes; /* from its beginning */
	uint32_t have, cap; /* of bytes */
	uint32_t lost_at; /* of bytes: where those stood that never came */
	uint64_t lost; /* how many; 0: none */
	uint32_t asked_len; /* bytes that the rules were asked of last */
	enum side side;
	enum proto_id proto;
	uint8_t type; /* of proto->frames */
	bool has_tx, ended; /* ended: no more of its bytes will come */
	bool asked, told; /* rules, records are done with it */
	uint8_t found_cnt;
	uint32_t found_of; /* generation of the ruleset whose numbers these are */
	uint32_t found[FRAME_FOUND_MAX]; /* rules that matched it already */
};

/*
 * For parsers. A frame that begins at a byte of what input() was given, or just behind it. NULL: nobody
 * asks for frames, or there is no memory; the other functions take that. It is there until input() returns.
 */
struct frame *session_frame(struct session *session, uint8_t type, const uint8_t *at, uint64_t len);
/* By its id, for those who come back to it; NULL: it is gone. */
struct frame *frame_find(const struct session *session, uint64_t id);
/* Its length became known. */
void frame_len_is(struct frame *frame, uint64_t len);
void frame_of_tx(struct frame *frame, const struct tx *tx);

/* For sessions: the frame that all of a side is, at the first of its bytes in now_data. */
void frame_of_stream(struct session *session);
/* As rules and records call it. */
const char *frame_type_name(const struct frame *frame);
/* The bit of a type in setup->frame_types. */
static inline uint32_t frame_type_bit(uint8_t type)
{
	return type == FRAME_STREAM ? 1u << 31 : 1u << (type & 31);
}

/* For sessions: what a side sent next goes to the frames that it belongs to. */
void frames_feed(struct session *session, const struct proto_in *in);
/* A datagram is over, or a side of a stream: what is there is all. */
void frames_end(struct session *session, enum side side);
/* Forgets those that rules and records have seen; all: every one. */
void frames_clean(struct session *session, bool all);

static inline bool frame_is_whole(const struct frame *frame)
{
	return frame->len != FRAME_LEN_UNKNOWN && !frame->lost && frame->have == frame->len;
}

#endif
