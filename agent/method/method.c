/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a method's name to its function, and what all of them need: rights and parameters. Called by
 * agent.c for each request.
 */
#include "method/method.h"

#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "change.h"

struct method {
	const char *name;
	enum role role;
	void (*run)(struct agent *agent, struct ticket *ticket, json_t *params);
};

static const struct method methods[] = {
#define METHOD(name, role, function) { name, role, function },
#include "method/methods.def"
#undef METHOD
};

void method_call(struct agent *agent, struct ticket *ticket, const char *name, json_t *params)
{
	const struct peer *peer = ticket_peer(ticket);

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const struct method *method = &methods[i];

		if (strcmp(method->name, name) != 0)
			continue;
		if (peer->role < method->role) {
			change_refused(agent, peer, method->name);
			ticket_fault(ticket, RPC_REFUSED, NULL,
				     "%s needs the role %s (group sekisho-%s or root); yours is %s",
				     method->name, role_name(method->role), role_name(method->role),
				     role_name(peer->role));
			return;
		}
		method->run(agent, ticket, params);
		return;
	}
	ticket_fault(ticket, RPC_NO_METHOD, NULL, "there is no such method");
}

bool param_string(struct ticket *ticket, const json_t *params, const char *name, bool needed,
		  const char **ret_text)
{
	const json_t *value = json_object_get(params, name);

	if (json_is_string(value)) {
		*ret_text = json_string_value(value);
		return true;
	}
	if (!needed && (!value || json_is_null(value)))
		return true;
	ticket_fault(ticket, RPC_PARAMS, NULL, "\"%s\" must be a string", name);
	return false;
}

bool param_number(struct ticket *ticket, const json_t *params, const char *name, int64_t least,
		  int64_t most, int64_t *ret_number)
{
	const json_t *value = json_object_get(params, name);

	if (!value || json_is_null(value))
		return true;
	if (json_is_integer(value) && json_integer_value(value) >= least &&
	    json_integer_value(value) <= most) {
		*ret_number = json_integer_value(value);
		return true;
	}
	ticket_fault(ticket, RPC_PARAMS, NULL, "\"%s\" must be a whole number from %lld to %lld",
		     name, (long long)least, (long long)most);
	return false;
}

bool param_file(struct ticket *ticket)
{
	struct stat st;

	if (ticket_file(ticket) >= 0 && !fstat(ticket_file(ticket), &st) && S_ISREG(st.st_mode))
		return true;
	ticket_fault(ticket, RPC_PARAMS, NULL, "a regular file must come with the request");
	return false;
}

void ticket_state(struct ticket *ticket, json_t *result, const struct diag *diag)
{
	if (result)
		ticket_result(ticket, result);
	else
		ticket_fault(ticket, RPC_INTERNAL, diag_data(diag), "%s",
			     diag->cnt ? diag->entries[0].text : "no memory");
}
