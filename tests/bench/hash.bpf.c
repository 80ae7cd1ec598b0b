// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A bare look-up of a flow: the headers read, the key made of them, found in a hash table of the
 * kernel, the entry counted on. What rows_flow.c holds the whole gateway against.
 */
#include "core/bpf.h"
#include "sekisho/flow.h"

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

/* As large as the part of a flow that every packet touches. */
struct bare_flow {
	__u64 packets, bytes, rest[14];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 20);
	__type(key, struct sek_flow_key);
	__type(value, struct bare_flow);
} bare_flows SEC(".maps");

SEC("xdp.frags")
int bare_hash(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = data + ETH_HLEN;
	const struct udphdr *udp = (void *)(ip + 1); /* TCP has its ports at the same place */
	struct sek_flow_key key = { .tenant = 1 };
	struct bare_flow *flow;

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_ABORTED;
	addr_set_v4(&key.addr[0], ip->saddr);
	addr_set_v4(&key.addr[1], ip->daddr);
	key.port[0] = udp->source;
	key.port[1] = udp->dest;
	key.proto = ip->protocol;
	flow = bpf_map_lookup_elem(&bare_flows, &key);
	if (!flow)
		return XDP_ABORTED;
	flow->packets++;
	flow->bytes += bpf_ntohs(ip->tot_len);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
