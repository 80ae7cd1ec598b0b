/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Ethernet addresses that a flow's packets came from and went to, as its opener's packets name them.
 * Kept where records tell them.
 */
#ifndef AGENT_INSPECT_MACS_H
#define AGENT_INSPECT_MACS_H

#include "inspect/packet.h"

#define MAC_LEN 6
#define MACS_MAX 10 /* of each end; what is beyond it is not told */

struct macs {
	uint8_t cnt[SIDES]; /* [FROM_CLIENT]: of the opener */
	uint8_t at[SIDES][MACS_MAX][MAC_LEN]; /* as they were first seen */
};

/* The packet's addresses, source first; NULL: it has none. */
const uint8_t *packet_macs(const struct packet *packet, const uint8_t **ret_dst);
/* Adds those of a packet whose side is known. *macs is made when there is none; it is free()d. */
void macs_add(struct macs **macs, const struct packet *packet);
/* The other end opened the flow, after all. */
void macs_turn(struct macs *macs);

#endif
