/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be odd about a packet or a stream. Rules ask for it by decode-event and stream-event, records
 * tell it as an anomaly. One table (events.def) names each once.
 */
#ifndef AGENT_INSPECT_EVENTS_H
#define AGENT_INSPECT_EVENTS_H

#include <stdint.h>

enum engine_layer { LAYER_DECODE, LAYER_STREAM };

enum engine_event {
	EVENT_NONE = 0,
#define ENGINE_EVENT(name, layer, word) EVENT_##name,
#include "inspect/events.def"
#undef ENGINE_EVENT
	EVENT_CNT
};

struct engine_event_name {
	const char *word; /* as rules say it: "ipv4.trunc_pkt", "3whs_ack_in_wrong_dir" */
	enum engine_layer layer;
};

const struct engine_event_name *engine_event_name(enum engine_event event);
/* EVENT_NONE: there is none of this name in the layer. */
enum engine_event engine_event_by_name(enum engine_layer layer, const char *word);

#endif
