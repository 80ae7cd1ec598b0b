/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What follows of a name that was found and looked up: whether it passes, why not and by which list.
 * Called by the stages of DNS, TLS and HTTP, which carry it out.
 */
#ifndef BPF_STAGE_NAME_VERDICT_H
#define BPF_STAGE_NAME_VERDICT_H

#include "core/config.h"
#include "report/namecopy.h"
#include "stage/name.h"
#include "stage/name_look.h"

struct name_verdict {
	__u64 name, path; /* where they are, as parsers gave them; 0: not there */
	__u8 reason; /* enum sek_reason; SEK_R_none: it passes */
	__u8 list; /* that decided; SEK_NAME_NO_LIST */
	__u8 how; /* enum sek_name_how of what is blocked */
	__u8 inspect; /* 1: a list wants it inspected */
	__u16 answer; /* of SEK_NAME_LOCAL: place in sek_name_answer */
	__u16 len; /* bytes of the suffix, or of host and path, that decided */
};

/* Lets pointers reach what holds a name, as far as parsers look. */
static __always_inline void name_reach(struct frame_ctx *ctx, const struct packet *p)
{
	__u32 end = p->payload + p->payload_len;

	frame_reach(ctx, end < FRAME_OFFSET_MAX ? end : FRAME_OFFSET_MAX);
}

static __always_inline void name_count(const struct packet *p, __u32 list)
{
	struct sek_count *count = bpf_map_lookup_elem(&sek_name_count, &list);

	if (count) {
		count->packets += packet_frames(p);
		count->bytes += packet_wire_len(p);
	}
}

/* A replay is told what decided, if anything did. */
static __always_inline void name_trace(const struct name_verdict *v)
{
	struct sek_trace *trace = trace_room();

	if (!trace)
		return;
	trace->name_list = v->list;
	trace->name_how = v->how;
	trace->name_len = v->len;
}

/* Of a name that nothing was said of, or that is not there. */
static __always_inline void name_unsaid(const struct name_look *look,
					const struct sek_name_profile *profile,
					struct name_verdict *v)
{
	if (!(look->phase.flags & SEK_NAME_ONLY_LISTED))
		return;
	v->reason = SEK_R_name_unlisted;
	v->how = profile->answer;
}

static __always_inline void name_said(const struct name_look *look,
				      const struct sek_name_profile *profile, struct name_verdict *v)
{
	v->list = name_list_lowest(look->said.lists);
	v->len = look->len;
	if (look->said.opinion == SEK_NAME_INSPECT)
		v->inspect = 1;
	if (look->said.opinion != SEK_NAME_BLOCK)
		return;
	v->reason = SEK_R_name_block;
	v->how = look->said.how == SEK_NAME_AS_POLICY ? profile->answer : look->said.how;
	v->answer = (look->head & 1) * SEK_NAME_ANSWERS_MAX + look->said.answer;
}

/* A list that decided is counted. */
static __always_inline void name_judged(const struct packet *p, const struct name_verdict *v)
{
	if (v->list < SEK_NAME_LISTS_MAX)
		name_count(p, v->list);
	name_trace(v);
}

/* What was found decides. */
static __always_inline void name_judge(const struct packet *p, const struct name_look *look,
				       const struct sek_name_profile *profile, struct name_verdict *v)
{
	if (look->said.opinion == SEK_NAME_NONE)
		name_unsaid(look, profile, v);
	else
		name_said(look, profile, v);
	name_judged(p, v);
}

/* What the agent is told of it: the packet, where its name is, and what became of it. */
static __always_inline void name_tell(struct frame_ctx *ctx, const struct packet *p,
				      const struct sek_flow *flow, enum sek_name_kind kind,
				      __u8 proto, const struct name_verdict *v)
{
	struct sek_name_copy *copy = name_copy_open(p, flow, kind);

	if (!copy)
		return;
	copy->head.proto = proto;
	if (v->name) {
		copy->head.name_off = name_off(v->name) - p->payload;
		copy->head.name_len = name_len(v->name);
	}
	if (v->path) {
		copy->head.path_off = name_off(v->path) - p->payload;
		copy->head.path_len = name_len(v->path);
	}
	copy->head.reason = v->reason;
	copy->head.list = v->list;
	copy->head.how = v->how;
	copy->head.suffix = v->len < 0xff ? v->len : 0xff;
	name_copy_send(ctx, p->payload, p->payload_len);
}

#endif
