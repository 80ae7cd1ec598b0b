// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sek_gateway_tc for TC ingress: on ports where XDP cannot be, or where offloads matter. The same
 * walk as gateway.bpf.c, on the same maps. And sek_handover, behind XDP on the other ports of such a
 * gateway. Loaded by policy/install, attached by agent/dataplane.
 */
#include "core/skb.h"
#include "stage/steps.h"
#include "stage/walk.h"

SEC(FRAME_SECTION)
int sek_gateway_tc(struct __sk_buff *ctx)
{
	return walk_frame(ctx);
}

/* Carries out what XDP has decided and counted: see struct way_note. */
SEC(FRAME_SECTION)
int sek_handover(struct __sk_buff *ctx)
{
	const struct way_note *note = (void *)(long)ctx->data_meta;

	if ((void *)(note + 1) > (void *)(long)ctx->data || note->mark != WAY_MARK)
		return TC_ACT_UNSPEC;
	return bpf_redirect(note->ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
