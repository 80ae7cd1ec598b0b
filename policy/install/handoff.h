/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker of inspection has found out of a flow, brought to the flow. Called by agent/inline.
 */
#ifndef POLICY_INSTALL_HANDOFF_H
#define POLICY_INSTALL_HANDOFF_H

struct gate;
struct sek_hand_order;

/*
 * 0 or -errno: -ENOENT, that flow is over; -ESTALE, it is not with a worker any more; -EBADF after a peek.
 * May be called by any thread.
 */
int hand_order(const struct gate *gate, const struct sek_hand_order *order);

#endif
