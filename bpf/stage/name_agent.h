/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What cannot be read here: the agent gets a copy, and until it has said what is to become of the flow
 * (sek_name_order) its packets pass or wait, as the tenant's `fail:` says, and what is answered waits in
 * any case, for a while. And what needs no reading: flows that are refused. Over UDP it is stage/name_quic.h
 * that says what the agent is asked of.
 * Runs as a program of its own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_AGENT_H
#define BPF_STAGE_NAME_AGENT_H

#include "core/packet.h"
#include "report/namecopy.h"
#include "stage/name.h"
#include "stage/name_quic.h"
#include "stage/name_refuse.h"
#include "stage/name_seen.h"

/* A flow that waits for the agent, which has had enough copies of it. */
static __always_inline enum sek_verdict name_overdue(struct frame_ctx *ctx, struct packet *p,
						     struct sek_flow *flow, bool closed)
{
	if (closed)
		return name_refuse(ctx, p, flow, SEK_R_name_wait);
	WRITE_ONCE(flow->name.state, SEK_NAME_PASSES);
	return packet_end(p, SEK_R_name_pending, SEK_NEXT);
}

/*
 * What was read here comes again in other pieces, or with more behind it: the agent reads it from its
 * beginning, since what came first may never have reached the server.
 */
static __always_inline void name_from_start(const struct packet *p, struct sek_flow_name *name)
{
	bool older = (__s32)(p->seq - name->start) < 0;

	if ((__s32)(p->seq - name->next) >= 0 || name->flags & SEK_NAME_VOUCHED)
		return;
	if (name->state == SEK_NAME_HELLO) {
		name->next = name->start;
		name->proto = SEK_NAME_PROTO_NONE;
		name->flags &= ~(SEK_NAME_GOES_ON | SEK_NAME_RETRIED);
	} else if (name->state == SEK_NAME_REQUEST) {
		name->next = older ? p->seq : name->start;
	}
}

/* What a connection sends is one text, and the agent reads it on. */
static __always_inline enum sek_verdict name_ask(struct frame_ctx *ctx, struct packet *p,
						 struct sek_flow *flow, bool closed)
{
	if (flow->name.copies >= NAME_COPIES_MAX)
		return name_overdue(ctx, p, flow, closed);
	name_from_start(p, &flow->name);
	WRITE_ONCE(flow->name.state, SEK_NAME_AGENT);
	if (name_copy(ctx, p, flow, SEK_NAME_ASKED)) {
		flow->name.copies++;
		if (closed)
			name_seen_note(ctx, p);
	}
	if (closed)
		return packet_end(p, SEK_R_name_wait, SEK_DROP);
	return packet_end(p, SEK_R_name_pending, SEK_NEXT);
}

/*
 * What the agent has read comes again, and the agent sees whether it is what it was. Where the tenant fails
 * closed it waits for that, unless it came in the same packet before.
 */
static __always_inline enum sek_verdict name_again(struct frame_ctx *ctx, struct packet *p,
						   struct sek_flow *flow, bool closed)
{
	if (closed && name_is_seen(ctx, p))
		return SEK_NEXT;
	if (flow->name.copies >= NAME_COPIES_MAX)
		return name_overdue(ctx, p, flow, closed);
	if (name_copy(ctx, p, flow, SEK_NAME_AGAIN)) {
		flow->name.copies++;
		if (closed)
			name_seen_note(ctx, p);
	}
	return closed ? packet_end(p, SEK_R_name_wait, SEK_DROP) : SEK_NEXT;
}

/* Decided by the agent, or a request that was read here and others behind it. */
static __always_inline bool name_comes_again(const struct packet *p, const struct sek_flow_name *name)
{
	if (p->tcp_flags & TCP_URG)
		return false;
	if (name_is_decided(p, name))
		return true;
	return name->state == SEK_NAME_REQUEST && !(name->flags & SEK_NAME_VOUCHED) &&
	       (__s32)(p->seq - name->start) < 0 && name_is_before(p, name->next);
}

static __always_inline enum sek_verdict name_answer(struct frame_ctx *ctx, struct packet *p,
						    struct sek_flow *flow, bool closed)
{
	if (name_is_open(flow))
		return name_hold(p, flow, closed);
	if (p->proto == IPPROTO_UDP)
		quic_learn(ctx, p, flow);
	return SEK_NEXT;
}

static __always_inline enum sek_verdict stage_name_agent(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant = tenant_of(p);
	struct sek_flow *flow = name_flow(p);
	bool closed;

	if (!tenant || !flow)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	closed = tenant->flags & SEK_TENANT_FAIL_CLOSED;
	if (flow->name.state == SEK_NAME_BLOCKED)
		return name_refuse(ctx, p, flow, name_reason(&flow->name));
	if (p->flags & PKT_REPLY)
		return name_answer(ctx, p, flow, closed);
	if (p->proto == IPPROTO_UDP)
		return name_quic(ctx, p, flow, closed);
	if (name_comes_again(p, &flow->name))
		return name_again(ctx, p, flow, closed);
	return name_ask(ctx, p, flow, closed);
}

#endif
