/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho worker`: who inspects flows, how much of it, and what came of it.
 */
#include "cli/live.h"
#include "install/state.h"

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	return state_workers(gate, policy, diag);
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "worker", "WORKER", COLUMN_COUNT },
		{ "state", "STATE", COLUMN_TEXT },
		{ "queues", "QUEUES", COLUMN_COUNT },
		{ "under_way", "UNDER WAY", COLUMN_COUNT },
		{ "rate_packets", "PACKETS/S", COLUMN_COUNT },
		{ "rate_bits", "RATE", COLUMN_RATE },
		{ "wait_p50_us", "WAIT P50 US", COLUMN_COUNT },
		{ "wait_p99_us", "P99 US", COLUMN_COUNT },
		{ "dropped", "DROPPED", COLUMN_COUNT },
		{ "blocked", "FLOWS BLOCKED", COLUMN_COUNT },
		{ "back", "HANDED BACK", COLUMN_COUNT },
		{ "held_now", "FRAMES HELD", COLUMN_COUNT },
		{ "held_no_room", "NO ROOM", COLUMN_COUNT },
		{ "files_late_open", "LATE PASSED", COLUMN_COUNT },
		{ "files_late_closed", "LATE STOPPED", COLUMN_COUNT },
		{ "alerts", "ALERTS", COLUMN_COUNT },
		{ "lost", "LOST", COLUMN_COUNT },
		{ "records_lost", "RECORDS LOST", COLUMN_COUNT },
	};
	static const struct view view =
		VIEW("workers", columns,
		     "Nobody inspects: sekishod was started without --inspect-rules.");

	(void)args;
	return live_show(cli, "worker.show", json_object(), peek, &view);
}

static const struct cli_command commands[] = {
	{ "show", "who inspects flows, what came and what came of it", show, { { 0 } } },
	{ 0 },
};

const struct cli_object object_worker = {
	.name = "worker",
	.summary = "workers of inspection",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho worker show       does inspection keep up, what does it stop?\n"
		 "Which flows are inspected says the policy (action: inspect); what becomes of them\n"
		 "without a worker says fail: open or closed.\n",
};
