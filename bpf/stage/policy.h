/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The firewall: the first rule of the tenant that a first packet satisfies. Each field gives a row
 * of bits, one a rule; the first bit of their AND is the rule, so the cost does not grow with the
 * number of rules (Lakshman and Stiliadis, SIGCOMM 1998).
 * Called for first packets, for each packet of a stateless tenant, and by stage/flow.h for flows that
 * were decided under an older policy.
 */
#ifndef BPF_STAGE_POLICY_H
#define BPF_STAGE_POLICY_H

#include "core/handmaps.h"
#include "core/maps.h"
#include "core/packet.h"
#include "rewrite/answer.h"
#include "sekisho/policy.h"

#include <linux/in.h>
#include <linux/in6.h>

/* A question: the first packet of a flow as its opener sent it. And the answer. */
struct policy_ask {
	struct sek_addr src, dst;
	__be16 sport, dport;
	__u32 slot;
	__u64 now_ns; /* a first packet, which is a hit; 0: a flow that is asked about again */
	__u16 tenant;
	__u8 dir;
	__u8 proto;
	__u8 icmp_type, icmp_code;
	__u8 action; /* enum sek_action */
	__u8 rule_flags; /* SEK_RULE_* */
	__u16 rule; /* within the tenant; SEK_NO_RULE: none, action is SEK_REFUSE */
	__u16 pad[3];
};

/* Where it is asked: too large for the stack beside the packet. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct policy_ask);
} sek_ask SEC(".maps");

static __always_inline struct policy_ask *policy_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_ask, &zero);
}

/* The rows of the five fields. */
struct policy_rows {
	const struct sek_row *src, *dst, *proto, *sport, *dport;
};

static __always_inline const struct sek_row *policy_row(const struct policy_ask *ask,
							const struct sek_tenant *tenant, __u32 row)
{
	return generation_entry(&sek_row, ask->slot, tenant->row_base + row);
}

static __always_inline const struct sek_class *policy_class(const struct policy_ask *ask,
							    const struct sek_addr *addr)
{
	__u32 slot = ask->slot;
	void *inner = bpf_map_lookup_elem(&sek_class, &slot);
	struct sek_class_key key = {
		.prefixlen = SEK_CLASS_HEAD + 128,
		.tenant = ask->tenant,
		.addr = *addr,
	};

	return inner ? bpf_map_lookup_elem(inner, &key) : NULL;
}

/* The row of a port number, or of an ICMP type and code. */
static __always_inline __u32 policy_port(const struct policy_ask *ask, __u32 table, __u32 index)
{
	const struct sek_ports *ports = generation_entry(&sek_ports, ask->slot, table);

	/* 6.1 forgets the width of a swapped number; clang would drop the mask that says it. */
	barrier_var(index);
	index &= 0xffff;
	return ports ? ports->row[index] : SEK_ROW_NONE;
}

static __always_inline bool policy_fields(const struct policy_ask *ask,
					  const struct sek_tenant *tenant, struct policy_rows *rows)
{
	const struct sek_class *src = policy_class(ask, &ask->src);
	const struct sek_class *dst = policy_class(ask, &ask->dst);
	__u16 kind = ask->icmp_type << 8 | ask->icmp_code;
	__u32 sport = SEK_ROW_ALL, dport = SEK_ROW_ALL;

	if (!src || !dst)
		return false;
	switch (ask->proto) {
	case IPPROTO_ICMP:
		dport = policy_port(ask, tenant->icmp_table, kind);
		break;
	case IPPROTO_ICMPV6:
		dport = policy_port(ask, tenant->icmp6_table, kind);
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		sport = policy_port(ask, tenant->sport_table, bpf_ntohs(ask->sport));
		dport = policy_port(ask, tenant->dport_table, bpf_ntohs(ask->dport));
		break;
	}
	rows->src = policy_row(ask, tenant, src->src_row);
	rows->dst = policy_row(ask, tenant, dst->dst_row);
	rows->proto = policy_row(ask, tenant, tenant->proto_class[ask->dir & 1][ask->proto]);
	rows->sport = policy_row(ask, tenant, sport);
	rows->dport = policy_row(ask, tenant, dport);
	return rows->src && rows->dst && rows->proto && rows->sport && rows->dport;
}

/* Number of the lowest bit set; bits is not 0. */
static __always_inline __u32 policy_lowest(__u64 bits)
{
	__u32 at = 0;

	if (!(bits & 0xffffffff)) {
		at += 32;
		bits >>= 32;
	}
	if (!(bits & 0xffff)) {
		at += 16;
		bits >>= 16;
	}
	if (!(bits & 0xff)) {
		at += 8;
		bits >>= 8;
	}
	if (!(bits & 0xf)) {
		at += 4;
		bits >>= 4;
	}
	if (!(bits & 0x3)) {
		at += 2;
		bits >>= 2;
	}
	return at + !(bits & 1);
}

