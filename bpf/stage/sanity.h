/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What no honest endpoint sends, whoever it is: martian addresses, land, impossible TCP flags, port
 * 0. Called by walk() after the parser, before anybody asks whose the packet is.
 */
#ifndef BPF_STAGE_SANITY_H
#define BPF_STAGE_SANITY_H

#include <linux/in.h>

#include "core/packet.h"
#include "stage/configure.h"

/* RFC 1122, 3.2.1.3 and RFC 6890: never on a wire between networks. Multicast only as destination. */
static __always_inline bool sanity_martian4(const struct packet *p)
{
	__u8 src = p->src.b[12], dst = p->dst.b[12];

	if (src == 127 || src >= 224 || (!src && p->src.w[3]))
		return true;
	if (dst >= 240)
		return !configure_is_broadcast(p);
	return dst == 127 || dst == 0;
}

/* ::/96 with ::1, and ::ffff:0:0/96, which would pass for IPv4 here (RFC 4291, 2.5). */
static __always_inline bool sanity_reserved6(const struct sek_addr *addr)
{
	return !addr->q[0] && (!addr->w[2] || addr->w[2] == bpf_htonl(0xffff));
}

static __always_inline bool sanity_unspecified(const struct sek_addr *addr)
{
	return !addr->q[0] && !addr->q[1];
}

/* The unspecified source is duplicate address detection, or spoofed: later stages tell. */
static __always_inline bool sanity_martian6(const struct packet *p)
{
	if (p->src.b[0] == 0xff || sanity_reserved6(&p->dst))
		return true;
	return sanity_reserved6(&p->src) && !sanity_unspecified(&p->src);
}

/* Either a SYN, or a RST, or an ACK belongs to every segment (RFC 9293, 3.10.7). */
static __always_inline bool sanity_tcp_flags(__u8 flags)
{
	if (flags & TCP_SYN)
		return !(flags & (TCP_FIN | TCP_RST));
	if (flags & TCP_RST)
		return !(flags & TCP_FIN);
	return flags & TCP_ACK;
}

static __always_inline enum sek_verdict stage_sanity(struct frame_ctx *ctx, struct packet *p)
{
	if (!p->family)
		return SEK_NEXT;
	if (p->family == 4 ? sanity_martian4(p) : sanity_martian6(p))
		return packet_end(p, SEK_R_martian, SEK_DROP);
	if (addr_equal(&p->src, &p->dst))
		return packet_end(p, SEK_R_land, SEK_DROP);
	if (p->flags & PKT_FRAG_LATER)
		return SEK_NEXT;
	if (p->flags & PKT_TCP && !sanity_tcp_flags(p->tcp_flags))
		return packet_end(p, SEK_R_tcp_flags, SEK_DROP);
	if ((p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP) && (!p->sport || !p->dport))
		return packet_end(p, SEK_R_l4_port_zero, SEK_DROP);
	return SEK_NEXT;
}

#endif
