/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of `sekisho url`. Used by obj_url.c.
 */
#ifndef POLICY_CLI_URL_H
#define POLICY_CLI_URL_H

#include "cli/cli.h"
#include "model/model.h"

int url_explain(struct cli *cli, const struct cli_args *args);
int url_test(struct cli *cli, const struct cli_args *args);
int url_override(struct cli *cli, const struct cli_args *args);

/*
 * The policy of this file, or with NULL the one in force, which the agent or the journal tells. CLI_OK,
 * or a status after the words.
 */
int url_policy(struct cli *cli, const char *file, struct policy **ret_policy);

/* The folder in which the agent keeps copies of lists. to: CLI_PATH_MAX bytes. Returns to. */
char *url_kept(const struct cli *cli, char *to);

#endif
