/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policy stands when nobody asks: at the start, and when an apply was not confirmed in time.
 */
#ifndef AGENT_STANDING_H
#define AGENT_STANDING_H

#include "change.h"

struct agent;
struct checks_result;

/*
 * The start: --policy, or the journal's last; while a policy waits for its confirmation that one, or
 * the former when its time is over. Calls started(agent, err) when it is live, or when there is none
 * yet (0), or when it failed. Returns 0, or -errno with words in the log and no call.
 */
int standing_start(struct agent *agent, void (*started)(struct agent *agent, int err));

/* Runs the checks that the policy in force waits for, if any, else none. */
void standing_watch(struct agent *agent);

/* What came of them: the policy is kept, or the former comes back. arg is the struct agent. */
void standing_checked(void *arg, const struct checks_result *result);

/* Nobody has confirmed in time: the former generation again. arg is the struct agent. */
void standing_back(void *arg);

/* Keeps what waits for its confirmation: journal, log, and the ticket's answer. */
void standing_confirm(struct agent *agent, struct ticket *ticket, const char *message,
		      const struct origin *origin);

#endif
