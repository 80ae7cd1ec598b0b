/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the choice between the agent and the pinned maps. Called by every object that shows or
 * changes what is in force. Promises that a reader is told where an answer came from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/live.h"
#include "install/journal.h"
#include "text/quantity.h"

#define ASK_MS 15000
#define NO_CODE 1 /* no error of JSON-RPC has it */
#define FILE_MS 3600000
#define LONG_MS 180000 /* a million prefixes, all rules compiled, the verifier with others before */

static bool takes_long(const char *method)
{
	return strncmp(method, "policy.", 7) == 0 || strncmp(method, "list.", 5) == 0 ||
	       strcmp(method, "flow.delete") == 0 || strcmp(method, "flow.explain") == 0 ||
	       strcmp(method, "rule.reload") == 0;
}

static bool is_absent(int error)
{
	return error == -ENOENT || error == -ECONNREFUSED || error == -ETIMEDOUT || error == -EPIPE;
}

/* How the shell hears of a call that got no answer. */
static enum cli_exit exit_of(int error)
{
	return error == -EACCES ? CLI_REFUSED : is_absent(error) ? CLI_NO_AGENT : CLI_FAILED;
}

/* The agent's sentence is often its last error word for word. */
static bool is_said(const struct diag *diag, const char *message)
{
	for (size_t i = 0; i < diag->cnt; i++)
		if (strcmp(diag->entries[i].text, message) == 0)
			return true;
	return false;
}

/* The agent has answered by an error. */
static int say_error(struct cli *cli, const char *method, const struct client_answer *answer)
{
	struct diag diag;
	int ret;

	diag_init(&diag);
	cli_diag_add(&diag, json_object_get(answer->data, "diag"));
	if (answer->code == CLIENT_REFUSED)
		ret = cli_fail(cli, CLI_REFUSED, &diag, "not allowed: %s", answer->message);
	else if (answer->code == CLIENT_METHOD_UNKNOWN)
		ret = cli_fail(cli, CLI_FAILED, &diag,
			       "this sekishod does not know %s: it is of another version", method);
	else if (!cli->json && is_said(&diag, answer->message))
		ret = cli_fail(cli, CLI_FAILED, &diag, "sekishod has refused %s", method);
	else
		ret = cli_fail(cli, CLI_FAILED, &diag, "%s", answer->message);
	diag_free(&diag);
	return ret;
}

int live_say_error(struct cli *cli, const char *method, struct client_answer *answer)
{
	int ret = say_error(cli, method, answer);

	client_answer_free(answer);
	return ret;
}

static int ask_ms(const char *method, const struct client_file *file)
{
	return takes_long(method) ? LONG_MS : file ? FILE_MS : ASK_MS;
}

int live_ask_own(struct cli *cli, const char *method, json_t *params,
		 const struct client_file *file, int own, struct client_answer *ret_answer)
{
	struct client_answer answer = { 0 };
	struct diag diag;
	int ret;

	diag_init(&diag);
	ret = client_call_file(cli->socket, method, params, file, ask_ms(method, file), &answer,
			       &diag);
	json_decref(params);
	if (ret < 0)
		ret = cli_fail(cli, exit_of(ret), &diag, "%s was not done", method);
	diag_free(&diag);
	if (ret != 0)
		return ret;
	if (!answer.result && own != LIVE_ANY && answer.code != own)
		return live_say_error(cli, method, &answer);
	*ret_answer = answer;
	return answer.result ? CLI_OK : CLI_FAILED;
}

int live_ask_file(struct cli *cli, const char *method, json_t *params,
		  const struct client_file *file, json_t **ret_result)
{
	struct client_answer answer = { 0 };
	int ret = live_ask_own(cli, method, params, file, NO_CODE, &answer);

	if (ret == CLI_OK)
		*ret_result = json_incref(answer.result);
	client_answer_free(&answer);
	return ret;
}

int live_ask(struct cli *cli, const char *method, json_t *params, json_t **ret_result)
{
	return live_ask_file(cli, method, params, NULL, ret_result);
}

int live_try(struct cli *cli, const char *method, json_t *params, struct diag *diag,
	     json_t **ret_result)
{
	struct client_answer answer = { 0 };
	int ret = client_call(cli->socket, method, params, ASK_MS, &answer, diag);

	json_decref(params);
	if (ret == 0 && answer.result) {
		*ret_result = json_incref(answer.result);
		ret = CLI_OK;
	} else if (ret == 0) {
		ret = say_error(cli, method, &answer);
	} else if (is_absent(ret)) {
		ret = CLI_NO_AGENT;
	} else {
		ret = cli_fail(cli, exit_of(ret), diag, "%s was not answered", method);
	}
	client_answer_free(&answer);
	return ret;
}

static int entry_found(const struct journal_entry *e, void *arg)
{
	json_t **ret_entry = arg;

	*ret_entry = journal_entry_json(e, true);
	return 1;
}

