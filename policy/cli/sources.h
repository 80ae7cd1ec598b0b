/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a look at the lists of a policy shows: a format that there is not, a file that is not there.
 * Used by obj_policy.c.
 */
#ifndef POLICY_CLI_SOURCES_H
#define POLICY_CLI_SOURCES_H

#include "model/model.h"

/* Warnings: the agent goes on with what it has kept of such a list, or with nothing. */
void sources_check(const struct policy *policy, struct diag *diag);

#endif
