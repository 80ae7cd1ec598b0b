// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the Ethernet addresses of a flow. Called by its table for each packet, where records tell them;
 * promises each once.
 */
#include "inspect/macs.h"

#include <stdlib.h>

const uint8_t *packet_macs(const struct packet *packet, const uint8_t **ret_dst)
{
	if (!packet->ether)
		return NULL;
	*ret_dst = packet->ether;
	return packet->ether + MAC_LEN;
}

static void mac_add(struct macs *macs, enum side side, const uint8_t *mac)
{
	for (uint8_t i = 0; i < macs->cnt[side]; i++)
		if (memcmp(macs->at[side][i], mac, MAC_LEN) == 0)
			return;
	if (macs->cnt[side] < MACS_MAX)
		memcpy(macs->at[side][macs->cnt[side]++], mac, MAC_LEN);
}

void macs_add(struct macs **macs, const struct packet *packet)
{
	const uint8_t *dst, *src = packet_macs(packet, &dst);

	if (!src)
		return;
	if (!*macs)
		*macs = calloc(1, sizeof(**macs));
	if (!*macs)
		return; /* records go without */
	mac_add(*macs, packet->side, src);
	mac_add(*macs, other_side(packet->side), dst);
}

void macs_turn(struct macs *macs)
{
	struct macs turned = { .cnt = { macs->cnt[FROM_SERVER], macs->cnt[FROM_CLIENT] } };

	memcpy(turned.at[FROM_CLIENT], macs->at[FROM_SERVER], sizeof(turned.at[0]));
	memcpy(turned.at[FROM_SERVER], macs->at[FROM_CLIENT], sizeof(turned.at[0]));
	*macs = turned;
}
