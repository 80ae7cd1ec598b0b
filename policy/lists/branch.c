// SPDX-License-Identifier: Apache-2.0
/*
 * A trie of octets below each IPv6 /32: a branch has an entry for every octet below which something
 * else holds than the branch says, an entry leads past all octets that are alike.
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
	*ret_entry = (struct entry){ first, len, set, out };
	return true;
}

/* Whether one set holds in one prefix of the span, and one outside of it. */
static bool span_entry(const struct span *span, struct entry *ret_entry)
{
	address last = span_last(span);
	uint32_t before = span->before;

	switch (span->to - span->from) {
	case 1:
		return range_entry(step_at(span->from), last, span->from->set, before, ret_entry) ||
		       range_entry(span->first, step_at(span->from) - 1, before, span->from->set,
				   ret_entry);
	case 2:
		return span->to[-1].set == before &&
		       range_entry(step_at(span->from), step_at(span->to - 1) - 1, span->from->set,
				   before, ret_entry);
	}
	return false;
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

static int branch_add(struct regions *regions, const struct span *span, uint32_t *ret_cell);

/* The entry for a span in which the set changes, with all that is below it. */
static int entry_make(struct regions *regions, const struct span *span, struct entry *ret_entry)
{
	struct span inner;

	if (span_entry(span, ret_entry))
		return 0;
	inner = span_inner(span);
	ret_entry->first = inner.first;
	ret_entry->len = inner.len;
	ret_entry->out = span->before;
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
			err = entry_make(regions, &part, &entries[cnt]);
		else if (part.before != goes_on)
			entries[cnt] = (struct entry){ 0, 33, part.before, part.before };
		else
			continue;
		line->q[octet / 64] |= 1ULL << (octet % 64);
		goes_on = entries[cnt++].out;
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
	int err = entry_make(regions, &span, &entry);

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
