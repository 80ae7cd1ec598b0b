/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a connection by the name that its client wants: noted in its flow, told, and ended at
 * both ends if it is blocked. Called by the stages of TLS and HTTP.
 */
#ifndef BPF_STAGE_NAME_STREAM_H
#define BPF_STAGE_NAME_STREAM_H

#include "stage/name_refuse.h"
#include "stage/name_verdict.h"

/* It cannot be read here: on to the program that asks the agent. */
static __always_inline enum sek_verdict name_agent_next(struct packet *p)
{
	p->step = SEK_STEP_name_agent;
	return SEK_GO_ON;
}

/* What this packet held is decided; HTTP asks again, TLS where the server wants it to. */
static __always_inline void name_stream_note(const struct packet *p, struct sek_flow *flow,
					     __u8 proto, const struct name_verdict *v)
{
	__u8 state = proto == SEK_NAME_PROTO_HTTP ? SEK_NAME_REQUEST : SEK_NAME_HELLO;

	flow->name.proto = proto;
	flow->name.list = v->list;
	flow->name.start = p->seq;
	flow->name.next = p->seq + p->payload_len;
	flow->name.flags &= ~(SEK_NAME_VOUCHED | SEK_NAME_GOES_ON | SEK_NAME_RETRIED);
	if (v->inspect)
		flow_turn(flow, flow->state, SEK_FLOW_INSPECT, 0);
	if (!v->reason)
		WRITE_ONCE(flow->name.state, state);
}

static __always_inline enum sek_verdict name_stream_end(struct frame_ctx *ctx, struct packet *p,
							struct sek_flow *flow,
							const struct sek_name_profile *profile,
							__u8 proto, const struct name_verdict *v)
{
	if (v->inspect)
		p->inspect = 1; /* from this packet on */
	name_stream_note(p, flow, proto, v);
	if (v->reason || profile->flags & SEK_NAME_TELL_NAMES)
		name_tell(ctx, p, flow, SEK_NAME_TOLD, proto, v);
	return v->reason ? name_refuse(ctx, p, flow, v->reason) : SEK_NEXT;
}

#endif
