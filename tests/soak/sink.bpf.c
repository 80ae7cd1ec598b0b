// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counting sinks for both ends of the gateway: a numbered packet leaves a mark in its slot and ends
 * here, before any socket whose buffer could overrun; all else goes on to the stack. Loaded by
 * traffic.c.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "slot.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SOAK_SLOTS);
	__type(key, __u32);
	__type(value, struct soak_slot);
} soak_slots SEC(".maps");

struct soak_sum sums[2];

static __always_inline __u32 number_of(const struct ethhdr *eth)
{
	return (__u32)eth->h_source[2] << 24 | (__u32)eth->h_source[3] << 16 |
	       (__u32)eth->h_source[4] << 8 | eth->h_source[5];
}

static __always_inline int numbered(const struct ethhdr *eth, __u32 len, __u32 side)
{
	__u32 number = number_of(eth), index = number & (SOAK_SLOTS - 1);
	struct soak_slot *slot = bpf_map_lookup_elem(&soak_slots, &index);

	if (!slot || slot->number != number || slot->to != side || slot->len != len) {
		__sync_fetch_and_add(&sums[side].strays, 1);
		return XDP_DROP;
	}
	slot->seen++;
	__sync_fetch_and_add(&sums[side].numbered, 1);
	return XDP_DROP;
}

static __always_inline int sink(struct xdp_md *ctx, __u32 side)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *end = (void *)(long)ctx->data_end;

	if ((const void *)(eth + 1) <= end && eth->h_source[0] == 0x02) {
		if (eth->h_source[1] == SOAK_MARK)
			return numbered(eth, ctx->data_end - ctx->data, side);
		if (eth->h_source[1] == SOAK_FLOOD) {
			__sync_fetch_and_add(&sums[side].flood, 1);
			return XDP_DROP;
		}
	}
	__sync_fetch_and_add(&sums[side].others, 1);
	return XDP_PASS;
}

SEC("xdp")
int sink_lan(struct xdp_md *ctx)
{
	return sink(ctx, SOAK_LAN);
}

SEC("xdp")
int sink_wan(struct xdp_md *ctx)
{
	return sink(ctx, SOAK_WAN);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
