/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker of inspection: a thread that has frames of the kernel, asks the engine and sends them on, one
 * after the other. Its records and its end are told to the loop's thread.
 */
#ifndef AGENT_INLINE_WORKER_H
#define AGENT_INLINE_WORKER_H

#include "inline/lines.h"
#include "inline/plan.h"
#include "inspect/inspector.h"
#include "install/install.h"

struct inline_worker;

struct inline_worker_parts {
	const struct gate *gate;
	struct lines *lines; /* where its records go */
	int told_fd; /* an eventfd: there are lines */
	/*
	 * Makes what the engine goes by, in the worker's thread, since it takes long. 0 or -errno: the
	 * worker ends, and the kernel does what `fail:` says.
	 */
	int (*prepare)(void *arg, struct inspect_settings *ret_settings);
	void *arg;
};

/* Rules that are to take the place of those that the worker asks. */
struct inline_exchange {
	const struct ruleset *ruleset; /* built with the former before it */
	struct scratch *scratch; /* made for it; when it is done, what asked the former */
	int err; /* when it is done: 0, or -errno and nothing has changed */
};

int inline_worker_new(const struct inline_worker_parts *parts, struct inline_worker **ret_worker);
/* The thread begins; after rights were given up. */
int inline_worker_start(struct inline_worker *worker);
/* Takes the plan over. */
void inline_worker_follow(struct inline_worker *worker, struct plan *plan);
/* It has its rules and asks them; before that, and where it could not begin, they are not exchanged. */
bool inline_worker_serves(struct inline_worker *worker);
/* Between two frames, soon; exchange is the worker's until it is done. One at a time. */
void inline_worker_exchange(struct inline_worker *worker, struct inline_exchange *exchange);
/* Told by told_fd. True once: the exchange is done. */
bool inline_worker_exchanged(struct inline_worker *worker);
/* Frames that it has are inspected and sent on first. */
void inline_worker_free(struct inline_worker *worker);

#endif
