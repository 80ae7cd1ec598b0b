/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to sekishod over its Unix socket: JSON-RPC 2.0, one object a line each way.
 */
#ifndef POLICY_CLI_CLIENT_H
#define POLICY_CLI_CLIENT_H

#include <jansson.h>

#include "text/diag.h"

/* Codes of the agent's errors that the caller tells apart (JSON-RPC 2.0, 5.1, and our own). */
#define CLIENT_METHOD_UNKNOWN (-32601)
#define CLIENT_STALE (-32010) /* made against a generation that is no longer live; data.diff */
#define CLIENT_NOT_FOUND (-32004)
#define CLIENT_REFUSED (-32001) /* the asker's role does not allow it */

struct client_answer {
	json_t *result; /* NULL when the agent answered by an error */
	int code; /* of the error */
	char *message;
	json_t *data; /* of the error; may be NULL */
};

/*
 * Asks and waits at most timeout_ms for the whole exchange. params is borrowed and may be NULL.
 * Returns 0 and an answer (freed by client_answer_free(), result or error), or -errno with words and
 * a hint in diag: -ENOENT and -ECONNREFUSED when nobody listens, -EACCES when the socket may not be
 * used, -ETIMEDOUT, -EPIPE when the agent hung up, -EBADMSG when its answer cannot be read.
 */
int client_call(const char *socket_path, const char *method, json_t *params, int timeout_ms,
		struct client_answer *ret_answer, struct diag *diag);
/*
 * The same with a file that the agent is to write or read, and a call now and then while it is waited
 * for. fd stays the caller's.
 */
struct client_file {
	int fd;
	void (*waiting)(void *arg); /* every 500 ms; may be NULL */
	void *arg;
};
int client_call_file(const char *socket_path, const char *method, json_t *params,
		     const struct client_file *file, int timeout_ms,
		     struct client_answer *ret_answer, struct diag *diag);
void client_answer_free(struct client_answer *answer);

#endif
