/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why would a packet pass or not? Asks the gateway's own kernel program, loaded a second time with
 * fresh state, and tells each stage's answer. Used by `sekisho flow explain` and, for those who may not
 * load programs, by the agent.
 * Promises that nothing is pinned or attached, and that the live gateway is only read.
 */
#ifndef POLICY_EXPLAIN_EXPLAIN_H
#define POLICY_EXPLAIN_EXPLAIN_H

#include <jansson.h>

#include "explain/packet.h"
#include "install/install.h"
#include "sekisho/event.h"

struct explain;

struct explain_options {
	/* The gateway at work, for its lists and its ways out; NULL: there is none here. */
	const struct gate *live;
	const struct policy *live_policy; /* what it has in force; NULL: not known, so is its rest */
	bool tc; /* asks the program for TC instead of XDP's */
};

/*
 * Loads the program with this policy, which must outlive it. Needs CAP_BPF, CAP_NET_ADMIN and
 * CAP_PERFMON. Lists are those in force where they have the same numbers, else they are read from their
 * sources. 0 or -errno with words.
 */
int explain_open(const struct policy *policy, const struct explain_options *options,
		 struct explain **ret_explain, struct diag *diag);
void explain_close(struct explain *explain);

/* Asks, as if no packet had ever been there before. 0 or -errno. */
int explain_ask(struct explain *explain, const struct explain_packet *packet,
		struct sek_trace *ret_trace);

/*
 * The answer for people and programs; a new reference, NULL when out of memory:
 * {"verdict","reason","meaning","meaning_ja","packet","tenant","dir",
 *  "rule":{"name","action","file","line","comment"}|null,
 *  "list":{"name","kind","title","category"}|null (the one that decided),
 *  "rate":{"bits_per_s","packets_per_s","text"}|null,
 *  "arrival":{"port","interface","vlan","outer"},
 *  "way":{"port","interface","next_hop","device"}|null,
 *  "stages":[{"stage","answer"}], "lists":"in force"|"sources"|"none", "routes":"kernel"|"policy"}
 */
json_t *explain_json(const struct explain *explain, const struct explain_packet *packet,
		     const struct sek_trace *trace);

/* Which policy it was: adds "generation" (0: null, a file's), "live" and "policy", its path. */
void explain_policy_add(json_t *answer, const struct policy *policy, uint64_t generation, bool live);

/* The stage that ends packets for this reason; NULL: no such reason. */
const char *explain_stage(uint8_t reason);

#endif
