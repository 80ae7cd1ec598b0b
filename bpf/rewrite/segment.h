/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts a TCP segment of the gateway's own, without payload, in place of the packet in a frame: on its
 * way on, in its sender's name, or back to its sender. Called by stage/syncookie.h. Promises a whole
 * frame with right sums, and a struct packet that tells of it; or that the frame cannot be rewritten.
 */
#ifndef BPF_REWRITE_SEGMENT_H
#define BPF_REWRITE_SEGMENT_H

#include "rewrite/answer.h"

#define SEGMENT_OPTIONS 3 /* words */

/* What a client's SYN offers. */
struct syncookie_offer {
	__u32 size; /* of segments */
	__u32 scale;
	__u32 sack;
};

struct segment {
	__u32 seq, ack;
	__u32 flags; /* TCP_* */
	__u32 win;
	__u32 option_cnt; /* words of option: 0 to SEGMENT_OPTIONS */
	__be32 option[SEGMENT_OPTIONS];
	__u32 back; /* 1: to the sender; 0: on, from the sender */
	__u32 at; /* of the walks over options: see parse/ipv4.h */
	struct syncookie_offer offer;
};

/* Where one is described. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct segment);
} sek_segment SEC(".maps");

static __always_inline struct segment *segment_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_segment, &zero);
}

static __always_inline __u32 segment_len(const struct segment *s)
{
	return sizeof(struct tcphdr) + s->option_cnt * sizeof(s->option[0]);
}

static __always_inline bool segment_tcp(struct frame_ctx *ctx, const struct packet *p,
					const struct segment *s)
{
	__u32 off = p->l3 + ip_header_len(p);
	__u64 sum = answer_pseudo(p, IPPROTO_TCP, segment_len(s));
	struct tcphdr *tcp;
	__be32 *option;

	for (__u32 i = 0; i < SEGMENT_OPTIONS && i < s->option_cnt; i++) {
		option = frame_at(ctx, off + sizeof(*tcp) + i * sizeof(*option), sizeof(*option));
		if (!option)
			return false;
		*option = s->option[i];
		sum += s->option[i];
	}
	tcp = frame_at(ctx, off, sizeof(*tcp));
	if (!tcp)
		return false;
	*tcp = (struct tcphdr){
		.source = s->back ? p->dport : p->sport,
		.dest = s->back ? p->sport : p->dport,
		.seq = bpf_htonl(s->seq),
		.ack_seq = bpf_htonl(s->ack),
		.doff = sizeof(*tcp) / 4 + s->option_cnt,
		.window = bpf_htons(s->win),
	};
	((__u8 *)tcp)[13] = s->flags;
	if (frame_sum_open(ctx))
		tcp->check = csum_fold(answer_pseudo(p, IPPROTO_TCP, segment_len(s)));
	else
		tcp->check = ~csum_fold(sum + csum_words((__be32 *)tcp, sizeof(*tcp) / 4));
	return true;
}

/* What the packet is from now on. Of one that goes back only its length is asked for. */
static __always_inline void segment_note(struct packet *p, const struct segment *s)
{
	p->ip_len = ip_header_len(p) + segment_len(s);
	p->frame_len = p->l3 + p->ip_len;
	if (s->back)
		return;
	p->l4 = p->l3 + ip_header_len(p);
	p->payload = p->l3 + p->ip_len;
	p->payload_len = 0;
	p->flags &= ~PKT_ECN;
	p->seq = s->seq;
	p->ack = s->ack;
	p->win = s->win;
	p->tcp_flags = s->flags;
}

/* 0 or -1, and then the frame is no packet any more. */
__noinline int segment_write(struct frame_ctx *ctx, struct packet *p, const struct segment *s)
{
	struct answer_link link = {};
	__u32 len;

	if (!p || !s || !answer_link_read(ctx, &link, s->back))
		return -1;
	len = p->l3 + ip_header_len(p) + segment_len(s);
	if (frame_resize(ctx, p->frame_len, len) || !answer_link_write(ctx, p, &link))
		return -1;
	if (!answer_ip(ctx, p, IPPROTO_TCP, segment_len(s), s->back) || !segment_tcp(ctx, p, s))
		return -1;
	segment_note(p, s);
	return 0;
}

#endif
