/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread for what takes long. A job runs there and is finished in the loop's thread, so nothing
 * of the agent needs a lock.
 */
#ifndef AGENT_BASE_WORKER_H
#define AGENT_BASE_WORKER_H

#include <stddef.h>

#include "base/loop.h"

struct worker;

/* The thread begins with worker_start(), after rights were given up; jobs wait until then. */
int worker_new(struct loop *loop, struct worker **ret_worker);
int worker_start(struct worker *worker);

/* Waits for the job that runs; jobs that did not start are finished without having run. */
void worker_free(struct worker *worker);

/*
 * run(arg) in the worker's thread, then done(arg) in the loop's. Jobs run one after the other, each
 * when the one before is done.
 * Returns 0 or -ENOMEM, or -EBUSY when jobs_max already wait (then neither is called).
 */
int worker_post(struct worker *worker, void (*run)(void *arg), void (*done)(void *arg), void *arg);

#endif
