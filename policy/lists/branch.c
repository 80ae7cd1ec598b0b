// SPDX-License-Identifier: Apache-2.0
/*
 * A trie of octets below each IPv6 /32: a branch has an entry for every octet below which something
 * else holds than the branch says, an entry leads past all octets that are alike. Few prefixes below one
 * octet are a chain of entries, which stand together, and no branch: a look-up waits for each line of memory
 * that it comes to for the first time.
 * Called by table.c. Pure, linear; twelve calls deep at most.
 */
#include "lists/branch.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define OCTETS 256

typedef unsigned __int128 address;

/* A part of the address space, what holds at its beginning, and the steps behind that beginning. */
struct span {
	address first;
	unsigned int len; /* of the prefix that it is */
	uint32_t before;
	const struct list_step *from, *to;
};

struct entry {
	address first;
	unsigned int len;
	uint32_t cell, out; /* inside, outside */
	uint32_t beyond; /* the set outside of all entries that it leads to outside */
};

/* Ranges that are not yet told: each begins at its address, the last ends with the span. */
struct pieces {
	struct {
		address first;
		uint32_t set;
	} piece[2 * SEK_LIST_CHAIN + 1];
	unsigned int cnt;
	address last;
};

static address step_at(const struct list_step *step)
{
	return (address)step->hi << 64 | step->lo;
}

static address span_last(const struct span *span)
{
	return span->first | (((address)1 << (128 - span->len)) - 1);
}

static uint32_t span_after(const struct span *span)
{
	return span->from < span->to ? span->to[-1].set : span->before;
}

/* Leading bits that two addresses share. */
static unsigned int bits_shared(address a, address b)
{
	address differ = a ^ b;

	if (differ >> 64)
		return (unsigned int)__builtin_clzll((uint64_t)(differ >> 64));
	return differ ? 64 + (unsigned int)__builtin_clzll((uint64_t)differ) : 128;
}

/* Whether [first, last] is a prefix; ret_entry is filled then. */
static bool range_entry(address first, address last, uint32_t set, uint32_t out,
			struct entry *ret_entry)
{
	unsigned int len = bits_shared(first, last);
	address rest = len < 128 ? ((address)1 << (128 - len)) - 1 : 0;

	if ((first & rest) || (last & rest) != rest)
		return false;
	*ret_entry = (struct entry){ first, len, set, out, out };
	return true;
}

/* The smallest part, of whole octets, outside of which one set holds. */
static struct span span_inner(const struct span *span)
{
	address first = step_at(span->from), last = step_at(span->to - 1) - 1;
	unsigned int len = bits_shared(first, last) & ~7U;
	struct span inner = *span;

	if (span->before != span_after(span))
		return inner;
	inner.len = len < 120 ? len : 120;
	inner.first = first & ~(((address)1 << (128 - inner.len)) - 1);
	if (inner.first == first) {
		inner.before = inner.from->set;
		inner.from++;
	}
	if (step_at(inner.to - 1) > span_last(&inner))
		inner.to--;
	return inner;
}

/* A pair for a long entry outside of which another set holds than the branch says. */
static int pair_add(struct regions *regions, const struct entry *entry, uint32_t *ret_cell)
{
	size_t number = regions->value.cnt / 2;
	uint32_t *pair = region_add(&regions->value, 2);

	if (!pair)
		return -ENOMEM;
	if (number > SEK_LIST_INDEX)
		return -E2BIG;
	pair[0] = entry->cell;
	pair[1] = entry->out;
	*ret_cell = SEK_LIST_PAIR | (uint32_t)number;
	return 0;
}

static int entries_store(struct regions *regions, const struct entry *entries, unsigned int cnt,
			 uint32_t dflt)
{
	uint64_t *to = region_add(&regions->entry, cnt);

	if (!to)
		return -ENOMEM;
	for (const struct entry *entry = entries; entry < entries + cnt; entry++) {
		uint32_t cell = entry->cell, rest = entry->out;
		int err = 0;

		if (entry->len > 96) {
			rest = (uint32_t)entry->first;
			if (entry->out != dflt)
				err = pair_add(regions, entry, &cell);
		}
		if (err)
			return err;
		*to++ = (uint64_t)(entry->first >> 32);
		*to++ = (uint64_t)rest << 32 | (uint64_t)cell << 8 | (entry->len - 32);
	}
	return 0;
}

/* --- chains --- */

