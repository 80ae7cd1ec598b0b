/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho stats`: how many packets ended, and why.
 */
#include <string.h>

#include "cli/live.h"
#include "install/state.h"

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	return state_stats(gate, policy, diag);
}

static void add(json_t *sum, const json_t *row, const char *key)
{
	json_object_set_new(sum, key,
			    json_integer(json_integer_value(json_object_get(sum, key)) +
					 json_integer_value(json_object_get(row, key))));
}

/* Is it of the same tenant, direction and verdict? */
static bool is_same(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "tenant"), json_object_get(b, "tenant")) &&
	       json_equal(json_object_get(a, "dir"), json_object_get(b, "dir")) &&
	       json_equal(json_object_get(a, "verdict"), json_object_get(b, "verdict"));
}

/* Rows by reason become rows by verdict. */
static void sum_reasons(json_t *result)
{
	json_t *rows = json_object_get(result, "rows"), *sums = json_array(), *row, *sum = NULL;
	size_t i, k;

	json_array_foreach(rows, i, row) {
		json_array_foreach(sums, k, sum)
			if (is_same(sum, row))
				break;
		if (k < json_array_size(sums)) {
			add(sum, row, "packets");
			add(sum, row, "bytes");
			continue;
		}
		sum = json_copy(row);
		json_object_del(sum, "reason");
		json_object_del(sum, "text");
		json_object_del(sum, "text_ja");
		json_array_append_new(sums, sum);
	}
	json_object_set_new(result, "rows", sums);
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column by_verdict[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },   { "dir", "DIR", COLUMN_TEXT },
		{ "verdict", "VERDICT", COLUMN_TEXT }, { "packets", "PACKETS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
	};
	const struct column by_reason[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "dir", "DIR", COLUMN_TEXT },
		{ "verdict", "VERDICT", COLUMN_TEXT },
		{ "reason", "REASON", COLUMN_TEXT },
		{ "packets", "PACKETS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
		{ cli->japanese ? "text_ja" : "text", "MEANING", COLUMN_TEXT },
	};
	static const struct view sums = VIEW("rows", by_verdict, "No packet has come yet.");
	const struct view reasons = VIEW("rows", by_reason, "No packet has come yet.");
	json_t *result = NULL;
	int ret = live_read(cli, "stats.show", json_object(), peek, &result);

	if (ret == CLI_OK && json_array_size(json_object_get(result, "rows")) > 0)
		ret = live_keep(cli, result, "rows", "tenant", cli_arg(args, "tenant"));
	if (ret != CLI_OK) {
		json_decref(result);
		return ret;
	}
	if (cli_has(args, "reason"))
		return live_print(cli, result, &reasons);
	sum_reasons(result);
	return live_print(cli, result, &sums);
}

static const struct cli_command commands[] = {
	{ "show",
	  "packets and bytes by body, direction and verdict; with reason, why they ended so",
	  show,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "reason", .kind = CLI_FLAG } } },
	{ 0 },
};

const struct cli_object object_stats = {
	.name = "stats",
	.summary = "what became of the packets, by body, verdict and reason",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho stats show                       sums of every body\n"
		 "  sekisho stats show reason                why packets were dropped\n"
		 "  sekisho stats show tenant saga reason    the same for Saga city\n"
		 "Every packet is counted once, under one reason.\n",
};
