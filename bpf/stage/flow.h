/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Known flows: one look-up, and the verdict that their first packet got stands, as long as policy
 * and lists are those it was decided under. When they are not, the flow is judged anew by its first
 * packet's addresses and direction, so that a new block bites at the next packet.
 * Unknown packets go on to list, policy and admit, unless only a known flow could explain them.
 */
#ifndef BPF_STAGE_FLOW_H
#define BPF_STAGE_FLOW_H

#include "core/flowtable.h"
#include "core/handmaps.h"
#include "core/maps.h"
#include "core/packet.h"
#include "rewrite/answer.h"
#include "stage/expire.h"
#include "stage/list.h"
#include "stage/name.h"
#include "stage/policy.h"
#include "stage/quote.h"
#include "stage/syncookie.h"
#include "stage/tcp.h"

static __always_inline void flow_key(const struct packet *p, struct sek_flow_key *key)
{
	bool out = p->dir == SEK_OUT;

	key->addr[0] = out ? p->src : p->dst;
	key->addr[1] = out ? p->dst : p->src;
	key->port[0] = out ? p->sport : p->dport;
	key->port[1] = out ? p->dport : p->sport;
	key->tenant = p->tenant;
	key->proto = p->proto;
	key->icmp = 0;
	if (icmp_is_query(p->proto))
		icmp_key(key, p->icmp_type, p->sport, p->dir);
}

