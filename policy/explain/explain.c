// SPDX-License-Identifier: Apache-2.0
/*
 * The second gateway that answers: its lists and ways out are the live one's where that can be.
 * Called by `sekisho flow explain` and the tests.
 */
#include "explain/explain.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "explain/inside.h"

#define FLOWS_MAX 256 /* one packet makes one flow */
#define HOUR_NS 3600000000000ull

/* The same lists under the same numbers: then the tables in force serve this policy too. */
static bool lists_alike(const struct policy *a, const struct policy *b)
{
	for (size_t i = 0; i < a->list_cnt; i++) {
		const struct model_list *mine = &a->lists[i], *other = policy_list_id(b, mine->id);

		if (!other || strcmp(mine->name, other->name) != 0 || mine->allow != other->allow)
			return false;
	}
	return true;
}

static const struct model_port *port_on(const struct policy *policy, const char *interface)
{
	for (size_t i = 0; i < policy->port_cnt; i++)
		if (!strcmp(policy->ports[i].interface, interface))
			return &policy->ports[i];
	return NULL;
}

static uint32_t live_ifindex(const struct gate *live, uint32_t port)
{
	uint32_t ifindex = 0;

	(void)bpf_map_lookup_elem(gate_map_fd(live, "sek_out"), &port, &ifindex);
	return ifindex;
}

/*
 * Which of this policy's ports are which of the gateway's, by interface. False: the gateway's are
 * not in this network namespace, so the kernel's routes here are not its routes.
 */
static bool ways_find(const struct policy *policy, const struct explain_options *options,
		      struct replay_ways *ways)
{
	bool any = false;

	*ways = (struct replay_ways){ .live = options->live };
	for (size_t i = 0; i < options->live_policy->port_cnt; i++) {
		const struct model_port *live = &options->live_policy->ports[i];
		const struct model_port *port = port_on(policy, live->interface);
		uint32_t ifindex = live_ifindex(options->live, live->id);

		if (!ifindex)
			continue; /* the gateway waits for it to come */
		if (if_nametoindex(live->interface) != ifindex)
			return false;
		any = true;
		if (port)
			ways->port[live->id] = port->id;
	}
	for (size_t i = 0; i < policy->port_cnt; i++)
		if (!port_on(options->live_policy, policy->ports[i].interface))
			ways->ifindex[policy->ports[i].id] =
				if_nametoindex(policy->ports[i].interface);
	return any;
}

static int replay_try(struct explain *e, struct replay_options *options, struct diag *diag)
{
	struct diag tried;
	int r;

	if (!options->live)
		return replay_open(e->policy, options, &e->replay, diag);
	diag_init(&tried);
	r = replay_open(e->policy, options, &e->replay, &tried);
	e->lists = r ? EXPLAIN_LISTS_SOURCES : EXPLAIN_LISTS_LIVE;
	diag_free(&tried);
	if (!r)
		return 0;
	options->live = NULL; /* its lists may not be read by number: by their sources then */
	return replay_open(e->policy, options, &e->replay, diag);
}

int explain_open(const struct policy *policy, const struct explain_options *options,
		 struct explain **ret_explain, struct diag *diag)
{
	bool live = options->live && options->live_policy;
	struct replay_options replay = { .flows_max = FLOWS_MAX,
					 .with_lists = true,
					 .tc = options->tc };
	struct explain *e = calloc(1, sizeof(*e));
	struct replay_ways ways;
	int r;

	if (!e)
		return -ENOMEM;
	e->policy = policy;
	e->lists = policy->list_cnt ? EXPLAIN_LISTS_SOURCES : EXPLAIN_LISTS_NONE;
	e->now_ns = HOUR_NS;
	if (live && policy->list_cnt && lists_alike(policy, options->live_policy))
		replay.live = options->live;
	e->ways = live && ways_find(policy, options, &ways);
	replay.ways = e->ways ? &ways : NULL;
	r = replay_try(e, &replay, diag);
	if (r) {
		explain_close(e);
		return r;
	}
	*ret_explain = e;
	return 0;
}

void explain_close(struct explain *explain)
{
	if (!explain)
		return;
	replay_close(explain->replay);
	free(explain);
}

int explain_ask(struct explain *explain, const struct explain_packet *packet,
		struct sek_trace *ret_trace)
{
	struct replay_result result;
	uint32_t len = explain_frame(packet, explain->frame);
	int r = explain->used ? gate_forget(replay_gate(explain->replay)) : 0;

	explain->now_ns += HOUR_NS; /* what time forgets is forgotten */
	if (!r && packet->port != explain->port)
		r = replay_port(explain->replay, packet->port);
	explain->port = r ? 0 : packet->port;
	if (!r)
		r = replay_run(explain->replay, explain->now_ns, explain->frame, len, &result);
	if (r)
		return r;
	*ret_trace = result.trace;
	explain->used = result.trace.verdict != SEK_DROP || !story_is_early(result.trace.reason);
	return 0;
}
