/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers of decode, to each other: one function a header. Each is given what is left of the frame and
 * hands on what is behind its own header; what is odd becomes an event of the packet.
 */
#ifndef AGENT_INSPECT_DECODE_LAYERS_H
#define AGENT_INSPECT_DECODE_LAYERS_H

#include "base/bigend.h"
#include "inspect/decode.h"

#define ETHER_IPV4 0x0800
#define ETHER_ARP 0x0806
#define ETHER_TRANSPARENT 0x6558
#define ETHER_VLAN 0x8100
#define ETHER_IPV6 0x86dd
#define ETHER_MPLS 0x8847
#define ETHER_MPLS_MULTICAST 0x8848
#define ETHER_PPPOE_DISCOVERY 0x8863
#define ETHER_PPPOE_SESSION 0x8864
#define ETHER_PPP 0x880b
#define ETHER_QINQ 0x88a8
#define ETHER_ERSPAN 0x88be
#define ETHER_BACKBONE 0x88e7 /* IEEE 802.1ah */
#define ETHER_FABRIC_PATH 0x8903
#define ETHER_VNTAG 0x8926
#define ETHER_NSH 0x894f
#define ETHER_QINQ_OLD 0x9100

#define LINK_ETHERNET 1
#define LINK_RAW 101

#define IP_HOP_OPTIONS 0
#define IP_ICMP 1
#define IP_IPIP 4
#define IP_TCP 6
#define IP_UDP 17
#define IP_IPV6 41
#define IP_ROUTING 43
#define IP_FRAGMENT 44
#define IP_GRE 47
#define IP_ESP 50
#define IP_AH 51
#define IP_ICMPV6 58
#define IP_NONE 59
#define IP_DEST_OPTIONS 60
#define IP_SCTP 132
#define IP_MOBILITY 135
#define IP_HIP 139
#define IP_SHIM6 140

/* One header more; false, with an event: there are too many. */
bool decode_layer(struct decoder *d, struct packet *p);
/* Counts a header of p. */
static inline void decode_count(struct decoder *d, const struct packet *p, enum decode_header header)
{
	d->headers[p - d->packets][header]++;
}

/* A packet inside p, of what begins with a header of that link type; NULL: too many. */
struct packet *decode_inner(struct decoder *d, struct packet *p, struct slice frame, uint16_t link);
/* The last one made is none after all; p was around it. */
void decode_inner_drop(struct decoder *d, struct packet *p);

void decode_ethernet(struct decoder *d, struct packet *p, struct slice rest);
/* By the type that Ethernet gives it. False: the type is not known. */
bool decode_by_ether_type(struct decoder *d, struct packet *p, uint16_t type, struct slice rest);
void decode_ppp(struct decoder *d, struct packet *p, struct slice rest);
void decode_mpls(struct decoder *d, struct packet *p, struct slice rest);
void decode_pppoe_session(struct decoder *d, struct packet *p, struct slice rest);
void decode_pppoe_discovery(struct decoder *d, struct packet *p, struct slice rest);
void decode_nsh(struct decoder *d, struct packet *p, struct slice rest);
void decode_arp(struct packet *p, struct slice rest);

void decode_ipv4(struct decoder *d, struct packet *p, struct slice rest);
void decode_ipv6(struct decoder *d, struct packet *p, struct slice rest);
/* By its first four bits. */
void decode_ip(struct decoder *d, struct packet *p, struct slice rest);
/* A datagram that defrag made whole, of p's fragment; link: bytes in front of it. */
void decode_rebuilt(struct decoder *d, struct packet *p, struct slice frame, size_t link_len);

void decode_tcp(struct decoder *d, struct packet *p, struct slice l4);
void decode_udp(struct decoder *d, struct packet *p, struct slice l4);
void decode_sctp(struct packet *p, struct slice l4);
void decode_esp(struct packet *p, struct slice l4);
void decode_icmpv4(struct decoder *d, struct packet *p, struct slice l4);
void decode_icmpv6(struct decoder *d, struct packet *p, struct slice l4);

void decode_gre(struct decoder *d, struct packet *p, struct slice rest);
void decode_ip_in_ip(struct decoder *d, struct packet *p, struct slice rest, uint8_t family);
/* Tunnels in UDP; true: it is one. */
bool decode_udp_tunnel(struct decoder *d, struct packet *p);
/* Whether there may be one between these ports. */
bool decode_may_be_tunnel(const struct decode_settings *settings, uint16_t sport, uint16_t dport);

#endif
