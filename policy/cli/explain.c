// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the question "why is this packet blocked?": finds the policy that is meant and the gateway that
 * is there, asks it or, where this user may not, the agent, and prints. Called by obj_flow.c.
 * Promises to say whose lists and routes the answer went by.
 */
#include "cli/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "cli/live.h"
#include "explain/explain.h"
#include "explain/question.h"

/* One run of the command. */
struct asking {
	struct cli *cli;
	const struct cli_args *args;
	struct policy *policy; /* that is asked */
	struct policy *in_force; /* may be the same; NULL: not known */
	struct gate *gate; /* the live one; NULL: there is none here */
	uint64_t generation; /* of policy; 0: a file's */
};

/* The policy of a generation, 0 being the one in force. CLI_OK, or a status after the words. */
static int policy_of(struct cli *cli, uint32_t generation, struct policy **ret_policy,
		     uint64_t *ret_generation)
{
	const char *text, *path;
	json_t *entry = NULL;
	struct diag diag;
	int status = live_policy(cli, generation, &entry);

	if (status != CLI_OK)
		return status;
	diag_init(&diag);
	text = json_string_value(json_object_get(entry, "text"));
	path = json_string_value(json_object_get(entry, "path"));
	*ret_generation = (uint64_t)json_integer_value(json_object_get(entry, "generation"));
	if (text)
		*ret_policy = policy_parse(text, strlen(text), path && path[0] ? path : "policy",
					   NULL, &diag);
	if (!*ret_policy)
		status = cli_fail(cli, CLI_FAILED, &diag,
				  "the policy of generation %llu cannot be read back",
				  (unsigned long long)*ret_generation);
	diag_free(&diag);
	json_decref(entry);
	return status;
}

static int file_read(struct asking *a, const char *path)
{
	struct diag diag;
	int status = CLI_OK;

	diag_init(&diag);
	a->policy = policy_read(path, &diag);
	if (!a->policy)
		status = cli_fail(a->cli, CLI_FAILED, &diag, "%s is no policy that can be used",
				  path);
	diag_free(&diag);
	return status;
}

/* Whether the policy in force is asked, not a past one or a file's. */
static bool is_live(const struct asking *a)
{
	return !cli_has(a->args, "policy") && !cli_has(a->args, "at");
}

/* The gateway on this machine, and what it has in force. */
static int gate_find_live(struct asking *a)
{
	uint64_t generation;
	struct diag diag;
	int status = CLI_OK;

	diag_init(&diag);
	if (gate_peek(a->cli->pin_dir, &a->gate, &diag))
		a->gate = NULL;
	diag_free(&diag);
	if (!a->gate || !gate_generation(a->gate))
		return CLI_OK;
	if (is_live(a))
		a->in_force = a->policy;
	else
		status = policy_of(a->cli, 0, &a->in_force, &generation);
	return status;
}

static int policies_find(struct asking *a)
{
	const char *path = cli_arg(a->args, "policy");
	uint64_t at = 0;
	int status;

	if (path && cli_has(a->args, "at"))
		return cli_fail(a->cli, CLI_USAGE, NULL,
				"'at' and 'policy' contradict each other; leave one out");
	if (cli_number(a->cli, a->args, "at", 1, UINT32_MAX, &at))
		return CLI_USAGE;
	status = path ? file_read(a, path)
		      : policy_of(a->cli, (uint32_t)at, &a->policy, &a->generation);
	return status == CLI_OK ? gate_find_live(a) : status;
}

static int packet_read(struct asking *a, struct explain_packet *packet)
{
	const struct cli_args *args = a->args;
	const struct explain_words words = {
		.tenant = cli_arg(args, "tenant"),
		.out = cli_has(args, "out"),
		.in = cli_has(args, "in"),
		.src = cli_arg(args, "src"),
		.dst = cli_arg(args, "dst"),
		.proto = cli_arg(args, "proto"),
		.sport = cli_arg(args, "sport"),
		.dport = cli_arg(args, "dport"),
		.icmp = cli_arg(args, "icmp"),
		.flags = cli_arg(args, "flags"),
		.port = cli_arg(args, "port"),
		.vlan = cli_arg(args, "vlan"),
		.size = cli_arg(args, "size"),
		.fragment = cli_arg(args, "fragment"),
	};
	struct diag diag;
	int status = CLI_OK;

	diag_init(&diag);
	if (explain_read(a->policy, &words, packet, &diag))
		status = cli_fail(a->cli, CLI_USAGE, &diag, "that describes no packet");
	diag_free(&diag);
	return status;
}

