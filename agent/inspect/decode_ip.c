// SPDX-License-Identifier: Apache-2.0
/*
 * IPv4 and IPv6 with its extension headers, and what defrag makes of fragments. Called by decode and by
 * the tunnels; promises that the slices of a packet lie within what its own header says.
 */
#include "inspect/checksum.h"
#include "inspect/decode_layers.h"
#include "inspect/defrag.h"

#define IPV4_LEN 20
#define IPV6_LEN 40

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_RECORD_ROUTE 7
#define OPTION_QUICK_START 25
#define OPTION_TIMESTAMP 68
#define OPTION_SECURITY 130
#define OPTION_LOOSE_ROUTE 131
#define OPTION_EXTENDED_SECURITY 133
#define OPTION_COMMERCIAL_SECURITY 134
#define OPTION_STREAM_ID 136
#define OPTION_STRICT_ROUTE 137
#define OPTION_ROUTER_ALERT 148

static bool ipv4_option_is_known(uint8_t type)
{
	switch (type) {
	case OPTION_RECORD_ROUTE:
	case OPTION_QUICK_START:
	case OPTION_TIMESTAMP:
	case OPTION_SECURITY:
	case OPTION_LOOSE_ROUTE:
	case OPTION_EXTENDED_SECURITY:
	case OPTION_COMMERCIAL_SECURITY:
	case OPTION_STREAM_ID:
	case OPTION_STRICT_ROUTE:
	case OPTION_ROUTER_ALERT:
		return true;
	default:
		return false;
	}
}

/* RFC 791, 3.1: routes and timestamps need a pointer, the others have a length of their own. */
static bool ipv4_option_is_whole(uint8_t type, uint8_t len)
{
	switch (type) {
	case OPTION_RECORD_ROUTE:
	case OPTION_LOOSE_ROUTE:
	case OPTION_STRICT_ROUTE:
		return len >= 3;
	case OPTION_TIMESTAMP:
		return len >= 5;
	case OPTION_QUICK_START:
		return len == 8;
	case OPTION_STREAM_ID:
	case OPTION_ROUTER_ALERT:
		return len == 4;
	case OPTION_SECURITY:
		return len == 11;
	default:
		return true;
	}
}

static void decode_ipv4_options(struct packet *p, struct slice options)
{
	uint64_t seen[4] = { 0 };

	if (options.len % 8)
		packet_event(p, EVENT_IPV4_OPT_PAD_REQUIRED);
	while (options.len) {
		uint8_t type = options.at[0], len;

		if (type == OPTION_END)
			return;
		if (type == OPTION_NOP) {
			options = slice_behind(options, 1);
			continue;
		}
		len = options.len >= 2 ? options.at[1] : 0;
		if (len < 2 || len > options.len) {
			packet_event(p, EVENT_IPV4_OPT_INVALID_LEN);
			return;
		}
		if (!ipv4_option_is_known(type))
			packet_event(p, EVENT_IPV4_OPT_INVALID);
		else if (seen[type / 64] >> type % 64 & 1)
			packet_event(p, EVENT_IPV4_OPT_DUPLICATE);
		else if (!ipv4_option_is_whole(type, len))
			packet_event(p, EVENT_IPV4_OPT_INVALID_LEN);
		seen[type / 64] |= 1ull << type % 64;
		options = slice_behind(options, len);
	}
}

static struct sek_addr address_ipv4(const uint8_t *at)
{
	struct sek_addr addr = { .b = { [10] = 0xff, [11] = 0xff } };

	memcpy(&addr.b[12], at, 4);
	return addr;
}

static void decode_ipv4_payload(struct decoder *d, struct packet *p, struct slice l4)
{
	switch (p->proto) {
	case IP_TCP:
		decode_tcp(d, p, l4);
		break;
	case IP_UDP:
		decode_udp(d, p, l4);
		break;
	case IP_ICMP:
		decode_icmpv4(d, p, l4);
		break;
	case IP_SCTP:
		decode_sctp(p, l4);
		break;
	case IP_ESP:
		decode_esp(p, l4);
		break;
	case IP_GRE:
		decode_gre(d, p, l4);
		break;
	case IP_IPIP:
		decode_ip_in_ip(d, p, l4, 4);
		break;
	case IP_IPV6:
		decode_ip_in_ip(d, p, l4, 6);
		break;
	case IP_ICMPV6:
		packet_event(p, EVENT_IPV4_ICMPV6);
		break;
	default:
		p->payload = l4;
	}
}

