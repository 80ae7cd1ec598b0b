/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns a refused packet into the answer to its sender, in the same frame, to go back out where it
 * came in. Called by the stages that refuse. Each promises: SEK_ANSWER and a whole, checksummed
 * frame; or SEK_DROP when no answer may be sent (RFC 1122, 3.2.2; RFC 4443, 2.4 e) and the frame
 * is as it was; or SEK_DROP when the frame cannot be rewritten; or SEK_DROP with the packet's reason changed
 * to SEK_R_answer_rate, when its sender's like were told enough (rewrite/answer_rate.h).
 * The answer speaks with the address that the packet was for: a bridge has none of its own.
 */
#ifndef BPF_REWRITE_ANSWER_H
#define BPF_REWRITE_ANSWER_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "parse/cursor.h"
#include "parse/icmp.h"
#include "rewrite/answer_rate.h"
#include "rewrite/csum.h"

#define ANSWER_TTL 64
#define ANSWER_QUOTE4 (576 - 28) /* RFC 1812, 4.3.2.3 */
#define ANSWER_QUOTE6 (1280 - 48) /* RFC 4443, 2.4 c */
#define IP_DF 0x4000

/* The frame's link header, for the way back or on, kept while the frame is moved under it. */
struct answer_link {
	__u8 mac[12]; /* destination, source */
	__be32 tag[2];
	__be16 type;
} __attribute__((packed));

/* An answer to a group, to nobody or to a piece would multiply or mislead. */
static __always_inline bool answer_may(struct frame_ctx *ctx, const struct packet *p)
{
	const __u8 *mac = frame_at(ctx, 0, 1);

	if (!mac || mac[0] & 1 || !p->family)
		return false;
	if (p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER | PKT_ICMP_ERROR))
		return false;
	if (addr_is_group(&p->src, p->family) || addr_is_group(&p->dst, p->family))
		return false;
	return p->family == 4 ? p->src.w[3] : p->src.q[0] || p->src.q[1];
}

static __always_inline bool answer_link_read(struct frame_ctx *ctx, struct answer_link *link,
					     bool back)
{
	const struct ethhdr *eth = frame_at(ctx, 0, ETH_HLEN);
	const __be32 *tag;

	if (!eth)
		return false;
	__builtin_memcpy(link->mac, back ? eth->h_source : eth->h_dest, ETH_ALEN);
	__builtin_memcpy(link->mac + ETH_ALEN, back ? eth->h_dest : eth->h_source, ETH_ALEN);
	for (__u32 i = 0; i < 2; i++) {
		tag = frame_at(ctx, 2 * ETH_ALEN + i * FRAME_TAG_LEN, FRAME_TAG_LEN);
		if (!tag)
			return false;
		link->tag[i] = *tag;
	}
	return true;
}

static __always_inline bool answer_link_write(struct frame_ctx *ctx, const struct packet *p,
					      const struct answer_link *link)
{
	void *eth = frame_at(ctx, 0, ETH_HLEN + 2 * FRAME_TAG_LEN);
	__u32 tags = packet_tags_inside(p);
	__be16 type = bpf_htons(p->ethertype);

	if (!eth)
		return false;
	__builtin_memcpy(eth, link->mac, 2 * ETH_ALEN);
	eth += 2 * ETH_ALEN;
	if (tags > 0) {
		__builtin_memcpy(eth, &link->tag[0], FRAME_TAG_LEN);
		eth += FRAME_TAG_LEN;
	}
	if (tags > 1) {
		__builtin_memcpy(eth, &link->tag[1], FRAME_TAG_LEN);
		eth += FRAME_TAG_LEN;
	}
	__builtin_memcpy(eth, &type, sizeof(type));
	return true;
}

/*
 * An IP header of its own for len bytes above it: back from the packet's destination to its source,
 * or on from its source.
 */
