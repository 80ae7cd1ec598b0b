/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames for the tests of the kernel program, described by what matters and built with right
 * lengths and sums; `bend` then breaks what a row wants broken. Knows nothing of sekisho.
 */
#ifndef TESTS_BPF_PACKET_H
#define TESTS_BPF_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 66000

struct frame {
	size_t len;
	size_t l3, l4; /* offsets; 0: there is none */
	uint8_t b[FRAME_MAX];
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

/* An IPv6 extension header, written as it stands but for its first byte (next header). */
struct pkt_ext {
	uint8_t type;
	uint8_t len; /* of bytes, the first (next header) included; 0 ends the chain */
	uint8_t bytes[72];
};

/* Zero means the usual: TTL 64, window 65535, no tags, no options, sums and lengths right. */
struct pkt {
	const char *src, *dst; /* the family follows from src */
	uint16_t vlan; /* innermost tag; 0: none */
	uint16_t outer; /* above it; 0: none */
	uint16_t outer_type; /* 0: 0x88a8 */
	uint16_t third; /* above both */
	uint16_t ethertype; /* 0: by family */
	const uint8_t *eth_dst, *eth_src;
	uint8_t proto; /* IPPROTO_* */
	uint16_t sport, dport;
	uint8_t flags; /* TCP_* */
	uint32_t seq, ack;
	uint16_t win;
	int scale; /* > 0: window scale option of this shift - 1 */
	const uint8_t *tcp_options;
	size_t tcp_options_len; /* a multiple of 4; with scale 0 */
	uint8_t type, code; /* ICMP */
	uint16_t id, icmp_seq; /* ICMP echo */
	uint32_t rest; /* ICMP, bytes 4..7 as a number, when no echo (MTU, pointer) */
	const struct pkt *quoted; /* an ICMP error's packet */
	size_t quoted_len; /* bytes of it; 0: 28 (IPv4) or 48 (IPv6) */
	int ttl; /* 0: 64; TTL_ZERO: 0 */
	uint8_t tos;
	uint32_t ip_id;
	const uint8_t *options; /* IPv4 */
	size_t options_len; /* a multiple of 4 */
	struct pkt_ext ext[4]; /* IPv6 */
	const uint8_t *payload;
	size_t payload_len; /* payload NULL: so many bytes of a pattern */
	size_t trailer; /* bytes after the datagram */
	/* A piece of the datagram: bytes from..from + piece of what is above the IP header; piece 0: whole. */
	size_t from, piece;
	bool df;
	uint8_t bad_l4_sum;
	void (*bend)(struct frame *frame);
};
#define TTL_ZERO (-1)

/* Builds the frame; stops the test program when the description cannot be built. */
void pkt_build(const struct pkt *pkt, struct frame *ret_frame);

/* Puts right the sum of the IPv4 header at frame->l3, after a test has bent it. */
void frame_ip_sum(struct frame *frame);
/* Is it right? */
bool frame_ip_sum_right(const struct frame *frame, size_t l3);
/* Are the sums of TCP, UDP or ICMP right? The frame has an unfragmented IP packet without extension headers at l3. */
bool frame_l4_sum_right(const struct frame *frame, size_t l3);

uint16_t frame_get16(const struct frame *frame, size_t at);
void frame_put16(struct frame *frame, size_t at, uint16_t value);
uint32_t frame_get32(const struct frame *frame, size_t at);

#endif
