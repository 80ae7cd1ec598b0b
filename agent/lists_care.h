/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of addresses and of names in the agent: loading in a worker with progress, expiry by the
 * clock, and the requests list.*. What a list is, is policy/install's lists and names.
 */
#ifndef AGENT_LISTS_CARE_H
#define AGENT_LISTS_CARE_H

#include "base/loop.h"
#include "base/worker.h"
#include "control.h"
#include "editions.h"
#include "install/install.h"
#include "install/journal.h"

struct lists_care;
struct names;

/* state_dir/lists is made and keeps contents. Returns 0 or -errno after words in the log. */
int lists_care_new(struct loop *loop, struct worker *worker, struct gate *gate,
		   struct journal *journal, const char *state_dir, struct lists_care **ret_lists);
/* After the worker was freed. */
void lists_care_free(struct lists_care *lists);

/* The lists of a policy that is to be this generation. In the worker's thread. As lists_prepare(). */
int lists_care_prepare(struct lists_care *lists, const struct policy *policy, uint32_t generation,
		       struct diag *diag);
/* In the loop: makes that generation live with its lists, as install_commit(); or nothing of them. */
void lists_care_commit(struct lists_care *lists, struct gate *gate, uint32_t generation);
void lists_care_abort(struct lists_care *lists);

/* The same behind a policy that is live already, in the background; what goes wrong is logged. */
void lists_care_reload(struct lists_care *lists, struct edition *edition);

/* The source of one of its lists is another one now; accepted: as lists_accept(). */
void lists_care_renew(struct lists_care *lists, struct edition *edition, const char *list,
		      bool names, bool accepted);

/* The answer to list.show, or NULL after the ticket was answered. */
json_t *lists_care_show(struct lists_care *lists, struct ticket *ticket, json_t *params);
/* list.add, list.delete, list.replace: the ticket is answered when it is done. */
void lists_care_add(struct lists_care *lists, struct ticket *ticket, json_t *params);
void lists_care_delete(struct lists_care *lists, struct ticket *ticket, json_t *params);
void lists_care_replace(struct lists_care *lists, struct ticket *ticket, json_t *params);

/*
 * After a restore the journal and the files are others: lists_care_forget() as lists_forget(), before;
 * lists_care_recall() behind it, in the loop, takes the journal's overrides. The next load puts all in force.
 */
void lists_care_forget(struct lists_care *care);
int lists_care_recall(struct lists_care *care, struct journal *journal);

/* For who looks names up, replaces lists by what was fetched, and puts overrides in force. */
struct names *lists_care_names(struct lists_care *care);

/* "ready", or "reading drop (2 of 5)"; cap is at least 128. */
void lists_care_words(struct lists_care *lists, char *out, size_t cap);

#endif
