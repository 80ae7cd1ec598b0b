/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that stands when nobody asks: at the agent's start, and when an apply was not confirmed
 * in time. Called by agent.c, by the timer of confirm.c and by method/policy.
 * Promises that an unconfirmed policy is in force no longer than its time while an agent lives.
 */
#include "standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "base/log.h"
#include "watch/checks.h"

#define CHECKS_MARGIN_MS 500 /* they end before the time of the wait does */

static void back_done(struct agent *agent, int err)
{
	if (!err || !confirm_wait(agent->confirm))
		return; /* back, or somebody was quicker */
	log_error("confirm: going back has failed; it is tried again");
	confirm_again(agent->confirm);
}

/* What the journal has of a policy; strings are the holder's. */
struct kept_policy {
	char *text, *path;
};

static int kept_found(const struct journal_entry *entry, void *arg)
{
	struct kept_policy *kept = arg;

	if (!entry->generation || !entry->text[0])
		return 0; /* a refusal */
	kept->text = strdup(entry->text);
	kept->path = strdup(entry->path);
	return 1;
}

static void kept_free(struct kept_policy *kept)
{
	free(kept->text);
	free(kept->path);
}

/* Queues the policy from before the one that waits. checks: JSON, or NULL. */
static int back_queue(struct agent *agent, const char *why, const char *checks,
		      void (*done)(struct agent *agent, int err))
{
	const struct journal_wait *wait = confirm_wait(agent->confirm);
	struct kept_policy former = {};
	int err = -ENOENT;

	journal_find(agent->journal, wait->former, kept_found, &former);
	log_warn("confirm: generation %u: %s; generation %u comes back", wait->generation, why,
		 wait->former);
	if (former.text && former.path)
		err = change_own(agent->changes,
				 &(struct change_wish){ .bundle = former.text,
							.path = former.path,
							.action = "rollback",
							.message = why,
							.checks = checks,
							.base = -1 },
				 done);
	else
		log_error("confirm: the journal does not give generation %u", wait->former);
	kept_free(&former);
	return err;
}

/* Time is over. */
static int overdue_queue(struct agent *agent, void (*done)(struct agent *agent, int err))
{
	const struct journal_wait *wait = confirm_wait(agent->confirm);
	char why[64];

	snprintf(why, sizeof(why), "%s in %u s",
		 wait->by_hand ? "not confirmed" : "its checks did not pass", wait->seconds);
	return back_queue(agent, why, NULL, done);
}

void standing_back(void *arg)
{
	struct agent *agent = arg;
	int err = overdue_queue(agent, back_done);

	if (err)
		back_done(agent, err);
}

/* The policy's newest entry again, as somebody's act of now. */
struct confirmation {
	struct agent *agent;
	const struct peer *peer; /* NULL: the agent itself */
	const struct origin *origin;
	const char *message, *checks;
};

static int confirmation_end(struct agent *agent, bool whole)
{
	return whole ? confirm_end(agent->confirm) : confirm_checked(agent->confirm);
}

/* The end of the wait and the word of who ended it: both on the disk, or neither. */
static int confirmation_keep(const struct journal_entry *found, void *arg)
{
	const struct confirmation *by = arg;
	struct agent *agent = by->agent;
	const struct journal_wait former = *confirm_wait(agent->confirm);
	bool whole = by->peer || !former.by_hand; /* else somebody's word is still to come */
	struct journal_entry entry = change_entry_by(by->peer, by->origin);
	int err = confirmation_end(agent, whole);

	entry.generation = found->generation;
	entry.path = found->path;
	entry.text = found->text;
	entry.hash = found->hash;
	entry.action = whole ? "confirm" : "checks";
	entry.checks = by->checks;
	entry.message = by->message;
	if (!err)
		err = journal_add(agent->journal, &entry);
	if (!err)
		err = journal_commit(agent->journal);
	if (err)
		confirm_restore(agent->confirm, &former);
	else
		change_record(agent, &entry);
	return err;
}

static int confirmation_make(struct confirmation *by)
{
	struct journal *journal = by->agent->journal;
	uint32_t generation = confirm_wait(by->agent->confirm)->generation;
	int err = journal_begin(journal);

	if (!err)
		err = journal_find(journal, generation, confirmation_keep, by);
	if (err) {
		log_error("confirm: it cannot be recorded: %s", strerror(-err));
		journal_abort(journal);
	}
	return err;
}

