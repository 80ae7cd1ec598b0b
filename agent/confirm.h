/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one policy that waits for its confirmation: kept in the journal before it goes live, so that
 * neither a lost session nor a killed agent can lock anybody out for good. Knows the journal and a
 * timer; change.c goes back when it says so.
 */
#ifndef AGENT_CONFIRM_H
#define AGENT_CONFIRM_H

#include <jansson.h>

#include "base/loop.h"
#include "install/journal.h"
#include "text/diag.h"

struct confirm;

/*
 * Takes up the wait that the journal holds, if any. overdue(arg) is called from the loop when its time
 * is over, not when it was over before: confirm_overdue() tells that. Returns 0, or -errno after words
 * in the log.
 */
int confirm_new(struct loop *loop, struct journal *journal, void (*overdue)(void *arg), void *arg,
		struct confirm **ret_confirm);
void confirm_free(struct confirm *confirm);

/* What waits, or NULL; valid until the next call that changes it. */
const struct journal_wait *confirm_wait(const struct confirm *confirm);
/* Milliseconds that what waits has left; 0 too when nothing waits. */
uint64_t confirm_left_ms(const struct confirm *confirm);
/* It waits and its time is over. */
bool confirm_overdue(const struct confirm *confirm);

/*
 * Begins a wait: generation, former, seconds, uid, user and by what are the caller's, the clocks are
 * set here. On the disk when it returns 0; else -errno with words in diag, and nothing waits.
 */
int confirm_begin(struct confirm *confirm, const struct journal_wait *wait, struct diag *diag);
/* As it was before, when what was begun or ended could not be kept; NULL: nothing waited. */
void confirm_restore(struct confirm *confirm, const struct journal_wait *wait);
/* The same policy got another number at a start. */
void confirm_moved(struct confirm *confirm, uint32_t generation);
/* Its checks have passed, and somebody must confirm it still. 0 or -errno after words in the log. */
int confirm_checked(struct confirm *confirm);
/* Going back has failed: overdue() is called again in a while. */
void confirm_again(struct confirm *confirm);
/* Nothing waits any more. Returns 0, or -errno after words in the log: then it waits on. */
int confirm_end(struct confirm *confirm);

/* As journal_wait_json(), or null when nothing waits; a new reference. */
json_t *confirm_json(const struct confirm *confirm);

#endif
