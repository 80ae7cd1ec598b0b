/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_frag: datagrams in pieces. All share the verdict of the first, whatever comes first:
 * stage_fragment() notes each piece, fragment_settle() notes what became of the first. Pieces ahead
 * of it pass, since their receiver can make nothing of them without it.
 * Promises that no two pieces that overlap get through (RFC 5722), and that a body's datagrams only
 * ever displace its own; of its sets, each source may use FRAG_SOURCE_SETS.
 */
#ifndef BPF_STAGE_FRAGMENT_H
#define BPF_STAGE_FRAGMENT_H

#include "core/config.h"
#include "core/maps.h"
#include "core/packet.h"

/* A datagram has between one and two of them to become whole (RFC 791: 15 s). */
#define FRAG_PERIOD_NS (15 * NSEC_PER_SEC)
#define FRAG_SOURCE_SETS 16 /* a power of two */
#define FRAG_TRIES 8
#define FRAG_BYTES_MAX 65535

/* What a piece means; the others are reasons to drop it. */
enum frag_answer {
	FRAG_LEADS, /* the first */
	FRAG_EARLY, /* the first was not seen, or is being judged */
	FRAG_PASSES,
	FRAG_DENIED,
	FRAG_OVERLAPS,
	FRAG_TWICE, /* this very piece went by before */
	FRAG_NO_ROOM,
};

/* What fragment_note() works on, so that it can be one function under the lock. */
struct frag_piece {
	__u64 now_ns;
	__u32 period;
	__u32 max; /* datagrams; 0: no limit */
	__u16 from, to; /* units of 8, [from, to) */
	bool first, last;
};

/* --- how many datagrams a tenant has in pieces: two cells, the older of which runs out as a whole --- */

static __always_inline __u32 fragment_cell(__u64 cell, __u32 period)
{
	return cell >> 32 == period ? (__u32)cell : 0;
}

static __always_inline bool fragment_charge(struct sek_quota *quota, __u32 period, __u32 max)
{
	__u64 *cell = &quota->fragments[period & 1];
	__u32 held, before = fragment_cell(READ_ONCE(quota->fragments[~period & 1]), period - 1);
	__u64 seen = READ_ONCE(*cell), was;

	for (int try = 0; try < FRAG_TRIES; try++) {
		held = fragment_cell(seen, period);
		if (max && held + before >= max)
			return false;
		was = __sync_val_compare_and_swap(cell, seen, (__u64)period << 32 | (held + 1));
		if (was == seen)
			return true;
		seen = was;
	}
	return false;
}

static __always_inline void fragment_refund(struct sek_quota *quota, __u32 period)
{
	__u64 *cell = &quota->fragments[period & 1];
	__u64 seen = READ_ONCE(*cell), was;

	for (int try = 0; try < FRAG_TRIES; try++) {
		if (!fragment_cell(seen, period))
			return; /* its period is over, and forgotten */
		was = __sync_val_compare_and_swap(cell, seen, seen - 1);
		if (was == seen)
			return;
		seen = was;
	}
}

/* The datagram is over; its way is free for another. */
static __always_inline void fragment_free(struct sek_frag *way, struct sek_quota *quota)
{
	fragment_refund(quota, way->until_ns / FRAG_PERIOD_NS - 2);
	way->until_ns = 0;
}

/*
 * --- one datagram, under its set's lock: nothing here may call ---
 *
 * Over all ranges questions are asked by the sign of differences, of numbers that have 16 bits: to
 * the verifier a branch for each would double what follows.
 */

/* Keeps clang from making branches of them. */
static __always_inline __s32 fragment_sign(__s32 sign)
{
	barrier_var(sign);
	return sign;
}

static __always_inline bool fragment_is(const struct sek_frag *way, const struct packet *p)
{
	return way->until_ns > p->now_ns && way->id == p->frag_id &&
	       addr_equal(&way->src, &p->src) && addr_equal(&way->dst, &p->dst);
}