/* What waits for its confirmation, as the agent would tell it, or null. */
static json_t *wait_json(struct journal *journal)
{
	struct journal_wait wait;
	struct journal_now now;

	if (journal_wait_get(journal, &wait)) /* none, or a file from before there were waits */
		return json_null();
	journal_now(&now);
	return journal_wait_json(&wait, &now);
}

/* One generation's entry, from the journal's own file. NULL with words. */
static json_t *journal_entry(const char *path, uint32_t generation, struct diag *diag)
{
	struct journal *journal = NULL;
	json_t *entry = NULL;
	int ret = journal_peek(path, &journal);

	if (ret == 0) {
		ret = journal_find(journal, generation, entry_found, &entry);
		if (entry)
			json_object_set_new(entry, "confirm", wait_json(journal));
		journal_close(journal);
	}
	if (entry)
		return entry;
	diag_add(diag, DIAG_ERROR, path, 0, 0,
		 ret == -EACCES ? "read it as root" : "the agent writes it at each policy apply",
		 "the journal has no policy of generation %u%s%s", generation, ret < 0 ? ": " : "",
		 ret < 0 ? strerror(-ret) : "");
	return NULL;
}

struct policy *live_peek_policy(const struct cli *cli, const struct gate *gate)
{
	struct policy *policy = NULL;
	json_t *entry = NULL;
	const char *text = NULL;
	struct diag diag;

	diag_init(&diag);
	if (gate_generation(gate))
		entry = journal_entry(cli->journal, gate_generation(gate), &diag);
	if (entry)
		text = json_string_value(json_object_get(entry, "text"));
	if (text)
		policy = policy_parse(text, strlen(text), "journal", NULL, &diag);
	json_decref(entry);
	diag_free(&diag);
	return policy;
}

static int peek_read(struct cli *cli, const json_t *params, live_peek *peek, struct diag *diag,
		     json_t **ret_result)
{
	struct gate *gate = NULL;
	struct policy *policy;
	int ret = gate_peek(cli->pin_dir, &gate, diag);

	if (ret < 0)
		return cli_fail(cli, CLI_NO_AGENT, diag,
				"sekishod does not answer, and its maps cannot be read");
	cli_note(cli, "sekishod does not answer (%s); this is read from the maps in %s",
		 cli->socket, cli->pin_dir);
	policy = live_peek_policy(cli, gate);
	if (!policy)
		cli_note(cli, "%s does not tell the policy of generation %u: numbers stand for names",
			 cli->journal, gate_generation(gate));
	diag_free(diag); /* of the agent that did not answer: said above */
	diag_init(diag);
	*ret_result = peek(gate, policy, params, diag);
	ret = *ret_result ? CLI_OK : cli_fail(cli, CLI_FAILED, diag, "the maps could not be read");
	policy_free(policy);
	gate_close(gate);
	return ret;
}

int live_read(struct cli *cli, const char *method, json_t *params, live_peek *peek,
	      json_t **ret_result)
{
	struct diag diag;
	int ret;

	diag_init(&diag);
	ret = live_try(cli, method, json_incref(params), &diag, ret_result);
	if (ret == CLI_NO_AGENT)
		ret = peek_read(cli, params, peek, &diag, ret_result);
	diag_free(&diag);
	json_decref(params);
	return ret;
}

int live_print(struct cli *cli, json_t *result, const struct view *view)
{
	int ret = cli->json ? print_json(cli->out, result, cli->pretty)
			    : print_view(cli->out, result, view);

	json_decref(result);
	if (ret < 0)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory to print the result");
	return CLI_OK;
}

int live_show(struct cli *cli, const char *method, json_t *params, live_peek *peek,
	      const struct view *view)
{
	json_t *result = NULL;
	int ret = live_read(cli, method, params, peek, &result);

	return ret == CLI_OK ? live_print(cli, result, view) : ret;
}

/* The generation that the pinned maps serve; 0 with words. */
static uint32_t peek_generation(struct cli *cli, struct diag *diag)
{
	struct gate *gate = NULL;
	uint32_t generation;

	if (gate_peek(cli->pin_dir, &gate, diag) < 0)
		return 0;
	generation = gate_generation(gate);
	gate_close(gate);
	if (!generation)
		diag_add(diag, DIAG_ERROR, cli->pin_dir, 0, 0, "sekisho policy apply FILE",
			 "the gateway has no policy yet");
	return generation;
}

