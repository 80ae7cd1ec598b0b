/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker of inspection has found out of a flow, brought to the flow. Called by agent/inline.
 */
#ifndef POLICY_INSTALL_HANDOFF_H
#define POLICY_INSTALL_HANDOFF_H

#include <stdbool.h>
#include <stdint.h>

struct gate;
struct sek_hand_order;

/*
 * 0 or -errno: -ENOENT, that flow is over; -ESTALE, it is not with a worker any more; -EBADF after a peek.
 * May be called by any thread.
 */
int hand_order(const struct gate *gate, const struct sek_hand_order *order);

/* Whether that flow is over, or its direction dir (enum sek_dir) comes to no worker any more. Likewise. */
bool hand_is_back(const struct gate *gate, uint32_t number, uint64_t first_ns, unsigned int dir);

#endif