static bool pieces_of(const struct span *span, struct pieces *ret_pieces)
{
	if (span->to - span->from > 2 * SEK_LIST_CHAIN)
		return false;
	ret_pieces->piece[0].first = span->first;
	ret_pieces->piece[0].set = span->before;
	ret_pieces->cnt = 1;
	ret_pieces->last = span_last(span);
	for (const struct list_step *step = span->from; step < span->to; step++) {
		ret_pieces->piece[ret_pieces->cnt].first = step_at(step);
		ret_pieces->piece[ret_pieces->cnt++].set = step->set;
	}
	return true;
}

/* Whether a piece is a prefix; of one in the middle: and the same holds on both sides of it. */
static bool piece_entry(const struct pieces *pieces, unsigned int i, struct entry *ret_entry)
{
	unsigned int end = pieces->cnt - 1;
	address last = i < end ? pieces->piece[i + 1].first - 1 : pieces->last;

	if (i > 0 && i < end && pieces->piece[i - 1].set != pieces->piece[i + 1].set)
		return false;
	return range_entry(pieces->piece[i].first, last, pieces->piece[i].set, 0, ret_entry);
}

/* Takes it out: its neighbours fill its place. */
static void piece_drop(struct pieces *pieces, unsigned int i)
{
	unsigned int gone = i > 0 && i < pieces->cnt - 1 ? 2 : 1;
	address first = pieces->piece[i].first;

	pieces->cnt -= gone;
	memmove(&pieces->piece[i], &pieces->piece[i + gone],
		(pieces->cnt - i) * sizeof(pieces->piece[0]));
	if (!i)
		pieces->piece[0].first = first;
}

/* The shortest prefix among some pieces; what is longer than /96 needs more room. false: none is one. */
static bool piece_best(const struct pieces *pieces, unsigned int from, unsigned int to,
		       unsigned int *ret_best, struct entry *ret_entry)
{
	struct entry entry;
	bool found = false;

	for (unsigned int i = from; i < to; i++) {
		if (!piece_entry(pieces, i, &entry) || (found && entry.len >= ret_entry->len))
			continue;
		*ret_entry = entry;
		*ret_best = i;
		found = true;
	}
	return found;
}

/* Tells one piece: one in the middle is a prefix of the lists', one at an end maybe what they leave. */
static bool piece_tell(struct pieces *pieces, struct entry *ret_entry)
{
	unsigned int best;

	if (!piece_best(pieces, 1, pieces->cnt - 1, &best, ret_entry) &&
	    !piece_best(pieces, 0, 1, &best, ret_entry) &&
	    !piece_best(pieces, pieces->cnt - 1, pieces->cnt, &best, ret_entry))
		return false;
	piece_drop(pieces, best);
	return true;
}

/* The span as entries of which the first that holds an address tells its set; 0: too many. */
static unsigned int chain_find(const struct span *span, struct entry chain[SEK_LIST_CHAIN])
{
	struct pieces pieces;
	unsigned int cnt = 0;

	if (!pieces_of(span, &pieces))
		return 0;
	while (pieces.cnt > 1) {
		if (cnt == SEK_LIST_CHAIN || !piece_tell(&pieces, &chain[cnt]))
			return 0;
		cnt++;
	}
	for (unsigned int i = 0; i < cnt; i++)
		chain[i].beyond = chain[i].out = pieces.piece[0].set;
	return cnt;
}

/* Stores all of a chain but its first entry, which is the caller's. */
static int chain_store(struct regions *regions, uint32_t dflt, struct entry *chain, unsigned int cnt)
{
	for (unsigned int i = 0; i + 1 < cnt; i++)
		chain[i].out = SEK_LIST_ENTRY | ((uint32_t)regions->entry.cnt + i);
	return cnt > 1 ? entries_store(regions, chain + 1, cnt - 1, dflt) : 0;
}

/* --- branches --- */

static int branch_add(struct regions *regions, const struct span *span, uint32_t *ret_cell);

/* The entry for a span in which the set changes, with all that is below it. dflt: the branch's it is for. */
static int entry_make(struct regions *regions, const struct span *span, uint32_t dflt,
		      struct entry *ret_entry)
{
	struct entry chain[SEK_LIST_CHAIN];
	unsigned int cnt = chain_find(span, chain);
	struct span inner;

	if (cnt && regions->entry.cnt + cnt <= SEK_LIST_INDEX) {
		int err = chain_store(regions, dflt, chain, cnt);

		*ret_entry = chain[0];
		return err;
	}
	inner = span_inner(span);
	*ret_entry = (struct entry){
		.first = inner.first, .len = inner.len, .out = span->before, .beyond = span->before
	};
	return branch_add(regions, &inner, &ret_entry->cell);
}

