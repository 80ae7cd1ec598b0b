/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of a policy that is not in force, as they would be if it were: their sources and what the agent
 * keeps, with changes by hand and what tenants have decided of names. Used by preview.c.
 */
#ifndef POLICY_CLI_CANDIDATE_H
#define POLICY_CLI_CANDIDATE_H

#include "cli/cli.h"
#include "preview/judge.h"

struct candidate {
	const struct policy *policy;
	struct list_table *tables[2];
	uint64_t known; /* lists of addresses that are in the tables */
	struct name_book *names;
	bool overrides; /* what tenants have decided of names is known */
};

/* CLI_OK, or CLI_FAILED with the words said. What is wrong with single lists is said, too. */
int candidate_open(struct cli *cli, const struct policy *policy, struct candidate *ret_candidate);
void candidate_close(struct candidate *candidate);

struct judge_lists candidate_lists(const struct candidate *candidate);

/* {"unknown":[names of lists],"expressions":regular expressions,"by_hand":changes of names,"overrides"} */
json_t *candidate_json(const struct candidate *candidate);

#endif
