// SPDX-License-Identifier: Apache-2.0
/*
 * Reassembly of one side: pieces, overlaps, gaps, the buffer. Called by tcp; promises that a byte which was
 * handed on never changes, that in-order segments cost one copy, and that memory is counted.
 */
#include "inspect/stream.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/flow.h"
#include "inspect/tcp.h"

#define PIECES_MAX 1024 /* more than that are joined: there is an end to small segments */
#define AHEAD_MAX (64ull << 20) /* bytes behind what is whole */
#define SLIDE_MIN 16384 /* bytes that were read, before the rest is moved to the front */
#define TIGHT_PART 4 /* of a worker's memory in use: what is read costs no memory from then on */
#define CAP_MIN 1024

void tcp_stream_begin(struct tcp_stream *s, uint32_t isn)
{
	s->isn = isn;
	s->base_seq = isn + 1;
	s->base = s->end = s->app = s->raw = 0;
	s->started = true;
}

static void pieces_free(struct tcp_stream *s, struct tcp_memory *memory, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (s->pieces[i].bytes) {
			memory->used -= s->pieces[i].to - s->pieces[i].from;
			free(s->pieces[i].bytes);
		}
	if (cnt == 0)
		return;
	memmove(s->pieces, s->pieces + cnt, (s->piece_cnt - cnt) * sizeof(*s->pieces));
	s->piece_cnt -= cnt;
}

static void behind_free(struct tcp_stream *s, struct tcp_memory *memory)
{
	if (memory)
		memory->used -= s->behind_len;
	free(s->behind);
	s->behind = NULL;
	s->behind_len = 0;
}

void tcp_stream_end(struct tcp_stream *s, struct tcp_memory *memory)
{
	pieces_free(s, memory, s->piece_cnt);
	behind_free(s, memory);
	memory->used -= s->cap;
	free(s->pieces);
	free(s->bytes);
	s->pieces = NULL;
	s->bytes = NULL;
	s->cap = s->piece_cap = 0;
}

void tcp_stream_quit(struct tcp_stream *s, struct tcp_memory *memory)
{
	tcp_stream_end(s, memory);
	s->base_seq += (uint32_t)(s->end - s->base);
	s->base = s->app = s->raw = s->end;
	s->no_raw = s->no_reassembly = true;
}

void tcp_stream_rest(struct tcp_stream *s, struct tcp_memory *memory)
{
	if (!(s->bytes || s->pieces) || s->behind || s->app < s->end || tcp_stream_waits(s) ||
	    (s->raw < s->end && !s->no_raw))
		return;
	tcp_stream_end(s, memory);
	s->base_seq += (uint32_t)(s->end - s->base);
	s->base = s->end;
}

int64_t tcp_stream_offset(const struct tcp_stream *s, uint32_t seq)
{
	return (int64_t)s->base + (int32_t)(seq - s->base_seq);
}

/* --- memory --- */

static bool memory_take(struct tcp_memory *memory, uint64_t len)
{
	if (memory->used + len > memory->max) {
		memory->refused++;
		return false;
	}
	memory->used += len;
	return true;
}

/* Room for len bytes more behind end. */
static bool buffer_room(struct tcp_stream *s, struct tcp_memory *memory, uint64_t len)
{
	uint64_t need = s->end - s->base + len, cap = s->cap ? s->cap : CAP_MIN;
	uint8_t *grown;

	if (need <= s->cap)
		return true;
	while (cap < need)
		cap *= 2;
	if (cap > UINT32_MAX || !memory_take(memory, cap - s->cap))
		return false;
	grown = realloc(s->bytes, cap);
	if (!grown) {
		memory->used -= cap - s->cap;
		memory->refused++;
		return false;
	}
	s->bytes = grown;
	s->cap = (uint32_t)cap;
	return true;
}

static bool buffer_append(struct tcp_stream *s, struct tcp_memory *memory, const uint8_t *bytes,
			  uint64_t len)
{
	if (!buffer_room(s, memory, len))
		return false;
	memcpy(s->bytes + (s->end - s->base), bytes, len);
	s->end += len;
	return true;
}

/* Joins neighbours of the buffer: what they were one by one no longer matters once there are so many. */
static void pieces_join(struct tcp_stream *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->piece_cnt; i++) {
		struct tcp_piece *last = kept ? &s->pieces[kept - 1] : NULL, *piece = &s->pieces[i];

		if (last && !last->bytes && !piece->bytes && last->to == piece->from) {
			last->to = piece->to;
			if (piece->whole_to > last->whole_to)
				last->whole_to = piece->whole_to;
		} else {
			s->pieces[kept++] = *piece;
		}
	}
	s->piece_cnt = kept;
}