static __always_inline bool answer_ip(struct frame_ctx *ctx, const struct packet *p, __u8 proto,
				      __u16 len, bool back)
{
	if (p->family == 4) {
		struct iphdr *ip = frame_at(ctx, p->l3, sizeof(*ip));

		if (!ip)
			return false;
		*ip = (struct iphdr){
			.version = 4,
			.ihl = 5,
			.tot_len = bpf_htons(sizeof(*ip) + len),
			.frag_off = bpf_htons(IP_DF),
			.ttl = back ? ANSWER_TTL : p->ttl,
			.protocol = proto,
			.saddr = back ? p->dst.w[3] : p->src.w[3],
			.daddr = back ? p->src.w[3] : p->dst.w[3],
		};
		ip->check = ~csum_fold(csum_words((__be32 *)ip, sizeof(*ip) / 4));
	} else {
		struct ipv6hdr *ip = frame_at(ctx, p->l3, sizeof(*ip));

		if (!ip)
			return false;
		ip->version = 6;
		ip->priority = 0;
		__builtin_memset(ip->flow_lbl, 0, sizeof(ip->flow_lbl));
		ip->payload_len = bpf_htons(len);
		ip->nexthdr = proto;
		ip->hop_limit = back ? ANSWER_TTL : p->ttl;
		__builtin_memcpy(&ip->saddr, back ? &p->dst : &p->src, sizeof(ip->saddr));
		__builtin_memcpy(&ip->daddr, back ? &p->src : &p->dst, sizeof(ip->daddr));
	}
	return true;
}

static __always_inline __u64 answer_pseudo(const struct packet *p, __u8 proto, __u16 len)
{
	return csum_addr(&p->src, p->family) + csum_addr(&p->dst, p->family) + bpf_htonl(len) +
	       bpf_htonl(proto);
}

static __always_inline __u32 ip_header_len(const struct packet *p)
{
	return p->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

/* RST by RFC 9293, 3.10.7.1, with sequence numbers that the sender must accept. */
static __always_inline bool answer_tcp(struct frame_ctx *ctx, const struct packet *p)
{
	struct tcphdr *tcp = frame_at(ctx, p->l3 + ip_header_len(p), sizeof(*tcp));
	__u64 sum = answer_pseudo(p, IPPROTO_TCP, sizeof(*tcp));
	__u32 len = p->payload_len + !!(p->tcp_flags & TCP_SYN) + !!(p->tcp_flags & TCP_FIN);

	if (!tcp)
		return false;
	*tcp = (struct tcphdr){
		.source = p->dport,
		.dest = p->sport,
		.doff = sizeof(*tcp) / 4,
		.rst = 1,
	};
	if (p->tcp_flags & TCP_ACK) {
		tcp->seq = bpf_htonl(p->ack);
	} else {
		tcp->ack = 1;
		tcp->ack_seq = bpf_htonl(p->seq + len);
	}
	/* The device that sends adds the rest where it would have for the packet. */
	if (frame_sum_open(ctx))
		tcp->check = csum_fold(sum);
	else
		tcp->check = ~csum_fold(sum + csum_words((__be32 *)tcp, sizeof(*tcp) / 4));
	return true;
}

/* It may be answered, and its sender's like were not told too often of late. */
static __always_inline bool answer_is_due(struct frame_ctx *ctx, struct packet *p)
{
	if (!answer_may(ctx, p))
		return false;
	if (answer_fits(p))
		return true;
	p->reason = SEK_R_answer_rate;
	return false;
}

/* Answers a TCP segment by a reset. Never answers a reset. */
__noinline enum sek_verdict answer_reset(struct frame_ctx *ctx, struct packet *p)
{
	struct answer_link link = {};
	__u32 len;

	if (!p || !(p->flags & PKT_TCP) || p->tcp_flags & TCP_RST || !answer_is_due(ctx, p))
		return SEK_DROP;
	len = p->l3 + ip_header_len(p) + sizeof(struct tcphdr);
	if (len > p->frame_len || !answer_link_read(ctx, &link, true))
		return SEK_DROP;
	if (frame_cut(ctx, p->frame_len, len))
		return SEK_DROP;
	if (!answer_link_write(ctx, p, &link) ||
	    !answer_ip(ctx, p, IPPROTO_TCP, sizeof(struct tcphdr), true) || !answer_tcp(ctx, p))
		return SEK_DROP;
	return SEK_ANSWER;
}

/* The sum of quote bytes at off, a multiple of 4. A function of its own for its many turns. */
__noinline __u64 answer_quote_sum(struct frame_ctx *ctx, __u32 off, __u32 quote)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < ANSWER_QUOTE6 / 4; i++) {
		const __be32 *word = frame_at(ctx, off + i * 4, sizeof(*word));

		if (i * 4 >= quote || !word)
			break;
		sum += *word;
	}
	return sum;
}

