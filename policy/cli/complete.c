/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the completion script. Called by run.c for `sekisho completion bash`.
 * Promises to be made from the same tables as the parser.
 */
#include <ctype.h>
#include <string.h>

#include "cli/help.h"

/* "tcp|udp|NUMBER" offers "tcp udp"; FILE asks the shell for paths. */
static void value_words(FILE *out, const char *value)
{
	for (const char *p = value; *p;) {
		size_t len = strcspn(p, "|");

		if (islower((unsigned char)*p))
			fprintf(out, "%.*s ", (int)len, p);
		p += len + (p[len] == '|');
	}
}

static void key_cases(FILE *out, const char *object, const struct cli_command *command)
{
	for (const struct cli_arg *arg = command->args;
	     arg < command->args + CLI_ARGS_MAX && arg->name; arg++) {
		if (arg->kind != CLI_KEY)
			continue;
		fprintf(out, "\t%s/%s/%s) ", object, command->name, arg->name);
		if (strcmp(arg->value, "FILE") == 0) {
			fputs("compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n",
			      out);
			continue;
		}
		fputs("COMPREPLY=($(compgen -W \"", out);
		value_words(out, arg->value);
		fputs("\" -- \"$cur\")) ;;\n", out);
	}
}

/* Words that may stand anywhere behind the command; paths where the command takes a file. */
static void command_case(FILE *out, const char *object, const struct cli_command *command)
{
	bool file = false;

	fprintf(out, "\t%s/%s/*) words=\"", object, command->name);
	for (const struct cli_arg *arg = command->args;
	     arg < command->args + CLI_ARGS_MAX && arg->name; arg++) {
		if (arg->kind == CLI_WORD)
			file |= strcmp(arg->value, "FILE") == 0;
		else
			fprintf(out, "%s ", arg->name);
	}
	fprintf(out, "\" file=%s ;;\n", file ? "1" : "");
}

static void object_case(FILE *out, const struct cli_object *object)
{
	fprintf(out, "\t%s/*) words=\"help", object->name);
	for (const struct cli_command *c = object->commands; c->name; c++)
		fprintf(out, " %s", c->name);
	fputs("\" ;;\n", out);
}

void complete_bash(FILE *out)
{
	fputs("# bash completion of sekisho, made by 'sekisho completion bash'\n"
	      "_sekisho() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal object= command= words= file= i\n"
	      "\tCOMPREPLY=()\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t--instance) ((i++)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) if [ -z \"$object\" ]; then object=${COMP_WORDS[i]}\n"
	      "\t\t   elif [ -z \"$command\" ]; then command=${COMP_WORDS[i]}; fi ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $object/$command/$prev in\n",
	      out);
	for (const struct cli_object *const *o = cli_objects(); *o; o++)
		for (const struct cli_command *c = (*o)->commands; c->name; c++)
			key_cases(out, (*o)->name, c);
	fputs("\tesac\n"
	      "\t[ ${#COMPREPLY[@]} -eq 0 ] || return 0\n"
	      "\tcase $object/$command/ in\n"
	      "\t//*) words=\"--json --pretty --instance --offline --version --help help version completion",
	      out);
	for (const struct cli_object *const *o = cli_objects(); *o; o++)
		fprintf(out, " %s", (*o)->name);
	fputs("\" ;;\n\tcompletion//*) words=bash ;;\n", out);
	for (const struct cli_object *const *o = cli_objects(); *o; o++)
		for (const struct cli_command *c = (*o)->commands; c->name; c++)
			command_case(out, (*o)->name, c);
	for (const struct cli_object *const *o = cli_objects(); *o; o++)
		object_case(out, *o);
	fputs("\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\tif [ -n \"$file\" ]; then\n"
	      "\t\tcompopt -o filenames\n"
	      "\t\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	      "\tfi\n"
	      "}\n"
	      "complete -F _sekisho sekisho\n",
	      out);
}
