/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which packets hold a name to be read, by what is known of their flow: cheap, since every packet of a
 * known flow is asked. The reading is done in programs of their own (stage/name_*.h). Owns the name
 * of a flow's entry, with those. Called by stage/admit.h, stage/flow.h and walk().
 * Only flows that a body opens, whose tenant has a profile, are looked at.
 */
#ifndef BPF_STAGE_NAME_H
#define BPF_STAGE_NAME_H

#include "core/flowtable.h"
#include "core/maps.h"
#include "core/namemaps.h"
#include "core/packet.h"
#include "parse/name_quic.h"

#include <linux/in.h>

#define NAME_PORT_DNS 53
#define NAME_PORT_DOT 853
#define NAME_TLS_HANDSHAKE 0x16 /* RFC 8446, 5.1: content type of a ClientHello's record */
#define NAME_TLS_CHANGE                                                                            \
	0x14 /* and of change_cipher_spec, which may stand in front of a second one */
#define NAME_TEXT_FIRST 0x1c /* blanks of a kind are the four in front of ' ' */

#define NAME_COPIES_MAX 32 /* of a flow; a browser's ClientHello is 2 packets */
#define NAME_PATIENCE_NS NSEC_PER_SEC /* that an answer waits, where the tenant fails open */
#define NAME_YOUNG_NS (30 * NSEC_PER_SEC) /* so long the agent holds what it has read */

static __always_inline const struct sek_name_profile *name_profile_at(__u32 slot, __u32 profile)
{
	__u32 index = (slot & 1) * SEK_NAME_PROFILES_MAX + profile;

	return profile < SEK_NAME_PROFILES_MAX ? bpf_map_lookup_elem(&sek_name_policy, &index) : NULL;
}

/* The number of the profile that holds for an address of a tenant; 0: none. */
static __always_inline __u16 name_profile_of(__u32 slot, const struct sek_tenant *tenant,
					     const struct sek_flow_key *key)
{
	void *inner = tenant->name_groups ? bpf_map_lookup_elem(&sek_name_group, &slot) : NULL;
	struct sek_name_group_key group = {
		.prefixlen = SEK_NAME_GROUP_HEAD + 128,
		.tenant = key->tenant,
		.addr = key->addr[0],
	};
	const __u32 *profile = inner ? bpf_map_lookup_elem(inner, &group) : NULL;

	return profile ? *profile : tenant->name_profile;
}

/* How a flow begins. */
static __always_inline __u8 name_first(const struct sek_flow_key *key,
				       const struct sek_name_profile *profile)
{
	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP)
		return SEK_NAME_OFF;
	if (key->port[1] == bpf_htons(NAME_PORT_DOT) && profile->flags & SEK_NAME_DOT_REFUSE)
		return SEK_NAME_BLOCKED;
	if (key->proto == IPPROTO_UDP && key->port[1] == bpf_htons(NAME_PORT_DNS))
		return SEK_NAME_EACH;
	return SEK_NAME_FIRST;
}

/* Of a flow that is there, whose names are looked at from now on: those that are past it go on. */
static __always_inline __u8 name_late(const struct sek_flow *flow, __u8 first)
{
	if (first != SEK_NAME_FIRST)
		return first;
	return flow->state == SEK_FLOW_SYN || flow->state == SEK_FLOW_SYN_ACK ? first : SEK_NAME_OFF;
}

/*
 * What the policy of now wants to know of a flow: at its start (fresh), and when it is judged anew,
 * where what is known already stays.
 */
static __noinline int name_want(const struct packet *p, const struct sek_flow_key *key,
				struct sek_flow *flow, bool fresh)
{
	const struct sek_tenant *tenant = tenant_of(p);
	struct sek_flow_name *name = &flow->name;
	const struct sek_name_profile *profile;
	__u8 first;

	name->profile = tenant ? name_profile_of(p->slot, tenant, key) : 0;
	profile = name->profile ? name_profile_at(p->slot, name->profile) : NULL;
	if (!profile) {
		name->state = SEK_NAME_OFF;
		return 0;
	}
	first = name_first(key, profile);
	name->flags &= SEK_NAME_VOUCHED;
	if (profile->flags & SEK_NAME_TELL_DNS)
		name->flags |= SEK_NAME_REPLIES;
	if (profile->ech == SEK_ECH_STRIP)
		name->flags |= SEK_NAME_STRIPS;
	if (first == SEK_NAME_BLOCKED)
		name->reason = SEK_R_name_hidden;
	if (fresh || first == SEK_NAME_BLOCKED)
		name->state = first;
	else if (name->state == SEK_NAME_OFF)
		name->state = name_late(flow, first);
	return 0;
}

/* Of a new entry, which is nobody's yet. TCP: after tcp_begin(). */
static __always_inline void name_begin(const struct packet *p, const struct sek_flow_key *key,
				       struct sek_flow *flow)
{
	const struct sek_tenant *tenant = tenant_of(p);

