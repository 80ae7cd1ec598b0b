/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns a DNS question into its answer, in the same frame, to go back out where it came in; or another's
 * answer into ours, which goes on in its place. Called by the stage that has found the name. Promises
 * SEK_ANSWER, or SEK_NEXT for what goes on, and a whole, checksummed frame; or SEK_DROP, when no answer may
 * be sent or the frame cannot be rewritten.
 * The answer is made of the question's own bytes, whose letters keep their case (0x20). It has no
 * authority record, so nobody keeps a refusal longer than he asks for it. What a question asks by
 * EDNS (RFC 6891) is answered so, with the reason (RFC 8914), if OPT is its only further record;
 * cookies (RFC 7873) are not answered.
 */
#ifndef BPF_REWRITE_ANSWER_DNS_H
#define BPF_REWRITE_ANSWER_DNS_H

#include "parse/dns_record.h"
#include "rewrite/answer.h"
#include "sekisho/name.h"

#define DNS_TC 0x02
#define DNS_RD 0x01
#define DNS_RA 0x80 /* second byte of flags */
#define DNS_CD 0x10
#define DNS_FORMAT_ERROR 1
#define DNS_NXDOMAIN 3

#define DNS_TO_QUESTION 0xc00c /* a name: see the one behind the head */

#define DNS_UDP_SIZE 1232 /* that we would take, if anybody sent us anything */
#define DNS_EDE 15 /* RFC 8914 */
#define DNS_EDE_FORGED 4
#define DNS_EDE_BLOCKED 15

struct dns_opt {
	__u8 name; /* the root */
	__be16 type, size;
	__u8 rcode, version;
	__u8 flags[2]; /* DO, and nothing else yet */
	__be16 len;
} __attribute__((packed));
SEK_LAYOUT(struct dns_opt, 11);

struct dns_ede {
	__be16 code, len, info;
} __attribute__((packed));
SEK_LAYOUT(struct dns_ede, 6);

/* How a question is answered. Its message begins at packet.payload, its name behind the head. */
struct dns_reply {
	struct sek_addr ip6; /* SEK_NAME_HAS6: for AAAA */
	__be32 ip4; /* SEK_NAME_HAS4: for A */
	__u32 ttl_s;
	__u16 name_len; /* bytes in the frame, the last 0 included; 0: the answer is a head alone */
	__u8 has; /* SEK_NAME_HAS*, of SINKHOLE and LOCAL */
	__u8 how; /* enum sek_name_how: one that answers */
	__u32 on; /* 1: in place of the packet, which is an answer; 0: back to who asked by it */
};

/* Where an answer is made: a message, and what it may grow by. */
#define DNS_ROOM 512 /* a power of two */
struct dns_room {
	__u8 bytes[DNS_ROOM + 64];
	__u32 len;
	__u32 type; /* of the question */
	__u32 opt; /* the question has OPT */
	__u8 flags[2]; /* of that */
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_room);
} sek_dns_room SEC(".maps");

static __always_inline struct dns_room *dns_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_dns_room, &zero);
}

/* The place behind what is there, for so many bytes more. */
static __always_inline void *dns_more(struct dns_room *room, __u32 bytes)
{
	__u32 at = READ_ONCE(room->len);

	WRITE_ONCE(room->len, at + bytes);
	barrier_var(at);
	return room->bytes + (at & (DNS_ROOM - 1));
}

/* The head alone into the room. */
static __always_inline bool dns_head_only(struct frame_ctx *ctx, const struct packet *p,
					  struct dns_room *room)
{
	room->len = sizeof(struct dns_head);
	room->opt = 0;
	room->type = 0;
	return p->payload_len >= sizeof(struct dns_head) &&
	       !frame_load(ctx, p->payload, room->bytes, sizeof(struct dns_head));
}

