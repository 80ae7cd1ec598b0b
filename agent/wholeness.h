/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the journal is whole, looked at after each start and each restore, beside everything else.
 */
#ifndef AGENT_WHOLENESS_H
#define AGENT_WHOLENESS_H

#include "base/worker.h"

struct wholeness;

/* Reads state_dir/journal.db in the worker; what is wrong is logged. 0 or -errno. */
int wholeness_new(struct worker *worker, const char *state_dir, struct wholeness **ret_wholeness);
/* After the worker was freed. */
void wholeness_free(struct wholeness *wholeness);

/* Looks again: the journal was replaced. 0 or -errno. */
int wholeness_look(struct wholeness *wholeness);

/* What is wrong, in words; "" nothing, or it is still being looked at. */
const char *wholeness_words(const struct wholeness *wholeness);

#endif
