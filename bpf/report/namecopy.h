/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns the ring of names: what a packet says, and what became of it, for the agent to read. Each kind
 * may write so many a second on each CPU, so that a flood of names that are told does not drown those
 * that are asked. Called by the stages of names: name_copy_open(), what they know, name_copy_send(),
 * before the frame is rewritten. offered = written + suppressed + lost, always.
 */
#ifndef BPF_REPORT_NAMECOPY_H
#define BPF_REPORT_NAMECOPY_H

#include "core/config.h"
#include "core/namemaps.h"
#include "core/packet.h"
#include "report/event.h"

#include <linux/in.h>

#define NAME_COPY_PARTS 16 /* of SEK_NAME_COPY_BYTES: no packet is longer */

static __always_inline struct sek_name_copy *name_copy_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_name_room, &zero);
}

/* This CPU's next copy, with all that the packet and its flow tell; NULL: over the budget. */
static __always_inline struct sek_name_copy *
name_copy_open(const struct packet *p, const struct sek_flow *flow, enum sek_name_kind kind)
{
	struct sek_name_copy *copy = name_copy_room();
	struct sek_event_stat *stat;
	__u32 cell = kind;

	stat = bpf_map_lookup_elem(&sek_name_stat, &cell);
	if (!copy || !stat || !event_budget(stat, cfg.event_budget, p->now_ns))
		return NULL;
	__builtin_memset(&copy->head, 0, sizeof(copy->head));
	copy->head.now_ns = clock_exact();
	copy->head.first_ns = flow->first_ns;
	copy->head.key = flow->key;
	copy->head.number = flow->number;
	copy->head.seq = p->tcp_flags & TCP_SYN ? p->seq + 1 : p->seq;
	copy->head.next = p->flags & PKT_REPLY ? READ_ONCE(flow->acked[~p->dir & 1])
					       : flow->name.next;
	copy->head.generation = p->generation;
	copy->head.payload_len = p->payload_len;
	copy->head.profile = flow->name.profile;
	copy->head.kind = kind;
	copy->head.proto = flow->name.proto;
	copy->head.dir = p->dir;
	copy->head.list = SEK_NAME_NO_LIST;
	copy->head.tcp_flags = p->tcp_flags;
	return copy;
}

/* Puts the payload behind it, from any buffer. 0 or -errno. */
static __always_inline long name_copy_load(struct frame_ctx *ctx, struct sek_name_copy *copy,
					   __u32 off, __u32 len)
{
	__u32 last = len - 1; /* 6.1 learns nothing from len != 0, but knows this plus 1 */

	barrier_var(last);
	if (last >= SEK_NAME_COPY_BYTES)
		return len ? -E2BIG : 0;
	return frame_load(ctx, off, copy->bytes, last + 1);
}

/* Writes the copy that was opened, with the len bytes at off. 0 or -errno: it is lost. */
__noinline int name_copy_part(struct frame_ctx *ctx, __u32 off, __u32 len)
{
	struct sek_name_copy *copy = name_copy_room();
	struct sek_event_stat *stat;
	long error;
	__u32 cell;

	if (!copy)
		return -EFAULT;
	cell = copy->head.kind;
	stat = bpf_map_lookup_elem(&sek_name_stat, &cell);
	if (!stat)
		return -EFAULT;
	if (len > SEK_NAME_COPY_BYTES)
		len = SEK_NAME_COPY_BYTES;
	copy->head.len = len;
	error = name_copy_load(ctx, copy, off, len);
	barrier_var(len);
	if (!error && len <= SEK_NAME_COPY_BYTES)
		error = bpf_ringbuf_output(&sek_name_ring, copy, sizeof(copy->head) + len, 0);
	if (error) {
		stat->lost++;
		return error;
	}
	stat->spent++;
	stat->written++;
	return 0;
}

/* One more copy of the same packet, of what is behind the one before. Apart, so that it is verified once. */
__noinline int name_copy_behind(struct frame_ctx *ctx, __u32 off, __u32 len)
{
	struct sek_name_copy *copy = name_copy_room();
	struct sek_event_stat *stat;
	__u32 cell;

	if (!copy)
		return -ENOENT;
	cell = copy->head.kind;
	stat = bpf_map_lookup_elem(&sek_name_stat, &cell);
	copy->head.seq += SEK_NAME_COPY_BYTES;
	if (stat)
		stat->offered++;
	return name_copy_part(ctx, off, len);
}

/*
 * The whole of a payload of TCP that is to be read, of which a frame may hold more than a copy does; else
 * its beginning. 0 or -errno: some of it is lost.
 */
__noinline int name_copy_send(struct frame_ctx *ctx, __u32 off, __u32 len)
{
	struct sek_name_copy *copy = name_copy_room();
	int error = name_copy_part(ctx, off, len);

	if (!copy || copy->head.key.proto != IPPROTO_TCP || copy->head.kind == SEK_NAME_TOLD)
		return error;
	for (__u32 i = 1; i < NAME_COPY_PARTS && !error; i++) {
		if (len <= i * SEK_NAME_COPY_BYTES)
			break;
		error = name_copy_behind(ctx, off + i * SEK_NAME_COPY_BYTES,
					 len - i * SEK_NAME_COPY_BYTES);
	}
	return error;
}

/* The whole payload. False: the agent does not get it, and that is counted. */
static __always_inline bool name_copy(struct frame_ctx *ctx, const struct packet *p,
				      struct sek_flow *flow, enum sek_name_kind kind)
{
	struct sek_name_copy *copy = name_copy_open(p, flow, kind);

	if (!copy)
		return false;
	copy->head.unheld = kind == SEK_NAME_AGAIN && !(flow->name.flags & SEK_NAME_VOUCHED);
	WRITE_ONCE(flow->asked_ns, copy->head.now_ns);
	return !name_copy_send(ctx, p->payload, p->payload_len);
}

#endif
