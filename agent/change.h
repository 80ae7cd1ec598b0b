/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of policy, one after the other: validate, prepare, commit, record (DESIGN.md, 5). All but
 * the commit is done in a worker, so others are answered meanwhile; whatever fails before it leaves
 * the live policy untouched.
 */
#ifndef AGENT_CHANGE_H
#define AGENT_CHANGE_H

#include "control.h"
#include "install/journal.h"

struct agent;
struct changes;

/* Where a peer says that it sits. Its own word, kept as that. */
struct origin {
	char login[64], tty[64], ssh[160];
};

/* What is wished; strings are copied. */
struct change_wish {
	const char *bundle; /* the policy with its includes */
	const char *path; /* where it came from, for people */
	const char *action; /* "apply", "rollback", "restore", "start"; not copied */
	const char *message; /* why */
	const struct origin *origin; /* NULL: nothing */
	int64_t base; /* generation that it was made against; -1: not said */
	uint32_t confirm_s; /* it goes back by itself unless confirmed in time; 0: it stays */
	bool unchecked; /* the policy's own checks are not run */
	json_t *extra; /* an object whose members the answer has as well; taken over; NULL: none */
	const char *checks; /* JSON of the checks that led here; NULL: none */
};

int changes_new(struct agent *agent, struct changes **ret_changes);
/* After the worker was freed. */
void changes_free(struct changes *changes);

/*
 * Takes a wish of a peer, who is answered when it is done and on the disk: {"generation","unchanged",
 * "changes":[...],"diag":[...]}, or RPC_INPUT, or RPC_STALE with data.diff. What the journal cannot
 * keep is refused.
 */
void change_ask(struct changes *changes, struct ticket *ticket, const struct change_wish *wish);

/*
 * A wish of the agent itself; calls done(agent, err) when it is live or has failed. Returns 0, or
 * -ENOMEM and no call.
 */
int change_own(struct changes *changes, const struct change_wish *wish,
	       void (*done)(struct agent *agent, int err));

/*
 * An entry of this moment by a peer (NULL: by the agent itself) who said where it sits (NULL: it did
 * not); all else of it is empty. Its strings stay theirs.
 */
struct journal_entry change_entry_by(const struct peer *peer, const struct origin *origin);
/* Writes to the journal and the records; what cannot be written is said in the log. */
void change_note(struct agent *agent, const struct journal_entry *entry);
/* To the records alone, of what is in the journal. */
void change_record(struct agent *agent, const struct journal_entry *entry);
/* Writes to the journal and the records that a peer was refused something. */
void change_refused(struct agent *agent, const struct peer *peer, const char *what);

#endif