/* Hands a fragment to defrag; what it completes becomes a packet of its own. */
static void decode_fragment(struct decoder *d, struct packet *p, const struct defrag_piece *piece)
{
	struct defrag_whole whole;

	if (d->defrag && defrag_take(d->defrag, p, piece, &whole))
		decode_rebuilt(d, p, whole.frame, whole.link_len);
}

/* Checks lengths and fills what the header says; false, with an event: it is none. */
static bool decode_ipv4_header(struct decoder *d, struct packet *p, struct slice rest, size_t *ret_len)
{
	size_t header_len, total_len;

	if (rest.len < IPV4_LEN) {
		packet_event(p, EVENT_IPV4_PKT_TOO_SMALL);
		return false;
	}
	if (rest.at[0] >> 4 != 4) {
		packet_event(p, EVENT_IPV4_WRONG_IP_VERSION);
		return false;
	}
	header_len = (size_t)(rest.at[0] & 0xf) * 4;
	total_len = be16(rest.at + 2);
	if (header_len < IPV4_LEN) {
		packet_event(p, EVENT_IPV4_HLEN_TOO_SMALL);
		return false;
	}
	if (total_len < header_len) {
		packet_event(p, EVENT_IPV4_IPLEN_SMALLER_THAN_HLEN);
		return false;
	}
	if (rest.len < total_len) {
		packet_event(p, EVENT_IPV4_TRUNC_PKT);
		return false;
	}
	p->family = 4;
	p->ip = slice(rest.at, total_len);
	p->tos = rest.at[1];
	p->ip_id = be16(rest.at + 4);
	p->dont_fragment = rest.at[6] >> 6 & 1;
	p->more_fragments = rest.at[6] >> 5 & 1;
	p->fragment_offset = (uint16_t)((be16(rest.at + 6) & 0x1fff) * 8);
	p->ttl = rest.at[8];
	p->proto = rest.at[9];
	p->src = address_ipv4(rest.at + 12);
	p->dst = address_ipv4(rest.at + 16);
	if (!d->settings->unchecked_sums)
		p->ip_sum = packet_ip_sum(p);
	*ret_len = header_len;
	return true;
}

void decode_ipv4(struct decoder *d, struct packet *p, struct slice rest)
{
	struct slice l4;
	size_t header_len;

	if (!decode_layer(d, p) || !decode_ipv4_header(d, p, rest, &header_len))
		return;
	if (header_len > IPV4_LEN)
		decode_ipv4_options(p, slice(rest.at + IPV4_LEN, header_len - IPV4_LEN));
	l4 = slice_behind(p->ip, header_len);
	if (p->more_fragments || p->fragment_offset) {
		p->is_fragment = true; /* its bytes are the whole datagram's, asked there */
		decode_fragment(d, p,
				&(struct defrag_piece){ .header_len = header_len,
							.data = l4,
							.id = p->ip_id,
							.proto = p->proto });
		return;
	}
	decode_ipv4_payload(d, p, l4);
}

/* Where the walk along IPv6's extension headers is. */
struct ipv6_walk {
	struct slice rest; /* from the next header on */
	uint8_t next; /* what it is */
	size_t next_at; /* where that was said, from the IPv6 header */
	bool has_hop_options, has_routing, has_fragment, has_ah;
	uint8_t dest_options_cnt;
	bool ends; /* nothing behind can be read, or it is none of our layers */
};

static void decode_ipv6_options(struct packet *p, struct slice options, bool of_hops)
{
	bool only_padding = true, has_unknown = false;

	while (options.len) {
		uint8_t type = options.at[0];
		size_t len;

		if (type == 0) { /* Pad1 */
			options = slice_behind(options, 1);
			continue;
		}
		if (options.len < 2 || options.at[1] + 2u > options.len) {
			packet_event(p, EVENT_IPV6_EXTHDR_INVALID_OPTLEN);
			return;
		}
		len = options.at[1];
		if (type == 1 && len == 0)
			packet_event(p, EVENT_IPV6_ZERO_LEN_PADN);
		if (type != 1)
			only_padding = false;
		if ((type == 5 && len != 2) || (type == 0xc2 && len != 4) ||
		    (type == 0xc9 && len != 16)) {
			packet_event(p, EVENT_IPV6_EXTHDR_INVALID_OPTLEN);
			return;
		}
		/* Router alert, jumbo payload, home address; tunnel limit, quick start, CALIPSO, RPL. */
		if (type != 1 && type != 5 && type != 0xc2 && type != 0xc9 && type != 4 &&
		    type != 0x26 && type != 7 && type != 0x63 && type != 0x23)
			has_unknown = true;
		options = slice_behind(options, len + 2);
	}
	if (only_padding)
		packet_event(p, of_hops ? EVENT_IPV6_HOPOPTS_ONLY_PADDING
					: EVENT_IPV6_DSTOPTS_ONLY_PADDING);
	if (has_unknown)
		packet_event(p, of_hops ? EVENT_IPV6_HOPOPTS_UNKNOWN_OPT
					: EVENT_IPV6_DSTOPTS_UNKNOWN_OPT);
}

