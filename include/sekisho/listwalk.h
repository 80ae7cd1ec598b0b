/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk through a list table, written once for both compilers. The includer defines, before,
 *   static __always_inline const struct sek_list_line *list_line(const void *table, __u32 n);
 * NULL where there is no such line. Every loop is bounded, every index masked. What depends on a line that is
 * not in the cache is chosen by masks where both sides are at hand: a branch that the processor foretells
 * wrong costs little by itself, but no load of the next packet begins before the line is there.
 */
#ifndef SEKISHO_LISTWALK_H
#define SEKISHO_LISTWALK_H

#include "sekisho/list.h"

/* An entry, then a branch with an entry for each of 12 octets, the last of which may begin a chain. */
#define SEK_LIST_STEPS (13 + SEK_LIST_CHAIN - 1)

/* Set bits of x, by adding neighbours: neither compiler needs a library for it. */
static __always_inline __u32 list_popcount(__u64 x)
{
	x = x - ((x >> 1) & 0x5555555555555555ULL);
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (x * 0x0101010101010101ULL) >> 56;
}

/* All bits if x is negative, else none. Hidden from clang, which would make a branch of it. */
static __always_inline __u64 list_below_zero(__u64 x)
{
	asm volatile("" : "+r"(x));
	x = (__u64)((__s64)x >> 63);
	asm volatile("" : "+r"(x));
	return x;
}

static __always_inline bool list_is_v4(const struct sek_addr *addr)
{
	return !addr->q[0] && addr->w[2] == __builtin_bswap32(0xffff);
}

/* Set bits of a line's first 256 up to and with this one; their counts by word are in q[4]. */
static __always_inline __u32 list_rank(const struct sek_list_line *line, __u32 octet)
{
	__u32 word = (octet >> 6) & 3;

	return ((line->q[4] >> (32 + 8 * word)) & 0xff) +
	       list_popcount(line->q[word] & (~0ULL >> (63 - (octet & 63))));
}

static __always_inline __u32 list_leaf(const void *table, const struct sek_list_family *family,
				       __u32 leaf, __u32 octet)
{
	const struct sek_list_line *line = list_line(table, family->leaf + leaf);
	__u32 at;

	if (!line)
		return 0;
	at = list_rank(line, octet) - 1;
	if (at < SEK_LIST_INLINE)
		return (line->q[(5 + (at >> 1)) & 7] >> (32 * (at & 1))) & SEK_LIST_CELL;
	at = (__u32)line->q[4] + at - SEK_LIST_INLINE;
	line = list_line(table, family->value + (at >> 4));
	return line ? (line->q[(at >> 1) & 7] >> (32 * (at & 1))) & SEK_LIST_CELL : 0;
}

/* What the slots hold for a key; 0: nothing. */
static __always_inline __u32 list_slotted(const struct sek_list_family *family,
					  const struct sek_list_top *top, __u32 key)
{
	__u64 hash = list_hash(family, key);
	__u64 slot = top->slot[list_slot(family, hash, top->turn[list_turn(family, hash)])];

	return slot >> 32 == key ? (__u32)slot : 0; /* 0 where key 0 is that of an empty slot */
}

/* The cell of a key in the directory, of which this is its group. */
static __always_inline __u32 list_directory(const void *table, const struct sek_list_family *family,
					    const struct sek_list_group *group, __u32 key)
{
	__u32 bit = (key >> 8) & 63, octet = key & 255, node;
	const struct sek_list_line *line;
	__u64 any = group->any, info;

	if (!((any >> bit) & 1))
		return group->dflt & SEK_LIST_CELL;
	node = group->rank + list_popcount(any & ((1ULL << bit) - 1));
	line = list_line(table, family->node + (node >> 3));
	if (!line)
		return 0;
	info = line->q[node & 7];
	if (info >= SEK_LIST_LEAF)
		return list_leaf(table, family, (__u32)info, octet);
	octet -= (info >> 48) & 0xff;
	return (info >> (list_below_zero((info >> 56) - octet) & 24)) & SEK_LIST_CELL;
}

/* Octet n of the last 12 of an IPv6 address: hi is bits 32-95, lo bits 96-127. */
static __always_inline __u32 list_octet(__u64 hi, __u32 lo, __u32 n)
{
	return (n < 8 ? hi >> (56 - 8 * (n & 7)) : lo >> (24 - 8 * (n & 3))) & 0xff;
}

/*
 * Where an entry leads: with the first `len` of the last 96 bits as in q, on to its cell, else to
 * the one outside. dflt is the set of the branch that it belongs to.
 */