static __always_inline bool fragment_complete(const struct sek_frag *way)
{
	__s32 complete = 0;

	for (__u32 i = 0; i < SEK_FRAG_RANGES; i++)
		complete |= fragment_sign((way->range[i][0] | (way->range[i][1] ^ way->end)) - 1);
	return way->end && complete < 0;
}

/* Whether the piece lies over another, or beyond the datagram's end. */
static __always_inline bool fragment_overlaps(const struct sek_frag *way,
					      const struct frag_piece *piece)
{
	__s32 over = 0, beyond = 0;

	if (way->end && (piece->last || piece->to > way->end))
		return true;
	for (__u32 i = 0; i < SEK_FRAG_RANGES; i++) {
		__s32 from = way->range[i][0], to = way->range[i][1];

		over |= fragment_sign((piece->from - to) & (from - piece->to));
		beyond |= fragment_sign(piece->to - to);
	}
	return over < 0 || (piece->last && beyond < 0);
}

/*
 * The network may deliver a piece twice (RFC 8200, 4.5). Ranges that have grown together do not tell
 * their pieces any more, but senders cut all of them alike, except the last.
 */
static __always_inline bool fragment_repeats(const struct sek_frag *way,
					     const struct frag_piece *piece)
{
	__s32 outside = -1;

	for (__u32 i = 0; i < SEK_FRAG_RANGES; i++)
		outside &= fragment_sign((piece->from - way->range[i][0]) |
					 (way->range[i][1] - piece->to));
	if (outside < 0 || piece->last != (piece->to == way->end))
		return false;
	if (way->unit && piece->from % way->unit)
		return false;
	return piece->last || piece->to - piece->from == way->unit;
}

/* Adds the piece to what is covered, grown together with its neighbours; false: too many holes. */
static __always_inline bool fragment_cover(struct sek_frag *way, const struct frag_piece *piece)
{
	__u16 from = piece->from, to = piece->to;

	for (__u32 i = 0; i < SEK_FRAG_RANGES; i++) {
		__u16 *range = way->range[i];

		if (!range[1] || (range[1] != from && range[0] != to))
			continue;
		if (range[1] == from)
			from = range[0];
		else
			to = range[1];
		range[0] = 0;
		range[1] = 0;
	}
	for (__u32 i = 0; i < SEK_FRAG_RANGES; i++) {
		__u16 *range = way->range[i];

		if (range[1])
			continue;
		range[0] = from;
		range[1] = to;
		if (piece->last)
			way->end = piece->to;
		else if (!way->unit)
			way->unit = piece->to - piece->from;
		return true;
	}
	return false;
}

static __always_inline enum frag_answer fragment_poison(struct sek_frag *way, enum frag_answer answer)
{
	way->verdict = SEK_DROP;
	return answer;
}

/* It is of the first's flow; where that is inspected, it goes there too. */
static __always_inline void fragment_follow(const struct sek_frag *way, struct packet *p)
{
	p->sport = way->sport;
	p->dport = way->dport;
	if (!(way->flags & SEK_FRAG_INSPECT))
		return;
	p->inspect = 1;
	p->number = way->number;
	p->dir = way->dir;
	if (way->flags & SEK_FRAG_REPLY)
		p->flags |= PKT_REPLY;
}

/* A further piece of a datagram that is known. */
static __always_inline enum frag_answer fragment_known(struct sek_frag *way, struct packet *p,
						       const struct frag_piece *piece,
						       struct sek_quota *quota)
{
	if (way->verdict == SEK_DROP)
		return FRAG_DENIED;
	if (fragment_repeats(way, piece))
		return FRAG_TWICE;
	if (fragment_overlaps(way, piece))
		return fragment_poison(way, FRAG_OVERLAPS);
	if (!fragment_cover(way, piece))
		return fragment_poison(way, FRAG_NO_ROOM);
	if (piece->first) {
		way->sport = p->sport;
		way->dport = p->dport;
		p->leads = way->flags & SEK_FRAG_UNSEEN ? LEADS_BLIND : LEADS_KNOWN;
		return FRAG_LEADS;
	}
	if (!way->verdict)
		return FRAG_EARLY;
	fragment_follow(way, p);
	if (fragment_complete(way))
		fragment_free(way, quota);
	return FRAG_PASSES;
}