static bool is_right_missing(int error)
{
	return error == -EPERM || error == -EACCES;
}

/* The program is loaded here. -EPERM, -EACCES with nothing said: by this user it cannot be. */
static int ask_here(struct asking *a, const struct explain_packet *packet, json_t **ret_answer,
		    struct diag *diag)
{
	const struct model_port *port = policy_port_id(a->policy, packet->port);
	const struct explain_options options = {
		.live = a->gate,
		.live_policy = a->in_force,
		.tc = port && port->mode == MODE_TC,
	};
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* diag has what is worth knowing */
	struct explain *explain = NULL;
	struct sek_trace trace;
	int r = explain_open(a->policy, &options, &explain, diag);

	libbpf_set_print(print);
	if (!r)
		r = explain_ask(explain, packet, &trace);
	if (!r)
		*ret_answer = explain_json(explain, packet, &trace);
	if (!r && !*ret_answer)
		r = -ENOMEM;
	if (!r)
		explain_policy_add(*ret_answer, a->policy, a->generation, is_live(a));
	explain_close(explain);
	return r;
}

/* The agent may load programs, and is asked by who may look. CLI_OK, or a status after the words. */
static int ask_agent(struct asking *a, json_t **ret_answer)
{
	static const char *const names[] = { "tenant", "src",	   "dst",   "proto", "sport",
					     "dport",  "icmp",	   "flags", "port",  "vlan",
					     "size",   "fragment", NULL };
	json_t *params = live_params(a->args, names);
	int status;

	json_object_set_new(params, "out", json_boolean(cli_has(a->args, "out")));
	json_object_set_new(params, "in", json_boolean(cli_has(a->args, "in")));
	if (cli_has(a->args, "at"))
		json_object_set_new(params, "at", json_integer((json_int_t)a->generation));
	status = live_ask(a->cli, "flow.explain", params, ret_answer);
	if (status != CLI_OK)
		return status;
	live_warn(a->cli, *ret_answer);
	json_object_del(*ret_answer, "diag");
	json_object_del(*ret_answer, "dropped");
	return CLI_OK;
}

static int ask(struct asking *a, const struct explain_packet *packet, json_t **ret_answer)
{
	struct diag diag;
	int r, status = CLI_OK;

	diag_init(&diag);
	r = ask_here(a, packet, ret_answer, &diag);
	if (!r)
		diag_print(&diag, a->cli->err);
	else if (is_right_missing(r) && !cli_has(a->args, "policy"))
		status = ask_agent(a, ret_answer);
	else
		status = cli_fail(a->cli, is_right_missing(r) ? CLI_REFUSED : CLI_FAILED, &diag,
				  "the gateway's program cannot be asked: %s%s", strerror(-r),
				  is_right_missing(r)
					  ? "; of a policy that is in a file only root can ask it"
					  : "");
	diag_free(&diag);
	return status;
}

static void facts_rule(json_t *facts, const json_t *rule)
{
	if (!json_is_object(rule))
		return;
	print_fact(facts, "rule", "%s: %s (%s:%lld)", print_word(rule, "name"),
		   print_word(rule, "action"), print_word(rule, "file"),
		   (long long)json_integer_value(json_object_get(rule, "line")));
	print_fact(facts, "comment", "%s", print_word(rule, "comment"));
}

static void facts_list(json_t *facts, const json_t *list)
{
	const char *title = print_word(list, "title");

	if (json_is_object(list))
		print_fact(facts, "list", "%s (%s list%s%s)", print_word(list, "name"),
			   print_word(list, "kind"), title[0] ? "; " : "", title);
}

static void facts_way(json_t *facts, const json_t *way)
{
	const char *hop = print_word(way, "next_hop"), *port = print_word(way, "port");

	if (json_is_object(way))
		print_fact(facts, "way", "%s%s%s%s%s", port[0] ? "port " : "", port,
			   port[0] && hop[0] ? ", " : "", hop[0] ? "next hop " : "", hop);
}

