/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho feature`: what this kernel and host can do for the gateway.
 */
#include <unistd.h>

#include "cli/live.h"
#include "install/feature.h"

/* Probing loads the program, so it needs rights; who has none asks the agent. */
static int probe_result(struct cli *cli, const struct cli_args *args, json_t **ret_result)
{
	static const char *const names[] = { "interface", NULL };
	struct diag diag;
	int ret = CLI_OK;

	if (geteuid() != 0)
		return live_ask(cli, "feature.probe", live_params(args, names), ret_result);
	diag_init(&diag);
	*ret_result = feature_probe(cli_arg(args, "interface"), &diag);
	if (!*ret_result)
		ret = cli_fail(cli, CLI_FAILED, &diag, "this host could not be probed");
	diag_free(&diag);
	return ret;
}

static int probe(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "feature", "FEATURE", COLUMN_TEXT },
		{ "have", "HERE", COLUMN_TEXT },
		{ "needed", "NEEDED", COLUMN_TEXT },
		{ "text", "WHAT FOR", COLUMN_TEXT },
	};
	static const struct view view = VIEW("features", columns, "Nothing was probed.");
	static const struct column host[] = {
		{ "kernel", "kernel", COLUMN_TEXT },
		{ "arch", "machine", COLUMN_TEXT },
		{ "ready", "the gateway can run here", COLUMN_TEXT },
		{ "interface", "interface", COLUMN_TEXT },
	};
	static const struct view head = { .columns = host, .column_cnt = 4 };
	json_t *result = NULL;
	bool ready;
	int ret = probe_result(cli, args, &result);

	if (ret != CLI_OK)
		return ret;
	ready = !json_is_false(json_object_get(result, "ready"));
	if (!cli->json) {
		print_view(cli->out, result, &head);
		fputc('\n', cli->out);
	}
	ret = live_print(cli, result, &view);
	return ret == CLI_OK && !ready ? CLI_FAILED : ret;
}

static const struct cli_command commands[] = {
	{ "probe",
	  "what the kernel can do, what the gateway needs of it; status 1 when something needed is missing",
	  probe,
	  { { .name = "interface", .kind = CLI_WORD, .value = "INTERFACE" } } },
	{ 0 },
};

const struct cli_object object_feature = {
	.name = "feature",
	.summary = "what this kernel and host can do for the gateway",
	.commands = commands,
	.usual = "probe",
	.teach = "  sekisho feature probe         the kernel\n"
		 "  sekisho feature probe eth1    and what the driver of eth1 can do\n"
		 "It loads the gateway's program once, attaches it to nothing and leaves nothing behind.\n",
};
