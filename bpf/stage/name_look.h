/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Looks a name up by all its suffixes, a URL by the prefixes of its path as well, and weighs what lists
 * and overlay say of each. Called by the stages of names. The only reader of the maps of one build.
 * Every loop of words is a function of its own, whose turns look alike to the verifier: an unlisted name
 * costs one load for each suffix, in the bloom.
 */
#ifndef BPF_STAGE_NAME_LOOK_H
#define BPF_STAGE_NAME_LOOK_H

#include "core/namemaps.h"
#include "parse/words.h"
#include "sekisho/list.h"
#include "sekisho/nameweigh.h"

#define NAME_TURNS 48 /* words of a host name, and dots beyond one a word; ip6.arpa fits */
#define NAME_PATH_TURNS 80

/* One look-up: who asks, where, and what was found. */
struct name_look {
	struct sek_name_phase phase;
	__u64 tenant; /* its bit */
	__u32 head; /* 0, 1 */
	__u32 bloom_mask, line_cnt, over_cnt;
	__u32 chunk;
	__u16 whole; /* bytes of the name itself, not one above it */
	__u16 query; /* or of a target in front of its query */
	__u16 in_front; /* bytes of the host, in front of a path */
	__u16 len; /* of the suffix, or host and prefix, that decided */
	__u32 pad;
	struct sek_name_said said; /* there; nothing: none decided */
};

static __always_inline const struct sek_name_heads *name_heads(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_name_head, &zero);
}

static __always_inline const struct sek_name_keys *name_keys(__u32 head)
{
	head &= 1;
	return bpf_map_lookup_elem(&sek_name_key, &head);
}

#define NAME_QUARTER_NS (SEK_NAME_QUARTER_S * NSEC_PER_SEC)
#define NAME_WEEK_NS (SEK_NAME_QUARTERS * NAME_QUARTER_NS)
#define NAME_MS_BITS 20 /* a millisecond, nearly, in ns */

/*
 * How many whole quarters of an hour there are in ns of a week. A division takes as long as the whole look-up
 * of a suffix; this product is right or one too small.
 */
static __always_inline __u64 name_quarters(__u64 ns)
{
	__u64 quarters = (ns >> NAME_MS_BITS) * ((1ULL << 63) / NAME_QUARTER_NS) >>
			 (63 - NAME_MS_BITS);

	return quarters + ((NAME_QUARTER_NS - 1 - (ns - quarters * NAME_QUARTER_NS)) >> 63);
}

/* Which phase of the week it is, of a profile. */
static __always_inline const struct sek_name_phase *
name_phase(const struct sek_name_heads *heads, const struct sek_name_profile *profile, __u64 now_ns)
{
	__u64 week_ns = READ_ONCE(heads->week_ns);
	__u64 quarter = (__s64)(now_ns - week_ns) > 0 ? now_ns - week_ns : 0;

	if (quarter >= NAME_WEEK_NS) /* the agent has been dead since the week before */
		quarter %= NAME_WEEK_NS;
	quarter = name_quarters(quarter);
	barrier_var(quarter);
	if (quarter >= SEK_NAME_QUARTERS)
		return NULL;
	return &profile->phase[profile->week[quarter] & (SEK_NAME_PHASES_MAX - 1)];
}

/*
 * Begins a look-up; false: nothing is to be decided in this phase. Where no list was ever loaded the
 * tables are empty, and what only lists allow does not pass.
 */
static __always_inline bool name_look_begin(struct name_look *look, __u32 slot, __u32 tenant,
					    const struct sek_name_profile *profile, __u64 now_ns)
{
	const struct sek_name_heads *heads = name_heads();
	const struct sek_name_phase *phase;
	const struct sek_name_head *head;

	if (!heads)
		return false;
	phase = name_phase(heads, profile, now_ns);
	if (!phase || !(phase->flags & SEK_NAME_LOOKS_ON))
		return false;
	look->phase = *phase;
	look->tenant = 1ULL << (tenant & (SEK_TENANTS_MAX - 1));
	look->head = list_live(READ_ONCE(heads->live), slot);
	head = &heads->head[look->head];
	look->bloom_mask = head->bloom_mask;
	look->line_cnt = head->line_cnt;
	look->over_cnt = READ_ONCE(head->over_cnt);
	look->chunk = head->chunk;
	return true;
}

