/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet with a DNS question, or an answer where the profile asks for those. What is blocked is
 * answered from here. Runs as a program of its own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_DNS_H
#define BPF_STAGE_NAME_DNS_H

#include "core/packet.h"
#include "parse/name_dns.h"
#include "rewrite/answer_dns.h"
#include "stage/name_verdict.h"

/* The addresses of an answer, where it has some. */
static __always_inline void name_dns_addresses(const struct name_verdict *v,
					       const struct sek_name_profile *profile,
					       struct dns_reply *reply)
{
	const struct sek_name_answer *own;
	__u32 place = v->answer;

	if (v->how == SEK_NAME_SINKHOLE) {
		reply->ip4 = profile->sink4;
		reply->ip6 = profile->sink6;
		reply->ttl_s = profile->sink_ttl_s;
		reply->has = (profile->sink4 ? SEK_NAME_HAS4 : 0) |
			     (profile->sink6.q[0] | profile->sink6.q[1] ? SEK_NAME_HAS6 : 0);
	} else if (v->how == SEK_NAME_LOCAL) {
		own = bpf_map_lookup_elem(&sek_name_answer, &place);
		if (!own)
			return;
		reply->ip4 = own->ip4;
		reply->ip6 = own->ip6;
		reply->ttl_s = own->ttl_s;
		reply->has = own->flags;
	}
}

/* The question is blocked: told, then answered in its own frame. */
static __always_inline enum sek_verdict name_dns_block(struct frame_ctx *ctx, struct packet *p,
						       struct sek_flow *flow,
						       const struct sek_name_profile *profile,
						       const struct name_verdict *v)
{
	struct dns_reply reply = {
		.name_len = name_len(v->name) + 2,
		.how = v->how,
	};

	p->reason = v->reason;
	name_dns_addresses(v, profile, &reply);
	name_tell(ctx, p, flow, SEK_NAME_DNS, SEK_NAME_PROTO_DNS, v);
	return answer_dns(ctx, p, &reply);
}

/* Whether it asks for records that would hide names: the profile lets nobody have them. */
static __always_inline bool name_dns_hides(struct frame_ctx *ctx,
					   const struct sek_name_profile *profile, __u64 name)
{
	const __be16 *type = frame_at(ctx, name_off(name) + name_len(name) + 1, sizeof(*type));

	return profile->ech == SEK_ECH_BLOCK && type &&
	       (*type == bpf_htons(DNS_HTTPS) || *type == bpf_htons(DNS_SVCB));
}

/* What was found, or nothing, against what the profile says. */
static __always_inline void name_dns_judge(struct frame_ctx *ctx, const struct packet *p,
					   const struct name_look *look,
					   const struct sek_name_profile *profile,
					   struct name_verdict *v)
{
	if (look)
		name_judge(p, look, profile, v);
	if (!v->reason && name_dns_hides(ctx, profile, v->name)) {
		v->reason = SEK_R_name_hidden;
		v->how = SEK_NAME_NODATA;
	}
}

/* 0; or that it cannot be read here. */
static __always_inline int name_dns_decide(struct frame_ctx *ctx, const struct packet *p,
					   const struct sek_name_profile *profile,
					   struct name_verdict *v)
{
	struct name_look look = {};
	bool looks = name_look_begin(&look, p->slot, p->tenant, profile, p->now_ns);
	__u64 host;

	if (looks) {
		host = name_look_dns(ctx, v->name, &look);
		if (!host)
			return -1;
		name_look_alone(&look, host);
	}
	name_dns_judge(ctx, p, looks ? &look : NULL, profile, v);
	return 0;
}

/* Not a question: several of them get an answer that says so. */
static __always_inline enum sek_verdict name_dns_bad(struct frame_ctx *ctx, struct packet *p)
{
	const struct dns_reply reply = { .how = SEK_NAME_FORMERR };
	const struct dns_head *dns = frame_at(ctx, p->payload, sizeof(*dns));

	p->reason = SEK_R_name_bad;
	if (!dns || p->payload_len < sizeof(*dns) || name_dns_head(dns) != NAME_BAD)
		return SEK_DROP;
	return answer_dns(ctx, p, &reply);
}

/* One that is not plainly readable goes on in the program that spells names out. */
static __always_inline enum sek_verdict name_dns_question(struct frame_ctx *ctx, struct packet *p,
							  struct sek_flow *flow,
							  const struct sek_name_profile *profile)
{
	struct name_verdict v = { .list = SEK_NAME_NO_LIST };
	__u64 found = name_dns_find(ctx, p->payload, p->payload_len);

	p->step = SEK_STEP_name_long;
	if (p->flags & PKT_FRAG_FIRST || frame_more(&p->shape) || name_kind(found) == NAME_AGENT)
		return SEK_GO_ON;
	if (name_kind(found) == NAME_BAD)
		return name_dns_bad(ctx, p);
	if (name_kind(found) == NAME_FOUND) {
		v.name = found;
		if (name_dns_decide(ctx, p, profile, &v))
			return SEK_GO_ON;
		if (v.reason)
			return name_dns_block(ctx, p, flow, profile, &v);
	}
	if (profile->flags & SEK_NAME_TELL_DNS)
		name_tell(ctx, p, flow, SEK_NAME_DNS, SEK_NAME_PROTO_DNS, &v);
	return SEK_NEXT;
}

static __always_inline enum sek_verdict name_dns_answer(struct frame_ctx *ctx, struct packet *p,
							struct sek_flow *flow,
							const struct sek_name_profile *profile)
{
	struct name_verdict v = { .list = SEK_NAME_NO_LIST };

	if (profile->flags & SEK_NAME_TELL_DNS)
		name_tell(ctx, p, flow, SEK_NAME_DNS, SEK_NAME_PROTO_DNS, &v);
	return SEK_NEXT;
}

static __always_inline enum sek_verdict stage_name_dns(struct frame_ctx *ctx, struct packet *p)
{
	struct sek_flow *flow = name_flow(p);
	const struct sek_name_profile *profile;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!profile)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	name_reach(ctx, p);
	return p->flags & PKT_REPLY ? name_dns_answer(ctx, p, flow, profile)
				    : name_dns_question(ctx, p, flow, profile);
}

#endif
