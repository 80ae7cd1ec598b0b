/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP, UDP, ICMP and ICMPv6 headers. Called by parse/frame.h alone, never for a fragment of
 * offset > 0. Promises that the whole header lies in this packet; other protocols have no ports.
 */
#ifndef BPF_PARSE_TRANSPORT_H
#define BPF_PARSE_TRANSPORT_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "parse/cursor.h"
#include "parse/icmp.h"

#define L4_HEAD 8 /* of all but TCP */

SEK_LAYOUT(struct tcphdr, 20);
SEK_LAYOUT(struct udphdr, 8);

/* Ends a packet whose transport header does not fit; of a first fragment it is an attack of its own. */
static __always_inline enum sek_verdict l4_broken(struct packet *p, enum sek_reason reason)
{
	return packet_end(p, p->flags & PKT_FRAG_FIRST ? SEK_R_frag_tiny : reason, SEK_DROP);
}

static __always_inline void parse_payload(struct packet *p, __u32 head, __u32 room)
{
	p->payload = p->l4 + head;
	p->payload_len = room - head;
}

static __always_inline enum sek_verdict parse_tcp(struct frame_ctx *ctx, struct packet *p, __u32 room)
{
	const struct tcphdr *tcp = frame_at(ctx, p->l4, sizeof(*tcp));
	__u32 head;

	if (room < sizeof(*tcp))
		return l4_broken(p, SEK_R_l4_len);
	if (!tcp)
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	head = tcp->doff * 4;
	if (head < sizeof(*tcp))
		return packet_end(p, SEK_R_tcp_header, SEK_DROP);
	if (head > room)
		return l4_broken(p, SEK_R_tcp_header);
	p->flags |= PKT_TCP;
	p->sport = tcp->source;
	p->dport = tcp->dest;
	p->seq = bpf_ntohl(tcp->seq);
	p->ack = bpf_ntohl(tcp->ack_seq);
	p->win = bpf_ntohs(tcp->window);
	p->tcp_flags = ((const __u8 *)tcp)[13];
	parse_payload(p, head, room);
	return SEK_NEXT;
}

static __always_inline enum sek_verdict parse_udp(struct frame_ctx *ctx, struct packet *p, __u32 room)
{
	const struct udphdr *udp = frame_at(ctx, p->l4, sizeof(*udp));
	__u32 len;

	if (room < sizeof(*udp))
		return l4_broken(p, SEK_R_l4_len);
	if (!udp)
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	len = bpf_ntohs(udp->len);
	if (len < sizeof(*udp) || (len > room && !(p->flags & PKT_FRAG_FIRST)))
		return packet_end(p, SEK_R_l4_len, SEK_DROP);
	p->sport = udp->source;
	p->dport = udp->dest;
	parse_payload(p, sizeof(*udp), room);
	return SEK_NEXT;
}

/* RFC 1122, 3.2.2: messages about another packet. */
static __always_inline bool icmp_is_error(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMPV6)
		return type < ICMP6_ECHO;
	switch (type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	default:
		return false;
	}
}

/* Queries and their replies, which carry an id. */
static __always_inline bool icmp_has_id(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMPV6)
		return type == ICMP6_ECHO || type == ICMP6_ECHO_REPLY;
	return type == ICMP_ECHO || type == ICMP_ECHOREPLY ||
	       (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY);
}

static __always_inline enum sek_verdict parse_icmp(struct frame_ctx *ctx, struct packet *p, __u32 room)
{
	const struct icmp_head *icmp = frame_at(ctx, p->l4, sizeof(*icmp));

	if (room < sizeof(*icmp))
		return l4_broken(p, SEK_R_l4_len);
	if (!icmp)
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	p->icmp_type = icmp->type;
	p->icmp_code = icmp->code;
	if (icmp_is_error(p->proto, p->icmp_type)) {
		p->flags |= PKT_ICMP_ERROR;
	} else if (icmp_has_id(p->proto, p->icmp_type)) {
		p->sport = icmp->id;
		p->dport = icmp->id;
	}
	parse_payload(p, sizeof(*icmp), room);
	return SEK_NEXT;
}

/* room: bytes of the IP packet from p->l4 on. */
static __always_inline enum sek_verdict parse_transport(struct frame_ctx *ctx, struct packet *p,
							__u32 room)
{
	frame_reach(ctx, p->l4 + (p->proto == IPPROTO_TCP ? sizeof(struct tcphdr) : L4_HEAD));
	switch (p->proto) {
	case IPPROTO_TCP:
		return parse_tcp(ctx, p, room);
	case IPPROTO_UDP:
		return parse_udp(ctx, p, room);
	case IPPROTO_ICMP:
		if (p->family == 4)
			return parse_icmp(ctx, p, room);
		break;
	case IPPROTO_ICMPV6:
		if (p->family == 6)
			return parse_icmp(ctx, p, room);
		break;
	}
	parse_payload(p, 0, room);
	return SEK_NEXT;
}

#endif
