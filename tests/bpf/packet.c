// SPDX-License-Identifier: Apache-2.0
/*
 * Builds frames from struct pkt. Called by the rows in tests/bpf and tests/fuzz.
 * Promises right lengths and sums before `bend`; all sums are computed over the whole bytes, never
 * incrementally, so that they can check those that the gateway computes incrementally.
 */
#include "bpf/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETHER_IP4 0x0800
#define ETHER_IP6 0x86dd
#define ETHER_VLAN 0x8100
#define ETHER_QINQ 0x88a8

uint16_t frame_get16(const struct frame *f, size_t at)
{
	return (uint16_t)(f->b[at] << 8 | f->b[at + 1]);
}

void frame_put16(struct frame *f, size_t at, uint16_t value)
{
	f->b[at] = (uint8_t)(value >> 8);
	f->b[at + 1] = (uint8_t)value;
}

uint32_t frame_get32(const struct frame *f, size_t at)
{
	return (uint32_t)frame_get16(f, at) << 16 | frame_get16(f, at + 2);
}

static void put32(struct frame *f, size_t at, uint32_t value)
{
	frame_put16(f, at, (uint16_t)(value >> 16));
	frame_put16(f, at + 2, (uint16_t)value);
}

static void append(struct frame *f, const void *bytes, size_t len)
{
	if (f->len + len > sizeof(f->b)) {
		fprintf(stderr, "a test describes a frame of more than %d bytes\n", FRAME_MAX);
		abort();
	}
	if (bytes)
		memcpy(f->b + f->len, bytes, len);
	else
		memset(f->b + f->len, 0, len);
	f->len += len;
}

static void append16(struct frame *f, uint16_t value)
{
	append(f, NULL, 2);
	frame_put16(f, f->len - 2, value);
}

