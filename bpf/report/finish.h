/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one exit: turns a verdict into the hook's action, counts the packet, tells of it when it ended
 * badly. Called by stage/walk.h alone; every packet passes here exactly once.
 */
#ifndef BPF_REPORT_FINISH_H
#define BPF_REPORT_FINISH_H

#include "core/config.h"
#include "core/maps.h"
#include "core/packet.h"
#include "report/capture.h"
#include "report/count.h"
#include "report/event.h"

/* Sends a frame out; a port that is not there turns the verdict. */
static __always_inline int finish_forward(struct frame_ctx *ctx, struct packet *p,
					  enum sek_verdict *verdict)
{
	int action;

	if (!ways_are_real())
		return FRAME_SENT;
	action = frame_send(ctx, p->out_port);
	if (action == FRAME_DROP)
		*verdict = packet_end(p, SEK_R_port_down, SEK_DROP);
	return action;
}

/* To the worker; a socket that is gone by now turns the verdict. */
static __always_inline int finish_to_worker(struct frame_ctx *ctx, struct packet *p,
					    enum sek_verdict *verdict)
{
	int action;

	if (cfg.replay)
		return FRAME_SENT;
	action = frame_to_worker(ctx, p->port, p->worker);
	if (action == FRAME_DROP)
		*verdict = packet_end(p, SEK_R_inspect_closed, SEK_DROP);
	return action;
}

static __always_inline int finish_action(struct frame_ctx *ctx, struct packet *p,
					 enum sek_verdict *verdict)
{
	switch (*verdict) {
	case SEK_FORWARD:
		return finish_forward(ctx, p, verdict);
	case SEK_STACK:
		return FRAME_PASS;
	case SEK_DROP:
		return FRAME_DROP;
	case SEK_ANSWER:
		return cfg.replay ? FRAME_ANSWERED : frame_answer(ctx, p->port);
	case SEK_TO_WORKER:
		return finish_to_worker(ctx, p, verdict);
	case SEK_BOTH:
		return frame_send_both(ctx);
	default:
		return FRAME_BUG;
	}
}

/* A replay reads here what became of the packet that has just run. */
static __always_inline void finish_trace(const struct frame_ctx *ctx, const struct packet *p,
					 enum sek_verdict verdict)
{
	struct sek_trace *trace = trace_room();
	struct eth_tag tag;

	if (!trace)
		return;
	tag = frame_outer_tag(ctx);
	trace->now_ns = p->now_ns;
	trace->verdict = verdict;
	trace->reason = p->reason;
	trace->dir = p->dir;
	trace->state = p->state;
	trace->tenant = p->tenant;
	trace->rule = p->rule;
	trace->list = p->list;
	trace->out_port = verdict == SEK_FORWARD || verdict == SEK_TO_WORKER ? p->out_port : 0;
	trace->generation = p->generation;
	trace->tag_type = tag.type;
	trace->tag_tci = tag.tci;
}

static __always_inline int finish(struct frame_ctx *ctx, struct packet *p, enum sek_verdict verdict)
{
	int action = finish_action(ctx, p, &verdict);
	__u32 cause = event_cause(p->reason);

	count_packet(p);
	if (cause == SEK_CAUSE_CNT && p->cause)
		cause = p->cause - 1;
	if (cause < SEK_CAUSE_CNT)
		event_packet(p, cause, verdict);
	if (capture_is_on())
		capture_tell(p, verdict);
	finish_trace(ctx, p, verdict);
	return action;
}

#endif
