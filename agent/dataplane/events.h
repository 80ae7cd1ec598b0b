/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's event ring, read in the loop; and the account of what did not get through.
 */
#ifndef AGENT_DATAPLANE_EVENTS_H
#define AGENT_DATAPLANE_EVENTS_H

#include "base/loop.h"
#include "install/install.h"
#include "sekisho/event.h"

struct events;

struct events_calls {
	void (*event)(void *arg, const struct sek_event *event);
	/* Once a second for each cause of which something was suppressed or lost. */
	void (*loss)(void *arg, enum sek_cause cause, const struct sek_event_stat *total,
		     uint64_t suppressed_new, uint64_t lost_new);
	void *arg;
};

/* Starts to read. Returns 0 or -errno. */
int events_new(struct loop *loop, struct gate *gate, const struct events_calls *calls,
	       struct events **ret_events);
void events_free(struct events *events);

/* Reads what is there now, for a last time before the end. */
void events_drain(struct events *events);

#endif
