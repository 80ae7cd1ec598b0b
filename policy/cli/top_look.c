/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is asked at each look. Called by obj_top.c and top_screen.c.
 * Promises that whatever answers, or nobody, there is something to show and a word on why.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cli/top_look.h"
#include "install/state.h"
#include "sekisho/verdict.h"

#define FLOWS_ASKED 256 /* the largest; those of the highest rate are among them soon */
#define EVENTS_ASKED 200 /* of each reason */

/* Refusals by a list or a rule; each asked for by itself, or a flood of one would hide the others. */
static const uint8_t refusals[] = { SEK_R_list_block, SEK_R_rule_drop, SEK_R_rule_reject,
				    SEK_R_default_drop, SEK_R_default_reject };
#define REFUSAL_CNT (sizeof(refusals) / sizeof(refusals[0]))

enum { ASK_STATUS, ASK_STATS, ASK_TENANTS, ASK_RATES, ASK_PORTS, ASK_FLOWS, ASK_EVENTS };
#define ASK_CNT (ASK_EVENTS + REFUSAL_CNT)

static json_t *stats_peek(const struct gate *gate, const struct policy *policy,
			  const json_t *params, struct diag *diag)
{
	return state_stats(gate, policy, diag);
}

/* Without a policy there are no bodies to name, which is no error here. */
static json_t *tenants_peek(const struct gate *gate, const struct policy *policy,
			    const json_t *params, struct diag *diag)
{
	return policy ? state_tenants(gate, policy, diag) : NULL;
}

static json_t *rates_peek(const struct gate *gate, const struct policy *policy,
			  const json_t *params, struct diag *diag)
{
	return policy ? state_rates(gate, policy, diag) : NULL;
}

static json_t *ports_peek(const struct gate *gate, const struct policy *policy,
			  const json_t *params, struct diag *diag)
{
	return state_ports(gate, policy, diag);
}

static json_t *flows_peek(const struct gate *gate, const struct policy *policy,
			  const json_t *params, struct diag *diag)
{
	struct state_filter filter;

	if (state_filter_read(params, policy, &filter, diag) < 0)
		return NULL;
	return state_flows(gate, policy, &filter, diag);
}

int top_look_begin(struct top_look *look, const struct cli *cli)
{
	*look = (struct top_look){ .cli = cli, .watch = watch_new(cli) };
	diag_init(&look->diag);
	return look->watch ? 0 : -ENOMEM;
}

void top_look_end(struct top_look *look)
{
	top_reading_free(&look->before);
	top_reading_free(&look->now);
	json_decref(look->rates);
	diag_free(&look->diag);
	watch_free(look->watch);
}

void top_look_into(struct top_look *look, const char *tenant)
{
	struct top_reading *const readings[] = { &look->before, &look->now };

	snprintf(look->tenant, sizeof(look->tenant), "%s", tenant);
	for (size_t i = 0; i < 2; i++) {
		json_decref(readings[i]->flows);
		json_decref(readings[i]->events);
		readings[i]->flows = readings[i]->events = NULL;
	}
}

static void body_questions(struct watch_question *q, const char *tenant)
{
	q[ASK_FLOWS] = (struct watch_question){ .method = "flow.show",
						.peek = flows_peek,
						.params = json_pack("{s:s, s:s, s:i}", "tenant",
								    tenant, "order", "bytes",
								    "limit", FLOWS_ASKED) };
	for (size_t i = 0; i < REFUSAL_CNT; i++)
		q[ASK_EVENTS + i] = (struct watch_question){
			.method = "event.list",
			.params = json_pack("{s:s, s:s, s:i}", "tenant", tenant, "reason",
					    state_reason_name(refusals[i]), "limit", EVENTS_ASKED)
		};
}

/* The answers of all reasons as one; NULL when none was given. */
static json_t *events_join(struct watch_question *answers)
{
	json_t *all = NULL;

	for (size_t i = 0; i < REFUSAL_CNT; i++) {
		if (answers[i].result && !all)
			all = json_pack("{s:[]}", "events");
		if (answers[i].result)
			json_array_extend(json_object_get(all, "events"),
					  json_object_get(answers[i].result, "events"));
		json_decref(answers[i].result);
	}
	return all;
}

