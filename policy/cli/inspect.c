/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the way from `sekisho capture inspect` and `sekisho rule` to sekishod, which they become.
 * Called by the tables of obj_capture.c and obj_rule.c. Promises that every word that was given goes along.
 */
#include "cli/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/offline.h"

#define WORDS_MAX (CLI_MORE_MAX + CLI_ARGS_MAX + 4)

/* "--name=value" of each value; of a flag "--name". */
struct line {
	char *words[WORDS_MAX];
	size_t cnt;
	bool failed;
};

static void add(struct line *line, const char *name, const char *value)
{
	char *word = NULL;

	if (line->failed || line->cnt + 1 >= WORDS_MAX ||
	    asprintf(&word, value ? "--%s=%s" : "--%s", name, value) < 0) {
		line->failed = true;
		return;
	}
	line->words[line->cnt++] = word;
}

static void line_make(const struct cli *cli, const struct cli_args *args, const char *what,
		      struct line *line)
{
	const struct cli_arg *table = args->command->args;

	add(line, what, NULL);
	if (cli->json)
		add(line, "json", NULL);
	if (cli->pretty)
		add(line, "pretty", NULL);
	for (size_t i = 0; i < CLI_ARGS_MAX && table[i].name; i++) {
		const char *value;

		for (size_t n = 0; (value = cli_list(args, table[i].name, n)); n++)
			add(line, table[i].name, table[i].kind == CLI_FLAG ? NULL : value);
	}
}

static int become(struct cli *cli, const struct cli_args *args, const char *what)
{
	char path[2 * CLI_PATH_MAX];
	struct line line = { .cnt = 1 };
	int ret;

	agent_path(path, sizeof(path));
	line.words[0] = path;
	line_make(cli, args, what, &line);
	fflush(cli->out);
	if (line.failed) {
		ret = cli_fail(cli, CLI_FAILED, NULL, "out of memory");
	} else {
		execvp(path, line.words);
		ret = cli_fail(cli, CLI_FAILED, NULL, "the engine is in sekishod, and %s %s: %s",
			       path, "cannot be started", strerror(errno));
	}
	for (size_t i = 1; i < line.cnt; i++)
		free(line.words[i]);
	return ret;
}

int capture_inspect(struct cli *cli, const struct cli_args *args)
{
	return become(cli, args, "inspect");
}

int rule_check(struct cli *cli, const struct cli_args *args)
{
	return become(cli, args, "rule-check");
}

int rule_list(struct cli *cli, const struct cli_args *args)
{
	return become(cli, args, "rule-list");
}

int rule_show(struct cli *cli, const struct cli_args *args)
{
	return become(cli, args, "rule-show");
}

int rule_stats(struct cli *cli, const struct cli_args *args)
{
	return become(cli, args, "rule-stats");
}