	flow->name = (struct sek_flow_name){ .list = SEK_NAME_NO_LIST };
	flow->asked_ns =
		0; /* what another flow of this entry waited for is not this one's to wait for */
	flow->heard_ns = 0;
	if (p->proto == IPPROTO_TCP)
		flow->name.next = p->cookie ? p->seq : p->seq + 1;
	if (p->dir == SEK_OUT && tenant && tenant->name_profile)
		name_want(p, key, flow, true);
}

/* Of a flow that was judged anew. */
static __always_inline void name_renew(const struct packet *p, const struct sek_flow_key *key,
				       struct sek_flow *flow)
{
	if (!(flow->flags & SEK_FLOW_FROM_IN))
		name_want(p, key, flow, false);
}

/* By what a client's first bytes are. What begins with text, blanks or empty lines may be HTTP. */
static __always_inline __u8 name_by_byte(struct frame_ctx *ctx, const struct packet *p)
{
	__u8 byte;

	if (frame_load(ctx, p->payload, &byte, sizeof(byte)))
		return SEK_STEP_name_agent;
	if (byte == NAME_TLS_HANDSHAKE)
		return SEK_STEP_name_tls;
	if ((byte >= NAME_TEXT_FIRST && byte < 0x7f) || (byte >= '\t' && byte <= '\r'))
		return SEK_STEP_name_http;
	return 0;
}

/* All of p lies before what is yet to be read. */
static __always_inline bool name_is_before(const struct packet *p, __u32 next)
{
	return (__s32)(p->seq + p->payload_len - next) <= 0;
}

/*
 * The agent has read all that lies before next: bytes that come again, or a body. What was decided here
 * is another matter: a request is read again where it comes again as it did, and part of one is the
 * agent's, since its first copy may never have reached the server.
 */
static __always_inline bool name_is_decided(const struct packet *p, const struct sek_flow_name *name)
{
	if (!(name->flags & SEK_NAME_VOUCHED) || p->tcp_flags & TCP_SYN ||
	    (name->state != SEK_NAME_AGENT && name->state != SEK_NAME_REQUEST &&
	     name->state != SEK_NAME_HELLO))
		return false;
	return name_is_before(p, name->next);
}

/* What its receiver has acknowledged nobody reads again. */
static __always_inline bool name_is_over(const struct packet *p, const struct sek_flow *flow)
{
	return name_is_before(p, READ_ONCE(flow->acked[~p->dir & 1]));
}

/* A body passes; what was read and may never have arrived must be what it was. */
static __always_inline __u8 name_by_decided(const struct packet *p, const struct sek_flow *flow)
{
	if (name_is_over(p, flow) || (__s32)(p->seq - flow->name.start) >= 0)
		return 0;
	return SEK_STEP_name_agent;
}

/*
 * Behind a ClientHello: the same place again, or a second one that the server has asked for (RFC 8446,
 * 4.1.4), be it behind change_cipher_spec or early data. As soon as it has answered with anything else none
 * can come, and the flow is looked at no more: see stage/name_tls.h.
 */
static __always_inline __u8 name_by_hello(struct frame_ctx *ctx, const struct packet *p,
					  struct sek_flow *flow)
{
	__u8 flags = flow->name.flags, byte;
	__u32 ahead = p->seq - flow->name.next;

	if ((__s32)ahead < 0) {
		if (name_is_over(p, flow))
			return 0;
		return p->seq == flow->name.start && !(flags & SEK_NAME_VOUCHED)
			       ? SEK_STEP_name_tls
			       : SEK_STEP_name_agent;
	}
	if ((flags & (SEK_NAME_GOES_ON | SEK_NAME_RETRIED)) == SEK_NAME_GOES_ON)
		return 0;
	if (ahead || frame_load(ctx, p->payload, &byte, sizeof(byte)))
		return SEK_STEP_name_agent;
	if (byte == NAME_TLS_HANDSHAKE || byte == NAME_TLS_CHANGE)
		return SEK_STEP_name_tls;
	/* Where the first one ended is not known to the byte: this may be the middle of anything. */
	if (flags & SEK_NAME_GOES_ON) {
		flow->name.reason = SEK_R_name_bad;
		WRITE_ONCE(flow->name.state, SEK_NAME_BLOCKED);
	}
	return SEK_STEP_name_agent;
}

/* Where a request may begin, one that is to come or the last one again. */
static __always_inline bool name_at_request(const struct packet *p, const struct sek_flow_name *name)
{
	return p->seq == name->next || (p->seq == name->start && !(name->flags & SEK_NAME_VOUCHED));
}

