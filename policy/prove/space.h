/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All packets of one tenant in one direction, under one policy or two: each field as a line cut by
 * the compiled classes. What the gateway takes for nobody's or forged, because of the tenant's own
 * prefixes, or for a martian, has no class there. Private to prove/.
 */
#ifndef POLICY_PROVE_SPACE_H
#define POLICY_PROVE_SPACE_H

#include "prove/spans.h"

#define NUMBERS_MAX (SIDES * SEK_RULES_MAX)
#define NO_RULE UINT16_MAX

/* A tenant as one policy has it; tenant NULL: it has not. */
struct side {
	const struct policy *policy;
	const struct model_tenant *tenant;
	const struct image *image;
};

struct space {
	enum sek_dir dir;
	struct side sides[SIDES];
	size_t side_cnt;
	struct spans address[FAMILY_CNT][2]; /* source, destination */
	struct spans proto, sport, dport, icmp, icmp6;
	/*
	 * Rules of both sides in one order that keeps the order of each; rules that stayed the same have
	 * one number. So packets whose candidates are the same numbers are decided the same.
	 */
	uint16_t number[SIDES][SEK_RULES_MAX];
	size_t number_cnt;
	uint16_t rule[SIDES][NUMBERS_MAX]; /* the reverse; NO_RULE: that side has none such */
	uint8_t action[NUMBERS_MAX]; /* enum sek_action by number */
};

/* before.tenant or after.tenant may be NULL, not both. The caller frees. 0 or -ENOMEM. */
int space_of_one(struct space *space, const struct side *side, enum sek_dir dir);
int space_of_two(struct space *space, const struct side *before, const struct side *after,
		 enum sek_dir dir);
void space_free(struct space *space);

/* A rule's bits on one side. */
static inline const struct sek_row *space_row(const struct space *space, size_t side, uint16_t row)
{
	static const struct sek_row none;
	const struct side *s = &space->sides[side];

	return s->tenant ? &s->image->rows[s->image->tenants[s->tenant->id].row_base + row] : &none;
}

static inline size_t side_rule_cnt(const struct side *side)
{
	return side->tenant ? side->tenant->rule_cnt + 2 : 0; /* with the defaults */
}

#endif
