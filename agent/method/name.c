/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.*: which names bodies ask for, as the agent has seen them. Called by method.c.
 */
#include "names/namewatch.h"

#include "method/method.h"

#define SHOW_USUAL 20
#define SHOW_MAX SKETCH_NAMES

/* One tenant's names to rows of all, and what is counted of it beside them. */
static void rows_add(json_t *rows, json_t *tenants, const char *tenant, json_t *shown)
{
	json_t *names = json_object_get(shown, "names"), *row;
	size_t i;

	json_array_foreach(names, i, row) {
		json_object_set_new(row, "tenant", json_string(tenant));
		json_array_append(rows, row);
	}
	json_object_del(shown, "names");
	json_object_set_new(shown, "tenant", json_string(tenant));
	json_array_append_new(tenants, shown);
}

/* {"names":[...],"tenants":[{"tenant","all","kept"}]}: of one tenant, or of all in the policy in force. */
static void tenants_each(struct agent *agent, struct ticket *ticket, json_t *params,
			 json_t *(*show)(const struct ledger *ledger, uint16_t tenant, size_t cnt))
{
	const struct policy *policy = agent_policy(agent);
	const char *name = NULL;
	int64_t limit = SHOW_USUAL;
	json_t *rows, *tenants;

	if (!param_string(ticket, params, "tenant", false, &name) ||
	    !param_number(ticket, params, "limit", 1, SHOW_MAX, &limit))
		return;
	if (name && (!policy || !policy_tenant(policy, name))) {
		ticket_fault(ticket, RPC_NOT_FOUND, NULL, "there is no tenant \"%s\"", name);
		return;
	}
	rows = json_array();
	tenants = json_array();
	for (size_t i = 0; policy && i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];

		if (name ? tenant != policy_tenant(policy, name) : !tenant->id)
			continue;
		rows_add(rows, tenants, tenant->name,
			 show(namewatch_ledger(agent->namewatch), tenant->id, (size_t)limit));
	}
	ticket_result(ticket, json_pack("{s:o, s:o}", "names", rows, "tenants", tenants));
}

static json_t *show_top(const struct ledger *ledger, uint16_t tenant, size_t cnt)
{
	return ledger_show(ledger, tenant, LEDGER_TOP, cnt);
}

static json_t *show_nxdomain(const struct ledger *ledger, uint16_t tenant, size_t cnt)
{
	return ledger_show(ledger, tenant, LEDGER_NXDOMAIN, cnt);
}

void method_name_top(struct agent *agent, struct ticket *ticket, json_t *params)
{
	tenants_each(agent, ticket, params, show_top);
}

void method_name_nxdomain(struct agent *agent, struct ticket *ticket, json_t *params)
{
	tenants_each(agent, ticket, params, show_nxdomain);
}

void method_name_new(struct agent *agent, struct ticket *ticket, json_t *params)
{
	tenants_each(agent, ticket, params, ledger_show_new);
}

void method_name_reading(struct agent *agent, struct ticket *ticket, json_t *params)
{
	ticket_result(ticket, namewatch_show(agent->namewatch));
}
