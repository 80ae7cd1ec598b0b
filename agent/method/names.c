/* SPDX-License-Identifier: Apache-2.0 */
/*
 * override.*: what a tenant has decided of a name, above all lists. Called by method.c, in the loop, whose
 * the journal is.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "install/names.h"
#include "lists_care.h"
#include "method/method.h"

#define SPAN_MAX (10LL * 366 * 86400)

static void override_answer(struct ticket *ticket, int err, const struct diag *diag, json_t *result)
{
	if (!err) {
		ticket_result(ticket, result);
		return;
	}
	json_decref(result);
	ticket_fault(ticket,
		     err == -ENOENT			? RPC_NOT_FOUND
		     : err == -EINVAL || err == -ENOSPC ? RPC_INPUT
							: RPC_INTERNAL,
		     diag_data(diag), "%s",
		     diag->cnt ? diag->entries[diag->cnt - 1].text : strerror(-err));
}

/* A body that the policy in force names; else the ticket is answered. */
static bool tenant_known(struct agent *agent, struct ticket *ticket, const char *tenant)
{
	const struct policy *policy = agent_policy(agent);

	if (policy && policy_tenant(policy, tenant))
		return true;
	ticket_fault(ticket, RPC_NOT_FOUND, NULL, "there is no tenant \"%s\"", tenant);
	return false;
}

void method_override_add(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct name_override override = { .made = time(NULL) };
	const char *action = NULL;
	int64_t seconds = 0, id = 0;
	struct diag diag;
	json_t *result;
	int err;

	if (!param_string(ticket, params, "tenant", true, &override.tenant) ||
	    !param_string(ticket, params, "name", true, &override.name) ||
	    !param_string(ticket, params, "action", true, &action) ||
	    !param_string(ticket, params, "reason", false, &override.reason) ||
	    !param_string(ticket, params, "asked_by", false, &override.asked_by) ||
	    !param_number(ticket, params, "for", 0, SPAN_MAX, &seconds) ||
	    !tenant_known(agent, ticket, override.tenant))
		return;
	override.allow = !strcmp(action, "allow");
	if (!override.allow && strcmp(action, "block") != 0) {
		ticket_fault(ticket, RPC_PARAMS, NULL, "action is allow or block, not \"%s\"",
			     action);
		return;
	}
	override.until = seconds ? override.made + seconds : 0;
	override.allowed_by = ticket_peer(ticket)->user;
	diag_init(&diag);
	err = names_override_add(lists_care_names(agent->lists), agent->journal, &override, &id,
				 &diag);
	if (!err)
		log_info("names: %s: %s %ss %s: %s", override.allowed_by, override.tenant, action,
			 override.name, override.reason ? override.reason : "");
	result = diag_data(&diag);
	json_object_set_new(result, "id", json_integer((json_int_t)id));
	json_object_set_new(result, "until", json_integer((json_int_t) override.until));
	override_answer(ticket, err, &diag, result);
	diag_free(&diag);
}

void method_override_delete(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *tenant, *name;
	struct diag diag;
	int err;

	/* A body that has left the policy may still have some. */
	if (!param_string(ticket, params, "tenant", true, &tenant) ||
	    !param_string(ticket, params, "name", true, &name))
		return;
	diag_init(&diag);
	err = names_override_delete(lists_care_names(agent->lists), agent->journal, tenant, name,
				    &diag);
	if (!err)
		log_info("names: %s: override of %s by %s ended", ticket_peer(ticket)->user, name,
			 tenant);
	override_answer(ticket, err, &diag, diag_data(&diag));
	diag_free(&diag);
}

void method_override_list(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *tenant = NULL;

	if (param_string(ticket, params, "tenant", false, &tenant))
		ticket_result(ticket, names_overrides(lists_care_names(agent->lists), tenant));
}
