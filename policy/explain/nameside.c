/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Called by policy/weblog for lines of logs and by policy/preview for records. Pure.
 */
#include "explain/nameside.h"

#include <errno.h>
#include <stdlib.h>

#include "compile/names.h"

static uint64_t with_candidate(uint64_t lists, int candidate, int stands_for, bool blocks)
{
	if (stands_for < 0)
		return blocks ? lists | 1ULL << candidate : lists;
	if (!(lists >> stands_for & 1))
		return lists;
	return (lists & ~(1ULL << stands_for)) | 1ULL << candidate;
}

static void candidate_take(struct sek_name_profile *profile, int candidate, int stands_for)
{
	for (unsigned int i = 0; i < SEK_NAME_PHASES_MAX; i++) {
		struct sek_name_phase *phase = &profile->phase[i];

		phase->block = with_candidate(phase->block, candidate, stands_for, true);
		phase->allow = with_candidate(phase->allow, candidate, stands_for, false);
		phase->inspect = with_candidate(phase->inspect, candidate, stands_for, false);
		if (stands_for < 0)
			phase->flags |= SEK_NAME_LOOKS_ON; /* also where names are off as yet */
	}
}

int name_side_make(const struct name_book *book, const struct model_tenant *tenant, bool candidate,
		   struct name_side *side)
{
	const struct policy *policy = name_book_policy(book);
	int stands_for, number = name_book_candidate(book, &stands_for);

	side->book = book;
	side->tenant = tenant;
	side->profile_cnt = 1 + tenant->name_group_cnt;
	side->profiles = calloc(side->profile_cnt, sizeof(*side->profiles));
	if (!side->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < side->profile_cnt; i++) {
		const struct model_names *names = i ? &tenant->name_groups[i - 1].names
						    : &tenant->names;

		if (!name_profile_build(policy, names, &side->profiles[i])) {
			name_side_free(side);
			return -E2BIG;
		}
		if (candidate && number >= 0)
			candidate_take(&side->profiles[i], number, stands_for);
	}
	return 0;
}

void name_side_free(struct name_side *side)
{
	free(side->profiles);
	side->profiles = NULL;
}

const struct sek_name_phase *name_side_phase(const struct name_side *side, size_t group,
					     unsigned int quarter)
{
	const struct sek_name_profile *profile =
		&side->profiles[group < side->profile_cnt ? group : 0];

	return &profile->phase[profile->week[quarter] % SEK_NAME_PHASES_MAX];
}

size_t name_side_group(const struct name_side *side, const struct sek_addr *addr)
{
	const struct model_name_group *group = NULL;

	policy_names_at(side->tenant, addr, &group);
	return group ? (size_t)(group - side->tenant->name_groups) + 1 : 0;
}

struct name_ruled name_side_rule(const struct name_side *side, const struct name_asked *asked,
				 const struct sek_name_phase *phase, enum name_seen seen)
{
	const struct name_view view = name_book_view(side->book);
	struct name_ruled ruled = { .list = SEK_NAME_NO_LIST };
	struct sek_name_said said = name_decide(&view, asked, side->tenant->id, phase, &ruled.found);

	if (seen != NAME_SEEN_DNS)
		name_said_connected(&said, seen == NAME_SEEN_DNS_TCP);
	ruled.end = (uint8_t)name_end_of(&said, phase);
	if (ruled.end != NAME_PASSES && ruled.end != NAME_UNLISTED)
		ruled.list = name_list_lowest(said.lists);
	return ruled;
}
