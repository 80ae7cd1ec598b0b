/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's folder below /run, with its lock and its control socket. One agent at a time has it.
 * Descriptors are the caller's; a negative one is -errno.
 */
#ifndef AGENT_RUNDIR_H
#define AGENT_RUNDIR_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes it where it is not there; it is ours and closed to others (0700) before anything is made in it. */
int rundir_open(const char *run_dir);
/* -EBUSY: another agent lives. Held until the descriptor is closed. */
int rundir_lock_at(int dir);
/* Only the lock of run_dir, for what must not happen beside an agent. */
int rundir_lock(const char *run_dir);
/* A socket that listens there, in the place of one that was left. The lock is held. */
int rundir_bind(const char *path);
/* Last of all: the group may pass. 0 or -errno. */
int rundir_admit(int dir, const char *path, gid_t gid);

#endif