/* --- one fingerprint --- */

static __always_inline __u32 name_line_find(const struct name_look *look, __u32 n, __u64 print)
{
	__u32 chunk = look->chunk + n / SEK_NAME_CHUNK, at = n % SEK_NAME_CHUNK, set = 0;
	void *lines = bpf_map_lookup_elem(&sek_name_table, &chunk);
	const struct sek_name_line *line = lines ? bpf_map_lookup_elem(lines, &at) : NULL;

	if (!line)
		return 0;
#pragma unroll
	for (int i = 0; i < SEK_NAME_SLOTS; i++)
		set |= name_slot_set(line->slot[i], print);
	return set;
}

/* The set of a fingerprint, NULL: the tables do not have it. */
static __always_inline const struct sek_name_set *name_set_find(const struct name_look *look,
								__u64 print)
{
	__u32 set = name_line_find(look, name_line_first(print, look->line_cnt), print);

	if (!set)
		set = name_line_find(look, name_line_second(print, look->line_cnt), print);
	if (!set || set >= SEK_NAME_SETS_MAX)
		return NULL;
	set += (look->head & 1) * SEK_NAME_SETS_MAX;
	return bpf_map_lookup_elem(&sek_name_set, &set);
}

static __always_inline const struct sek_name_over *name_over_find(const struct name_look *look,
								  __u64 print)
{
	__u32 head = look->head & 1;
	void *map = look->over_cnt ? bpf_map_lookup_elem(&sek_name_over, &head) : NULL;

	return map ? bpf_map_lookup_elem(map, &print) : NULL;
}

/*
 * What is said of a fingerprint that the bloom has let by. A set that is nowhere says nothing: the
 * first one is empty.
 */
static __always_inline void name_say(const struct name_look *look, __u64 print, bool whole,
				     struct sek_name_said *said)
{
	const struct sek_name_set *set = name_set_find(look, print);
	const struct sek_name_over *over = name_over_find(look, print);
	__u32 empty = 0;

	if (!set)
		set = over ? bpf_map_lookup_elem(&sek_name_set, &empty) : NULL;
	if (set)
		name_weigh(set, whole, over, look->tenant, &look->phase, said);
}

/* Weighs what is said of a suffix or prefix of len bytes. */
__noinline int name_meet(struct name_look *look, __u64 print, __u32 len)
{
	struct sek_name_said said = {};

	if (!look)
		return 0;
	name_say(look, print, len == look->whole || len == look->query, &said);
	if (said.opinion == SEK_NAME_NONE || look->in_front + len < look->len)
		return 0;
	look->said = said;
	look->len = look->in_front + len;
	return 0;
}

static __always_inline const struct sek_name_bloom *name_bloom(__u32 head)
{
	head &= 1;
	return bpf_map_lookup_elem(&sek_name_bloom, &head);
}

/* Whether the tables or the overlay may have a fingerprint; its low half is enough. */
static __always_inline bool name_may(const struct sek_name_bloom *bloom, __u32 mask, __u64 print)
{
	__u32 word = name_bloom_word(print, mask) & (SEK_NAME_BLOOM_WORDS - 1);

	return !(name_bloom_bits(print) & ~bloom->word[word]);
}

/* --- suffixes of a host name --- */

/* A word of a host name, the bytes that suffixes begin at, and whether it has bytes that no name has. */
struct name_word {
	__u64 word, starts, odd;
};

/* Marks the bytes below '-': in a question's name, the length bytes. */
static __always_inline __u64 name_word_low(__u64 word)
{
	return ~((word | WORD_HIGH) - WORD_OF(0x2dULL)) & ~word & WORD_HIGH;
}