/* A SYN that can only begin a new connection. */
static __always_inline bool flow_is_syn(const struct packet *p)
{
	return p->proto == IPPROTO_TCP &&
	       (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* One that can be the answer to a SYN-ACK. */
static __always_inline bool flow_is_ack(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK;
}

/* A worker has found in it what a rule drops. */
static __always_inline bool flow_is_stopped(const struct sek_flow *flow)
{
	const struct sek_handoff *hand = flow->flags & SEK_FLOW_INSPECT ? hand_of(flow) : NULL;

	return hand && hand->state == SEK_HANDOFF_DROP;
}

/* Silent for too long, or finished or stopped and opened anew with the same ports. */
static __always_inline bool flow_is_over(const struct packet *p, const struct sek_flow_key *key,
					 const struct sek_flow *flow, const struct sek_tenant *tenant)
{
	if (flow_idle(flow, p->now_ns) >= flow_timeout(tenant, key->proto, flow->state))
		return true;
	return flow_is_syn(p) && (flow->state >= SEK_FLOW_CLOSING || flow_is_stopped(flow));
}

/* The flow of a key, alive; one that is over is taken out. */
static __always_inline struct sek_flow *flow_find(const struct packet *p, struct sek_flow_key *key,
						  const struct sek_tenant *tenant)
{
	struct sek_flow *flow = flowtable_find(key);

	if (!flow || !flow_is_over(p, key, flow, tenant))
		return flow;
	flow_end(key, flow, p->now_ns, SEK_R_none);
	return NULL;
}

/* Without a flow: only what may begin one goes on. */
static __always_inline enum sek_verdict flow_missing(struct frame_ctx *ctx, struct packet *p,
						     const struct sek_tenant *tenant)
{
	if (p->flags & PKT_ICMP_ERROR)
		return packet_end(p, SEK_R_icmp_no_flow, SEK_DROP);
	if (icmp_is_query(p->proto) && icmp_answers(p->proto, p->icmp_type) >= 0)
		return packet_end(p, SEK_R_icmp_no_request, SEK_DROP);
	if (p->proto != IPPROTO_TCP || flow_is_syn(p))
		return SEK_NEXT;
	p->reason = SEK_R_tcp_no_flow;
	if (flow_is_ack(p) && guard_recent(p)) {
		p->reason = SEK_R_cookie_bad;
		if (syncookie_acks(p)) {
			p->reason = SEK_R_none;
			return SEK_NEXT;
		}
	}
	if (tenant->flags & SEK_TENANT_MID_REJECT && !(p->tcp_flags & TCP_RST))
		return answer_reset(ctx, p);
	return SEK_DROP;
}

/* The flow's first packet, as a question to the policy of now. */
static __always_inline void flow_ask(const struct packet *p, const struct sek_flow_key *key,
				     bool from_in, struct policy_ask *ask)
{
	ask->src = from_in ? key->addr[1] : key->addr[0];
	ask->dst = from_in ? key->addr[0] : key->addr[1];
	ask->sport = from_in ? key->port[1] : key->port[0];
	ask->dport = from_in ? key->port[0] : key->port[1];
	ask->slot = p->slot;
	ask->now_ns = 0;
	ask->tenant = key->tenant;
	ask->dir = from_in ? SEK_IN : SEK_OUT;
	ask->proto = key->proto;
	if (key->icmp & SEK_KEY_ICMP_QUERY)
		ask->icmp_type = bpf_ntohs(key->port[0]);
	else
		ask->icmp_type = key->proto == IPPROTO_ICMPV6 ? 128 : 8;
}

/* The flow keeps what the policy of now says of it. */
static __always_inline void flow_renew(const struct packet *p, const struct sek_flow_key *key,
				       struct sek_flow *flow)
{
	__u8 set = 0;

	if (p->rule_flags & SEK_RULE_LOG)
		set |= SEK_FLOW_LOG;
	if (p->action == SEK_INSPECT)
		set |= SEK_FLOW_INSPECT;
	flow_turn(flow, flow->state, set, (SEK_FLOW_LOG | SEK_FLOW_INSPECT) & ~set);
	flow->rule = p->rule;
	flow->generation = p->generation;
	flow->list_epoch = p->list_epoch;
	name_renew(p, key, flow);
}

/* Judges a flow again. Refused: it ends here, and this packet with it. */
static __noinline enum sek_verdict flow_judge(struct frame_ctx *ctx, struct packet *p,
					      struct sek_flow_key *key, struct sek_flow *flow)
{
	const struct sek_tenant *tenant = tenant_of(p);
	struct policy_ask *ask = policy_room();
	enum sek_verdict verdict;

	if (!tenant || !ask)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (list_blocks(p, &key->addr[1], tenant)) {
		verdict = packet_end(p, SEK_R_list_block, SEK_DROP);
	} else {
		flow_ask(p, key, flow->flags & SEK_FLOW_FROM_IN, ask);
		verdict = policy_apply(ctx, p, tenant, ask);
	}
	if (verdict == SEK_NEXT)
		flow_renew(p, key, flow);
	else
		flow_end(key, flow, p->now_ns, p->reason);
	return verdict;
}

static __always_inline bool flow_is_current(const struct packet *p, const struct sek_flow *flow)
{
	return flow->generation == p->generation && flow->list_epoch == p->list_epoch;
}

/* The key of this packet's flow, or of the flow that it speaks of. */
static __always_inline enum sek_verdict flow_name(struct frame_ctx *ctx, struct packet *p,
						  struct sek_flow_key *key)
{
	if (!(p->flags & PKT_ICMP_ERROR)) {
		flow_key(p, key);
		return SEK_NEXT;
	}
	switch (quote_key(ctx, p, key)) {
	case 0:
		return SEK_NEXT;
	case -1:
		return packet_end(p, SEK_R_icmp_quote, SEK_DROP);
	default:
		return packet_end(p, SEK_R_icmp_no_flow, SEK_DROP);
	}
}

/* Moves a flow on; what it holds as half-open goes back when it is so no more. */
static __noinline int flow_move(const struct packet *p, struct sek_flow_key *key,
				struct sek_flow *flow, __u8 state)
{
	bool half = state == SEK_FLOW_NEW || state == SEK_FLOW_SYN || state == SEK_FLOW_SYN_ACK;
	__u8 set = 0, old;

	if (p->proto == IPPROTO_TCP && p->tcp_flags & (TCP_FIN | TCP_RST))
		set = p->dir == SEK_OUT ? SEK_FLOW_FIN_OUT : SEK_FLOW_FIN_IN;
	old = flow_turn(flow, state, set, half ? 0 : SEK_FLOW_HALF);
	if (old & SEK_FLOW_GONE)
		return -EBUSY;
	if (old & SEK_FLOW_HALF && !half)
		quota_give(key, old & SEK_FLOW_FROM_IN, false, true);
	return 0;
}

/* A sign of life. Another CPU, or the exact clock, may have been ahead. */
static __always_inline void flow_touch(const struct packet *p, struct sek_flow *flow)
{
	if ((__s64)(p->now_ns - READ_ONCE(flow->last_ns)) > 0)
		WRITE_ONCE(flow->last_ns, p->now_ns);
}

static __always_inline enum sek_verdict flow_step_tcp(struct frame_ctx *ctx, struct packet *p,
						      struct sek_flow_key *key, struct sek_flow *flow)
{
	struct tcp_view *view = (void *)&flow->acked;
	int next = tcp_is_plain(p, flow->state, flow->flags)
			   ? tcp_carry(p, view)
			   : tcp_track(ctx, p, view, flow->state, flow->flags);
	__u8 state = next & TCP_STATE;

	if (next < 0)
		return packet_end(p, -next, SEK_DROP);
	if (state != flow->state)
		flow_move(p, key, flow, state);
	if (next & TCP_FRESH)
		flow_touch(p, flow);
	return SEK_NEXT;
}

/* What this packet does to its flow. */
static __always_inline enum sek_verdict flow_step(struct frame_ctx *ctx, struct packet *p,
						  struct sek_flow_key *key, struct sek_flow *flow)
{
	if (p->proto == IPPROTO_TCP)
		return flow_step_tcp(ctx, p, key, flow);
	if (flow->state == SEK_FLOW_NEW && p->flags & PKT_REPLY)
		flow_move(p, key, flow, SEK_FLOW_STREAM);
	flow_touch(p, flow);
	return SEK_NEXT;
}

static __always_inline void flow_count(const struct packet *p, struct sek_flow *flow)
{
	__u32 dir = p->dir & 1;

	__sync_fetch_and_add(&flow->packets[dir], packet_frames(p));
	__sync_fetch_and_add(&flow->bytes[dir], packet_ip_bytes(p));
}

/* The next packet from here is known without asking whose it is: see stage/recall.h. */
static __always_inline void flow_meet(const struct packet *p, struct sek_flow *flow)
{
	__u64 face = sek_face(p->generation, p->port, p->vlan, p->outer);

	WRITE_ONCE(flow->face[p->dir & 1], face);
	if (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP)
		flowtable_note(p, flow->number);
}

/* The same where numbers are turned: inward before the flow sees them, outward after. */
static __always_inline enum sek_verdict flow_step_turned(struct frame_ctx *ctx, struct packet *p,
							 struct sek_flow_key *key,
							 struct sek_flow *flow)
{
	enum sek_verdict verdict = SEK_NEXT;
	__u8 was = flow->state;

	if (p->dir == SEK_IN)
		verdict = syncookie_in(ctx, p, (void *)&flow->acked, was);
	if (verdict == SEK_NEXT)
		verdict = flow_step_tcp(ctx, p, key, flow);
	if (verdict == SEK_NEXT && p->dir == SEK_OUT)
		verdict = syncookie_out(ctx, p, (void *)&flow->acked, was);
	return verdict;
}

/* A packet of a known flow, or an ICMP error about it, which changes nothing in it. */
static __always_inline enum sek_verdict flow_known(struct frame_ctx *ctx, struct packet *p,
						   const struct sek_tenant *tenant,
						   struct sek_flow_key *key, struct sek_flow *flow)
{
	bool turned = flow->flags & SEK_FLOW_COOKIE;
	enum sek_verdict verdict;

	if (!flow_is_current(p, flow)) {
		verdict = flow_judge(ctx, p, key, flow);
		if (verdict != SEK_NEXT)
			return verdict;
	}
	p->rule = flow->rule;
	p->state = flow->state;
	if (p->flags & PKT_ICMP_ERROR) {
		p->reason = SEK_R_related;
		return turned ? syncookie_error(ctx, p, flow) : SEK_NEXT;
	}
	if ((p->dir == SEK_IN) != !!(flow->flags & SEK_FLOW_FROM_IN))
		p->flags |= PKT_REPLY;
	verdict = turned ? flow_step_turned(ctx, p, key, flow) : flow_step(ctx, p, key, flow);
	p->state = flow->state;
	if (verdict != SEK_NEXT)
		return verdict;
	flow_count(p, flow);
	p->reason = SEK_R_established;
	if (flow->flags & SEK_FLOW_INSPECT) {
		p->inspect = 1;
		p->number = flow->number;
	}
	if (p->proto == IPPROTO_TCP || tenant->name_profile)
		name_note(ctx, p, flow);
	return SEK_NEXT;
}

/*
 * Between two networks of one body, behind routed ports, both sides send outward: an answer is found
 * by the key of a packet that goes in, and is one from then on. Nobody outside has such a key: there
 * a source that is the body's is forged.
 */
static __always_inline struct sek_flow *flow_within(struct packet *p, struct sek_flow_key *key,
						    const struct sek_tenant *tenant)
{
	struct sek_flow *flow;

	if (p->dir != SEK_OUT || p->port_flags & SEK_PORT_BRIDGE || p->flags & PKT_ICMP_ERROR)
		return NULL;
	p->dir = SEK_IN;
	flow_key(p, key);
	flow = flow_find(p, key, tenant);
	if (!flow)
		p->dir = SEK_OUT;
	return flow;
}

static __always_inline enum sek_verdict stage_flow(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant;
	struct sek_flow_key key = {};
	enum sek_verdict verdict;
	struct sek_flow *flow;

	if (p->reason)
		return SEK_NEXT;
	tenant = tenant_of(p);
	if (!tenant)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (tenant->flags & SEK_TENANT_STATELESS)
		return SEK_NEXT;
	verdict = flow_name(ctx, p, &key);
	if (verdict != SEK_NEXT)
		return verdict;
	flow = flow_find(p, &key, tenant);
	if (!flow)
		flow = flow_within(p, &key, tenant);
	if (!flow)
		return flow_missing(ctx, p, tenant);
	verdict = flow_known(ctx, p, tenant, &key, flow);
	if (verdict == SEK_NEXT && !(p->flags & PKT_ICMP_ERROR))
		flow_meet(p, flow);
	return verdict;
}

#endif
