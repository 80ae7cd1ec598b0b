// SPDX-License-Identifier: Apache-2.0
/*
 * Headers between the wire and IP: Ethernet, VLAN, MPLS, PPP, PPPoE, NSH and their kind. Called by decode
 * and by tunnels that carry frames; promises that each either hands on what is behind it or says why not.
 */
#include "inspect/decode_layers.h"

#define ETHER_LEN 14
#define VLAN_LEN 4
#define VNTAG_LEN 6
#define BACKBONE_LEN 18 /* I-TAG, then the customer's addresses */
#define FABRIC_PATH_LEN 16

void decode_ethernet(struct decoder *d, struct packet *p, struct slice rest)
{
	decode_count(d, p, HEADER_ETHERNET);
	if (rest.len < ETHER_LEN) {
		packet_event(p, EVENT_ETHERNET_PKT_TOO_SMALL);
		return;
	}
	if (!decode_layer(d, p))
		return;
	p->ether = rest.at;
	p->ether_type = be16(rest.at + 12);
	if (!decode_by_ether_type(d, p, p->ether_type, slice_behind(rest, ETHER_LEN)))
		decode_count(d, p, HEADER_UNKNOWN_TYPE);
}

static void decode_vlan(struct decoder *d, struct packet *p, struct slice rest)
{
	if (rest.len < VLAN_LEN) {
		packet_event(p, EVENT_VLAN_HEADER_TOO_SMALL);
		return;
	}
	if (!decode_layer(d, p))
		return;
	if (p->vlan_cnt >= PACKET_VLANS_MAX) {
		packet_event(p, EVENT_VLAN_TOO_MANY_LAYERS);
		return;
	}
	p->vlan[p->vlan_cnt++] = be16(rest.at) & 0xfff;
	if (!decode_by_ether_type(d, p, be16(rest.at + 2), slice_behind(rest, VLAN_LEN)))
		packet_event(p, EVENT_VLAN_UNKNOWN_TYPE);
}

/* A header of a fixed length whose last two bytes are the type of what follows. */
static void decode_tag(struct decoder *d, struct packet *p, struct slice rest, size_t len,
		       enum engine_event too_small, enum decode_header header)
{
	decode_count(d, p, header);
	if (rest.len < len) {
		packet_event(p, too_small);
		return;
	}
	if (decode_layer(d, p))
		decode_by_ether_type(d, p, be16(rest.at + len - 2), slice_behind(rest, len));
}

static void decode_fabric_path(struct decoder *d, struct packet *p, struct slice rest)
{
	if (rest.len < FABRIC_PATH_LEN) {
		packet_event(p, EVENT_DCE_PKT_TOO_SMALL);
		return;
	}
	/* Its own Ethernet header stands in front of the frame that it carries. */
	decode_ethernet(d, p, slice_behind(rest, FABRIC_PATH_LEN - ETHER_LEN));
}

bool decode_by_ether_type(struct decoder *d, struct packet *p, uint16_t type, struct slice rest)
{
	switch (type) {
	case ETHER_IPV4:
		decode_ipv4(d, p, rest);
		return true;
	case ETHER_IPV6:
		decode_ipv6(d, p, rest);
		return true;
	case ETHER_VLAN:
	case ETHER_QINQ:
	case ETHER_QINQ_OLD:
		decode_vlan(d, p, rest);
		return true;
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
		decode_mpls(d, p, rest);
		return true;
	case ETHER_PPPOE_SESSION:
		decode_pppoe_session(d, p, rest);
		return true;
	case ETHER_PPPOE_DISCOVERY:
		decode_pppoe_discovery(d, p, rest);
		return true;
	case ETHER_ARP:
		decode_arp(p, rest);
		return true;
	case ETHER_PPP:
		decode_ppp(d, p, rest);
		return true;
	case ETHER_NSH:
		decode_nsh(d, p, rest);
		return true;
	case ETHER_TRANSPARENT:
		decode_ethernet(d, p, rest);
		return true;
	case ETHER_VNTAG:
		decode_tag(d, p, rest, VNTAG_LEN, EVENT_VNTAG_HEADER_TOO_SMALL, HEADER_VNTAG);
		return true;
	case ETHER_BACKBONE:
		decode_tag(d, p, rest, BACKBONE_LEN, EVENT_IEEE8021AH_HEADER_TOO_SMALL,
			   HEADER_BACKBONE);
		return true;
	case ETHER_FABRIC_PATH:
		decode_fabric_path(d, p, rest);
		return true;
	default:
		return false;
	}
}

