/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet with a ClientHello. Its server name decides for the whole connection. Runs as a program of its
 * own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_TLS_H
#define BPF_STAGE_NAME_TLS_H

#include "core/packet.h"
#include "parse/name_literal.h"
#include "parse/name_tls.h"
#include "stage/name_agent.h"
#include "stage/name_stream.h"

/* 0; or that it cannot be read here. */
static __always_inline int name_tls_decide(struct frame_ctx *ctx, const struct packet *p,
					   const struct sek_name_profile *profile,
					   struct name_verdict *v)
{
	struct name_look look = {};

	if (!v->name && profile->flags & SEK_NAME_TLS_STRICT)
		v->reason = SEK_R_name_hidden;
	if (v->reason || !name_look_begin(&look, p->slot, p->tenant, profile, p->now_ns))
		return 0;
	if (v->name && !name_look_text(ctx, v->name, &look))
		return -1;
	name_judge(p, &look, profile, v);
	return 0;
}

static __always_inline enum sek_verdict stage_name_tls(struct frame_ctx *ctx, struct packet *p)
{
	struct name_verdict v = { .list = SEK_NAME_NO_LIST };
	struct sek_flow *flow = name_flow(p);
	const struct sek_name_profile *profile;
	__u64 found;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!profile)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	name_reach(ctx, p);
	found = name_tls_find(ctx, p->payload, p->payload_len);
	if (name_kind(found) == NAME_FOUND)
		v.name = found;
	if (name_kind(found) == NAME_AGENT || (v.name && name_is_literal(ctx, found)) ||
	    name_tls_decide(ctx, p, profile, &v))
		return stage_name_agent(ctx, p);
	return name_stream_end(ctx, p, flow, profile, SEK_NAME_PROTO_TLS, &v);
}

#endif
