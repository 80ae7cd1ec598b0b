/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket in a private folder, JSON-RPC 2.0 by lines. Decides who
 * a peer is by its credentials, cuts lines, hands requests over, sends answers; knows no method.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "base/loop.h"
#include "base/worker.h"
#include "request.h"

struct control;
struct ticket; /* one request that waits for its answer; its client may go meanwhile */

struct peer {
	uid_t uid;
	pid_t pid;
	char user[33]; /* name of the uid, or its number */
	enum role role;
};

struct control_calls {
	/* Must answer the ticket, now or later, exactly once. params may be NULL. */
	void (*request)(void *arg, struct ticket *ticket, const char *method, json_t *params);
	/* A peer in no group was turned away. */
	void (*refused)(void *arg, const struct peer *peer, const char *what);
	void *arg;
};

/*
 * Makes run_dir private (0700) before anything else, whatever the umask and whatever was there,
 * takes its lock (-EBUSY: another agent lives), binds run_dir/control.sock and only then opens the
 * folder to the group "sekisho". Long lines are parsed in the worker. Returns 0 or -errno.
 */
int control_new(struct loop *loop, struct worker *worker, const char *run_dir,
		const struct control_calls *calls, struct control **ret_control);
void control_free(struct control *control);

/* Looks the groups up again. */
void control_groups(struct control *control);
uint32_t control_clients(const struct control *control);

const struct peer *ticket_peer(const struct ticket *ticket);
/*
 * The file that came with the request (SCM_RIGHTS), as only an operator's or admin's does; -1: none. Its
 * owner opened it with his own rights, and it may be anything. Open until the ticket ends.
 */
int ticket_file(const struct ticket *ticket);
/* Whether its client is still there to hear the answer. */
bool ticket_waited(const struct ticket *ticket);
/* Both end the ticket and take over the JSON. */
void ticket_result(struct ticket *ticket, json_t *result);
void ticket_fault(struct ticket *ticket, int code, json_t *data, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
