/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet with a ClientHello. Its server name decides for the whole connection; so does that of a second
 * one, which a server may ask for: its answer is looked at here as well. Runs as a program of its own: see
 * stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_TLS_H
#define BPF_STAGE_NAME_TLS_H

#include "core/packet.h"
#include "parse/name_literal.h"
#include "parse/name_tls.h"
#include "stage/name_stream.h"

/* 0; or that it cannot be read here. */
static __always_inline int name_tls_decide(struct frame_ctx *ctx, const struct packet *p,
					   const struct sek_name_profile *profile,
					   struct name_verdict *v)
{
	struct name_look look = {};
	__u64 host;

	if (!v->name && profile->flags & SEK_NAME_TLS_STRICT)
		v->reason = SEK_R_name_hidden;
	if (v->reason || !name_look_begin(&look, p->slot, p->tenant, profile, p->now_ns))
		return 0;
	if (v->name) {
		host = name_look_text(ctx, v->name, &look);
		if (!host)
			return -1;
		name_look_alone(&look, host);
	}
	name_said_connected(&look.said, false);
	name_judge(p, &look, profile, v);
	return 0;
}

#define TLS_CHANGE_BYTES 6 /* a record of change_cipher_spec */

/*
 * What stands behind a ClientHello: how many bytes are in front of a second one, with the kind of answer
 * as parsers give it. The agent knows what else may be there.
 */
static __always_inline enum word_found tls_second(struct frame_ctx *ctx, const struct packet *p,
						  __u32 *ret_skip)
{
	__u8 head[TLS_CHANGE_BYTES];

	*ret_skip = 0;
	if (p->payload_len < sizeof(head) || frame_load(ctx, p->payload, head, sizeof(head)))
		return NAME_AGENT;
	if (head[0] == NAME_TLS_CHANGE) {
		*ret_skip = sizeof(head);
		if (p->payload_len == sizeof(head))
			return NAME_FOUND; /* and nothing behind it yet */
		if (p->payload_len < 2 * sizeof(head) ||
		    frame_load(ctx, p->payload + sizeof(head), head, sizeof(head)))
			return NAME_AGENT;
	}
	return head[0] == NAME_TLS_HANDSHAKE && head[5] == TLS_CLIENT_HELLO ? NAME_FOUND : NAME_AGENT;
}

/* The ClientHello at off ends behind this packet. */
static __always_inline bool tls_goes_on(struct frame_ctx *ctx, const struct packet *p, __u32 skip)
{
	__u8 head[5];

	if (frame_load(ctx, p->payload + skip, head, sizeof(head)))
		return true;
	return skip + sizeof(head) + tls_get16(head + 3) > p->payload_len;
}

static __always_inline enum sek_verdict name_tls_read(struct frame_ctx *ctx, struct packet *p,
						      struct sek_flow *flow,
						      const struct sek_name_profile *profile,
						      __u32 skip)
{
	struct name_verdict v = { .list = SEK_NAME_NO_LIST };
	bool goes_on = tls_goes_on(ctx, p, skip);
	enum sek_verdict verdict;
	__u64 found;

	name_reach(ctx, p);
	found = name_tls_find(ctx, p->payload + skip, p->payload_len - skip);
	if (name_kind(found) == NAME_FOUND)
		v.name = found;
	if (name_kind(found) == NAME_AGENT || (v.name && name_is_literal(ctx, found)) ||
	    name_tls_decide(ctx, p, profile, &v))
		return name_agent_next(p);
	verdict = name_stream_end(ctx, p, flow, profile, SEK_NAME_PROTO_TLS, &v);
	if (goes_on)
		flow->name.flags |= SEK_NAME_GOES_ON;
	return verdict;
}

/* --- what the server answers --- */

#define TLS_SERVER_HELLO 2
#define TLS_RETRY                                                                                  \
	0xcf21ad74e59a6111ULL /* RFC 8446, 4.1.3: how the random of such an answer begins */

struct tls_answer {
	__u8 type, version[2], record[2];
	__u8 message, size[3];
	__u8 legacy[2];
	__be64 random;
} __attribute__((packed));
SEK_LAYOUT(struct tls_answer, 19);

/* It wants another ClientHello, or there will be none. A record of change_cipher_spec says neither. */
static __always_inline enum sek_verdict name_tls_answer(struct frame_ctx *ctx,
							const struct packet *p, struct sek_flow *flow)
{
	struct tls_answer answer = {};

	if (frame_load(ctx, p->payload, &answer.type, 1) || answer.type == NAME_TLS_CHANGE)
		return SEK_NEXT;
	if (p->payload_len < sizeof(answer) || frame_load(ctx, p->payload, &answer, sizeof(answer)))
		answer.type = 0;
	if (answer.type != NAME_TLS_HANDSHAKE || answer.message != TLS_SERVER_HELLO ||
	    answer.random != bpf_cpu_to_be64(TLS_RETRY)) {
		WRITE_ONCE(flow->name.state, SEK_NAME_PASSES);
		return SEK_NEXT;
	}
	/* It has all of the first one. */
	if (flow->name.flags & SEK_NAME_GOES_ON)
		flow->name.next = p->ack;
	flow->name.flags |= SEK_NAME_RETRIED;
	return SEK_NEXT;
}

static __always_inline enum sek_verdict stage_name_tls(struct frame_ctx *ctx, struct packet *p)
{
	struct sek_flow *flow = name_flow(p);
	const struct sek_name_profile *profile;
	enum word_found kind = NAME_FOUND;
	__u32 skip = 0;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!profile)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (p->flags & PKT_REPLY)
		return name_tls_answer(ctx, p, flow);
	if (flow->name.state == SEK_NAME_HELLO && p->seq == flow->name.next)
		kind = tls_second(ctx, p, &skip);
	if (kind == NAME_AGENT)
		return name_agent_next(p);
	if (skip == p->payload_len) {
		flow->name.next = p->seq + p->payload_len;
		return SEK_NEXT;
	}
	return name_tls_read(ctx, p, flow, profile, skip);
}

#endif
