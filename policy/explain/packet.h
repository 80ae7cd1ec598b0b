/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet that somebody asks about: described by what a gateway looks at, and built as the frame that
 * an honest host would send. Pure.
 */
#ifndef POLICY_EXPLAIN_PACKET_H
#define POLICY_EXPLAIN_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

enum explain_piece { PIECE_WHOLE, PIECE_FIRST, PIECE_LATER };

struct explain_packet {
	uint16_t port; /* of arrival; the policy's id */
	uint16_t vlan, outer; /* tags that it carries; 0: none */
	struct sek_addr src, dst; /* of one family */
	uint8_t proto;
	uint16_t sport, dport; /* TCP, UDP; host byte order */
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	uint16_t size; /* bytes of the IP packet; what its headers need, if that is more */
	enum explain_piece piece; /* of a datagram that was cut up on the way */
};

#define EXPLAIN_TCP_FIN 0x01
#define EXPLAIN_TCP_SYN 0x02
#define EXPLAIN_TCP_RST 0x04
#define EXPLAIN_TCP_PSH 0x08
#define EXPLAIN_TCP_ACK 0x10
#define EXPLAIN_TCP_URG 0x20

#define EXPLAIN_FRAME_MAX (14 + 8 + 65535)

/* Builds the frame; returns its length, at most EXPLAIN_FRAME_MAX. Sums and lengths are right. */
uint32_t explain_frame(const struct explain_packet *packet, uint8_t *frame);

/* Whether it is a message about another packet (RFC 1122, 3.2.2; RFC 4443, 2.1). */
bool explain_is_icmp_error(const struct explain_packet *packet);
/* Neighbour discovery or listener discovery, IGMP, DHCP: what hosts of one link tell each other. */
bool explain_is_link_talk(const struct explain_packet *packet);

/* What was asked, in one line: "tcp syn from 10.1.0.7 port 50000 to 203.0.113.80 port 443". */
#define EXPLAIN_TEXT_MAX 256
void explain_print(const struct explain_packet *packet, char to[EXPLAIN_TEXT_MAX]);

#endif
