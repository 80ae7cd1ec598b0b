/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a candidate policy would say of a record of the past: addresses, then rules, as the kernel asks
 * them. Lists are not asked; routes, quotas and rates are not either.
 */
#ifndef POLICY_PREVIEW_JUDGE_H
#define POLICY_PREVIEW_JUDGE_H

#include "compile/compile.h"
#include "preview/line.h"

struct judge;

/* Both must outlive the judge. NULL when out of memory. */
struct judge *judge_new(const struct policy *policy, const struct image *image);
void judge_free(struct judge *judge);

/* The candidate's tenant of that name; NULL: it has none. */
const struct model_tenant *judge_tenant(const struct judge *judge, struct record_text name);

struct judgement {
	enum sek_reason reason; /* accepted, or why not */
	uint16_t rule; /* SEK_NO_RULE: none was asked */
	bool passes;
};

/*
 * The first packet of a recorded flow, or the refused one, of `tenant` (as of judge_tenant()). A
 * refusal by a list that the tenant still takes stays one.
 */
struct judgement judge_record(const struct judge *judge, const struct model_tenant *tenant,
			      const struct record_line *line);

#endif