/* What each header says besides where the next is; a second one of a kind is told and skipped. */
static void decode_ipv6_extension(struct packet *p, struct ipv6_walk *walk, struct slice header)
{
	switch (walk->next) {
	case IP_HOP_OPTIONS:
		if (walk->has_hop_options)
			packet_event(p, EVENT_IPV6_EXTHDR_DUPL_HH);
		else
			decode_ipv6_options(p, slice_behind(header, 2), true);
		walk->has_hop_options = true;
		break;
	case IP_ROUTING:
		if (walk->has_routing)
			packet_event(p, EVENT_IPV6_EXTHDR_DUPL_RH);
		else if (header.at[2] == 0)
			packet_event(p, EVENT_IPV6_RH_TYPE_0);
		walk->has_routing = true;
		break;
	case IP_DEST_OPTIONS:
		if (walk->dest_options_cnt >= 2) /* in front of a routing header, and last (RFC 8200) */
			packet_event(p, EVENT_IPV6_EXTHDR_DUPL_DH);
		else
			decode_ipv6_options(p, slice_behind(header, 2), false);
		walk->dest_options_cnt++;
		break;
	case IP_AH:
		if (walk->has_ah)
			packet_event(p, EVENT_IPV6_EXTHDR_DUPL_AH);
		else if (header.len >= 4 && be16(header.at + 2) != 0)
			packet_event(p, EVENT_IPV6_EXTHDR_AH_RES_NOT_NULL);
		walk->has_ah = true;
		break;
	default:
		break;
	}
}

/* Returns true when the rest is a piece of a larger packet. */
static bool decode_ipv6_fragment(struct packet *p, struct ipv6_walk *walk)
{
	const uint8_t *at = walk->rest.at;
	uint16_t offset = be16(at + 2) & 0xfff8;
	bool more = at[3] & 1;

	if (walk->has_fragment) {
		packet_event(p, EVENT_IPV6_EXTHDR_DUPL_FH);
		return false;
	}
	walk->has_fragment = true;
	if (at[1] != 0)
		packet_event(p, EVENT_IPV6_FH_NON_ZERO_RESERVED_FIELD);
	if (!more && offset == 0) {
		packet_event(p, EVENT_IPV6_EXTHDR_USELESS_FH);
		return false;
	}
	p->is_fragment = true;
	p->more_fragments = more;
	p->fragment_offset = offset;
	return true;
}

/* Its protocol stays that of a fragment: what it carries is asked of the whole. */
static void decode_ipv6_piece(struct decoder *d, struct packet *p, const struct ipv6_walk *walk)
{
	const uint8_t *at = walk->rest.at;
	struct slice data = slice_behind(walk->rest, 8);

	if (p->more_fragments && data.len % 8) { /* RFC 8200, 4.5: it is thrown away */
		packet_event(p, EVENT_IPV6_FRAG_INVALID_LENGTH);
		return;
	}
	decode_fragment(d, p,
			&(struct defrag_piece){ .header_len = (size_t)(at - p->ip.at),
						.next_at = walk->next_at,
						.data = data,
						.id = be32(at + 4),
						.proto = at[0] });
}

