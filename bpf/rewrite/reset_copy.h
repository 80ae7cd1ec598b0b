/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of sek_fork and sek_reset, for a frame that rewrite/reset_both.h has made: one makes the
 * copies, the other is run on each of them. Loaded with the gateway, put there by policy/install/resets.c.
 * Promises a frame without the note, whole and summed, or none.
 */
#ifndef BPF_REWRITE_RESET_COPY_H
#define BPF_REWRITE_RESET_COPY_H

#include "rewrite/reset_both.h"

/* Takes the note away; what the frame behind it is like is in p then. */
static __always_inline bool reset_note_read(struct xdp_md *ctx, struct packet *p,
					    struct reset_note *note)
{
	const void *at = frame_at(ctx, 0, sizeof(*note));

	if (!at)
		return false;
	__builtin_memcpy(note, at, sizeof(*note));
	p->l3 = note->on_l3;
	p->tags = note->on_tags;
	p->ethertype = note->on_type;
	return !bpf_xdp_adjust_head(ctx, sizeof(*note));
}

static __always_inline bool reset_read_ip(struct xdp_md *ctx, struct packet *p)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip4;

	if (p->ethertype == ETH_P_IP) {
		ip4 = frame_at(ctx, p->l3, sizeof(*ip4));
		if (!ip4)
			return false;
		p->family = 4;
		addr_set_v4(&p->src, ip4->saddr);
		addr_set_v4(&p->dst, ip4->daddr);
		return true;
	}
	ip6 = frame_at(ctx, p->l3, sizeof(*ip6));
	if (!ip6)
		return false;
	p->family = 6;
	addr_set_v6(&p->src, ip6->saddr.s6_addr32);
	addr_set_v6(&p->dst, ip6->daddr.s6_addr32);
	return true;
}

/* What the reset that goes back is made of. */
static __always_inline bool reset_read(struct xdp_md *ctx, struct packet *p)
{
	const struct tcphdr *tcp;

	if (!reset_read_ip(ctx, p))
		return false;
	tcp = frame_at(ctx, p->l3 + ip_header_len(p), sizeof(*tcp));
	if (!tcp)
		return false;
	p->sport = tcp->source;
	p->dport = tcp->dest;
	p->ack = bpf_ntohl(tcp->ack_seq);
	p->tcp_flags = TCP_ACK;
	return true;
}

static __always_inline int reset_copy_on(struct xdp_md *ctx)
{
	struct reset_note note;
	struct packet p = {};

	return reset_note_read(ctx, &p, &note) ? XDP_PASS : XDP_DROP;
}

static __always_inline int reset_copy_back(struct xdp_md *ctx)
{
	struct reset_note note;
	struct packet p = {};

	if (!reset_note_read(ctx, &p, &note) || !reset_read(ctx, &p))
		return XDP_DROP;
	return reset_turn(ctx, &p, &note.back) ? XDP_PASS : XDP_DROP;
}

/* In its CPU's thread, where no other frames are on their way: makes the copies. */
SEC("xdp.frags/cpumap")
int sek_reset_fork(struct xdp_md *ctx)
{
	const struct reset_note *note = frame_at(ctx, 0, sizeof(*note));
	void *pair = note ? frame_pair(note->port, note->out_port) : NULL;

	return pair ? (int)bpf_redirect_map(pair, 0, BPF_F_BROADCAST) : XDP_DROP;
}

/* On a copy's way out. One program for both: it may be run on what another pair's entry sends there. */
SEC("xdp.frags/devmap")
int sek_reset_copy(struct xdp_md *ctx)
{
	const struct reset_note *note = frame_at(ctx, 0, sizeof(*note));

	if (!note)
		return XDP_DROP;
	return note->ifindex == ctx->egress_ifindex ? reset_copy_back(ctx) : reset_copy_on(ctx);
}

#endif
