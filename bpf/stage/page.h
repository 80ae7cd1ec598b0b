/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bridge has no addresses, yet a body's browser was led to the block page: what is for it and was
 * accepted by a host rule leaves the wire here, under a seat's address, for the interface behind which the
 * agent listens. Called by stage/steer.h. The way back is rewrite/page_back.h.
 */
#ifndef BPF_STAGE_PAGE_H
#define BPF_STAGE_PAGE_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "core/pageseat.h"
#include "parse/icmp.h"
#include "rewrite/route.h"
#include "stage/tenant.h"

/* What a sum over the pseudo-header changes by. */
static __always_inline __u64 page_diff(const struct packet *p, const struct sek_addr *now)
{
	struct sek_addr old = p->src;

	for (__u32 i = 0; i < 4; i++)
		old.w[i] = ~old.w[i];
	return csum_addr(&old, p->family) + csum_addr(now, p->family);
}

/* The transport's sum, where it has the addresses in it. */
static __always_inline bool page_sum(struct frame_ctx *ctx, const struct packet *p, __u64 diff)
{
	__u32 off = p->proto == IPPROTO_TCP ? __builtin_offsetof(struct tcphdr, check)
					    : __builtin_offsetof(struct icmp_head, check);
	__sum16 *sum, old;

	if (p->proto == IPPROTO_ICMP)
		return true;
	sum = frame_at(ctx, p->l4 + off, sizeof(*sum));
	if (!sum)
		return false;
	old = *sum;
	/* One that is left open holds the pseudo-header's alone, as it is. */
	*sum = frame_sum_open(ctx) ? csum_fold(old + diff) : (__u16)~csum_fold((old ^ 0xffff) + diff);
	/* An IPv4 header adds up to nothing by itself; IPv6's address is made up for by the sum. */
	if (p->family == 4)
		frame_sum_change(ctx, old, *sum);
	return true;
}

static __always_inline bool page_source(struct frame_ctx *ctx, const struct packet *p, __u32 number)
{
	struct sek_addr now;
	struct ipv6hdr *ip6;
	struct iphdr *ip4;
	__u64 diff;

	seat_address(number, p->family, &now);
	diff = page_diff(p, &now);
	if (p->family == 6) {
		ip6 = frame_at(ctx, p->l3, sizeof(*ip6));
		if (!ip6)
			return false;
		__builtin_memcpy(&ip6->saddr, &now, sizeof(now));
	} else {
		ip4 = frame_at(ctx, p->l3, sizeof(*ip4));
		if (!ip4)
			return false;
		ip4->saddr = now.w[3];
		ip4->check = ~csum_fold((ip4->check ^ 0xffff) + diff);
	}
	return page_sum(ctx, p, diff);
}

/* Connections, and whether it is there at all. */
static __always_inline bool page_serves(const struct packet *p)
{
	if (p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER | PKT_ICMP_ERROR))
		return false;
	return p->proto == IPPROTO_TCP || (p->proto == IPPROTO_ICMP && p->icmp_type == ICMP_ECHO) ||
	       (p->proto == IPPROTO_ICMPV6 && p->icmp_type == ICMP6_ECHO);
}

/* Whose client it is: by now the packet is the host's. */
__noinline int page_tenant(struct packet *p)
{
	struct attach_place place;

	if (!p)
		return ATTACH_NONE;
	place = (struct attach_place){ .port = p->port, .vlan = p->vlan, .outer = p->outer };
	return (int)attach_find(p, &place, &p->src);
}

__noinline int page_seat(struct frame_ctx *ctx, struct packet *p, __u32 tenant)
{
	struct sek_page_seat *seat;
	const struct ethhdr *link = frame_at(ctx, 0, sizeof(*link));
	__u32 number;

	if (!p || !link)
		return SEAT_NONE;
	number = seat_find(p, tenant);
	seat = seat_at(number);
	return seat && seat_take(seat, p, link) ? (int)number : SEAT_NONE;
}

__noinline enum sek_verdict steer_page(struct frame_ctx *ctx, struct packet *p)
{
	const __u8 host[] = SEK_PAGE_MAC, far[] = SEK_PAGE_MAC_FAR;
	struct route_way way = {};
	__u32 tenant, number;

	if (!p)
		return SEK_BUG;
	if (!page_serves(p))
		return packet_end(p, SEK_R_host_refused, SEK_DROP);
	tenant = page_tenant(p);
	number = attach_is_tenant(tenant) ? page_seat(ctx, p, tenant) : SEAT_NONE;
	if (number >= SEAT_NONE)
		return packet_end(p, SEK_R_page_full, SEK_DROP);
	/* One by one: clang 14 loses some of a table that it can see through. */
	for (__u32 i = 0; i < ETH_ALEN; i++) {
		way.dmac[i] = host[i];
		way.smac[i] = far[i];
	}
	if (!route_link(ctx, p, &way) || !page_source(ctx, p, number))
		return packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
	p->out_port = SEK_PORT_PAGE;
	return packet_end(p, SEK_R_stack_page, SEK_FORWARD);
}

#endif