/* Head and question into the room. */
static __always_inline bool dns_question(struct frame_ctx *ctx, const struct packet *p,
					 __u32 name_len, struct dns_room *room)
{
	const struct dns_opt *opt;
	const __be16 *type;
	__u32 len;

	if (!name_len || name_len > DNS_NAME_MAX)
		return false;
	len = sizeof(struct dns_head) + name_len + DNS_FIXED;
	barrier_var(len);
	len &= DNS_ROOM - 1;
	if (len < sizeof(struct dns_head) || len > p->payload_len)
		return false;
	if (frame_load(ctx, p->payload, room->bytes, len))
		return false;
	room->len = len;
	room->opt = 0;
	type = frame_at(ctx, p->payload + len - DNS_FIXED, sizeof(*type));
	if (!type)
		return false;
	room->type = bpf_ntohs(*type);
	opt = frame_at(ctx, p->payload + len, sizeof(*opt));
	if (opt && len + sizeof(*opt) <= p->payload_len && !opt->name &&
	    opt->type == bpf_htons(DNS_OPT)) {
		room->opt = 1;
		room->flags[0] = opt->flags[0];
	}
	return true;
}

/* The address of the reply's for what was asked: 1 if there is one. */
static __always_inline __u32 dns_address(const struct dns_reply *reply, struct dns_room *room)
{
	bool four = room->type == DNS_A && reply->has & SEK_NAME_HAS4;
	bool six = room->type == DNS_AAAA && reply->has & SEK_NAME_HAS6;
	struct dns_record *record;

	if (reply->how != SEK_NAME_SINKHOLE && reply->how != SEK_NAME_LOCAL)
		return 0;
	if (!four && !six)
		return 0;
	record = dns_more(room, sizeof(*record));
	*record = (struct dns_record){
		.name = bpf_htons(DNS_TO_QUESTION),
		.type = bpf_htons(four ? DNS_A : DNS_AAAA),
		.class = bpf_htons(1),
		.ttl = bpf_htonl(reply->ttl_s),
		.len = bpf_htons(four ? sizeof(reply->ip4) : sizeof(reply->ip6)),
	};
	if (four)
		__builtin_memcpy(dns_more(room, sizeof(reply->ip4)), &reply->ip4, sizeof(reply->ip4));
	else
		__builtin_memcpy(dns_more(room, sizeof(reply->ip6)), &reply->ip6, sizeof(reply->ip6));
	return 1;
}

/* The code of RFC 8914 that tells why; 0: nothing is to be told. */
static __always_inline __u32 dns_why(const struct dns_reply *reply, bool answered)
{
	if (reply->how == SEK_NAME_LOCAL || reply->how == SEK_NAME_TCP)
		return 0;
	return answered ? DNS_EDE_FORGED : DNS_EDE_BLOCKED;
}

/* DO is copied (RFC 3225, 3). */
static __always_inline void dns_opt(struct dns_room *room, __u32 why)
{
	struct dns_opt *opt = dns_more(room, sizeof(*opt));
	struct dns_ede *ede;

	*opt = (struct dns_opt){
		.type = bpf_htons(DNS_OPT),
		.size = bpf_htons(DNS_UDP_SIZE),
		.flags = { room->flags[0] & 0x80 },
		.len = bpf_htons(why ? sizeof(*ede) : 0),
	};
	if (!why)
		return;
	ede = dns_more(room, sizeof(*ede));
	*ede = (struct dns_ede){
		.code = bpf_htons(DNS_EDE),
		.len = bpf_htons(sizeof(ede->info)),
		.info = bpf_htons(why),
	};
}

/* The whole message, from its question on. false: it was none. */
static __always_inline bool dns_message(const struct dns_reply *reply, struct dns_room *room)
{
	struct dns_head *head = (void *)room->bytes;
	__u32 answers;

	if (!!(head->flags[0] & DNS_QR) != reply->on)
		return false;
	answers = dns_address(reply, room);
	if (room->opt)
		dns_opt(room, dns_why(reply, answers));
	head->flags[0] = DNS_QR | (head->flags[0] & (DNS_OPCODE | DNS_RD)) |
			 (reply->how == SEK_NAME_TCP ? DNS_TC : 0);
	head->flags[1] = DNS_RA | (head->flags[1] & DNS_CD);
	if (reply->how == SEK_NAME_NXDOMAIN || reply->how == SEK_NAME_CANARY)
		head->flags[1] |= DNS_NXDOMAIN;
	if (reply->how == SEK_NAME_FORMERR)
		head->flags[1] |= DNS_FORMAT_ERROR;
	head->cnt[0] = bpf_htons(reply->name_len ? 1 : 0);
	head->cnt[1] = bpf_htons(answers);
	head->cnt[2] = 0;
	head->cnt[3] = bpf_htons(room->opt);
	return true;
}

