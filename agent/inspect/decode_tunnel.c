// SPDX-License-Identifier: Apache-2.0
/*
 * Packets inside packets: GRE and ERSPAN, IP in IP, Teredo, VXLAN, GENEVE. Called behind IP and UDP; promises
 * that what is inside becomes a packet of its own, whose outer is the tunnel.
 */
#include "inspect/decode_layers.h"

#define GRE_CHECKSUM 0x80
#define GRE_ROUTE 0x40
#define GRE_KEY 0x20
#define GRE_SEQUENCE 0x10
#define GRE_STRICT 0x08
#define GRE_ACK 0x80 /* of the second byte, version 1 */
#define ERSPAN_LEN 8
#define VXLAN_LEN 8
#define ETHER_LEN 14
#define GENEVE_LEN 8

void decode_ip_in_ip(struct decoder *d, struct packet *p, struct slice rest, uint8_t family)
{
	struct packet *inner;

	if (p->family == 6 && (rest.len < (family == 4 ? 20u : 40u))) {
		packet_event(p, family == 4 ? EVENT_IPV6_IPV4_IN_IPV6_TOO_SMALL
					    : EVENT_IPV6_IPV6_IN_IPV6_TOO_SMALL);
		return;
	}
	if (p->family == 6 && rest.at[0] >> 4 != family) {
		packet_event(p, family == 4 ? EVENT_IPV6_IPV4_IN_IPV6_WRONG_VERSION
					    : EVENT_IPV6_IPV6_IN_IPV6_WRONG_VERSION);
		return;
	}
	inner = decode_inner(d, p, rest, LINK_RAW);
	if (!inner)
		return;
	if (family == 4)
		decode_ipv4(d, inner, rest);
	else
		decode_ipv6(d, inner, rest);
}

static void decode_frame_inside(struct decoder *d, struct packet *p, struct slice rest)
{
	struct packet *inner = decode_inner(d, p, rest, LINK_ETHERNET);

	if (inner)
		decode_ethernet(d, inner, rest);
}

/* Type II (draft-foschiano-erspan, 4.2): the VLAN that the frame was seen in stands in its header. */
static void decode_erspan(struct decoder *d, struct packet *p, struct slice rest)
{
	struct packet *inner;

	if (rest.len < ERSPAN_LEN) {
		packet_event(p, EVENT_ERSPAN_HEADER_TOO_SMALL);
		return;
	}
	if (rest.at[0] >> 4 != 1) {
		packet_event(p, EVENT_ERSPAN_UNSUPPORTED_VERSION);
		return;
	}
	inner = decode_inner(d, p, rest, LINK_ETHERNET);
	if (!inner)
		return;
	decode_count(d, inner, HEADER_ERSPAN);
	if (be16(rest.at) & 0xfff)
		inner->vlan[inner->vlan_cnt++] = be16(rest.at) & 0xfff;
	decode_ethernet(d, inner, slice_behind(rest, ERSPAN_LEN));
}

static void decode_gre_payload(struct decoder *d, struct packet *p, uint16_t type,
			       struct slice rest, bool has_sequence)
{
	struct packet *inner;

	switch (type) {
	case ETHER_ERSPAN:
		if (has_sequence)
			decode_erspan(d, p, rest);
		else if (d->settings->erspan_one)
			decode_frame_inside(d, p, rest);
		break;
	case ETHER_TRANSPARENT:
		decode_frame_inside(d, p, rest);
		break;
	case ETHER_ARP:
		decode_arp(p, rest);
		break;
	default:
		inner = decode_inner(d, p, rest, LINK_RAW);
		if (inner && !decode_by_ether_type(d, inner, type, rest))
			decode_inner_drop(d, p);
	}
}

/* Source route entries (RFC 1701): family, offset, length, until a length of 0. False: broken. */
static bool gre_skip_routes(struct slice rest, size_t *len)
{
	for (;;) {
		uint8_t entry_len;
		uint16_t family;

		if (*len + 4 > rest.len)
			return false;
		family = be16(rest.at + *len);
		entry_len = rest.at[*len + 3];
		*len += 4;
		if (family == 0 || entry_len == 0)
			return true;
		*len += entry_len;
		if (*len > rest.len)
			return false;
	}
}

static void decode_gre0(struct decoder *d, struct packet *p, struct slice rest)
{
	uint8_t flags = rest.at[0];
	size_t len = 4;

	if (flags & 0x07) {
		packet_event(p, EVENT_GRE_VERSION0_RECUR);
		return;
	}
	if (rest.at[1] & 0xf8) {
		packet_event(p, EVENT_GRE_VERSION0_FLAGS);
		return;
	}
	if (flags & (GRE_CHECKSUM | GRE_ROUTE))
		len += 4;
	if (flags & GRE_KEY)
		len += 4;
	if (flags & GRE_SEQUENCE)
		len += 4;
	if (len > rest.len) {
		packet_event(p, EVENT_GRE_VERSION0_HDR_TOO_BIG);
		return;
	}
	if (flags & GRE_ROUTE && !gre_skip_routes(rest, &len)) {
		packet_event(p, EVENT_GRE_VERSION0_MALFORMED_SRE_HDR);
		return;
	}
	decode_gre_payload(d, p, be16(rest.at + 2), slice_behind(rest, len), flags & GRE_SEQUENCE);
}

/* PPTP (RFC 2637, 4.1). Returns the event that refuses it, or EVENT_NONE. */
static enum engine_event gre1_check(struct slice rest)
{
	uint8_t flags = rest.at[0];

