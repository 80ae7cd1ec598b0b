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

int inline_worker_new(const struct inline_worker_parts *parts, struct inline_worker **ret_worker);
/* The thread begins; after rights were given up. */
int inline_worker_start(struct inline_worker *worker);
/* Takes the plan over. */
void inline_worker_follow(struct inline_worker *worker, struct plan *plan);
/* Frames that it has are inspected and sent on first. */
void inline_worker_free(struct inline_worker *worker);

#endif
