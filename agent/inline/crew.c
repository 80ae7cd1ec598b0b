// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the workers and ends them; brings them what is new. Called by inline.c in the loop's thread; the
 * first worker's thread makes the engines and begins the others.
 */
#include "inline/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "inline/worker.h"

int inline_crew_new(const struct inline_crew_parts *parts, struct inline_crew **ret_crew)
{
	struct inline_crew *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return -ENOMEM;
	c->parts = *parts;
	meeting_init(&c->meeting, parts->workers);
	pthread_mutex_init(&c->turn, NULL);
	c->workers = calloc(parts->workers, sizeof(*c->workers));
	for (unsigned int i = 0; c->workers && i < parts->workers; i++) {
		c->workers[i].wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (c->workers[i].wake_fd < 0)
			r = -errno;
	}
	if (!c->workers || r) {
		inline_crew_free(c);
		return r ? r : -ENOMEM;
	}
	*ret_crew = c;
	return 0;
}

/* --- the first worker's thread --- */

static struct engine_owner owner_of(void *arg, uint16_t tenant)
{
	const struct inline_crew *c = arg;

	return (struct engine_owner){
		.tenant = c->plan && tenant < SEK_TENANTS_MAX ? c->plan->tenants[tenant] : "",
		.generation = c->plan ? c->plan->generation : 0,
		.closed = c->plan && tenant < SEK_TENANTS_MAX && c->plan->closed[tenant]
	};
}

static int engines_begin(struct inline_crew *c)
{
	int r = c->parts.prepare(c->parts.arg, &c->settings);

	if (r)
		return r;
	c->settings.workers = 1; /* the kernel deals the frames: what comes to a worker is its own */
	c->settings.setup.owner = owner_of;
	c->settings.setup.owner_arg = c;
	for (unsigned int i = 0; !r && i < c->parts.workers; i++)
		r = inline_worker_init(&c->workers[i], c, i);
	return r;
}

static void *fellow_run(void *arg)
{
	inline_worker_serve(arg);
	return NULL;
}

/* Signals are blocked in all of them, as in the first. */
static int fellows_begin(struct inline_crew *c)
{
	int r = 0;

	for (unsigned int i = 1; !r && i < c->parts.workers; i++) {
		r = -pthread_create(&c->workers[i].thread, NULL, fellow_run, &c->workers[i]);
		c->workers[i].runs = !r;
	}
	if (r) {
		atomic_store(&c->ends, true);
		meeting_cancel(&c->meeting);
	}
	return r;
}

static void *crew_run(void *arg)
{
	struct inline_crew *c = arg;
	int r = engines_begin(c);

	if (!r)
		r = service_init(&c->service, c->parts.gate, c->parts.workers);
	if (!r)
		r = fellows_begin(c);
	if (r) {
		log_error("inspection: it does not begin: %s; flows to inspect are as `fail:` says",
			  strerror(-r));
		return NULL;
	}
	log_info("inspection: %u workers serve", c->parts.workers);
	atomic_store(&c->serves, true);
	inline_worker_serve(&c->workers[0]);
	return NULL;
}

/* Signals are the loop's. */
int inline_crew_start(struct inline_crew *c)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&c->workers[0].thread, NULL, crew_run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->workers[0].runs = r == 0;
	return r;
}

/* --- what is new --- */

static void all_wake(struct inline_crew *c)
{
	for (unsigned int i = 0; i < c->parts.workers; i++)
		inline_worker_wake(&c->workers[i]);
}

static void all_call(struct inline_crew *c)
{
	meeting_call(&c->meeting);
	all_wake(c);
}

void inline_crew_follow(struct inline_crew *c, struct plan *plan)
{
	free(atomic_exchange(&c->next, plan));
	all_call(c);
}

bool inline_crew_serves(struct inline_crew *c)
{
	return atomic_load(&c->serves);
}

void inline_crew_exchange(struct inline_crew *c, struct inline_exchange *exchange)
{
	atomic_store(&c->exchange, exchange);
	all_call(c);
}

bool inline_crew_exchanged(struct inline_crew *c)
{
	return atomic_exchange(&c->exchanged, false);
}

/* The first has what all remember together: it goes last. */
static void workers_free(struct inline_crew *c)
{
	for (unsigned int i = 0; i < c->parts.workers; i++)
		if (c->workers[i].runs)
			pthread_join(c->workers[i].thread, NULL);
	for (unsigned int i = c->parts.workers; i-- > 0;)
		inline_worker_free(&c->workers[i]);
	free(c->workers);
}

void inline_crew_free(struct inline_crew *c)
{
	if (!c)
		return;
	atomic_store(&c->ends, true);
	if (c->workers) {
		all_wake(c);
		workers_free(c);
	}
	service_end(&c->service);
	inspect_settings_free(&c->settings);
	free(atomic_load(&c->next));
	free(c->plan);
	meeting_end(&c->meeting);
	pthread_mutex_destroy(&c->turn);
	free(c);
}
