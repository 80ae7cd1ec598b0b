/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out: the other port of a bridge, or where the kernel's routes lead, or up to the kernel
 * itself for what a router owes: unmodified, when the next hop is unknown, the TTL ends or the way
 * is too narrow. Called last by walk(), and by stage/control.h for bridges.
 * Promises p->out_port with SEK_FORWARD; report/finish.h sends.
 */
#ifndef BPF_STAGE_STEER_H
#define BPF_STAGE_STEER_H

#include <linux/in.h>

#include "core/config.h"
#include "core/maps.h"
#include "core/packet.h"
#include "rewrite/answer.h"
#include "rewrite/route.h"
#include "stage/page.h"
#include "stage/tenant.h"

#ifndef AF_INET
#define AF_INET 2 /* sys/socket.h would bring libc's types */
#define AF_INET6 10
#endif

/* Whether the port's interface can send so long a packet; an unknown MTU does not stop it. */
static __always_inline bool steer_fits(const struct packet *p)
{
	__u32 mtu;

	if (!ways_are_real() || !p->ip_len)
		return true;
	mtu = port_mtu(p->out_port);
	return !mtu || packet_ip_longest(p) <= mtu;
}

static __always_inline enum sek_verdict steer_bridge(struct packet *p)
{
	if (!p->peer || !(p->port_flags & SEK_PORT_BRIDGE))
		return packet_end(p, SEK_R_no_peer, SEK_DROP);
	p->out_port = p->peer;
	if (!steer_fits(p))
		return packet_end(p, SEK_R_too_big, SEK_DROP);
	return SEK_FORWARD;
}

/* No body reaches another through the gateway: their rules would each see half of it. */
static __always_inline bool steer_crosses(const struct packet *p, const struct route_way *way)
{
	struct attach_place place = { .port = way->port, .vlan = way->vlan, .outer = way->outer };
	const struct sek_port *port = port_of(p, way->port);
	__u32 tenant;

	if (!port || port->flags & SEK_PORT_OUTSIDE)
		return false;
	tenant = attach_find(p, &place, &p->dst);
	return attach_is_tenant(tenant) && tenant != p->tenant;
}

static __always_inline void steer_question(struct frame_ctx *ctx, const struct packet *p,
					   struct bpf_fib_lookup *fib)
{
	fib->family = p->family == 4 ? AF_INET : AF_INET6;
	fib->l4_protocol = p->proto;
	fib->sport = p->sport;
	fib->dport = p->dport;
	fib->tot_len = packet_ip_longest(p);
	fib->ifindex = frame_ingress(ctx);
	if (p->family == 4) {
		fib->ipv4_src = p->src.w[3];
		fib->ipv4_dst = p->dst.w[3];
	} else {
		__builtin_memcpy(fib->ipv6_src, &p->src, sizeof(p->src));
		__builtin_memcpy(fib->ipv6_dst, &p->dst, sizeof(p->dst));
	}
}

/* Tells a replay where the route leads. A next hop may be of the other family (RFC 8950). */
static __always_inline void steer_tell(const struct bpf_fib_lookup *fib)
{
	struct sek_trace *trace = trace_room();

	if (!trace)
		return;
	trace->next_ifindex = fib->ifindex;
	if (fib->family == AF_INET)
		addr_set_v4(&trace->next_hop, fib->ipv4_dst);
	else
		addr_set_v6(&trace->next_hop, fib->ipv6_dst);
}

/* What the kernel's routes say. A way out: SEK_NEXT. */
static __always_inline enum sek_verdict steer_fib(struct frame_ctx *ctx, struct packet *p,
						  struct route_way *way)
{
	struct bpf_fib_lookup fib = {};
	const struct sek_link *link;

	steer_question(ctx, p, &fib);
	switch (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		steer_tell(&fib);
		break;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		steer_tell(&fib);
		return packet_end(p, SEK_R_stack_resolve, SEK_STACK);
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return packet_end(p, SEK_R_stack_mtu, SEK_STACK);
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return packet_end(p, SEK_R_route_not_port, SEK_DROP);
	default:
		return packet_end(p, SEK_R_no_route, SEK_DROP);
	}
	link = link_of(fib.ifindex);
	if (!link || !link->port)
		return packet_end(p, SEK_R_route_not_port, SEK_DROP);
	__builtin_memcpy(way->dmac, fib.dmac, ETH_ALEN);
	__builtin_memcpy(way->smac, fib.smac, ETH_ALEN);
	way->port = link->port;
	way->vlan = link->vlan;
	way->outer = link->outer;
	return SEK_NEXT;
}

/* A replay has no routes: bodies are at home, everybody else is outside. */
static __always_inline enum sek_verdict steer_replay(struct packet *p, struct route_way *way)
{
	struct attach_place outside = {};
	const struct sek_replay_home *home;
	const struct sek_clock *clock;
	__u32 zero = 0, tenant;

	clock = bpf_map_lookup_elem(&sek_clock, &zero);
	if (!clock)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	outside.port = clock->outside_port;
	way->port = clock->outside_port;
	tenant = attach_find(p, &outside, &p->dst);
	if (tenant && attach_is_tenant(tenant)) {
		barrier_var(tenant);
		home = &clock->home[tenant & (SEK_TENANTS_MAX - 1)];
		way->port = home->port;
		way->vlan = home->vlan;
		way->outer = home->outer;
	}
	way->dmac[0] = way->smac[0] = 0x02;
	way->smac[ETH_ALEN - 1] = way->port;
	way->dmac[ETH_ALEN - 1] = way->port;
	return way->port ? SEK_NEXT : packet_end(p, SEK_R_no_route, SEK_DROP);
}

__noinline enum sek_verdict steer_route(struct frame_ctx *ctx, struct packet *p)
{
	struct route_way way = {};
	enum sek_verdict verdict;

	if (!p)
		return SEK_BUG;
	if (p->ttl <= 1)
		return packet_end(p, SEK_R_stack_ttl, SEK_STACK);
	verdict = ways_are_real() ? steer_fib(ctx, p, &way) : steer_replay(p, &way);
	if (verdict != SEK_NEXT)
		return verdict;
	if (steer_crosses(p, &way))
		return packet_end(p, SEK_R_cross_tenant, SEK_DROP);
	if (!rewrite_route(ctx, p, &way))
		return packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
	p->out_port = way.port;
	return SEK_FORWARD;
}

static __always_inline enum sek_verdict steer_packet(struct frame_ctx *ctx, struct packet *p)
{
	if (!p->tenant && p->port_flags & SEK_PORT_BRIDGE)
		return steer_page(ctx, p);
	if (!p->tenant)
		return packet_end(p, SEK_R_stack_host, SEK_STACK);
	return p->port_flags & SEK_PORT_BRIDGE ? steer_bridge(p) : steer_route(ctx, p);
}

/*
 * A body is told that there is no route (RFC 1812, 5.2.7.1); the Internet is not. Told from here,
 * where the look-up has left the stack.
 */
static __always_inline enum sek_verdict stage_steer(struct frame_ctx *ctx, struct packet *p)
{
	enum sek_verdict verdict = steer_packet(ctx, p);

	if (verdict == SEK_DROP && p->reason == SEK_R_no_route && p->dir == SEK_OUT)
		return answer_unreachable(ctx, p, ICMP_NET_UNREACH, ICMP6_NO_ROUTE);
	return verdict;
}

#endif
