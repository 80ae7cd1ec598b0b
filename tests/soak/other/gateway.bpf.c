// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Another build of the gateway: the same walk, a counter before it, and a map of another layout. Only for the
 * storm of upgrades, which puts it in the place of the first under traffic and back.
 */
/* Of struct sek_worker: its map is not adopted, but made anew. */
#define records_lost other_records_lost

#include "core/xdp.h"
#include "rewrite/page_back.h"
#include "rewrite/reset_copy.h"
#include "stage/hand_order.h"
#include "stage/name_order.h"
#include "stage/release.h"
#include "stage/steps.h"
#include "stage/walk.h"

__u64 other_packets;

SEC("xdp.frags")
int sek_gateway(struct xdp_md *ctx)
{
	other_packets++;
	return walk_frame(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
