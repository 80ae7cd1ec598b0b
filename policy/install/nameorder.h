/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent has read of a flow, brought to the flow. Called by agent/names.
 */
#ifndef POLICY_INSTALL_NAMEORDER_H
#define POLICY_INSTALL_NAMEORDER_H

struct gate;
struct sek_name_order;

/*
 * Of name, state, list, reason, start and next are taken. 0 or -errno: -ENOENT, that flow is over;
 * -ESTALE, names are looked at no more there, or each packet by itself; -EBADF after a peek.
 */
int name_order(const struct gate *gate, const struct sek_name_order *order);

#endif
