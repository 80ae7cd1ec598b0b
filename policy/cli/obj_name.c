/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho name`: names as the gateway sees them go by.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/live.h"
#include "cli/url.h"
#include "compile/spell.h"

#define SEEN_USUAL 20
#define SEEN_MAX 512

static json_t *takings_json(const struct policy *policy, const struct model_names *names,
			    enum model_use use)
{
	char *text = spell_takings(policy, names, use);
	json_t *json = text && *text ? json_string(text) : json_null();

	free(text);
	return json;
}

static json_t *row_json(const struct policy *policy, const struct model_tenant *tenant,
			const struct model_name_group *group)
{
	const struct model_names *names = group ? &group->names : &tenant->names;
	char *addresses = group ? spell_prefixes(group->prefixes, group->prefix_cnt) : NULL;
	char *settings = spell_names(policy, names);
	json_t *row = json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "tenant", tenant->name,
				"group", group ? json_string(group->name) : json_null(), "addresses",
				addresses ? json_string(addresses) : json_null(), "mode",
				!names->on		     ? "off"
				: names->mode == NAMES_BLOCK ? "block"
							     : "only-listed",
				"block", takings_json(policy, names, USE_BLOCK), "allow",
				takings_json(policy, names, USE_ALLOW), "inspect",
				takings_json(policy, names, USE_INSPECT), "settings",
				settings ? json_string(settings) : json_null());

	free(addresses);
	free(settings);
	return row;
}

static json_t *result_json(const struct policy *policy)
{
	char *site = spell_name_site(&policy->names);
	json_t *rows = json_array(), *result;

	for (size_t t = 1; t < policy->tenant_cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		json_array_append_new(rows, row_json(policy, tenant, NULL));
		for (size_t i = 0; i < tenant->name_group_cnt; i++)
			json_array_append_new(rows,
					      row_json(policy, tenant, &tenant->name_groups[i]));
	}
	result = json_pack("{s:o, s:o}", "site", site ? json_string(site) : json_null(), "names",
			   rows);
	free(site);
	return result;
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },	   { "group", "GROUP", COLUMN_TEXT },
		{ "mode", "MODE", COLUMN_TEXT },	   { "block", "BLOCK", COLUMN_TEXT },
		{ "allow", "ALLOW", COLUMN_TEXT },	   { "inspect", "INSPECT", COLUMN_TEXT },
		{ "addresses", "ADDRESSES", COLUMN_TEXT },
	};
	static const struct view view = VIEW("names", columns, "The policy in force has no tenant.");
	struct policy *policy = NULL;
	json_t *result;
	int status = url_policy(cli, NULL, &policy);

	if (status != CLI_OK)
		return status;
	result = result_json(policy);
	policy_free(policy);
	if (!result)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory for the result");
	return live_print_kept(cli, args, result, "tenant", &view);
}

static json_t *seen_params(const struct cli_args *args)
{
	static const char *const names[] = { "tenant", NULL };

	return live_params(args, names);
}

static int seen(struct cli *cli, const struct cli_args *args, const char *method,
		const struct view *view)
{
	json_t *params = seen_params(args), *result = NULL;
	uint64_t limit = SEEN_USUAL;
	int status = cli_number(cli, args, "last", 1, SEEN_MAX, &limit);

	if (status != CLI_OK) {
		json_decref(params);
		return status;
	}
	json_object_set_new(params, "limit", json_integer((json_int_t)limit));
	status = live_read(cli, method, params, NULL, &result);
	return status == CLI_OK ? live_print(cli, result, view) : status;
}

static const struct column count_columns[] = {
	{ "tenant", "TENANT", COLUMN_TEXT },
	{ "cnt", "COUNT", COLUMN_COUNT },
	{ "error", "AT MOST TOO HIGH BY", COLUMN_COUNT },
	{ "name", "NAME", COLUMN_TEXT },
};

static int top(struct cli *cli, const struct cli_args *args)
{
	static const struct view view = VIEW("names", count_columns, "No question was seen yet.");

	return seen(cli, args, "name.top", &view);
}

static int nxdomain(struct cli *cli, const struct cli_args *args)
{
	static const struct view view =
		VIEW("names", count_columns, "No answer said yet that a name does not exist.");

	return seen(cli, args, "name.nxdomain", &view);
}

static int new (struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "seen", "SINCE", COLUMN_TIME },
		{ "name", "NAME", COLUMN_TEXT },
	};
	static const struct view view = VIEW("names", columns, "No name is new.");

	return seen(cli, args, "name.new", &view);
}

#define SEEN_ARGS                                                                                  \
	{                                                                                          \
		{ .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },                          \
			{ .name = "last", .kind = CLI_KEY, .value = "N" },                         \
	}

static const struct cli_command commands[] = {
	{ "show",
	  "which lists of names hold for whom, and when",
	  show,
	  { { .name = "tenant", .kind = CLI_WORD, .value = "TENANT" } } },
	{ "top", "names that are asked for most", top, SEEN_ARGS },
	{ "new", "names that were not asked for before", new, SEEN_ARGS },
	{ "nxdomain", "names that are asked for and do not exist", nxdomain, SEEN_ARGS },
	{ 0 },
};

const struct cli_object object_name = {
	.name = "name",
	.summary = "names that bodies ask for, and what holds of them",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho name show saga                   its lists and hours, and those of its groups\n"
		 "  sekisho name top tenant saga last 20     what is asked for most there\n"
		 "  sekisho name new tenant saga             what nobody there asked for before\n"
		 "  sekisho name nxdomain tenant saga        what is asked for in vain: typing errors, or\n"
		 "                                           names that a program made up\n"
		 "  sekisho -j name show saga | jq -r '.names[].settings'\n"
		 "top, new and nxdomain count what bodies ask for whose names: say records: dns or all.\n"
		 "Is a name blocked, and why? 'sekisho url explain NAME tenant TENANT'.\n",
};
