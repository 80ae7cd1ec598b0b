/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches what the kernel does by itself against SYN floods (bpf/stage/guard.h): says when cookies
 * begin and end for a tenant, and renews their secret.
 */
#ifndef AGENT_DATAPLANE_FLOOD_H
#define AGENT_DATAPLANE_FLOOD_H

#include "base/loop.h"
#include "editions.h"
#include "install/install.h"
#include "report/eve.h"

struct flood;

/* record() is called in the loop's thread when a flood begins and when it is over. 0 or -errno. */
int flood_new(struct loop *loop, struct gate *gate, const struct editions *editions,
	      void (*record)(void *arg, const struct eve_flood *flood), void *arg,
	      struct flood **ret_flood);
void flood_free(struct flood *flood);

#endif
