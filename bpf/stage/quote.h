/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP: which key a query has, and which flow an error speaks of, read from the packet that it
 * quotes (RFC 792, RFC 4443). Called by stage/flow.h. The quote is an attacker's bytes as well: it
 * chooses a flow and nothing else.
 */
#ifndef BPF_STAGE_QUOTE_H
#define BPF_STAGE_QUOTE_H

#include "core/maps.h"
#include "core/packet.h"
#include "parse/ipv6.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#define QUOTE_L4_MIN 8 /* RFC 792 promises so much of it */

static __always_inline bool icmp_is_query(__u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* A message that answers: the type of what it answers; else -1. */
static __always_inline int icmp_answers(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMPV6)
		return type == 129 ? 128 : type == 140 ? 139 : -1;
	switch (type) {
	case 0:
		return 8;
	case 14:
	case 16:
	case 18:
		return type - 1;
	default:
		return -1;
	}
}

/* The ICMP part of a key: the asker's side and the echo id, or the type of the request. */
static __always_inline void icmp_key(struct sek_flow_key *key, __u8 type, __be16 id, __u8 dir)
{
	int asked = icmp_answers(key->proto, type);
	__u8 request = asked < 0 ? type : asked;
	__u8 asker = asked < 0 ? dir : !dir;

	key->icmp = asker == SEK_IN ? SEK_KEY_ICMP_IN : 0;
	if (request != (key->proto == IPPROTO_ICMPV6 ? 128 : 8)) {
		key->icmp |= SEK_KEY_ICMP_QUERY;
		id = bpf_htons(request);
	}
	key->port[0] = id;
	key->port[1] = id;
}

/* Where what follows the header of a quoted IPv4 packet starts; -1: not to be read. */
static __always_inline int quote_v4(struct frame_ctx *ctx, __u32 off, struct sek_flow_key *key,
				    struct sek_addr *src, struct sek_addr *dst)
{
	struct iphdr ip;

	if (frame_load(ctx, off, &ip, sizeof(ip)))
		return -1;
	if (ip.version != 4 || ip.ihl < 5 || ip.frag_off & bpf_htons(0x1fff))
		return -1;
	addr_set_v4(src, ip.saddr);
	addr_set_v4(dst, ip.daddr);
	key->proto = ip.protocol;
	return off + ip.ihl * 4;
}

/* The same of an IPv6 packet. */
static __always_inline int quote_v6(struct frame_ctx *ctx, __u32 off, struct sek_flow_key *key,
				    struct sek_addr *src, struct sek_addr *dst)
{
	struct ipv6hdr ip;

	if (frame_load(ctx, off, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	__builtin_memcpy(src, &ip.saddr, sizeof(*src));
	__builtin_memcpy(dst, &ip.daddr, sizeof(*dst));
	key->proto = ip.nexthdr;
	return off + sizeof(ip);
}

/*
 * Past what the parser passes over as well, so that an error finds the flow which such a packet has
 * made: where the transport header starts; -1: not to be read. Keeps its place in p->payload, as the
 * parser's loops do: see parse/ipv4.h.
 */
static __always_inline int quote_chain(struct frame_ctx *ctx, struct packet *p,
				       struct sek_flow_key *key)
{
	struct ext_head head;

	for (int i = 0; i < EXT_HEADERS_MAX; i++) {
		__u32 off = READ_ONCE(p->payload);

		if (!ext_is(READ_ONCE(key->proto), p->family))
			return off;
		if (frame_load(ctx, off, &head, sizeof(head)))
			return -1;
		/* Here kind and rest are the offset: a later piece has no transport header. */
		if (key->proto == IPPROTO_FRAGMENT && (head.kind || head.rest & 0xf8))
			return -1;
		WRITE_ONCE(p->payload, off + ext_len(key->proto, &head));
		WRITE_ONCE(key->proto, head.next);
	}
	return -1;
}

/* Ports, or what stands for them, from the first bytes of the quoted transport header. */
static __always_inline int quote_ports(struct frame_ctx *ctx, __u32 off, struct sek_flow_key *key,
				       __u8 dir)
{
	__u8 own = dir == SEK_OUT ? 0 : 1;
	__be16 word[QUOTE_L4_MIN / 2];

	if (frame_load(ctx, off, word, sizeof(word)))
		return -1;
	if (icmp_is_query(key->proto)) {
		icmp_key(key, bpf_ntohs(word[0]) >> 8, word[2], dir);
	} else if (key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP) {
		key->port[own] = word[0];
		key->port[!own] = word[1];
	}
	return 0;
}

/*
 * The key of the flow that an ICMP error speaks of; the quoted packet went against the error. From
 * then on p->payload is where its transport header starts. 0; -1: the quote cannot be read; -2: it is
 * not the packet of the error's receiver.
 */
__noinline int quote_key(struct frame_ctx *ctx, struct packet *p, struct sek_flow_key *key)
{
	struct sek_addr src = {}, dst = {};
	__u32 off, end;
	__u8 dir;
	int l4;

	if (!p || !key)
		return -1;
	dir = p->dir == SEK_OUT ? SEK_IN : SEK_OUT;
	off = p->l4 + 8;
	end = p->l3 + p->ip_len;
	l4 = p->family == 4 ? quote_v4(ctx, off, key, &src, &dst)
			    : quote_v6(ctx, off, key, &src, &dst);
	if (l4 < 0)
		return -1;
	p->payload = l4;
	l4 = quote_chain(ctx, p, key);
	if (l4 < 0 || l4 + QUOTE_L4_MIN > end || quote_ports(ctx, l4, key, dir))
		return -1;
	if (!addr_equal(&src, &p->dst))
		return -2;
	key->addr[0] = dir == SEK_OUT ? src : dst;
	key->addr[1] = dir == SEK_OUT ? dst : src;
	key->tenant = p->tenant;
	return 0;
}

#endif
