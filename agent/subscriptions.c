/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between fetch/ and the rest of the agent: the journal, the records, the lists in force, and the methods
 * list.fetch and list.accept. Called by agent.c and method.c.
 */
#include "subscriptions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "change.h"
#include "fetch/feeds.h"
#include "lists_care.h"
#include "method/method.h"
#include "text/counted.h"

static void list_changed(void *arg, const char *list, bool names, bool accepted)
{
	struct agent *agent = arg;
	struct edition *live = editions_live(agent->editions);

	if (live)
		lists_care_renew(agent->lists, live, list, names, accepted);
}

static const char *action_of(enum feeds_event event, const struct errand *e)
{
	return event == FEEDS_ACCEPTED ? "accepted" : errand_outcome_name(e->outcome);
}

static void words_of(enum feeds_event event, const struct errand *e, char *out, size_t cap)
{
	if (event == FEEDS_ACCEPTED)
		snprintf(out, cap, "what was held back is accepted");
	else if (e->outcome == ERRAND_CHANGED)
		snprintf(out, cap, "%s (were %zu)", COUNTED(e->after_cnt, "entry"), e->before_cnt);
	else
		snprintf(out, cap, "%s", e->outcome == ERRAND_HELD ? e->plan.held : e->plan.said);
}

/* Failures are told in the records each time; the journal has what changed, or would have. */
static void errand_told(void *arg, enum feeds_event event, const struct errand *e)
{
	char words[2 * PLAN_TEXT_MAX], message[3 * PLAN_TEXT_MAX];
	struct agent *agent = arg;
	struct journal_entry entry = change_entry_by(NULL, NULL);

	entry.action = "list";
	entry.message = message;
	entry.path = e->feed.url;
	words_of(event, e, words, sizeof(words));
	records_object(agent->records, "list",
		       json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "list", e->name, "action",
				 action_of(event, e), "url", e->feed.url, "text", words, "entries",
				 (json_int_t)e->after_cnt, "before", (json_int_t)e->before_cnt,
				 "failures", (json_int_t)e->plan.failures));
	snprintf(message, sizeof(message), "%s: %s: %s", e->name, action_of(event, e), words);
	if (event == FEEDS_ACCEPTED || e->outcome != ERRAND_FAILED)
		change_note(agent, &entry);
}

int subscriptions_new(struct agent *agent)
{
	const struct feeds_calls calls = { list_changed, errand_told, agent };

	return feeds_new(agent->loop, agent->settings->state_dir, &calls, &agent->feeds);
}

static json_t *state_words(const json_t *feed)
{
	const char *held = json_string_value(json_object_get(feed, "held"));
	const char *said = json_string_value(json_object_get(feed, "said"));
	long long failures = json_integer_value(json_object_get(feed, "failures"));

	if (failures)
		return json_sprintf("failed %s: %s", COUNTED(failures, "time"), said);
	if (held[0])
		return json_sprintf("held back: %s", held);
	if (json_is_true(json_object_get(feed, "fetching")))
		return json_string("is being fetched");
	return json_string(json_integer_value(json_object_get(feed, "fetched")) ? "good"
										: "not yet fetched");
}

static void feed_describe(json_t *list, json_t *feed)
{
	json_object_set(list, "source", json_object_get(feed, "url"));
	json_object_set_new(list, "state", state_words(feed));
	json_object_set(list, "fetched", json_object_get(feed, "fetched"));
	json_object_set(list, "next", json_object_get(feed, "next"));
	json_object_set_new(list, "feed", feed);
}

void subscriptions_describe(const struct agent *agent, json_t *lists)
{
	json_t *list;
	size_t i;

	json_array_foreach(lists, i, list) {
		const char *name = json_string_value(json_object_get(list, "list"));
		json_t *feed = name ? feeds_json(agent->feeds, name) : NULL;

		if (feed)
			feed_describe(list, feed);
	}
}

/* --- list.fetch, list.accept --- */

static void fetch_done(void *arg, const struct errand *e)
{
	struct ticket *ticket = arg;

	if (!e) {
		ticket_fault(ticket, RPC_BUSY, NULL,
			     "it was not fetched: the policy changed, or the agent ends");
		return;
	}
	if (e->outcome == ERRAND_FAILED || e->outcome == ERRAND_HELD) {
		ticket_fault(ticket, RPC_INPUT, diag_data(&e->diag), "%s: %s",
			     e->outcome == ERRAND_HELD ? "it is held back" : "it cannot be fetched",
			     e->outcome == ERRAND_HELD ? e->plan.held : e->plan.said);
		return;
	}
	ticket_result(ticket,
		      json_pack("{s:s, s:s, s:I, s:I}", "list", e->name, "outcome",
				errand_outcome_name(e->outcome), "before",
				(json_int_t)e->before_cnt, "entries", (json_int_t)e->after_cnt));
}

static void fetch_fault(struct ticket *ticket, const char *list, int err, const char *what)
{
	if (err == -ENOENT)
		ticket_fault(ticket, RPC_NOT_FOUND, NULL, "%s: %s", list, what);
	else if (err == -EALREADY)
		ticket_fault(ticket, RPC_BUSY, NULL, "%s is being fetched", list);
	else
		ticket_fault(ticket, RPC_INTERNAL, NULL, "%s: %s", list, strerror(-err));
}

void method_list_fetch(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *list;
	int err;

	if (!param_string(ticket, params, "list", true, &list))
		return;
	err = feeds_fetch(agent->feeds, list, fetch_done, ticket);
	if (err)
		fetch_fault(ticket, list, err, "there is no such list with a url");
}

void method_list_accept(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *list;
	int err;

	if (!param_string(ticket, params, "list", true, &list))
		return;
	err = feeds_accept(agent->feeds, list);
	if (err) {
		fetch_fault(ticket, list, err, "nothing of it is held back");
		return;
	}
	log_info("lists: %s accepted what was held back of %s", ticket_peer(ticket)->user, list);
	ticket_result(ticket, json_pack("{s:s, s:b}", "list", list, "accepted", 1));
}
