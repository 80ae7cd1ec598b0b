/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel and the agent hold: the *.show methods, event.list, flow.delete. Walks over the
 * flow table are made in a worker, so that others are answered meanwhile. Called by method.c.
 */
#include "install/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "dataplane/pagelink.h"
#include "dataplane/sweep.h"
#include "install/feature.h"
#include "lists_care.h"
#include "method/method.h"
#include "release.h"
#include "subscriptions.h"
#include "text/counted.h"
#include "version.h"
#include "wholeness.h"

static void state_answer(struct agent *agent, struct ticket *ticket,
			 json_t *(*read)(const struct gate *gate, const struct policy *policy,
					 struct diag *diag))
{
	struct diag diag;

	diag_init(&diag);
	ticket_state(ticket, read(agent->gate, agent_policy(agent), &diag), &diag);
	diag_free(&diag);
}

void method_stats_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	state_answer(agent, ticket, state_stats);
}

void method_acl_hits(struct agent *agent, struct ticket *ticket, json_t *params)
{
	state_answer(agent, ticket, state_rule_hits);
}

void method_rate_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	state_answer(agent, ticket, state_rates);
}

void method_worker_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	state_answer(agent, ticket, state_workers);
}

void method_tenant_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	state_answer(agent, ticket, state_tenants);
}

void method_port_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct diag diag;
	json_t *result;

	diag_init(&diag);
	result = state_ports(agent->gate, agent_policy(agent), &diag);
	ports_describe(agent->ports, json_object_get(result, "ports"));
	ticket_state(ticket, result, &diag);
	diag_free(&diag);
}

void method_event_list(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct records_filter filter = {};
	int64_t limit = 100;

	if (!param_number(ticket, params, "limit", 1, 8192, &limit) ||
	    !param_string(ticket, params, "tenant", false, &filter.tenant) ||
	    !param_string(ticket, params, "reason", false, &filter.reason))
		return;
	filter.limit = (uint32_t)limit;
	ticket_result(ticket, records_list(agent->records, &filter));
}

/* --- in the worker --- */

struct reading {
	struct agent *agent;
	struct ticket *ticket;
	struct edition *edition; /* may be NULL: no policy yet */
	struct state_filter filter;
	char *interface;
	bool delete;
	uint64_t deleted;
	json_t *result;
	struct diag diag;
};

static void reading_run(void *arg)
{
	struct reading *r = arg;
	const struct policy *policy = r->edition ? r->edition->policy : NULL;

	if (r->interface) {
		r->result = feature_probe(r->interface[0] ? r->interface : NULL, &r->diag);
	} else if (!r->delete) {
		r->result = state_flows(r->agent->gate, policy, &r->filter, &r->diag);
	} else if (!state_flow_delete(r->agent->gate, policy, &r->filter, NULL, NULL, &r->deleted,
				      &r->diag)) {
		r->result = json_pack("{s:I}", "deleted", (json_int_t)r->deleted);
	}
}

static void reading_done(void *arg)
{
	struct reading *r = arg;

	if (r->delete &&r->result)
		log_info("flows: %s deleted %llu", ticket_peer(r->ticket)->user,
			 (unsigned long long)r->deleted);
	ticket_state(r->ticket, r->result, &r->diag);
	edition_put(r->edition);
	diag_free(&r->diag);
	free(r->interface);
	free(r);
}

static void reading_post(struct agent *agent, struct ticket *ticket, const struct reading *what)
{
	struct reading *r = malloc(sizeof(*r));

	if (r) {
		*r = *what;
		r->agent = agent;
		r->ticket = ticket;
		r->edition = edition_get(editions_live(agent->editions));
		diag_init(&r->diag);
		if (!worker_post(agent->readings, reading_run, reading_done, r))
			return;
		edition_put(r->edition);
		diag_free(&r->diag);
		free(r);
	}
	free(what->interface);
	ticket_fault(ticket, RPC_BUSY, NULL, "too much at once; ask again");
}

static void flows_post(struct agent *agent, struct ticket *ticket, json_t *params, bool delete)
{
	struct reading reading = { .delete = delete };
	struct diag diag;
	int err;

	diag_init(&diag);
	err = state_filter_read(params, agent_policy(agent), &reading.filter, &diag);
	if (err)
		ticket_fault(ticket, RPC_PARAMS, diag_data(&diag), "%s",
			     diag.cnt ? diag.entries[0].text : "the filter cannot be read");
	else
		reading_post(agent, ticket, &reading);
	diag_free(&diag);
}

