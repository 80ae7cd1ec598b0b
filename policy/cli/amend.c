/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the commands of `sekisho policy` that change what is in force: apply, confirm, rollback.
 * Called by obj_policy.c.
 */
#include "cli/amend.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/live.h"
#include "cli/session.h"
#include "install/journal.h"
#include "prove/prove.h"

/* Reads and compiles a file. CLI_OK and both, or CLI_FAILED with every error said. */
int amend_read(struct cli *cli, const char *path, struct diag *diag, struct policy **ret_policy,
	       struct image **ret_image)
{
	struct policy *policy = policy_read(path, diag);
	struct image *image = policy ? image_compile(policy, diag) : NULL;

	if (!image) {
		policy_free(policy);
		cli_fail(cli, CLI_FAILED, diag, "%s: %zu error%s; nothing was changed", path,
			 diag->error_cnt, diag->error_cnt == 1 ? "" : "s");
		return CLI_FAILED;
	}
	*ret_policy = policy;
	*ret_image = image;
	return CLI_OK;
}

/* Do its assertions hold? CLI_OK, with warnings in diag, or CLI_FAILED with every error said. */
int amend_prove(struct cli *cli, const char *path, const struct policy *policy,
		const struct image *image, struct diag *diag)
{
	if (!policy_prove(policy, image, diag))
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED, diag, "%s: %zu error%s; nothing was changed", path,
			diag->error_cnt, diag->error_cnt == 1 ? "" : "s");
}

/* Changes as lines; an array of strings, or of objects with a text. */
void amend_print(FILE *out, const json_t *changes)
{
	const json_t *change;
	size_t i;

	if (json_array_size(changes) == 0)
		fputs("  nothing changes\n", out);
	json_array_foreach(changes, i, change) {
		const json_t *text = json_is_object(change) ? json_object_get(change, "text")
							    : change;
		char line[1024];

		print_value(line, sizeof(line), text ? text : change, COLUMN_TEXT);
		fputs("  ", out);
		print_text(out, line, strlen(line));
		fputc('\n', out);
	}
}

/* Member "confirm", if one waits: what would come back, when, and what keeps it. */
void amend_note(struct cli *cli, const json_t *result)
{
	const json_t *waits = json_object_get(result, "confirm");
	const char *text = json_string_value(json_object_get(waits, "text"));
	bool open = json_integer_value(json_object_get(waits, "left_s")) > 0;

	if (text && !cli->json)
		cli_note(cli, "%s%s", text, open ? "; 'sekisho policy confirm' keeps it" : "");
}

/* Where the one who asks sits, as this process can tell; the journal keeps it as told. */
static json_t *told(void)
{
	const char *ssh = getenv("SSH_CONNECTION");
	char login[64] = "", tty[64] = "";

	if (getlogin_r(login, sizeof(login)))
		login[0] = 0;
	if (ttyname_r(STDIN_FILENO, tty, sizeof(tty)))
		tty[0] = 0;
	if (!ssh || strlen(ssh) >= 160)
		ssh = "";
	return json_pack("{s:o, s:o, s:o}", "login", print_string(login), "tty",
			 print_string(strncmp(tty, "/dev/", 5) == 0 ? tty + 5 : tty), "ssh",
			 print_string(ssh));
}

json_t *amend_params(const struct cli_args *args)
{
	const char *message = cli_arg(args, "message");

	return json_pack("{s:o, s:o}", "message", print_string(message ? message : ""), "from",
			 told());
}

/* The generation that a change is made against: as told, or the one in force now. */
static int find_base(struct cli *cli, const struct cli_args *args, json_t **ret_base)
{
	struct client_answer answer = { 0 };
	uint64_t base = UINT64_MAX;
	int ret;

	if (cli_number(cli, args, "base", 0, UINT32_MAX, &base) != 0)
		return CLI_USAGE;
	if (base != UINT64_MAX) {
		*ret_base = json_integer((json_int_t)base);
		return CLI_OK;
	}
	ret = live_ask_own(cli, "policy.show", json_object(), NULL, CLIENT_NOT_FOUND, &answer);
	if (ret == CLI_OK)
		*ret_base = json_incref(json_object_get(answer.result, "generation"));
	else if (answer.message) /* the first policy */
		*ret_base = json_integer(0);
	if (answer.message)
		ret = CLI_OK;
	client_answer_free(&answer);
	return ret;
}

/* Somebody was quicker: what has changed meanwhile. */
static int say_stale(struct cli *cli, const struct client_answer *answer)
{
	const json_t *changes = json_object_get(answer->data, "diff");

	if (!cli->json) {
		fputs("changed since that generation:\n", cli->err);
		amend_print(cli->err, changes);
	} else {
		json_t *error = json_pack("{s:{s:i, s:s, s:O*}}", "error", "exit", CLI_FAILED,
					  "text", answer->message, "diff", changes);

		print_json(cli->out, error, cli->pretty);
		json_decref(error);
		return CLI_FAILED;
	}
	return cli_fail(cli, CLI_FAILED, NULL, "%s; look at what it changed, then ask again",
			answer->message);
}

