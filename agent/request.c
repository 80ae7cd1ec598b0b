/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a client to a request, and back. Called by control.c; every byte here is written by
 * somebody else, so nothing is trusted before its type was looked at.
 */
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/escape.h"

enum role role_of(uid_t uid, const gid_t *gids, size_t cnt, const struct role_groups *groups)
{
	if (uid == 0)
		return ROLE_ADMIN;
	for (enum role role = ROLE_ADMIN; role > ROLE_NONE; role--)
		for (size_t i = 0; groups->group[role].have && i < cnt; i++)
			if (gids[i] == groups->group[role].gid)
				return role;
	return ROLE_NONE;
}

const char *role_name(enum role role)
{
	static const char *const names[] = { "none", "viewer", "operator", "admin" };

	return role <= ROLE_ADMIN ? names[role] : "none";
}

static int request_check(json_t *root, struct request *request, char *why, size_t cap)
{
	const char *version = json_string_value(json_object_get(root, "jsonrpc"));
	json_t *id = json_object_get(root, "id"), *params = json_object_get(root, "params");
	const char *method = json_string_value(json_object_get(root, "method"));

	if (!json_is_string(id) && !json_is_integer(id)) {
		snprintf(why, cap, "a request needs an id, a string or an integer");
		return RPC_INVALID;
	}
	request->id = id;
	if (!version || strcmp(version, "2.0") != 0) {
		snprintf(why, cap, "\"jsonrpc\" must be \"2.0\"");
		return RPC_INVALID;
	}
	if (!method) {
		snprintf(why, cap, "a request needs a method, a string");
		return RPC_INVALID;
	}
	if (params && !json_is_object(params)) {
		snprintf(why, cap, "params must be an object");
		return RPC_INVALID;
	}
	request->method = method;
	request->params = params;
	return 0;
}

int request_parse(const char *line, size_t len, struct request *ret_request, char *why, size_t cap)
{
	json_error_t error;
	struct request request = {};
	int code;

	request.root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!request.root) {
		snprintf(why, cap, "no JSON at byte %d: %s", error.position, error.text);
		code = RPC_PARSE;
	} else if (!json_is_object(request.root)) {
		snprintf(why, cap, "a request is one JSON object a line");
		code = RPC_INVALID;
	} else {
		code = request_check(request.root, &request, why, cap);
	}
	*ret_request = request;
	return code;
}

void request_free(struct request *request)
{
	json_decref(request->root);
	*request = (struct request){};
}

static char *answer_line(json_t *answer)
{
	size_t len;
	char *line;

	if (!answer)
		return NULL;
	len = json_dumpb(answer, NULL, 0, JSON_COMPACT);
	line = len ? malloc(len + 2) : NULL;
	if (line) {
		json_dumpb(answer, line, len, JSON_COMPACT);
		line[len] = '\n';
		line[len + 1] = 0;
	}
	json_decref(answer);
	return line;
}

char *answer_result(const json_t *id, json_t *result)
{
	return answer_line(json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, "result",
				     result ? result : json_null()));
}

char *answer_fault(const json_t *id, int code, const char *message, json_t *data)
{
	json_t *text = json_string(message);
	json_t *error;

	/* Words may quote bytes of the asker that are no UTF-8. */
	if (!text)
		text = json_string("error (its text is no UTF-8)");
	error = json_pack("{s:i, s:o, s:o*}", "code", code, "message", text, "data", data);
	return answer_line(json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id",
				     id ? json_incref((json_t *)id) : json_null(), "error", error));
}

static json_t *text_json(const char *text)
{
	char shown[1024]; /* where it quotes bytes that are no UTF-8 */
	json_t *json;

	if (!text)
		return json_null();
	json = json_string(text);
	return json ? json : json_string(text_escape(text, strlen(text), shown, sizeof(shown)));
}

json_t *diag_data(const struct diag *diag)
{
	static const char *const levels[] = { "error", "warning", "note" };
	json_t *array = json_array();

	for (size_t i = 0; i < diag->cnt; i++) {
		const struct diag_entry *e = &diag->entries[i];

		json_array_append_new(array, json_pack("{s:s, s:o, s:i, s:i, s:o, s:o}", "level",
						       levels[e->level], "file", text_json(e->file),
						       "line", (int)e->line, "column",
						       (int)e->column, "text", text_json(e->text),
						       "hint", text_json(e->hint)));
	}
	return json_pack("{s:o, s:I}", "diag", array, "dropped", (json_int_t)diag->dropped_cnt);
}
