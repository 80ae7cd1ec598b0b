/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done where something cannot be followed: a stream that was not seen from its beginning, memory
 * that has run out, a parser that gave up. The settings say it for each case.
 */
#ifndef AGENT_INSPECT_EXCEPTION_H
#define AGENT_INSPECT_EXCEPTION_H

#include "inspect/packet.h"

struct config;

enum exception_policy {
	EXCEPTION_IGNORE,
	EXCEPTION_PASS_PACKET,
	EXCEPTION_PASS_FLOW,
	EXCEPTION_BYPASS,
	EXCEPTION_DROP_PACKET,
	EXCEPTION_DROP_FLOW,
	EXCEPTION_REJECT,
};

/* How the policy of a case is found. */
struct exception_case {
	const char *path; /* "stream.midstream-policy" */
	bool has_flow; /* there is a flow that can be dropped, passed, bypassed */
	bool is_midstream, midstream; /* and whether such streams are taken up */
	bool ips;
};
enum exception_policy exception_read(const struct config *config, const struct exception_case *of);

/* reason: what records say when it drops. */
void exception_apply(enum exception_policy policy, struct packet *packet, enum packet_drop reason);

/* Lets the packet fall, unless something did before. */
void packet_drop(struct packet *packet, enum packet_drop reason);

#endif
