/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The composition root: makes every part, joins them, ends them in reverse. main.c runs it;
 * method/ answers the control socket by it.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/loop.h"
#include "base/worker.h"
#include "change.h"
#include "confirm.h"
#include "control.h"
#include "dataplane/events.h"
#include "dataplane/ports.h"
#include "editions.h"
#include "install/install.h"
#include "install/journal.h"
#include "report/metrics.h"
#include "report/records.h"
#include "settings.h"

struct agent {
	const struct settings *settings;
	struct loop *loop;
	struct worker *long_jobs; /* lists, long requests */
	struct worker *readings; /* walks over the flow table */
	struct worker *questions; /* packets that are explained */
	unsigned int questions_waiting;
	struct gate *gate;
	struct gate_adopted adopted;
	struct journal *journal;
	struct editions *editions;
	struct ports *ports;
	struct pagelink *pagelink;
	struct records *records;
	struct events *events;
	struct lists_care *lists;
	struct feeds *feeds;
	struct release *release;
	struct changes *changes;
	struct confirm *confirm;
	struct checks *checks;
	struct wholeness *wholeness;
	struct sweep *sweep;
	struct flood *flood;
	struct livecapture *livecapture;
	struct namewatch *namewatch;
	struct regexcare *regexcare;
	struct inspection *inspection; /* NULL: no rules were given */
	struct control *control;
	struct metrics *metrics;
	int signal_fd;
	struct source *signals, *heartbeat, *inspection_look;
	uint64_t started_ns;
	int exit_code;
};

/*
 * Starts everything; the kernel serves when it returns 0. Else -errno, after words in the log; what
 * was pinned before stays as it was.
 */
int agent_new(const struct settings *settings, struct agent **ret_agent);
/* Until a signal or agent.stop. Returns 0 or -errno. */
int agent_run(struct agent *agent);
/* Ends the agent; programs, links and pins stay and traffic goes on. */
void agent_free(struct agent *agent);

/* Takes links and pins of this instance down. Returns 0 or -errno (-EBUSY: an agent lives). */
int agent_detach(const struct settings *settings);

/* The policy in force, or NULL. */
const struct policy *agent_policy(const struct agent *agent);

#endif
