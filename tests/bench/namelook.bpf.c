// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A name found and looked up, and what it is measured against: the headers read and the name changed.
 * Every run writes another name into the packet, at random among so many. Used by rows_name.c.
 */
#include "core/xdp.h"
#include "parse/name_dns.h"
#include "parse/name_http.h"
#include "parse/name_literal.h"
#include "parse/name_tls.h"
#include "stage/name_look.h"

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

/* Set by rows_name.c: where the eight letters stand that change, and which numbers they are of. */
__u32 letters_at;
__u32 first, cnt;

__u64 state = 0x5eed;
__u64 found; /* all answers added up */

/* As rows_name.c has it: the eight letters of a number. */
static __always_inline __u64 letters(__u32 number)
{
	__u64 x;

	number ^= number >> 16;
	number *= 0x85ebca6b;
	number ^= number >> 13;
	number *= 0xc2b2ae35;
	number ^= number >> 16;
	x = number;
	x = (x | x << 16) & 0x0000ffff0000ffffULL;
	x = (x | x << 8) & 0x00ff00ff00ff00ffULL;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fULL;
	return x + 0x6161616161616161ULL;
}

static __always_inline bool vary(struct xdp_md *ctx)
{
	__u64 *at = word_at(ctx, letters_at, sizeof(*at));

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	if (!at)
		return false;
	*at = letters(first + ((state >> 32) * cnt >> 32));
	return true;
}

/* Ethernet, IPv4, and UDP or TCP: where the payload begins, and how long it is. */
static __always_inline __u32 parse(struct xdp_md *ctx, __u32 *ret_len)
{
	const struct ethhdr *eth = frame_at(ctx, 0, sizeof(*eth));
	const struct iphdr *ip = frame_at(ctx, sizeof(*eth), sizeof(*ip));
	__u32 l4 = sizeof(*eth) + sizeof(*ip), off;
	const struct tcphdr *tcp = frame_at(ctx, l4, sizeof(*tcp));

	if (!vary(ctx) || !eth || eth->h_proto != bpf_htons(ETH_P_IP) || !ip || ip->version != 4 ||
	    ip->ihl != 5 || ip->frag_off & bpf_htons(0x3fff) || !tcp)
		return 0;
	off = l4 + (ip->protocol == IPPROTO_UDP ? sizeof(struct udphdr) : tcp->doff * 4);
	found += tcp->dest;
	*ret_len = bpf_ntohs(ip->tot_len) + sizeof(*eth) - off;
	return off;
}

static __always_inline bool begin(struct name_look *look)
{
	const struct sek_name_profile *profile;
	__u32 zero = 0;

	profile = bpf_map_lookup_elem(&sek_name_policy, &zero);
	return profile && name_look_begin(look, 0, 1, profile, bpf_jiffies64());
}

static __always_inline int end(const struct name_look *look)
{
	found += look->said.lists;
	return look->said.opinion == SEK_NAME_NONE ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int name_parse(struct xdp_md *ctx)
{
	__u32 len = 0, off = parse(ctx, &len);

	found += len;
	return off ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp.frags")
int name_dns(struct xdp_md *ctx)
{
	__u32 len = 0, off = parse(ctx, &len);
	struct name_look look = {};
	__u64 name;

	if (!off)
		return XDP_ABORTED;
	name = name_dns_find(ctx, off, len);
	if (name_kind(name) != NAME_FOUND || !begin(&look) || !name_look_dns(ctx, name, &look))
		return XDP_ABORTED;
	return end(&look);
}

SEC("xdp.frags")
int name_tls(struct xdp_md *ctx)
{
	__u32 len = 0, off = parse(ctx, &len);
	struct name_look look = {};
	__u64 name;

	if (!off)
		return XDP_ABORTED;
	name = name_tls_find(ctx, off, len);
	if (name_kind(name) != NAME_FOUND || name_is_literal(ctx, name) || !begin(&look) ||
	    !name_look_text(ctx, name, &look))
		return XDP_ABORTED;
	return end(&look);
}

SEC("xdp.frags")
int name_http(struct xdp_md *ctx)
{
	__u32 len = 0, off = parse(ctx, &len);
	struct name_look look = {};
	__u64 start, host, target, print;

	if (!off)
		return XDP_ABORTED;
	start = name_http_start(ctx, off, len);
	if (name_kind(start) != NAME_FOUND)
		return XDP_ABORTED;
	host = name_http_host(ctx, off, len);
	if (name_kind(host) != NAME_FOUND || name_is_literal(ctx, host))
		return XDP_ABORTED;
	target = name_http_target(ctx, name_off(start));
	if (name_kind(target) != NAME_FOUND || !begin(&look))
		return XDP_ABORTED;
	print = name_look_text(ctx, host, &look);
	if (!print || !name_look_path(ctx, target, print, &look))
		return XDP_ABORTED;
	return end(&look);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
