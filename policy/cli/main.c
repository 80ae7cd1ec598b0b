/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the program `sekisho`: options, locale, exit status. Started by people and scripts.
 * Promises that output which could not be written is no success.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/offline.h"
#include "version.h"

enum { OPTION_INSTANCE = 256, OPTION_OFFLINE };

/* Reads what stands before the object. Returns -1 to go on, else an exit status. */
static int read_options(struct cli *cli, int argc, char **argv, const char **ret_instance)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "instance", required_argument, NULL, OPTION_INSTANCE },
		{ "offline", no_argument, NULL, OPTION_OFFLINE },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+jpVh", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			cli->pretty = true;
			/* fall through */
		case 'j':
			cli->json = true;
			break;
		case OPTION_INSTANCE:
			*ret_instance = optarg;
			break;
		case OPTION_OFFLINE:
			cli->offline = true;
			break;
		case 'V':
			printf("sekisho %s\n", SEKISHO_VERSION);
			return CLI_OK;
		case 'h':
			help_program(stdout);
			return CLI_OK;
		default:
			fputs("sekisho: 'sekisho help' names the options\n", stderr);
			return CLI_USAGE;
		}
	}
	return -1;
}

/* The words, with a sekishod of our own around them when that was asked. */
static int run_words(struct cli *cli, int word_cnt, char **words)
{
	struct offline offline = { 0 };
	int status = cli->offline ? offline_begin(cli, &offline) : CLI_OK;

	if (status == CLI_OK)
		status = cli_run(cli, word_cnt, words);
	offline_end(&offline);
	return status;
}

/* As setlocale() would: the first of these that is set. */
static bool is_japanese(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strncmp(value, "ja", 2) == 0;
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *instance = getenv("SEKISHO_INSTANCE");
	struct cli cli = { .out = stdout, .err = stderr, .japanese = is_japanese() };
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	status = read_options(&cli, argc, argv, &instance);
	if (status < 0 && cli_places(&cli, instance ? instance : "") < 0)
		status = cli_fail(&cli, CLI_USAGE, NULL,
				  "instance '%s' is no name: at most 32 letters, digits, '-' and '_'",
				  instance);
	if (status < 0)
		status = run_words(&cli, argc - optind, argv + optind);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)
			fprintf(stderr, "sekisho: standard output could not be written: %s\n",
				strerror(errno));
		if (status == CLI_OK)
			status = CLI_FAILED;
	}
	return status;
}