/*
 * The sum of a quote whose transport sum the sending device will make: it adds up everything from
 * the transport header on and puts the complement in place of what stands there, so what is there
 * then adds up to the complement of that.
 */
static __always_inline bool answer_open_sum(struct frame_ctx *ctx, const struct packet *p,
					    __u32 off, __u64 *ret_sum)
{
	__u32 head = p->l4 - p->l3;
	__be16 *open;

	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return false;
	*ret_sum = answer_quote_sum(ctx, off, head);
	off += head + (p->proto == IPPROTO_TCP ? offsetof(struct tcphdr, check)
					       : offsetof(struct udphdr, check));
	open = frame_at(ctx, off, sizeof(*open));
	if (!open)
		return false;
	*ret_sum += (__u16) ~*open;
	return true;
}

static __always_inline bool answer_icmp(struct frame_ctx *ctx, const struct packet *p, __u8 code,
					__u32 quote)
{
	__u32 off = p->l3 + ip_header_len(p);
	struct icmp_head *icmp;
	__u64 sum;

	if (!frame_sum_open(ctx))
		sum = answer_quote_sum(ctx, off + sizeof(*icmp), quote);
	else if (!answer_open_sum(ctx, p, off + sizeof(*icmp), &sum))
		return false;
	icmp = frame_at(ctx, off, sizeof(*icmp));
	if (!icmp)
		return false;
	*icmp = (struct icmp_head){
		.type = p->family == 4 ? ICMP_DEST_UNREACH : ICMP6_DEST_UNREACH,
		.code = code,
	};
	sum += csum_words((__be32 *)icmp, sizeof(*icmp) / 4);
	if (p->family != 4)
		sum += answer_pseudo(p, IPPROTO_ICMPV6, sizeof(*icmp) + quote);
	icmp->check = ~csum_fold(sum);
	return true;
}

/*
 * Answers by ICMP destination unreachable of this code (IPv4) or that (IPv6). The frame grows in
 * front by the new headers, so what it quotes stays where it is; whole words are quoted.
 */
__noinline enum sek_verdict answer_unreachable(struct frame_ctx *ctx, struct packet *p, __u8 code4,
					       __u8 code6)
{
	struct answer_link link = {};
	__u32 head, quote, linear;

	if (!p || !answer_is_due(ctx, p))
		return SEK_DROP;
	head = ip_header_len(p) + sizeof(struct icmp_head);
	quote = p->family == 4 ? ANSWER_QUOTE4 : ANSWER_QUOTE6;
	frame_reach(ctx, p->l3 + quote);
	linear = frame_end(ctx) - frame_data(ctx);
	if (linear < p->l3 || !answer_link_read(ctx, &link, true))
		return SEK_DROP;
	if (quote > p->ip_len)
		quote = p->ip_len;
	if (quote > linear - p->l3)
		quote = linear - p->l3;
	quote &= ~3U;
	if (frame_cut(ctx, p->frame_len, p->l3 + quote) || frame_grow(ctx, head))
		return SEK_DROP;
	if (!answer_link_write(ctx, p, &link) ||
	    !answer_ip(ctx, p, p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		       sizeof(struct icmp_head) + quote, true) ||
	    !answer_icmp(ctx, p, p->family == 4 ? code4 : code6, quote))
		return SEK_DROP;
	return SEK_ANSWER;
}

/* What a rule that rejects owes the sender: a reset, or "administratively prohibited". */
static __always_inline enum sek_verdict answer_reject(struct frame_ctx *ctx, struct packet *p)
{
	if (p->flags & PKT_TCP)
		return answer_reset(ctx, p);
	return answer_unreachable(ctx, p, ICMP_PROHIBITED, ICMP6_PROHIBITED);
}

#endif
