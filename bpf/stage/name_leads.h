/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers of DNS. A name that one leads to (CNAME, the target of SVCB and HTTPS) is looked up as if it were
 * asked for: who asks for an alias of a listed name gets the answer that the listed one gets, in place of
 * that which came, and the agent is told, so that the alias itself is known. Nobody is refused an alias that
 * a list or an override allows. Over TCP the connection ends. Of a message that goes on in other segments, or
 * pieces of a datagram, the records are read that are whole in its first; the others by the agent, which
 * learns the alias.
 * Runs as a program of its own, in front of those that read answers: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_LEADS_H
#define BPF_STAGE_NAME_LEADS_H

#include "parse/dns_record.h"
#include "stage/name_dns.h"
#include "stage/name_spelt.h"

#define LEADS_MESSAGES 16 /* of one frame that are looked at */

/* Begins a look-up of what is spelt out in the room next; false: nothing is to be decided. */
static __always_inline bool
leads_begin(const struct packet *p, const struct sek_name_profile *profile, struct spelt_room *room)
{
	room->look = (struct name_look){};
	return name_look_begin(&room->look, p->slot, p->tenant, profile, p->now_ns);
}

/* Whether the name at off is blocked; the verdict is in the room then. */
__noinline int leads_name(struct frame_ctx *ctx, struct packet *p, struct spelt_room *room, __u32 off)
{
	struct sek_flow *flow = p ? name_flow(p) : NULL;
	const struct sek_name_profile *profile;
	int len;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!p || !room || !profile || !leads_begin(p, profile, room))
		return 0;
	len = spelt_record_name(ctx, room, off);
	if (len <= 0)
		return 0;
	spelt_look(room, len);
	if (p->proto == IPPROTO_TCP)
		name_said_connected(&room->look.said, true);
	if (room->look.said.opinion != SEK_NAME_BLOCK)
		return 0;
	room->verdict = (struct name_verdict){};
	name_said(&room->look, profile, &room->verdict);
	return 1;
}

/* Where in its data a record has the name that it leads to; -1: it leads nowhere. */
static __always_inline int leads_target(__be16 type)
{
	if (type == bpf_htons(DNS_CNAME))
		return 0;
	if (type == bpf_htons(DNS_SVCB) || type == bpf_htons(DNS_HTTPS))
		return sizeof(__be16); /* behind the priority (RFC 9460, 2.2) */
	return -1;
}

/* The next record. 1: it leads to a name that is blocked; -1: it is not understood. */
__noinline int leads_record(struct frame_ctx *ctx, struct packet *p, struct spelt_room *room)
{
	struct dns_data record;
	int target;

	if (!p || !room)
		return -1;
	record = dns_record_at(ctx, READ_ONCE(room->record), READ_ONCE(room->end));
	if (!record.data)
		return -1;
	WRITE_ONCE(room->record, record.end);
	target = leads_target(record.type);
	if (target < 0 || record.data + target >= record.end)
		return 0;
	return leads_name(ctx, p, room, record.data + target);
}

/* Whether a record of the message in the room leads to a name that is blocked. */
__noinline int leads_somewhere(struct frame_ctx *ctx, struct packet *p, struct spelt_room *room)
{
	const struct dns_head *head;
	__u32 cnt, at;

	if (!p || !room)
		return 0;
	head = frame_at(ctx, READ_ONCE(room->base), sizeof(*head));
	if (!head || !(head->flags[0] & DNS_QR) || name_dns_head(head) != NAME_FOUND)
		return 0;
	/* Behind the answer's own stand those of its targets (RFC 9460, 4.2), which nobody asks for then. */
	cnt = bpf_ntohs(head->cnt[1]) + bpf_ntohs(head->cnt[2]) + bpf_ntohs(head->cnt[3]);
	at = dns_records_at(ctx, head, READ_ONCE(room->base), READ_ONCE(room->end));
	if (!at)
		return 0;
	WRITE_ONCE(room->record, at);
	for (__u32 i = 0; i < DNS_RECORDS; i++) {
		int said = i < cnt ? leads_record(ctx, p, room) : -1;

		if (said)
			return said > 0;
	}
	return 0;
}

