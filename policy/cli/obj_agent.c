/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho agent`: the daemon itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/amend.h"
#include "cli/live.h"

static int status(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "version", "version", COLUMN_TEXT },
		{ "pid", "process", COLUMN_TEXT },
		{ "instance", "instance", COLUMN_TEXT },
		{ "uptime_s", "up for", COLUMN_SECONDS },
		{ "generation", "policy generation", COLUMN_COUNT },
		{ "policy", "policy", COLUMN_TEXT },
		{ "role", "your role", COLUMN_TEXT },
		{ "adopted", "adopted at start", COLUMN_TEXT },
		{ "ports", "ports", COLUMN_TEXT },
		{ "lists", "lists", COLUMN_TEXT },
		{ "events", "events", COLUMN_TEXT },
		{ "page", "block page", COLUMN_TEXT },
		{ "confirm", "confirmation", COLUMN_TEXT },
		{ "problems", "problems", COLUMN_TEXT },
	};
	static const struct view view = { .columns = columns,
					  .column_cnt = sizeof(columns) / sizeof(columns[0]) };
	json_t *result = NULL;
	int ret = live_ask(cli, "agent.status", NULL, &result);

	if (ret != CLI_OK)
		return ret;
	if (!cli->json) /* a table has room for a sentence */
		json_object_set(result, "confirm",
				json_object_get(json_object_get(result, "confirm"), "text"));
	return live_print(cli, result, &view);
}

static int stop(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = { { "stopped|text", "stopped", COLUMN_TEXT } };
	static const struct view view = { .columns = columns, .column_cnt = 1 };
	json_t *result = NULL;
	int ret = live_ask(cli, "agent.stop", NULL, &result);

	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

/* What is told while it is waited for; on a terminal alone. */
struct progress {
	struct cli *cli;
	int fd;
	const char *what;
	bool whole; /* the file's size is the end of the work */
	bool said;
};

/* The agent shares the file's position with this process. */
static void progress_say(void *arg)
{
	struct progress *p = arg;
	off_t at = lseek(p->fd, 0, SEEK_CUR);
	struct stat st;

	if (p->cli->json || !isatty(fileno(p->cli->err)) || at < 0 || fstat(p->fd, &st))
		return;
	if (p->whole && at < st.st_size)
		fprintf(p->cli->err, "\r%s: %d %% of %.1f MB", p->what,
			(int)(100.0 * (double)at / (double)st.st_size), (double)st.st_size / 1e6);
	else
		fprintf(p->cli->err, "\r%s: %.1f MB", p->what, (double)at / 1e6);
	fflush(p->cli->err);
	p->said = true;
}

static int ask_with_file(struct cli *cli, const char *method, json_t *params, int fd,
			 const char *what, bool whole, json_t **ret_result)
{
	struct progress progress = { .cli = cli, .fd = fd, .what = what, .whole = whole };
	const struct client_file file = { .fd = fd, .waiting = progress_say, .arg = &progress };
	int ret = live_ask_file(cli, method, params, &file, ret_result);

	if (progress.said)
		fputc('\n', cli->err);
	return ret;
}

/* Under its own name it is whole: it is written beside, and renamed at the end. */
static int backup(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = { { "file", "backup", COLUMN_TEXT },
						 { "bytes", "size", COLUMN_BYTES },
						 { "generation", "of generation", COLUMN_COUNT } };
	static const struct view view = { .columns = columns, .column_cnt = 3 };
	const char *path = cli_arg(args, "file");
	unsigned int flags = cli_has(args, "force") ? 0 : RENAME_NOREPLACE;
	json_t *result = NULL;
	char *beside = NULL;
	int fd, ret;

	if (flags && access(path, F_OK) == 0)
		return cli_fail(cli, CLI_FAILED, NULL, "%s is there already; force replaces it",
				path);
	if (asprintf(&beside, "%s.part", path) < 0)
		return cli_fail(cli, CLI_FAILED, NULL, "no memory");
	fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		ret = cli_fail(cli, CLI_FAILED, NULL, "%s cannot be written: %s", beside,
			       strerror(errno));
	} else {
		ret = ask_with_file(cli, "agent.backup", NULL, fd, "backup", false, &result);
		close(fd);
		if (ret == CLI_OK && renameat2(AT_FDCWD, beside, AT_FDCWD, path, flags))
			ret = cli_fail(cli, CLI_FAILED, NULL, "%s cannot become %s: %s", beside,
				       path, strerror(errno));
		if (ret != CLI_OK)
			unlink(beside);
	}
	free(beside);
	if (ret == CLI_OK) {
		json_object_set_new(result, "file", print_string(path));
		return live_print(cli, result, &view);
	}
	json_decref(result);
	return ret;
}

static int restore(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "generation", "generation", COLUMN_COUNT },
		{ "about.host", "backup of", COLUMN_TEXT },
		{ "when", "made", COLUMN_TIME },
		{ "about.settings", "its agent ran with", COLUMN_TEXT },
		{ "aside", "what was before", COLUMN_TEXT },
	};
	static const struct view view = { .columns = columns, .column_cnt = 5 };
	const char *path = cli_arg(args, "file"), *made;
	json_t *result = NULL, *params;
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return cli_fail(cli, CLI_FAILED, NULL, "%s cannot be read: %s", path,
				strerror(errno));
	params = amend_params(args);
	if (cli_has(args, "force"))
		json_object_set_new(params, "force", json_true());
	ret = ask_with_file(cli, "agent.restore", params, fd, "restore", true, &result);
	close(fd);
	if (ret != CLI_OK)
		return ret;
	made = json_string_value(json_object_get(json_object_get(result, "about"), "time"));
	json_object_set_new(result, "when", json_integer(made ? strtoll(made, NULL, 10) : 0));
	if (!cli->json)
		live_warn(cli, result);
	return live_print(cli, result, &view);
}

static const struct cli_command commands[] = {
	{ "status",
	  "is sekishod at work, since when, with which policy, and what is wrong",
	  status,
	  { { 0 } } },
	{ "backup",
	  "writes policy, history, lists with what was changed by hand, and settings to FILE",
	  backup,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "force", .kind = CLI_FLAG } } },
	{ "restore",
	  "brings back what a backup holds, and makes its policy live",
	  restore,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' },
	    { .name = "force", .kind = CLI_FLAG } } },
	{ "stop", "ends sekishod; the kernel goes on filtering by the policy in force", stop, { { 0 } } },
	{ 0 },
};

const struct cli_object object_agent = {
	.name = "agent",
	.summary = "the daemon sekishod",
	.commands = commands,
	.usual = "status",
	.teach = "  sekisho agent status    status 4 when it does not answer\n"
		 "  sekisho agent backup /root/gate.backup     all that a new machine needs\n"
		 "  sekisho agent restore /root/gate.backup    refused when this one has a history\n"
		 "  sekisho agent restore FILE force           which is kept aside with force\n"
		 "  sekisho agent stop      'systemctl start sekishod' brings it back; no packet is lost\n",
};
