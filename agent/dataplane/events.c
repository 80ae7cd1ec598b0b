/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring to callbacks. Called by agent.c. A flood cannot hold the loop: a turn ends after BATCH
 * records, the ring stays readable and the loop comes back.
 */
#include "dataplane/events.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dataplane/counters.h"

#define BATCH 4096
#define PERIOD_MS 100 /* also without a wake-up: the kernel may leave them out */

struct events {
	struct gate *gate;
	struct ring_buffer *ring;
	struct source *ready, *period, *second;
	struct events_calls calls;
	uint32_t left; /* of this turn */
	struct sek_event_stat last[SEK_CAUSE_CNT];
};

static int record_take(void *arg, void *data, size_t len)
{
	struct events *events = arg;
	struct sek_event event = {};

	if (len < sizeof(event)) {
		log_error("events: a record of %zu bytes is too short for one (%zu)", len,
			  sizeof(event));
		return 0;
	}
	/* Copied: the ring's memory is shared with the kernel. */
	memcpy(&event, data, sizeof(event));
	events->calls.event(events->calls.arg, &event);
	return --events->left ? 0 : -EAGAIN;
}

static void ring_read(struct events *events)
{
	events->left = BATCH;
	ring_buffer__consume(events->ring);
}

static void ring_ready(void *arg, uint32_t ready)
{
	ring_read(arg);
}

static void ring_due(void *arg)
{
	ring_read(arg);
}

static void second_past(void *arg)
{
	struct events *events = arg;

	for (int cause = 0; cause < SEK_CAUSE_CNT; cause++) {
		struct sek_event_stat now, *last = &events->last[cause];

		if (event_stat_read(events->gate, cause, &now))
			continue;
		if (now.suppressed > last->suppressed || now.lost > last->lost)
			events->calls.loss(events->calls.arg, cause, &now,
					   now.suppressed - last->suppressed, now.lost - last->lost);
		*last = now;
	}
}

int events_new(struct loop *loop, struct gate *gate, const struct events_calls *calls,
	       struct events **ret_events)
{
	struct events *events = calloc(1, sizeof(*events));
	int err = -ENOMEM;

	if (!events)
		return err;
	events->gate = gate;
	events->calls = *calls;
	events->ring = ring_buffer__new(gate_map_fd(gate, "sek_events"), record_take, events, NULL);
	if (!events->ring) {
		err = -errno;
		goto failed;
	}
	for (int cause = 0; cause < SEK_CAUSE_CNT; cause++)
		if (event_stat_read(gate, cause, &events->last[cause]))
			memset(&events->last[cause], 0, sizeof(events->last[cause]));
	err = loop_add(loop, ring_buffer__epoll_fd(events->ring), EPOLLIN, ring_ready, events,
		       &events->ready);
	if (!err)
		err = loop_timer(loop, PERIOD_MS, PERIOD_MS, ring_due, events, &events->period);
	if (!err)
		err = loop_timer(loop, 1000, 1000, second_past, events, &events->second);
	if (err)
		goto failed;
	*ret_events = events;
	return 0;
failed:
	events_free(events);
	return err;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	source_remove(events->ready);
	source_remove(events->period);
	source_remove(events->second);
	ring_buffer__free(events->ring);
	free(events);
}

void events_drain(struct events *events)
{
	ring_read(events);
}
