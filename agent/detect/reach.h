/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many rules may still match something of a flow, by what is known of it: its transport, its protocol,
 * its ports, whose it is. Made by build.c, asked by inspect/purpose.c; promises that it counts too many
 * rather than too few.
 */
#ifndef AGENT_DETECT_REACH_H
#define AGENT_DETECT_REACH_H

#include "detect/ruleset.h"

struct reach_cell {
	uint32_t rules;
	bool any_port; /* some of them ask for no port */
};

struct reach_table { /* PROTO_UNKNOWN: of whatever protocol it may be */
	struct reach_cell cells[TRANSPORTS][PROTO_CNT];
	uint32_t of_addresses; /* rules that are asked once a flow and side */
};

struct reach {
	struct reach_table all;
	struct reach_table *tenants; /* by id; NULL: rules are the same for all bodies */
	uint64_t *ports[TRANSPORTS][PROTO_CNT]; /* a bit for each that some rule asks for; NULL: none */
};

/* Of the ruleset, whose tenants are there. 0 or -ENOMEM. */
int reach_build(struct ruleset *ruleset);
void reach_free(struct ruleset *ruleset);

#endif
