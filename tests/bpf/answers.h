/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves when a name is refused, alone: a frame in, its answer out, as answers_test.c asks for it.
 * Compiled for both flavours by answers.bpf.c and answers_tc.bpf.c.
 */
#ifndef TESTS_BPF_ANSWERS_H
#define TESTS_BPF_ANSWERS_H

#include "parse/frame.h"
#include "report/finish.h"
#include "rewrite/answer_dns.h"
#include "rewrite/reset_both.h"
#include "rewrite/strip_ech.h"

#include "answers_ask.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct answers_ask);
} answers_ask SEC(".maps");

static __always_inline struct answers_ask *answers_asked(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&answers_ask, &zero);
}

/* The headers, without a policy. */
static __always_inline bool answers_parse(struct frame_ctx *ctx, struct packet *p,
					  const struct answers_ask *ask)
{
	p->port = ask->port;
	p->peer = ask->peer;
	p->port_flags = ask->port_flags;
	p->tenant = 1;
	p->frame_len = frame_len(ctx);
	if (parse_ether(ctx, p) != SEK_NEXT || parse_ip(ctx, p) != SEK_NEXT)
		return false;
	frame_measure(ctx, &p->shape, p->payload, p->payload_len);
	return true;
}

static __always_inline void answers_tell(const struct frame_ctx *ctx, const struct packet *p,
					 __u32 verdict, struct answers_ask *ask)
{
	struct eth_tag tag = frame_outer_tag(ctx);

	ask->verdict = verdict;
	ask->reason = p->reason;
	ask->tag_type = tag.type;
	ask->tag_tci = tag.tci;
}

static __always_inline int answers_dns(struct frame_ctx *ctx)
{
	struct answers_ask *ask = answers_asked();
	struct dns_reply reply;
	struct packet p = {};

	if (!ask || !answers_parse(ctx, &p, ask))
		return FRAME_BUG;
	reply = (struct dns_reply){
		.ip6 = ask->ip6,
		.ip4 = ask->ip4,
		.ttl_s = ask->ttl_s,
		.name_len = ask->name_len,
		.has = ask->has,
		.how = ask->how,
		.on = ask->on,
	};
	answers_tell(ctx, &p, answer_dns(ctx, &p, &reply), ask);
	ask->ip_len = p.ip_len;
	ask->payload_len = p.payload_len;
	return FRAME_PASS;
}

static __always_inline int answers_reset(struct frame_ctx *ctx)
{
	struct answers_ask *ask = answers_asked();
	enum sek_verdict verdict;
	struct packet p = {};

	if (!ask || !answers_parse(ctx, &p, ask))
		return FRAME_BUG;
	p.reason = SEK_R_name_block;
	verdict = reset_both(ctx, &p, ask->acked_known ? ask->acked : p.seq);
	answers_tell(ctx, &p, verdict, ask);
	return FRAME_PASS;
}

static __always_inline int answers_strip(struct frame_ctx *ctx)
{
	struct answers_ask *ask = answers_asked();
	enum sek_verdict verdict;
	struct packet p = {};

	if (!ask || !answers_parse(ctx, &p, ask))
		return FRAME_BUG;
	verdict = strip_ech(ctx, &p);
	answers_tell(ctx, &p, verdict, ask);
	ask->ip_len = p.ip_len;
	ask->payload_len = p.payload_len;
	return FRAME_PASS;
}

#endif
