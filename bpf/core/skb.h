/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flavour of TC ingress: packets as the kernel's stack has them. The outermost tag is kept beside
 * the frame, many frames may be one packet (GSO), headers may lie in any buffer, and the transport's
 * sum may be left to the device that sends. Included first by gateway_tc.bpf.c; core/flavour.h says
 * what each function means. A frame that goes on to the stack goes on to other filters as well.
 */
#ifndef BPF_CORE_SKB_H
#define BPF_CORE_SKB_H

#define frame_ctx __sk_buff
#define FRAME_SECTION "tc"
#define FRAME_STEP_SECTION FRAME_SECTION
#define FRAME_STEPS sek_step_tc
#define FRAME_STEP(program, tc_program) tc_program

#include "core/bpf.h"

#include <bpf/bpf_core_read.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#define CHECKSUM_PARTIAL 3 /* linux/skbuff.h, since 2.6 */
#define GSO_BY_FRAGS 0xffff /* linux/skbuff.h: of SCTP, whose frames differ in size */
#define FRAME_HEADERS 128 /* pulled at least, when any have to be */

/* The one field that __sk_buff does not show. */
struct sk_buff {
	__u8 ip_summed : 2;
} __attribute__((preserve_access_index));

enum frame_action {
	FRAME_PASS = TC_ACT_UNSPEC,
	FRAME_DROP = TC_ACT_SHOT,
	FRAME_BUG = TC_ACT_SHOT,
	FRAME_SENT = TC_ACT_REDIRECT,
	FRAME_ANSWERED = TC_ACT_REDIRECT,
};

#include "core/flavour.h"
#include "core/ways.h"

static __always_inline __u32 frame_ingress(const struct frame_ctx *ctx)
{
	return ctx->ifindex;
}

static __always_inline __u32 frame_len(struct frame_ctx *ctx)
{
	return ctx->len;
}

static __always_inline __u32 frame_seen_len(struct frame_ctx *ctx)
{
	return ctx->len;
}

static __always_inline void *frame_data(const struct frame_ctx *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *frame_end(const struct frame_ctx *ctx)
{
	return (void *)(long)ctx->data_end;
}

static __always_inline void frame_reach(struct frame_ctx *ctx, __u32 len)
{
	__u32 have = frame_end(ctx) - frame_data(ctx), all = ctx->len;

	if (have >= len || have >= all)
		return;
	if (len < FRAME_HEADERS)
		len = FRAME_HEADERS;
	bpf_skb_pull_data(ctx, len < all ? len : all);
}

static __always_inline long frame_load(struct frame_ctx *ctx, __u32 off, void *to, __u32 len)
{
	return bpf_skb_load_bytes(ctx, off, to, len);
}

static __always_inline long frame_store(struct frame_ctx *ctx, __u32 off, void *from, __u32 len)
{
	return bpf_skb_store_bytes(ctx, off, from, len, BPF_F_RECOMPUTE_CSUM);
}

static __always_inline bool frame_tag_beside(const struct frame_ctx *ctx, struct frame_shape *shape,
					     __u16 *ret_tci)
{
	if (!ctx->vlan_present)
		return false;
	*ret_tci = ctx->vlan_tci;
	shape->beside = 1;
	return true;
}

static __always_inline __u32 frame_beside(const struct frame_shape *shape)
{
	return shape->beside;
}

/* Who made a packet may not say how many frames it is (a guest does not); its bytes do. */
static __always_inline void frame_measure(const struct frame_ctx *ctx, struct frame_shape *shape,
					  __u16 head, __u16 payload_len)
{
	__u32 size = ctx->gso_size, frames = ctx->gso_segs;

	if (!size)
		return;
	if (size == GSO_BY_FRAGS)
		size = 0;
	else if (!frames)
		frames = ((__u32)payload_len + size - 1) / size;
	shape->more = frames ? frames - 1 : 0;
	shape->head = head;
	shape->size = size;
}

static __always_inline __u32 frame_more(const struct frame_shape *shape)
{
	return shape->more;
}

static __always_inline __u32 frame_more_head(const struct frame_shape *shape)
{
	return shape->head;
}

static __always_inline __u32 frame_more_size(const struct frame_shape *shape)
{
	return shape->size;
}

static __always_inline __u32 frame_wire_len(const struct frame_shape *shape, __u32 len)
{
	__u32 tag = shape->beside * FRAME_TAG_LEN;

	return len + tag + shape->more * (shape->head + tag);
}

static __always_inline bool frame_sum_open(const struct frame_ctx *ctx)
{
	const struct sk_buff *skb = (const void *)ctx;

	return BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed) == CHECKSUM_PARTIAL;
}

