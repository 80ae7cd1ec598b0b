// SPDX-License-Identifier: Apache-2.0
/*
 * Frames of RFC 9293, 3.10.7: their numbers are those that each end awaits. Called by worker.c; promises that
 * nothing is read behind a frame's end.
 */
#include "inline/reset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "inline/segment.h"
#include "inspect/checksum.h"
#include "sekisho/verdict.h"

#define SLOTS 8192 /* flows remembered; a power of two */
#define IP_TCP 6
#define TTL 64

struct link_way {
	uint64_t first_ns; /* with number: whose; 0: nobody's */
	uint32_t number;
	uint8_t out_port, len;
	uint8_t link[SEGMENT_LINK_MAX];
};

struct resets {
	struct link_way ways[SLOTS][2]; /* by enum sek_dir */
};

struct resets *resets_new(void)
{
	return calloc(1, sizeof(struct resets));
}

void resets_free(struct resets *resets)
{
	free(resets);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)segment_get16(at) << 16 | segment_get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
	segment_put16(at, value >> 16);
	segment_put16(at + 2, value);
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
	way->len = (uint8_t)segment_link_len(frame, len);
	if (!way->len)
		return;
	way->first_ns = note->first_ns;
	way->number = note->number;
	way->out_port = note->out_port;
	memcpy(way->link, frame, way->len);
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
		segment_put16(ip + 4, 20);
		ip[6] = IP_TCP;
		ip[7] = TTL;
		return;
	}
	ip[0] = 0x45;
	segment_put16(ip + 2, 40);
	segment_put16(ip + 6, 0x4000); /* in one piece */
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
	uint32_t end = get32(seg + 4) + cut->payload_len + !!(flags & SEGMENT_SYN) +
		       !!(flags & SEGMENT_FIN);

	memset(tcp, 0, 20);
	memcpy(tcp, back ? seg + 2 : seg, 2);
	memcpy(tcp + 2, back ? seg : seg + 2, 2);
	if (back && flags & SEGMENT_ACK)
		put32(tcp + 4, get32(seg + 8) + (note->dir == SEK_IN ? shift : 0));
	else if (!back)
		memcpy(tcp + 4, seg + 4, 4);
	if (back)
		put32(tcp + 8, end - (note->dir == SEK_OUT ? shift : 0));
	else if (flags & SEGMENT_ACK)
		memcpy(tcp + 8, seg + 8, 4);
	tcp[12] = 5 << 4;
	tcp[13] = back || flags & SEGMENT_ACK ? SEGMENT_RST | SEGMENT_ACK : SEGMENT_RST;
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
