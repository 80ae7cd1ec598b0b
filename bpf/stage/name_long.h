/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions over UDP that cannot be read in place: long labels, bytes that no host name has, first pieces
 * of datagrams, several datagrams in one frame. Each is spelt out and decided here, whatever the tenant's
 * `fail:` says: a question that is let by once is answered, so none may wait for a verdict elsewhere.
 * Runs as a program of its own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_LONG_H
#define BPF_STAGE_NAME_LONG_H

#include "stage/name_dns.h"
#include "stage/name_spelt.h"

#define NAME_DATAGRAMS 16 /* of one frame that are looked at */

/* The verdict on the question in p's payload, in the room. */
static __always_inline void name_long_decide(struct frame_ctx *ctx, const struct packet *p,
					     const struct sek_name_profile *profile,
					     struct spelt_room *room)
{
	__u64 found = spelt_find(ctx, p->payload, p->payload_len);
	struct name_verdict *v = &room->verdict;
	bool looks;

	*v = (struct name_verdict){ .list = SEK_NAME_NO_LIST };
	if (name_kind(found) == NAME_BAD)
		v->reason = SEK_R_name_bad;
	if (name_kind(found) != NAME_FOUND)
		return;
	v->name = found;
	room->look = (struct name_look){};
	looks = name_look_begin(&room->look, p->slot, p->tenant, profile, p->now_ns);
	if (looks)
		spelt_look(room, name_len(found));
	name_dns_judge(ctx, p, looks ? &room->look : NULL, profile, v);
}

/*
 * The part-th datagram of a frame: its verdict is in the room, and the agent has heard of what passes
 * or what is refused with the others of its frame. -1: it cannot be decided.
 */
__noinline int name_long_part(struct frame_ctx *ctx, struct packet *p, __u32 part)
{
	struct sek_flow *flow = p ? name_flow(p) : NULL;
	const struct sek_name_profile *profile;
	struct spelt_room *room = spelt_room();
	__u32 size, len;
	__u16 payload;

	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!p || !flow || !profile || !room)
		return -1;
	payload = p->payload;
	len = p->payload_len;
	size = frame_more(&p->shape) ? frame_more_size(&p->shape) : len;
	p->payload += part * size;
	p->payload_len = len - part * size < size ? len - part * size : size;
	name_long_decide(ctx, p, profile, room);
	if ((room->verdict.reason && frame_more(&p->shape)) ||
	    (!room->verdict.reason && profile->flags & SEK_NAME_TELL_DNS))
		name_tell(ctx, p, flow, SEK_NAME_DNS, SEK_NAME_PROTO_DNS, &room->verdict);
	p->payload = payload;
	p->payload_len = len;
	return 0;
}

/* Several datagrams: all of them pass, or none, and each is asked again by itself. */
static __always_inline enum sek_verdict name_long_all(struct frame_ctx *ctx, struct packet *p)
{
	struct spelt_room *room = spelt_room();
	__u32 cnt = packet_frames(p);

	if (cnt > NAME_DATAGRAMS)
		return packet_end(p, SEK_R_name_bad, SEK_DROP);
	for (__u32 i = 0; i < NAME_DATAGRAMS; i++) {
		if (i >= cnt)
			break;
		if (!room || name_long_part(ctx, p, i))
			return packet_end(p, SEK_R_bug_map, SEK_BUG);
		if (room->verdict.reason)
			return packet_end(p, room->verdict.reason, SEK_DROP);
	}
	return SEK_NEXT;
}

static __always_inline enum sek_verdict stage_name_long(struct frame_ctx *ctx, struct packet *p)
{
	struct spelt_room *room = spelt_room();
	struct sek_flow *flow = name_flow(p);
	const struct sek_name_profile *profile;

	name_reach(ctx, p);
	if (frame_more(&p->shape))
		return name_long_all(ctx, p);
	profile = flow ? name_profile_at(p->slot, flow->name.profile) : NULL;
	if (!profile || !room || name_long_part(ctx, p, 0))
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (room->verdict.reason == SEK_R_name_bad)
		return name_dns_bad(ctx, p);
	if (room->verdict.reason)
		return name_dns_block(ctx, p, flow, profile, &room->verdict);
	return SEK_NEXT;
}

#endif
