/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over the flow table once in a minute, in the worker. Called by agent.c.
 */
#include "dataplane/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "install/state.h"
#include "text/counted.h"

#define PERIOD_MS 60000
#define RECORDS_MAX 65536 /* of one walk; the others are ended and counted only */

struct sweep {
	struct worker *worker;
	struct gate *gate;
	const struct editions *editions;
	void (*record)(void *arg, const struct sek_event *event);
	void *arg;
	struct source *period;
	/* of the walk that runs */
	struct edition *edition;
	struct sek_event *events;
	size_t event_cnt, event_cap;
	uint64_t deleted;
	int err;
};

struct sek_event flow_end_event(const struct sek_flow_key *key, const struct sek_flow *flow,
				uint8_t reason)
{
	bool from_in = flow->flags & SEK_FLOW_FROM_IN;
	struct sek_event event = {
		.now_ns = clock_mono_ns(),
		.cause = SEK_CAUSE_FLOW_END,
		.reason = reason,
		.verdict = SEK_FORWARD,
		.dir = from_in ? SEK_IN : SEK_OUT,
		.tenant = key->tenant,
		.rule = flow->rule,
		.generation = flow->generation,
		.list = SEK_NO_LIST,
		.port = sek_face_port(flow->face[from_in ? SEK_IN : SEK_OUT]),
		.state = flow->state,
		.flow_flags = flow->flags,
		.src = key->addr[from_in],
		.dst = key->addr[!from_in],
		.sport = key->port[from_in],
		.dport = key->port[!from_in],
		.proto = key->proto,
		.first_ns = flow->first_ns,
		.last_ns = flow->last_ns,
		.packets = { flow->packets[0], flow->packets[1] },
		.bytes = { flow->bytes[0], flow->bytes[1] },
	};

	return event;
}

static void flow_ended(const struct sek_flow_key *key, const struct sek_flow *flow, void *arg)
{
	struct sweep *sweep = arg;

	if (sweep->event_cnt == sweep->event_cap) {
		size_t cap = sweep->event_cap ? sweep->event_cap * 2 : 256;
		struct sek_event *events;

		if (cap > RECORDS_MAX)
			return;
		events = realloc(sweep->events, cap * sizeof(*events));
		if (!events)
			return;
		sweep->events = events;
		sweep->event_cap = cap;
	}
	sweep->events[sweep->event_cnt++] = flow_end_event(key, flow, 0);
}

static void walk_run(void *arg)
{
	struct sweep *sweep = arg;
	const struct state_filter filter = { .tenant = -1, .proto = -1, .expired = true };
	struct diag diag;

	diag_init(&diag);
	sweep->err = state_flow_delete(sweep->gate, sweep->edition->policy, &filter, flow_ended,
				       sweep, &sweep->deleted, &diag);
	if (sweep->err)
		log_diag("sweep", &diag);
	diag_free(&diag);
}

static void walk_done(void *arg)
{
	struct sweep *sweep = arg;

	for (size_t i = 0; i < sweep->event_cnt; i++)
		sweep->record(sweep->arg, &sweep->events[i]);
	if (sweep->deleted)
		log_info("sweep: %s ended whose time was over (%zu recorded)",
			 COUNTED(sweep->deleted, "flow"), sweep->event_cnt);
	free(sweep->events);
	sweep->events = NULL;
	sweep->event_cnt = 0;
	sweep->event_cap = 0;
	sweep->deleted = 0;
	edition_put(sweep->edition);
	sweep->edition = NULL;
}

static void walk_due(void *arg)
{
	struct sweep *sweep = arg;

	if (sweep->edition || !editions_live(sweep->editions))
		return; /* the last one still walks, or there is no policy to tell the times */
	sweep->edition = edition_get(editions_live(sweep->editions));
	if (worker_post(sweep->worker, walk_run, walk_done, sweep)) {
		edition_put(sweep->edition);
		sweep->edition = NULL;
	}
}

int sweep_new(struct loop *loop, struct worker *worker, struct gate *gate,
	      const struct editions *editions,
	      void (*record)(void *arg, const struct sek_event *event), void *arg,
	      struct sweep **ret_sweep)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	int err;

	if (!sweep)
		return -ENOMEM;
	sweep->worker = worker;
	sweep->gate = gate;
	sweep->editions = editions;
	sweep->record = record;
	sweep->arg = arg;
	err = loop_timer(loop, PERIOD_MS, PERIOD_MS, walk_due, sweep, &sweep->period);
	if (err) {
		free(sweep);
		return err;
	}
	*ret_sweep = sweep;
	return 0;
}

void sweep_free(struct sweep *sweep)
{
	if (!sweep)
		return;
	source_remove(sweep->period);
	free(sweep);
}
