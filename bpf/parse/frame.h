/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The door: which generation, which port, which headers. Called first by walk(). Promises a struct
 * packet whose parse/ part is true of the frame, or that the packet ends.
 */
#ifndef BPF_PARSE_FRAME_H
#define BPF_PARSE_FRAME_H

#include "core/config.h"
#include "core/flowtable.h"
#include "core/maps.h"
#include "parse/ether.h"
#include "parse/ipv4.h"
#include "parse/ipv6.h"
#include "parse/transport.h"

/* What the whole walk goes by: time and policy are read once. */
static __always_inline enum sek_verdict parse_policy(struct packet *p)
{
	const struct sek_active *active;
	__u32 zero = 0;

	p->now_ns = clock_now();
	p->rule = SEK_NO_RULE;
	p->list = SEK_NO_LIST;
	active = bpf_map_lookup_elem(&sek_active, &zero);
	if (!active)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	p->generation = READ_ONCE(active->generation);
	p->list_epoch = READ_ONCE(active->list_epoch);
	p->slot = p->generation & 1;
	return SEK_NEXT;
}

static __always_inline enum sek_verdict parse_port(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_link *link = link_of(frame_ingress(ctx));
	const struct sek_port *port;

	if (!p->generation || !link || !link->port || link->port >= SEK_PORTS_MAX)
		return packet_end(p, SEK_R_port_unknown, SEK_DROP);
	p->port = link->port;
	port = port_of(p, p->port);
	if (!port || !(port->flags & SEK_PORT_USED))
		return packet_end(p, SEK_R_port_unknown, SEK_DROP);
	p->port_flags = port->flags;
	p->peer = port->peer;
	if (p->port_flags & SEK_PORT_OUTSIDE)
		p->dir = SEK_IN;
	/* Not even ARP: it would go out untagged, to whoever is there. */
	if (p->port_flags & SEK_PORT_VLAN_BLIND)
		return packet_end(p, SEK_R_vlan_offload, SEK_DROP);
	return SEK_NEXT;
}

static __always_inline enum sek_verdict parse_ip(struct frame_ctx *ctx, struct packet *p)
{
	enum sek_verdict verdict;
	__u32 end;

	verdict = p->ethertype == ETH_P_IP ? parse_ip4(ctx, p) : parse_ip6(ctx, p);
	if (verdict != SEK_NEXT)
		return verdict;
	end = p->l3 + p->ip_len;
	if (!(p->flags & PKT_FRAG_LATER) && ext_is(p->proto, p->family)) {
		verdict = parse_chain(ctx, p, end);
		if (verdict != SEK_NEXT)
			return verdict;
	}
	if (p->flags & PKT_FRAG_LATER) {
		parse_payload(p, 0, end - p->l4);
		return SEK_NEXT;
	}
	return parse_transport(ctx, p, end - p->l4);
}

/* A function of its own: the verifier looks at it once, and goes on with one state. */
__noinline enum sek_verdict parse_frame(struct frame_ctx *ctx, struct packet *p)
{
	enum sek_verdict verdict;

	if (!p)
		return SEK_BUG;
	p->frame_len = frame_seen_len(ctx); /* until more is asked for: see frame_holds() */
	verdict = parse_policy(p);
	if (verdict != SEK_NEXT)
		return verdict;
	verdict = parse_port(ctx, p);
	if (verdict != SEK_NEXT)
		return verdict;
	verdict = parse_ether(ctx, p);
	if (verdict != SEK_NEXT || p->flags & PKT_LINK || p->ethertype == ETH_P_ARP)
		return verdict;
	verdict = parse_ip(ctx, p);
	if (verdict != SEK_NEXT)
		return verdict;
	frame_measure(ctx, &p->shape, p->payload, p->payload_len);
	flowtable_think(p);
	return SEK_NEXT;
}

#endif
