// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A look-up among the lists, and what it is measured against: the headers read and nothing else, the
 * same with LPM_TRIE. Every run takes the next address, so that all of them ask the same. Used by
 * rows_list.c.
 */
#include "core/bpf.h"
#include "core/listmaps.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#define ADDRESSES (1 << 19) /* asked one after the other */
#define PREFIXES (1 << 20)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ADDRESSES);
	__type(key, __u32);
	__type(value, struct sek_addr);
} addresses SEC(".maps");

struct trie4_key {
	__u32 prefixlen;
	__be32 addr;
};

struct trie6_key {
	__u32 prefixlen;
	__be32 addr[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PREFIXES);
	__type(key, struct trie4_key);
	__type(value, __u64);
} trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PREFIXES);
	__type(key, struct trie6_key);
	__type(value, __u64);
} trie6 SEC(".maps");

__u32 at; /* of the next address */
__u64 found; /* all answers added up */

/* Ethernet, IPv4 and TCP, then the address of this run. */
static __always_inline const struct sek_addr *parse(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = (void *)(eth + 1);
	const struct tcphdr *tcp = (void *)(ip + 1);
	__u32 n = at++ & (ADDRESSES - 1);

	if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4 ||
	    ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return NULL;
	found += tcp->dest;
	return bpf_map_lookup_elem(&addresses, &n);
}

SEC("xdp")
int list_parse(struct xdp_md *ctx)
{
	const struct sek_addr *addr = parse(ctx);

	if (!addr)
		return XDP_ABORTED;
	found += addr->q[1];
	return XDP_DROP;
}

SEC("xdp")
int list_ours(struct xdp_md *ctx)
{
	const struct sek_addr *addr = parse(ctx);

	if (!addr)
		return XDP_ABORTED;
	found += list_lookup(addr, 0);
	return XDP_DROP;
}

SEC("xdp")
int list_trie4(struct xdp_md *ctx)
{
	const struct sek_addr *addr = parse(ctx);
	struct trie4_key key = { .prefixlen = 32 };
	const __u64 *lists;

	if (!addr)
		return XDP_ABORTED;
	key.addr = addr->w[3];
	lists = bpf_map_lookup_elem(&trie4, &key);
	if (lists)
		found += *lists;
	return XDP_DROP;
}

SEC("xdp")
int list_trie6(struct xdp_md *ctx)
{
	const struct sek_addr *addr = parse(ctx);
	struct trie6_key key = { .prefixlen = 128 };
	const __u64 *lists;

	if (!addr)
		return XDP_ABORTED;
	__builtin_memcpy(key.addr, addr, sizeof(key.addr));
	lists = bpf_map_lookup_elem(&trie6, &key);
	if (lists)
		found += *lists;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
