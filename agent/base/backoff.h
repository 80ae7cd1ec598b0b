/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait after one failure and another: twice as long each time. Used by whoever tries again:
 * subscriptions, ports.
 */
#ifndef AGENT_BASE_BACKOFF_H
#define AGENT_BASE_BACKOFF_H

#include <stdint.h>

/* failures: so far, one after the other. first and most in one unit, whatever it is; 0 failures: 0. */
static inline int64_t backoff_wait(uint32_t failures, int64_t first, int64_t most)
{
	int64_t wait = first;

	if (!failures)
		return 0;
	while (--failures && wait < most)
		wait *= 2;
	return wait < most ? wait : most;
}

#endif
