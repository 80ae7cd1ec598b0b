/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ethernet with up to two VLAN tags. Called by parse/frame.h alone. Promises that what goes on is
 * IP, ARP, or a link-layer control frame to a reserved address (PKT_LINK).
 */
#ifndef BPF_PARSE_ETHER_H
#define BPF_PARSE_ETHER_H

#include "parse/cursor.h"

#define ETH_TAGS_MAX 2

static __always_inline bool eth_is_tag(__u16 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/*
 * IEEE 802.1Q, 8.6.3: 01:80:c2:00:00:00 to 0f belong to the link. Returns the last digit, -1: another
 * address.
 */
static __always_inline int eth_reserved(const __u8 *mac)
{
	__be32 head;

	__builtin_memcpy(&head, mac, sizeof(head));
	if (head != bpf_htonl(0x0180c200) || mac[4] || mac[5] > 0x0f)
		return -1;
	return mac[5];
}

/* Passes over the tags; p->l3 is where the type before each ends. */
static __always_inline enum sek_verdict parse_tags(struct frame_ctx *ctx, struct packet *p)
{
	__u32 tags = frame_beside(&p->shape), inside = 0;
	const struct eth_tag *tag;

	for (; tags < ETH_TAGS_MAX; tags++, inside++) {
		if (!eth_is_tag(p->ethertype))
			return SEK_NEXT;
		/* The type of the tag was read; what follows is its TCI and the next type. */
		tag = frame_at(ctx, ETH_HLEN - 2 + inside * FRAME_TAG_LEN, FRAME_TAG_LEN + 2);
		if (!tag)
			return packet_end(p, SEK_R_short_frame, SEK_DROP);
		p->outer = p->vlan;
		p->vlan = bpf_ntohs(tag->tci) & TCI_VID;
		p->ethertype = bpf_ntohs(tag[1].type);
		p->tags = tags + 1;
		p->l3 = ETH_HLEN + (inside + 1) * FRAME_TAG_LEN;
	}
	return eth_is_tag(p->ethertype) ? packet_end(p, SEK_R_vlan_depth, SEK_DROP) : SEK_NEXT;
}

static __always_inline enum sek_verdict parse_ether(struct frame_ctx *ctx, struct packet *p)
{
	const struct ethhdr *eth;
	enum sek_verdict verdict;
	int reserved;
	__u16 tci;

	frame_reach(ctx, ETH_HLEN + ETH_TAGS_MAX * FRAME_TAG_LEN);
	eth = frame_at(ctx, 0, sizeof(*eth));
	if (!eth)
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	reserved = eth_reserved(eth->h_dest);
	p->ethertype = bpf_ntohs(eth->h_proto);
	p->l3 = sizeof(*eth);
	if (frame_tag_beside(ctx, &p->shape, &tci)) {
		p->vlan = tci & TCI_VID;
		p->tags = 1;
	}
	verdict = parse_tags(ctx, p);
	if (verdict != SEK_NEXT)
		return verdict;
	switch (p->ethertype) {
	case ETH_P_IP:
	case ETH_P_IPV6:
	case ETH_P_ARP:
		/* No link control: it would go round the rules, and hosts take it for themselves. */
		if (reserved >= 0)
			return packet_end(p, SEK_R_link_reserved, SEK_DROP);
		return SEK_NEXT;
	}
	if (reserved < 0)
		return packet_end(p, SEK_R_ethertype, SEK_DROP);
	p->flags |= PKT_LINK;
	p->link = reserved;
	return SEK_NEXT;
}

#endif