static void say_changed(struct cli *cli, const json_t *result)
{
	const json_t *changes = json_object_get(result, "changes");
	char generation[32];

	print_value(generation, sizeof(generation), json_object_get(result, "generation"),
		    COLUMN_TEXT);
	if (json_is_true(json_object_get(result, "unchanged")))
		fprintf(cli->out, "generation %s is in force and says the same already\n",
			generation);
	else
		fprintf(cli->out, "generation %s is in force%s\n", generation,
			json_array_size(changes) > 0 ? ":" : "");
	if (json_array_size(changes) > 0)
		amend_print(cli->out, changes);
	live_warn(cli, result);
}

#define CHECKS_LOOK_MS 250

/* What came of the checks: the newest entry that has some. NULL: none has. */
static json_t *outcome_find(struct cli *cli)
{
	json_t *history = NULL, *entry, *found = NULL;
	size_t i;

	if (live_history(cli, 5, &history) != CLI_OK)
		return NULL;
	json_array_foreach(json_object_get(history, "entries"), i, entry)
		if (!found && json_array_size(json_object_get(entry, "checks")) > 0)
			found = json_incref(entry);
	json_decref(history);
	return found;
}

/* Looks until the policy's own checks have decided. Whoever ends this process changes nothing. */
static int outcome_wait(struct cli *cli, json_t **ret_outcome)
{
	bool running = true;
	int ret = CLI_OK;

	while (ret == CLI_OK && running) {
		json_t *entry = NULL;

		usleep(CHECKS_LOOK_MS * 1000);
		ret = live_ask(cli, "policy.show", json_object(), &entry);
		running = json_is_true(
			json_object_get(json_object_get(entry, "confirm"), "by_checks"));
		json_decref(entry);
	}
	if (ret == CLI_OK)
		*ret_outcome = outcome_find(cli);
	return ret;
}

static int say_outcome(struct cli *cli, const json_t *result, const json_t *outcome)
{
	static const struct column columns[] = {
		{ "check", "CHECK", COLUMN_TEXT },	{ "asks", "ASKS", COLUMN_TEXT },
		{ "passed", "PASSED", COLUMN_TEXT },	{ "attempts", "ATTEMPTS", COLUMN_COUNT },
		{ "ms", "MILLISECONDS", COLUMN_COUNT }, { "said", "ANSWER", COLUMN_TEXT },
	};
	static const struct view view = VIEW("checks", columns, "Nothing was asked.");
	const char *action = json_string_value(json_object_get(outcome, "action"));
	bool back = !action || strcmp(action, "rollback") == 0;

	if (!cli->json)
		print_view(cli->out, outcome, &view);
	if (cli->json)
		print_json(cli->out, result, cli->pretty);
	if (!back)
		return CLI_OK;
	if (cli->json)
		return CLI_FAILED;
	return cli_fail(cli, CLI_FAILED, NULL, "the former policy is in force again: %s",
			action ? json_string_value(json_object_get(outcome, "message"))
			       : "see 'sekisho policy history'");
}

/* A policy with checks that went live: tells what they decide. */
static int follow_checks(struct cli *cli, json_t *result)
{
	json_t *outcome = NULL;
	int ret;

	if (!cli->json) {
		say_changed(cli, result);
		amend_note(cli, result);
		fflush(cli->out);
	}
	ret = outcome_wait(cli, &outcome);
	if (ret == CLI_OK) {
		json_object_set(result, "outcome", outcome ? outcome : json_null());
		ret = say_outcome(cli, result, outcome);
	}
	json_decref(outcome);
	return ret;
}

/* Sends a change and tells what it did. */
static int change(struct cli *cli, const char *method, json_t *params)
{
	struct client_answer answer = { 0 };
	int ret = live_ask_own(cli, method, params, NULL, CLIENT_STALE, &answer);
	const json_t *waits = json_object_get(answer.result, "confirm");

	if (answer.message) {
		ret = say_stale(cli, &answer);
	} else if (ret == CLI_OK && json_is_true(json_object_get(waits, "by_checks"))) {
		ret = follow_checks(cli, answer.result);
	} else if (ret == CLI_OK && cli->json) {
		print_json(cli->out, answer.result, cli->pretty);
	} else if (ret == CLI_OK) {
		say_changed(cli, answer.result);
		amend_note(cli, answer.result);
	}
	client_answer_free(&answer);
	return ret;
}

