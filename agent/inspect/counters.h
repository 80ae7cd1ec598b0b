/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker counts, by the names that Suricata's statistics have; the workers' counts are added at the
 * end. Nothing is decided by them.
 */
#ifndef AGENT_INSPECT_COUNTERS_H
#define AGENT_INSPECT_COUNTERS_H

#include "inspect/flow.h"

enum counter {
#define COUNTER(id, path) COUNTER_##id,
#include "inspect/counters.def"
#undef COUNTER
	COUNTER_CNT
};

#define APP_OVERS 2 /* TCP, UDP */

struct counters {
	uint64_t at[COUNTER_CNT];
	uint64_t event[EVENT_CNT]; /* of packets; a packet has each once */
	struct {
		uint64_t flows, txs, parser_errors, gap_errors; /* gap: bytes were missing */
	} app[PROTO_CNT][APP_OVERS];
};

extern const char *const counter_paths[COUNTER_CNT];

/*
 * A packet that was decoded, also one inside of another; its frame is the whole frame's if outer is NULL.
 * headers: how many it has of each enum decode_header.
 */
void counters_decoded(struct counters *counters, const struct packet *packet, const uint8_t *headers);
/* It has gone its way: what became of it, on the wire. */
void counters_fate(struct counters *counters, const struct packet *packet);
void counters_flow(struct counters *counters, const struct flow *flow, enum flow_end why);
void counters_add(struct counters *to, const struct counters *from);

#endif
