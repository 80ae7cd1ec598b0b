/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the parts of a TCP segment are in a frame, for a worker that changes or answers it.
 */
#ifndef AGENT_INLINE_SEGMENT_H
#define AGENT_INLINE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_LINK_MAX 22 /* Ethernet, two tags */

#define SEGMENT_FIN 0x01
#define SEGMENT_SYN 0x02
#define SEGMENT_RST 0x04
#define SEGMENT_ACK 0x10

struct segment_cut {
	const uint8_t *ip, *tcp;
	uint32_t link_len, tcp_len, payload_len;
	bool v6;
};

static inline uint16_t segment_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void segment_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* 0: it is no frame, or has more tags. */
uint32_t segment_link_len(const uint8_t *frame, uint32_t len);
/* A whole segment right behind its IP header, with all its options. False: it is none. */
bool segment_cut(const uint8_t *frame, uint32_t len, struct segment_cut *ret);

#endif
