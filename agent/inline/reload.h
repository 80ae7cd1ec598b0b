/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that are read again, to take the place of those in force: made aside, since it takes seconds. The
 * exchange itself is the workers' that ask them.
 */
#ifndef AGENT_INLINE_RELOAD_H
#define AGENT_INLINE_RELOAD_H

#include "base/worker.h"
#include "detect/detect.h"
#include "sekisho/handoff.h"

struct reload {
	int err; /* 0, or -errno: nothing has changed */
	struct ruleset_tally tally;
	struct diag diag; /* what is wrong with rules, each with its place */
	uint64_t began_ns;
	struct ruleset *ruleset; /* NULL: taken over, or not made */
	struct scratch *scratch[SEK_WORKERS_MAX]; /* of each worker */
	unsigned int workers;
	struct ruleset_sources sources;
	struct file_room *files; /* whose scanner reads its rules anew as well; NULL: none does */
	void (*made)(void *arg, struct reload *reload);
	void *arg;
};

/*
 * Makes a set of rules and what so many workers ask it with, in the worker's thread; what the sources name
 * must stay. Rules that are refused are told, as at a start; where none at all is taken, that is an error.
 * made is then called in the loop's thread, and the reload is the callee's. Returns 0, -ENOMEM or -EBUSY:
 * then made is not called.
 */
int reload_begin(struct worker *worker, const struct ruleset_sources *sources, unsigned int workers,
		 struct file_room *files, void (*made)(void *arg, struct reload *reload), void *arg);
void reload_free(struct reload *reload);

#endif
