/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekishod rule-check`: reads rules and says which cannot be taken, and why; nothing is run. Started by
 * `sekisho rule check`, which knows the same words.
 */
#ifndef AGENT_REPLAY_RULECHECK_H
#define AGENT_REPLAY_RULECHECK_H

#include <stdbool.h>

bool rule_check_is_asked(int argc, char **argv);
/* Returns the exit status: 0 (all rules are taken), 1 (some are not, or a file cannot be read), 2. */
int rule_check_main(int argc, char **argv);

#endif