/* RFC 1071 */
static uint32_t sum_add(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void frame_ip_sum(struct frame *f)
{
	size_t len = (f->b[f->l3] & 0xf) * 4u;

	frame_put16(f, f->l3 + 10, 0);
	frame_put16(f, f->l3 + 10, (uint16_t)~sum_add(0, f->b + f->l3, len));
}

bool frame_ip_sum_right(const struct frame *f, size_t l3)
{
	return sum_add(0, f->b + l3, (f->b[l3] & 0xf) * 4u) == 0xffff;
}

static uint32_t pseudo_sum(const uint8_t *ip, uint8_t proto, size_t len)
{
	uint8_t tail[4] = { 0, proto, (uint8_t)(len >> 8), (uint8_t)len };
	bool four = ip[0] >> 4 == 4;
	uint32_t sum = 0;

	if (proto == IPPROTO_ICMP)
		return 0;
	sum = sum_add(sum, four ? ip + 12 : ip + 8, four ? 8 : 32);
	return sum_add(sum, tail, sizeof(tail));
}

bool frame_l4_sum_right(const struct frame *f, size_t l3)
{
	bool four = f->b[l3] >> 4 == 4;
	size_t head = four ? (f->b[l3] & 0xf) * 4u : 40;
	size_t len = four ? frame_get16(f, l3 + 2) - head : frame_get16(f, l3 + 4);
	uint8_t proto = four ? f->b[l3 + 9] : f->b[l3 + 6];

	if (l3 + head + len > f->len)
		return false;
	return sum_add(pseudo_sum(f->b + l3, proto, len), f->b + l3 + head, len) == 0xffff;
}

static void build_tcp(const struct pkt *p, struct frame *f)
{
	size_t at = f->len, head = p->scale > 0 ? 24 : 20 + p->tcp_options_len;
	const uint8_t scale[4] = { 1, 3, 3, (uint8_t)(p->scale - 1) };

	append(f, NULL, 20);
	frame_put16(f, at, p->sport);
	frame_put16(f, at + 2, p->dport);
	put32(f, at + 4, p->seq);
	put32(f, at + 8, p->ack);
	f->b[at + 12] = (uint8_t)(head / 4 << 4);
	f->b[at + 13] = p->flags;
	frame_put16(f, at + 14, p->win ? p->win : 65535);
	if (p->scale > 0)
		append(f, scale, 4);
	append(f, p->tcp_options, p->tcp_options_len);
}

static void build_quote(const struct pkt *p, struct frame *f)
{
	struct frame *inner = malloc(sizeof(*inner));
	size_t len;

	if (!inner)
		abort();
	pkt_build(p->quoted, inner);
	len = p->quoted_len ? p->quoted_len : inner->b[inner->l3] >> 4 == 4 ? 28 : 48;
	if (len > inner->len - inner->l3)
		len = inner->len - inner->l3;
	append(f, inner->b + inner->l3, len);
	free(inner);
}

static void build_icmp(const struct pkt *p, struct frame *f)
{
	size_t at = f->len;
	bool echo = p->type == 8 || p->type == 0 || p->type == 128 || p->type == 129;

	append(f, NULL, 8);
	f->b[at] = p->type;
	f->b[at + 1] = p->code;
	if (echo && !p->rest) {
		frame_put16(f, at + 4, p->id);
		frame_put16(f, at + 6, p->icmp_seq);
	} else {
		put32(f, at + 4, p->rest);
	}
	if (p->quoted)
		build_quote(p, f);
}

static void build_payload(const struct pkt *p, struct frame *f)
{
	size_t at = f->len;

	append(f, p->payload, p->payload_len);
	for (size_t i = 0; !p->payload && i < p->payload_len; i++)
		f->b[at + i] = (uint8_t)(i * 7 + 1);
}

/* Transport header, payload and their sum; ip points at the header that the sum covers. */
static void build_transport(const struct pkt *p, struct frame *f, const uint8_t *ip)
{
	size_t at = f->len, sum_at;

	switch (p->proto) {
	case IPPROTO_TCP:
		build_tcp(p, f);
		sum_at = 16;
		break;
	case IPPROTO_UDP:
		append(f, NULL, 8);
		frame_put16(f, at, p->sport);
		frame_put16(f, at + 2, p->dport);
		sum_at = 6;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		build_icmp(p, f);
		sum_at = 2;
		break;
	default:
		build_payload(p, f);
		return;
	}
	build_payload(p, f);
	if (p->proto == IPPROTO_UDP)
		frame_put16(f, at + 4, (uint16_t)(f->len - at));
	frame_put16(f, at + sum_at,
		    (uint16_t)~sum_add(pseudo_sum(ip, p->proto, f->len - at), f->b + at, f->len - at));
	if (p->bad_l4_sum)
		f->b[at + sum_at] ^= 0x55;
}

/* Leaves only the wanted piece of what is above the IP header; returns whether more follows. */
static bool cut_piece(const struct pkt *p, struct frame *f, size_t at)
{
	size_t whole = f->len - at;
	bool more = p->from + p->piece < whole;
	size_t len = more ? p->piece : whole - p->from;

	memmove(f->b + at, f->b + at + p->from, len);
	f->len = at + len;
	return more;
}

static void build_ip4(const struct pkt *p, struct frame *f)
{
	size_t at = f->l3, head = 20 + p->options_len;
	uint16_t frag = p->df ? 0x4000 : 0;

	append(f, NULL, 20);
	append(f, p->options, p->options_len);
	f->b[at] = (uint8_t)(0x40 | head / 4);
	f->b[at + 1] = p->tos;
	frame_put16(f, at + 4, (uint16_t)p->ip_id);
	f->b[at + 8] = p->ttl == TTL_ZERO ? 0 : p->ttl ? (uint8_t)p->ttl : 64;
	f->b[at + 9] = p->proto;
	if (inet_pton(AF_INET, p->src, f->b + at + 12) != 1 ||
	    inet_pton(AF_INET, p->dst, f->b + at + 16) != 1)
		abort();
	f->l4 = f->len;
	build_transport(p, f, f->b + at);
	if (p->piece)
		frag |= (uint16_t)((cut_piece(p, f, at + head) ? 0x2000 : 0) | p->from / 8);
	frame_put16(f, at + 2, (uint16_t)(f->len - at));
	frame_put16(f, at + 6, frag);
	frame_ip_sum(f);
}

/* The chain of next headers: each writes its type where the one before told it to. */
static size_t build_ext(const struct pkt *p, struct frame *f, size_t next_at)
{
	for (size_t i = 0; i < 4 && p->ext[i].len; i++) {
		f->b[next_at] = p->ext[i].type;
		next_at = f->len;
		append(f, p->ext[i].bytes, p->ext[i].len);
	}
	return next_at;
}

static void build_ip6(const struct pkt *p, struct frame *f)
{
	size_t at = f->l3, next_at = at + 6, frag_at = 0;

	append(f, NULL, 40);
	f->b[at] = (uint8_t)(0x60 | p->tos >> 4);
	f->b[at + 1] = (uint8_t)(p->tos << 4);
	f->b[at + 7] = p->ttl == TTL_ZERO ? 0 : p->ttl ? (uint8_t)p->ttl : 64;
	if (inet_pton(AF_INET6, p->src, f->b + at + 8) != 1 ||
	    inet_pton(AF_INET6, p->dst, f->b + at + 24) != 1)
		abort();
	next_at = build_ext(p, f, next_at);
	if (p->piece) {
		f->b[next_at] = IPPROTO_FRAGMENT;
		next_at = frag_at = f->len;
		append(f, NULL, 8);
		put32(f, frag_at + 4, p->ip_id);
	}
	f->b[next_at] = p->proto;
	f->l4 = f->len;
	build_transport(p, f, f->b + at);
	if (frag_at)
		frame_put16(f, frag_at + 2,
			    (uint16_t)((p->from & ~7u) | (cut_piece(p, f, frag_at + 8) ? 1 : 0)));
	frame_put16(f, at + 4, (uint16_t)(f->len - at - 40));
}

static void build_ether(const struct pkt *p, struct frame *f, uint16_t ethertype)
{
	static const uint8_t dst[6] = { 0x02, 0, 0, 0, 0, 2 }, src[6] = { 0x02, 0, 0, 0, 0, 1 };

	append(f, p->eth_dst ? p->eth_dst : dst, 6);
	append(f, p->eth_src ? p->eth_src : src, 6);
	if (p->third) {
		append16(f, ETHER_QINQ);
		append16(f, p->third);
	}
	if (p->outer) {
		append16(f, p->outer_type ? p->outer_type : ETHER_QINQ);
		append16(f, p->outer);
	}
	if (p->vlan) {
		append16(f, ETHER_VLAN);
		append16(f, p->vlan);
	}
	append16(f, ethertype);
}

void pkt_build(const struct pkt *p, struct frame *f)
{
	bool six = p->src && strchr(p->src, ':');
	uint16_t ethertype = p->ethertype ? p->ethertype : six ? ETHER_IP6 : ETHER_IP4;

	f->len = f->l3 = f->l4 = 0;
	build_ether(p, f, ethertype);
	if (!p->src) {
		build_payload(p, f);
	} else {
		f->l3 = f->len;
		if (six)
			build_ip6(p, f);
		else
			build_ip4(p, f);
	}
	append(f, NULL, p->trailer);
	if (p->bend)
		p->bend(f);
}
