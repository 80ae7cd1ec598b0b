/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the past against a candidate: sums by tenant, and groups of those whose end would change.
 * Bounded: what comes beyond the bounds is counted and told. One thread a tally; they are merged.
 */
#ifndef POLICY_PREVIEW_TALLY_H
#define POLICY_PREVIEW_TALLY_H

#include "preview/judge.h"
#include "preview/line.h"

#define TALLY_TENANTS_MAX 256
#define TALLY_GROUPS_MAX 4096
#define TALLY_EXAMPLES 3
#define TALLY_NAME_MAX 128
#define TALLY_MINUTE_LEN 16 /* "2026-11-29T06:28" */

/* Which records are looked at. */
struct tally_filter {
	const char *tenant; /* NULL: of all */
	const char *since; /* RECORD_TIME_LEN bytes, as in records; NULL: all */
};

struct tally_sum {
	uint64_t cnt, bytes;
};

struct tally_tenant {
	char name[SEK_NAME_MAX]; /* "": the policy of then was not known when it was recorded */
	struct tally_sum flows, blocked; /* flows that passed, and those that would not */
	struct tally_sum refusals, opened; /* packets that were refused, and those that would pass */
	struct tally_sum names; /* that were asked for, however it ended */
	struct tally_sum names_blocked, names_opened; /* that would end otherwise */
};

struct tally_example {
	char time[RECORD_TIME_LEN + 1];
	struct sek_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto, icmp_type;
	char name[TALLY_NAME_MAX]; /* of a name; a long one is cut. "": a packet's */
};

/* Records that were decided alike then, would be alike now, and not as then. */
struct tally_group {
	enum record_kind kind;
	char tenant[SEK_NAME_MAX];
	char rule[SEK_NAME_MAX], list[SEK_NAME_MAX]; /* then; "": none decided */
	char reason[SEK_NAME_MAX]; /* then, of refusals; "": it passed */
	const struct model_tenant *now_tenant; /* NULL: the candidate has none of the name */
	struct judgement now;
	struct tally_sum sum;
	uint32_t generation; /* of then, the latest */
	struct tally_example examples[TALLY_EXAMPLES]; /* the latest first */
	size_t example_cnt;
};

struct tally {
	struct tally_tenant tenants[TALLY_TENANTS_MAX];
	size_t tenant_cnt;
	struct tally_group *groups;
	size_t group_cnt;
	uint16_t slots[2 * TALLY_GROUPS_MAX]; /* of groups by what they share: number + 1; 0: free */
	uint64_t lines, unreadable; /* every line; those that are no record */
	uint64_t other, before, foreign; /* no flow or refusal; before `since`; of another tenant */
	uint64_t undecided; /* refusals by no rule or list: state, quotas, rates, bad packets, hidden names */
	uint64_t by_list; /* refusals then that are one by a list now as well */
	uint64_t unsure; /* records that stay as they were for want of what would decide them */
	uint64_t missing; /* records that were never written */
	uint64_t beyond; /* records that would change, of groups or tenants beyond the bounds */
	/* of the line that is read */
	char minute[TALLY_MINUTE_LEN]; /* that quarter is of */
	unsigned int quarter; /* of the week, here */
};

/* Starts empty; NULL when out of memory. */
struct tally *tally_new(void);
void tally_free(struct tally *tally);

void tally_line(struct tally *tally, const struct judge *judge, const struct tally_filter *filter,
		const char *line, size_t len);
/* A line that is no record, seen without tally_line(). */
void tally_unreadable(struct tally *tally);
void tally_merge(struct tally *into, const struct tally *from);

/* By tenant and number of records; tenants by name. Nothing may be added or merged in afterwards. */
void tally_sort(struct tally *tally);

#endif
