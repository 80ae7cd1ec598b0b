// SPDX-License-Identifier: Apache-2.0
/*
 * Asks the agent for requests for release and decides them. Called by the object url.
 */
#include "cli/url_request.h"

#include <string.h>

#include "cli/live.h"

static const struct column columns[] = {
	{ "id", "ID", COLUMN_COUNT },
	{ "time", "ASKED", COLUMN_TIME },
	{ "tenant", "TENANT", COLUMN_TEXT },
	{ "client", "CLIENT", COLUMN_TEXT },
	{ "name", "NAME", COLUMN_TEXT },
	{ "list", "LIST", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "until", "UNTIL", COLUMN_TIME },
	{ "reference", "REFERENCE", COLUMN_TEXT },
	{ "comment", "COMMENT", COLUMN_TEXT },
};
static const struct view view = VIEW("requests", columns, "There is no such request.");

static const struct column all_columns[] = {
	{ "id", "id", COLUMN_COUNT },
	{ "reference", "reference", COLUMN_TEXT },
	{ "time", "asked", COLUMN_TIME },
	{ "tenant", "tenant", COLUMN_TEXT },
	{ "client", "client", COLUMN_TEXT },
	{ "name", "name", COLUMN_TEXT },
	{ "url", "url", COLUMN_TEXT },
	{ "list", "list", COLUMN_TEXT },
	{ "category", "category", COLUMN_TEXT },
	{ "comment", "comment", COLUMN_TEXT },
	{ "state", "state", COLUMN_TEXT },
	{ "decided", "decided", COLUMN_TIME },
	{ "decided_by", "by", COLUMN_TEXT },
	{ "until", "until", COLUMN_TIME },
	{ "why", "why", COLUMN_TEXT },
};
static const struct view one_view = { .columns = all_columns,
				      .column_cnt = sizeof(all_columns) / sizeof(all_columns[0]) };

static int list(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "tenant", "state", NULL };
	json_t *result = NULL;
	int ret;

	if (cli_has(args, "id"))
		return cli_fail(cli, CLI_USAGE, NULL, "list takes no ID; show does");
	ret = live_ask(cli, "url.request.list", live_params(args, names), &result);
	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

/* One request: all of it, or as JSON the same object as in the list. */
static int one_print(struct cli *cli, json_t *result)
{
	json_t *one = json_incref(json_array_get(json_object_get(result, "requests"), 0));

	json_decref(result);
	return live_print(cli, one, &one_view);
}

static int one_ask(struct cli *cli, const char *method, json_t *params)
{
	json_t *result = NULL;
	int ret = live_ask(cli, method, params, &result);

	return ret == CLI_OK ? one_print(cli, result) : ret;
}

static int grant(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "id", "message", NULL };
	json_t *params;
	int64_t seconds = 0;
	int ret = live_span(cli, cli_arg(args, "for"), &seconds);

	if (ret != CLI_OK)
		return ret;
	params = live_params(args, names);
	if (seconds)
		json_object_set_new(params, "for", json_integer(seconds));
	return one_ask(cli, "url.request.grant", params);
}

static int deny(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "id", "message", NULL };

	if (cli_has(args, "for"))
		return cli_fail(cli, CLI_USAGE, NULL, "what is denied is denied for no time");
	return one_ask(cli, "url.request.deny", live_params(args, names));
}

int url_request(struct cli *cli, const struct cli_args *args)
{
	static const char *const id[] = { "id", NULL };
	const char *action = cli_arg(args, "action");

	if (strcmp(action, "list") == 0)
		return list(cli, args);
	if (strcmp(action, "show") != 0 && strcmp(action, "grant") != 0 && strcmp(action, "deny") != 0)
		return cli_fail(cli, CLI_USAGE, NULL, "'%s' is none of list, show, grant and deny",
				action);
	if (!cli_has(args, "id"))
		return cli_fail(cli, CLI_USAGE, NULL,
				"%s needs the number or the reference of a request", action);
	if (strcmp(action, "show") == 0)
		return one_ask(cli, "url.request.show", live_params(args, id));
	return strcmp(action, "grant") == 0 ? grant(cli, args) : deny(cli, args);
}
