/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct explain, for the files of this room only.
 */
#ifndef POLICY_EXPLAIN_INSIDE_H
#define POLICY_EXPLAIN_INSIDE_H

#include "explain/explain.h"
#include "install/replay.h"

struct explain {
	const struct policy *policy;
	struct replay *replay;
	enum { EXPLAIN_LISTS_NONE, EXPLAIN_LISTS_LIVE, EXPLAIN_LISTS_SOURCES } lists;
	bool ways; /* the kernel's routes were asked */
	uint16_t port; /* on which the last packet arrived; 0: none */
	bool used; /* the last packet may have left state behind */
	uint64_t now_ns;
	uint8_t frame[EXPLAIN_FRAME_MAX];
};

/* One question and its answer. */
struct story {
	const struct explain *explain;
	const struct policy *policy;
	const struct explain_packet *packet;
	const struct sek_trace *trace;
	const struct model_tenant *tenant; /* whose it was; NULL: nobody's */
	const struct model_list *list; /* that decided; NULL: none */
	const struct model_port *arrival, *out; /* out NULL: it does not leave by a port */
};

/* The stages that were asked, in order, each with its answer: [{"stage","answer"}]. NULL: no memory. */
json_t *story_stages(const struct story *story);

/* Whether a packet with this reason ends before it is asked by quotas, so that nothing is kept of it. */
bool story_is_early(uint8_t reason);

/* "forward", "stack", "drop", "reject" (dropped, and the sender told), "answer", "bug". */
const char *story_verdict(const struct sek_trace *trace);

/* What a tenant's rule of this number does, in a word. */
const char *story_action(const struct model_tenant *tenant, uint16_t rule);

#endif
