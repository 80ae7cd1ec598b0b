// SPDX-License-Identifier: Apache-2.0
/*
 * Owns `sekisho rule reload`: the rules of inspection in line are read again by the agent. Promises that a
 * rule that is refused is named, and that rules in force stay where none could be taken.
 */
#include "cli/amend.h"
#include "cli/inspect.h"
#include "cli/live.h"

int rule_reload(struct cli *cli, const struct cli_args *args)
{
	json_t *result = NULL;
	int ret = live_ask(cli, "rule.reload", amend_params(args), &result);

	if (ret != CLI_OK)
		return ret;
	if (cli->json) {
		print_json(cli->out, result, cli->pretty);
	} else {
		live_warn(cli, result);
		fprintf(cli->out,
			"%lld rules are asked now, %lld refused, %lld ignored; ready in %.1f s\n",
			(long long)json_integer_value(json_object_get(result, "taken")),
			(long long)json_integer_value(json_object_get(result, "refused")),
			(long long)json_integer_value(json_object_get(result, "ignored")),
			json_real_value(json_object_get(result, "seconds")));
	}
	json_decref(result);
	return CLI_OK;
}