	if (flags & GRE_CHECKSUM)
		return EVENT_GRE_VERSION1_CHKSUM;
	if (flags & GRE_ROUTE)
		return EVENT_GRE_VERSION1_ROUTE;
	if (flags & GRE_STRICT)
		return EVENT_GRE_VERSION1_SSR;
	if (flags & 0x07)
		return EVENT_GRE_VERSION1_RECUR;
	if (rest.at[1] & 0x78)
		return EVENT_GRE_VERSION1_FLAGS;
	if (be16(rest.at + 2) != ETHER_PPP)
		return EVENT_GRE_VERSION1_WRONG_PROTOCOL;
	if (!(flags & GRE_KEY))
		return EVENT_GRE_VERSION1_NO_KEY;
	return EVENT_NONE;
}

static void decode_gre1(struct decoder *d, struct packet *p, struct slice rest)
{
	enum engine_event refused = gre1_check(rest);
	size_t len = 8;

	if (refused) {
		packet_event(p, refused);
		return;
	}
	if (rest.at[0] & GRE_SEQUENCE)
		len += 4;
	if (rest.at[1] & GRE_ACK)
		len += 4;
	if (len > rest.len) {
		packet_event(p, EVENT_GRE_VERSION1_HDR_TOO_BIG);
		return;
	}
	if (len < rest.len) /* bare acknowledgements carry nothing */
		decode_gre_payload(d, p, ETHER_PPP, slice_behind(rest, len), false);
}

void decode_gre(struct decoder *d, struct packet *p, struct slice rest)
{
	if (rest.len < 4) {
		packet_event(p, EVENT_GRE_PKT_TOO_SMALL);
		return;
	}
	if (!decode_layer(d, p))
		return;
	p->l4 = rest;
	if ((rest.at[1] & 0x07) == 0)
		decode_gre0(d, p, rest);
	else if ((rest.at[1] & 0x07) == 1)
		decode_gre1(d, p, rest);
	else
		packet_event(p, EVENT_GRE_WRONG_VERSION);
}

/* RFC 4380, 5.1.1: authentication and origin may stand in front of the IPv6 header. */
static bool decode_teredo(struct decoder *d, struct packet *p)
{
	struct slice rest = p->payload;
	struct packet *inner;

	while (rest.len >= 4 && rest.at[0] == 0) {
		if (rest.at[1] == 0)
			rest = slice_behind(rest, 8);
		else if (rest.at[1] == 1)
			rest = slice_behind(rest, 4u + rest.at[2] + rest.at[3] + 9u);
		else
			return false;
	}
	/* Only what is IPv6 to its last byte: any UDP may begin with a 6. */
	if (rest.len < 40 || rest.at[0] >> 4 != 6 || 40u + be16(rest.at + 4) != rest.len)
		return false;
	inner = decode_inner(d, p, rest, LINK_RAW);
	if (inner)
		decode_ipv6(d, inner, rest);
	return inner;
}

/* RFC 7348, 5. The packet inside is counted without the Ethernet header that it was given for the tunnel. */
static bool decode_vxlan(struct decoder *d, struct packet *p)
{
	struct slice rest = p->payload;
	struct packet *inner;

	if (rest.len < VXLAN_LEN + ETHER_LEN || !(rest.at[0] & 0x08) || rest.at[7] != 0)
		return false;
	rest = slice_behind(rest, VXLAN_LEN + ETHER_LEN);
	inner = decode_inner(d, p, rest, LINK_RAW);
	if (!inner)
		return true;
	inner->ether_type = be16(rest.at - 2);
	if (!decode_by_ether_type(d, inner, inner->ether_type, rest)) {
		decode_inner_drop(d, p);
		packet_event(p, EVENT_VXLAN_UNKNOWN_PAYLOAD_TYPE);
	}
	return true;
}

/* RFC 8926, 3.4. */
static bool decode_geneve(struct decoder *d, struct packet *p)
{
	struct slice rest = p->payload;
	struct packet *inner;
	size_t len;
	uint16_t type;

	if (rest.len < GENEVE_LEN || rest.at[0] >> 6 != 0)
		return false;
	len = GENEVE_LEN + (rest.at[0] & 0x3fu) * 4;
	if (len > rest.len)
		return false;
	type = be16(rest.at + 2);
	rest = slice_behind(rest, len);
	if (type == ETHER_TRANSPARENT) {
		decode_frame_inside(d, p, rest);
		return true;
	}
	inner = decode_inner(d, p, rest, LINK_RAW);
	if (inner && !decode_by_ether_type(d, inner, type, rest)) {
		decode_inner_drop(d, p);
		packet_event(p, EVENT_GENEVE_UNKNOWN_PAYLOAD_TYPE);
	}
	return true;
}

static bool ports_hold(const struct decode_ports *ports, uint16_t port)
{
	for (uint8_t i = 0; i < ports->cnt; i++)
		if (ports->port[i] == port)
			return true;
	return false;
}

bool decode_may_be_tunnel(const struct decode_settings *s, uint16_t sport, uint16_t dport)
{
	return ports_hold(&s->teredo, dport) || ports_hold(&s->teredo, sport) ||
	       ports_hold(&s->geneve, dport) || ports_hold(&s->vxlan, dport);
}

bool decode_udp_tunnel(struct decoder *d, struct packet *p)
{
	const struct decode_settings *s = d->settings;

	if ((ports_hold(&s->teredo, p->dport) || ports_hold(&s->teredo, p->sport)) &&
	    decode_teredo(d, p))
		return true;
	if (ports_hold(&s->geneve, p->dport) && decode_geneve(d, p))
		return true;
	return ports_hold(&s->vxlan, p->dport) && decode_vxlan(d, p);
}
