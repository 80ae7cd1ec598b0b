/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes its time in a rule is made when the rule is first asked: of tens of thousands few ever
 * are. Called by detect.c; any number of workers may come at the same time.
 */
#ifndef AGENT_DETECT_PREPARE_H
#define AGENT_DETECT_PREPARE_H

#include <pthread.h>
#include <stdatomic.h>

#include "detect/parse/parse.h"

struct prepared {
	pthread_mutex_t lock;
	_Atomic uint8_t done[]; /* by number of the rule */
};

/* Returns 0 or -ENOMEM. */
int prepared_new(const struct signatures *signatures, struct prepared **ret_prepared);
void prepared_free(struct prepared *prepared);
void prepared_make(struct prepared *prepared, const struct signature *s);

static inline void rule_prepare(struct prepared *prepared, const struct signature *s)
{
	if (!atomic_load_explicit(&prepared->done[s->number], memory_order_acquire))
		prepared_make(prepared, s);
}

#endif
