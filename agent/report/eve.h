/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel event as one line of EVE JSON: Suricata's field names, plus tenant, policy, rule, list,
 * verdict, direction. Pure; the caller gives the names.
 */
#ifndef AGENT_REPORT_EVE_H
#define AGENT_REPORT_EVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/event.h"

/* Room that is always enough for a line with its closing newline. */
#define EVE_LINE_MAX 8192

/* Words for the numbers of an event; any bytes, NULL where there are none. */
struct eve_names {
	const char *tenant, *rule, *list, *port;
};

/*
 * Writes a line ending in a newline. real_offset_ns is CLOCK_REALTIME minus CLOCK_MONOTONIC.
 * Returns its bytes (0 is not written behind it). out has at least EVE_LINE_MAX bytes.
 */
size_t eve_event(const struct sek_event *event, const struct eve_names *names,
		 int64_t real_offset_ns, char *out);

/*
 * The line of a cause that was suppressed or lost in the second past: totals since the maps were
 * made, and what was added now.
 */
size_t eve_loss(const char *cause, const struct sek_event_stat *total, uint64_t suppressed_new,
		uint64_t lost_new, int64_t real_ns, char *out);

/* A line of the policy's or the agent's own life: event_type "policy", with who and what. */
struct eve_change {
	const char *action; /* "apply", "confirm", "rollback", "start", "refused" */
	uint32_t generation;
	uint32_t uid;
	int32_t pid;
	const char *user, *message, *path;
	const char *login, *tty, *ssh; /* as the peer told; NULL or "": nothing */
};
size_t eve_change(const struct eve_change *change, int64_t real_ns, char *out);

/* A line of one check that a policy asked: event_type "check". */
struct eve_check {
	uint32_t generation;
	const char *check, *asks, *said; /* its name, what it asks, what came of it */
	bool passed;
	uint32_t attempts, ms;
};
size_t eve_check(const struct eve_check *check, int64_t real_ns, char *out);

/* A line when SYN cookies begin for a tenant by themselves, and when they end: "synflood". */
struct eve_flood {
	uint32_t generation;
	const char *tenant;
	bool over;
	uint64_t half_open;
	uint64_t answered, opened; /* SYNs answered, and connections that came of them; 0 at first */
};
size_t eve_flood(const struct eve_flood *flood, int64_t real_ns, char *out);

/*
 * A line of another kind, of the agent's own life: event_type and the members of an object, whose strings
 * are bounded by who made it. 0: no memory, or it is too long for a line.
 */
size_t eve_object(const char *type, const json_t *members, int64_t real_ns, char *out);

/* The same for both directions of a flow, below 2^53 so that every JSON reader keeps it whole. */
uint64_t eve_flow_id(const struct sek_event *event);

#endif