/* Of a question: at has one byte in front of the word. Length bytes become dots. */
static __always_inline void name_word_dns(const void *at, __u64 mask, struct name_word *w)
{
	__u64 word = word_read(at + 1), low = name_word_low(word) & mask, dots = (low >> 7) * 0xff;

	w->odd = word_has(word & mask, '.');
	w->word = (((word | WORD_SMALL) & ~dots) | (dots & WORD_OF(0x2eULL))) & mask;
	w->starts = name_word_low(word_read(at)) & mask;
}

/* Of text. What is neither letter, digit, '-', '.' nor '_' is odd, small letters taken for all. */
static __always_inline void name_word_text(const void *at, __u64 mask, struct name_word *w)
{
	__u64 word = word_read(at + 1) & mask, small = word | WORD_SMALL;

	w->odd = (word & WORD_HIGH) | (name_word_low(word) & mask) | word_has(word, '/') |
		 ((small + WORD_OF(0x46ULL)) & ~(small + WORD_OF(0x1fULL)) & WORD_HIGH);
	w->word = small & mask;
	w->starts = word_marks(word_read(at), '.') & mask;
}

/* How far a look-up has come in a name or a target. */
struct name_walk {
	struct sek_name_sum sum, next; /* in front of the word, and behind it */
	const struct sek_name_word_key *key; /* of the word */
	__u64 word;
	__u64 marks; /* of suffixes or prefixes that are yet to be looked at */
};

static __always_inline void name_walk_word(struct name_walk *walk,
					   const struct sek_name_word_key *key, __u64 word)
{
	walk->key = key;
	walk->word = word;
	walk->sum = walk->next;
	name_sum_add(&walk->next, key, word);
}

/*
 * From right to left, a turn takes the next word, or looks at one suffix. Answers the fingerprint of the
 * whole; 0: it cannot be read here.
 */
static __always_inline __u64 name_suffixes(struct frame_ctx *ctx, __u64 found,
					   struct name_look *look, const bool dns)
{
	const struct sek_name_keys *keys = name_keys(look->head);
	__u32 len = name_len(found), end = name_off(found) + len, i;
	const struct sek_name_bloom *bloom = name_bloom(look->head);
	__u32 bloom_mask = look->bloom_mask;
	__u32 t = word_hidden_zero(len), labels = t;
	const __u8 *tail = word_at(ctx, end - 1, 1);
	struct name_walk walk = {};
	__u64 last = t;

	if (!keys || !bloom || !len || len > SEK_NAME_BYTES)
		return 0;
	if (!tail || (dns && *tail < '-')) /* no suffix begins behind it, so it would not be counted */
		return 0;
	look->whole = len;
	walk.key = keys->host;
	for (i = 0; i < NAME_TURNS; i++) {
		if (!walk.marks) {
			struct name_word w;
			const void *at;
			__u32 spare;
			__u64 mask;

			if (last)
				break;
			at = word_at(ctx, end - t - 9, 9);
			if (!at)
				return 0;
			spare = word_spare(len - t, &last);
			mask = ~0ULL << 8 * spare;
			if (dns)
				name_word_dns(at, mask, &w);
			else
				name_word_text(at, mask, &w);
			if (w.odd)
				return 0;
			walk.marks = w.starts | (last & 0x80ULL << 8 * spare);
			name_walk_word(&walk, &keys->host[t / 8 & (SEK_NAME_HOST_WORDS - 1)], w.word);
			t = (t + 8) & 0x1f8;
		}
		if (walk.marks) {
			__u64 low = walk.marks & -walk.marks, word = walk.word & -(low >> 7);

			walk.marks &= walk.marks - 1;
			labels++;
			if (name_may(bloom, bloom_mask, name_sum_half(walk.sum, walk.key, word)))
				name_meet(look, name_sum_end(walk.sum, walk.key, word),
					  t - word_first(low));
		}
	}
	if (i == NAME_TURNS || (dns && labels != name_extra(found)))
		return 0;
	return name_sum_end(walk.sum, walk.key, walk.word);
}

