// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A flood of SYNs as live frames: each run makes the frame another source's and sends it out of the
 * interface. Run by flood.c, which sets head, sums and settings before.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TAGGED (ETH_HLEN + 4)
#define HEAD 80 /* bytes of each frame that are written anew; an IPv6 SYN behind one tag has 78 */

/* Set before a run; [0] IPv4, [1] IPv6. */
volatile __u32 send_ifindex;
volatile __u32 sources; /* a power of two */
volatile __u32 hot; /* one in so many is of the first source; a power of two */
volatile __u32 sum_ip, sum_tcp[2]; /* of the templates, without what is varied */
__u64 head4[HEAD / 8], head6[HEAD / 8];

__u64 made;

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

static __always_inline __u32 source(void)
{
	__u32 draw = bpf_get_prandom_u32();

	return draw >> 24 & (hot - 1) ? draw & (sources - 1) : 0;
}

/* Writes port and number, and the sum; low: the varied part of the source address. */
static __always_inline void vary_tcp(struct tcphdr *tcp, __u32 low, __u32 sum)
{
	__u32 draw = bpf_get_prandom_u32();

	tcp->source = (__be16)draw | bpf_htons(0x0400);
	tcp->seq = draw;
	sum += (low & 0xffff) + (low >> 16);
	sum += tcp->source + (draw & 0xffff) + (draw >> 16);
	tcp->check = fold(sum);
}

static __always_inline void become4(void *at)
{
	struct iphdr *ip = at + TAGGED;
	__be32 low = bpf_htonl(source());

	__builtin_memcpy(at, head4, HEAD);
	ip->saddr |= low;
	ip->check = fold(sum_ip + (low & 0xffff) + (low >> 16));
	vary_tcp((void *)(ip + 1), low, sum_tcp[0]);
}

static __always_inline void become6(void *at)
{
	struct ipv6hdr *ip = at + TAGGED;
	__be32 low = bpf_htonl(source());

	__builtin_memcpy(at, head6, HEAD);
	ip->saddr.in6_u.u6_addr32[3] = low;
	vary_tcp((void *)(ip + 1), low, sum_tcp[1]);
}

/* Frames come back as their receiver left them, so the whole head is written each time. */
SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *at = (void *)(long)ctx->data;

	if (at + HEAD > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (made++ & 1)
		become6(at);
	else
		become4(at);
	return (int)bpf_redirect(send_ifindex, 0);
}

/* The bare drop that a pace is taken from. */
__u64 dropped;

SEC("xdp")
int bare_drop(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&dropped, 1);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
