/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help and completion, made from the tables of objects, commands and arguments.
 */
#ifndef POLICY_CLI_HELP_H
#define POLICY_CLI_HELP_H

#include "cli/cli.h"

void help_program(FILE *out);
void help_object(FILE *out, const struct cli_object *object);
/* One command: its line, its summary. */
void help_command(FILE *out, const struct cli_object *object, const struct cli_command *command);

/* A script for bash's programmable completion. */
void complete_bash(FILE *out);

#endif
