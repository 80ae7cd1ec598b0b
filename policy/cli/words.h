/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of the command line, pure: which object or command a word means, and which argument
 * of a command each word is. Every word has a meaning or is refused.
 */
#ifndef POLICY_CLI_WORDS_H
#define POLICY_CLI_WORDS_H

#include "cli/cli.h"

/*
 * Index of the name that word means: the whole of one, or the start of exactly one. -ENOENT: of
 * none; -ENOTUNIQ: of several. Both with a sentence in why. The order of names means nothing.
 */
int words_match(const char *what, const char *word, const char *const *names, size_t name_cnt,
		char *why, size_t why_cap);

/*
 * Reads the words behind a command by its table. Words stand in the table's order; keys and flags
 * stand anywhere behind the needed words, or anywhere when spelt with dashes; `--` ends dashes.
 * Returns 0, or -EINVAL with a sentence in why. The values point into words.
 */
int words_read(const struct cli_command *command, int word_cnt, char **words,
	       struct cli_args *ret_args, char *why, size_t why_cap);

/* "FILE [format F] [force]": the arguments of a command as help shows them. */
void words_usage(const struct cli_command *command, char *out, size_t cap);

#endif