static bool piece_put(struct tcp_stream *s, uint32_t at, const struct tcp_piece *piece)
{
	if (!s->pieces || s->piece_cnt == s->piece_cap) {
		uint32_t cap = s->piece_cap ? s->piece_cap * 2 : 8;
		struct tcp_piece *grown = realloc(s->pieces, cap * sizeof(*grown));

		if (!grown)
			return false;
		s->pieces = grown;
		s->piece_cap = cap;
	}
	if (at < s->piece_cnt)
		memmove(s->pieces + at + 1, s->pieces + at, (s->piece_cnt - at) * sizeof(*s->pieces));
	s->pieces[at] = *piece;
	s->piece_cnt++;
	return true;
}

/* --- insertion --- */

/* A segment that is being taken up. */
struct segment {
	uint64_t from, to; /* what is not before base */
	uint64_t whole_from, whole_to;
	const uint8_t *bytes; /* of from */
	enum stream_overlap overlap;
	bool no_memory, took;
};

static uint8_t *piece_bytes(const struct tcp_stream *s, const struct tcp_piece *piece)
{
	return piece->bytes ? piece->bytes : s->bytes + (piece->from - s->base);
}

/* Both have bytes for [from, to): compares them, and lets the receiver's system choose. */
static void segment_overlap(struct tcp_stream *s, const struct stream_settings *settings,
			    struct segment *seg, const struct tcp_piece *piece, uint64_t from,
			    uint64_t to)
{
	uint8_t *old = piece_bytes(s, piece) + (from - piece->from);
	const uint8_t *new = seg->bytes + (from - seg->from);
	const struct overlap overlap = {
		.old_from = (int64_t)piece->whole_from,
		.old_to = (int64_t)piece->whole_to,
		.new_from = (int64_t)seg->whole_from,
		.new_to = (int64_t)seg->whole_to,
	};

	if (memcmp(old, new, to - from) == 0) {
		if (seg->overlap == STREAM_OVERLAP_NONE)
			seg->overlap = STREAM_OVERLAP_SAME;
		return;
	}
	seg->overlap = STREAM_OVERLAP_OTHER;
	if (settings->is_inline || !hostos_takes_new_segment((enum os_policy)s->os, &overlap))
		return;
	if (from < s->app) { /* the parser has read these */
		if (to <= s->app)
			return;
		old += s->app - from;
		new += s->app - from;
		from = s->app;
	}
	memcpy(old, new, to - from);
}

/* Nobody had [from, to): into the buffer when it is next, else it waits. */
static void segment_fill(struct tcp_stream *s, struct tcp_memory *memory, struct segment *seg,
			 uint32_t at, uint64_t from, uint64_t to)
{
	struct tcp_piece piece = {
		.from = from, .to = to, .whole_from = seg->whole_from, .whole_to = seg->whole_to
	};
	const uint8_t *bytes = seg->bytes + (from - seg->from);

	if (from == s->end) {
		if (!buffer_append(s, memory, bytes, to - from)) {
			seg->no_memory = true;
			return;
		}
	} else {
		if (!memory_take(memory, to - from)) {
			seg->no_memory = true;
			return;
		}
		piece.bytes = malloc(to - from);
		if (!piece.bytes) {
			memory->used -= to - from;
			seg->no_memory = true;
			return;
		}
		memcpy(piece.bytes, bytes, to - from);
	}
	if (!piece_put(s, at, &piece)) {
		if (piece.bytes)
			memory->used -= to - from;
		free(piece.bytes);
		/* In the buffer it stays, without its borders. */
		seg->no_memory = piece.bytes != NULL;
	}
	seg->took = true;
}

/* Waiting pieces that became next. */
static void pieces_advance(struct tcp_stream *s, struct tcp_memory *memory, uint32_t from)
{
	for (uint32_t i = from; i < s->piece_cnt; i++) {
		struct tcp_piece *piece = &s->pieces[i];

		if (piece->to <= s->end)
			continue;
		if (piece->from != s->end || !piece->bytes)
			return;
		if (!buffer_append(s, memory, piece->bytes, piece->to - piece->from))
			return;
		memory->used -= piece->to - piece->from;
		free(piece->bytes);
		piece->bytes = NULL;
	}
}