static void facts_policy(json_t *facts, const json_t *answer)
{
	const char *lists = print_word(answer, "lists");
	const json_t *generation = json_object_get(answer, "generation");
	bool live = json_is_true(json_object_get(answer, "live"));

	if (json_is_integer(generation))
		print_fact(facts, "policy", "generation %lld%s (%s)",
			   (long long)json_integer_value(generation), live ? ", in force" : "",
			   print_word(answer, "policy"));
	else
		print_fact(facts, "policy", "%s, not in force", print_word(answer, "policy"));
	print_fact(facts, "by", "%s; %s; a gateway without flows, quotas and rates unused",
		   !strcmp(lists, "in force")  ? "lists as they are in force"
		   : !strcmp(lists, "sources") ? "lists from their sources"
					       : "no lists",
		   !strcmp(print_word(answer, "routes"), "kernel")
			   ? "routes of the kernel"
			   : "no routes: bodies at home, all else outside");
}

static json_t *facts_make(const struct asking *a, const json_t *answer)
{
	json_t *facts = json_object();

	print_fact(facts, "verdict", "%s", print_word(answer, "verdict"));
	print_fact(facts, "reason", "%s: %s", print_word(answer, "reason"),
		   print_word(answer, a->cli->japanese ? "meaning_ja" : "meaning"));
	print_fact(facts, "tenant", "%s%s%s", print_word(answer, "tenant"),
		   print_word(answer, "dir")[0] ? ", " : "", print_word(answer, "dir"));
	facts_rule(facts, json_object_get(answer, "rule"));
	facts_list(facts, json_object_get(answer, "list"));
	print_fact(facts, "rate", "%s", print_word(json_object_get(answer, "rate"), "text"));
	facts_way(facts, json_object_get(answer, "way"));
	facts_policy(facts, answer);
	return facts;
}

static void show(const struct asking *a, const json_t *answer)
{
	static const struct column facts[] = {
		{ "verdict", "verdict", COLUMN_TEXT }, { "reason", "reason", COLUMN_TEXT },
		{ "tenant", "tenant", COLUMN_TEXT },   { "rule", "rule", COLUMN_TEXT },
		{ "comment", "comment", COLUMN_TEXT }, { "list", "list", COLUMN_TEXT },
		{ "rate", "rate", COLUMN_TEXT },       { "way", "way out", COLUMN_TEXT },
		{ "policy", "policy", COLUMN_TEXT },   { "by", "decided by", COLUMN_TEXT },
	};
	static const struct column stages[] = {
		{ "stage", "STAGE", COLUMN_TEXT },
		{ "answer", "ANSWER", COLUMN_TEXT },
	};
	static const struct view record = { .columns = facts,
					    .column_cnt = sizeof(facts) / sizeof(facts[0]) };
	static const struct view table = VIEW("stages", stages, "No stage was asked.");
	json_t *row = facts_make(a, answer);

	fprintf(a->cli->out, "%s\n\n", print_word(answer, "packet"));
	print_view(a->cli->out, row, &record);
	fputc('\n', a->cli->out);
	print_view(a->cli->out, answer, &table);
	json_decref(row);
}

/* The policy is there. */
static int packet_answer(struct asking *a)
{
	struct explain_packet packet;
	json_t *answer = NULL;
	int status = packet_read(a, &packet);

	if (status == CLI_OK)
		status = ask(a, &packet, &answer);
	if (status != CLI_OK)
		return status;
	if (a->cli->json)
		print_json(a->cli->out, answer, a->cli->pretty);
	else
		show(a, answer);
	json_decref(answer);
	return CLI_OK;
}

int explain_command(struct cli *cli, const struct cli_args *args)
{
	struct asking a = { .cli = cli, .args = args };
	int status = policies_find(&a);

	if (status == CLI_OK && a.policy)
		status = packet_answer(&a);
	if (a.gate)
		gate_close(a.gate);
	if (a.in_force != a.policy)
		policy_free(a.in_force);
	policy_free(a.policy);
	return status;
}
