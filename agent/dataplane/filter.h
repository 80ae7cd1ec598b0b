/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's filter on an interface's TC ingress. A filter of ours is known by its priority and
 * handle, so that whose start died between two steps is found by the next.
 */
#ifndef AGENT_DATAPLANE_FILTER_H
#define AGENT_DATAPLANE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

/* The handle of the agent that pins in pin_dir: two agents on one interface do not fight. */
uint32_t filter_handle(const char *pin_dir);

/*
 * Puts the program first in the interface's clsact qdisc, which is made if need be; an earlier one
 * of this handle is replaced without a packet in between, others are left alone. Returns 0 and the
 * program's id, or -errno.
 */
int filter_attach(uint32_t ifindex, uint32_t handle, int prog_fd, uint32_t *ret_prog_id);

/* The id of the program that is there under this handle; 0: none. */
uint32_t filter_program(uint32_t ifindex, uint32_t handle);

/* Takes it off; the qdisc stays, it may serve others. Returns 0 or -errno (-ENOENT: it was gone). */
int filter_detach(uint32_t ifindex, uint32_t handle);

#endif