/* The set that holds below most octets as a whole, or one that does (Boyer and Moore's vote). */
static uint32_t span_vote(const struct span *span)
{
	unsigned int shift = 120 - span->len;
	address at = 0, almost = ((address)1 << shift) - 1;
	uint32_t set = span->before, leader = set;
	uint64_t votes = 0;

	for (const struct list_step *step = span->from; step <= span->to; step++) {
		address end = (step < span->to ? step_at(step) : span_last(span) + 1) - span->first;
		uint64_t begin = (uint64_t)((at + almost) >> shift),
			 behind = (uint64_t)(end >> shift);
		uint64_t whole = behind > begin ? behind - begin : 0;

		if (leader == set) {
			votes += whole;
		} else if (whole > votes) {
			leader = set;
			votes = whole - votes;
		} else {
			votes -= whole;
		}
		at = end;
		if (step < span->to)
			set = step->set;
	}
	return leader;
}

/* The entries of a branch, and in its line from which octets on they are asked, and whether at all. */
static int branch_entries(struct regions *regions, const struct span *span, uint32_t dflt,
			  struct sek_list_line *line, struct entry entries[OCTETS],
			  unsigned int *ret_cnt)
{
	struct span part = { .len = span->len + 8, .before = span->before, .to = span->from };
	unsigned int cnt = 0, shift = 120 - span->len;
	uint32_t goes_on = dflt; /* what the last entry says of octets behind its own */
	int err = 0;

	for (unsigned int octet = 0; octet < OCTETS && !err; octet++) {
		part.from = part.to;
		if (part.before == dflt && goes_on == dflt) {
			if (part.from == span->to)
				break;
			octet = (unsigned int)((step_at(part.from) - span->first) >> shift);
		}
		part.first = span->first + ((address)octet << shift);
		if (part.from < span->to && step_at(part.from) == part.first)
			part.before = part.from++->set;
		part.to = part.from;
		while (part.to < span->to && step_at(part.to) <= span_last(&part))
			part.to++;
		if (part.from < part.to || part.before != dflt)
			line->q[6 + octet / 128] |= 1ULL << (octet / 2 % 64);
		if (part.from < part.to)
			err = entry_make(regions, &part, dflt, &entries[cnt]);
		else if (part.before != goes_on)
			entries[cnt] = (struct entry){ 0, 33, part.before, part.before, part.before };
		else
			continue;
		line->q[octet / 64] |= 1ULL << (octet % 64);
		goes_on = entries[cnt++].beyond;
		part.before = span_after(&part);
	}
	*ret_cnt = cnt;
	return err;
}

static int branch_add(struct regions *regions, const struct span *span, uint32_t *ret_cell)
{
	struct entry entries[OCTETS];
	struct sek_list_line line = {}, *to;
	uint32_t dflt = span_vote(span), rank = 0;
	unsigned int cnt;
	int err = branch_entries(regions, span, dflt, &line, entries, &cnt);

	if (err)
		return err;
	if (regions->branch.cnt > SEK_LIST_INDEX || regions->entry.cnt > UINT32_MAX - OCTETS)
		return -E2BIG;
	line.q[4] = regions->entry.cnt;
	for (int word = 0; word < 4; word++) {
		line.q[4] |= (uint64_t)rank << (32 + 8 * word);
		rank += (uint32_t)__builtin_popcountll(line.q[word]);
	}
	line.q[5] = (uint64_t)dflt << 32 | (span->len - 32) / 8;
	err = entries_store(regions, entries, cnt, dflt);
	if (err)
		return err;
	*ret_cell = SEK_LIST_BRANCH | (uint32_t)regions->branch.cnt;
	to = region_add(&regions->branch, 1);
	if (!to)
		return -ENOMEM;
	*to = line;
	return 0;
}

int branch_make(struct regions *regions, uint32_t top, const struct list_step *from,
		const struct list_step *to, uint32_t before, uint32_t *ret_cell)
{
	struct span span = { (address)top << 96, 32, before, from, to };
	struct entry entry;
	int err = entry_make(regions, &span, 0, &entry);

	if (err)
		return err;
	/* A branch for the first octet needs no entry before it. */
	if (entry.len == 32) {
		*ret_cell = entry.cell;
		return 0;
	}
	if (regions->entry.cnt > SEK_LIST_INDEX)
		return -E2BIG;
	*ret_cell = SEK_LIST_ENTRY | (uint32_t)regions->entry.cnt;
	return entries_store(regions, &entry, 1, 0);
}
