/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why would a packet pass or not? Asks the gateway's own kernel program, loaded a second time with
 * fresh state, and tells each stage's answer. Used by `sekisho flow explain`.
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
 * Loads the program with this policy, which must outlive it. Needs CAP_BPF and CAP_NET_ADMIN; for
 * the lists in force CAP_SYS_ADMIN, else they are read from their sources. 0 or -errno with words.
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

/* The stage that ends packets for this reason; NULL: no such reason. */
const char *explain_stage(uint8_t reason);

#endif
