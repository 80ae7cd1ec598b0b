/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last words of `sekisho rule stats`: what asking each rule took in a run of the engine. Called by
 * inspect.c.
 */
#ifndef AGENT_REPLAY_RULESTATS_H
#define AGENT_REPLAY_RULESTATS_H

#include "replay/inspect.h"

struct engine;
struct ruleset;

/* When nothing is under way any more. Returns 0 or -ENOMEM. */
int rulestats_print(const struct engine *engine, const struct ruleset *ruleset,
		    const struct inspect_options *options);

#endif
