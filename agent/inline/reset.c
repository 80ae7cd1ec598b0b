// SPDX-License-Identifier: Apache-2.0
/*
 * Frames of RFC 9293, 3.10.7: their numbers are those that each end awaits. Called by worker.c; promises that
 * nothing is read behind a frame's end.
 */
#include "inline/reset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/checksum.h"
#include "sekisho/verdict.h"

#define SLOTS 8192 /* flows remembered; a power of two */
#define ETHERNET 14
#define TAG 4
#define TYPE_V4 0x0800
#define TYPE_V6 0x86dd
#define TYPE_TAG 0x8100
#define TYPE_TAG_OUTER 0x88a8
#define IP_TCP 6
#define TTL 64
#define V4_PIECE 0x3fff /* more to come, or not the first */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

struct link_way {
	uint64_t first_ns; /* with number: whose; 0: nobody's */
	uint32_t number;
	uint8_t out_port, len;
	uint8_t link[RESET_LINK_MAX];
};

struct resets {
	struct link_way ways[SLOTS][2]; /* by enum sek_dir */
};

/* Where the parts of a segment are. */
struct segment_cut {
	const uint8_t *ip, *tcp;
	uint32_t link_len, payload_len;
	bool v6;
};

struct resets *resets_new(void)
{
	return calloc(1, sizeof(struct resets));
}

