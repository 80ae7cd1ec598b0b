/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a link needs to work at all: ARP, neighbour discovery, multicast listeners, hosts that ask
 * for an address, and the frames of IEEE 802.1's reserved addresses. Passes by the port's mode
 * whatever the rules say (RFC 4890, 4.4); a routed port's are the kernel's. Called by walk() before
 * tenants are told apart. Its global functions are such for the verifier's sake, which looks at each
 * once and goes on with one state.
 */
#ifndef BPF_STAGE_CONTROL_H
#define BPF_STAGE_CONTROL_H

#include <linux/in.h>
#include <linux/in6.h>

#include "parse/icmp.h"
#include "stage/configure.h"
#include "stage/steer.h"
#include "stage/tenant.h"

#define ARP_LEN 28 /* of Ethernet and IPv4 addresses */
#define ND_HOP_LIMIT 255
#define IP6_SCOPE_LINK 2 /* RFC 4291, 2.7 */
#define IGMP_LEN 8 /* RFC 2236, 2, and at least that of version 3 */

static __always_inline bool control_is_nd(const struct packet *p)
{
	return p->icmp_type >= ICMP6_ROUTER_SOLICIT && p->icmp_type <= ICMP6_ND_REDIRECT;
}

/*
 * Whether it would go on beyond the link, where the next router takes it for any other packet: outward,
 * to an address that is neither of the link's scope nor the body's. Then it has no right of its own.
 */
static __always_inline bool control_leaves(const struct packet *p)
{
	struct attach_place place = { .port = p->port, .vlan = p->vlan, .outer = p->outer };

	if (p->dir == SEK_IN || !(p->port_flags & SEK_PORT_BRIDGE))
		return false;
	if (p->dst.b[0] == 0xff)
		return (p->dst.b[1] & 0x0f) > IP6_SCOPE_LINK;
	return !configure_link_local(&p->dst) && !attach_is_tenant(attach_find(p, &place, &p->dst));
}

/* Listener messages never leave the link: hop limit 1, from a link-local address or from none. */
static __always_inline bool control_is_mld(const struct packet *p)
{
	bool mld = (p->icmp_type >= ICMP6_MLD_QUERY && p->icmp_type <= ICMP6_MLD_DONE) ||
		   p->icmp_type == ICMP6_MLD2_REPORT;
	bool nobody = !p->src.q[0] && !p->src.q[1];

	return mld && p->ttl == 1 && (configure_link_local(&p->src) || nobody);
}

/* The same of IPv4: a question, a report or a leave of any version, to a group (RFC 3376, 4). */
static __always_inline bool control_is_igmp(struct frame_ctx *ctx, const struct packet *p)
{
	const __u8 *type = frame_at(ctx, p->l4, IGMP_LEN);

	if (!type || p->payload_len < IGMP_LEN || p->family != 4 || p->ttl != 1 ||
	    p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER) || (p->dst.b[12] & 0xf0) != 0xe0)
		return false;
	switch (*type) {
	case 0x11: /* query */
	case 0x12: /* reports of versions 1 to 3 */
	case 0x16:
	case 0x22:
	case 0x17: /* leave */
		return true;
	default:
		return false;
	}
}

/* ARP and its like: between the ports of a bridge on a VLAN that is used, else the kernel's. */
static __always_inline enum sek_verdict control_neighbour(struct packet *p)
{
	struct attach_place place = { .port = p->port, .vlan = p->vlan, .outer = p->outer };

	if (!(p->port_flags & SEK_PORT_BRIDGE))
		return packet_end(p, SEK_R_stack_neighbour, SEK_STACK);
	if (!attach_used(p, &place))
		return packet_end(p, SEK_R_no_tenant, SEK_DROP);
	p->reason = SEK_R_neighbour;
	return steer_bridge(p);
}

static __always_inline enum sek_verdict control_link(struct packet *p)
{
	const struct sek_port *port = port_of(p, p->port);
	__u32 bit = 1U << (p->link & 15);

	if (!port)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (port->link_stack & bit)
		return packet_end(p, SEK_R_stack_link, SEK_STACK);
	if (!(port->link_forward & bit))
		return packet_end(p, SEK_R_link_reserved, SEK_DROP);
	p->reason = SEK_R_link_control;
	return steer_bridge(p);
}

/*
 * An answer to the address that a client is being given: there is no flow yet, and a server on the
 * link has one of the body's addresses, beyond the bridge or not. Any other server is the rules'.
 */
static __always_inline bool control_same_body(const struct packet *p)
{
	struct attach_place place = { .port = p->port, .vlan = p->vlan, .outer = p->outer };
	__u32 tenant = attach_find(p, &place, &p->dst);

	return p->dport == bpf_htons(DHCP_CLIENT) && p->port_flags & SEK_PORT_BRIDGE &&
	       attach_is_tenant(tenant) && attach_find(p, &place, &p->src) == tenant;
}

__noinline enum sek_verdict control_group(struct frame_ctx *ctx, struct packet *p)
{
	if (!p)
		return SEK_BUG;
	return control_is_igmp(ctx, p) ? control_neighbour(p) : SEK_NEXT;
}

/* Hosts that ask for an address, and what they are told. */
__noinline enum sek_verdict control_configure(struct frame_ctx *ctx, struct packet *p)
{
	bool broadcast;

	if (!p)
		return SEK_BUG;
	if (configure_is_dhcp6(p))
		return control_neighbour(p);
	broadcast = configure_is_broadcast(p);
	if (!broadcast && !(configure_is_dhcp(p) && control_same_body(p)))
		return SEK_NEXT;
	if (configure_is_whole(ctx, p))
		return control_neighbour(p);
	return broadcast ? packet_end(p, SEK_R_martian, SEK_DROP) : SEK_NEXT;
}

__noinline enum sek_verdict control_packet(struct packet *p)
{
	if (!p)
		return SEK_BUG;
	if (p->flags & PKT_LINK)
		return control_link(p);
	if (p->ethertype == ETH_P_ARP) {
		if (p->frame_len < (__u32)p->l3 + ARP_LEN)
			return packet_end(p, SEK_R_short_frame, SEK_DROP);
		return control_neighbour(p);
	}
	/* Pieces of neighbour discovery are for nobody (RFC 6980); the rules may have them. */
	if (p->family != 6 || p->proto != IPPROTO_ICMPV6 ||
	    p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER))
		return SEK_NEXT;
	if (control_is_nd(p)) {
		if (p->ttl != ND_HOP_LIMIT)
			return packet_end(p, SEK_R_nd_hop_limit, SEK_DROP);
		return control_leaves(p) ? SEK_NEXT : control_neighbour(p);
	}
	return control_is_mld(p) ? control_neighbour(p) : SEK_NEXT;
}

static __always_inline enum sek_verdict stage_control(struct frame_ctx *ctx, struct packet *p)
{
	if (p->proto == IPPROTO_UDP)
		return configure_may(p) ? control_configure(ctx, p) : SEK_NEXT;
	if (p->proto == IPPROTO_IGMP)
		return control_group(ctx, p);
	if (!(p->flags & PKT_LINK) && p->ethertype != ETH_P_ARP && p->proto != IPPROTO_ICMPV6)
		return SEK_NEXT;
	return control_packet(p);
}

#endif
