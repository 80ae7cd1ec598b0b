/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet checksum (RFC 1071), eight bytes at a time. Used by decode to verify and by defrag to make
 * a header whole again.
 */
#ifndef AGENT_INSPECT_CHECKSUM_H
#define AGENT_INSPECT_CHECKSUM_H

#include "inspect/packet.h"

/* Adds the bytes to a sum in the machine's order; only the last piece may have an odd length. */
static inline uint64_t checksum_add(uint64_t sum, struct slice bytes)
{
	const uint8_t *at = bytes.at;
	size_t len = bytes.len;
	uint32_t word;
	uint16_t half;

	while (len >= 4) {
		memcpy(&word, at, 4);
		sum += word;
		at += 4;
		len -= 4;
	}
	if (len >= 2) {
		memcpy(&half, at, 2);
		sum += half;
		at += 2;
		len -= 2;
	}
	if (len) {
		half = 0;
		memcpy(&half, at, 1);
		sum += half;
	}
	return sum;
}

/* What stands in a header, in the order of memory; 0 over a header with its checksum: it is right. */
static inline uint16_t checksum_end(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* What the IPv4 header's checksum is, looked at now; SUM_UNCHECKED: there is none. */
enum packet_sum packet_ip_sum(const struct packet *packet);
/* The same of TCP, UDP and ICMP. A datagram may be without (RFC 768). */
enum packet_sum packet_l4_sum(const struct packet *packet);

#endif
