/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ends a flow for its name. Called by the stages of names: when one is refused, and for each packet
 * that comes after. The entry stays for the time of one that was closed, so that what both sides still
 * send is answered, whatever was on its way; then it ends with this reason.
 */
#ifndef BPF_STAGE_NAME_REFUSE_H
#define BPF_STAGE_NAME_REFUSE_H

#include "rewrite/answer.h"
#include "rewrite/reset_both.h"
#include "stage/flow.h"
#include "stage/name.h"

#define ICMP_PORT 3 /* RFC 792: port unreachable */
#define ICMP6_PORT 4 /* RFC 4443 */

/*
 * Without an ACK nobody but the opener knows of the connection. Where numbers are turned, the client is told
 * its own; the ack of what goes on to the server is then wrong, but a reset is judged by its seq alone.
 */
static __always_inline enum sek_verdict name_refuse_tcp(struct frame_ctx *ctx, struct packet *p,
							const struct sek_flow *flow)
{
	__u32 shift = flow->flags & SEK_FLOW_COOKIE ? flow->shift : 0;

	if (!(p->tcp_flags & TCP_ACK))
		return answer_reset(ctx, p);
	if (p->dir == SEK_IN) {
		p->ack += shift;
		shift = 0;
	}
	p->seq += shift;
	return reset_both(ctx, p, flow->acked[~p->dir & 1] + shift);
}

/* reason: of the packet, and of the flow's end. */
static __noinline enum sek_verdict name_refuse(struct frame_ctx *ctx, struct packet *p,
					       struct sek_flow *flow, __u8 reason)
{
	p->reason = reason;
	flow->name.reason = reason;
	WRITE_ONCE(flow->name.state, SEK_NAME_BLOCKED);
	if (p->proto != IPPROTO_TCP)
		return p->flags & PKT_REPLY ? SEK_DROP
					    : answer_unreachable(ctx, p, ICMP_PORT, ICMP6_PORT);
	if (flow->state != SEK_FLOW_CLOSED)
		flow_move(p, &flow->key, flow, SEK_FLOW_CLOSED);
	return name_refuse_tcp(ctx, p, flow);
}

#endif
