/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho url override`: what a tenant decides of a name, above all lists. Called by obj_url.c.
 */
#include <string.h>

#include "cli/live.h"
#include "cli/url.h"
#include "install/namecontent.h"

static const struct column columns[] = {
	{ "tenant", "TENANT", COLUMN_TEXT },	 { "name", "NAME", COLUMN_TEXT },
	{ "action", "ACTION", COLUMN_TEXT },	 { "until", "UNTIL", COLUMN_TIME },
	{ "asked_by", "ASKED BY", COLUMN_TEXT }, { "allowed_by", "ALLOWED BY", COLUMN_TEXT },
	{ "reason", "REASON", COLUMN_TEXT },
};

static int list(struct cli *cli, const struct cli_args *args)
{
	static const struct view view = VIEW("overrides", columns, "No tenant overrides a list.");
	static const char *const names[] = { "tenant", NULL };
	json_t *result = NULL;
	int ret = live_ask(cli, "override.list", live_params(args, names), &result);

	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

/* Refuses what is missing or no name before anyone is asked. */
static int name_check(struct cli *cli, const struct cli_args *args)
{
	struct name_key key;
	struct diag diag;
	int ret = CLI_OK;

	if (!cli_has(args, "name") || !cli_has(args, "tenant"))
		return cli_fail(cli, CLI_USAGE, NULL,
				"of which name, and of which tenant? write "
				"game.example tenant saga");
	diag_init(&diag);
	if (name_key_read(cli_arg(args, "name"), &key, &diag))
		ret = cli_fail(cli, CLI_USAGE, &diag, "'%s' cannot be overridden",
			       cli_arg(args, "name"));
	diag_free(&diag);
	return ret;
}

/* The answer as it is, or a sentence. Takes over result. */
static int done(struct cli *cli, const struct cli_args *args, json_t *result, const char *what)
{
	if (cli->json) {
		print_json(cli->out, result, cli->pretty);
	} else {
		live_warn(cli, result);
		fprintf(cli->out, "%s %s %s\n", cli_arg(args, "tenant"), what, cli_arg(args, "name"));
	}
	json_decref(result);
	return CLI_OK;
}

static int add(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "tenant", "name", "reason", NULL };
	bool allow = cli_has(args, "allow");
	json_t *params, *result = NULL;
	int64_t seconds = 0;
	int ret = live_span(cli, cli_arg(args, "for"), &seconds);

	if (ret != CLI_OK)
		return ret;
	if (allow == cli_has(args, "block"))
		return cli_fail(cli, CLI_USAGE, NULL, "allow or block, one of the two");
	params = live_params(args, names);
	json_object_set_new(params, "action", json_string(allow ? "allow" : "block"));
	if (cli_has(args, "asked-by"))
		json_object_set_new(params, "asked_by", json_string(cli_arg(args, "asked-by")));
	if (seconds)
		json_object_set_new(params, "for", json_integer(seconds));
	ret = live_ask(cli, "override.add", params, &result);
	return ret == CLI_OK ? done(cli, args, result, allow ? "allows" : "blocks") : ret;
}

static int end(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "tenant", "name", NULL };
	json_t *result = NULL;
	int ret = live_ask(cli, "override.delete", live_params(args, names), &result);

	return ret == CLI_OK ? done(cli, args, result, "goes by its lists again for") : ret;
}

int url_override(struct cli *cli, const struct cli_args *args)
{
	const char *action = cli_arg(args, "action");
	int ret;

	if (!strcmp(action, "list"))
		return list(cli, args);
	if (strcmp(action, "add") != 0 && strcmp(action, "delete") != 0)
		return cli_fail(cli, CLI_USAGE, NULL, "'%s': add, delete or list", action);
	ret = name_check(cli, args);
	if (ret != CLI_OK)
		return ret;
	return !strcmp(action, "add") ? add(cli, args) : end(cli, args);
}
