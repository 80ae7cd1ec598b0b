/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.apply, confirm, rollback, show, history. Called by method.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "method/method.h"
#include "standing.h"

static bool told_member(struct ticket *ticket, const json_t *from, const char *name, char *to,
			size_t cap)
{
	const char *text = "";

	if (!param_string(ticket, from, name, false, &text))
		return false;
	if (strlen(text) < cap) {
		snprintf(to, cap, "%s", text);
		return true;
	}
	ticket_fault(ticket, RPC_PARAMS, NULL, "\"%s\" of \"from\" has at most %zu bytes", name,
		     cap - 1);
	return false;
}

bool param_origin(struct ticket *ticket, const json_t *params, struct origin *ret_origin)
{
	const json_t *from = json_object_get(params, "from");

	*ret_origin = (struct origin){};
	return told_member(ticket, from, "login", ret_origin->login, sizeof(ret_origin->login)) &&
	       told_member(ticket, from, "tty", ret_origin->tty, sizeof(ret_origin->tty)) &&
	       told_member(ticket, from, "ssh", ret_origin->ssh, sizeof(ret_origin->ssh));
}

void method_policy_apply(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct origin origin;
	struct change_wish wish = {
		.action = "apply", .path = "(no name)", .message = "", .base = -1, .origin = &origin
	};
	int64_t confirm_s = 0;

	if (param_origin(ticket, params, &origin) &&
	    param_string(ticket, params, "bundle", true, &wish.bundle) &&
	    param_string(ticket, params, "path", false, &wish.path) &&
	    param_string(ticket, params, "message", false, &wish.message) &&
	    param_number(ticket, params, "base", 0, UINT32_MAX, &wish.base) &&
	    param_number(ticket, params, "confirm", JOURNAL_WAIT_LEAST_S, JOURNAL_WAIT_MOST_S,
			 &confirm_s)) {
		wish.confirm_s = (uint32_t)confirm_s;
		wish.unchecked = json_is_true(json_object_get(params, "unchecked"));
		change_ask(agent->changes, ticket, &wish);
	}
}

void method_policy_confirm(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *message = "";
	struct origin origin;

	if (param_origin(ticket, params, &origin) &&
	    param_string(ticket, params, "message", false, &message))
		standing_confirm(agent, ticket, message, &origin);
}

static int entry_found(const struct journal_entry *entry, void *arg)
{
	json_t **json = arg;

	*json = journal_entry_json(entry, true);
	return 0;
}

/* The newest applied generation below this one. */
struct former {
	uint32_t below;
	json_t *entry;
};

static int former_found(const struct journal_entry *entry, void *arg)
{
	struct former *former = arg;

	if (!entry->generation || entry->generation >= former->below)
		return 0;
	former->entry = journal_entry_json(entry, true);
	return 1;
}

void method_policy_rollback(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct former former = { .below = gate_generation(agent->gate) };
	struct origin origin;
	struct change_wish wish = { .action = "rollback", .message = "", .base = -1, .origin = &origin };
	const struct journal_wait *wait = confirm_wait(agent->confirm);
	int64_t generation = wait ? wait->former : 0;

	if (!param_origin(ticket, params, &origin) ||
	    !param_number(ticket, params, "generation", 1, UINT32_MAX, &generation) ||
	    !param_number(ticket, params, "base", 0, UINT32_MAX, &wish.base) ||
	    !param_string(ticket, params, "message", false, &wish.message))
		return;
	if (generation)
		journal_find(agent->journal, (uint32_t)generation, entry_found, &former.entry);
	else
		journal_walk(agent->journal, 0, former_found, &former);
	if (!former.entry) {
		ticket_fault(ticket, RPC_NOT_FOUND, NULL,
			     generation ? "the journal has no generation %lld"
					: "the journal has no generation before the live one",
			     (long long)generation);
		return;
	}
	wish.bundle = json_string_value(json_object_get(former.entry, "text"));
	wish.path = json_string_value(json_object_get(former.entry, "path"));
	change_ask(agent->changes, ticket, &wish);
	json_decref(former.entry);
}

void method_policy_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	int64_t generation = gate_generation(agent->gate);
	json_t *json = NULL;

	if (!param_number(ticket, params, "generation", 1, UINT32_MAX, &generation))
		return;
	if (generation)
		journal_find(agent->journal, (uint32_t)generation, entry_found, &json);
	if (!json) {
		ticket_fault(ticket, RPC_NOT_FOUND, NULL,
			     generation ? "the journal has no generation %lld"
					: "no policy was applied yet",
			     (long long)generation);
		return;
	}
	json_object_set_new(json, "live", json_boolean(generation == gate_generation(agent->gate)));
	json_object_set_new(json, "confirm", confirm_json(agent->confirm));
	ticket_result(ticket, json);
}

static int entry_listed(const struct journal_entry *entry, void *arg)
{
	return json_array_append_new(arg, journal_entry_json(entry, false));
}

void method_policy_history(struct agent *agent, struct ticket *ticket, json_t *params)
{
	json_t *entries;
	int64_t limit = 20;

	if (!param_number(ticket, params, "limit", 0, 100000, &limit))
		return;
	entries = json_array();
	journal_walk(agent->journal, (uint32_t)limit, entry_listed, entries);
	ticket_result(ticket, json_pack("{s:o, s:I}", "entries", entries, "live",
					(json_int_t)gate_generation(agent->gate)));
}