__noinline __u64 name_look_dns(struct frame_ctx *ctx, __u64 found, struct name_look *look)
{
	return look ? name_suffixes(ctx, found, look, true) : 0;
}

__noinline __u64 name_look_text(struct frame_ctx *ctx, __u64 found, struct name_look *look)
{
	return look ? name_suffixes(ctx, found, look, false) : 0;
}

/* Whether pages of a host are allowed, of which nothing else is said. host: its fingerprint. */
__noinline int name_look_pages(struct name_look *look, __u64 host)
{
	const struct sek_name_keys *keys = look ? name_keys(look->head) : NULL;
	const struct sek_name_bloom *bloom = look ? name_bloom(look->head) : NULL;
	struct sek_name_said said = {};
	__u64 print;

	if (!look || !keys || !bloom)
		return 0;
	print = name_sum_pages(keys, host);
	if (!name_may(bloom, look->bloom_mask, print))
		return 0;
	name_say(look, print, true, &said);
	if (said.opinion != SEK_NAME_ALLOW)
		return 0;
	look->said = said;
	look->len = look->whole;
	return 0;
}

/* Behind the look-up of a name that comes without a path, of a question or a ClientHello. */
static __always_inline void name_look_alone(struct name_look *look, __u64 host)
{
	if (name_pages_count(&look->phase, &look->said))
		name_look_pages(look, host);
}

/* --- prefixes of a request target --- */

/* The mark of byte n, if it is one of a word. */
static __always_inline __u64 name_mark_at(__u32 n)
{
	return (0x80ULL << 8 * (n & 7)) & (word_differs(n / 8, 0) - 1);
}

/*
 * From left to right: all that end with '/', the whole, and what is in front of the query. host: the
 * fingerprint that name_look_text() gave. Answers 0 when it cannot be read here.
 */
static __always_inline int name_prefixes(struct frame_ctx *ctx, __u64 target, __u64 host,
					 struct name_look *look)
{
	const struct sek_name_keys *keys = name_keys(look->head);
	__u32 off = name_off(target), len = name_len(target), query = name_extra(target) - 1;
	const struct sek_name_bloom *bloom = name_bloom(look->head);
	__u32 bloom_mask = look->bloom_mask;
	__u32 t = word_hidden_zero(len), i;
	struct name_walk walk = {};
	__u64 last = t;

	if (!keys || !bloom || !len || len > SEK_NAME_PATH_BYTES)
		return 0;
	look->in_front = look->whole;
	look->whole = len;
	look->query = query + 1;
	walk.key = keys->path;
	name_sum_add(&walk.next, &keys->site, host);
	for (i = 0; i < NAME_PATH_TURNS; i++) {
		if (!walk.marks) {
			const void *at;
			__u64 word;
			__u32 spare;

			if (last)
				break;
			at = word_at(ctx, off + t, 8);
			if (!at)
				return 0;
			spare = word_spare(len - t, &last);
			word = word_read(at) & ~0ULL >> 8 * spare;
			walk.marks = word_marks(word, '/') | name_mark_at(query - t) |
				     (last & 0x80ULL << 56 >> 8 * spare);
			name_walk_word(&walk, &keys->path[t / 8 & (SEK_NAME_PATH_WORDS - 1)], word);
			t = (t + 8) & 0x3f8;
		}
		if (walk.marks) {
			__u64 low = walk.marks & -walk.marks, word = walk.word & ((low << 1) - 1);

			walk.marks &= walk.marks - 1;
			if (name_may(bloom, bloom_mask, name_sum_half(walk.sum, walk.key, word)))
				name_meet(look, name_sum_end(walk.sum, walk.key, word),
					  t - 7 + word_first(low));
		}
	}
	return i < NAME_PATH_TURNS;
}

__noinline int name_look_path(struct frame_ctx *ctx, __u64 target, __u64 host, struct name_look *look)
{
	return look ? name_prefixes(ctx, target, host, look) : 0;
}

#endif
