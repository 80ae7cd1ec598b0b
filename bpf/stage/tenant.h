/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose packet is it? Port, VLAN tags and address prefix tell: the source's on an inside port, the
 * destination's on an outside port, where a source that is a body's own is forged.
 * Called by walk(); the look-up also serves stage/control.h (is this VLAN used at all?) and
 * stage/steer.h (whose is the way out?). Promises p->tenant and p->dir.
 */
#ifndef BPF_STAGE_TENANT_H
#define BPF_STAGE_TENANT_H

#include "core/maps.h"
#include "core/packet.h"
#include "parse/cursor.h"
#include "stage/configure.h"

/* What attach_find() answers beside tenants and SEK_ATTACH_ANY: port and VLAN are nobody's. */
#define ATTACH_NONE 0xfffe
#define ATTACH_FULL (SEK_ATTACH_HEAD + 128)

/* A place in the network: where a frame with these tags comes in or goes out. */
struct attach_place {
	__u16 port;
	__u16 vlan;
	__u16 outer;
};

static __always_inline const struct sek_attach *attach_lookup(const struct packet *p,
							      const struct attach_place *place,
							      const struct sek_addr *addr,
							      __u32 prefixlen)
{
	struct sek_attach_key key = {
		.prefixlen = prefixlen,
		.port = place->port,
		.vlan = place->vlan,
		.outer = place->outer,
	};
	__u32 slot = p->slot;
	void *inner = bpf_map_lookup_elem(&sek_attach, &slot);

	if (addr)
		key.addr = *addr;
	return inner ? bpf_map_lookup_elem(inner, &key) : NULL;
}

/* The tenant of addr there; SEK_ATTACH_ANY: others live there; ATTACH_NONE: nobody does. */
static __always_inline __u32 attach_find(const struct packet *p, const struct attach_place *place,
					 const struct sek_addr *addr)
{
	const struct sek_attach *attach = attach_lookup(p, place, addr, ATTACH_FULL);

	return attach ? attach->tenant : ATTACH_NONE;
}

/* Whether anybody lives there. */
static __always_inline bool attach_used(const struct packet *p, const struct attach_place *place)
{
	return attach_lookup(p, place, NULL, SEK_ATTACH_HEAD) != NULL;
}

static __always_inline bool attach_is_tenant(__u32 tenant)
{
	return tenant < SEK_TENANTS_MAX;
}

/* Nobody's packet. A forged source is counted against the body of its VLAN, where there is but one. */
static __always_inline enum sek_verdict tenant_unknown(struct packet *p,
						       const struct sek_attach *attach)
{
	if (p->dir == SEK_IN || !attach)
		return packet_end(p, SEK_R_no_tenant, SEK_DROP);
	p->tenant = attach->owner;
	return packet_end(p, SEK_R_spoofed, SEK_DROP);
}

/*
 * A routed link to the Internet may come over any VLAN, and the policy need not name it: there the
 * addresses alone tell bodies apart.
 */
static __always_inline void tenant_place(const struct packet *p, struct attach_place *place)
{
	place->port = p->port;
	place->vlan = p->vlan;
	place->outer = p->outer;
	if ((p->port_flags & (SEK_PORT_OUTSIDE | SEK_PORT_BRIDGE)) != SEK_PORT_OUTSIDE)
		return;
	if (p->tags && !attach_used(p, place)) {
		place->vlan = 0;
		place->outer = 0;
	}
}

/*
 * A body's packet for the gateway itself: from then on the host's, on its way in. Of a bridge only the
 * block page's addresses are there.
 */
static __always_inline bool tenant_is_host(const struct packet *p, const struct attach_place *place)
{
	return !attach_find(p, place, &p->dst);
}

/* A function of its own, as are all that look into prefix tables: keys leave the stack with it. */
__noinline enum sek_verdict tenant_find(struct packet *p)
{
	const struct sek_attach *attach;
	struct attach_place place;
	__u32 tenant;

	if (!p)
		return SEK_BUG;
	tenant_place(p, &place);
	attach = attach_lookup(p, &place, p->dir == SEK_OUT ? &p->src : &p->dst, ATTACH_FULL);
	if (!attach || !attach_is_tenant(attach->tenant))
		return tenant_unknown(p, attach);
	tenant = attach->tenant;
	p->tenant = tenant;
	if (p->dir == SEK_OUT) {
		if (tenant_is_host(p, &place)) {
			p->tenant = 0;
			p->dir = SEK_IN;
		}
		/* The gateway's own address as a source comes from nobody but the gateway. */
		return tenant ? SEK_NEXT : packet_end(p, SEK_R_spoofed, SEK_DROP);
	}
	if (attach_is_tenant(attach_find(p, &place, &p->src)))
		return packet_end(p, SEK_R_spoofed, SEK_DROP);
	/* Hosts that have no address yet are stage/control.h's, and never come from beyond the link. */
	if (!p->src.q[0] && !p->src.w[3])
		return packet_end(p, SEK_R_martian, SEK_DROP);
	return SEK_NEXT;
}

/* RFC 3927, 2.7; RFC 4291, 2.5.6. */
static __always_inline bool tenant_link_local(const struct sek_addr *addr, __u8 family)
{
	return family == 4 ? addr->b[12] == 169 && addr->b[13] == 254 : configure_link_local(addr);
}

/*
 * What a router never forwards, whatever its routes say: what was for all on the link but not for the
 * router (RFC 1812, 5.3.4), what may not leave the link, and groups, for want of multicast routing.
 */
__noinline enum sek_verdict tenant_routed(struct frame_ctx *ctx, struct packet *p)
{
	const __u8 *mac = frame_at(ctx, 0, 1);

	if (!p)
		return SEK_BUG;
	if (!mac || mac[0] & 1)
		return packet_end(p, SEK_R_martian, SEK_DROP);
	if (!p->tenant)
		return SEK_NEXT; /* for the gateway itself, also from its link */
	if (addr_is_group(&p->dst, p->family) || tenant_link_local(&p->src, p->family) ||
	    tenant_link_local(&p->dst, p->family))
		return packet_end(p, SEK_R_martian, SEK_DROP);
	return SEK_NEXT;
}

static __always_inline enum sek_verdict stage_tenant(struct frame_ctx *ctx, struct packet *p)
{
	enum sek_verdict verdict = tenant_find(p);

	if (verdict != SEK_NEXT || p->port_flags & SEK_PORT_BRIDGE)
		return verdict;
	return tenant_routed(ctx, p);
}

#endif
