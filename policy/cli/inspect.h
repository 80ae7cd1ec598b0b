/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho capture inspect` and `sekisho rule`: the engine over a capture, and over rules alone. The
 * engine is sekishod's; the command becomes it.
 */
#ifndef POLICY_CLI_INSPECT_H
#define POLICY_CLI_INSPECT_H

#include "cli/cli.h"

/* Does not return where sekishod could be started: the exit status is that one's. */
int capture_inspect(struct cli *cli, const struct cli_args *args);
/* The same of `sekisho rule`. */
int rule_check(struct cli *cli, const struct cli_args *args);
int rule_list(struct cli *cli, const struct cli_args *args);
int rule_show(struct cli *cli, const struct cli_args *args);
int rule_stats(struct cli *cli, const struct cli_args *args);
/* rule_suppress.c: writes into a file that a policy includes; needs no engine. */
int rule_suppress(struct cli *cli, const struct cli_args *args);
/* rule_reload.c: asks the agent. */
int rule_reload(struct cli *cli, const struct cli_args *args);

#endif
