/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.explain: for who may look and may not load programs. The question is asked in a thread of its own,
 * for the verifier is long at it; policies of files are not taken, since what they name would be read by our
 * rights. Called by method.c.
 */
#include "explain/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain/question.h"
#include "fetch/feeds.h"
#include "method/method.h"

#define QUESTIONS_MAX 4 /* that wait; each costs a second or two of one CPU */

struct asking {
	struct agent *agent;
	struct ticket *ticket;
	json_t *params; /* the words point into it */
	struct explain_words words;
	struct edition *live;
	json_t *past; /* the journal's entry of another generation; NULL: the one in force is asked */
	uint32_t generation;
	/* what the thread made of it */
	json_t *answer;
	struct diag diag;
	int err;
};

static void asking_free(struct asking *a)
{
	a->agent->questions_waiting--;
	edition_put(a->live);
	json_decref(a->past);
	json_decref(a->params);
	diag_free(&a->diag);
	free(a);
}

static int packet_ask(struct asking *a, const struct policy *policy,
		      const struct explain_packet *packet)
{
	const struct model_port *port = policy_port_id(policy, packet->port);
	const struct explain_options options = { .live = a->agent->gate,
						 .live_policy = a->live->policy,
						 .tc = port && port->mode == MODE_TC };
	struct explain *explain = NULL;
	struct sek_trace trace;
	int err = explain_open(policy, &options, &explain, &a->diag);

	if (!err)
		err = explain_ask(explain, packet, &trace);
	if (!err) {
		a->answer = explain_json(explain, packet, &trace);
		err = a->answer ? 0 : -ENOMEM;
	}
	explain_close(explain);
	return err;
}

static int policy_ask(struct asking *a, const struct policy *policy)
{
	struct explain_packet packet;
	int err = explain_read(policy, &a->words, &packet, &a->diag);

	if (!err)
		err = packet_ask(a, policy, &packet);
	if (!err)
		explain_policy_add(a->answer, policy, a->generation, !a->past);
	return err;
}

/* A former policy, read back from the journal's text. */
static int past_ask(struct asking *a)
{
	const char *text = json_string_value(json_object_get(a->past, "text"));
	const char *path = json_string_value(json_object_get(a->past, "path"));
	struct policy *policy = text ? policy_parse(text, strlen(text), path, NULL, &a->diag) : NULL;
	int err = policy ? feeds_sources(a->agent->settings->state_dir, policy) : -EINVAL;

	if (!err)
		err = policy_ask(a, policy);
	policy_free(policy);
	return err;
}

static void asking_run(void *arg)
{
	struct asking *a = arg;

	a->err = a->past ? past_ask(a) : policy_ask(a, a->live->policy);
}

static void asking_done(void *arg)
{
	struct asking *a = arg;
	json_t *data = diag_data(&a->diag);

	if (a->answer) {
		json_object_update(a->answer, data);
		json_decref(data);
		ticket_result(a->ticket, a->answer);
	} else {
		ticket_fault(a->ticket, a->err == -EINVAL ? RPC_INPUT : RPC_INTERNAL, data, "%s",
			     a->diag.cnt ? a->diag.entries[0].text
			     : a->err	 ? strerror(-a->err)
					 : "the agent ends");
	}
	asking_free(a);
}

static bool words_take(struct ticket *ticket, const json_t *params, struct explain_words *words)
{
	enum { NEEDED = 2 }; /* the first of them */
	const struct {
		const char *name;
		const char **to;
	} rows[] = {
		{ "src", &words->src },	      { "dst", &words->dst },
		{ "tenant", &words->tenant }, { "proto", &words->proto },
		{ "sport", &words->sport },   { "dport", &words->dport },
		{ "icmp", &words->icmp },     { "flags", &words->flags },
		{ "port", &words->port },     { "vlan", &words->vlan },
		{ "size", &words->size },     { "fragment", &words->fragment },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!param_string(ticket, params, rows[i].name, i < NEEDED, rows[i].to))
			return false;
	words->out = json_is_true(json_object_get(params, "out"));
	words->in = json_is_true(json_object_get(params, "in"));
	return true;
}

static int entry_found(const struct journal_entry *entry, void *arg)
{
	json_t **json = arg;

	*json = journal_entry_json(entry, true);
	return 1;
}

/* What the question is asked of; false after the ticket was answered. */
static bool policy_find(struct asking *a, int64_t at)
{
	struct edition *live = editions_live(a->agent->editions);

	if (!live) {
		ticket_fault(a->ticket, RPC_NOT_FOUND, NULL, "no policy is in force");
		return false;
	}
	a->live = edition_get(live);
	a->generation = at ? (uint32_t)at : live->generation;
	if (a->generation == live->generation)
		return true;
	journal_find(a->agent->journal, a->generation, entry_found, &a->past);
	if (!a->past)
		ticket_fault(a->ticket, RPC_NOT_FOUND, NULL, "the journal has no generation %u",
			     a->generation);
	return a->past;
}

void method_flow_explain(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct explain_words words = {};
	struct asking *a;
	int64_t at = 0;

	if (!words_take(ticket, params, &words) ||
	    !param_number(ticket, params, "at", 1, UINT32_MAX, &at))
		return;
	if (agent->questions_waiting >= QUESTIONS_MAX) {
		ticket_fault(ticket, RPC_BUSY, NULL,
			     "%d packets are being explained already; ask again", QUESTIONS_MAX);
		return;
	}
	a = calloc(1, sizeof(*a));
	if (!a) {
		ticket_fault(ticket, RPC_INTERNAL, NULL, "no memory");
		return;
	}
	*a = (struct asking){
		.agent = agent, .ticket = ticket, .params = json_incref(params), .words = words
	};
	diag_init(&a->diag);
	agent->questions_waiting++;
	if (!policy_find(a, at)) {
		asking_free(a);
		return;
	}
	if (worker_post(agent->questions, asking_run, asking_done, a)) {
		ticket_fault(ticket, RPC_BUSY, NULL, "too much at once; ask again");
		asking_free(a);
	}
}
