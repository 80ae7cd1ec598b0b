// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the gateway is measured against, and what drives it: a packet made another flow's, the headers
 * read and nothing else, a bare redirect, a generator of live frames, a counting sink. Used by vary.c
 * and field.c. Those of XDP are of type xdp.frags as the gateway, so that they share maps and tail calls with it.
 */
#include "core/bpf.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#define HEAD 48 /* bytes of each generated frame that are written anew */
#define WHOLE 104 /* the same of one that comes back with more changed: FIELD_WHOLE */
#define WHOLE_PAD 8 /* given behind such a frame, and taken off: FIELD_PAD */
#define TAGS_MAX 2

struct vlan_tag {
	__be16 tci, type;
};

/* Set before a run. */
volatile __u32 flows = 1;
volatile __u32 back; /* vary the destination in place of the source */
volatile __u32 head_sum; /* IPv4 header sum without the varied half of the address, not inverted */
volatile __u32 send_ifindex; /* where generated frames leave */
volatile __u32 right_ifindex, left_ifindex; /* the ways of the TC redirects */
__u64 head[WHOLE / 8];

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} ways SEC(".maps"); /* 0: right, 1: left */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seed SEC(".maps"); /* of a CPU: a shared one would be what two CPUs wait for */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

/* One of `flows`, at random: a Weyl sequence, mixed by one multiplication. */
static __always_inline __u32 pick(void)
{
	__u64 *state, x;
	__u32 zero = 0;

	state = bpf_map_lookup_elem(&seed, &zero);
	if (!state)
		return 0;
	*state += 0x9e3779b97f4a7c15ull;
	x = (*state ^ *state >> 32) * 0xd6e8feb86659fd93ull;
	return (x >> 32) * flows >> 32;
}

static __always_inline bool become_another(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 flow = pick(), sum;
	__be16 low = bpf_htons(flow / 256 + 1), port = bpf_htons(1024 + flow % 256);

	if ((void *)(udp + 1) > end)
		return false;
	if (back) {
		((__be16 *)&ip->daddr)[1] = low;
		udp->dest = port;
	} else {
		((__be16 *)&ip->saddr)[1] = low;
		udp->source = port;
	}
	sum = head_sum + low;
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~((sum & 0xffff) + (sum >> 16));
	return true;
}

SEC("xdp.frags")
int vary(struct xdp_md *ctx)
{
	if (become_another(ctx))
		bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int bare_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* All that a look-up would need, read and kept in a register: the price of parsing alone. */
SEC("xdp.frags")
int bare_parse(struct xdp_md *ctx)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = at;
	const struct ipv6hdr *ip6;
	const struct udphdr *udp; /* TCP has its ports at the same place */
	const struct iphdr *ip;
	__u32 seen = 0;
	__be16 type;

	if ((void *)(eth + 1) > end)
		return XDP_ABORTED;
	type = eth->h_proto;
	at += sizeof(*eth);
	for (int i = 0; i < TAGS_MAX; i++) {
		const struct vlan_tag *tag = at;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return XDP_ABORTED;
		seen ^= tag->tci;
		type = tag->type;
		at += sizeof(*tag);
	}
	if (type == bpf_htons(ETH_P_IP)) {
		ip = at;
		if ((void *)(ip + 1) > end || ip->ihl < 5 || ip->version != 4)
			return XDP_ABORTED;
		seen ^= ip->saddr ^ ip->daddr ^ ip->protocol ^ ip->frag_off ^ ip->tot_len ^ ip->check;
		at += ip->ihl * 4;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		ip6 = at;
		if ((void *)(ip6 + 1) > end || ip6->version != 6)
			return XDP_ABORTED;
		for (int i = 0; i < 4; i++)
			seen ^= ip6->saddr.in6_u.u6_addr32[i] ^ ip6->daddr.in6_u.u6_addr32[i];
		seen ^= ip6->nexthdr ^ ip6->payload_len;
		at += sizeof(*ip6);
	} else {
		return XDP_ABORTED;
	}
	udp = at;
	if ((void *)(udp + 1) > end)
		return XDP_ABORTED;
	seen ^= udp->source ^ udp->dest ^ udp->len;
	barrier_var(seen);
	return XDP_DROP;
}

/* Pages come back with what the receiver did to them (TTL, addresses): the first bytes are written anew. */
static __always_inline int generate_first(struct xdp_md *ctx, __u32 len)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *to = data;

	if (data + len > end)
		return XDP_ABORTED;
	for (__u32 i = 0; i < len / 8; i++)
		to[i] = head[i];
	if (!become_another(ctx))
		return XDP_ABORTED;
	return (int)bpf_redirect(send_ifindex, 0);
}

SEC("xdp.frags")
int generate(struct xdp_md *ctx)
{
	return generate_first(ctx, HEAD);
}

/* The kernel takes a page's former length for its own unless the length is changed here. */
SEC("xdp.frags")
int generate_whole(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_tail(ctx, -WHOLE_PAD))
		return XDP_ABORTED;
	return generate_first(ctx, WHOLE);
}

SEC("xdp.frags")
int sink(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *cnt = bpf_map_lookup_elem(&arrived, &zero);

	if (cnt)
		(*cnt)++;
	return XDP_DROP;
}

SEC("xdp.frags")
int redirect_right(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&ways, 0, 0);
}

SEC("xdp.frags")
int redirect_left(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&ways, 1, 0);
}

SEC("tc")
int tc_redirect_right(struct __sk_buff *skb)
{
	return (int)bpf_redirect(right_ifindex, 0);
}

SEC("tc")
int tc_redirect_left(struct __sk_buff *skb)
{
	return (int)bpf_redirect(left_ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
