/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the block page answers to a seat, turned into a frame for whose seat it is: to the client's link
 * address from its router's, with its tags, out by its port. A program of TC, at the far end of the page's
 * interface, where offloads are the kernel's. Loaded with the gateway; the agent puts it there.
 */
#ifndef BPF_REWRITE_PAGE_BACK_H
#define BPF_REWRITE_PAGE_BACK_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include "core/pageseat.h"
#include "core/ways.h"
#include "parse/icmp.h"

/* A frame of the host's own stack: no tags, no options. */
struct page_frame {
	__u8 family; /* 0: none that has a seat */
	__u8 proto;
	__u16 l4;
	struct sek_addr dst;
};

static __always_inline void page_read4(struct __sk_buff *ctx, struct page_frame *f)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(ctx, ETH_HLEN, &ip, sizeof(ip)))
		return;
	f->family = 4;
	f->proto = ip.protocol;
	f->l4 = ETH_HLEN + ip.ihl * 4;
	addr_set_v4(&f->dst, ip.daddr);
}

static __always_inline void page_read6(struct __sk_buff *ctx, struct page_frame *f)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(ctx, ETH_HLEN, &ip, sizeof(ip)))
		return;
	f->family = 6;
	f->proto = ip.nexthdr;
	f->l4 = ETH_HLEN + sizeof(ip);
	addr_set_v6(&f->dst, ip.daddr.s6_addr32);
}

static __always_inline struct page_frame page_read(struct __sk_buff *ctx)
{
	struct page_frame f = {};

	if (ctx->protocol == bpf_htons(ETH_P_IP))
		page_read4(ctx, &f);
	else if (ctx->protocol == bpf_htons(ETH_P_IPV6))
		page_read6(ctx, &f);
	return f;
}

/* Where the transport's sum stands; 0: it has no addresses in it. */
static __always_inline __u32 page_check_at(const struct page_frame *f)
{
	switch (f->proto) {
	case IPPROTO_TCP:
		return f->l4 + __builtin_offsetof(struct tcphdr, check);
	case IPPROTO_ICMPV6:
		return f->l4 + __builtin_offsetof(struct icmp_head, check);
	default:
		return 0;
	}
}

static __always_inline long page_to4(struct __sk_buff *ctx, const struct page_frame *f, __be32 now)
{
	__be32 old = f->dst.w[3];
	__u32 check = page_check_at(f);
	long err = 0;

	if (check)
		err = bpf_l4_csum_replace(ctx, check, old, now, BPF_F_PSEUDO_HDR | sizeof(now));
	if (!err)
		err = bpf_l3_csum_replace(ctx, ETH_HLEN + __builtin_offsetof(struct iphdr, check),
					  old, now, sizeof(now));
	return err ? err
		   : bpf_skb_store_bytes(ctx, ETH_HLEN + __builtin_offsetof(struct iphdr, daddr),
					 &now, sizeof(now), 0);
}

static __always_inline long page_to6(struct __sk_buff *ctx, struct page_frame *f, struct sek_addr *now)
{
	__s64 diff = bpf_csum_diff(f->dst.w, sizeof(f->dst), now->w, sizeof(*now), 0);
	__u32 check = page_check_at(f);
	long err = 0;

	if (check)
		err = bpf_l4_csum_replace(ctx, check, 0, diff, BPF_F_PSEUDO_HDR);
	return err ? err
		   : bpf_skb_store_bytes(ctx, ETH_HLEN + __builtin_offsetof(struct ipv6hdr, daddr),
					 now, sizeof(*now), 0);
}

static __always_inline long page_link(struct __sk_buff *ctx, const struct sek_page_seat *seat)
{
	__u8 link[2 * ETH_ALEN];
	long err;

	__builtin_memcpy(link, seat->client_mac, ETH_ALEN);
	__builtin_memcpy(link + ETH_ALEN, seat->router_mac, ETH_ALEN);
	err = bpf_skb_store_bytes(ctx, 0, link, sizeof(link), 0);
	if (!err && seat->vlan)
		err = bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), seat->vlan);
	if (!err && seat->outer)
		err = bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021AD), seat->outer);
	return err;
}

SEC("tc")
int sek_page_back(struct __sk_buff *ctx)
{
	struct page_frame f = page_read(ctx);
	struct sek_page_seat *seat;
	struct sek_addr client;
	__u32 ifindex;

	seat = f.family ? seat_at(seat_number(&f.dst, f.family)) : NULL;
	if (!seat || !seat->used_ns)
		return TC_ACT_SHOT;
	client = seat->client;
	if (f.family == 4 ? page_to4(ctx, &f, client.w[3]) : page_to6(ctx, &f, &client))
		return TC_ACT_SHOT;
	ifindex = way_out(seat->port);
	if (!ifindex || page_link(ctx, seat))
		return TC_ACT_SHOT;
	return bpf_redirect(ifindex, 0);
}

#endif
