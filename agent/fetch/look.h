/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that lists are read from, looked at now and then: one that has become another one, and has stayed so
 * from one look to the next, is told. Looks are made in a thread, for a file's disk may hang.
 */
#ifndef AGENT_FETCH_LOOK_H
#define AGENT_FETCH_LOOK_H

#include "base/loop.h"
#include "model/model.h"

struct look;

int look_new(struct loop *loop, void (*changed)(void *arg, const char *list, bool names), void *arg,
	     struct look **ret_look);
int look_start(struct look *look);
void look_free(struct look *look);

/* The files of this policy, which has just come in force, from now on. */
void look_policy(struct look *look, const struct policy *policy);
void look_second(struct look *look); /* call once a second */

#endif
