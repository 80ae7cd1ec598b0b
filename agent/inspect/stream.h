/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one side of a TCP connection sent, in order: put together as its receiver does, kept until parser
 * and detection have read it. Offsets count from the first byte behind the SYN.
 */
#ifndef AGENT_INSPECT_STREAM_H
#define AGENT_INSPECT_STREAM_H

#include "inspect/hostos.h"
#include "inspect/packet.h"

/* A segment, or what others left of it. Those that wait behind a gap hold their bytes themselves. */
struct tcp_piece {
	uint64_t from, to;
	uint64_t whole_from, whole_to; /* of the segment it came in: what overlap policies ask */
	uint8_t *bytes; /* NULL: they are in the stream's buffer */
};

struct tcp_stream {
	/* Numbers of RFC 9293, 3.3.1, as seen from outside. */
	uint32_t isn, next_seq;
	uint32_t last_ack; /* of this side's bytes, by the other one */
	uint32_t window; /* how much more than that this side may send, scaled */
	uint32_t next_win; /* the highest end of it so far */
	uint32_t tsval;
	uint64_t tsval_ns;
	uint8_t scale, flags; /* flags: all that were seen */
	uint8_t os; /* enum os_policy of who receives */
	bool has_tsval, fin_seen, rst_seen, keep_alive, started;
	bool has_gap, depth_reached, no_reassembly, no_raw;
	bool raw_wanted; /* a parser, or the end, asks for inspection of less than a chunk */

	/* Bytes: [base, end) is whole and in the buffer. */
	uint32_t base_seq; /* of the byte at base */
	uint64_t base, end;
	uint64_t app, raw; /* read by the parser, by detection, up to here */
	uint64_t gap_to, gap_len; /* where the last gap ended, and its bytes */
	uint64_t lost; /* bytes in front of app that never came and that the parser was not told of */
	uint8_t *bytes;
	uint32_t cap;
	struct tcp_piece *pieces; /* sorted, apart */
	uint32_t piece_cnt, piece_cap;
	/* What was whole in front of a gap and is not inspected yet. */
	uint8_t *behind;
	uint64_t behind_from, behind_raw;
	uint32_t behind_len;
};

struct tcp_memory {
	uint64_t used, max; /* bytes of streams, of one worker */
	uint64_t refused; /* segments that found no room */
};

/* How streams are read; the settings of stream.*. */
struct stream_settings {
	bool is_inline;
	uint64_t depth; /* bytes of a side; 0: no end */
	uint32_t chunk[SIDES]; /* raw bytes of that sender that are inspected at once */
	bool raw;
};

enum stream_said {
	STREAM_SAID_TAKEN,
	STREAM_SAID_OLD, /* all of it was there, or read, before */
	STREAM_SAID_BEYOND, /* behind the depth, or too far ahead */
	STREAM_SAID_NO_MEMORY,
};

/* What a segment met in its place. */
enum stream_overlap {
	STREAM_OVERLAP_NONE,
	STREAM_OVERLAP_SAME, /* bytes like its own */
	STREAM_OVERLAP_OTHER, /* others */
};

void tcp_stream_begin(struct tcp_stream *stream, uint32_t isn);
void tcp_stream_end(struct tcp_stream *stream, struct tcp_memory *memory);
/* The offset of a number; before base: less than it. */
int64_t tcp_stream_offset(const struct tcp_stream *stream, uint32_t seq);
/* Takes a segment up. */
enum stream_said tcp_stream_insert(struct tcp_stream *stream, const struct stream_settings *settings,
				   struct tcp_memory *memory, uint32_t seq, struct slice bytes,
				   enum stream_overlap *ret_overlap);
/* What the parser has not read, up to where the other side (all: or nobody) has acknowledged. */
struct slice tcp_stream_app(const struct tcp_stream *stream, bool all);
/* Something is there behind a gap. */
bool tcp_stream_waits(const struct tcp_stream *stream);
/* Will the bytes behind those that there are not come any more: others behind them did. */
bool tcp_stream_gap_follows(const struct tcp_stream *stream, bool all);
/* Bytes that will not come any more in front of what is there; 0: no gap. They count as read. */
uint64_t tcp_stream_skip_gap(struct tcp_stream *stream, struct tcp_memory *memory, bool all);
void tcp_stream_app_took(struct tcp_stream *stream, uint64_t cnt);
/* Nobody reads any more: what is there goes, and nothing more is to be put in. */
void tcp_stream_quit(struct tcp_stream *stream, struct tcp_memory *memory);
/* Nothing more is to come: where all was read its memory is given back. What comes all the same is taken. */
void tcp_stream_rest(struct tcp_stream *stream, struct tcp_memory *memory);
/*
 * Lets go what both have read; keeps a window for detection. Where much of the memory is in use, so that
 * many streams must share it, their buffers become smaller with it.
 */
void tcp_stream_trim(struct tcp_stream *stream, const struct stream_settings *settings,
		     struct tcp_memory *memory, enum side side);

/* --- for detection --- */

/* Bytes of the packet's side for the rules on the stream: new ones, with what came before them. */
struct stream_raw {
	struct slice bytes;
	uint64_t from; /* offset of bytes.at in the whole */
	size_t old_len; /* that many of them were inspected before: a match must end behind them */
	bool is_end; /* nothing follows */
	bool last; /* there is no other piece for this packet */
};

/*
 * Is there something to inspect with this packet? Ask again after stream_raw_done() until it says no: a
 * gap parts what is whole.
 */
bool stream_raw_next(const struct packet *packet, struct stream_raw *ret_raw);
/* Detection has read it. */
void stream_raw_done(struct packet *packet, const struct stream_raw *raw);
/* All that is whole of a side, for records; *ret_missing: bytes right in front of it that never came. */
struct slice stream_held(const struct flow *flow, enum side side, uint64_t *ret_missing);

#endif