int live_policy(struct cli *cli, uint32_t generation, json_t **ret_entry)
{
	json_t *params = json_object(), *entry = NULL;
	struct diag diag;
	int ret;

	diag_init(&diag);
	if (generation)
		json_object_set_new(params, "generation", json_integer(generation));
	ret = live_try(cli, "policy.show", params, &diag, &entry);
	if (ret == CLI_NO_AGENT) {
		if (!generation)
			generation = peek_generation(cli, &diag);
		entry = generation ? journal_entry(cli->journal, generation, &diag) : NULL;
		if (entry)
			cli_note(cli, "sekishod does not answer (%s); this is read from %s",
				 cli->socket, cli->journal);
		ret = entry ? CLI_OK
			    : cli_fail(cli, CLI_NO_AGENT, &diag,
				       "sekishod does not answer, and the policy cannot be read without it");
	}
	if (ret == CLI_OK)
		*ret_entry = entry;
	diag_free(&diag);
	return ret;
}

json_t *live_policy_past(struct cli *cli, uint32_t generation)
{
	json_t *params = json_pack("{s:I}", "generation", (json_int_t)generation), *entry = NULL;
	struct client_answer answer = { 0 };
	struct diag diag;

	diag_init(&diag);
	if (client_call(cli->socket, "policy.show", params, ASK_MS, &answer, &diag) < 0)
		entry = journal_entry(cli->journal, generation, &diag);
	else
		entry = json_incref(answer.result);
	client_answer_free(&answer);
	diag_free(&diag);
	json_decref(params);
	return entry;
}

static int history_entry(const struct journal_entry *e, void *arg)
{
	return json_array_append_new(arg, journal_entry_json(e, false));
}

int live_history(struct cli *cli, uint32_t limit, json_t **ret_result)
{
	json_t *params = json_pack("{s:I}", "limit", (json_int_t)limit), *list;
	struct journal *journal = NULL;
	struct diag diag;
	int ret;

	diag_init(&diag);
	ret = live_try(cli, "policy.history", params, &diag, ret_result);
	diag_free(&diag);
	if (ret != CLI_NO_AGENT)
		return ret;
	ret = journal_peek(cli->journal, &journal);
	if (ret < 0)
		return cli_fail(cli, CLI_NO_AGENT, NULL,
				"sekishod does not answer (%s), and its journal %s cannot be read: %s",
				cli->socket, cli->journal, strerror(-ret));
	cli_note(cli, "sekishod does not answer (%s); this is read from %s", cli->socket,
		 cli->journal);
	list = json_array();
	ret = journal_walk(journal, limit, history_entry, list);
	journal_close(journal);
	*ret_result = json_pack("{s:o}", "entries", list);
	return ret < 0 ? cli_fail(cli, CLI_FAILED, NULL, "%s cannot be read to its end: %s",
				  cli->journal, strerror(-ret))
		       : CLI_OK;
}

void live_warn(struct cli *cli, const json_t *result)
{
	struct diag diag;

	diag_init(&diag);
	cli_diag_add(&diag, json_object_get(result, "diag"));
	fflush(cli->out);
	diag_print(&diag, cli->err);
	diag_free(&diag);
}

int live_keep(struct cli *cli, json_t *result, const char *rows, const char *key, const char *value)
{
	json_t *list = json_object_get(result, rows), *row;
	char known[512] = "";
	size_t len = 0;

	if (!value)
		return CLI_OK;
	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *name;

		row = json_array_get(list, i);
		name = json_string_value(json_object_get(row, key));
		if (name && strcmp(name, value) == 0)
			continue;
		if (name && len + strlen(name) + 2 < sizeof(known))
			len += (size_t)snprintf(known + len, sizeof(known) - len, " %s", name);
		json_array_remove(list, i);
	}
	if (json_array_size(list) > 0)
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED, NULL, "there is nothing of %s '%s'; there is:%s", key,
			value, known[0] ? known : " none at all");
}

int live_print_kept(struct cli *cli, const struct cli_args *args, json_t *result, const char *key,
		    const struct view *view)
{
	int ret = live_keep(cli, result, view->rows, key, cli_arg(args, key));

	if (ret == CLI_OK)
		return live_print(cli, result, view);
	json_decref(result);
	return ret;
}

json_t *live_params(const struct cli_args *args, const char *const *names)
{
	json_t *params = json_object();

	for (; *names; names++)
		if (cli_has(args, *names))
			json_object_set_new(params, *names, print_string(cli_arg(args, *names)));
	return params;
}

#define SECOND_NS 1000000000ull
#define SPAN_MAX (3650ull * 86400) /* ten years; more is a slip of the pen */

int live_span(struct cli *cli, const char *text, int64_t *ret_seconds)
{
	uint64_t ns = 0;

	if (text && (quantity_parse_time(text, &ns) < 0 || ns < SECOND_NS || ns % SECOND_NS ||
		     ns / SECOND_NS > SPAN_MAX))
		return cli_fail(
			cli, CLI_USAGE, NULL,
			"'for %s' is no time: write 90s, 15m, 1h, 7d or 1h30m, at most ten years",
			text);
	*ret_seconds = (int64_t)(ns / SECOND_NS);
	return CLI_OK;
}
