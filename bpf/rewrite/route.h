/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a router does to a frame: one hop less, other addresses, the tags of the way out. Called by
 * stage/steer.h when nothing can go wrong any more but the frame itself. Bridged frames never come
 * here. Promises a frame that is whole, or false.
 */
#ifndef BPF_REWRITE_ROUTE_H
#define BPF_REWRITE_ROUTE_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "parse/cursor.h"
#include "rewrite/csum.h"

#define TCI_PRIORITY 0xf000 /* and drop eligible: both stay with the frame */

/* Where a routed frame goes. */
struct route_way {
	__u8 dmac[ETH_ALEN];
	__u8 smac[ETH_ALEN];
	__u16 port;
	__u16 vlan; /* tags that the frame will carry; 0: none */
	__u16 outer;
};

static __always_inline bool route_hop(struct frame_ctx *ctx, const struct packet *p)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip4;
	__be16 *word, old, now;

	if (p->family == 6) {
		ip6 = frame_at(ctx, p->l3, sizeof(*ip6));
		if (!ip6)
			return false;
		word = (__be16 *)&ip6->nexthdr; /* with the hop limit: sums go by 16 bits */
		old = *word;
		ip6->hop_limit--;
		now = *word;
		frame_sum_change(ctx, old, now);
		return true;
	}
	ip4 = frame_at(ctx, p->l3, sizeof(*ip4));
	if (!ip4)
		return false;
	word = (__be16 *)&ip4->ttl; /* with the protocol: sums go by 16 bits */
	old = *word;
	ip4->ttl--;
	csum_replace(&ip4->check, old, *word);
	return true;
}

/* Priority bits of the innermost tag. */
static __always_inline __u16 route_priority(struct frame_ctx *ctx, const struct packet *p)
{
	const __be16 *tci;

	if (!packet_tags_inside(p))
		return bpf_ntohs(frame_outer_tag(ctx).tci) & TCI_PRIORITY;
	tci = frame_at(ctx, p->l3 - FRAME_TAG_LEN, sizeof(*tci));
	return tci ? bpf_ntohs(*tci) & TCI_PRIORITY : 0;
}

/* The link header of the way out. */
static __always_inline bool route_link(struct frame_ctx *ctx, struct packet *p,
				       const struct route_way *way)
{
	struct frame_tags tags = {
		.cnt = way->outer  ? 2
		       : way->vlan ? 1
				   : 0,
		.outer = way->outer,
		.inner = way->vlan | route_priority(ctx, p),
	};
	int grow;
	void *at;

	if (frame_retag(ctx, &p->shape, p->tags, &tags, bpf_htons(p->ethertype), &grow))
		return false;
	p->l3 += grow;
	p->l4 += grow;
	p->payload += grow;
	p->tags = tags.cnt;
	at = frame_at(ctx, 0, ETH_HLEN);
	if (!at)
		return false;
	__builtin_memcpy(at, way->dmac, ETH_ALEN);
	__builtin_memcpy(at + ETH_ALEN, way->smac, ETH_ALEN);
	return true;
}

static __always_inline bool rewrite_route(struct frame_ctx *ctx, struct packet *p,
					  const struct route_way *way)
{
	return route_link(ctx, p, way) && route_hop(ctx, p);
}

#endif
