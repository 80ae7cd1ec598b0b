/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the policy in force, as an operator asks for them; and what looking at one shares with
 * them. Used by obj_policy.c.
 */
#ifndef POLICY_CLI_AMEND_H
#define POLICY_CLI_AMEND_H

#include "cli/cli.h"
#include "compile/compile.h"

/* Commands. */
int amend_apply(struct cli *cli, const struct cli_args *args);
int amend_confirm(struct cli *cli, const struct cli_args *args);
int amend_rollback(struct cli *cli, const struct cli_args *args);

/* Reads and compiles a file. CLI_OK and both, or CLI_FAILED with every error said. */
int amend_read(struct cli *cli, const char *path, struct diag *diag, struct policy **ret_policy,
	       struct image **ret_image);
/* What every change tells: why (message), and from where. NULL: no memory. */
json_t *amend_params(const struct cli_args *args);
/* Do its assertions hold, and is every rule reached? CLI_OK, with warnings in diag, or CLI_FAILED. */
int amend_prove(struct cli *cli, const char *path, const struct policy *policy,
		const struct image *image, struct diag *diag);
/* Changes as lines; an array of strings, or of objects with a text. */
void amend_print(FILE *out, const json_t *changes);
/* Member "confirm", if one waits: what would come back, when, and what keeps it. */
void amend_note(struct cli *cli, const json_t *result);

#endif
