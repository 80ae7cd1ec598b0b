/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the words of help. Called by run.c and main.c.
 * Promises to know nothing that the tables do not.
 */
#include <string.h>

#include "cli/help.h"
#include "cli/words.h"

#define USAGE_MAX 512

void help_program(FILE *out)
{
	fputs("Usage: sekisho [OPTIONS] OBJECT { COMMAND | help }\n"
	      "       sekisho help | version | completion bash\n\n"
	      "sekisho asks and steers the gateway: what it lets through, whose it is, and why not.\n\n"
	      "Objects:\n",
	      out);
	for (const struct cli_object *const *o = cli_objects(); *o; o++)
		fprintf(out, "  %-9s %s\n", (*o)->name, (*o)->summary);
	fputs("\nOptions:\n"
	      "  -j, --json         results as JSON on one line\n"
	      "  -p, --pretty       results as JSON, indented\n"
	      "  --instance NAME    another gateway on this host (or SEKISHO_INSTANCE)\n"
	      "  --offline          when sekishod is not running: bring it up for this command alone\n"
	      "  -V, --version      version\n"
	      "  -h, --help         this help\n\n"
	      "Objects and commands may be cut short as long as only one is meant: 'sekisho po ch FILE'.\n"
	      "Exit status: 0 done, 1 could not be done, 2 not understood, 3 not allowed,\n"
	      "4 sekishod does not answer.\n\n"
	      "Begin with:\n"
	      "  sekisho policy check FILE    is this policy right? needs nothing but the file\n"
	      "  sekisho agent status         is the gateway at work?\n"
	      "  sekisho event list last 20   what was stopped just now, and why?\n"
	      "  sekisho list add drop 203.0.113.9 for 1h   stop an address everywhere, for an hour\n",
	      out);
}

static void command_line(FILE *out, const struct cli_object *object, const struct cli_command *command)
{
	char usage[USAGE_MAX];

	words_usage(command, usage, sizeof(usage));
	fprintf(out, "  sekisho %s %s%s%s\n", object->name, command->name, usage[0] ? " " : "",
		usage);
}

void help_command(FILE *out, const struct cli_object *object, const struct cli_command *command)
{
	command_line(out, object, command);
	fprintf(out, "      %s\n", command->summary);
	for (const struct cli_arg *arg = command->args;
	     arg < command->args + CLI_ARGS_MAX && arg->name; arg++)
		if (arg->letter)
			fprintf(out, "      -%c is short for %s\n", arg->letter, arg->name);
}

void help_object(FILE *out, const struct cli_object *object)
{
	fprintf(out, "sekisho %s: %s\n\n", object->name, object->summary);
	for (const struct cli_command *c = object->commands; c->name; c++)
		help_command(out, object, c);
	fprintf(out, "  sekisho %s help [COMMAND]\n      this help\n", object->name);
	if (object->usual)
		fprintf(out, "\n'sekisho %s' alone is 'sekisho %s %s'.\n", object->name,
			object->name, object->usual);
	fprintf(out, "\nExamples and notes:\n%s\nMore: man sekisho-%s\n", object->teach,
		object->name);
}
