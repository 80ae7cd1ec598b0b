/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames for the engine's tests: Ethernet, IPv4, TCP, made of the few numbers that a row gives.
 */
#ifndef TESTS_UNIT_FRAMEMADE_H
#define TESTS_UNIT_FRAMEMADE_H

#include <arpa/inet.h>
#include <string.h>

#include "capture/capture.h"

#define FRAME_MAX 2048

struct made_frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
};

static inline void made_put(struct made_frame *frame, const void *bytes, size_t len)
{
	memcpy(frame->bytes + frame->len, bytes, len);
	frame->len += (uint32_t)len;
}

static inline void made_ether(struct made_frame *frame, uint16_t type)
{
	const uint8_t head[14] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, (uint8_t)(type >> 8), (uint8_t)type
	};

	frame->len = 0;
	made_put(frame, head, sizeof(head));
}

/* From 10.0.0.1 to 10.0.0.2, or (back) the other way; fragment: the field as it stands in the header. */
static inline void made_ipv4(struct made_frame *frame, uint8_t proto, size_t len, uint16_t fragment,
			     bool back)
{
	uint8_t head[20] = { 0x45,
			     0,
			     (uint8_t)((len + 20) >> 8),
			     (uint8_t)(len + 20),
			     0,
			     7,
			     (uint8_t)(fragment >> 8),
			     (uint8_t)fragment,
			     64,
			     proto,
			     0,
			     0,
			     10,
			     0,
			     0,
			     1,
			     10,
			     0,
			     0,
			     2 };

	head[15] = back ? 2 : 1;
	head[19] = back ? 1 : 2;
	made_put(frame, head, sizeof(head));
}

struct made_tcp {
	bool back;
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t window;
	const char *bytes; /* NULL: none */
};

static inline void made_tcp(struct made_frame *frame, const struct made_tcp *tcp)
{
	size_t len = tcp->bytes ? strlen(tcp->bytes) : 0;
	uint16_t sport = tcp->back ? 80 : 40000, dport = tcp->back ? 40000 : 80;
	uint32_t seq = htonl(tcp->seq), ack = htonl(tcp->ack);
	uint8_t head[20] = { (uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8),
			     (uint8_t)dport };

	memcpy(head + 4, &seq, 4);
	memcpy(head + 8, &ack, 4);
	head[12] = 5 << 4;
	head[13] = tcp->flags;
	head[14] = (uint8_t)(tcp->window >> 8);
	head[15] = (uint8_t)tcp->window;
	made_ether(frame, 0x0800);
	made_ipv4(frame, 6, 20 + len, 0, tcp->back);
	made_put(frame, head, sizeof(head));
	if (len)
		made_put(frame, tcp->bytes, len);
}

static inline struct capture_packet made_packet(const struct made_frame *frame, uint64_t number,
						uint64_t time_ns)
{
	return (struct capture_packet){ .number = number,
					.time_ns = time_ns,
					.bytes = frame->bytes,
					.len = frame->len,
					.wire_len = frame->len,
					.link = 1 };
}

#endif
