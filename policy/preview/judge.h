/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a candidate policy would say of a record of the past: addresses, lists, then rules, as the kernel asks
 * them, and lists of names. Routes, quotas and rates are not asked.
 */
#ifndef POLICY_PREVIEW_JUDGE_H
#define POLICY_PREVIEW_JUDGE_H

#include "compile/compile.h"
#include "explain/namebook.h"
#include "lists/table.h"
#include "preview/line.h"

struct judge;

/* The lists of the candidate. */
struct judge_lists {
	const struct list_table *tables[2]; /* of addresses, IPv4's and IPv6's; NULL: none is known */
	uint64_t known; /* those that are in the tables, one bit each */
	const struct name_book *names; /* NULL: names are not judged */
};

/* All must outlive the judge. NULL when out of memory. */
struct judge *judge_new(const struct policy *policy, const struct image *image,
			const struct judge_lists *lists);
void judge_free(struct judge *judge);

/* The candidate's tenant of that name; NULL: it has none. */
const struct model_tenant *judge_tenant(const struct judge *judge, struct record_text name);

struct judgement {
	enum sek_reason reason; /* accepted, or why not */
	uint16_t rule; /* SEK_NO_RULE: none was asked */
	const char *list; /* of the candidate's, that decided; NULL: none */
	bool passes;
	bool unsure; /* it is as it was, for want of what would decide it */
};

/*
 * The first packet of a recorded flow, or the refused one, of `tenant` (as of judge_tenant()). Where a list
 * would decide whose content is not known, all stays as it was.
 */
struct judgement judge_record(const struct judge *judge, const struct model_tenant *tenant,
			      const struct record_line *line);

/*
 * A name that was asked for; quarter: of the week, when that was. What an override or a regular expression
 * has decided stays: neither is the lists'.
 */
struct judgement judge_name(const struct judge *judge, const struct model_tenant *tenant,
			    const struct record_line *line, unsigned int quarter);

#endif