static __always_inline __u32 list_entry(const void *table, const struct sek_list_family *family,
					const __u64 q[2], __u64 hi, __u32 lo, __u32 dflt)
{
	__u32 len = q[1] & 0xff, cell = (q[1] >> 8) & SEK_LIST_CELL, x = q[1] >> 32;
	__u64 lengthy = list_below_zero(64 - (__u64)len), differs, outside;
	const struct sek_list_line *line;

	differs = (q[0] ^ hi) >> ((64 - len) & 63 & ~(__u32)lengthy);
	differs |= (__u64)((x ^ lo) >> ((96 - len) & 31)) & lengthy;
	outside = list_below_zero(differs | -differs);
	if ((cell & SEK_LIST_KIND) != SEK_LIST_PAIR)
		return ((cell & ~outside) | (((x & ~lengthy) | (dflt & lengthy)) & outside)) &
		       SEK_LIST_CELL;
	cell &= SEK_LIST_INDEX;
	line = list_line(table, family->value + (cell >> 3));
	return line ? (line->q[cell & 7] >> (outside & 32)) & SEK_LIST_CELL : 0;
}

/*
 * From an entry or a branch on to the next, or to the set: by one octet at a branch, whose set goes to
 * *dflt, and by the entry that stands there.
 */
static __always_inline __u32 list_step(const void *table, const struct sek_list_family *family,
				       __u32 cell, __u64 hi, __u32 lo, __u32 *dflt)
{
	__u32 entry = cell & SEK_LIST_INDEX, octet, rank;
	const struct sek_list_line *line;

	if (cell & SEK_LIST_BRANCH) {
		line = list_line(table, family->branch + entry);
		if (!line)
			return 0;
		*dflt = line->q[5] >> 32;
		octet = list_octet(hi, lo, (__u32)line->q[5]);
		rank = list_rank(line, octet);
		if (!rank || !((line->q[6 + ((octet >> 7) & 1)] >> ((octet >> 1) & 63)) & 1))
			return *dflt;
		entry = (__u32)line->q[4] + rank - 1;
	}
	line = list_line(table, family->entry + (entry >> 2));
	return line ? list_entry(table, family, &line->q[(entry & 3) * 2], hi, lo, *dflt) : 0;
}

/* The set of the last 96 bits of an IPv6 address, from the cell of its first 32 on. */
static __always_inline __u32 list_below(const void *table, const struct sek_list_family *family,
					__u32 cell, const struct sek_addr *addr)
{
	__u64 hi = ((__u64)__builtin_bswap32(addr->w[1]) << 32) | __builtin_bswap32(addr->w[2]);
	__u32 lo = __builtin_bswap32(addr->w[3]), dflt = 0;

	/* The first by itself: for most addresses there is no other, and none of a loop's state is kept. */
	cell = list_step(table, family, cell, hi, lo, &dflt);
	for (int i = 1; i < SEK_LIST_STEPS && (cell & SEK_LIST_KIND); i++)
		cell = list_step(table, family, cell, hi, lo, &dflt);
	return cell;
}

/* The lists of a set of this family, 0 or 1. */
static __always_inline __u64 list_set(const void *table, const struct sek_list_head *head,
				      __u32 family, __u32 set)
{
	const struct sek_list_line *line;

	if (set < SEK_LIST_SETS) {
		/* Else clang, which knows as much, leaves the mask out, and the verifier of 6.1 does not. */
		asm volatile("" : "+r"(set));
		return head->set[family][set & (SEK_LIST_SETS - 1)];
	}
	set -= SEK_LIST_SETS;
	line = list_line(table, head->family[family].mask + (set >> 3));
	return line ? line->q[set & 7] : 0;
}

/* The lists that hold an IPv4 address, one bit each, as the tables know them (without the overlay). */
static __always_inline __u64 list_find4(const void *table, const struct sek_list_head *head,
					const struct sek_addr *addr)
{
	__u32 key = __builtin_bswap32(addr->w[3]);

	return list_set(table, head, 0,
			list_directory(table, &head->family[0], &head->dir[key >> 14], key));
}

/* The cell of an IPv6 address' first 32 bits. */
static __always_inline __u32 list_top(const void *table, const struct sek_list_head *head, __u32 key)
{
	const struct sek_list_family *family = &head->family[1];
	__u32 cell = list_slotted(family, &head->top, key);
	const struct sek_list_line *line;

	if (cell || !family->dir)
		return cell & SEK_LIST_CELL;
	line = list_line(table, family->dir + (key >> 16));
	return line ? list_directory(table, family, &line->group[(key >> 14) & 3], key) : 0;
}

/* The same of an IPv6 address. */
static __always_inline __u64 list_find6(const void *table, const struct sek_list_head *head,
					const struct sek_addr *addr)
{
	__u32 cell = list_top(table, head, __builtin_bswap32(addr->w[0]));

	if (cell & SEK_LIST_KIND)
		cell = list_below(table, &head->family[1], cell, addr);
	return list_set(table, head, 1, cell);
}

/* Whether the overlay may know something of addr. */
static __always_inline bool list_marked(const struct sek_list_head *head,
					const struct sek_addr *addr, bool v4)
{
	__u32 bit;

	if (!head->over_cnt)
		return false;
	if (head->over_wide)
		return true;
	bit = list_mark(addr, v4);
	/* Else clang, which knows the largest mark, leaves the mask out, and the verifier of 6.1 does not. */
	asm volatile("" : "+r"(bit));
	return (head->mark[(bit >> 6) & (2 * SEK_LIST_MARKS / 64 - 1)] >> (bit & 63)) & 1;
}

#endif
