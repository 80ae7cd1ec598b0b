/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flavour of XDP: frames as the driver has them, before the kernel made anything of them. All
 * tags are in the frame, nothing is merged, and headers lie in the first buffer, which every driver
 * grants. Owns sek_tx. Included first by gateway.bpf.c; core/flavour.h says what each function means.
 */
#ifndef BPF_CORE_XDP_H
#define BPF_CORE_XDP_H

#define frame_ctx xdp_md
#define FRAME_SECTION "xdp.frags"
#define FRAME_STEP_SECTION "xdp" /* their loader says whether frames have several buffers */
#define FRAME_STEPS sek_step
#define FRAME_STEP(program, tc_program) program

#include "core/bpf.h"

#include <linux/if_ether.h>

enum frame_action {
	FRAME_BUG = XDP_ABORTED,
	FRAME_DROP = XDP_DROP,
	FRAME_PASS = XDP_PASS,
	FRAME_ANSWERED = XDP_TX,
	FRAME_SENT = XDP_REDIRECT,
};

#include "core/flavour.h"
#include "core/ways.h"
#include "sekisho/handoff.h"
#include "sekisho/limits.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, SEK_PORTS_MAX);
	__type(key, __u32);
	__type(value, __u32); /* interface number */
} sek_tx SEC(".maps");

/*
 * The same for the copy of the program that runs in libxdp's dispatcher, where it takes sek_tx's
 * place: a devmap serves programs of one attach type, and that copy has none.
 */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, SEK_PORTS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} sek_tx_joined SEC(".maps");

/*
 * sek_reset[port that a frame came in by * SEK_PORTS_MAX + port that it leaves by]: a frame that is
 * sent to both, in two forms. Each entry has the program sek_reset_copy, run on its copy. Not there:
 * one of the ports takes no frames from drivers. One map serves the program by itself and in libxdp's
 * dispatcher, since only the devmaps in it care who asks.
 */
struct reset_pair {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bpf_devmap_val));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, (SEK_PORTS_MAX * SEK_PORTS_MAX));
	__type(key, __u32);
	__array(values, struct reset_pair);
} sek_reset SEC(".maps");

/* Sockets of the workers of inspection: the kernel takes a frame only by the queue that it came in by. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, SEK_RINGS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} sek_xsk SEC(".maps");

/*
 * The way there, by number of the CPU: its thread runs sek_reset_fork on each frame. Until a driver's poll
 * ends, the kernel gathers all that it redirects to a device in one queue, and runs on all of it the
 * program that the first of them asked for, or none (bq_enqueue() in kernel/bpf/devmap.c, to 7.3 at least):
 * frames that only pass and copies of resets must not meet there.
 */
struct reset_cpus {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bpf_cpumap_val));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct reset_cpus);
} sek_fork SEC(".maps");

