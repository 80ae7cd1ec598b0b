// SPDX-License-Identifier: Apache-2.0
/*
 * Names of what can be odd about a packet or a stream. Called by decode and tcp to remember, by rules and
 * records to name; promises that what does not fit in a packet is counted.
 */
#include "inspect/packet.h"

#include <string.h>

_Static_assert(EVENT_CNT <= 256, "a packet keeps an event in a byte");

static const struct engine_event_name names[EVENT_CNT] = {
#define ENGINE_EVENT(name, layer, word) [EVENT_##name] = { word, layer },
#include "inspect/events.def"
#undef ENGINE_EVENT
};

const struct engine_event_name *engine_event_name(enum engine_event event)
{
	return &names[event];
}

enum engine_event engine_event_by_name(enum engine_layer layer, const char *word)
{
	for (int i = EVENT_NONE + 1; i < EVENT_CNT; i++)
		if (names[i].layer == layer && strcmp(names[i].word, word) == 0)
			return (enum engine_event)i;
	return EVENT_NONE;
}

void packet_event(struct packet *packet, enum engine_event event)
{
	if (packet->event_cnt < PACKET_EVENTS_MAX)
		packet->event[packet->event_cnt++] = (uint8_t)event;
	else
		packet->events_lost++;
}