/* The header in front of len bytes in the room. IPv4 without a sum stays so. */
static __always_inline bool dns_udp(struct frame_ctx *ctx, const struct packet *p, bool summed,
				    struct dns_room *room, __u32 len, bool on)
{
	struct udphdr *udp = frame_at(ctx, p->l3 + ip_header_len(p), sizeof(*udp));
	__u64 sum = answer_pseudo(p, IPPROTO_UDP, sizeof(*udp) + len);

	if (!udp)
		return false;
	*udp = (struct udphdr){
		.source = on ? p->sport : p->dport,
		.dest = on ? p->dport : p->sport,
		.len = bpf_htons(sizeof(*udp) + len),
	};
	/* The device that sends adds the rest where it would have for the question. */
	if (frame_sum_open(ctx)) {
		udp->check = csum_fold(sum);
	} else if (summed) {
		sum += csum_words((__be32 *)udp, sizeof(*udp) / 4);
		*(__u32 *)dns_more(room, sizeof(__u32)) = 0;
		sum += (__u32)bpf_csum_diff(NULL, 0, (void *)room->bytes, (len + 3) & ~3U, 0);
		udp->check = ~csum_fold(sum);
		if (!udp->check)
			udp->check = 0xffff;
	}
	return true;
}

/* What a packet that goes on is from now on. */
static __always_inline void dns_note(struct packet *p, __u32 len)
{
	p->l4 = p->l3 + ip_header_len(p);
	p->payload = p->l4 + sizeof(struct udphdr);
	p->payload_len = len;
	p->ip_len = p->payload + len - p->l3;
	p->frame_len = p->l3 + p->ip_len;
	p->flags &= ~PKT_ECN;
}

/* Writes the room's message in place of the packet in the frame. */
static __always_inline bool dns_write(struct frame_ctx *ctx, struct packet *p,
				      struct dns_room *room, bool on)
{
	__u32 off = p->l3 + ip_header_len(p), len = READ_ONCE(room->len), last;
	const struct udphdr *udp = frame_at(ctx, p->l4, sizeof(*udp));
	struct answer_link link = {};
	bool summed;

	barrier_var(len);
	len &= DNS_ROOM - 1;
	if (!udp || len < sizeof(struct dns_head) || !answer_link_read(ctx, &link, !on))
		return false;
	summed = p->family != 4 || udp->check;
	if (frame_resize(ctx, p->frame_len, off + sizeof(*udp) + len))
		return false;
	last = len - 1; /* 6.1 learns nothing from the check above, but knows this plus 1 */
	barrier_var(last);
	last &= DNS_ROOM - 1;
	if (!answer_link_write(ctx, p, &link) ||
	    !answer_ip(ctx, p, IPPROTO_UDP, sizeof(*udp) + len, !on) ||
	    !dns_udp(ctx, p, summed, room, len, on) ||
	    frame_store(ctx, off + sizeof(*udp), room->bytes, last + 1))
		return false;
	if (on)
		dns_note(p, len);
	return true;
}

__noinline enum sek_verdict answer_dns(struct frame_ctx *ctx, struct packet *p,
				       const struct dns_reply *reply)
{
	struct dns_room *room = dns_room();
	bool read;

	if (!p || !reply || !room)
		return SEK_BUG;
	if (reply->how == SEK_NAME_SILENCE || p->proto != IPPROTO_UDP || !answer_may(ctx, p))
		return SEK_DROP;
	read = reply->name_len ? dns_question(ctx, p, reply->name_len, room)
			       : dns_head_only(ctx, p, room);
	if (!read || !dns_message(reply, room))
		return SEK_DROP;
	if (!dns_write(ctx, p, room, reply->on))
		return SEK_DROP;
	return reply->on ? SEK_NEXT : SEK_ANSWER;
}

#endif