static __always_inline void frame_sum_change(struct frame_ctx *ctx, __be16 old, __be16 new)
{
	bpf_csum_update(ctx, (__u16)~old + (__u32) new);
}

static __always_inline long frame_grow(struct frame_ctx *ctx, __u32 bytes)
{
	return bpf_skb_change_head(ctx, bytes, 0);
}

static __always_inline long frame_cut(struct frame_ctx *ctx, __u32 was, __u32 len)
{
	return bpf_skb_change_tail(ctx, len, 0);
}

/* Behind: where the sending device begins its sum stays in place. */
static __always_inline long frame_resize(struct frame_ctx *ctx, __u32 was, __u32 len)
{
	return bpf_skb_change_tail(ctx, len, 0);
}

/* The last one pushed stands beside the frame. */
static __always_inline long frame_retag(struct frame_ctx *ctx, struct frame_shape *shape, __u32 had,
					const struct frame_tags *tags, __be16 type, int *ret_grow)
{
	__u32 inside = had - shape->beside;
	long error = 0;

	if (had > 0)
		error = bpf_skb_vlan_pop(ctx);
	if (had > 1 && !error)
		error = bpf_skb_vlan_pop(ctx);
	if (tags->cnt > 0 && !error)
		error = bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), tags->inner);
	if (tags->cnt > 1 && !error)
		error = bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021AD), tags->outer);
	if (error)
		return error;
	shape->beside = tags->cnt ? 1 : 0;
	*ret_grow = ((int)(tags->cnt - shape->beside) - (int)inside) * FRAME_TAG_LEN;
	return 0;
}

static __always_inline int frame_send(struct frame_ctx *ctx, __u32 port)
{
	__u32 ifindex = way_out(port);

	return ifindex ? (int)bpf_redirect(ifindex, 0) : FRAME_DROP;
}

static __always_inline int frame_answer(struct frame_ctx *ctx, __u32 port)
{
	return (int)bpf_redirect(ctx->ifindex, 0);
}

/* Sockets of workers are XDP's alone. */
static __always_inline int frame_queue(const struct frame_ctx *ctx, __u32 port, __u32 worker)
{
	return -1;
}

static __always_inline bool frame_is_served(const struct frame_ctx *ctx, __u32 place)
{
	return false;
}

static __always_inline long frame_note(struct frame_ctx *ctx, const struct sek_note *note)
{
	return -EOPNOTSUPP;
}

static __always_inline int frame_to_worker(struct frame_ctx *ctx, __u32 port, __u32 worker)
{
	return FRAME_DROP;
}

static __always_inline enum frame_fork frame_fork(struct frame_ctx *ctx, __u32 back, __u32 out)
{
	__u32 ifindex = way_out(out);

	return ifindex && !bpf_clone_redirect(ctx, ifindex, 0) ? FORK_SENT : FORK_NOT;
}

static __always_inline int frame_send_both(struct frame_ctx *ctx)
{
	return FRAME_DROP;
}

static __always_inline struct eth_tag frame_outer_tag(const struct frame_ctx *ctx)
{
	struct eth_tag tag = { .type = ctx->vlan_proto, .tci = bpf_htons(ctx->vlan_tci) };

	return ctx->vlan_present ? tag : (struct eth_tag){};
}

#endif