static __always_inline enum frag_answer fragment_open(struct sek_frag *way, struct packet *p,
						      const struct frag_piece *piece)
{
	way->src = p->src;
	way->dst = p->dst;
	way->id = p->frag_id;
	way->verdict = SEK_NEXT;
	way->reason = SEK_R_none;
	way->dir = 0;
	way->flags = 0;
	way->number = 0;
	way->until_ns = (piece->period + 2) * FRAG_PERIOD_NS;
	way->sport = p->sport;
	way->dport = p->dport;
	way->end = piece->last ? piece->to : 0;
	way->unit = piece->last ? 0 : piece->to - piece->from;
	for (__u32 i = 0; i < SEK_FRAG_RANGES; i++) {
		way->range[i][0] = i ? 0 : piece->from;
		way->range[i][1] = i ? 0 : piece->to;
	}
	if (!piece->first)
		return FRAG_EARLY;
	p->leads = LEADS_KNOWN;
	return FRAG_LEADS;
}

static __always_inline enum frag_answer fragment_note(struct sek_frag_set *set, struct packet *p,
						      const struct frag_piece *piece,
						      struct sek_quota *quota)
{
	__u32 found = SEK_FRAG_WAYS, unused = SEK_FRAG_WAYS;

	for (__u32 i = 0; i < SEK_FRAG_WAYS; i++) {
		if (fragment_is(&set->way[i], p))
			found = i;
		else if (set->way[i].until_ns <= p->now_ns)
			unused = i;
	}
	if (found < SEK_FRAG_WAYS)
		return fragment_known(&set->way[found], p, piece, quota);
	if (unused >= SEK_FRAG_WAYS || !fragment_charge(quota, piece->period, piece->max))
		return FRAG_NO_ROOM;
	return fragment_open(&set->way[unused], p, piece);
}

/* --- the stage --- */

static __always_inline __u64 fragment_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* The datagram's set, among the few that are its source's. The seed is secret: nobody can aim. */
static __always_inline struct sek_frag_set *fragment_set(const struct packet *p)
{
	__u64 source = fragment_mix(fragment_mix(cfg.hash_seed, p->src.q[0]), p->src.q[1]);
	__u64 datagram = fragment_mix(fragment_mix(source, p->dst.q[0]), p->dst.q[1]);
	__u32 index;

	datagram = fragment_mix(datagram, p->frag_id);
	index = (source ^ (datagram & (FRAG_SOURCE_SETS - 1))) & (SEK_FRAG_SETS - 1);
	index += (p->tenant & (SEK_TENANTS_MAX - 1)) * SEK_FRAG_SETS;
	return bpf_map_lookup_elem(&sek_frag, &index);
}

/* Where a piece cannot lie: beyond the largest datagram, nowhere, or not at a unit's end. */
static __always_inline bool fragment_range_bad(const struct packet *p)
{
	__u32 end = p->frag_off * 8 + p->frag_len;
	__u32 head = p->family == 4 ? p->l4 - p->l3 : 0; /* IPv6 does not count its header */

	if (!p->frag_len || end + head > FRAG_BYTES_MAX)
		return true;
	return !(p->flags & PKT_FRAG_LAST) && p->frag_len % 8;
}

static __always_inline enum sek_verdict fragment_answer(struct packet *p, enum frag_answer answer)
{
	switch (answer) {
	case FRAG_LEADS:
		return SEK_NEXT;
	case FRAG_EARLY:
		p->reason = SEK_R_fragment_early;
		return SEK_NEXT;
	case FRAG_PASSES:
		p->reason = SEK_R_fragment;
		return SEK_NEXT;
	case FRAG_DENIED:
		return packet_end(p, SEK_R_frag_denied, SEK_DROP);
	case FRAG_OVERLAPS:
	case FRAG_TWICE:
		return packet_end(p, SEK_R_frag_overlap, SEK_DROP);
	default:
		return packet_end(p, SEK_R_frag_quota, SEK_DROP);
	}
}

