/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway asked again and again, for a view that stays: the agent, else the pinned maps, else
 * nobody, and which of them it was. Says nothing itself; what went wrong is in diag.
 */
#ifndef POLICY_CLI_WATCH_H
#define POLICY_CLI_WATCH_H

#include "cli/live.h"

enum watch_from {
	WATCH_NOBODY, /* there is no gateway, or it may not be looked at */
	WATCH_MAPS, /* sekishod does not answer; the kernel's half is there */
	WATCH_AGENT,
};

struct watch_question {
	const char *method;
	json_t *params; /* stays the asker's; NULL: none */
	live_peek *peek; /* NULL: only the agent knows */
	json_t *result; /* the answer, the asker's; NULL: there is none */
	uint64_t at_ns; /* when it came, CLOCK_MONOTONIC */
};

struct watch;

/* cli must outlive it. NULL: no memory. */
struct watch *watch_new(const struct cli *cli);
void watch_free(struct watch *watch);

/*
 * Asks all, of one source; the first should be one that is answered at once. An agent that hangs
 * costs a second and is then left alone for a while. Returns where the answers came from, or -EACCES
 * when the asker may not ask; the words to anything but WATCH_AGENT are in diag.
 */
int watch_ask(struct watch *watch, struct watch_question *questions, size_t cnt, struct diag *diag);

#endif
