/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IPv6 header (RFC 8200), and the walk over what stands between an IP header and its transport:
 * extension headers, and the authentication header in both families (RFC 4302). Called by
 * parse/frame.h alone. Promises that p->proto and p->l4 name the transport, or that the packet ends.
 */
#ifndef BPF_PARSE_IPV6_H
#define BPF_PARSE_IPV6_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>

#include "parse/cursor.h"

#define EXT_HEADERS_MAX 10

#define IP6_OFFSET 0xfff8
#define IP6_MORE 0x0001

/* What all extension headers begin with. */
struct ext_head {
	__u8 next;
	__u8 len; /* in units and with an offset of its own for each kind */
	__u8 kind; /* of a routing header */
	__u8 rest;
};
SEK_LAYOUT(struct ext_head, 4);

struct ext_fragment {
	__u8 next;
	__u8 pad;
	__be16 offset; /* IP6_OFFSET, IP6_MORE */
	__be32 id;
};
SEK_LAYOUT(struct ext_fragment, 8);
SEK_LAYOUT(struct ipv6hdr, 40);

/* The chain ends beyond its packet: a first fragment must hold all of it (RFC 7112). */
static __always_inline enum sek_verdict ext_broken(struct packet *p)
{
	return packet_end(p, p->flags & PKT_FRAG_FIRST ? SEK_R_frag_tiny : SEK_R_ext_chain, SEK_DROP);
}

/* Notes the piece that this is. A "fragment" that is the whole datagram is none (RFC 6946). */
static __always_inline bool ext_fragment(struct frame_ctx *ctx, struct packet *p, __u32 end)
{
	const struct ext_fragment *frag = frame_at(ctx, p->l4, sizeof(*frag));
	__u16 offset;

	if (!frag || p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER))
		return false;
	offset = bpf_ntohs(frag->offset);
	p->frag_off = (offset & IP6_OFFSET) >> 3;
	p->frag_id = bpf_ntohl(frag->id);
	p->frag_len = end - p->l4 - sizeof(*frag);
	if (p->frag_off)
		p->flags |= PKT_FRAG_LATER;
	else if (offset & IP6_MORE)
		p->flags |= PKT_FRAG_FIRST;
	if (p->frag_off && !(offset & IP6_MORE))
		p->flags |= PKT_FRAG_LAST;
	return true;
}

/* Bytes of the header of this protocol. */
static __always_inline __u32 ext_len(__u8 proto, const struct ext_head *head)
{
	switch (proto) {
	case IPPROTO_FRAGMENT:
		return sizeof(struct ext_fragment);
	case IPPROTO_AH:
		return (head->len + 2) * 4; /* RFC 4302, 2.2: not as the others */
	default:
		return (head->len + 1) * 8;
	}
}

static __always_inline bool ext_is(__u8 proto, __u8 family)
{
	switch (proto) {
	case IPPROTO_AH:
		return true;
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
		return family == 6;
	default:
		return false;
	}
}

/* Walks from p->proto at p->l4 to the transport. end: where the IP packet does. */
__noinline enum sek_verdict parse_chain(struct frame_ctx *ctx, struct packet *p, __u32 end)
{
	const struct ext_head *head;
	__u32 len;
	__u8 next;

	if (!p)
		return SEK_BUG;
	for (__u32 i = 0; i < EXT_HEADERS_MAX; i++) {
		if (!ext_is(p->proto, p->family))
			return SEK_NEXT;
		if (p->proto == IPPROTO_HOPOPTS && i)
			return packet_end(p, SEK_R_ext_chain, SEK_DROP);
		frame_reach(ctx, p->l4 + sizeof(struct ext_fragment));
		head = frame_at(ctx, p->l4, sizeof(*head));
		if (!head)
			return ext_broken(p);
		len = ext_len(p->proto, head);
		if (p->l4 + len > end)
			return ext_broken(p);
		if (p->proto == IPPROTO_ROUTING && !head->kind)
			return packet_end(p, SEK_R_ext_routing0, SEK_DROP);
		next = head->next;
		if (p->proto == IPPROTO_FRAGMENT && !ext_fragment(ctx, p, end))
			return packet_end(p, SEK_R_ext_chain, SEK_DROP);
		p->proto = next;
		p->l4 += len;
		if (p->flags & PKT_FRAG_LATER)
			return SEK_NEXT; /* what follows is from the middle of the datagram */
	}
	return packet_end(p, SEK_R_ext_chain, SEK_DROP);
}

static __always_inline enum sek_verdict parse_ip6(struct frame_ctx *ctx, struct packet *p)
{
	const struct ipv6hdr *ip;
	__u32 len;

	frame_reach(ctx, p->l3 + sizeof(*ip));
	ip = frame_at(ctx, p->l3, sizeof(*ip));
	if (!ip)
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	if (ip->version != 6)
		return packet_end(p, SEK_R_ip_version, SEK_DROP);
	len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (len > 0xffff || !frame_holds(ctx, p, p->l3 + len))
		return packet_end(p, SEK_R_ip_total_len, SEK_DROP);
	p->family = 6;
	p->proto = ip->nexthdr;
	p->ttl = ip->hop_limit;
	p->ip_len = len;
	p->l4 = p->l3 + sizeof(*ip);
	addr_set_v6(&p->src, ip->saddr.in6_u.u6_addr32);
	addr_set_v6(&p->dst, ip->daddr.in6_u.u6_addr32);
	if (ip->flow_lbl[0] & 0x30) /* the traffic class ends in the flow label's first byte */
		p->flags |= PKT_ECN;
	return SEK_NEXT;
}

#endif
