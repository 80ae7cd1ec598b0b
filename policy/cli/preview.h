/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho policy preview`: the records of the past against a policy that is not in force. Used by
 * obj_policy.c.
 */
#ifndef POLICY_CLI_PREVIEW_H
#define POLICY_CLI_PREVIEW_H

#include "cli/cli.h"

int preview(struct cli *cli, const struct cli_args *args);

#endif
