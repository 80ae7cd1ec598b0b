/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine tells, as EVE lines with Suricata's names. Pure: packet, flow or transaction in, line out.
 * What is told is said by the settings (outputs); each false means: not this kind.
 */
#ifndef AGENT_REPORT_TOLD_H
#define AGENT_REPORT_TOLD_H

#include "inspect/engine.h"
#include "report/json.h"

struct told; /* a worker's: settings, the line that is being written */

struct told_settings; /* read once of the configuration, shared by workers */
/*
 * Of setup: config, ips (what rules drop was dropped), tenants (whose names records tell; NULL: none, but
 * the one of the configuration), capture. Returns 0 or -ENOMEM.
 */
int told_settings_new(const struct engine_setup *setup, struct told_settings **ret_settings);
void told_settings_free(struct told_settings *settings);
bool told_settings_frames(const struct told_settings *settings); /* are frames told? */
/*
 * Does any record tell what a flow of this protocol holds (PROTO_UNKNOWN: that may be of any)? Anomalies are
 * not among them: they tell of what others look at.
 */
bool told_settings_protocol(const struct told_settings *settings, enum proto_id proto);

/* line is called with each record as it is whole, its newline with it. Returns 0 or -ENOMEM. */
int told_new(const struct told_settings *settings,
	     void (*line)(void *arg, const char *bytes, size_t len), void *arg,
	     struct told **ret_told);
/* It is one of several workers': wait returns when it is this one's turn (inspect/turns.h). */
void told_join(struct told *told, void (*wait)(void *arg), void *arg);
/* Records tell whose they are: see engine_setup.owner. */
void told_owners(struct told *told, struct engine_owner (*owner)(void *arg, uint16_t tenant),
		 void *arg);
void told_free(struct told *told);

/* After detection: alerts, drops, anomalies of the packet. */
void told_packet(struct told *told, struct packet *packet);
/* Transactions of the packet's flow that are due, files too. Returns how many alerts of files there were. */
uint32_t told_transactions(struct told *told, struct packet *packet);
/* Frames of the packet's side that are whole, or end as they are. */
void told_frames(struct told *told, struct packet *packet);
/* A flow that ended, by the clock at now_ns: flow, netflow. */
void told_flow(struct told *told, struct flow *flow, enum flow_end why, uint64_t now_ns);
/* At the end: the record of statistics, of all workers; rules: that were asked. */
void told_counters(struct told *told, const struct counters *counters, uint64_t rules,
		   uint64_t now_ns);

#endif
