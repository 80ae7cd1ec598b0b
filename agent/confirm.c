/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wait in the journal and its timer. Made by agent.c, driven by change.c.
 */
#include "confirm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define AGAIN_MS 10000 /* between two tries of going back */

struct confirm {
	struct loop *loop;
	struct journal *journal;
	void (*overdue)(void *arg);
	void *arg;
	struct source *timer; /* NULL: none was ever needed */
	bool waits;
	struct journal_wait wait;
};

static uint64_t left_ms(const struct confirm *confirm)
{
	struct journal_now now;

	journal_now(&now);
	return journal_wait_left(&confirm->wait, &now);
}

static int timer_set(struct confirm *confirm, uint64_t ms);

static void timer_fired(void *arg)
{
	struct confirm *confirm = arg;
	uint64_t left;

	if (!confirm->waits)
		return;
	left = left_ms(confirm);
	if (left)
		timer_set(confirm, left);
	else
		confirm->overdue(confirm->arg);
}

static int timer_set(struct confirm *confirm, uint64_t ms)
{
	int err = confirm->timer
			  ? source_arm(confirm->timer, ms, 0)
			  : loop_timer(confirm->loop, ms, 0, timer_fired, confirm, &confirm->timer);

	if (err)
		log_error("confirm: no clock for it: %s", strerror(-err));
	return err;
}

/* After another boot: from now on by this one's clock, before somebody sets the time. */
static void wait_rebase(struct confirm *confirm)
{
	struct journal_wait *wait = &confirm->wait;
	struct journal_now now;
	int err;

	journal_now(&now);
	if (strcmp(wait->boot, now.boot) == 0)
		return;
	wait->deadline_ns = now.mono_ns + journal_wait_left(wait, &now) * 1000000;
	snprintf(wait->boot, sizeof(wait->boot), "%s", now.boot);
	err = journal_wait_set(confirm->journal, wait);
	if (err)
		log_error("confirm: this boot's clock cannot be recorded: %s", strerror(-err));
}

/* The journal's wait; what is over already is for the caller of confirm_overdue(). */
static int wait_take(struct confirm *confirm)
{
	uint64_t left;
	int err = journal_wait_get(confirm->journal, &confirm->wait);

	if (err == -ENOENT)
		return 0;
	if (err) {
		log_error("confirm: the journal does not tell what waits: %s", strerror(-err));
		return err;
	}
	confirm->waits = true;
	wait_rebase(confirm);
	left = left_ms(confirm);
	log_warn("confirm: generation %u waits for its confirmation, %llu s are left",
		 confirm->wait.generation, (unsigned long long)(left + 999) / 1000);
	return left ? timer_set(confirm, left) : 0;
}

int confirm_new(struct loop *loop, struct journal *journal, void (*overdue)(void *arg), void *arg,
		struct confirm **ret_confirm)
{
	struct confirm *confirm = calloc(1, sizeof(*confirm));
	int err;

	if (!confirm)
		return -ENOMEM;
	confirm->loop = loop;
	confirm->journal = journal;
	confirm->overdue = overdue;
	confirm->arg = arg;
	err = wait_take(confirm);
	if (err) {
		confirm_free(confirm);
		return err;
	}
	*ret_confirm = confirm;
	return 0;
}

void confirm_free(struct confirm *confirm)
{
	if (!confirm)
		return;
	if (confirm->waits)
		log_warn("confirm: generation %u still waits; the next start counts on",
			 confirm->wait.generation);
	source_remove(confirm->timer);
	free(confirm);
}

const struct journal_wait *confirm_wait(const struct confirm *confirm)
{
	return confirm->waits ? &confirm->wait : NULL;
}

uint64_t confirm_left_ms(const struct confirm *confirm)
{
	return confirm->waits ? left_ms(confirm) : 0;
}

bool confirm_overdue(const struct confirm *confirm)
{
	return confirm->waits && left_ms(confirm) == 0;
}

int confirm_begin(struct confirm *confirm, const struct journal_wait *wait, struct diag *diag)
{
	struct journal_now now;
	int err;

	journal_now(&now);
	confirm->wait = *wait;
	confirm->wait.deadline_ms = now.real_ms + (int64_t)wait->seconds * 1000;
	confirm->wait.deadline_ns = now.mono_ns + (uint64_t)wait->seconds * 1000000000;
	snprintf(confirm->wait.boot, sizeof(confirm->wait.boot), "%s", now.boot);
	err = timer_set(confirm, (uint64_t)wait->seconds * 1000);
	if (!err)
		err = journal_wait_set(confirm->journal, &confirm->wait);
	if (err) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "apply it without confirm",
			 "the wait for a confirmation cannot be kept: %s", strerror(-err));
		return err;
	}
	confirm->waits = true;
	return 0;
}

void confirm_restore(struct confirm *confirm, const struct journal_wait *wait)
{
	confirm->waits = wait;
	if (wait)
		confirm->wait = *wait;
}

void confirm_moved(struct confirm *confirm, uint32_t generation)
{
	int err;

	if (!confirm->waits || confirm->wait.generation == generation)
		return;
	confirm->wait.generation = generation;
	err = journal_wait_set(confirm->journal, &confirm->wait);
	if (err)
		log_error("confirm: generation %u cannot be recorded as the one that waits: %s",
			  generation, strerror(-err));
}

int confirm_checked(struct confirm *confirm)
{
	int err;

	confirm->wait.by_checks = false;
	err = journal_wait_set(confirm->journal, &confirm->wait);
	if (err)
		log_error("confirm: that the checks have passed cannot be recorded: %s",
			  strerror(-err));
	return err;
}

void confirm_again(struct confirm *confirm)
{
	if (confirm->waits)
		timer_set(confirm, AGAIN_MS);
}

int confirm_end(struct confirm *confirm)
{
	int err = confirm->waits ? journal_wait_end(confirm->journal) : 0;

	if (err)
		log_error("confirm: the end of the wait cannot be recorded: %s", strerror(-err));
	else
		confirm->waits = false;
	return err;
}

json_t *confirm_json(const struct confirm *confirm)
{
	struct journal_now now;

	journal_now(&now);
	return confirm->waits ? journal_wait_json(&confirm->wait, &now) : json_null();
}
