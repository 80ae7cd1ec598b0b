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
 * A look-up has 32 bits to begin with: the IPv4 address, or the first 32 of an IPv6 address. Those of
 * IPv6 are looked for in
 *   bucket one line: 8 u32 keys, then their 8 u32 cells with SEK_LIST_PRESENT, filled from the
 *          beginning. A full bucket goes on in the next one, at most SEK_LIST_PROBES - 1 times.
 * Whatever is not there, and all of IPv4, is as the directory says. That of IPv4 is in the head, where it
 * is found without asking a map for a chunk; an IPv6 table has one only when it holds short prefixes.
 *   dir    one struct sek_list_group for 64 /24s, 4 a line. Bit clear: dflt is the cell. Bit set:
 *          node[rank + set bits below].
 *   node   one /24, 8 a line: in 24 | out 24 | lo 8 | span 8. Last octet in [lo, lo + span]: in,
 *          else out. lo = span = 255: more than one range inside, the low 48 bits are a leaf.
 *   leaf   one line: 256 bits "the cell changes here", value base, ranks, the first 6 cells.
 *   value  cells of leaves beyond their sixth, u32, 16 a line.
 * A cell is a kind and a number. SEK_LIST_SET: a set, the end of the way for IPv4. An IPv6 /32 that
 * is not all alike has one of two others, asked with the 96 bits that are left:
 *   entry  one prefix: {u64 bits 32-95, x 32 | cell 24 | length less 32 8}, 4 a line. An address
 *          inside goes on with the cell. x of a prefix up to /96 is the set of an address outside; of
 *          a longer one it is bits 96-127, and an address outside has the set of the branch that it
 *          came from (none: 0), or the cell is a pair.
 *   pair   two values: the cell of an address inside, the set of one outside.
 *   branch one line, one octet of the address: 256 bits "another entry from here on", base of its
 *          entries, ranks, {u32 which octet of the 12, u32 the set dflt}, 128 bits "not all dflt" for
 *          two octets each. Octets that are alike for all below are left out between an entry and its
 *          branch.
 * A set number leads to the lists that hold the address, one bit each. Set 0 is empty, sets 1 to 63 are
 * lists 0 to 62 alone, and nothing is read for them: most prefixes are in one list. The others have a
 *   mask   u64, 8 a line, by number.
 */
#ifndef SEKISHO_LIST_H
#define SEKISHO_LIST_H

#include <stdbool.h>

#include "sekisho/base.h"
#include "sekisho/limits.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define SEK_LIST_VERSION 3

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
	__u32 bucket, bucket_cnt, seed;
	__u32 pad;
};
SEK_LAYOUT(struct sek_list_family, 48);

#define SEK_LIST_MARKS 65536 /* bits of each family */

struct sek_list_head {
	__u32 build;     /* counts heads */
	__u32 over_cnt;  /* entries of the overlay; 0: not asked. Changed in place */
	__u32 over_wide; /* 1: holds a prefix that the marks cannot tell of; always asked */
	__u32 pad[5];
	struct sek_list_family family[2];           /* IPv4, IPv6 */
	__u64 mark[2 * SEK_LIST_MARKS / 64];        /* a bit set: worth asking the overlay */
	struct sek_list_group dir[SEK_LIST_GROUPS]; /* of IPv4 */
};
SEK_LAYOUT(struct sek_list_head, 128 + 16384 + 4194304);

/* sek_list_head[0] */
struct sek_list_heads {
	__u32 version; /* SEK_LIST_VERSION; 0: no list was ever loaded */
	__u32 live;    /* see list_live() */
	__u32 pad[14];
	/* User space only: a bit set, a chunk that is in sek_list. Asking the map may take a grace period. */
	__u64 filled[SEK_LIST_CHUNKS / 64];
	struct sek_list_head head[2];
};
SEK_LAYOUT(struct sek_list_heads, 64 + 128 + 2 * 4210816);

#define SEK_LIST_PROBES 8
#define SEK_LIST_PRESENT 0x1000000U
#define SEK_LIST_CELL 0xffffffU
#define SEK_LIST_KIND 0xc00000U /* of a cell; the rest is SEK_LIST_INDEX */
#define SEK_LIST_SET 0U
#define SEK_LIST_ENTRY 0x400000U
#define SEK_LIST_BRANCH 0x800000U
#define SEK_LIST_PAIR 0xc00000U
#define SEK_LIST_INDEX 0x3fffffU            /* largest number of a cell */
#define SEK_LIST_LEAF 0xffff000000000000ULL /* lo and span of a node that names a leaf */
#define SEK_LIST_INLINE 6                   /* cells inside a leaf */
#define SEK_LIST_ALONE 64                   /* sets below are of one list: (1 << set) >> 1 */

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

/* Which bucket a key is looked for in first. */
static __always_inline __u32 list_bucket(const struct sek_list_family *family, __u32 key)
{
	__u64 hash = (key ^ family->seed) * 0x9e3779b97f4a7c15ULL;

	return ((hash >> 32) * family->bucket_cnt) >> 32;
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
