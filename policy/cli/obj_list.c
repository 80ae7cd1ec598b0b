/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho list`: addresses and names that are blocked or allowed by lists.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/list.h"
#include "cli/live.h"
#include "install/namecontent.h"
#include "install/state.h"
#include "lists/bytes.h"
#include "lists/lists.h"
#include "text/address.h"
#include "text/counted.h"
#include "text/sealed.h"

#define SENTENCE_MAX 1024

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	return state_list_counts(gate, policy, diag);
}

static const struct column list_columns[] = {
	{ "id", "ID", COLUMN_COUNT },		{ "list", "LIST", COLUMN_TEXT },
	{ "kind", "KIND", COLUMN_TEXT },	{ "category", "CATEGORY", COLUMN_TEXT },
	{ "title", "TITLE", COLUMN_TEXT },	{ "entries", "ENTRIES", COLUMN_COUNT },
	{ "by_hand", "BY HAND", COLUMN_COUNT }, { "expiring", "EXPIRING", COLUMN_COUNT },
	{ "packets", "PACKETS", COLUMN_COUNT }, { "bytes", "BYTES", COLUMN_BYTES },
	{ "source", "SOURCE", COLUMN_TEXT },	{ "state", "STATE", COLUMN_TEXT },
	{ "fetched", "FETCHED", COLUMN_TIME },	{ "next", "NEXT", COLUMN_TIME },
};

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column changes[] = {
		{ "change", "BY HAND", COLUMN_TEXT },
		{ "prefix", "PREFIX", COLUMN_TEXT },
		{ "expires", "EXPIRES", COLUMN_TIME },
		{ "reason", "REASON", COLUMN_TEXT },
	};
	static const struct view all =
		VIEW("lists", list_columns, "The policy in force has no list.");
	static const struct view one = VIEW("changes", changes, "Nothing was changed in it by hand.");
	static const char *const names[] = { "list", NULL };
	json_t *result = NULL;
	int ret = live_read(cli, "list.show", live_params(args, names), peek, &result);

	if (ret == CLI_OK)
		ret = live_keep(cli, result, "lists", "list", cli_arg(args, "list"));
	if (ret != CLI_OK) {
		json_decref(result);
		return ret;
	}
	if (cli->json || !json_object_get(result, "changes"))
		return live_print(cli, result, &all);
	print_view(cli->out, result, &all);
	fputc('\n', cli->out);
	return live_print(cli, result, &one);
}

/* Whether a list of names could have it, and it is no address with a slip in it. */
static bool is_name(const char *text)
{
	bool name = strpbrk(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
	struct name_key key;
	struct diag diag;

	if (!name || strchr(text, ':'))
		return false;
	diag_init(&diag);
	name = !name_key_read(text, &key, &diag);
	diag_free(&diag);
	return name;
}

/* Refuses what is neither prefix nor name before anyone is asked. Host bits are sekishod's to tell. */
static int check_prefix(struct cli *cli, const char *text)
{
	struct prefix prefix;
	enum prefix_error error = prefix_parse(text, strlen(text), &prefix, NULL);

	if (error == PREFIX_OK || is_name(text))
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE, NULL,
			"'%s': %s; write 203.0.113.9, 203.0.113.0/24 or 2001:db8::/32, or for a list "
			"of names www.example.com or example.com/path/",
			text, prefix_error_text(error));
}

/* The answer to a change: as it is, or its warnings and a sentence. Takes over result. */
static int done(struct cli *cli, json_t *result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int done(struct cli *cli, json_t *result, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	if (cli->json) {
		print_json(cli->out, result, cli->pretty);
	} else {
		va_start(args, fmt);
		vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
		live_warn(cli, result);
		print_text(cli->out, text, strlen(text));
		fputc('\n', cli->out);
	}
	json_decref(result);
	return CLI_OK;
}

static int add(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "list", "prefix", "reason", NULL };
	json_t *params, *result = NULL;
	int64_t seconds = 0;
	int ret;

	if (cli_has(args, "tenant"))
		return list_tenant_add(cli, args);
	ret = check_prefix(cli, cli_arg(args, "prefix"));
	if (ret == CLI_OK)
		ret = live_span(cli, cli_arg(args, "for"), &seconds);
	if (ret != CLI_OK)
		return ret;
	params = live_params(args, names);
	if (seconds)
		json_object_set_new(params, "for", json_integer(seconds));
	ret = live_ask(cli, "list.add", params, &result);
	if (ret != CLI_OK)
		return ret;
	return done(cli, result,
		    json_is_false(json_object_get(result, "added")) ? "%s was in %s already"
								    : "%s is in %s",
		    cli_arg(args, "prefix"), cli_arg(args, "list"));
}

/* The inverse of add by the same words: a time, which does not matter to it, may stand there. */
static int list_delete(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "list", "prefix", "reason", NULL };
	json_t *result = NULL;
	int64_t seconds;
	int ret;

	if (cli_has(args, "tenant"))
		return list_tenant_delete(cli, args);
	ret = check_prefix(cli, cli_arg(args, "prefix"));
	if (ret == CLI_OK)
		ret = live_span(cli, cli_arg(args, "for"), &seconds);
	if (ret == CLI_OK)
		ret = live_ask(cli, "list.delete", live_params(args, names), &result);
	if (ret != CLI_OK)
		return ret;
	return done(cli, result, "%s is in %s no longer", cli_arg(args, "prefix"),
		    cli_arg(args, "list"));
}

/* A whole file, or what a pipe holds, unpacked; the caller frees. NULL after the words were said. */
static char *read_file(struct cli *cli, const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	char *text = NULL;

	if (fd < 0) {
		cli_fail(cli, CLI_FAILED, NULL, "%s cannot be opened: %s", path, strerror(errno));
		return NULL;
	}
	err = list_bytes_from(fd, LIST_REPLACE_BYTES_MAX, &text, ret_len);
	if (err == -EFBIG)
		cli_fail(cli, CLI_FAILED, NULL,
			 "%s is larger than %u MiB, the most that a list's file may have", path,
			 LIST_REPLACE_BYTES_MAX >> 20);
	else if (err)
		cli_fail(cli, CLI_FAILED, NULL, "%s cannot be read: %s", path, list_bytes_error(err));
	return text;
}

static json_t *replace_params(const struct cli_args *args)
{
	static const char *const names[] = { "list", "format", NULL };
	json_t *params = live_params(args, names);

	if (cli_has(args, "force"))
		json_object_set_new(params, "force", json_true());
	return params;
}

static bool holds_names(const char *text, size_t len, const char *path, const char *format)
{
	struct name_read_options options = { .format = format };
	struct name_list list = { 0 };
	struct diag diag;
	bool holds;

	diag_init(&diag);
	holds = !name_list_parse(text, len, path, &options, &list, &diag);
	if (holds)
		name_list_free(&list);
	diag_free(&diag);
	return holds;
}

/* The agent takes no such text. Whether it is a list at all is told by the file's own name. */
static int replace_refused(struct cli *cli, const struct cli_args *args, const char *text,
			   size_t len, struct client_answer *answer)
{
	const char *path = cli_arg(args, "file");
	struct list_set set = { 0 };
	struct diag diag;
	int ret;

	diag_init(&diag);
	if (list_parse(text, len, path, cli_arg(args, "format"), &set, &diag) < 0 &&
	    !holds_names(text, len, path, cli_arg(args, "format"))) {
		ret = cli_fail(cli, CLI_FAILED, &diag,
			       "%s is no list; the former one stays in force", path);
		client_answer_free(answer);
	} else {
		ret = live_say_error(cli, "list.replace", answer);
		list_set_free(&set);
	}
	diag_free(&diag);
	return ret;
}

/* Hands the text over and waits until it is in force. */
static int replace_ask(struct cli *cli, const struct cli_args *args, const char *text, size_t len,
		       json_t **ret_result)
{
	struct client_file file = { .fd = sealed_text("sekisho-list", text, len) };
	struct client_answer answer = { 0 };
	int ret;

	if (file.fd < 0)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory to hand the list over: %s",
				strerror(-file.fd));
	ret = live_ask_own(cli, "list.replace", replace_params(args), &file, LIVE_ANY, &answer);
	close(file.fd);
	if (ret == CLI_OK)
		*ret_result = answer.result;
	else if (answer.message)
		ret = replace_refused(cli, args, text, len, &answer);
	return ret;
}

static int replace(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_arg(args, "file");
	json_t *result = NULL;
	size_t len = 0;
	char *text = read_file(cli, path, &len), before[32];
	json_int_t entries, changes;
	int ret;

	if (!text)
		return CLI_FAILED;
	ret = replace_ask(cli, args, text, len, &result);
	free(text);
	if (ret != CLI_OK)
		return ret;
	print_value(before, sizeof(before), json_object_get(result, "before"), COLUMN_COUNT);
	entries = json_integer_value(json_object_get(result, "after"));
	changes = json_integer_value(json_object_get(result, "by_hand"));
	return done(cli, result,
		    changes ? "%s has %s of %s (before: %s); %s by hand ended"
			    : "%s has %s of %s (before: %s)",
		    cli_arg(args, "list"), COUNTED(entries, "entry"), path, before,
		    COUNTED(changes, "change"));
}

/* Asks the publisher at once, and waits for what comes of it. */
static int fetch(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "list", NULL };
	char before[32];
	json_t *result = NULL;
	int ret = live_ask(cli, "list.fetch", live_params(args, names), &result);

	if (ret != CLI_OK)
		return ret;
	if (!strcmp(json_string_value(json_object_get(result, "outcome")), "same"))
		return done(cli, result, "nothing new is published for %s", cli_arg(args, "list"));
	print_value(before, sizeof(before), json_object_get(result, "before"), COLUMN_COUNT);
	return done(cli, result, "%s has %s as published (before: %s)", cli_arg(args, "list"),
		    COUNTED(json_integer_value(json_object_get(result, "entries")), "entry"), before);
}

static int list_accept(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "list", NULL };
	json_t *result = NULL;
	int ret = live_ask(cli, "list.accept", live_params(args, names), &result);

	if (ret != CLI_OK)
		return ret;
	return done(cli, result, "what was held back of %s is taken", cli_arg(args, "list"));
}

static const struct cli_command commands[] = {
	{ "show",
	  "lists in force and what they stopped; with LIST, what was changed by hand",
	  show,
	  { { .name = "list", .kind = CLI_WORD, .value = "LIST" } } },
	{ "add",
	  "adds one address, prefix or name, at once and for every flow; a name for one tenant alone",
	  add,
	  { { .name = "list", .kind = CLI_WORD, .value = "LIST", .needed = true },
	    { .name = "prefix", .kind = CLI_WORD, .value = "PREFIX", .needed = true },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "for", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "reason", .kind = CLI_KEY, .value = "TEXT" } } },
	{ "delete",
	  "takes it away again; a time is allowed as with add and changes nothing",
	  list_delete,
	  { { .name = "list", .kind = CLI_WORD, .value = "LIST", .needed = true },
	    { .name = "prefix", .kind = CLI_WORD, .value = "PREFIX", .needed = true },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "for", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "reason", .kind = CLI_KEY, .value = "TEXT" } } },
	{ "replace",
	  "the whole list by a file, in one swap; half the size or less needs force",
	  replace,
	  { { .name = "list", .kind = CLI_WORD, .value = "LIST", .needed = true },
	    { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "format", .kind = CLI_KEY, .value = "FORMAT" },
	    { .name = "force", .kind = CLI_FLAG } } },
	{ "fetch",
	  "asks the url of a list at once, whenever it is due",
	  fetch,
	  { { .name = "list", .kind = CLI_WORD, .value = "LIST", .needed = true } } },
	{ "accept",
	  "takes what was fetched and held back, as it is",
	  list_accept,
	  { { .name = "list", .kind = CLI_WORD, .value = "LIST", .needed = true } } },
	{ "check",
	  "reads a published list and says what it holds; changes nothing, needs no agent",
	  list_check,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "format", .kind = CLI_KEY, .value = "FORMAT" },
	    { .name = "skipped", .kind = CLI_FLAG } } },
	{ 0 },
};

const struct cli_object object_list = {
	.name = "list",
	.summary = "block and allow lists of addresses and of names",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho list add drop 203.0.113.9 for 1h reason 'scans us, ticket 42'\n"
		 "  sekisho list delete drop 203.0.113.9       its inverse\n"
		 "  sekisho list check firehol_level1.netset   before it is used\n"
		 "  sekisho list check easylist.txt skipped    each line that is left out, and why\n"
		 "  sekisho list replace drop firehol_level1.netset\n"
		 "  sekisho list show                          entries and hits of every list\n"
		 "  sekisho list fetch malware                 what its publisher has now\n"
		 "A list holds for the bodies that subscribe to it in the policy: an address in a list\n"
		 "that one body alone has is blocked for that body alone. A name may be added for one\n"
		 "body of those: sekisho list add games game.example tenant saga, which is the same as\n"
		 "sekisho url override add game.example tenant saga block\n",
};
