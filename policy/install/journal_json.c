// SPDX-License-Identifier: Apache-2.0
/*
 * An entry of the journal as JSON. Called by sekishod's methods, and by the CLI with the agent down.
 * Promises that bytes that are no UTF-8 cost their string, not the entry.
 */
#include <stdio.h>
#include <string.h>

#include "install/journal.h"

static json_t *text_json(const char *text)
{
	json_t *json = json_string(text ? text : "");

	return json ? json : json_string("(no UTF-8)");
}

/* "ssh 10.1.2.3, pts/0, login saga": as the peer told, the client of the connection alone. */
static json_t *from_json(const struct journal_entry *e)
{
	char from[256] = "";
	size_t used = 0;

	if (e->ssh[0])
		used += (size_t)snprintf(from, sizeof(from), "ssh %.*s", (int)strcspn(e->ssh, " "),
					 e->ssh);
	if (e->tty[0] && used < sizeof(from))
		used += (size_t)snprintf(from + used, sizeof(from) - used, "%s%s", used ? ", " : "",
					 e->tty);
	if (e->login[0] && strcmp(e->login, e->user) != 0 && used < sizeof(from))
		snprintf(from + used, sizeof(from) - used, "%slogin %s", used ? ", " : "", e->login);
	return text_json(from);
}

json_t *journal_entry_json(const struct journal_entry *e, bool text)
{
	json_t *checks = json_loads(e->checks, JSON_REJECT_DUPLICATES, NULL);
	json_t *json =
		json_pack("{s:I, s:I, s:o, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			  "generation", (json_int_t)e->generation, "time", (json_int_t)e->time,
			  "action", text_json(e->action), "uid", (json_int_t)e->uid, "pid", e->pid,
			  "user", text_json(e->user), "login", text_json(e->login), "tty",
			  text_json(e->tty), "ssh", text_json(e->ssh), "from", from_json(e),
			  "message", text_json(e->message), "path", text_json(e->path), "hash",
			  text_json(e->hash), "checks", checks ? checks : json_array());

	if (json && text)
		json_object_set_new(json, "text", text_json(e->text));
	return json;
}
