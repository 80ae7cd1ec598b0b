/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made beside a set of rules, before the first packet is asked by it. Called by detect.c, and by who has
 * rules take the place of others.
 */
#include "detect/scratch.h"

#include <errno.h>
#include <stdlib.h>

static int hyperscan_fit(struct scratch *scratch)
{
	const struct ruleset *ruleset = scratch->ruleset;
	int rc = 0;

	for (int side = 0; side < SIDES; side++) {
		for (uint32_t i = 0; rc == 0 && i < ruleset->scan_cnt; i++) {
			if (ruleset->scans[side][i].patterns)
				rc = patterns_scratch(ruleset->scans[side][i].patterns,
						      &scratch->hyperscan);
		}
	}
	return rc;
}

static int tables_make(struct scratch *scratch)
{
	const struct ruleset *ruleset = scratch->ruleset;

	if (numbers_init(&scratch->found, ruleset->cnt) ||
	    numbers_init(&scratch->of_payload, ruleset->cnt) ||
	    numbers_init(&scratch->of_tx, ruleset->cnt))
		return -ENOMEM;
	scratch->src_holds = calloc(ruleset->set_cnt + 1, sizeof(*scratch->src_holds));
	scratch->dst_holds = calloc(ruleset->set_cnt + 1, sizeof(*scratch->dst_holds));
	scratch->buffers = calloc(ruleset->scan_cnt + 1, sizeof(*scratch->buffers));
	return scratch->src_holds && scratch->dst_holds && scratch->buffers ? 0 : -ENOMEM;
}

int scratch_measure(struct scratch *scratch)
{
	if (scratch->costs)
		return 0;
	scratch->costs = calloc(scratch->ruleset->cnt + 1, sizeof(*scratch->costs));
	return scratch->costs ? 0 : -ENOMEM;
}

int scratch_new(const struct ruleset *ruleset, bool measured, struct scratch **ret_scratch)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));
	int rc = scratch ? 0 : -ENOMEM;

	if (rc == 0) {
		scratch->ruleset = ruleset;
		rc = tables_make(scratch);
	}
	if (rc == 0)
		rc = hyperscan_fit(scratch);
	if (rc == 0 && measured)
		rc = scratch_measure(scratch);
	if (rc)
		scratch_free(scratch);
	else
		*ret_scratch = scratch;
	return rc;
}

void scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	numbers_free(&scratch->found);
	numbers_free(&scratch->of_payload);
	numbers_free(&scratch->of_tx);
	free(scratch->src_holds);
	free(scratch->dst_holds);
	free(scratch->buffers);
	free(scratch->costs);
	hs_free_scratch(scratch->hyperscan);
	free(scratch);
}
