/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a host without an address of its own asks for one: DHCP (RFC 2131) and DHCPv6 (RFC 8415), as
 * far as they stay on the link. Relays speak unicast, between addresses that they have: the rules'.
 * Called by stage/sanity.h, to which such addresses are otherwise martian, and by stage/control.h.
 */
#ifndef BPF_STAGE_CONFIGURE_H
#define BPF_STAGE_CONFIGURE_H

#include <linux/in.h>
#include <linux/in6.h>

#include "core/packet.h"
#include "parse/cursor.h"

#define DHCP_SERVER 67
#define DHCP_CLIENT 68
#define DHCP_REQUEST 1
#define DHCP_REPLY 2
#define DHCP_COOKIE 0x63825363 /* RFC 2131, 3 */
#define DHCP6_CLIENT 546
#define DHCP6_SERVER 547
#define DHCP6_LEN 4

struct dhcp_head {
	__u8 op;
	__u8 bootp[235];
	__be32 cookie;
};
SEK_LAYOUT(struct dhcp_head, 240);

static __always_inline bool configure_link_local(const struct sek_addr *addr)
{
	return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

static __always_inline bool configure_between(const struct packet *p, __u16 sport, __u16 dport)
{
	return p->proto == IPPROTO_UDP && !(p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER)) &&
	       p->sport == bpf_htons(sport) && p->dport == bpf_htons(dport);
}

/* UDP whose lower port is that of such a protocol: worth a closer look. */
static __always_inline bool configure_may(const struct packet *p)
{
	__u16 sport = bpf_ntohs(p->sport), dport = bpf_ntohs(p->dport);
	__u16 low = sport < dport ? sport : dport;

	return low == DHCP_SERVER || low == DHCP6_CLIENT;
}

/* Between DHCP's ports, in one direction or the other. */
static __always_inline bool configure_is_dhcp(const struct packet *p)
{
	return p->family == 4 && (configure_between(p, DHCP_CLIENT, DHCP_SERVER) ||
				  configure_between(p, DHCP_SERVER, DHCP_CLIENT));
}

/* To everybody on the link: a client looking for a server, or an answer before it has an address. */
static __always_inline bool configure_is_broadcast(const struct packet *p)
{
	return p->dst.w[3] == 0xffffffff && configure_is_dhcp(p);
}

/* A message that says what its ports say: request from a client, reply from a server. */
static __always_inline bool configure_is_whole(struct frame_ctx *ctx, const struct packet *p)
{
	__u8 op = p->dport == bpf_htons(DHCP_SERVER) ? DHCP_REQUEST : DHCP_REPLY;
	const struct dhcp_head *head;

	frame_reach(ctx, p->payload + sizeof(*head));
	head = frame_at(ctx, p->payload, sizeof(*head));
	return head && p->payload_len >= sizeof(*head) && head->op == op &&
	       head->cookie == bpf_htonl(DHCP_COOKIE);
}

/* From a client to ff02::1:2 (RFC 8415, 7.1), or from a server on the link to its client. */
static __always_inline bool configure_is_dhcp6(const struct packet *p)
{
	if (p->family != 6 || p->payload_len < DHCP6_LEN || !configure_link_local(&p->src))
		return false;
	if (configure_between(p, DHCP6_CLIENT, DHCP6_SERVER))
		return p->dst.w[0] == bpf_htonl(0xff020000) && !p->dst.w[1] && !p->dst.w[2] &&
		       p->dst.w[3] == bpf_htonl(0x00010002);
	return configure_between(p, DHCP6_SERVER, DHCP6_CLIENT) && configure_link_local(&p->dst);
}

#endif