/* The policy in force, to compare with. CLI_OK with NULL: there is none, or it cannot be read. */
static int policy_in_force(struct cli *cli, struct policy **ret_policy)
{
	struct client_answer answer = { 0 };
	int ret = live_ask_own(cli, "policy.show", json_object(), NULL, CLIENT_NOT_FOUND, &answer);
	const char *text = json_string_value(json_object_get(answer.result, "text"));
	struct diag diag;

	diag_init(&diag);
	if (answer.message) /* the first policy */
		ret = CLI_OK;
	if (ret == CLI_OK)
		*ret_policy = text ? policy_parse(text, strlen(text), "policy in force", NULL, &diag)
				   : NULL;
	if (ret == CLI_OK && text && !*ret_policy)
		cli_note(cli, "the policy in force cannot be read back to compare with it");
	diag_free(&diag);
	client_answer_free(&answer);
	return ret;
}

/* Does the policy leave its author's own session alone? CLI_OK: it may be sent. */
static int spare_session(struct cli *cli, const struct cli_args *args, const struct policy *after)
{
	const char *text = getenv("SSH_CONNECTION");
	struct policy *before = NULL;
	struct session session;
	int ret;

	if (!text || !text[0])
		return CLI_OK;
	if (session_parse(text, &session) < 0) {
		cli_note(cli,
			 "SSH_CONNECTION '%.100s' is no connection; whether this policy cuts off "
			 "your own session was not looked at",
			 text);
		return CLI_OK;
	}
	ret = policy_in_force(cli, &before);
	if (ret == CLI_OK)
		ret = session_guard(cli, &session, before, after,
				    cli_has(args, "confirm") || cli_has(args, "force"));
	policy_free(before);
	return ret;
}

/* What goes to the agent. base is taken over. NULL: no memory. */
static json_t *apply_params(const struct cli_args *args, const char *bundle, json_t *base,
			    uint64_t confirm)
{
	const char *path = cli_arg(args, "file");
	char *whole = realpath(path, NULL);
	json_t *params = amend_params(args), *text = json_string(bundle);

	if (params && text) {
		json_object_set_new(params, "bundle", text);
		json_object_set_new(params, "path", print_string(whole ? whole : path));
		json_object_set_new(params, "base", base);
		if (confirm)
			json_object_set_new(params, "confirm", json_integer((json_int_t)confirm));
		if (cli_has(args, "unchecked"))
			json_object_set_new(params, "unchecked", json_true());
	} else {
		json_decref(params);
		json_decref(text);
		json_decref(base);
		params = NULL;
	}
	free(whole);
	return params;
}

int amend_apply(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_arg(args, "file");
	struct policy *policy = NULL;
	struct image *image = NULL;
	json_t *base = NULL, *params;
	char *bundle = NULL;
	uint64_t confirm = 0;
	struct diag diag;
	int ret;

	if (cli_number(cli, args, "confirm", JOURNAL_WAIT_LEAST_S, JOURNAL_WAIT_MOST_S, &confirm) != 0)
		return CLI_USAGE;
	diag_init(&diag);
	ret = amend_read(cli, path, &diag, &policy, &image);
	if (ret == CLI_OK)
		ret = amend_prove(cli, path, policy, image, &diag);
	if (ret == CLI_OK)
		ret = spare_session(cli, args, policy);
	policy_free(policy);
	image_free(image);
	if (ret == CLI_OK) {
		bundle = policy_bundle(path, &diag);
		if (!bundle)
			ret = cli_fail(cli, CLI_FAILED, &diag, "%s cannot be sent", path);
	}
	diag_free(&diag);
	if (ret == CLI_OK)
		ret = find_base(cli, args, &base);
	if (ret == CLI_OK) {
		params = apply_params(args, bundle, base, confirm);
		ret = params ? change(cli, "policy.apply", params)
			     : cli_fail(cli, CLI_FAILED, NULL, "no memory to send %s", path);
	}
	free(bundle);
	return ret;
}

int amend_confirm(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = { { "generation", "generation", COLUMN_COUNT },
						 { "confirmed", "confirmed", COLUMN_TEXT } };
	static const struct view view = { .columns = columns, .column_cnt = 2 };
	json_t *result = NULL;
	int ret = live_ask(cli, "policy.confirm", amend_params(args), &result);

	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

int amend_rollback(struct cli *cli, const struct cli_args *args)
{
	uint64_t generation = 0, base = 0;
	json_t *params;

	if (cli_number(cli, args, "generation", 1, UINT32_MAX, &generation) != 0 ||
	    cli_number(cli, args, "base", 1, UINT32_MAX, &base) != 0)
		return CLI_USAGE;
	params = amend_params(args);
	if (base)
		json_object_set_new(params, "base", json_integer((json_int_t)base));
	if (generation)
		json_object_set_new(params, "generation", json_integer((json_int_t)generation));
	return change(cli, "policy.rollback", params);
}
