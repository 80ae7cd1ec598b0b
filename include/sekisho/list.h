/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Address lists as the kernel sees them: a table of 64-byte lines for each family, which holds all
 * lists, is built whole and never changed, and a small overlay for what changed since.
 *
 * sek_list[0..] are chunks of lines; line n is line n % SEK_LIST_CHUNK of chunk n / SEK_LIST_CHUNK.
 * sek_list_head is mapped by the agent: two heads, which say where tables and their regions begin, and
 * which of them is live. A packet reads that once, so it sees all of one build and nothing of another;
 * one store puts a build in force. While a policy is made live, the packets of its generation ask another
 * head than those of the generation before: numbers of lists are a policy's own. Chunks that no head
 * names are free.
 *
 * What nearly every address asks is in the head, where it is found without asking a map for a chunk: the
 * slots of IPv6, the directory of IPv4, and the first sets of both.
 *
 * A look-up has 32 bits to begin with: the IPv4 address, or the first 32 of an IPv6 address. Those of
 * IPv6 have one place where they can be:
 *   turn   u16, chosen by a key's hash: what is alike for a few keys, and made so that no two keys meet.
 *   slot   u64, chosen by hash and turn: key 32 | cell with SEK_LIST_PRESENT 32. Another key: not there.
 * Whatever is not there, and all of IPv4, is as the directory says. An IPv6 table has one only when it
 * holds short prefixes, or more /32s than slots.
 *   dir    one struct sek_list_group for 64 /24s, 4 a line. Bit clear: dflt is the cell. Bit set:
 *          node[rank + set bits below].
 *   node   one /24, 8 a line: in 24 | out 24 | lo 8 | span 8. Last octet in [lo, lo + span]: in,
 *          else out. lo = span = 255: more than one range inside, the low 48 bits are a leaf.
 *   leaf   one line: 256 bits "the cell changes here", value base, ranks, the first 6 cells.
 *   value  cells of leaves beyond their sixth, u32, 16 a line.
 * A cell is a kind and a number. SEK_LIST_SET: a set, the end of the way for IPv4. An IPv6 /32 that
 * is not all alike has one of two others, asked with the 96 bits that are left:
 *   entry  one prefix: {u64 bits 32-95, x 32 | cell 24 | length less 32 8}, 4 a line. An address
 *          inside goes on with the cell. x of a prefix up to /96 is the cell of an address outside; of
 *          a longer one it is bits 96-127, and an address outside has the set of the branch that it
 *          came from (none: 0), or the cell is a pair. An address outside may go on with another entry:
 *          SEK_LIST_CHAIN of them at most, of which the first that it is inside of tells its set.
 *   pair   two values: the cells of an address inside and outside.
 *   branch one line, one octet of the address: 256 bits "another entry from here on", base of its
 *          entries, ranks, {u32 which octet of the 12, u32 the set dflt}, 128 bits "not all dflt" for
 *          two octets each. Octets that are alike for all below are left out between an entry and its
 *          branch.
 * A set number leads to the lists that hold the address, one bit each. Set 0 is empty, sets 1 to 63 are
 * lists 0 to 62 alone: most prefixes are in one list, so that few lines hold what is asked for. Sets from
 * SEK_LIST_SETS on, which few sites have, are not in the head:
 *   mask   u64, 8 a line.
 */
#ifndef SEKISHO_LIST_H
#define SEKISHO_LIST_H

#include <stdbool.h>

#include "sekisho/base.h"
#include "sekisho/limits.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define SEK_LIST_VERSION 4

/* An entry of a directory. */
struct sek_list_group {
	__u64 any;
	__u32 rank, dflt;
};
SEK_LAYOUT(struct sek_list_group, 16);

#define SEK_LIST_GROUPS (1U << 18) /* of a directory */

struct sek_list_line {
	union {
		__u64 q[8];
		__u32 w[16];
		struct sek_list_group group[4];
	};
};
SEK_LAYOUT(struct sek_list_line, 64);

#define SEK_LIST_CHUNK 32768 /* lines of a chunk: 2 MiB */
#define SEK_LIST_CHUNKS 1024 /* both tables, twice: while new ones are made */

/* One family's table. Regions are numbers of lines in sek_list. */
struct sek_list_family {
	__u16 chunk, chunk_cnt; /* which chunks are its own */
	__u32 dir;              /* of IPv6; 0: none, as if it said set 0 for all. IPv4: always 0 */
	__u32 node, leaf, value, entry, branch, mask;
	__u32 seed;
	__u32 turn_shift, slot_shift; /* what of a product counts; 64 less the bits. 0: no slots */
	__u32 pad;
};
SEK_LAYOUT(struct sek_list_family, 48);

/* The IPv6 /32s that stand alone or few in a row. */
#define SEK_LIST_SLOT_BITS 17 /* at most */
#define SEK_LIST_SLOTS (1U << SEK_LIST_SLOT_BITS)
#define SEK_LIST_TURN_LESS 2 /* bits by which turns are fewer than slots */
#define SEK_LIST_TURNS (SEK_LIST_SLOTS >> SEK_LIST_TURN_LESS)
struct sek_list_top {
	__u64 slot[SEK_LIST_SLOTS];
	__u16 turn[SEK_LIST_TURNS];
};
SEK_LAYOUT(struct sek_list_top, 8 * SEK_LIST_SLOTS + 2 * SEK_LIST_TURNS);