static __always_inline __u32 policy_first(const struct policy_rows *rows)
{
	__u64 bits;
	int word;

	for (word = 0; word < SEK_RULE_WORDS; word++) {
		bits = rows->src->rules[word] & rows->dst->rules[word] & rows->proto->rules[word] &
		       rows->sport->rules[word] & rows->dport->rules[word];
		if (bits)
			return word * 64 + policy_lowest(bits);
	}
	return SEK_NO_RULE;
}

static __always_inline void policy_hit(const struct policy_ask *ask)
{
	__u32 index = sek_hit_index(ask->slot, ask->tenant, ask->rule);
	struct sek_hit *hit = bpf_map_lookup_elem(&sek_hit, &index);

	if (!hit)
		return;
	hit->hits++;
	hit->last_ns = ask->now_ns;
}

/*
 * Answers a question: rule, action, flags. Where tables are missing nothing is accepted: SEK_REFUSE
 * with SEK_NO_RULE and -ENOENT. Else 0. The verifier sees it once, whoever calls.
 */
__noinline int policy_decide(struct policy_ask *ask)
{
	const struct sek_tenant *tenant;
	const struct sek_rule *entry;
	struct policy_rows rows;
	__u32 rule;

	if (!ask)
		return -EINVAL;
	ask->action = SEK_REFUSE;
	ask->rule_flags = 0;
	ask->rule = SEK_NO_RULE;
	tenant = tenant_at(ask->slot, ask->tenant);
	if (!tenant || !policy_fields(ask, tenant, &rows))
		return -ENOENT;
	rule = policy_first(&rows);
	if (rule >= tenant->rule_cnt)
		return -ENOENT;
	entry = generation_entry(&sek_rule, ask->slot, tenant->rule_base + rule);
	if (!entry)
		return -ENOENT;
	ask->action = entry->action;
	ask->rule_flags = entry->flags;
	ask->rule = rule;
	if (ask->now_ns)
		policy_hit(ask);
	return 0;
}

/* The reason of a refusal. The gateway's own packets have one of their own. */
static __always_inline enum sek_reason policy_reason(const struct packet *p,
						     const struct sek_tenant *tenant)
{
	bool by_default = p->rule_flags & SEK_RULE_DEFAULT;

	if (tenant->flags & SEK_TENANT_STATELESS)
		return SEK_R_host_refused;
	if (p->action == SEK_REJECT)
		return by_default ? SEK_R_default_reject : SEK_R_rule_reject;
	return by_default || p->rule == SEK_NO_RULE ? SEK_R_default_drop : SEK_R_rule_drop;
}

/*
 * Asks, notes the answer in p and carries it out: SEK_NEXT when the packet may pass. Where nobody
 * inspects and the tenant fails closed, no flow is made of what is to be inspected.
 */
static __always_inline enum sek_verdict policy_apply(struct frame_ctx *ctx, struct packet *p,
						     const struct sek_tenant *tenant,
						     struct policy_ask *ask)
{
	policy_decide(ask);
	p->rule = ask->rule;
	p->action = ask->action;
	p->rule_flags = ask->rule_flags;
	switch (ask->action) {
	case SEK_ACCEPT:
		return SEK_NEXT;
	case SEK_INSPECT:
		if (!(tenant->flags & SEK_TENANT_FAIL_CLOSED) || hand_is_there(p->now_ns))
			return SEK_NEXT;
		return packet_end(p, SEK_R_inspect_closed, SEK_DROP);
	case SEK_REJECT:
		p->reason = policy_reason(p, tenant);
		return answer_reject(ctx, p);
	default:
		return packet_end(p, policy_reason(p, tenant), SEK_DROP);
	}
}

static __always_inline enum sek_verdict stage_policy(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant;
	struct policy_ask *ask;

	if (p->reason)
		return SEK_NEXT;
	tenant = tenant_of(p);
	ask = policy_room();
	if (!tenant || !ask)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	ask->src = p->src;
	ask->dst = p->dst;
	ask->sport = p->sport;
	ask->dport = p->dport;
	ask->slot = p->slot;
	ask->now_ns = p->now_ns;
	ask->tenant = p->tenant;
	ask->dir = p->dir;
	ask->proto = p->proto;
	ask->icmp_type = p->icmp_type;
	ask->icmp_code = p->icmp_code;
	return policy_apply(ctx, p, tenant, ask);
}

#endif
