// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sek_gateway for XDP: on every port, native where the driver can. stage/walk.h is the way of a
 * packet. Loaded by policy/install, attached by agent/dataplane. And sek_release, sek_name_order
 * and sek_hand_order, which no packet meets, the programs that make a reset's copies and meet them on
 * their way out, and sek_page_back, which answers of the block page meet.
 */
#include "core/xdp.h"
#include "rewrite/page_back.h"
#include "rewrite/reset_copy.h"
#include "stage/hand_order.h"
#include "stage/name_order.h"
#include "stage/release.h"
#include "stage/steps.h"
#include "stage/walk.h"

SEC(FRAME_SECTION)
int sek_gateway(struct xdp_md *ctx)
{
	return walk_frame(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
