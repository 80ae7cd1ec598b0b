/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho list add LIST NAME tenant TENANT`: what a list says of a name, for one tenant alone. It is what
 * that tenant decides of the name, and is kept and shown as such. Called by obj_list.c.
 */
#include <string.h>

#include "cli/list.h"
#include "cli/live.h"
#include "install/namecontent.h"

/* Refuses what is no name before it is asked for. */
static int check_name(struct cli *cli, const char *text)
{
	struct name_key key;
	struct diag diag;
	int ret = CLI_OK;

	diag_init(&diag);
	if (name_key_read(text, &key, &diag))
		ret = cli_fail(cli, CLI_USAGE, &diag, "'%s' cannot be in a list of names", text);
	diag_free(&diag);
	return ret;
}

/* Addresses are in a list for all who take it: the kernel's table knows lists, and no tenants. */
static int refuse_addresses(struct cli *cli, const struct cli_args *args)
{
	return cli_fail(cli, CLI_USAGE, NULL,
			"list %s holds addresses, which count for all that take it; for %s alone %s goes "
			"to a list that no other takes (policy: lists:, and lists: of the tenant)",
			cli_arg(args, "list"), cli_arg(args, "tenant"), cli_arg(args, "prefix"));
}

/* What becomes of a name that the list has; CLI_OK, or a status after words. */
static int action_find(struct cli *cli, const struct cli_args *args, const char **ret_action)
{
	static const char *const names[] = { "list", NULL };
	json_t *result = NULL, *row;
	int ret = live_ask(cli, "list.show", live_params(args, names), &result);

	if (ret != CLI_OK)
		return ret;
	row = json_array_get(json_object_get(result, "lists"), 0);
	*ret_action = !strcmp(print_word(row, "kind"), "allow") ? "allow" : "block";
	ret = !strcmp(print_word(row, "holds"), "names") ? check_name(cli, cli_arg(args, "prefix"))
							 : refuse_addresses(cli, args);
	json_decref(result);
	return ret;
}

static json_t *params_make(const struct cli_args *args, const char *action, int64_t seconds)
{
	static const char *const names[] = { "tenant", "reason", NULL };
	json_t *params = live_params(args, names);

	json_object_set_new(params, "name", json_string(cli_arg(args, "prefix")));
	if (action)
		json_object_set_new(params, "action", json_string(action));
	if (seconds)
		json_object_set_new(params, "for", json_integer(seconds));
	return params;
}

static int done(struct cli *cli, const struct cli_args *args, json_t *result, const char *what)
{
	if (cli->json) {
		print_json(cli->out, result, cli->pretty);
	} else {
		live_warn(cli, result);
		fprintf(cli->out, "%s %s %s (sekisho url override list)\n", cli_arg(args, "tenant"),
			what, cli_arg(args, "prefix"));
	}
	json_decref(result);
	return CLI_OK;
}

int list_tenant_add(struct cli *cli, const struct cli_args *args)
{
	const char *action = NULL;
	json_t *result = NULL;
	int64_t seconds = 0;
	int ret = live_span(cli, cli_arg(args, "for"), &seconds);

	if (ret == CLI_OK)
		ret = action_find(cli, args, &action);
	if (ret == CLI_OK)
		ret = live_ask(cli, "override.add", params_make(args, action, seconds), &result);
	if (ret != CLI_OK)
		return ret;
	return done(cli, args, result, !strcmp(action, "allow") ? "allows" : "blocks");
}

int list_tenant_delete(struct cli *cli, const struct cli_args *args)
{
	const char *action = NULL;
	json_t *result = NULL;
	int ret = action_find(cli, args, &action);

	if (ret == CLI_OK)
		ret = live_ask(cli, "override.delete", params_make(args, NULL, 0), &result);
	return ret == CLI_OK ? done(cli, args, result, "goes by its lists again for") : ret;
}
