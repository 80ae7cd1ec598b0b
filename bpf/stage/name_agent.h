/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What cannot be read here: the agent gets a copy, and until it has said what is to become of the flow
 * (sek_name_order) its packets pass or wait, as the tenant's `fail:` says, and what is answered waits in
 * any case, for a while. And what needs no reading: flows that are refused, and the first packets over
 * UDP, of which QUIC's are looked for.
 * Runs as a program of its own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_AGENT_H
#define BPF_STAGE_NAME_AGENT_H

#include "core/packet.h"
#include "report/namecopy.h"
#include "stage/name.h"
#include "stage/name_refuse.h"

#define NAME_COPIES_MAX 32 /* of a flow; a browser's ClientHello is 2 packets */
#define NAME_PATIENCE_NS NSEC_PER_SEC /* that an answer waits, where the tenant fails open */

#define NAME_PORT_QUIC 443
#define QUIC_HEAD 5 /* RFC 9000, 17.2: first byte and version */
#define QUIC_LONG 0xc0 /* form, and the bit that is fixed */
#define QUIC_TYPE 0x30
#define QUIC_V1 0x00000001
#define QUIC_V2 0x6b3343cf /* RFC 9369 */
#define QUIC_INITIAL1 0x00
#define QUIC_INITIAL2 0x10

/* A flow that waits for the agent, which has had enough copies of it. */
static __always_inline enum sek_verdict name_overdue(struct frame_ctx *ctx, struct packet *p,
						     struct sek_flow *flow, bool closed)
{
	if (closed)
		return name_refuse(ctx, p, flow, SEK_R_name_wait);
	WRITE_ONCE(flow->name.state, SEK_NAME_PASSES);
	return packet_end(p, SEK_R_name_pending, SEK_NEXT);
}

/* What a connection sends is one text, and the agent reads it on. */
static __always_inline enum sek_verdict name_ask(struct frame_ctx *ctx, struct packet *p,
						 struct sek_flow *flow, bool closed)
{
	if (flow->name.copies >= NAME_COPIES_MAX)
		return name_overdue(ctx, p, flow, closed);
	/* A ClientHello that comes again in other pieces is read from its beginning. */
	if (flow->name.state == SEK_NAME_HELLO && (__s32)(p->seq - flow->name.next) < 0) {
		flow->name.next = flow->name.start;
		flow->name.proto = SEK_NAME_PROTO_NONE;
	}
	WRITE_ONCE(flow->name.state, SEK_NAME_AGENT);
	if (name_copy(ctx, p, flow, SEK_NAME_ASKED))
		flow->name.copies++;
	if (closed)
		return packet_end(p, SEK_R_name_wait, SEK_DROP);
	return packet_end(p, SEK_R_name_pending, SEK_NEXT);
}

/* What the agent has read comes again: it may go, and the agent sees whether it is what it was. */
static __always_inline enum sek_verdict name_again(struct frame_ctx *ctx, struct packet *p,
						   struct sek_flow *flow, bool closed)
{
	if (flow->name.copies >= NAME_COPIES_MAX)
		return name_overdue(ctx, p, flow, closed);
	if (name_copy(ctx, p, flow, SEK_NAME_AGAIN))
		flow->name.copies++;
	else if (closed)
		return packet_end(p, SEK_R_name_wait, SEK_DROP);
	return SEK_NEXT;
}

/*
 * An answer to what the agent has not spoken of yet: it comes again. Where the tenant fails open it is not
 * kept back for longer than an agent needs that is there.
 */
static __always_inline enum sek_verdict name_hold(struct packet *p, const struct sek_flow *flow,
						  bool closed)
{
	if (!closed && (__s64)(p->now_ns - READ_ONCE(flow->asked_ns)) > (__s64)NAME_PATIENCE_NS)
		return SEK_NEXT;
	return packet_end(p, SEK_R_name_wait, SEK_DROP);
}

/* A client's Initial, of a version that can be read, or on the port where QUIC is. */
static __always_inline bool name_is_quic(struct frame_ctx *ctx, const struct packet *p)
{
	__u8 head[QUIC_HEAD];
	__u32 version;

	if (p->payload_len < QUIC_HEAD || frame_load(ctx, p->payload, head, sizeof(head)) ||
	    (head[0] & QUIC_LONG) != QUIC_LONG)
		return false;
	version = (__u32)head[1] << 24 | head[2] << 16 | head[3] << 8 | head[4];
	if (p->dport == bpf_htons(NAME_PORT_QUIC))
		return true;
	return (version == QUIC_V1 && (head[0] & QUIC_TYPE) == QUIC_INITIAL1) ||
	       (version == QUIC_V2 && (head[0] & QUIC_TYPE) == QUIC_INITIAL2);
}

/* The first packet of a flow over UDP. */
static __always_inline enum sek_verdict name_datagram(struct frame_ctx *ctx, struct packet *p,
						      struct sek_flow *flow, bool closed)
{
	const struct sek_name_profile *profile = name_profile_at(p->slot, flow->name.profile);

	if (!profile || !name_is_quic(ctx, p)) {
		WRITE_ONCE(flow->name.state, SEK_NAME_PASSES);
		return SEK_NEXT;
	}
	flow->name.proto = SEK_NAME_PROTO_QUIC;
	if (profile->flags & SEK_NAME_QUIC_REFUSE)
		return name_refuse(ctx, p, flow, SEK_R_name_quic);
	return name_ask(ctx, p, flow, closed);
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
		return name_hold(p, flow, closed);
	if (p->proto == IPPROTO_UDP && flow->name.state == SEK_NAME_FIRST)
		return name_datagram(ctx, p, flow, closed);
	if (p->proto == IPPROTO_TCP && name_is_decided(p, &flow->name))
		return name_again(ctx, p, flow, closed);
	return name_ask(ctx, p, flow, closed);
}

#endif
