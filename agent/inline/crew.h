/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers of inspection in line: threads, each with an engine and sockets of its own, and what they
 * share.
 */
#ifndef AGENT_INLINE_CREW_H
#define AGENT_INLINE_CREW_H

#include "inline/lines.h"
#include "inline/meeting.h"
#include "inline/plan.h"
#include "inline/serve.h"
#include "inspect/inspector.h"
#include "install/install.h"

struct inline_worker; /* worker.h */

struct inline_crew_parts {
	const struct gate *gate;
	unsigned int workers; /* 1 to SEK_WORKERS_MAX */
	struct lines **lines; /* by worker: where its records go */
	int told_fd; /* an eventfd: there are lines */
	/*
	 * Makes what the engines go by, in the first worker's thread, since it takes long. 0 or -errno: no
	 * worker begins, and the kernel does what `fail:` says.
	 */
	int (*prepare)(void *arg, struct inspect_settings *ret_settings);
	void *arg;
};

/* Rules that are to take the place of those that the workers ask. */
struct inline_exchange {
	const struct ruleset *ruleset; /* built with the former before it */
	struct scratch **scratch; /* a worker's each, made for it; when it is done, what asked the former */
	int err; /* when it is done: 0, or -errno and nothing has changed */
};

/* All of it is the workers' to read; what is written says by whom. */
struct inline_crew {
	struct inline_crew_parts parts;
	struct inline_worker *workers;
	struct inspect_settings settings;
	struct service service;
	struct meeting meeting;
	pthread_mutex_t turn; /* of what rules remember beyond a flow */
	atomic_bool ends, serves, exchanged;
	_Atomic(struct plan *) next; /* to be followed from now on */
	_Atomic(struct inline_exchange *) exchange; /* to be done */
	/* In a meeting: */
	struct plan *plan;
	bool reopens; /* other ports: all sockets are made anew when the rings are empty */
};

int inline_crew_new(const struct inline_crew_parts *parts, struct inline_crew **ret_crew);
/* The threads begin; after rights were given up. */
int inline_crew_start(struct inline_crew *crew);
/* Takes the plan over. */
void inline_crew_follow(struct inline_crew *crew, struct plan *plan);
/* They have their rules and ask them; before that, and where they could not begin, none are exchanged. */
bool inline_crew_serves(struct inline_crew *crew);
/* Between two frames, soon; exchange is the workers' until it is done. One at a time. */
void inline_crew_exchange(struct inline_crew *crew, struct inline_exchange *exchange);
/* Told by told_fd. True once: the exchange is done. */
bool inline_crew_exchanged(struct inline_crew *crew);
/* Frames that they have are inspected and sent on first. */
void inline_crew_free(struct inline_crew *crew);

#endif