/* What is asked of one body only when one is looked into. */
static int ask(struct top_look *look, struct top_reading *ret_reading)
{
	struct watch_question q[ASK_CNT] = {
		[ASK_STATUS] = { .method = "agent.status" },
		[ASK_STATS] = { .method = "stats.show", .peek = stats_peek },
		[ASK_TENANTS] = { .method = "tenant.show", .peek = tenants_peek },
		[ASK_RATES] = { .method = "rate.show", .peek = rates_peek },
		[ASK_PORTS] = { .method = "port.show", .peek = ports_peek },
	};
	size_t cnt = ASK_FLOWS;
	int from;

	if (look->tenant[0]) {
		body_questions(q, look->tenant);
		cnt = ASK_CNT;
	}
	from = watch_ask(look->watch, q, cnt, &look->diag);
	for (size_t i = ASK_FLOWS; i < cnt; i++)
		json_decref(q[i].params);
	*ret_reading = (struct top_reading){ .stats = q[ASK_STATS].result,
					     .stats_ns = q[ASK_STATS].at_ns,
					     .status = q[ASK_STATUS].result,
					     .tenants = q[ASK_TENANTS].result,
					     .rates = q[ASK_RATES].result,
					     .ports = q[ASK_PORTS].result,
					     .ports_ns = q[ASK_PORTS].at_ns,
					     .flows = q[ASK_FLOWS].result,
					     .flows_ns = q[ASK_FLOWS].at_ns,
					     .events = events_join(&q[ASK_EVENTS]) };
	return from;
}

static void news_set(struct top_look *look, const char *text)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	look->news_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	snprintf(look->news, sizeof(look->news), "%s", text);
}

/* What is different from the look before. Of the first look nothing is. */
static void news_find(struct top_look *look, enum watch_from from)
{
	const json_t *was = json_object_get(look->before.status, "pid");
	const json_t *is = json_object_get(look->now.status, "pid");

	if (!look->rates)
		return;
	if (from == WATCH_AGENT && look->from == WATCH_MAPS)
		news_set(look, "sekishod answers again");
	else if (from != WATCH_NOBODY && look->from == WATCH_NOBODY)
		news_set(look, "the gateway is there");
	else if (was && is && !json_equal(was, is))
		news_set(look, "sekishod was started anew");
	else if (from != WATCH_AGENT && look->from == WATCH_AGENT)
		look->news[0] = 0; /* the problem says it */
}

/* The first error says what is wrong; of what nobody tells, where it was sought. */
static void problem_find(struct top_look *look)
{
	const struct diag_entry *first = look->diag.cnt ? &look->diag.entries[0] : NULL;
	const struct diag_entry *last = first ? &look->diag.entries[look->diag.cnt - 1] : NULL;

	look->problem[0] = 0;
	if (look->from == WATCH_MAPS)
		snprintf(look->problem, sizeof(look->problem),
			 "sekishod does not answer; read from the maps in %s", look->cli->pin_dir);
	else if (look->from == WATCH_NOBODY)
		snprintf(look->problem, sizeof(look->problem),
			 "no gateway answers yet, waiting for one: %s; %s",
			 first ? first->text : "sekishod does not answer", last ? last->text : "");
	else if (first)
		snprintf(look->problem, sizeof(look->problem), "%s", first->text);
}

static void where_set(const struct top_look *look, json_t *rates)
{
	static const char *const sources[] = {
		[WATCH_NOBODY] = "none", [WATCH_MAPS] = "maps", [WATCH_AGENT] = "agent"
	};

	json_object_set_new(rates, "time", json_integer((json_int_t)time(NULL)));
	json_object_set_new(rates, "source", json_string(sources[look->from]));
	json_object_set_new(rates, "problem", print_string(look->problem));
}

int top_look_again(struct top_look *look)
{
	struct top_reading now;
	int from;

	diag_free(&look->diag);
	diag_init(&look->diag);
	from = ask(look, &now);
	if (from < 0) {
		top_reading_free(&now);
		return from;
	}
	top_reading_free(&look->before);
	look->before = look->now;
	look->now = now;
	if (from == WATCH_MAPS) /* what was refused is no news without an agent that records it */
		look->now.events = json_incref(look->before.events);
	news_find(look, from);
	look->from = from;
	problem_find(look);
	json_decref(look->rates);
	look->rates = top_rates(&look->before, &look->now);
	if (!look->rates)
		return -ENOMEM;
	where_set(look, look->rates);
	return 0;
}
