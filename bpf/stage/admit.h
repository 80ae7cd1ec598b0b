/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes a flow of a first packet that lists and policy let pass: quotas first, then the entry with
 * its verdict. Nothing is kept of a packet that a quota refuses.
 */
#ifndef BPF_STAGE_ADMIT_H
#define BPF_STAGE_ADMIT_H

#include "stage/expire.h"
#include "stage/flow.h"
#include "stage/quota.h"
#include "stage/tcp.h"

/* The entry is nobody's yet, and stays so until its key leads to it. */
static __always_inline void admit_fill(struct frame_ctx *ctx, struct packet *p,
				       const struct sek_flow_key *key, struct sek_flow *flow)
{
	__u32 dir = p->dir & 1;

	flow->key = *key;
	flow->face[SEK_OUT] = 0; /* this packet's comes last, by flow_meet() */
	flow->face[SEK_IN] = 0;
	flow->rule = p->rule;
	flow->state = p->state;
	flow->generation = p->generation;
	flow->list_epoch = p->list_epoch;
	flow->first_ns = p->now_ns;
	flow->last_ns = p->now_ns;
	flow->packets[dir] = packet_frames(p);
	flow->bytes[dir] = packet_ip_bytes(p);
	flow->packets[!dir] = 0;
	flow->bytes[!dir] = 0;
	flow->acked[0] = 0;
	flow->acked[1] = 0;
	__builtin_memset(flow->tcp, 0, sizeof(flow->tcp));
	flow->scale[0] = 0;
	flow->scale[1] = 0;
	flow->offered = 0;
	flow->shift = p->cookie ? p->ack : 0;
	if (p->proto == IPPROTO_TCP)
		tcp_begin(ctx, p, (void *)&flow->acked);
	name_begin(p, key, flow);
}

static __always_inline __u8 admit_flags(const struct packet *p)
{
	__u8 flags = SEK_FLOW_HALF;

	if (p->dir == SEK_IN)
		flags |= SEK_FLOW_FROM_IN;
	if (p->action == SEK_INSPECT)
		flags |= SEK_FLOW_INSPECT;
	if (p->rule_flags & SEK_RULE_LOG)
		flags |= SEK_FLOW_LOG;
	if (p->cookie)
		flags |= SEK_FLOW_COOKIE;
	return flags;
}

/*
 * The entry, then the key that leads to it, then both are everybody's; 0, -EEXIST or what the table
 * says. A twin that comes between finds the key taken, and passes.
 */
static __noinline long admit_make(struct frame_ctx *ctx, struct packet *p, struct sek_flow_key *key)
{
	__u32 number = flowtable_take();
	struct sek_flow *flow = flowtable_entry(number);
	long error;

	if (!number || !flow)
		return -E2BIG;
	WRITE_ONCE(flow->flags, SEK_FLOW_GONE);
	__sync_lock_test_and_set(&flow->number, number); /* in this order: see patrol_is_flow() */
	admit_fill(ctx, p, key, flow);
	error = bpf_map_update_elem(&sek_flow, key, &number, BPF_NOEXIST);
	if (error) {
		flowtable_give(number);
		return error;
	}
	WRITE_ONCE(flow->flags, admit_flags(p));
	p->number = number;
	flow_meet(p, flow);
	name_note(ctx, p, flow);
	patrol_start();
	return 0;
}

/* A flow for p, charged and made. */
static __always_inline enum sek_verdict admit_flow(struct frame_ctx *ctx, struct packet *p,
						   const struct sek_tenant *tenant)
{
	enum sek_reason full = quota_take(p, tenant);
	struct sek_flow_key key;
	long error;

	if (full)
		return packet_end(p, full, SEK_DROP);
	flow_key(p, &key);
	p->state = p->proto == IPPROTO_TCP ? SEK_FLOW_SYN : SEK_FLOW_NEW;
	error = admit_make(ctx, p, &key);
	if (!error)
		return SEK_NEXT;
	quota_give(&key, p->dir == SEK_IN, true, true);
	if (error == -EEXIST)
		return SEK_NEXT; /* another CPU made it of a twin of this packet */
	return packet_end(p, SEK_R_flow_table_full, SEK_DROP);
}

/*
 * No flow begins at a tenant that holds as many half-open ones as it may: lists and rules need not
 * be asked, and under a flood they are most of what a packet costs. A guarded tenant's servers
 * answer by cookies, which take no room.
 */
static __always_inline enum sek_verdict stage_room(struct packet *p)
{
	const struct sek_tenant *tenant;
	const struct sek_quota *quota;

	if (p->reason)
		return SEK_NEXT;
	tenant = tenant_of(p);
	if (!tenant ||
	    tenant->flags & (SEK_TENANT_STATELESS | SEK_TENANT_GUARD_AUTO | SEK_TENANT_GUARD_ALWAYS))
		return SEK_NEXT;
	quota = quota_of(p->tenant);
	if (!quota || !quota_is_full(quota, tenant))
		return SEK_NEXT;
	return packet_end(p, SEK_R_half_quota, SEK_DROP);
}

static __always_inline enum sek_verdict stage_admit(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant;
	enum sek_verdict verdict;

	if (p->reason)
		return SEK_NEXT;
	p->now_ns = clock_exact(); /* paces sources, and tells a flow's beginning */
	tenant = tenant_of(p);
	if (!tenant)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (tenant->flags & SEK_TENANT_STATELESS) {
		p->reason = SEK_R_stack_host;
		return SEK_NEXT;
	}
	verdict = admit_flow(ctx, p, tenant);
	if (verdict != SEK_NEXT)
		return verdict;
	p->inspect = p->action == SEK_INSPECT;
	p->reason = SEK_R_accepted;
	if (p->cookie)
		p->reason = SEK_R_cookie_opened;
	if (p->rule_flags & SEK_RULE_LOG)
		p->cause = SEK_CAUSE_FLOW_START + 1;
	return SEK_NEXT;
}

#endif