void resets_free(struct resets *resets)
{
	free(resets);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* 0: it is no frame, or has more tags. */
static uint32_t link_len(const uint8_t *frame, uint32_t len)
{
	uint32_t at = ETHERNET;

	while (at <= RESET_LINK_MAX && at <= len) {
		uint16_t type = get16(frame + at - 2);

		if (type != TYPE_TAG && type != TYPE_TAG_OUTER)
			return at;
		at += TAG;
	}
	return 0;
}

static struct link_way *way_of(struct resets *resets, const struct sek_note *note, unsigned int dir)
{
	return &resets->ways[note->number & (SLOTS - 1)][dir & 1];
}

void resets_keep(struct resets *resets, const struct sek_note *note, const uint8_t *frame,
		 uint32_t len)
{
	struct link_way *way = way_of(resets, note, note->dir);

	if (!note->number)
		return;
	way->len = (uint8_t)link_len(frame, len);
	if (!way->len)
		return;
	way->first_ns = note->first_ns;
	way->number = note->number;
	way->out_port = note->out_port;
	memcpy(way->link, frame, way->len);
}

/* A whole segment of TCP right behind its IP header. */
static bool segment_cut(const uint8_t *frame, uint32_t len, struct segment_cut *ret)
{
	struct segment_cut cut = { .link_len = link_len(frame, len) };
	uint32_t ip_len, total, left, tcp_len;

	left = len - cut.link_len;
	if (!cut.link_len || left < 20)
		return false;
	cut.ip = frame + cut.link_len;
	cut.v6 = get16(cut.ip - 2) == TYPE_V6;
	if (!cut.v6 && get16(cut.ip - 2) != TYPE_V4)
		return false;
	ip_len = cut.v6 ? 40 : (cut.ip[0] & 15u) * 4;
	if (ip_len < 20 || left < ip_len + 20 || cut.ip[cut.v6 ? 6 : 9] != IP_TCP)
		return false;
	if (!cut.v6 && get16(cut.ip + 6) & V4_PIECE)
		return false;
	total = cut.v6 ? get16(cut.ip + 4) + ip_len : get16(cut.ip + 2);
	cut.tcp = cut.ip + ip_len;
	tcp_len = (cut.tcp[12] >> 4) * 4u;
	if (total > left || tcp_len < 20 || total < ip_len + tcp_len)
		return false;
	cut.payload_len = total - ip_len - tcp_len;
	*ret = cut;
	return true;
}

static void ip_write(const struct segment_cut *cut, bool back, uint8_t *ip)
{
	uint32_t addr_at = cut->v6 ? 8 : 12, addr_len = cut->v6 ? 16 : 4;
	const uint8_t *src = cut->ip + addr_at, *dst = src + addr_len;
	uint16_t sum;

	memset(ip, 0, addr_at);
	memcpy(ip + addr_at, back ? dst : src, addr_len);
	memcpy(ip + addr_at + addr_len, back ? src : dst, addr_len);
	if (cut->v6) {
		ip[0] = 0x60;
		put16(ip + 4, 20);
		ip[6] = IP_TCP;
		ip[7] = TTL;
		return;
	}
	ip[0] = 0x45;
	put16(ip + 2, 40);
	put16(ip + 6, 0x4000); /* in one piece */
	ip[8] = TTL;
	ip[9] = IP_TCP;
	sum = checksum_end(checksum_add(0, (struct slice){ ip, 20 }));
	memcpy(ip + 10, &sum, 2);
}

/*
 * What the segment's receiver awaits, or (back) its sender, whose own numbers are others where a SYN cookie
 * opened the connection.
 */
static void tcp_write(const struct segment_cut *cut, const struct sek_note *note, bool back,
		      uint8_t *tcp)
{
	uint32_t shift = note->flags & SEK_NOTE_COOKIE ? note->shift : 0;
	const uint8_t *seg = cut->tcp;
	uint8_t flags = seg[13];
	uint32_t end = get32(seg + 4) + cut->payload_len + !!(flags & SYN) + !!(flags & FIN);

	memset(tcp, 0, 20);
	memcpy(tcp, back ? seg + 2 : seg, 2);
	memcpy(tcp + 2, back ? seg : seg + 2, 2);
	if (back && flags & ACK)
		put32(tcp + 4, get32(seg + 8) + (note->dir == SEK_IN ? shift : 0));
	else if (!back)
		memcpy(tcp + 4, seg + 4, 4);
	if (back)
		put32(tcp + 8, end - (note->dir == SEK_OUT ? shift : 0));
	else if (flags & ACK)
		memcpy(tcp + 8, seg + 8, 4);
	tcp[12] = 5 << 4;
	tcp[13] = back || flags & ACK ? RST | ACK : RST;
}

static void tcp_sum(const uint8_t *ip, bool v6, uint8_t *tcp)
{
	uint8_t tail[4] = { 0, IP_TCP, 0, 20 };
	const struct slice addrs = v6 ? (struct slice){ ip + 8, 32 } : (struct slice){ ip + 12, 8 };
	uint64_t sum = checksum_add(0, addrs);
	uint16_t end;

	sum = checksum_add(sum, (struct slice){ tail, sizeof(tail) });
	end = checksum_end(checksum_add(sum, (struct slice){ tcp, 20 }));
	memcpy(tcp + 16, &end, 2);
}

static void reset_write(const struct segment_cut *cut, const struct sek_note *note,
			const uint8_t *link, uint32_t len, bool back, struct reset_frame *ret)
{
	uint8_t *ip = ret->bytes + len, *tcp = ip + (cut->v6 ? 40 : 20);

	memcpy(ret->bytes, link, len);
	ip_write(cut, back, ip);
	tcp_write(cut, note, back, tcp);
	tcp_sum(ip, cut->v6, tcp);
	ret->len = (uint32_t)(tcp + 20 - ret->bytes);
}

size_t resets_make(const struct resets *resets, const struct sek_note *note, const uint8_t *frame,
		   uint32_t len, struct reset_frame ret_frames[2])
{
	const struct link_way *way = &resets->ways[note->number & (SLOTS - 1)][!(note->dir & 1)];
	struct segment_cut cut;

	if (!segment_cut(frame, len, &cut))
		return 0;
	reset_write(&cut, note, frame, cut.link_len, false, &ret_frames[0]);
	ret_frames[0].out_port = note->out_port;
	if (way->first_ns != note->first_ns || way->number != note->number)
		return 1;
	reset_write(&cut, note, way->link, way->len, true, &ret_frames[1]);
	ret_frames[1].out_port = way->out_port;
	return 2;
}
