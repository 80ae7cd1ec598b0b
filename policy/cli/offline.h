/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for when sekishod is not there: `--offline` brings one up for the length of one command.
 * The command then goes the usual way: same rights, same lock, same journal, same checks.
 */
#ifndef POLICY_CLI_OFFLINE_H
#define POLICY_CLI_OFFLINE_H

#include <sys/types.h>

#include "cli/cli.h"

struct offline {
	pid_t pid; /* of our sekishod; 0: one was there already */
};

/*
 * Starts a sekishod of this instance, which adopts what is pinned, and waits until it answers.
 * Returns CLI_OK, or an exit status after saying what it said at its end.
 */
int offline_begin(struct cli *cli, struct offline *ret_offline);

/* Ends it; what it changed stays in the kernel and in the journal. */
void offline_end(const struct offline *offline);

/* The agent's program: beside this one, as it is built and packaged, else where the shell would find it. */
void agent_path(char *path, size_t cap);

#endif
