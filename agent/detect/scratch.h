/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker needs to ask one set of rules, sized by it: which rules were collected, what was made of
 * buffers, what an address was found in. Nothing in it is remembered from packet to packet but what rules
 * cost.
 */
#ifndef AGENT_DETECT_SCRATCH_H
#define AGENT_DETECT_SCRATCH_H

#include "detect/numbers.h"
#include "detect/ruleset.h"

struct buffer {
	uint64_t pass; /* of struct detect, when it was made; else it is not there */
	uint32_t index;
	enum side side;
	struct slice bytes;
	uint64_t from;
};

struct scratch {
	const struct ruleset *ruleset;
	hs_scratch_t *hyperscan;
	struct numbers found; /* rules of this packet */
	struct numbers of_payload; /* rules of transactions that the packet's or stream's bytes found */
	struct numbers of_tx; /* rules of the transaction that is being asked */
	uint64_t *src_holds, *dst_holds; /* by set: packets << 2, 2: asked, 1: it holds it */
	struct buffer *buffers; /* by source number: made by transforms */
	struct rule_cost *costs; /* by rule; NULL: nobody wants to know */
};

/* From here on it is noted what asking each rule takes. Returns 0 or -ENOMEM. */
int scratch_measure(struct scratch *scratch);

#endif
