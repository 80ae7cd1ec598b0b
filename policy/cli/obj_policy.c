/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho policy`: the one document that drives the gateway, and its generations.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/amend.h"
#include "cli/live.h"
#include "cli/preview.h"
#include "cli/sources.h"
#include "compile/compile.h"
#include "prove/prove.h"
#include "text/counted.h"

static json_t *summary(const char *path, const struct policy *policy, const struct image *image,
		       const struct diag *diag)
{
	size_t rules = 0, prefixes = 0;

	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		rules += policy->tenants[i].rule_cnt;
		prefixes += policy->tenants[i].prefix_cnt;
	}
	return json_pack("{s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			 "ok", 1, "file", print_string(path), "ports", (json_int_t)policy->port_cnt,
			 "tenants", (json_int_t)policy->tenant_cnt - 1, "rules", (json_int_t)rules,
			 "prefixes", (json_int_t)prefixes, "lists", (json_int_t)policy->list_cnt,
			 "name_lists", (json_int_t)policy->name_list_cnt, "assertions",
			 (json_int_t)policy->assert_cnt, "classes", (json_int_t)image->class_cnt,
			 "rows", (json_int_t)image->row_cnt, "tables", (json_int_t)image->table_cnt,
			 "attaches", (json_int_t)image->attach_cnt, "diag", cli_diag_json(diag));
}

static int check(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "file", "policy", COLUMN_TEXT },
		{ "ports", "ports", COLUMN_COUNT },
		{ "tenants", "bodies", COLUMN_COUNT },
		{ "prefixes", "their prefixes", COLUMN_COUNT },
		{ "rules", "rules", COLUMN_COUNT },
		{ "lists", "lists of addresses", COLUMN_COUNT },
		{ "name_lists", "lists of names", COLUMN_COUNT },
		{ "assertions", "assertions, which hold", COLUMN_COUNT },
		{ "attaches", "kernel: prefixes by port and VLAN", COLUMN_COUNT },
		{ "classes", "kernel: address classes", COLUMN_COUNT },
		{ "rows", "kernel: rule vectors", COLUMN_COUNT },
		{ "tables", "kernel: port tables", COLUMN_COUNT },
		{ "ok", "right", COLUMN_TEXT },
	};
	static const struct view view = { .columns = columns,
					  .column_cnt = sizeof(columns) / sizeof(columns[0]) };
	const char *path = cli_arg(args, "file");
	struct policy *policy = NULL;
	struct image *image = NULL;
	json_t *result;
	struct diag diag;
	int ret;

	diag_init(&diag);
	ret = amend_read(cli, path, &diag, &policy, &image);
	if (ret == CLI_OK)
		ret = amend_prove(cli, path, policy, image, &diag);
	if (ret == CLI_OK) {
		sources_check(policy, &diag);
		result = summary(path, policy, image, &diag);
		if (!cli->json)
			diag_print(&diag, cli->err);
		ret = live_print(cli, result, &view);
	}
	image_free(image);
	policy_free(policy);
	diag_free(&diag);
	return ret;
}

/* The policy that an entry of the journal holds. NULL after the words were said. */
static struct policy *parse_entry(struct cli *cli, const json_t *entry)
{
	const char *text = json_string_value(json_object_get(entry, "text"));
	struct policy *policy = NULL;
	struct diag diag;

	diag_init(&diag);
	if (text)
		policy = policy_parse(text, strlen(text), "kept policy", NULL, &diag);
	if (!policy)
		cli_fail(cli, CLI_FAILED, &diag, "a policy that was kept cannot be read back");
	diag_free(&diag);
	return policy;
}

#define SETS_SHOWN 40

/* What a difference is made of. */
struct state {
	struct policy *policy;
	struct image *image;
};

static void state_free(struct state *state)
{
	policy_free(state->policy);
	image_free(state->image);
}

/* Which packets are answered otherwise, for people. */
static void say_packets(struct cli *cli, const json_t *head)
{
	json_int_t more = json_integer_value(json_object_get(head, "more"));
	json_int_t unsettled = json_integer_value(json_object_get(head, "unsettled"));
	const json_t *packets = json_object_get(head, "packets");

	if (!json_array_size(packets) && !unsettled) {
		fputs("no packet is answered otherwise\n", cli->out);
		return;
	}
	fputs("packets that are answered otherwise, lists aside:\n", cli->out);
	if (json_array_size(packets))
		amend_print(cli->out, packets);
	if (more)
		fprintf(cli->out, "  and %s of packets more\n", COUNTED(more, "set"));
	if (unsettled)
		fprintf(cli->out, "  perhaps others: the rules of %s are too entangled to find all\n",
			COUNTED(unsettled, "tenant"));
}

/* Changes between two policies, told as from one and to the other. */
static int say_diff(struct cli *cli, const struct state *before, const struct state *after,
		    json_t *head)
{
	json_t *changes = policy_diff(before->policy, after->policy);
	json_t *meaning = policy_meaning(before->policy, before->image, after->policy, after->image,
					 SETS_SHOWN);
	const char *to = json_string_value(json_object_get(head, "file"));
	char from[32], until[32];
	int ret = CLI_OK;
	bool whole = changes && meaning && !json_object_update(head, meaning);

	json_decref(meaning);
	json_object_set_new(head, "changes", changes);
	if (!whole)
		ret = cli_fail(cli, CLI_FAILED, NULL, "no memory for the difference");
	else if (cli->json)
		print_json(cli->out, head, cli->pretty);
	if (ret != CLI_OK || cli->json)
		return ret;
	print_value(from, sizeof(from), json_object_get(head, "generation"), COLUMN_TEXT);
	print_value(until, sizeof(until), json_object_get(head, "to"), COLUMN_TEXT);
	fprintf(cli->out, "from generation %s to %s", from, to ? "" : "generation ");
	print_text(cli->out, to ? to : until, strlen(to ? to : until));
	fputs(":\n", cli->out);
	amend_print(cli->out, changes);
	say_packets(cli, head);
	return CLI_OK;
}

/* A policy that was in force once, compiled. NULL after the words were said. */
static struct image *compile_kept(struct cli *cli, const struct policy *policy)
{
	struct image *image;
	struct diag diag;

	diag_init(&diag);
	image = image_compile(policy, &diag);
	if (!image)
		cli_fail(cli, CLI_FAILED, &diag, "a policy that was kept cannot be compiled");
	diag_free(&diag);
	return image;
}

/* The policy of a generation, 0: of the one in force. The caller frees both. */
static int generation_read(struct cli *cli, uint64_t generation, json_t **ret_number,
			   struct state *ret_state)
{
	json_t *entry = NULL;
	int ret = live_policy(cli, (uint32_t)generation, &entry);

	if (ret != CLI_OK)
		return ret;
	ret_state->policy = parse_entry(cli, entry);
	if (ret_state->policy)
		ret_state->image = compile_kept(cli, ret_state->policy);
	*ret_number = json_incref(json_object_get(entry, "generation"));
	json_decref(entry);
	return ret_state->image && *ret_number ? CLI_OK : CLI_FAILED;
}

/* FILE against a generation, or with a second word one generation against another. */
static int diff(struct cli *cli, const struct cli_args *args)
{
	bool file = !cli_has(args, "to");
	struct state before = {}, after = {};
	json_t *from = NULL, *to = NULL, *head;
	uint64_t base = 0, until = 0;
	struct diag diag;
	int ret;

	if (cli_number(cli, args, "to", 1, UINT32_MAX, &until) ||
	    cli_number(cli, args, file ? "base" : "file", 1, UINT32_MAX, &base))
		return CLI_USAGE;
	diag_init(&diag);
	ret = file ? amend_read(cli, cli_arg(args, "file"), &diag, &after.policy, &after.image)
		   : generation_read(cli, until, &to, &after);
	diag_free(&diag);
	if (ret == CLI_OK)
		ret = generation_read(cli, base, &from, &before);
	if (ret == CLI_OK) {
		head = json_pack("{s:O, s:O*, s:o*}", "generation", from, "to", to, "file",
				 file ? print_string(cli_arg(args, "file")) : NULL);
		ret = say_diff(cli, &before, &after, head);
		json_decref(head);
	}
	state_free(&before);
	state_free(&after);
	json_decref(from);
	json_decref(to);
	return ret;
}

static int history(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "generation", "GENERATION", COLUMN_COUNT },
		{ "time", "TIME", COLUMN_TIME },
		{ "action", "ACTION", COLUMN_TEXT },
		{ "user", "USER", COLUMN_TEXT },
		{ "from", "FROM", COLUMN_TEXT },
		{ "path", "FILE", COLUMN_TEXT },
		{ "message", "MESSAGE", COLUMN_TEXT },
	};
	static const struct view view = VIEW("entries", columns, "No policy was ever applied.");
	json_t *result = NULL;
	uint64_t last = 20;
	int ret;

	if (cli_number(cli, args, "last", 0, UINT32_MAX, &last) != 0)
		return CLI_USAGE;
	ret = live_history(cli, (uint32_t)last, &result);
	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

static int show(struct cli *cli, const struct cli_args *args)
{
	json_t *entry = NULL;
	uint64_t generation = 0;
	const char *text;
	int ret;

	if (cli_number(cli, args, "generation", 1, UINT32_MAX, &generation) != 0)
		return CLI_USAGE;
	ret = live_policy(cli, (uint32_t)generation, &entry);
	if (ret != CLI_OK)
		return ret;
	text = json_string_value(json_object_get(entry, "text"));
	if (cli->json || !text)
		ret = print_json(cli->out, entry, cli->pretty) < 0 ? CLI_FAILED : CLI_OK;
	while (!cli->json && text && *text) { /* lines stay lines, what is in them is made harmless */
		size_t len = strcspn(text, "\n");

		print_text(cli->out, text, len);
		fputc('\n', cli->out);
		text += len + (text[len] == '\n');
	}
	amend_note(cli, entry);
	json_decref(entry);
	return ret;
}

static const struct cli_command commands[] = {
	{ "check",
	  "reads FILE and its includes, names every error by line and column; needs no agent",
	  check,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true } } },
	{ "diff",
	  "what FILE would change of the policy in force, and for which packets; or between two generations",
	  diff,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "to", .kind = CLI_WORD, .value = "GENERATION" },
	    { .name = "base", .kind = CLI_KEY, .value = "GENERATION" } } },
	{ "preview",
	  "which flows and refusals of the past FILE would decide otherwise, by the records",
	  preview,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "since", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "records", .kind = CLI_KEY, .value = "FILE" } } },
	{ "apply",
	  "checks FILE, installs it beside the one in force and makes it live in one store",
	  amend_apply,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' },
	    { .name = "base", .kind = CLI_KEY, .value = "GENERATION" },
	    { .name = "confirm", .kind = CLI_KEY, .value = "SECONDS" },
	    { .name = "unchecked", .kind = CLI_FLAG },
	    { .name = "force", .kind = CLI_FLAG } } },
	{ "confirm",
	  "keeps what was applied with confirm, which else goes back by itself",
	  amend_confirm,
	  { { .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' } } },
	{ "rollback",
	  "applies a former generation again, the last but one unless named",
	  amend_rollback,
	  { { .name = "generation", .kind = CLI_WORD, .value = "GENERATION" },
	    { .name = "base", .kind = CLI_KEY, .value = "GENERATION" },
	    { .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' } } },
	{ "history",
	  "who changed the policy, when and why",
	  history,
	  { { .name = "last", .kind = CLI_KEY, .value = "N" } } },
	{ "show",
	  "text of the policy in force, or of a former generation",
	  show,
	  { { .name = "generation", .kind = CLI_WORD, .value = "GENERATION" } } },
	{ 0 },
};

const struct cli_object object_policy = {
	.name = "policy",
	.summary = "the document that drives the gateway",
	.commands = commands,
	.teach =
		"  sekisho policy check saga.yaml                    all errors at once, with hints\n"
		"  sekisho policy diff saga.yaml                     what it would change, open and close\n"
		"  sekisho policy diff 12 14                         from generation 12 to 14\n"
		"  sekisho policy preview saga.yaml since 7d         what of last week it would refuse\n"
		"  sekisho policy apply saga.yaml -m 'open port 8443 for Ogi, ticket 7'\n"
		"  sekisho policy apply saga.yaml confirm 60         goes back after 60 s, unless\n"
		"  sekisho policy confirm                            comes: a mistake cannot lock you out\n"
		"  sekisho policy apply saga.yaml force              though it cuts off your ssh\n"
		"  sekisho policy apply saga.yaml unchecked          its section confirm: asks nothing\n"
		"  sekisho policy history                            every change: who, from where, why\n"
		"  sekisho policy rollback                           back to the one before\n"
		"  sekisho policy apply saga.yaml base 12            refused unless 12 is in force\n"
		"A policy takes effect at the next packet of every flow.\n"
		"What was refused changed nothing.\n",
};
