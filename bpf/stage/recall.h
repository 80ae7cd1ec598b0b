/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short way of a packet whose flow was met before: a hint names the entry, and the entry's first
 * cache line tells whether the packet is its: same addresses, ports and protocol, and the same place
 * as when stage/tenant.h and stage/flow.h found so under this generation. Nothing of what they ask
 * depends on anything else. Called by walk(); any doubt goes the long way.
 */
#ifndef BPF_STAGE_RECALL_H
#define BPF_STAGE_RECALL_H

#include "core/flowtable.h"
#include "core/maps.h"
#include "core/packet.h"
#include "stage/flow.h"

#include <linux/in.h>

/* Whether p goes in this direction of the flow. Side 0 of a key sends outward, side 1 inward. */
static __always_inline bool recall_goes(const struct packet *p, const struct sek_flow *flow,
					enum sek_dir dir)
{
	const struct sek_flow_key *key = &flow->key;

	return addr_equal(&key->addr[dir], &p->src) && addr_equal(&key->addr[!dir], &p->dst) &&
	       key->port[dir] == p->sport && key->port[!dir] == p->dport &&
	       READ_ONCE(flow->face[dir]) == sek_face(p->generation, p->port, p->vlan, p->outer);
}

/* The direction that p has in this flow, or -1: not its. */
static __always_inline int recall_dir(const struct packet *p, const struct sek_flow *flow)
{
	if (flow->flags & SEK_FLOW_GONE || flow->key.proto != p->proto)
		return -1;
	if (recall_goes(p, flow, SEK_OUT))
		return SEK_OUT;
	return recall_goes(p, flow, SEK_IN) ? SEK_IN : -1;
}

/*
 * Whether a flow could be recalled by what stands in the packet. A SYN begins one, and hints would
 * only be lines of memory that a flood makes the gateway wait for.
 */
static __always_inline bool recall_may(const struct packet *p)
{
	return ((p->proto == IPPROTO_TCP && !flow_is_syn(p)) || p->proto == IPPROTO_UDP) &&
	       !(p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER));
}

/* The flow of p and p's direction in it; NULL: not met before, or no hint leads there. */
static __always_inline struct sek_flow *recall_find(const struct packet *p, int *ret_dir)
{
	struct sek_flow *flow = p->guess ? flowtable_entry(p->guess) : NULL;
	__u32 *near;

	if (flow) {
		*ret_dir = recall_dir(p, flow);
		if (*ret_dir >= 0)
			return flow;
	}
	flow = flowtable_guess(flowtable_far(p->hash));
	if (!flow)
		return NULL;
	*ret_dir = recall_dir(p, flow);
	if (*ret_dir < 0)
		return NULL;
	near = flowtable_near(p->hash);
	if (near)
		WRITE_ONCE(*near, flow->number);
	return flow;
}

static __always_inline enum sek_verdict stage_recall(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant;
	struct sek_flow *flow;
	int dir;

	if (!recall_may(p))
		return SEK_NEXT;
	flow = recall_find(p, &dir);
	if (!flow)
		return SEK_NEXT;
	tenant = tenant_at(p->slot, flow->key.tenant);
	if (!tenant || flow_is_over(p, &flow->key, flow, tenant))
		return SEK_NEXT;
	p->tenant = flow->key.tenant;
	p->dir = dir;
	return flow_known(ctx, p, tenant, &flow->key, flow);
}

#endif
