/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One packet as the stages see it: values and offsets, never pointers into the frame.
 * parse/ fills it, the stages read it and write their own part, report/finish.h ends it.
 * Addresses are v4-mapped, ports in network byte order, everything else in host byte order.
 */
#ifndef BPF_CORE_PACKET_H
#define BPF_CORE_PACKET_H

#include "core/flavour.h"
#include "sekisho/verdict.h"
#include "sekisho/limits.h"

#define PKT_FRAG_FIRST 0x01 /* offset 0, more to come */
#define PKT_FRAG_LATER 0x02 /* offset > 0: no transport header here */
#define PKT_FRAG_LAST 0x04 /* no more to come */
#define PKT_ICMP_ERROR 0x08 /* quotes another packet; addresses and ports below "quote" are its */
#define PKT_TCP 0x10 /* the tcp part is filled */
#define PKT_REPLY 0x20 /* goes against the direction in which its flow was opened */
#define PKT_ECN 0x40 /* ECN-capable transport */
#define PKT_LINK 0x80 /* to 01:80:c2:00:00:0x, reserved by IEEE 802.1Q; x is in link */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_OPTIONS_MAX 40 /* bytes */

#define LEADS_KNOWN 1 /* a worker has seen whatever came before it, where the tenant inspects */
#define LEADS_BLIND 2 /* it has not */

struct packet {
	/* set at the door */
	__u64 now_ns;
	__u32 generation;
	__u32 slot; /* generation & 1: inner maps to use throughout */
	__u32 list_epoch;
	__u32 frame_len; /* bytes, all buffers; packet_wire_len() is what is counted */
	__u16 port; /* sekisho port of arrival */
	__u16 port_flags; /* SEK_PORT_* */
	__u16 peer; /* bridge peer */

	/* parse/ */
	__u16 vlan; /* innermost VID, 0 untagged */
	__u16 outer; /* QinQ: outer VID, else 0 */
	__u16 ethertype; /* after tags, host byte order */
	__u16 l3; /* offset of the IP header */
	__u16 l4; /* offset of the transport header */
	__u16 payload; /* offset of what the transport carries */
	__u16 ip_len; /* bytes, IP header included */
	__u16 payload_len; /* bytes above the transport header */
	__u8 family; /* 4, 6; 0 no IP */
	__u8 proto; /* IPPROTO_* after extension headers */
	__u8 ttl;
	__u8 flags; /* PKT_* */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tags; /* VLAN tags: 0, 1, 2 */
	__be16 sport, dport; /* ICMP echo: the id in both */
	struct sek_addr src, dst;
	__u32 seq, ack;
	__u16 win;
	__u16 frag_off; /* units of 8 bytes */
	__u32 frag_id;
	__u16 frag_len; /* bytes of this piece */

	/* hints to its flow: see core/flowtable.h */
	__u32 hash;
	__u32 guess;

	/* stages */
	__u16 tenant;
	__u8 dir; /* enum sek_dir of this packet */
	__u8 reason; /* enum sek_reason */
	__u16 rule; /* SEK_NO_RULE */
	__u16 list; /* SEK_NO_LIST */
	__u8 action; /* enum sek_action of the rule */
	__u8 rule_flags;
	__u8 cause; /* enum sek_cause + 1 of an event to write; 0 none */
	__u8 state; /* enum sek_flow_state, for events */
	__u16 out_port;
	__u8 link; /* PKT_LINK: last digit of the link-layer address */
	__u8 leads; /* first piece of a datagram, whose verdict the others wait for: LEADS_* */
	__u8 cookie; /* 1: acknowledges a SYN cookie */
	__u8 inspect; /* 1: its flow is to be inspected; number is the flow's */
	__u8 step; /* enum sek_step, where the walk goes on; 0: in this program */
	__u8 worker; /* SEK_TO_WORKER: which one */
	__u32 number; /* of the flow's entry, where a step needs it, or inspection */
	struct frame_shape shape; /* parse/; read by the functions below */
};

/* Tags between the link addresses and the IP header. */
static __always_inline __u32 packet_tags_inside(const struct packet *p)
{
	return p->tags - frame_beside(&p->shape);
}

/* --- in frames as the wire has them, which may be many of what is one packet here --- */

static __always_inline __u32 packet_frames(const struct packet *p)
{
	return 1 + frame_more(&p->shape);
}

/* Bytes of all of them. */
static __always_inline __u32 packet_wire_len(const struct packet *p)
{
	return frame_wire_len(&p->shape, p->frame_len);
}

/* Bytes of their IP packets. */
static __always_inline __u32 packet_ip_bytes(const struct packet *p)
{
	return p->ip_len + frame_more(&p->shape) * (frame_more_head(&p->shape) - p->l3);
}

/* Bytes of the longest of these IP packets. */
static __always_inline __u32 packet_ip_longest(const struct packet *p)
{
	return frame_more(&p->shape)
		       ? frame_more_head(&p->shape) - p->l3 + frame_more_size(&p->shape)
		       : p->ip_len;
}

/* Ends a packet: sets why and answers what. Used as: return packet_end(p, SEK_R_land, SEK_DROP). */
static __always_inline enum sek_verdict packet_end(struct packet *p, enum sek_reason reason,
						   enum sek_verdict verdict)
{
	p->reason = reason;
	return verdict;
}

#endif