static __always_inline __u32 frame_ingress(const struct frame_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

static __always_inline __u32 frame_len(struct frame_ctx *ctx)
{
	return bpf_xdp_get_buff_len(ctx);
}

static __always_inline __u32 frame_seen_len(struct frame_ctx *ctx)
{
	return ctx->data_end - ctx->data;
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
}

static __always_inline long frame_load(struct frame_ctx *ctx, __u32 off, void *to, __u32 len)
{
	return bpf_xdp_load_bytes(ctx, off, to, len);
}

static __always_inline long frame_store(struct frame_ctx *ctx, __u32 off, void *from, __u32 len)
{
	return bpf_xdp_store_bytes(ctx, off, from, len);
}

static __always_inline bool frame_tag_beside(const struct frame_ctx *ctx, struct frame_shape *shape,
					     __u16 *ret_tci)
{
	return false;
}

static __always_inline __u32 frame_beside(const struct frame_shape *shape)
{
	return 0;
}

static __always_inline void frame_measure(const struct frame_ctx *ctx, struct frame_shape *shape,
					  __u16 head, __u16 payload_len)
{
}

static __always_inline __u32 frame_more(const struct frame_shape *shape)
{
	return 0;
}

static __always_inline __u32 frame_more_head(const struct frame_shape *shape)
{
	return 0;
}

static __always_inline __u32 frame_more_size(const struct frame_shape *shape)
{
	return 0;
}

static __always_inline __u32 frame_wire_len(const struct frame_shape *shape, __u32 len)
{
	return len;
}

static __always_inline bool frame_sum_open(const struct frame_ctx *ctx)
{
	return false;
}

static __always_inline void frame_sum_change(struct frame_ctx *ctx, __be16 old, __be16 new)
{
}

static __always_inline long frame_grow(struct frame_ctx *ctx, __u32 bytes)
{
	return bpf_xdp_adjust_head(ctx, -(int)bytes);
}

static __always_inline long frame_cut(struct frame_ctx *ctx, __u32 was, __u32 len)
{
	return bpf_xdp_adjust_tail(ctx, (int)len - (int)was);
}

/* Grows in front: not every driver has room behind (veth: a bare ACK of 54 bytes has none). */
static __always_inline long frame_resize(struct frame_ctx *ctx, __u32 was, __u32 len)
{
	return len > was ? frame_grow(ctx, len - was) : frame_cut(ctx, was, len);
}

static __always_inline void *frame_tag_write(void *at, __u16 type, __u16 tci)
{
	struct eth_tag tag = { .type = bpf_htons(type), .tci = bpf_htons(tci) };

	__builtin_memcpy(at, &tag, sizeof(tag));
	return at + sizeof(tag);
}

/* Moves the frame's start so that the new link header ends where the payload begins. */
static __always_inline long frame_retag(struct frame_ctx *ctx, struct frame_shape *shape, __u32 had,
					const struct frame_tags *tags, __be16 type, int *ret_grow)
{
	int grow = ((int)tags->cnt - (int)had) * FRAME_TAG_LEN;
	void *at;

	if (grow && bpf_xdp_adjust_head(ctx, -grow))
		return -ENOSPC;
	at = frame_data(ctx);
	if (at + ETH_HLEN + 2 * FRAME_TAG_LEN > frame_end(ctx))
		return -EFAULT;
	at += 2 * ETH_ALEN;
	if (tags->cnt == 2)
		at = frame_tag_write(at, ETH_P_8021AD, tags->outer);
	if (tags->cnt)
		at = frame_tag_write(at, ETH_P_8021Q, tags->inner);
	__builtin_memcpy(at, &type, sizeof(type));
	*ret_grow = grow;
	return 0;
}

/* To a port that takes no frames from XDP: up to this port's TC ingress, with a note of the way. */
static __always_inline int frame_hand_over(struct frame_ctx *ctx, __u32 port)
{
	struct way_note *note;
	__u32 ifindex = way_out(port);

	if (!ifindex || bpf_xdp_adjust_meta(ctx, -(int)sizeof(*note)))
		return XDP_DROP;
	note = (void *)(long)ctx->data_meta;
	if ((void *)(note + 1) > frame_data(ctx))
		return XDP_DROP;
	note->mark = WAY_MARK;
	note->ifindex = ifindex;
	return XDP_PASS;
}

static __always_inline int frame_send(struct frame_ctx *ctx, __u32 port)
{
	int action = (int)bpf_redirect_map(&sek_tx, port, XDP_DROP);

	return action == XDP_REDIRECT ? action : frame_hand_over(ctx, port);
}

/* A veth far end without a program is woken for redirected frames, not for XDP_TX. */
static __always_inline int frame_answer(struct frame_ctx *ctx, __u32 port)
{
	return (int)bpf_redirect_map(&sek_tx, port, XDP_TX);
}

static __always_inline int frame_queue(const struct frame_ctx *ctx, __u32 port, __u32 worker)
{
	__u32 queue = ctx->rx_queue_index;

	if (port >= SEK_PORTS_MAX || queue >= SEK_QUEUES_MAX || worker >= SEK_WORKERS_MAX)
		return -1;
	return (int)sek_ring_index(port, queue, worker);
}

static __always_inline bool frame_is_served(const struct frame_ctx *ctx, __u32 place)
{
	return bpf_map_lookup_elem(&sek_xsk, &place);
}

static __always_inline long frame_note(struct frame_ctx *ctx, const struct sek_note *note)
{
	struct sek_note *at;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*note)))
		return -ENOSPC;
	at = (void *)(long)ctx->data_meta;
	if ((void *)(at + 1) > frame_data(ctx))
		return -EFAULT;
	*at = *note;
	return 0;
}

/* A socket that has just closed: the frame is lost with those that it had. */
static __always_inline int frame_to_worker(struct frame_ctx *ctx, __u32 port, __u32 worker)
{
	int place = frame_queue(ctx, port, worker);

	return place < 0 ? XDP_DROP : (int)bpf_redirect_map(&sek_xsk, place, XDP_DROP);
}

static __always_inline void *frame_pair(__u32 back, __u32 out)
{
	__u32 pair = back * SEK_PORTS_MAX + out;

	return bpf_map_lookup_elem(&sek_reset, &pair);
}

static __always_inline void *frame_cpus(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_fork, &zero);
}

static __always_inline enum frame_fork frame_fork(struct frame_ctx *ctx, __u32 back, __u32 out)
{
	return frame_pair(back, out) && frame_cpus() ? FORK_ENDS : FORK_NOT;
}

/* A CPU that came later has no entry. */
static __always_inline int frame_send_both(struct frame_ctx *ctx)
{
	void *cpus = frame_cpus();
	int action;

	if (!cpus)
		return FRAME_DROP;
	action = (int)bpf_redirect_map(cpus, bpf_get_smp_processor_id(), XDP_DROP);
	return action == XDP_REDIRECT ? action : (int)bpf_redirect_map(cpus, 0, XDP_DROP);
}

static __always_inline struct eth_tag frame_outer_tag(const struct frame_ctx *ctx)
{
	return (struct eth_tag){};
}

#endif