void method_flow_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	flows_post(agent, ticket, params, false);
}

void method_flow_delete(struct agent *agent, struct ticket *ticket, json_t *params)
{
	flows_post(agent, ticket, params, true);
}

void method_feature_probe(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *interface = "";
	struct reading reading = {};

	if (!param_string(ticket, params, "interface", false, &interface))
		return;
	reading.interface = strdup(interface);
	if (reading.interface)
		reading_post(agent, ticket, &reading);
	else
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
}

/* --- lists --- */

void method_list_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	json_t *result = lists_care_show(agent->lists, ticket, params);

	if (!result)
		return;
	subscriptions_describe(agent, json_object_get(result, "lists"));
	ticket_result(ticket, result);
}

void method_list_add(struct agent *agent, struct ticket *ticket, json_t *params)
{
	lists_care_add(agent->lists, ticket, params);
}

void method_list_delete(struct agent *agent, struct ticket *ticket, json_t *params)
{
	lists_care_delete(agent->lists, ticket, params);
}

void method_list_replace(struct agent *agent, struct ticket *ticket, json_t *params)
{
	lists_care_replace(agent->lists, ticket, params);
}

/* --- the agent itself --- */

static json_t *problems(const struct agent *agent)
{
	uint32_t attached, all;
	uint64_t written, failed;
	json_t *list = json_array();

	ports_count(agent->ports, &attached, &all);
	records_count(agent->records, &written, &failed);
	if (!agent_policy(agent))
		json_array_append_new(list, json_string("no policy is in force"));
	if (attached < all)
		json_array_append_new(list, json_sprintf("%u of %s not attached", all - attached,
							 COUNTED(all, "port")));
	if (agent->adopted.lost[0])
		json_array_append_new(list, json_sprintf("lost at start: %s", agent->adopted.lost));
	if (release_wanting(agent->release))
		json_array_append_new(
			list, json_string("the block page is not served at each of its addresses"));
	if (pagelink_trouble(agent->pagelink)[0])
		json_array_append_new(list, json_string(pagelink_trouble(agent->pagelink)));
	if (wholeness_words(agent->wholeness)[0])
		json_array_append_new(list, json_string(wholeness_words(agent->wholeness)));
	if (failed)
		json_array_append_new(list, json_sprintf("%s could not be written",
							 COUNTED(failed, "record")));
	return list;
}

void method_agent_status(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const struct edition *live = editions_live(agent->editions);
	uint32_t attached, all;
	uint64_t written, failed;
	char lists[128];

	ports_count(agent->ports, &attached, &all);
	records_count(agent->records, &written, &failed);
	lists_care_words(agent->lists, lists, sizeof(lists));
	ticket_result(
		ticket,
		json_pack("{s:s, s:i, s:s, s:I, s:I, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:i, s:o, s:o, s:o}",
			  "version", SEKISHO_VERSION, "pid", (int)getpid(), "instance",
			  agent->settings->instance, "uptime_s",
			  (json_int_t)((clock_mono_ns() - agent->started_ns) / 1000000000),
			  "generation", (json_int_t)gate_generation(agent->gate), "policy",
			  live ? live->path : "", "hash", live ? live->hash : "", "role",
			  role_name(ticket_peer(ticket)->role), "adopted",
			  json_sprintf("%s, %u new", COUNTED(agent->adopted.maps_adopted, "table"),
				       agent->adopted.maps_new),
			  "ports", json_sprintf("%u of %u attached", attached, all), "lists", lists,
			  "events",
			  json_sprintf("%llu written, %llu failed", (unsigned long long)written,
				       (unsigned long long)failed),
			  "clients", (int)control_clients(agent->control), "problems",
			  problems(agent), "confirm", confirm_json(agent->confirm), "page",
			  release_words(agent->release)));
}

void method_agent_stop(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const struct peer *peer = ticket_peer(ticket);

	log_info("agent: stopped by %s (uid %u, pid %d); traffic goes on by the live policy",
		 peer->user, peer->uid, peer->pid);
	loop_stop(agent->loop);
	ticket_result(ticket, json_pack("{s:b, s:s}", "stopped", 1, "text",
					"sekishod ends; traffic goes on by the policy in force"));
}