/*
 * Whether the name that was asked for is allowed. Where it is goes to the verdict. What no name is in front
 * of is not to be refused here.
 */
__noinline int leads_spared(struct frame_ctx *ctx, struct packet *p, struct spelt_room *room)
{
	struct sek_flow *flow = p ? name_flow(p) : NULL;
	const struct sek_name_profile *profile;
	__u64 found;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!p || !room || !profile || !leads_begin(p, profile, room))
		return 1;
	found = spelt_find(ctx, READ_ONCE(room->base), READ_ONCE(room->end) - READ_ONCE(room->base));
	if (name_kind(found) != NAME_FOUND)
		return 1;
	room->verdict.name = found;
	spelt_look(room, name_len(found));
	return room->look.said.opinion == SEK_NAME_ALLOW;
}

/*
 * The next message of the packet, or what there is of it, into the room; 0: there is none. A function of
 * its own: inlined, its loop falls through into its head, which the verifier of 6.1 takes for a loop without
 * end.
 */
__noinline int leads_message(struct frame_ctx *ctx, struct packet *p, struct spelt_room *room)
{
	__u32 at, stop, size;
	const __be16 *len;

	if (!p || !room)
		return 0;
	at = READ_ONCE(room->end);
	stop = p->payload + p->payload_len;
	if (p->proto == IPPROTO_TCP) {
		len = frame_at(ctx, at, sizeof(*len));
		if (!len)
			return 0;
		size = bpf_ntohs(*len);
		at += sizeof(*len);
	} else {
		size = frame_more(&p->shape) ? frame_more_size(&p->shape) : p->payload_len;
	}
	if (at >= stop)
		return 0;
	if (at + size > stop)
		size = stop - at;
	WRITE_ONCE(room->base, at);
	WRITE_ONCE(room->end, at + size);
	return 1;
}

/* Whether a message of the packet is to be refused; it and the verdict are in the room then. */
static __always_inline bool leads_astray(struct frame_ctx *ctx, struct packet *p,
					 struct spelt_room *room)
{
	WRITE_ONCE(room->end, p->payload);
	for (__u32 i = 0; i < LEADS_MESSAGES; i++) {
		if (!leads_message(ctx, p, room))
			return false;
		if (leads_somewhere(ctx, p, room) && !leads_spared(ctx, p, room))
			return true;
	}
	return false;
}

/* One of several datagrams in a frame cannot be answered alone: all of them are asked for again. */
static __always_inline enum sek_verdict leads_refuse(struct frame_ctx *ctx, struct packet *p,
						     struct sek_flow *flow,
						     const struct sek_name_profile *profile,
						     struct name_verdict *v)
{
	struct dns_reply reply = {
		.name_len = name_len(v->name) + 2,
		.how = v->how,
		.on = 1,
	};
	enum sek_verdict verdict;

	name_judged(p, v);
	name_tell(ctx, p, flow, SEK_NAME_DNS, SEK_NAME_PROTO_DNS, v);
	if (p->proto == IPPROTO_TCP) {
		flow->name.list = v->list;
		WRITE_ONCE(flow->name.state, SEK_NAME_BLOCKED);
		p->step = SEK_STEP_name_agent;
		return SEK_GO_ON;
	}
	p->reason = SEK_R_name_block;
	if (frame_more(&p->shape))
		return SEK_DROP;
	name_dns_addresses(v, profile, &reply);
	verdict = answer_dns(ctx, p, &reply);
	if (verdict == SEK_NEXT)
		p->reason = SEK_R_name_led;
	return verdict;
}

static __always_inline enum sek_verdict stage_name_leads(struct frame_ctx *ctx, struct packet *p)
{
	struct spelt_room *room = spelt_room();
	struct sek_flow *flow = name_flow(p);
	const struct sek_name_profile *profile;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!profile || !room)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	name_reach(ctx, p);
	if (leads_astray(ctx, p, room))
		return leads_refuse(ctx, p, flow, profile, &room->verdict);
	p->step = flow->name.flags & SEK_NAME_STRIPS	? SEK_STEP_name_ech
		  : flow->name.flags & SEK_NAME_REPLIES ? SEK_STEP_name_dns
							: 0;
	return p->step ? SEK_GO_ON : SEK_NEXT;
}

#endif
