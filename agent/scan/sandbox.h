/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that reads what a stranger wrote with the code of others: it may compute, read what is open and
 * write to what is open, within limits, and do nothing else.
 */
#ifndef AGENT_SCAN_SANDBOX_H
#define AGENT_SCAN_SANDBOX_H

#include <stdint.h>

struct sandbox; /* the filter, made once and taken by each child */

/* Returns 0 or -errno. */
int sandbox_new(struct sandbox **ret_sandbox);
/*
 * For the process that calls, for good: memory bytes more than it has, so many seconds of CPU and three
 * times
 * as many on the clock. Returns 0 or -errno: then nothing may be read.
 */
int sandbox_enter(const struct sandbox *sandbox, uint64_t memory, unsigned int seconds);
void sandbox_free(struct sandbox *sandbox);

#endif
