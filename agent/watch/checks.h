/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a policy that went live: each asked in a thread of its own until it passes or has
 * failed as often as the policy allows. Knows probes and an edition; standing.c decides what follows.
 */
#ifndef AGENT_WATCH_CHECKS_H
#define AGENT_WATCH_CHECKS_H

#include <jansson.h>

#include "base/loop.h"
#include "editions.h"

struct checks;

/* What came of one policy's checks. */
struct checks_result {
	uint32_t generation;
	bool passed; /* all of them */
	const char *words; /* "web passed, next-hop failed: no reply (3 attempts)" */
	/* [{"check","asks","passed","attempts","ms","said"}]; borrowed */
	const json_t *rows;
};

/*
 * done(arg, result) is called from the loop once for each checks_begin() that is not stopped before.
 * Returns 0 or -errno.
 */
int checks_new(struct loop *loop, void (*done)(void *arg, const struct checks_result *result),
	       void *arg, struct checks **ret_checks);
/* After rights were given up, as every thread. */
int checks_start(struct checks *checks);
void checks_free(struct checks *checks);

/*
 * Asks the edition's checks, which has some, for at most so many ms; ends what was asked before.
 * Returns 0 or -errno (then done is not called).
 */
int checks_begin(struct checks *checks, struct edition *edition, uint32_t generation,
		 uint64_t within_ms);
/* Nothing is asked any more. */
void checks_stop(struct checks *checks);

#endif
