// SPDX-License-Identifier: Apache-2.0
/*
 * The whole answer as one object. Called by `sekisho flow explain` and the tests.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "compile/spell.h"
#include "explain/inside.h"
#include "install/state.h"

const char *story_verdict(const struct sek_trace *trace)
{
	switch (trace->verdict) {
	case SEK_FORWARD:
		return "forward";
	case SEK_TO_WORKER:
		return "inspect";
	case SEK_STACK:
		return "stack";
	case SEK_DROP:
		return "drop";
	case SEK_ANSWER:
		return trace->reason == SEK_R_cookie_sent || trace->reason == SEK_R_cookie_confirmed
			       ? "answer"
			       : "reject";
	default:
		return "bug";
	}
}

const char *story_action(const struct model_tenant *tenant, uint16_t rule)
{
	return spell_action(rule < tenant->rule_cnt
				    ? tenant->rules[rule].action
				    : tenant->default_action[(rule - tenant->rule_cnt) & 1]);
}

/* Bytes of a policy are UTF-8; paths need not be. */
static json_t *text_json(const char *text)
{
	json_t *string = json_string(text ? text : "");

	return string ? string : json_string("?");
}

static json_t *rule_json(const struct story *s)
{
	uint16_t rule = s->trace->rule;
	const struct model_rule *model;
	const struct place *place;

	if (!s->tenant || rule == SEK_NO_RULE)
		return json_null();
	model = rule < s->tenant->rule_cnt ? &s->tenant->rules[rule] : NULL;
	place = policy_rule_place(s->tenant, rule);
	return json_pack("{s:o, s:s, s:o, s:I, s:o}", "name",
			 text_json(policy_rule_name(s->tenant, rule)), "action",
			 story_action(s->tenant, rule), "file", text_json(place->file), "line",
			 (json_int_t)place->line, "comment",
			 text_json(model ? model->comment : NULL));
}

static json_t *list_json(const struct model_list *list)
{
	if (!list)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:o}", "name", list->name, "kind",
			 list->allow ? "allow" : "block", "title", text_json(list->title),
			 "category", text_json(list->category));
}

/* The limits of the packet's direction. */
static json_t *rate_json(const struct story *s)
{
	const struct sek_rate *rate = s->tenant ? &s->tenant->limits.rate[s->trace->dir & 1] : NULL;
	json_t *json = json_null();
	char *text;

	if (!rate || (!rate->bits_per_s && !rate->packets_per_s))
		return json;
	text = spell_rate(rate);
	if (text)
		json = json_pack("{s:I, s:I, s:s}", "bits_per_s", (json_int_t)rate->bits_per_s,
				 "packets_per_s", (json_int_t)rate->packets_per_s, "text", text);
	free(text);
	return json;
}

static json_t *arrival_json(const struct story *s)
{
	return json_pack("{s:s, s:s, s:i, s:i}", "port", s->arrival->name, "interface",
			 s->arrival->interface, "vlan", s->packet->vlan, "outer", s->packet->outer);
}

static json_t *way_json(const struct story *s)
{
	char device[IF_NAMESIZE] = "", hop[PREFIX_TEXT_MAX] = "";

	if (s->trace->next_ifindex) {
		address_print(&s->trace->next_hop, hop);
		if (!if_indextoname(s->trace->next_ifindex, device))
			device[0] = 0;
	}
	if (!s->out && !hop[0])
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:o}", "port", s->out ? s->out->name : "", "interface",
			 s->out ? s->out->interface : "", "next_hop", hop, "device",
			 text_json(device));
}

static const char *lists_name(const struct explain *explain)
{
	return explain->lists == EXPLAIN_LISTS_LIVE	 ? "in force"
	       : explain->lists == EXPLAIN_LISTS_SOURCES ? "sources"
							 : "none";
}

/* Tenant 0 is the gateway itself where its own rules were asked, else nobody. */
static const struct model_tenant *tenant_of(const struct policy *policy, const struct sek_trace *trace)
{
	bool host = trace->rule != SEK_NO_RULE || trace->reason == SEK_R_stack_host ||
		    trace->reason == SEK_R_stack_page || trace->reason == SEK_R_page_full ||
		    trace->reason == SEK_R_host_refused;

	return trace->tenant || host ? policy_tenant_id(policy, trace->tenant) : NULL;
}

json_t *explain_json(const struct explain *explain, const struct explain_packet *packet,
		     const struct sek_trace *trace)
{
	const struct policy *policy = explain->policy;
	uint16_t list = trace->list != SEK_NO_LIST ? trace->list : trace->spared;
	struct story s = {
		.explain = explain,
		.policy = policy,
		.packet = packet,
		.trace = trace,
		.tenant = tenant_of(policy, trace),
		.list = list != SEK_NO_LIST ? policy_list_id(policy, list) : NULL,
		.arrival = policy_port_id(policy, packet->port),
		.out = trace->out_port ? policy_port_id(policy, trace->out_port) : NULL,
	};
	char text[EXPLAIN_TEXT_MAX];

	if (!s.arrival)
		return NULL;
	explain_print(packet, text);
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}",
		"verdict", story_verdict(trace), "reason", state_reason_name(trace->reason),
		"meaning", state_reason_text(trace->reason, false), "meaning_ja",
		state_reason_text(trace->reason, true), "packet", text, "tenant",
		s.tenant ? s.tenant->name : "", "dir", s.tenant ? state_dir_name(trace->dir) : "",
		"rule", rule_json(&s), "list", list_json(s.list), "rate", rate_json(&s), "arrival",
		arrival_json(&s), "way", way_json(&s), "stages", story_stages(&s), "lists",
		lists_name(explain), "routes", explain->ways ? "kernel" : "policy");
}

void explain_policy_add(json_t *answer, const struct policy *policy, uint64_t generation, bool live)
{
	json_object_set_new(answer, "generation",
			    generation ? json_integer((json_int_t)generation) : json_null());
	json_object_set_new(answer, "live", json_boolean(live));
	json_object_set_new(answer, "policy", text_json(policy->path));
}
