/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `sekisho top` shows, from two readings of the gateway: rates against limits, verdicts, reasons.
 * Pure: results of the *.show methods in, one JSON object out, which is also what -j prints.
 */
#ifndef POLICY_CLI_TOP_MODEL_H
#define POLICY_CLI_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* One look at the gateway. Each member may be NULL: not asked, or not answered. */
struct top_reading {
	json_t *status, *stats, *tenants, *rates, *ports; /* of agent.status, stats.show, ... */
	json_t *flows, *events; /* of one body: flow.show by bytes; event.list, refusals alone */
	uint64_t stats_ns, ports_ns, flows_ns; /* when they came, CLOCK_MONOTONIC */
};

void top_reading_free(struct top_reading *reading);

/*
 * {"interval_s","generation","up_bits_per_s","down_bits_per_s","passed_per_s","dropped_per_s",
 *  "rejected_per_s","flows",
 *  "tenants":[{"tenant","id","title",
 *    "up","down":{"bits_per_s","packets_per_s","limit_bits_per_s","limit_packets_per_s","use"},
 *    "packets_per_s","passed_per_s","dropped_per_s","rejected_per_s","use",
 *    "flows","flows_max","half_open","half_open_max","reasons":[as below, with "dir"]}],
 *  "reasons":[{"verdict","reason","text","text_ja","packets_per_s","packets"}] of what was stopped,
 *  "ports":[{"port","side","mode","link","hook","state","driver","speed_bits_per_s","interface",
 *    "bits_per_s","packets_per_s","dropped_per_s","dropped","kernel_dropped_per_s",
 *    "kernel_dropped","problem"}],
 *  "flows_top":[as flow.show, with "up_bits_per_s","down_bits_per_s"],
 *  "blocked":[{"by","reason","events","last","src","dst"}]}
 * Packets a second, frames' bits a second. before NULL, or not to be compared with because the
 * counters began anew since: "interval_s" is null and the rates are not there; so are those of a body
 * whose number is another's now. A counter that went back counts nothing. use: the rate as a part of
 * the limit, 0 to 1 and beyond; without a limit it is not there. What a reading lacks makes no member.
 * NULL: no memory.
 */
json_t *top_rates(const struct top_reading *before, const struct top_reading *now);

/* A column that rows can be sorted by. */
struct top_order {
	const char *name; /* as it is typed */
	const char *key; /* member of a row, as in struct column */
	bool text; /* by its letters, from the first; else the largest number first */
};

/* Sorts an array of rows; equal ones stay as they are. */
void top_sort(json_t *rows, const struct top_order *order, bool reverse);

#endif
