/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekishod rule-list` and `rule-show`: rules as they were understood. Started by `sekisho rule list` and
 * `sekisho rule show`, which know the same words.
 */
#ifndef AGENT_REPLAY_RULELIST_H
#define AGENT_REPLAY_RULELIST_H

#include <stdbool.h>

bool rule_list_is_asked(int argc, char **argv);
/* Returns the exit status: 0, 1 (none was found, or a file cannot be read), 2 (wrongly asked). */
int rule_list_main(int argc, char **argv);

#endif