/* The first piece that ends behind offset. */
static uint32_t pieces_find(const struct tcp_stream *s, uint64_t offset)
{
	uint32_t low = 0, high = s->piece_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->pieces[mid].to <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void segment_insert(struct tcp_stream *s, const struct stream_settings *settings,
			   struct tcp_memory *memory, struct segment *seg)
{
	uint32_t first = pieces_find(s, seg->from), i = first;
	uint64_t at = seg->from;

	while (at < seg->to && !seg->no_memory) {
		uint64_t to = seg->to;
		struct tcp_piece *piece = i < s->piece_cnt ? &s->pieces[i] : NULL;

		if (piece && piece->from <= at) {
			to = piece->to < to ? piece->to : to;
			segment_overlap(s, settings, seg, piece, at, to);
			i++;
		} else {
			uint32_t cnt = s->piece_cnt;

			if (piece && piece->from < to)
				to = piece->from;
			if (at < s->end) /* its borders are forgotten: it is kept as it is */
				to = to < s->end ? to : s->end;
			else
				segment_fill(s, memory, seg, i, at, to);
			i += s->piece_cnt - cnt;
		}
		at = to;
	}
	pieces_advance(s, memory, first);
	if (s->piece_cnt > PIECES_MAX)
		pieces_join(s);
}

enum stream_said tcp_stream_insert(struct tcp_stream *s, const struct stream_settings *settings,
				   struct tcp_memory *memory, uint32_t seq, struct slice bytes,
				   enum stream_overlap *ret_overlap)
{
	int64_t from = tcp_stream_offset(s, seq), to = from + (int64_t)bytes.len;
	struct segment seg;
	bool is_cut = false;

	if (to <= (int64_t)s->base)
		return STREAM_SAID_OLD;
	seg = (struct segment){
		.whole_from = from < 0 ? 0 : (uint64_t)from,
		.whole_to = (uint64_t)to,
		.from = from < (int64_t)s->base ? s->base : (uint64_t)from,
		.to = (uint64_t)to,
	};
	seg.bytes = bytes.at + ((int64_t)seg.from - from);
	if (settings->depth && seg.to > settings->depth) {
		is_cut = true;
		seg.to = settings->depth;
	}
	if (seg.from >= seg.to || seg.from > s->end + AHEAD_MAX)
		return STREAM_SAID_BEYOND;
	if (s->piece_cnt >= PIECES_MAX * 4)
		return STREAM_SAID_NO_MEMORY;
	segment_insert(s, settings, memory, &seg);
	*ret_overlap = seg.overlap;
	if (seg.no_memory)
		return STREAM_SAID_NO_MEMORY;
	if (is_cut && s->end >= settings->depth)
		s->depth_reached = true;
	return seg.took ? STREAM_SAID_TAKEN : STREAM_SAID_OLD;
}

/* --- reading --- */

/* How far the other side says that it has all; never beyond what is whole. */
static uint64_t stream_acked(const struct tcp_stream *s, bool all)
{
	int64_t acked = tcp_stream_offset(s, s->last_ack);

	if (all || acked > (int64_t)s->end)
		return s->end;
	return acked < (int64_t)s->base ? s->base : (uint64_t)acked;
}

struct slice tcp_stream_app(const struct tcp_stream *s, bool all)
{
	uint64_t to = stream_acked(s, all);

	if (to <= s->app || !s->bytes)
		return slice(NULL, 0);
	return slice(s->bytes + (s->app - s->base), to - s->app);
}

void tcp_stream_app_took(struct tcp_stream *s, uint64_t cnt)
{
	s->app += cnt;
}

bool tcp_stream_waits(const struct tcp_stream *s)
{
	return s->piece_cnt && s->pieces[s->piece_cnt - 1].to > s->end;
}

/* What was whole goes behind, so that detection reads it before what follows the gap. */
static void stream_part(struct tcp_stream *s, struct tcp_memory *memory, uint64_t to)
{
	if (s->raw < s->end && !s->behind && !s->no_raw) {
		s->behind = s->bytes;
		s->behind_from = s->base;
		s->behind_len = (uint32_t)(s->end - s->base);
		s->behind_raw = s->raw;
		memory->used -= s->cap - s->behind_len;
		s->bytes = NULL;
		s->cap = 0;
	}
	s->base_seq += (uint32_t)(to - s->base);
	s->base = s->end = s->app = s->raw = to;
	s->has_gap = true;
}

bool tcp_stream_gap_follows(const struct tcp_stream *s, bool all)
{
	/* That they are missing is sure only when something came behind them. */
	return pieces_find(s, s->end) < s->piece_cnt &&
	       (all || tcp_stream_offset(s, s->last_ack) > (int64_t)s->end);
}

uint64_t tcp_stream_skip_gap(struct tcp_stream *s, struct tcp_memory *memory, bool all)
{
	int64_t acked = tcp_stream_offset(s, s->last_ack);
	uint32_t next = pieces_find(s, s->end);
	uint64_t to, lost;

	if (s->app < s->end || !tcp_stream_gap_follows(s, all))
		return 0;
	to = s->pieces[next].from;
	if (!all && (int64_t)to > acked)
		to = (uint64_t)acked;
	lost = to - s->end;
	s->gap_len = s->gap_to == s->end && s->gap_len ? s->gap_len + lost : lost;
	s->gap_to = to;
	stream_part(s, memory, to);
	pieces_free(s, memory, next);
	pieces_advance(s, memory, 0);
	return lost;
}

/* As large as it must be, by halves: it grows again if more comes. */
static void buffer_shrink(struct tcp_stream *s, struct tcp_memory *memory)
{
	uint32_t cap = s->cap;
	uint8_t *shrunk;

	while (cap / 2 >= CAP_MIN && cap / 2 >= s->end - s->base)
		cap /= 2;
	shrunk = cap < s->cap ? realloc(s->bytes, cap) : NULL;
	if (!shrunk)
		return;
	memory->used -= s->cap - cap;
	s->bytes = shrunk;
	s->cap = cap;
}

static bool slides(const struct tcp_stream *s, uint64_t keep, bool is_tight)
{
	return keep > s->base && /* behind a gap what is to be kept may be no more there */
	       (is_tight || keep >= s->base + SLIDE_MIN || (keep == s->end && s->no_raw));
}

void tcp_stream_trim(struct tcp_stream *s, const struct stream_settings *settings,
		     struct tcp_memory *memory, enum side side)
{
	uint64_t keep = s->app, window = settings->chunk[side];
	bool is_tight = memory->used > memory->max / TIGHT_PART;
	uint32_t cnt = 0;

	if (!s->no_raw) {
		uint64_t raw = s->raw > window ? s->raw - window : 0;

		keep = raw < keep ? raw : keep;
	}
	if (!slides(s, keep, is_tight))
		return;
	memmove(s->bytes, s->bytes + (keep - s->base), s->end - keep);
	s->base_seq += (uint32_t)(keep - s->base);
	s->base = keep;
	while (cnt < s->piece_cnt && s->pieces[cnt].to <= keep)
		cnt++;
	memmove(s->pieces, s->pieces + cnt, (s->piece_cnt - cnt) * sizeof(*s->pieces));
	s->piece_cnt -= cnt;
	if (s->piece_cnt && s->pieces[0].from < keep)
		s->pieces[0].from = keep;
	if (is_tight)
		buffer_shrink(s, memory);
}

/* --- for detection --- */

static struct tcp_stream *packet_stream(const struct packet *p)
{
	return p->flow && p->flow->tcp ? &p->flow->tcp->side[p->side] : NULL;
}

bool stream_raw_next(const struct packet *p, struct stream_raw *ret_raw)
{
	struct tcp_stream *s = packet_stream(p);
	const struct tcp_settings *settings;
	uint64_t to;
	bool all;

	if (!s || s->no_raw)
		return false;
	settings = p->flow->tcp->settings;
	if (s->behind) {
		*ret_raw = (struct stream_raw){
			.bytes = slice(s->behind, s->behind_len),
			.from = s->behind_from,
			.old_len = (size_t)(s->behind_raw - s->behind_from),
		};
		return true;
	}
	all = settings->stream.is_inline || packet_is_last(p) || p->flow->tcp->state > TCP_TIME_WAIT;
	to = stream_acked(s, all);
	if (to <= s->raw)
		return false;
	if (!settings->stream.is_inline && !s->raw_wanted && !p->flow->no_payload && !all &&
	    !s->depth_reached && to - s->raw < settings->stream.chunk[p->side])
		return false;
	*ret_raw = (struct stream_raw){
		.bytes = slice(s->bytes, to - s->base),
		.from = s->base,
		.old_len = (size_t)(s->raw - s->base),
		.is_end = packet_is_last(p) || (s->fin_seen && to == s->end && !tcp_stream_waits(s)),
		.last = true,
	};
	return true;
}

void stream_raw_done(struct packet *p, const struct stream_raw *raw)
{
	struct tcp_stream *s = packet_stream(p);

	if (!s)
		return;
	if (s->behind) {
		behind_free(s, p->flow->tcp->memory);
		return;
	}
	s->raw = raw->from + raw->bytes.len;
	s->raw_wanted = false;
}

struct slice stream_held(const struct flow *flow, enum side side, uint64_t *ret_missing)
{
	const struct tcp_stream *s = flow->tcp ? &flow->tcp->side[side] : NULL;

	*ret_missing = s && s->gap_len && s->gap_to == s->base ? s->gap_len : 0;
	return s && s->bytes ? slice(s->bytes, s->end - s->base) : slice(NULL, 0);
}