/* The transport, or what else ends the walk; true: there is another extension header. */
static bool decode_ipv6_next(struct decoder *d, struct packet *p, struct ipv6_walk *walk)
{
	p->proto = walk->next;
	switch (walk->next) {
	case IP_TCP:
		decode_tcp(d, p, walk->rest);
		return false;
	case IP_UDP:
		decode_udp(d, p, walk->rest);
		return false;
	case IP_ICMPV6:
		decode_icmpv6(d, p, walk->rest);
		return false;
	case IP_SCTP:
		decode_sctp(p, walk->rest);
		return false;
	case IP_ESP:
		decode_esp(p, walk->rest);
		return false;
	case IP_GRE:
		decode_gre(d, p, walk->rest);
		return false;
	case IP_IPIP:
		decode_ip_in_ip(d, p, walk->rest, 4);
		return false;
	case IP_IPV6:
		decode_ip_in_ip(d, p, walk->rest, 6);
		return false;
	case IP_NONE:
		if (walk->rest.len)
			packet_event(p, EVENT_IPV6_DATA_AFTER_NONE_HEADER);
		p->payload = walk->rest;
		return false;
	case IP_ICMP:
		packet_event(p, EVENT_IPV6_ICMPV4);
		return false;
	case IP_HOP_OPTIONS:
	case IP_ROUTING:
	case IP_FRAGMENT:
	case IP_AH:
	case IP_DEST_OPTIONS:
	case IP_MOBILITY:
	case IP_HIP:
	case IP_SHIM6:
		return true;
	default:
		packet_event(p, EVENT_IPV6_UNKNOWN_NEXT_HEADER);
		p->payload = walk->rest;
		return false;
	}
}

static void decode_ipv6_walk(struct decoder *d, struct packet *p, struct ipv6_walk *walk)
{
	while (decode_ipv6_next(d, p, walk)) {
		size_t len = 8;

		if (walk->rest.len >= 2 && walk->next == IP_AH)
			len = (walk->rest.at[1] + 2u) * 4;
		else if (walk->rest.len >= 2 && walk->next != IP_FRAGMENT)
			len = (walk->rest.at[1] + 1u) * 8;
		if (walk->rest.len < len) {
			packet_event(p, EVENT_IPV6_TRUNC_EXTHDR);
			p->payload = walk->rest;
			return;
		}
		if (walk->next == IP_FRAGMENT) {
			if (decode_ipv6_fragment(p, walk)) {
				decode_ipv6_piece(d, p, walk);
				return;
			}
		} else {
			decode_ipv6_extension(p, walk, slice(walk->rest.at, len));
		}
		walk->next_at = (size_t)(walk->rest.at - p->ip.at);
		walk->next = walk->rest.at[0];
		walk->rest = slice_behind(walk->rest, len);
		if (walk->rest.len < 2 && walk->next != IP_NONE) {
			packet_event(p, EVENT_IPV6_TRUNC_EXTHDR);
			return;
		}
	}
}

void decode_ipv6(struct decoder *d, struct packet *p, struct slice rest)
{
	struct ipv6_walk walk = { .next_at = 6 };
	size_t len;

	if (!decode_layer(d, p))
		return;
	if (rest.len < IPV6_LEN) {
		packet_event(p, EVENT_IPV6_PKT_TOO_SMALL);
		return;
	}
	if (rest.at[0] >> 4 != 6) {
		packet_event(p, EVENT_IPV6_WRONG_IP_VERSION);
		return;
	}
	len = be16(rest.at + 4);
	if (rest.len - IPV6_LEN < len) {
		packet_event(p, EVENT_IPV6_TRUNC_PKT);
		return;
	}
	p->family = 6;
	p->ip = slice(rest.at, IPV6_LEN + len);
	p->tos = (uint8_t)(be16(rest.at) >> 4);
	p->ttl = rest.at[7];
	memcpy(p->src.b, rest.at + 8, 16);
	memcpy(p->dst.b, rest.at + 24, 16);
	walk.next = rest.at[6];
	walk.rest = slice_behind(p->ip, IPV6_LEN);
	decode_ipv6_walk(d, p, &walk);
}

void decode_rebuilt(struct decoder *d, struct packet *p, struct slice frame, size_t link_len)
{
	struct packet *whole = decode_inner(d, p, frame, p->link);

	if (!whole)
		return;
	whole->is_rebuilt = true;
	whole->depth = p->depth;
	if (p->ether && link_len) /* the header was copied to the same place */
		whole->ether = frame.at + (p->ether - p->frame.at);
	whole->ether_type = p->ether_type;
	memcpy(whole->vlan, p->vlan, sizeof(whole->vlan));
	whole->vlan_cnt = p->vlan_cnt;
	decode_ip(d, whole, slice_behind(frame, link_len));
}
