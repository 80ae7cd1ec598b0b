/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC 2.0 requests and answers, one JSON object a line; and who may ask what. Pure.
 */
#ifndef AGENT_REQUEST_H
#define AGENT_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "text/diag.h"

/* Error codes: -32xxx of JSON-RPC 2.0 (section 5.1), -320xx ours. */
enum rpc_code {
	RPC_PARSE = -32700,
	RPC_INVALID = -32600,
	RPC_NO_METHOD = -32601,
	RPC_PARAMS = -32602,
	RPC_INTERNAL = -32603,
	RPC_REFUSED = -32001, /* the role does not allow it */
	RPC_BUSY = -32002, /* too much at once; ask again */
	RPC_INPUT = -32003, /* a policy or a list has errors; data.diag has them */
	RPC_NOT_FOUND = -32004,
	RPC_STALE = -32010, /* made against another generation; data.diff has the difference */
	RPC_WAITS = -32011, /* a policy waits for its confirmation: confirm or roll back first */
};

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };

/* Groups that give a role; have is false where the system has no such group. */
struct role_groups {
	struct {
		bool have;
		gid_t gid;
	} group[ROLE_ADMIN + 1];
};

/* The highest role of a peer; uid 0 is admin. */
enum role role_of(uid_t uid, const gid_t *gids, size_t cnt, const struct role_groups *groups);
const char *role_name(enum role role);

/* A request: everything is owned by root, which the holder decrefs. */
struct request {
	json_t *root;
	const char *method;
	json_t *params; /* an object, or NULL when there are none */
	json_t *id; /* a string or an integer */
};

/*
 * Reads one line. Returns 0, or an enum rpc_code with words for the asker in why; then *ret_request
 * may hold nothing but the id (root to be decref'ed as ever), so that the answer can name it.
 */
int request_parse(const char *line, size_t len, struct request *ret_request, char *why,
		  size_t why_cap);
void request_free(struct request *request);

/* An answer as a line with its newline, owned by the caller; takes over result and data. NULL: no memory. */
char *answer_result(const json_t *id, json_t *result);
char *answer_fault(const json_t *id, int code, const char *message, json_t *data);

/* {"diag":[{"level","file","line","column","text","hint"}]}; a new reference. */
json_t *diag_data(const struct diag *diag);

#endif