/* What a client sends over TCP, where names are looked at. */
static __always_inline __u8 name_by_tcp(struct frame_ctx *ctx, const struct packet *p,
					struct sek_flow *flow)
{
	bool odd = p->tcp_flags & (TCP_FIN | TCP_SYN) || p->flags & PKT_FRAG_FIRST;
	struct sek_flow_name *name = &flow->name;
	__u8 step;

	if (!p->payload_len)
		return 0;
	if (p->tcp_flags & TCP_URG) /* its receiver may take a byte out of it */
		return SEK_STEP_name_agent;
	if (name_is_decided(p, name))
		return name_by_decided(p, flow);
	if (name->state == SEK_NAME_AGENT || odd || p->dport == bpf_htons(NAME_PORT_DNS))
		return SEK_STEP_name_agent;
	if (name->state == SEK_NAME_HELLO)
		return name_by_hello(ctx, p, flow);
	if (name->state == SEK_NAME_REQUEST)
		return name_at_request(p, name) ? SEK_STEP_name_http : SEK_STEP_name_agent;
	if (p->seq != name->next)
		return SEK_STEP_name_agent;
	step = name_by_byte(ctx, p);
	if (!step)
		name->state = SEK_NAME_PASSES;
	return step;
}

/* The agent has a copy of something that it has not spoken of yet. */
static __always_inline bool name_is_open(const struct sek_flow *flow)
{
	return (__s64)(READ_ONCE(flow->asked_ns) - READ_ONCE(flow->heard_ns)) > 0;
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

/* The agent has spoken of this flow not long ago. */
static __always_inline bool name_is_young(const struct packet *p, const struct sek_flow *flow)
{
	return (__s64)(p->now_ns - READ_ONCE(flow->heard_ns)) < (__s64)NAME_YOUNG_NS;
}

/* An answer to an Initial, as long as its server's id is not known. */
static __always_inline __u8 name_by_answer(struct frame_ctx *ctx, const struct packet *p,
					   const struct sek_flow *flow)
{
	return !flow->name.next && name_is_young(p, flow) && quic_begins(ctx, p) ? SEK_STEP_name_agent
										 : 0;
}

/* What comes back. Nothing is answered before it is known what was asked. */
static __always_inline __u8 name_by_reply(struct frame_ctx *ctx, const struct packet *p,
					  const struct sek_flow *flow)
{
	const struct sek_flow_name *name = &flow->name;

	if (!p->payload_len)
		return 0;
	if (name_is_open(flow))
		return SEK_STEP_name_agent;
	if (name->state == SEK_NAME_HELLO)
		return SEK_STEP_name_tls;
	if (name->state == SEK_NAME_QUIC)
		return name_by_answer(ctx, p, flow);
	return p->sport == bpf_htons(NAME_PORT_DNS) ? SEK_STEP_name_leads : 0;
}

/*
 * What is none of QUIC's tells nothing of what follows: servers pass over it, and so does this. Of datagrams
 * that were merged any may be.
 */
static __always_inline __u8 name_by_datagram(struct frame_ctx *ctx, const struct packet *p)
{
	return frame_more(&p->shape) || quic_begins(ctx, p) ? SEK_STEP_name_agent : 0;
}

/* The program that this packet goes on in; 0: there is nothing to be read. */
static __noinline int name_pick(struct frame_ctx *ctx, const struct packet *p, struct sek_flow *flow)
{
	__u8 state = flow->name.state;

	if (state == SEK_NAME_BLOCKED)
		return SEK_STEP_name_agent;
	if (p->flags & PKT_REPLY)
		return name_by_reply(ctx, p, flow);
	if (state == SEK_NAME_EACH)
		return SEK_STEP_name_dns;
	return p->proto == IPPROTO_TCP ? name_by_tcp(ctx, p, flow) : name_by_datagram(ctx, p);
}

/* Of each packet of a flow whose tenant has a profile, or over TCP, where the entry is at hand. */
static __always_inline void name_note(struct frame_ctx *ctx, struct packet *p, struct sek_flow *flow)
{
	__u8 state = READ_ONCE(flow->name.state);

	if (state == SEK_NAME_OFF || state == SEK_NAME_PASSES)
		return;
	p->step = name_pick(ctx, p, flow);
	p->number = flow->number;
}

/* The flow of the packet that a step has taken over. */
static __always_inline struct sek_flow *name_flow(const struct packet *p)
{
	return flowtable_entry(p->number);
}

/* Why a flow is blocked. */
static __always_inline __u8 name_reason(const struct sek_flow_name *name)
{
	if (name->reason)
		return name->reason;
	return name->list == SEK_NAME_NO_LIST ? SEK_R_name_unlisted : SEK_R_name_block;
}

static __always_inline enum sek_verdict stage_name(struct frame_ctx *ctx, struct packet *p)
{
	return p->step ? SEK_GO_ON : SEK_NEXT;
}

#endif