/* RFC 3032; a pseudowire's control word begins with four bits of 0 (RFC 4385). */
void decode_mpls(struct decoder *d, struct packet *p, struct slice rest)
{
	uint32_t label;

	decode_count(d, p, HEADER_MPLS);
	do {
		if (rest.len < 4) {
			packet_event(p, EVENT_MPLS_HEADER_TOO_SMALL);
			return;
		}
		if (!decode_layer(d, p))
			return;
		label = be32(rest.at);
		rest = slice_behind(rest, 4);
	} while (!(label >> 8 & 1));
	label >>= 12;
	if (rest.len < 1) {
		packet_event(p, EVENT_MPLS_PKT_TOO_SMALL);
		return;
	}
	if (label == 0)
		decode_ipv4(d, p, rest);
	else if (label == 1)
		packet_event(p, EVENT_MPLS_BAD_LABEL_ROUTER_ALERT);
	else if (label == 2)
		decode_ipv6(d, p, rest);
	else if (label == 3)
		packet_event(p, EVENT_MPLS_BAD_LABEL_IMPLICIT_NULL);
	else if (label < 16)
		packet_event(p, EVENT_MPLS_BAD_LABEL_RESERVED);
	else if (rest.at[0] >> 4 == 4 || rest.at[0] >> 4 == 6)
		decode_ip(d, p, rest);
	else if (rest.at[0] >> 4 == 0)
		decode_ethernet(d, p, slice_behind(rest, 4));
	else
		packet_event(p, EVENT_MPLS_UNKNOWN_PAYLOAD_TYPE);
}

#define PPP_IPV4 0x0021
#define PPP_VJ_COMPRESSED 0x002d
#define PPP_VJ_PLAIN 0x002f
#define PPP_IPV6 0x0057
#define PPP_MPLS 0x0281

/* Numbers that IANA gave to protocols over PPP which carry no IP. */
static bool ppp_is_known(uint16_t proto)
{
	static const uint16_t known[] = { 0x0023, 0x0025, 0x0027, 0x0029, 0x002b, 0x0031, 0x0033,
					  0x0035, 0x003d, 0x003f, 0x0041, 0x0047, 0x0049, 0x004b,
					  0x004d, 0x00fd, 0x8021, 0x8023, 0x8025, 0x8027, 0x8029,
					  0x802b, 0x8031, 0x8033, 0x8035, 0x803d, 0x803f, 0x8041,
					  0x8047, 0x8049, 0x804b, 0x804d, 0x8057, 0x80fd, 0x8281,
					  0xc021, 0xc023, 0xc025, 0xc223 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == proto)
			return true;
	return false;
}

/* What is behind the PPP protocol number (RFC 1661). */
static void decode_ppp_payload(struct decoder *d, struct packet *p, uint16_t proto, struct slice rest)
{
	switch (proto) {
	case PPP_IPV4:
		if (rest.len < 20)
			packet_event(p, EVENT_PPP_IP4_PKT_TOO_SMALL);
		else
			decode_ipv4(d, p, rest);
		break;
	case PPP_VJ_PLAIN:
		if (rest.len < 20)
			packet_event(p, EVENT_PPP_VJU_PKT_TOO_SMALL);
		else if (rest.at[0] >> 4 == 4)
			decode_ipv4(d, p, rest);
		break;
	case PPP_IPV6:
		if (rest.len < 40)
			packet_event(p, EVENT_PPP_IP6_PKT_TOO_SMALL);
		else
			decode_ipv6(d, p, rest);
		break;
	case PPP_MPLS:
		decode_mpls(d, p, rest);
		break;
	case PPP_VJ_COMPRESSED:
		packet_event(p, EVENT_PPP_UNSUP_PROTO);
		break;
	default:
		packet_event(p, ppp_is_known(proto) ? EVENT_PPP_UNSUP_PROTO : EVENT_PPP_WRONG_TYPE);
	}
}

/* In HDLC-like framing two bytes of address and control stand in front (RFC 1662). */
void decode_ppp(struct decoder *d, struct packet *p, struct slice rest)
{
	decode_count(d, p, HEADER_PPP);
	if (rest.len >= 2 && rest.at[0] == 0xff && rest.at[1] == 0x03)
		rest = slice_behind(rest, 2);
	if (rest.len < 2) {
		packet_event(p, EVENT_PPP_PKT_TOO_SMALL);
		return;
	}
	if (!decode_layer(d, p))
		return;
	if (rest.at[0] & 1) /* the number was compressed to a byte */
		decode_ppp_payload(d, p, rest.at[0], slice_behind(rest, 1));
	else
		decode_ppp_payload(d, p, be16(rest.at), slice_behind(rest, 2));
}

