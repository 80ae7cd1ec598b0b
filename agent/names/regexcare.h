/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the compiled expressions what those of the lists in force are: looked at a few times a minute,
 * compiled in a worker, put in force in the loop. Meanwhile the former ones stay.
 */
#ifndef AGENT_NAMES_REGEXCARE_H
#define AGENT_NAMES_REGEXCARE_H

#include "base/worker.h"
#include "names/namewatch.h"

struct names;
struct regexcare;

int regexcare_new(struct loop *loop, struct worker *worker, struct names *names,
		  struct namewatch *watch, struct regexcare **ret_care); /* 0 or -errno */
/* After the worker has ended. */
void regexcare_free(struct regexcare *care);

#endif
