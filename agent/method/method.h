/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of the control socket: one row in methods.def, one function here. Called by agent.c.
 */
#ifndef AGENT_METHOD_METHOD_H
#define AGENT_METHOD_METHOD_H

#include "agent.h"

/* Answers the ticket, now or later. params may be NULL. Unknown and forbidden methods are answered too. */
void method_call(struct agent *agent, struct ticket *ticket, const char *method, json_t *params);

/* One function a row of methods.def; each answers the ticket exactly once. */
#define METHOD(name, role, function)                                                               \
	void function(struct agent *agent, struct ticket *ticket, json_t *params);
#include "method/methods.def"
#undef METHOD

/* Members of params. They return false after they answered the ticket with what is wrong. */
bool param_string(struct ticket *ticket, const json_t *params, const char *name, bool needed,
		  const char **ret_text);
bool param_number(struct ticket *ticket, const json_t *params, const char *name, int64_t least,
		  int64_t most, int64_t *ret_number); /* absent: *ret_number stays */

/* The file that must come along is there and a regular one: a pipe or a terminal could hold us for ever. */
bool param_file(struct ticket *ticket);

/* Member "from": {"login","tty","ssh"}, where the peer says that it sits; absent: nothing. */
bool param_origin(struct ticket *ticket, const json_t *params, struct origin *ret_origin);

/* An answer from state_*(): result, or NULL and diag; takes over result. */
void ticket_state(struct ticket *ticket, json_t *result, const struct diag *diag);

#endif