void standing_confirm(struct agent *agent, struct ticket *ticket, const char *message,
		      const struct origin *origin)
{
	const struct journal_wait *wait = confirm_wait(agent->confirm);
	struct confirmation by = { agent, ticket_peer(ticket), origin, message, "" };
	uint32_t generation = wait ? wait->generation : 0;

	if (!wait) {
		ticket_fault(ticket, RPC_NOT_FOUND, NULL, "no policy waits for a confirmation");
		return;
	}
	if (confirm_overdue(agent->confirm)) {
		ticket_fault(ticket, RPC_WAITS, NULL,
			     "too late: the time is over and generation %u comes back", wait->former);
		return;
	}
	if (confirmation_make(&by)) {
		ticket_fault(ticket, RPC_INTERNAL, NULL,
			     "the confirmation cannot be recorded; the policy waits on");
		return;
	}
	checks_stop(agent->checks);
	log_info("policy: generation %u is confirmed by %s", generation, by.peer->user);
	ticket_result(ticket,
		      json_pack("{s:I, s:b}", "generation", (json_int_t)generation, "confirmed", 1));
}

void standing_watch(struct agent *agent)
{
	const struct journal_wait *wait = confirm_wait(agent->confirm);
	struct edition *live = editions_live(agent->editions);
	uint64_t within_ms, left_ms = confirm_left_ms(agent->confirm);
	int err;

	if (!wait || !wait->by_checks || left_ms <= CHECKS_MARGIN_MS) {
		checks_stop(agent->checks);
		return;
	}
	within_ms = live->policy->confirm.within_s * 1000ULL;
	if (within_ms > left_ms - CHECKS_MARGIN_MS)
		within_ms = left_ms - CHECKS_MARGIN_MS;
	err = checks_begin(agent->checks, live, wait->generation, within_ms);
	if (err) /* its time brings the former policy back */
		log_error("confirm: the checks of generation %u cannot be run: %s",
			  wait->generation, strerror(-err));
}

static void checks_record(struct agent *agent, const struct checks_result *result)
{
	const json_t *row;
	size_t i;

	json_array_foreach(result->rows, i, row)
		records_check(
			agent->records,
			&(struct eve_check){
				.generation = result->generation,
				.check = json_string_value(json_object_get(row, "check")),
				.asks = json_string_value(json_object_get(row, "asks")),
				.said = json_string_value(json_object_get(row, "said")),
				.passed = json_is_true(json_object_get(row, "passed")),
				.attempts = (uint32_t)json_integer_value(
					json_object_get(row, "attempts")),
				.ms = (uint32_t)json_integer_value(json_object_get(row, "ms")) });
}

void standing_checked(void *arg, const struct checks_result *result)
{
	struct agent *agent = arg;
	const struct journal_wait *wait = confirm_wait(agent->confirm);
	static const struct origin nothing;
	char *checks = json_dumps(result->rows, JSON_COMPACT);
	struct confirmation by = { agent, NULL, &nothing, result->words, checks };
	int err;

	checks_record(agent, result);
	if (!wait || wait->generation != result->generation) {
		free(checks);
		return;
	}
	if (result->passed) {
		log_info("confirm: generation %u: %s", result->generation, result->words);
		confirmation_make(&by); /* what cannot be recorded waits on, until its time is over */
	} else {
		err = back_queue(agent, result->words, checks, back_done);
		if (err)
			back_done(agent, err);
	}
	free(checks);
}

/* --policy, or the journal's newest. */
static int last_read(struct agent *agent, struct kept_policy *last)
{
	const char *file = agent->settings->policy;
	struct diag diag;

	if (file && confirm_wait(agent->confirm)) {
		log_warn("policy: --policy %s is put aside while a confirmation waits", file);
		file = NULL;
	}
	if (!file) {
		journal_walk(agent->journal, 0, kept_found, last);
		return 0;
	}
	diag_init(&diag);
	last->text = policy_bundle(file, &diag);
	last->path = strdup(file);
	log_diag("policy", &diag);
	diag_free(&diag);
	return last->text ? 0 : -EINVAL;
}

static int last_queue(struct agent *agent, const struct kept_policy *last,
		      void (*started)(struct agent *agent, int err))
{
	if (last->text && last->path)
		return change_own(agent->changes,
				  &(struct change_wish){ .bundle = last->text,
							 .path = last->path,
							 .action = "start",
							 .message = "",
							 .base = -1 },
				  started);
	log_warn("policy: none was applied yet and none was given; nothing is served until "
		 "`sekisho policy apply FILE`");
	started(agent, 0);
	return 0;
}

int standing_start(struct agent *agent, void (*started)(struct agent *agent, int err))
{
	struct kept_policy last = {};
	int err;

	if (confirm_overdue(agent->confirm) && overdue_queue(agent, started) == 0)
		return 0;
	err = last_read(agent, &last);
	if (!err)
		err = last_queue(agent, &last, started);
	kept_free(&last);
	return err;
}
