/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns the numbers of one side of a TCP connection, whose two ends count them from different
 * starts: sequence numbers of what it sends, acknowledgments of what the other does, plain and
 * selective, windows, and what ICMP errors quote. Sums are updated in place (RFC 1624). Called by
 * stage/syncookie.h. Promises a frame that is right, or false.
 */
#ifndef BPF_REWRITE_SEQUENCE_H
#define BPF_REWRITE_SEQUENCE_H

#include "rewrite/segment.h"

#define TCP_OPT_NOP 1
#define TCP_OPT_SACK 5
#define SACK_EDGES 8 /* RFC 2018, 3: four blocks of two numbers fill the header */

/* Adds a difference, new - old in one's complement, to the sum of the TCP header. */
static __always_inline void sequence_sum(const struct frame_ctx *ctx, struct tcphdr *tcp, __u64 diff)
{
	if (!frame_sum_open(ctx))
		tcp->check = ~csum_fold((tcp->check ^ 0xffff) + diff);
}

static __always_inline __u64 sequence_diff(__be32 old, __be32 new)
{
	return (__u64)(__u32)~old + new;
}

/* A sender's own numbers: seq moves on by shift, and its window is put as win. */
static __always_inline bool sequence_send(struct frame_ctx *ctx, const struct packet *p,
					  __u32 shift, __u16 win)
{
	struct tcphdr *tcp = frame_at(ctx, p->l4, sizeof(*tcp));
	__be32 seq = bpf_htonl(p->seq + shift);
	__be16 window = bpf_htons(win);

	if (!tcp)
		return false;
	sequence_sum(ctx, tcp, sequence_diff(tcp->seq, seq) + (tcp->window ^ 0xffff) + window);
	tcp->seq = seq;
	tcp->window = window;
	return true;
}

/* The numbers that it acknowledges: back by shift. */
static __always_inline bool sequence_receive(struct frame_ctx *ctx, const struct packet *p,
					     __u32 shift, __u16 win)
{
	struct tcphdr *tcp = frame_at(ctx, p->l4, sizeof(*tcp));
	__be32 ack = bpf_htonl(p->ack - shift);
	__be16 window = bpf_htons(win);

	if (!tcp)
		return false;
	sequence_sum(ctx, tcp, sequence_diff(tcp->ack_seq, ack) + (tcp->window ^ 0xffff) + window);
	tcp->ack_seq = ack;
	tcp->window = window;
	return true;
}

/*
 * The edges of a SACK option of len bytes at off. An option may begin at an odd byte: what is added
 * to the sum is then added with its bytes turned (RFC 1071, 2 (B)). A function of its own, so that the
 * verifier sees its turns once. 0 or -1.
 */
__noinline int sequence_edges(struct frame_ctx *ctx, struct packet *p, __u32 off, __u32 len,
			      __u32 shift)
{
	struct tcphdr *tcp;
	__u64 diff = 0;
	__u16 turned;

	if (!p)
		return -1;
	for (__u32 i = 0; i < SACK_EDGES && (i + 1) * 4 + 2 <= len; i++) {
		__be32 *edge = frame_at(ctx, off + 2 + i * 4, sizeof(*edge)), moved;

		if (!edge)
			return -1;
		moved = bpf_htonl(bpf_ntohl(*edge) - shift);
		diff += sequence_diff(*edge, moved);
		*edge = moved;
	}
	turned = csum_fold(diff);
	if ((off - p->l4) & 1)
		turned = __builtin_bswap16(turned);
	tcp = frame_at(ctx, p->l4, sizeof(*tcp));
	if (!tcp)
		return -1;
	sequence_sum(ctx, tcp, turned);
	return 0;
}

/*
 * Selective acknowledgments, back by shift. The place in the walk is kept in memory, for the
 * verifier's sake: see parse/ipv4.h. 0 or -1.
 */
__noinline int sequence_sack(struct frame_ctx *ctx, struct packet *p, struct segment *room,
			     __u32 shift)
{
	const __u8 *option;
	__u32 off, len;

	if (!p || !room)
		return -1;
	WRITE_ONCE(room->at, p->l4 + sizeof(struct tcphdr));
	for (__u32 i = 0; i < TCP_OPTIONS_MAX; i++) {
		off = READ_ONCE(room->at);
		if (off + 2 > p->payload)
			break;
		option = frame_at(ctx, off, 2);
		if (!option)
			return -1;
		if (!option[0])
			break;
		len = option[0] == TCP_OPT_NOP ? 1 : option[1];
		if (!len || (len < 2 && option[0] != TCP_OPT_NOP) || off + len > p->payload)
			break;
		if (option[0] == TCP_OPT_SACK && sequence_edges(ctx, p, off, len, shift))
			return -1;
		WRITE_ONCE(room->at, off + len);
	}
	return 0;
}

/* What an ICMP error quotes of a sender's segments: its sequence number, back by shift. */
static __always_inline bool sequence_quote(struct frame_ctx *ctx, const struct packet *p, __u32 shift)
{
	__be32 *seq = frame_at(ctx, p->payload + 4, sizeof(*seq)), moved;
	struct icmp_head *icmp;
	__u64 diff;
	__u16 turned;

	if (!seq)
		return false;
	moved = bpf_htonl(bpf_ntohl(*seq) - shift);
	diff = sequence_diff(*seq, moved);
	*seq = moved;
	icmp = frame_at(ctx, p->l4, sizeof(*icmp));
	if (!icmp)
		return false;
	turned = csum_fold(diff);
	if ((p->payload - p->l4) & 1)
		turned = __builtin_bswap16(turned);
	if (!frame_sum_open(ctx))
		icmp->check = ~csum_fold((icmp->check ^ 0xffff) + turned);
	return true;
}

#endif
