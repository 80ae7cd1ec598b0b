/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside other XDP programs on a port, in libxdp's dispatcher (lib/libxdp/protocol.org of
 * xdp-tools). Needs a kernel that allows freplace, and CAP_SYS_ADMIN to look at the dispatcher.
 */
#ifndef AGENT_DATAPLANE_JOIN_H
#define AGENT_DATAPLANE_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "install/install.h"

/* Does this interface run libxdp's dispatcher? */
bool join_is_dispatcher(uint32_t ifindex);

/* Does any interface of this network namespace? */
bool join_any_dispatcher(void);

/* Are we a part of it? Somebody may have unloaded it with all that it held. */
bool join_stands(uint32_t ifindex);

/*
 * Loads the gateway once more as a part of the interface's dispatcher, on the maps of gate, and puts
 * it there in the place of what a former run left. Returns how many those were, or -errno: -ENOSPC
 * when every slot is taken; nothing has changed then.
 */
int join_attach(struct gate *gate, uint32_t ifindex);

/* Takes our part out of the dispatcher. Returns 0 or -errno (-ENOENT: it is not there). */
int join_detach(uint32_t ifindex);

/*
 * The same for every interface of this network namespace; returns how many. A gateway of another
 * instance that was beside others too is a part again at its agent's next look.
 */
int join_detach_all(void);

#endif
