// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The lab's VLAN switch: untagged member ports on one side, a tagged trunk on the other.
 * Loaded by tests/net/trunk.c as TC ingress programs; needs no 802.1Q support in the kernel.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} vid_of SEC(".maps"); /* member's interface number -> VID */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} member_of SEC(".maps"); /* VID -> member's interface number */

volatile __u32 trunk_ifindex;

SEC("tc")
int from_member(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ingress_ifindex;
	__u32 *vid = bpf_map_lookup_elem(&vid_of, &ifindex);

	if (!vid || bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), *vid))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(trunk_ifindex, 0);
}

SEC("tc")
int from_trunk(struct __sk_buff *skb)
{
	__u32 vid = skb->vlan_tci & 0xfff;
	__u32 *member = bpf_map_lookup_elem(&member_of, &vid);

	if (!skb->vlan_present || !member || bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(*member, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
