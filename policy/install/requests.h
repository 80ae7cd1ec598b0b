/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for release: who asked from the block page for which name, and what became of it. An SQLite
 * file of its own, since strangers fill it and the journal must not grow by them; bounded for the same
 * reason. Written by sekishod. One thread at a time uses a struct requests.
 */
#ifndef POLICY_INSTALL_REQUESTS_H
#define POLICY_INSTALL_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUESTS_MAX 20000 /* kept; of decided ones the oldest make room */
#define REQUESTS_PENDING_MAX 5000
#define REQUESTS_CLIENT_MAX 20 /* pending ones of one address */
#define REQUEST_REFERENCE 10 /* "XXXX-XXXX" and the closing 0 */
#define REQUEST_COMMENT_MAX 1000 /* bytes */

enum request_state { REQUEST_PENDING, REQUEST_GRANTED, REQUEST_DENIED };

/* The strings are never NULL when read; NULL is written as "". */
struct url_request {
	int64_t id;
	int64_t time; /* seconds since 1970 */
	const char *reference; /* what its asker knows of it */
	const char *tenant, *client; /* name of the body, address in text */
	const char *name, *url; /* what was wished for, and where the asker was */
	const char *category, *list; /* why it is held back */
	const char *comment; /* of the asker; any UTF-8 */
	enum request_state state;
	int64_t decided, until; /* until 0: for ever */
	const char *decided_by, *why;
};

/* Of the table "request": what a backup takes and a restore puts back. */
#define REQUEST_COLUMNS                                                                            \
	"id, time, reference, tenant, client, name, url, category, list, comment, state, decided," \
	" until, decided_by, why"

struct requests;

/* Makes the file (not its directory) if absent. 0 or -errno as journal_open(). */
int requests_open(const char *path, struct requests **ret_requests);
void requests_close(struct requests *requests);

/*
 * Puts the rows of table backup_request of the database at `from` in place of all that there are; all of
 * them or, on failure, none. Where it has no such table there is nothing to put back, and what is there
 * stays. Others may have the file open. 0 or -errno.
 */
int requests_restore(struct requests *requests, const char *from);

/*
 * Keeps a new one; state and decision are not looked at. Returns 0, or
 * -EEXIST: the same client waits for the same name already, and ret_reference is that one's;
 * -EDQUOT: the client has too many that wait; -ENOSPC: all have; another -errno.
 */
int requests_add(struct requests *requests, const struct url_request *ask, int64_t *ret_id,
		 char ret_reference[REQUEST_REFERENCE]);

/* Calls back with the one of this number or reference. -ENOENT, or what the callback returns. */
typedef int request_call(const struct url_request *request, void *arg);
int requests_find(struct requests *requests, int64_t id, request_call *found, void *arg);
int requests_find_reference(struct requests *requests, const char *reference, request_call *found,
			    void *arg);

/* The newest first; state -1: any; tenant NULL: any; limit 0: all. Stops when a call returns not 0. */
int requests_walk(struct requests *requests, int state, const char *tenant, uint32_t limit,
		  request_call *each, void *arg);

/*
 * Grants one that waits or was denied, or denies one that waits. -ENOENT: there is none; -EALREADY: it
 * is decided. On the disk when it returns 0.
 */
int requests_decide(struct requests *requests, int64_t id, const struct url_request *decision);

const char *request_state_name(enum request_state state); /* "pending", "granted", "denied" */
int request_state_read(const char *name); /* -1: none of them */

/* As the agent and the CLI show it; a new reference, NULL when out of memory. */
json_t *request_json(const struct url_request *request);

#endif
