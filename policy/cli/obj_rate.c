/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho rate`: limits of the bodies and what they cost them.
 */
#include "cli/live.h"
#include "install/state.h"

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	return state_rates(gate, policy, diag);
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "dir", "DIR", COLUMN_TEXT },
		{ "bits_per_s", "LIMIT", COLUMN_BITS },
		{ "packets_per_s", "PACKETS/S", COLUMN_COUNT },
		{ "burst_ms", "BURST MS", COLUMN_COUNT },
		{ "fill_bits", "FILL", COLUMN_PERCENT },
		{ "passed_packets", "PASSED", COLUMN_COUNT },
		{ "passed_bytes", "BYTES", COLUMN_BYTES },
		{ "marked_packets", "MARKED", COLUMN_COUNT },
		{ "dropped_packets", "DROPPED", COLUMN_COUNT },
		{ "dropped_bytes", "DROPPED BYTES", COLUMN_BYTES },
	};
	static const struct view view = VIEW("rates", columns, "The policy in force has no tenant.");
	json_t *result = NULL;
	int ret = live_read(cli, "rate.show", json_object(), peek, &result);

	return ret == CLI_OK ? live_print_kept(cli, args, result, "tenant", &view) : ret;
}

static const struct cli_command commands[] = {
	{ "show",
	  "limit of each body and direction, how full its burst is, what was marked or dropped",
	  show,
	  { { .name = "tenant", .kind = CLI_WORD, .value = "TENANT" } } },
	{ 0 },
};

const struct cli_object object_rate = {
	.name = "rate",
	.summary = "rate limits and what they stopped",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho rate show         every body, both directions\n"
		 "  sekisho rate show saga    does Saga city reach its limit?\n"
		 "Limits are set in the policy: rate: {up: 130M, down: 130M}, see 'sekisho policy help'.\n",
};
