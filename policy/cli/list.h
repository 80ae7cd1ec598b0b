/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of `sekisho list` that have a file of their own.
 */
#ifndef POLICY_CLI_LIST_H
#define POLICY_CLI_LIST_H

#include "cli/cli.h"

/* `list check`: what a published list holds, by the readers that the agent has. Returns enum cli_exit. */
int list_check(struct cli *cli, const struct cli_args *args);

/* One name, for one tenant alone. */
int list_tenant_add(struct cli *cli, const struct cli_args *args);
int list_tenant_delete(struct cli *cli, const struct cli_args *args);

#endif
