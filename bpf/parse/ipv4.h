/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IPv4 header with its options (RFC 791). Called by parse/frame.h alone. Promises that lengths
 * fit the frame, the header sum is right, and no option steers the packet.
 */
#ifndef BPF_PARSE_IPV4_H
#define BPF_PARSE_IPV4_H

#include <linux/ip.h>

#include "parse/cursor.h"
#include "rewrite/csum.h"

#define IP4_OPTIONS_MAX 40
#define IP4_MORE 0x2000
#define IP4_OFFSET 0x1fff
#define IP4_ECN 0x03

#define IP4_OPT_END 0
#define IP4_OPT_NOP 1
#define IP4_OPT_LSRR 131
#define IP4_OPT_SSRR 137

SEK_LAYOUT(struct iphdr, 20);

/*
 * Walks the options in [off, end). A function of its own, as other loops of the parser: the verifier
 * looks at it once. It keeps its place in p->payload, which is not filled yet: a number that comes
 * from memory has no history, so all turns of the loop look alike to the verifier.
 */
__noinline enum sek_verdict parse_ip4_options(struct frame_ctx *ctx, struct packet *p, __u32 off,
					      __u32 end)
{
	const __u8 *option;

	if (!p)
		return SEK_BUG;
	WRITE_ONCE(p->payload, off);
	for (__u32 i = 0; i < IP4_OPTIONS_MAX; i++) {
		off = READ_ONCE(p->payload);
		if (off >= end)
			break;
		option = frame_at(ctx, off, 2);
		if (!option)
			return packet_end(p, SEK_R_short_frame, SEK_DROP);
		if (option[0] == IP4_OPT_END)
			break;
		if (option[0] == IP4_OPT_LSRR || option[0] == IP4_OPT_SSRR)
			return packet_end(p, SEK_R_ip_source_route, SEK_DROP);
		if (option[0] == IP4_OPT_NOP)
			off++;
		else if (option[1] < 2 || off + option[1] > end)
			return packet_end(p, SEK_R_ip_options, SEK_DROP);
		else
			off += option[1];
		WRITE_ONCE(p->payload, off);
	}
	return SEK_NEXT;
}

/* The sum over a header of words 32-bit words, 5 to 15; 0xffff when it is right. */
static __always_inline __u16 ip4_sum(struct frame_ctx *ctx, const struct iphdr *ip, __u32 l3,
				     __u32 words)
{
	__u64 sum = csum_words((const __be32 *)ip, sizeof(*ip) / 4);

	for (__u32 i = sizeof(*ip) / 4; i < 15; i++) {
		const __be32 *word;

		if (i >= words)
			break;
		word = frame_at(ctx, l3 + i * 4, sizeof(*word));
		if (!word)
			break;
		sum += *word;
	}
	return csum_fold(sum);
}

static __always_inline void ip4_fields(struct packet *p, const struct iphdr *ip)
{
	__u16 frag = bpf_ntohs(ip->frag_off);

	p->family = 4;
	p->proto = ip->protocol;
	p->ttl = ip->ttl;
	p->ip_len = bpf_ntohs(ip->tot_len);
	p->l4 = p->l3 + ip->ihl * 4;
	addr_set_v4(&p->src, ip->saddr);
	addr_set_v4(&p->dst, ip->daddr);
	if (ip->tos & IP4_ECN)
		p->flags |= PKT_ECN;
	if (!(frag & (IP4_MORE | IP4_OFFSET)))
		return;
	p->frag_off = frag & IP4_OFFSET;
	p->frag_id = (__u32)ip->protocol << 16 | bpf_ntohs(ip->id);
	p->frag_len = p->ip_len - ip->ihl * 4;
	p->flags |= p->frag_off ? PKT_FRAG_LATER : PKT_FRAG_FIRST;
	if (!(frag & IP4_MORE))
		p->flags |= PKT_FRAG_LAST;
}

static __always_inline enum sek_verdict parse_ip4(struct frame_ctx *ctx, struct packet *p)
{
	const struct iphdr *ip;
	__u32 head, len;

	frame_reach(ctx, p->l3 + sizeof(*ip));
	ip = frame_at(ctx, p->l3, sizeof(*ip));
	if (!ip)
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	if (ip->version != 4)
		return packet_end(p, SEK_R_ip_version, SEK_DROP);
	if (ip->ihl < 5)
		return packet_end(p, SEK_R_ip_header_len, SEK_DROP);
	head = ip->ihl * 4;
	if (head > sizeof(*ip)) {
		frame_reach(ctx, p->l3 + head);
		ip = frame_at(ctx, p->l3, sizeof(*ip));
	}
	if (!ip || !frame_at(ctx, p->l3 + head - 1, 1))
		return packet_end(p, SEK_R_short_frame, SEK_DROP);
	len = bpf_ntohs(ip->tot_len);
	if (len < head || !frame_holds(ctx, p, p->l3 + len))
		return packet_end(p, SEK_R_ip_total_len, SEK_DROP);
	if (ip4_sum(ctx, ip, p->l3, ip->ihl) != 0xffff)
		return packet_end(p, SEK_R_ip_checksum, SEK_DROP);
	ip4_fields(p, ip);
	if (head == sizeof(*ip))
		return SEK_NEXT;
	return parse_ip4_options(ctx, p, p->l3 + sizeof(*ip), p->l3 + head);
}

#endif
