/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho tenant`: the bodies that the gateway serves.
 */
#include "cli/live.h"
#include "install/state.h"

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	return state_tenants(gate, policy, diag);
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "id", "ID", COLUMN_COUNT },
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "title", "TITLE", COLUMN_TEXT },
		{ "prefixes", "PREFIXES", COLUMN_TEXT },
		{ "rules", "RULES", COLUMN_COUNT },
		{ "flows", "FLOWS", COLUMN_COUNT },
		{ "half_open", "HALF-OPEN", COLUMN_COUNT },
		{ "synflood", "COOKIES", COLUMN_TEXT },
		{ "synflood_active", "ACTIVE", COLUMN_COUNT },
		{ "passed_out", "PASSED OUT", COLUMN_COUNT },
		{ "passed_in", "PASSED IN", COLUMN_COUNT },
		{ "dropped_out", "DROPPED OUT", COLUMN_COUNT },
		{ "dropped_in", "DROPPED IN", COLUMN_COUNT },
	};
	static const struct view view =
		VIEW("tenants", columns, "The policy in force has no tenant.");
	json_t *result = NULL;
	int ret = live_read(cli, "tenant.show", json_object(), peek, &result);

	return ret == CLI_OK ? live_print_kept(cli, args, result, "tenant", &view) : ret;
}

static const struct cli_command commands[] = {
	{ "show",
	  "bodies: whose addresses, how many rules, flows and packets",
	  show,
	  { { .name = "tenant", .kind = CLI_WORD, .value = "TENANT" } } },
	{ 0 },
};

const struct cli_object object_tenant = {
	.name = "tenant",
	.summary = "the bodies behind the gateway",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho tenant show         all bodies\n"
		 "  sekisho tenant show saga    one of them\n"
		 "  sekisho -j tenant show | jq -r '.tenants[] | [.tenant, .flows] | @tsv'\n",
};
