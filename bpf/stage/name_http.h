/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet with an HTTP/1 request, each of a connection. Runs as a program of its own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_HTTP_H
#define BPF_STAGE_NAME_HTTP_H

#include "core/packet.h"
#include "parse/name_http.h"
#include "parse/name_literal.h"
#include "stage/name_stream.h"

/* Where host and target are; the kind of what is not. */
static __always_inline enum word_found name_http_read(struct frame_ctx *ctx, const struct packet *p,
						      struct name_verdict *v)
{
	__u64 start = name_http_start(ctx, p->payload, p->payload_len);

	if (name_kind(start) != NAME_FOUND)
		return name_kind(start);
	v->name = name_http_host(ctx, p->payload, p->payload_len);
	if (name_kind(v->name) != NAME_FOUND || name_is_literal(ctx, v->name))
		return NAME_AGENT;
	v->path = name_http_target(ctx, name_off(start));
	return name_kind(v->path);
}

/* 0; or that it cannot be read here. */
static __always_inline int name_http_decide(struct frame_ctx *ctx, const struct packet *p,
					    const struct sek_name_profile *profile,
					    struct name_verdict *v)
{
	struct name_look look = {};
	__u64 host;

	if (!name_look_begin(&look, p->slot, p->tenant, profile, p->now_ns))
		return 0;
	host = name_look_text(ctx, v->name, &look);
	if (!host || !name_look_path(ctx, v->path, host, &look))
		return -1;
	name_said_connected(&look.said, false);
	name_judge(p, &look, profile, v);
	return 0;
}

static __always_inline enum sek_verdict stage_name_http(struct frame_ctx *ctx, struct packet *p)
{
	struct name_verdict v = { .list = SEK_NAME_NO_LIST };
	struct sek_flow *flow = name_flow(p);
	const struct sek_name_profile *profile;
	enum word_found kind;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!profile)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	name_reach(ctx, p);
	kind = name_http_read(ctx, p, &v);
	if (kind == NAME_NONE && flow->name.state == SEK_NAME_FIRST &&
	    !http_other_blank(ctx, p->payload)) {
		WRITE_ONCE(flow->name.state, SEK_NAME_PASSES); /* another protocol */
		return SEK_NEXT;
	}
	if (kind != NAME_FOUND || name_http_decide(ctx, p, profile, &v))
		return name_agent_next(p);
	return name_stream_end(ctx, p, flow, profile, SEK_NAME_PROTO_HTTP, &v);
}

#endif