#define SEK_LIST_SETS 65536  /* of each family, in the head */
#define SEK_LIST_MARKS 65536 /* bits of each family */

struct sek_list_head {
	__u32 build;     /* counts heads */
	__u32 over_cnt;  /* entries of the overlay; 0: not asked. Changed in place */
	__u32 over_wide; /* 1: holds a prefix that the marks cannot tell of; always asked */
	__u32 pad[5];
	struct sek_list_family family[2];           /* IPv4, IPv6 */
	__u64 mark[2 * SEK_LIST_MARKS / 64];        /* a bit set: worth asking the overlay */
	__u64 set[2][SEK_LIST_SETS];                /* lists, of the first sets of each family */
	struct sek_list_top top;                    /* of IPv6 */
	struct sek_list_group dir[SEK_LIST_GROUPS]; /* of IPv4 */
};
SEK_LAYOUT(struct sek_list_head, 128 + 16384 + 1048576 + 1114112 + 4194304);

/* sek_list_head[0] */
struct sek_list_heads {
	__u32 version; /* SEK_LIST_VERSION; 0: no list was ever loaded */
	__u32 live;    /* see list_live() */
	__u32 pad[14];
	/* User space only: a bit set, a chunk that is in sek_list. Asking the map may take a grace period. */
	__u64 filled[SEK_LIST_CHUNKS / 64];
	struct sek_list_head head[2];
};
SEK_LAYOUT(struct sek_list_heads, 64 + 128 + 2 * 6373504);

#define SEK_LIST_PRESENT 0x1000000U
#define SEK_LIST_CELL 0xffffffU
#define SEK_LIST_KIND 0xc00000U /* of a cell; the rest is SEK_LIST_INDEX */
#define SEK_LIST_SET 0U
#define SEK_LIST_ENTRY 0x400000U
#define SEK_LIST_BRANCH 0x800000U
#define SEK_LIST_PAIR 0xc00000U
#define SEK_LIST_INDEX 0x3fffffU            /* largest number of a cell */
#define SEK_LIST_LEAF 0xffff000000000000ULL /* lo and span of a node that names a leaf */
#define SEK_LIST_CHAIN 4                    /* entries of a chain */
#define SEK_LIST_INLINE 6                   /* cells inside a leaf */
#define SEK_LIST_ALONE 64 /* sets below are of one list or none: (1 << set) >> 1 */

/*
 * sek_list_over[number of the head], longest prefix. An address that matches is in the lists
 * (table & ~care) | value, where table is what the table says.
 */
struct sek_list_over_key {
	__u32 prefixlen; /* family's 32 bits, then those of addr */
	__u32 family;    /* 4 or 6: an IPv6 prefix such as ::/0 holds no IPv4 address */
	struct sek_addr addr;
};
SEK_LAYOUT(struct sek_list_over_key, 24);
#define SEK_LIST_OVER_HEAD 32
#define SEK_LIST_OVER_MAX 8192

struct sek_list_over {
	__u64 care;
	__u64 value;
};
SEK_LAYOUT(struct sek_list_over, 16);

/*
 * The number of the head that packets of a policy slot ask. Bit 0 of live is the number for both slots,
 * unless bit 1 (slot 0) or bit 2 (slot 1) says that this one asks the other head.
 */
static __always_inline __u32 list_live(__u32 live, __u32 slot)
{
	return (live ^ (live >> (1 + (slot & 1)))) & 1;
}

/* No two keys have the same lower half. */
static __always_inline __u64 list_hash(const struct sek_list_family *family, __u32 key)
{
	return (key ^ family->seed) * 0x9e3779b97f4a7c15ULL;
}

/* Which turn is that of a key's hash, */
static __always_inline __u32 list_turn(const struct sek_list_family *family, __u64 hash)
{
	return (hash >> (family->turn_shift & 63)) & (SEK_LIST_TURNS - 1);
}

/* and which slot, then: each turn is another factor (Dietzfelbinger's multiply and shift). */
static __always_inline __u32 list_slot(const struct sek_list_family *family, __u64 hash, __u16 turn)
{
	__u64 factor = turn * 0xc2b2ae3d27d4eb4fULL | 1;

	return ((__u32)hash * factor >> (family->slot_shift & 63)) & (SEK_LIST_SLOTS - 1);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "addresses are turned by bswap");

/*
 * The mark of an address: its /16, or its IPv6 /32 hashed to 16 bits. Prefixes shorter than that
 * set over_wide instead.
 */
static __always_inline __u32 list_mark(const struct sek_addr *addr, bool v4)
{
	if (v4)
		return __builtin_bswap32(addr->w[3]) >> 16;
	return SEK_LIST_MARKS + ((__builtin_bswap32(addr->w[0]) * 0x9e3779b1U) >> 16);
}

#endif
