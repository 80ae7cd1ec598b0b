/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log's lines come to, before and after a change of lists or policy: by verdict, by list, by name.
 * One tally a thread; they are merged at the end.
 */
#ifndef POLICY_WEBLOG_TALLY_H
#define POLICY_WEBLOG_TALLY_H

#include "explain/nameside.h"
#include "weblog/line.h"

#define WEBLOG_ENDS 4 /* enum name_end */

/* The two that are held against each other, and whose settings of them count. */
struct weblog_sides {
	struct name_side before, after;
	int group; /* of both, from 1 as in a tenant's row; 0: none; -1: by the address of each line */
	int quarter; /* of the week; -1: by the time of each line */
	unsigned int quarter_now; /* for lines without a time */
};

/* Names for which something else happens, or that are stopped. */
struct weblog_name {
	char *name; /* as it was matched, or the host */
	uint64_t lines;
	uint8_t before, after; /* enum name_end */
	uint8_t list_before, list_after; /* that decided; SEK_NAME_NO_LIST */
};

struct weblog_tally {
	uint64_t lines, urls, other, bad, unnormal; /* unnormal: no URL and no name after all */
	uint64_t ends[WEBLOG_ENDS][WEBLOG_ENDS]; /* [before][after] */
	uint64_t lists[2][SEK_NAME_LISTS_MAX + 1]; /* [after]; stopped or inspected by it; last: no list */
	struct weblog_name *names; /* an open table; after weblog_tally_sort() a row, the most lines first */
	size_t name_cnt, name_cap;
	uint64_t beyond; /* lines whose name found no room */
	bool failed; /* out of memory */
	/* of the line that is read */
	struct weblog_line line;
	struct url url;
	int64_t quarter_of; /* time / 900 that quarter_was is of */
	unsigned int quarter_was;
};
#define WEBLOG_NAMES_MAX (1U << 20)

struct weblog_tally *weblog_tally_new(void);
void weblog_tally_free(struct weblog_tally *tally);
void weblog_tally_line(struct weblog_tally *tally, const struct weblog_sides *sides,
		       const char *text, size_t len);
/* Adds what another has. */
void weblog_tally_merge(struct weblog_tally *to, const struct weblog_tally *from);
void weblog_tally_sort(struct weblog_tally *tally);

#endif
