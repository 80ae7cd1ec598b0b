/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is thought of a name at one of its suffixes: the kernel and user space go by the same lines.
 * Who looks a name up weighs each listed suffix from the shortest to the longest, then the prefixes of
 * its path; the last that has an opinion decides.
 */
#ifndef SEKISHO_NAMEWEIGH_H
#define SEKISHO_NAMEWEIGH_H

#include <stdbool.h>

#include "sekisho/name.h"

enum sek_name_opinion {
	SEK_NAME_NONE = 0,
	SEK_NAME_INSPECT = 1,
	SEK_NAME_BLOCK = 2,
	SEK_NAME_ALLOW = 3,
};

struct sek_name_said {
	__u64 lists;  /* that say so; 0: an override of the tenant does */
	__u64 ends;   /* of SEK_NAME_BLOCK: those that block it, not rewrite its answers */
	__u8 opinion; /* enum sek_name_opinion */
	__u8 how;     /* of SEK_NAME_BLOCK: enum sek_name_how */
	__u16 answer; /* of SEK_NAME_LOCAL */
	__u32 pad;
};

/* Number of the lowest list of a set; SEK_NAME_NO_LIST of none. There is no instruction for it in BPF. */
static __always_inline __u8 name_list_lowest(__u64 lists)
{
	__u64 below = (lists & -lists) - 1;

	if (!lists)
		return SEK_NAME_NO_LIST;
	below -= below >> 1 & 0x5555555555555555ULL;
	below = (below & 0x3333333333333333ULL) + (below >> 2 & 0x3333333333333333ULL);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return below * 0x0101010101010101ULL >> 56;
}

/* What lists say. whole: the name itself, not one above it. over: of the overlay, or NULL. */
static __always_inline void name_weigh_lists(const struct sek_name_set *set, bool whole,
					     const struct sek_name_over *over,
					     const struct sek_name_phase *phase,
					     struct sek_name_said *said)
{
	__u64 lists = whole ? set->self : set->below;
	__u64 spare = whole ? set->spare_self : set->spare_below;
	__u8 how = whole ? set->how_self : set->how_below;
	__u64 own = how ? 1ULL << ((whole ? set->list_self : set->list_below) & 63) : 0;
	__u64 rewrite = whole ? set->rewrite_self : set->rewrite_below;

	if (over) {
		__u64 care = whole ? over->care_self : over->care_below;

		lists = (lists & ~care) | (whole ? over->value_self : over->value_below);
		spare &= ~care;
		own &= ~care;
		rewrite &= ~care;
	}
	spare = (spare & phase->block) | (lists & phase->allow);
	own &= lists & phase->block;
	if (spare) {
		said->opinion = SEK_NAME_ALLOW;
		said->lists = spare;
	} else if (lists & phase->block) {
		said->opinion = SEK_NAME_BLOCK;
		said->lists = own ? own : lists & phase->block;
		said->ends = lists & phase->block & ~rewrite;
		said->how = own ? how : SEK_NAME_AS_POLICY;
		said->answer = whole ? set->answer_self : set->answer_below;
	} else if (lists & phase->inspect) {
		said->opinion = SEK_NAME_INSPECT;
		said->lists = lists & phase->inspect;
	}
}

/* Takes what is said at one suffix, if anything, in place of what was said before. tenant: its bit. */
static __always_inline void name_weigh(const struct sek_name_set *set, bool whole,
				       const struct sek_name_over *over, __u64 tenant,
				       const struct sek_name_phase *phase, struct sek_name_said *said)
{
	__u64 allow = over ? (whole ? over->allow_self : over->allow_below) : 0;
	__u64 block = over ? (whole ? over->block_self : over->block_below) : 0;

	if ((allow | block) & tenant) {
		said->opinion = allow & tenant ? SEK_NAME_ALLOW : SEK_NAME_BLOCK;
		said->lists = 0;
		said->how = SEK_NAME_AS_POLICY;
	} else {
		name_weigh_lists(set, whole, over, phase, said);
	}
}

/*
 * What of it holds for a connection to the name (TLS, QUIC, HTTP), or for a question over TCP. An answer that
 * a list gives leads somewhere, and a truncated one to TCP: who follows it is let through, as long as no list
 * blocks the name.
 */
static __always_inline void name_said_connected(struct sek_name_said *said, bool question)
{
	if (said->opinion != SEK_NAME_BLOCK || !said->lists)
		return;
	if (said->ends) {
		said->lists = said->ends;
		said->how = SEK_NAME_AS_POLICY;
	} else if (!question || said->how == SEK_NAME_TCP) {
		said->opinion = SEK_NAME_ALLOW;
	}
}

/*
 * Whether it is asked if pages of a host are allowed, when all suffixes of it were weighed and no path is
 * known: that opens what is not listed, and nothing that is blocked.
 */
static __always_inline bool name_pages_count(const struct sek_name_phase *phase,
					     const struct sek_name_said *said)
{
	return phase->flags & SEK_NAME_ONLY_LISTED && said->opinion == SEK_NAME_NONE;
}

#endif