__noinline enum sek_verdict fragment_piece(struct packet *p)
{
	struct frag_piece piece = {};
	const struct sek_tenant *tenant;
	struct sek_frag_set *set;
	struct sek_quota *quota;
	enum frag_answer answer;
	__u32 id;

	if (!p)
		return SEK_BUG;
	id = p->tenant;
	tenant = tenant_of(p);
	quota = bpf_map_lookup_elem(&sek_quota, &id);
	set = fragment_set(p);
	if (!tenant || !quota || !set)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (tenant->flags & SEK_TENANT_FRAG_STRICT)
		return packet_end(p, SEK_R_frag_strict, SEK_DROP);
	if (fragment_range_bad(p))
		return packet_end(p, SEK_R_frag_range, SEK_DROP);
	piece.period = p->now_ns / FRAG_PERIOD_NS;
	piece.max = tenant->fragments_max;
	piece.from = p->frag_off;
	piece.to = p->frag_off + (p->frag_len + 7) / 8;
	piece.first = p->flags & PKT_FRAG_FIRST;
	piece.last = p->flags & PKT_FRAG_LAST;
	bpf_spin_lock(&set->lock);
	answer = fragment_note(set, p, &piece, quota);
	bpf_spin_unlock(&set->lock);
	if (answer == FRAG_EARLY && tenant->flags & SEK_TENANT_INSPECTS)
		p->inspect =
			1; /* a worker has to see it before the first, which may be to be inspected */
	return fragment_answer(p, answer);
}

static __always_inline enum sek_verdict stage_fragment(struct frame_ctx *ctx, struct packet *p)
{
	return p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER) ? fragment_piece(p) : SEK_NEXT;
}

/* What became of the first piece is what becomes of the others. */
static __always_inline void fragment_judge(struct sek_frag *way, const struct packet *p,
					   enum sek_verdict verdict)
{
	bool passes = verdict == SEK_FORWARD || verdict == SEK_STACK || verdict == SEK_TO_WORKER;

	way->verdict = passes ? SEK_FORWARD : SEK_DROP;
	way->reason = p->reason;
	if (!p->inspect || !p->number)
		return;
	way->number = p->number;
	way->dir = p->dir;
	way->flags = SEK_FRAG_INSPECT | (p->flags & PKT_REPLY ? SEK_FRAG_REPLY : 0);
}

/* Of a first piece; of one before it, that it passed unseen. */
__noinline int fragment_judged(struct packet *p, enum sek_verdict verdict)
{
	struct sek_frag_set *set;
	struct sek_quota *quota;
	__u32 id;

	if (!p)
		return -EINVAL;
	id = p->tenant;
	quota = bpf_map_lookup_elem(&sek_quota, &id);
	set = fragment_set(p);
	if (!quota || !set)
		return -ENOENT;
	bpf_spin_lock(&set->lock);
	for (__u32 i = 0; i < SEK_FRAG_WAYS; i++) {
		struct sek_frag *way = &set->way[i];

		if (!fragment_is(way, p) || way->verdict)
			continue;
		if (!p->leads) {
			way->flags |= SEK_FRAG_UNSEEN;
			continue;
		}
		fragment_judge(way, p, verdict);
		if (fragment_complete(way))
			fragment_free(way, quota);
	}
	bpf_spin_unlock(&set->lock);
	return 0;
}

/* Called with every packet's verdict, before it is carried out. */
static __always_inline void fragment_settle(struct packet *p, enum sek_verdict verdict)
{
	bool unseen = p->inspect && p->flags & PKT_FRAG_LATER && !p->number &&
		      (verdict == SEK_FORWARD || verdict == SEK_STACK);

	if (p->leads || unseen)
		fragment_judged(p, verdict);
}

#endif
