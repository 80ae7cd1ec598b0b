/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Live capture. A frame is kept before anything is rewritten and told at its end, when its verdict is
 * known and the filter can be asked. Off, each half costs a load and a branch. Called by
 * stage/walk.h and report/finish.h; both functions are checked by the verifier apart.
 */
#ifndef BPF_REPORT_CAPTURE_H
#define BPF_REPORT_CAPTURE_H

#include "core/config.h"
#include "core/maps.h"
#include "core/packet.h"
#include "report/event.h"
#include "sekisho/capture.h"

static __always_inline const struct sek_capture *capture_wanted(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_capture, &zero);
}

static __always_inline struct sek_cap_room *capture_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_cap_room, &zero);
}

static __always_inline bool capture_is_on(void)
{
	const struct sek_capture *want = capture_wanted();

	return want && READ_ONCE(want->until_ns);
}

/* Keeps the frame as it came. */
__noinline int capture_keep(struct frame_ctx *ctx)
{
	const struct sek_capture *want = capture_wanted();
	struct sek_cap_room *room = capture_room();
	struct eth_tag tag = frame_outer_tag(ctx);
	__u32 len = frame_len(ctx), last;

	if (!want || !room)
		return 0;
	room->head.len = 0;
	room->head.wire_len = len;
	room->head.now_ns = clock_exact();
	room->head.tag_type = tag.type;
	room->head.tag_tci = tag.tci;
	if (room->head.now_ns >= want->until_ns)
		return 0;
	if (len > want->snaplen)
		len = want->snaplen;
	last = len - 1; /* 6.1 learns nothing from len != 0, but knows this plus 1 */
	barrier_var(last);
	if (last >= SEK_CAPTURE_BYTES || frame_load(ctx, 0, room->bytes, last + 1))
		return 0;
	room->head.len = last + 1;
	return 0;
}

static __always_inline bool capture_end_fits(const struct sek_capture *want, __u32 end,
					     const struct sek_addr *addr)
{
	return !((addr->q[0] ^ want->addr[end].q[0]) & want->mask[end].q[0]) &&
	       !((addr->q[1] ^ want->addr[end].q[1]) & want->mask[end].q[1]);
}

static __always_inline bool capture_fields_fit(const struct sek_capture *want, const struct packet *p)
{
	__u32 reason = p->reason;

	if ((want->fields & SEK_CAPTURE_TENANT) && want->tenant != p->tenant)
		return false;
	if ((want->fields & SEK_CAPTURE_PROTO) && want->protos[0] != p->proto &&
	    want->protos[1] != p->proto)
		return false;
	return !(want->fields & SEK_CAPTURE_REASON) ||
	       ((want->reasons[(reason >> 6) & 1] >> (reason & 63)) & 1);
}

static __always_inline bool capture_fits(const struct sek_capture *want, const struct packet *p)
{
	if (!capture_fields_fit(want, p))
		return false;
	if (want->port && want->port != p->sport && want->port != p->dport)
		return false;
	return (capture_end_fits(want, 0, &p->src) && capture_end_fits(want, 1, &p->dst)) ||
	       (capture_end_fits(want, 0, &p->dst) && capture_end_fits(want, 1, &p->src));
}

static __always_inline void capture_head(struct sek_captured *head, const struct packet *p,
					 __u32 session, __u32 verdict)
{
	head->session = session;
	head->generation = p->generation;
	head->tenant = p->tenant;
	head->rule = p->rule;
	head->list = p->list;
	head->port = p->port;
	head->verdict = verdict;
	head->reason = p->reason;
	head->dir = p->dir;
}

/* Tells the frame that was kept, if it is wanted. offered = written + suppressed + lost, always. */
__noinline int capture_tell(const struct packet *p, __u32 verdict)
{
	const struct sek_capture *want = capture_wanted();
	struct sek_cap_room *room = capture_room();
	struct sek_event_stat *stat;
	__u32 zero = 0, len;

	stat = bpf_map_lookup_elem(&sek_cap_stat, &zero);
	if (!p || !want || !room || !stat)
		return 0;
	len = room->head.len;
	barrier_var(len);
	if (!len || len > SEK_CAPTURE_BYTES || !capture_fits(want, p))
		return 0;
	room->head.len = 0; /* once */
	if (!event_budget(stat, want->budget, p->now_ns))
		return 0;
	capture_head(&room->head, p, want->session, verdict);
	room->head.len = len;
	if (bpf_ringbuf_output(&sek_cap_ring, room, sizeof(room->head) + len, 0)) {
		stat->lost++;
	} else {
		stat->spent++;
		stat->written++;
	}
	room->head.len = 0;
	return 0;
}

#endif