/* RFC 2516: version and type, code, session, length, and the first bytes of PPP. */
void decode_pppoe_session(struct decoder *d, struct packet *p, struct slice rest)
{
	decode_count(d, p, HEADER_PPPOE);
	if (rest.len < 8) {
		packet_event(p, EVENT_PPPOE_PKT_TOO_SMALL);
		return;
	}
	if (rest.at[1] != 0) {
		packet_event(p, EVENT_PPPOE_WRONG_CODE);
		return;
	}
	decode_ppp(d, p, slice_behind(rest, 6));
}

void decode_pppoe_discovery(struct decoder *d, struct packet *p, struct slice rest)
{
	size_t len;

	decode_count(d, p, HEADER_PPPOE);
	if (rest.len < 6) {
		packet_event(p, EVENT_PPPOE_PKT_TOO_SMALL);
		return;
	}
	switch (rest.at[1]) {
	case 0x09: /* initiation */
	case 0x07: /* offer */
	case 0x19: /* request */
	case 0x65: /* session */
	case 0xa7: /* terminate */
		break;
	default:
		packet_event(p, EVENT_PPPOE_WRONG_CODE);
		return;
	}
	len = be16(rest.at + 4);
	rest = slice_behind(rest, 6);
	if (len > rest.len) {
		packet_event(p, EVENT_PPPOE_MALFORMED_TAGS);
		return;
	}
	rest.len = len;
	while (rest.len >= 4) {
		len = 4u + be16(rest.at + 2);
		if (len > rest.len) {
			packet_event(p, EVENT_PPPOE_MALFORMED_TAGS);
			return;
		}
		rest = slice_behind(rest, len);
	}
}

/* RFC 8300. */
void decode_nsh(struct decoder *d, struct packet *p, struct slice rest)
{
	size_t len;
	uint8_t version, type, next;

	decode_count(d, p, HEADER_NSH);
	if (rest.len < 8) {
		packet_event(p, EVENT_NSH_HEADER_TOO_SMALL);
		return;
	}
	if (!decode_layer(d, p))
		return;
	version = rest.at[0] >> 6;
	len = (size_t)(be16(rest.at) & 0x3f) * 4;
	type = rest.at[2] & 0x0f;
	next = rest.at[3];
	if (version != 0) {
		packet_event(p, EVENT_NSH_UNSUPPORTED_VERSION);
	} else if (len < 8 || len >= rest.len || (type == 1 && len != 24)) {
		packet_event(p, EVENT_NSH_BAD_HEADER_LENGTH);
	} else if (type == 0 || type == 0xf) {
		packet_event(p, EVENT_NSH_RESERVED_TYPE);
	} else if (type > 2) {
		packet_event(p, EVENT_NSH_UNSUPPORTED_TYPE);
	} else {
		rest = slice_behind(rest, len);
		switch (next) {
		case 1:
			decode_ipv4(d, p, rest);
			break;
		case 2:
			decode_ipv6(d, p, rest);
			break;
		case 3:
			decode_ethernet(d, p, rest);
			break;
		case 5:
			decode_mpls(d, p, rest);
			break;
		default:
			packet_event(p, EVENT_NSH_UNKNOWN_PAYLOAD);
		}
	}
}

/* RFC 826, for IPv4 over Ethernet. */
void decode_arp(struct packet *p, struct slice rest)
{
	uint16_t operation;

	if (rest.len < 8) {
		packet_event(p, EVENT_ARP_PKT_TOO_SMALL);
		return;
	}
	operation = be16(rest.at + 6);
	if (be16(rest.at) != 1)
		packet_event(p, EVENT_ARP_UNSUPPORTED_HARDWARE);
	else if (be16(rest.at + 2) != ETHER_IPV4)
		packet_event(p, EVENT_ARP_UNSUPPORTED_PROTOCOL);
	else if (rest.at[4] != 6)
		packet_event(p, EVENT_ARP_INVALID_HW_SIZE);
	else if (rest.at[5] != 4)
		packet_event(p, EVENT_ARP_INVALID_PROTO_SIZE);
	else if (rest.len < 28)
		packet_event(p, EVENT_ARP_INVALID_PKT);
	else if (operation == 0 || operation > 10 || operation == 5 || operation == 6)
		packet_event(p, EVENT_ARP_UNSUPPORTED_OPCODE);
}
