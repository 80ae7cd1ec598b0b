/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for probes, and what they bring back. Owned by agent.c, begun and stopped by standing.c.
 * One policy's checks run at a time: a worker waits for their threads, so the loop never does.
 */
#include "watch/checks.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/worker.h"
#include "compile/spell.h"
#include "text/counted.h"
#include "watch/probe.h"

#define PAUSE_MS 500 /* between two attempts */
#define SLICE_MS 100
#define WORDS_CAP 1024

/* One check in its thread. */
struct asking {
	struct round *round;
	const struct model_check *check;
	pthread_t thread;
	bool apart; /* the thread was made */
	int err; /* of the last attempt */
	uint32_t attempts, ms;
	char said[PROBE_SAID];
};

/* All checks of a policy, once. */
struct round {
	struct checks *checks;
	struct edition *edition;
	uint32_t generation;
	uint64_t end_ns;
	atomic_bool stop; /* one has failed, or nobody wants to know any more */
	struct asking *askings;
	size_t cnt;
};

struct checks {
	struct worker *worker;
	void (*done)(void *arg, const struct checks_result *result);
	void *arg;
	struct round *round; /* NULL: none is wanted */
};

/* --- in the threads --- */

/* False when it was told to stop, or the time is over. */
static bool pause_between(const struct round *round)
{
	const struct timespec slice = { .tv_nsec = SLICE_MS * 1000000L };

	for (int ms = 0; ms < PAUSE_MS; ms += SLICE_MS) {
		if (atomic_load(&round->stop) || clock_mono_ns() >= round->end_ns)
			return false;
		nanosleep(&slice, NULL);
	}
	return true;
}

static void *asking_run(void *arg)
{
	struct asking *asking = arg;
	struct round *round = asking->round;
	const struct model_confirm *confirm = &round->edition->policy->confirm;
	uint64_t begin = clock_mono_ns();

	do {
		uint64_t end = clock_mono_ns() + confirm->timeout_ms * 1000000ULL;
		const struct probe_limit limit = { .end_ns = end < round->end_ns ? end : round->end_ns,
						   .stop = &round->stop };

		asking->attempts++;
		asking->err = probe_any(asking->check, &limit, asking->said);
	} while (asking->err && asking->attempts < confirm->attempts && pause_between(round));
	asking->ms = (uint32_t)((clock_mono_ns() - begin) / 1000000);
	if (asking->err && asking->err != -ECANCELED)
		atomic_store(&round->stop, true); /* one that fails decides for all */
	return NULL;
}

static void round_run(void *arg)
{
	struct round *round = arg;

	for (size_t i = 0; i < round->cnt; i++) {
		struct asking *asking = &round->askings[i];

		asking->apart = !pthread_create(&asking->thread, NULL, asking_run, asking);
		if (!asking->apart)
			asking_run(asking);
	}
	for (size_t i = 0; i < round->cnt; i++)
		if (round->askings[i].apart)
			pthread_join(round->askings[i].thread, NULL);
}

/* --- in the loop --- */

static void round_free(struct round *round)
{
	edition_put(round->edition);
	free(round->askings);
	free(round);
}

static json_t *asking_json(const struct asking *asking)
{
	char *asks = spell_check(asking->check);
	json_t *json = json_pack("{s:s, s:s, s:b, s:I, s:I, s:s}", "check", asking->check->name,
				 "asks", asks ? asks : "", "passed", !asking->err, "attempts",
				 (json_int_t)asking->attempts, "ms", (json_int_t)asking->ms, "said",
				 asking->said);

	free(asks);
	return json;
}

/* What failed comes first in people's minds: those, else all that passed. */
static void words_write(const struct round *round, bool passed, char *words, size_t cap)
{
	size_t used = 0;

	words[0] = 0;
	for (size_t i = 0; i < round->cnt && used < cap; i++) {
		const struct asking *asking = &round->askings[i];
		const char *comma = used ? ", " : "";

		if (passed)
			used += (size_t)snprintf(words + used, cap - used, "%s%s passed", comma,
						 asking->check->name);
		else if (asking->err && asking->err != -ECANCELED)
			used += (size_t)snprintf(words + used, cap - used,
						 "%scheck %s failed: %s (%u attempt%s)", comma,
						 asking->check->name, asking->said,
						 asking->attempts, asking->attempts == 1 ? "" : "s");
	}
}

static void round_done(void *arg)
{
	struct round *round = arg;
	struct checks *checks = round->checks;
	struct checks_result result = { .generation = round->generation, .passed = true };
	char words[WORDS_CAP];
	json_t *rows;

	if (checks->round != round) { /* stopped, or others were begun */
		round_free(round);
		return;
	}
	checks->round = NULL;
	rows = json_array();
	for (size_t i = 0; i < round->cnt; i++) {
		result.passed &= !round->askings[i].err;
		json_array_append_new(rows, asking_json(&round->askings[i]));
	}
	words_write(round, result.passed, words, sizeof(words));
	result.words = words;
	result.rows = rows;
	checks->done(checks->arg, &result);
	json_decref(rows);
	round_free(round);
}

int checks_new(struct loop *loop, void (*done)(void *arg, const struct checks_result *result),
	       void *arg, struct checks **ret_checks)
{
	struct checks *checks = calloc(1, sizeof(*checks));
	int err = checks ? worker_new(loop, &checks->worker) : -ENOMEM;

	if (!err && curl_global_init(CURL_GLOBAL_DEFAULT)) {
		worker_free(checks->worker);
		err = -ENOMEM;
	}
	if (err) {
		free(checks);
		return err;
	}
	checks->done = done;
	checks->arg = arg;
	*ret_checks = checks;
	return 0;
}

int checks_start(struct checks *checks)
{
	return worker_start(checks->worker);
}

void checks_stop(struct checks *checks)
{
	if (checks->round)
		atomic_store(&checks->round->stop, true);
	checks->round = NULL; /* the worker's until it comes back */
}

void checks_free(struct checks *checks)
{
	if (!checks)
		return;
	checks_stop(checks);
	worker_free(checks->worker);
	curl_global_cleanup();
	free(checks);
}

int checks_begin(struct checks *checks, struct edition *edition, uint32_t generation,
		 uint64_t within_ms)
{
	const struct model_confirm *confirm = &edition->policy->confirm;
	struct round *round = calloc(1, sizeof(*round));
	int err = -ENOMEM;

	checks_stop(checks);
	if (!round)
		return err;
	round->checks = checks;
	round->edition = edition_get(edition);
	round->generation = generation;
	round->end_ns = clock_mono_ns() + within_ms * 1000000;
	round->cnt = confirm->check_cnt;
	round->askings = calloc(round->cnt, sizeof(*round->askings));
	for (size_t i = 0; round->askings && i < round->cnt; i++)
		round->askings[i] = (struct asking){ .round = round,
						     .check = &confirm->checks[i],
						     .err = -ECANCELED };
	if (round->askings)
		err = worker_post(checks->worker, round_run, round_done, round);
	if (err) {
		round_free(round);
		return err;
	}
	checks->round = round;
	log_info("confirm: %s of generation %u %s", COUNTED(round->cnt, "check"), generation,
		 by_count(round->cnt, "runs", "run"));
	return 0;
}
