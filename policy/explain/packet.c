// SPDX-License-Identifier: Apache-2.0
/*
 * Description to frame. Called by explain.c and by the tests. Pure.
 */
#include "explain/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "text/service.h"

#define TTL_USUAL 64
#define ND_HOP_LIMIT 255 /* RFC 4861, 3.1 */
#define ICMP6_ECHO 128
#define IP4_LEN 20
#define IP6_LEN 40
#define FRAG6_LEN 8
#define PIECE_OFFSET 1480 /* where a later piece begins: behind a first one on Ethernet */
#define PIECE_BYTES 1400 /* of a first piece at least; a multiple of 8 */
#define QUOTE_LEN 8 /* of the quoted transport (RFC 792) */
#define OTHER_LEN 24 /* what protocols without a form of their own carry */
#define DHCP_SERVER 67
#define DHCP_CLIENT 68
#define DHCP_HEAD 240 /* of a message, its cookie included (RFC 2131, 2 and 3) */
#define DHCP6_CLIENT 546
#define DHCP6_SERVER 547
#define DHCP6_HEAD 4
#define IGMP_REPORT 0x16 /* RFC 2236, 2.1 */
#define ND_LEN 16 /* target of a neighbour solicitation behind its head */

/* A frame that grows. */
struct build {
	uint8_t *frame;
	uint32_t len;
};

static void put(struct build *b, const void *bytes, uint32_t len)
{
	memcpy(b->frame + b->len, bytes, len);
	b->len += len;
}

static void put16(struct build *b, uint16_t value)
{
	put(b, (const uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static void put_zeros(struct build *b, uint32_t len)
{
	memset(b->frame + b->len, 0, len);
	b->len += len;
}

static void set16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum_add(uint32_t sum, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool is_v4(const struct explain_packet *packet)
{
	return address_is_v4(&packet->src);
}

static bool is_icmp(const struct explain_packet *packet)
{
	return packet->proto == (is_v4(packet) ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

bool explain_is_icmp_error(const struct explain_packet *packet)
{
	if (!is_icmp(packet))
		return false;
	if (!is_v4(packet))
		return packet->icmp_type < ICMP6_ECHO;
	return (packet->icmp_type >= 3 && packet->icmp_type <= 5) || packet->icmp_type == 11 ||
	       packet->icmp_type == 12;
}

/* RFC 4861: solicitations, advertisements, redirects. */
static bool is_nd(const struct explain_packet *packet)
{
	return !is_v4(packet) && is_icmp(packet) && packet->icmp_type >= 133 &&
	       packet->icmp_type <= 137;
}

/* RFC 2710, RFC 3810. */
static bool is_mld(const struct explain_packet *packet)
{
	return !is_v4(packet) && is_icmp(packet) &&
	       ((packet->icmp_type >= 130 && packet->icmp_type <= 132) || packet->icmp_type == 143);
}

/* UDP between these ports, in one direction or the other. */
static bool is_between(const struct explain_packet *packet, uint16_t a, uint16_t b)
{
	return packet->proto == IPPROTO_UDP && ((packet->sport == a && packet->dport == b) ||
						(packet->sport == b && packet->dport == a));
}

static bool is_dhcp(const struct explain_packet *packet)
{
	return is_v4(packet) && is_between(packet, DHCP_SERVER, DHCP_CLIENT);
}

bool explain_is_link_talk(const struct explain_packet *packet)
{
	return packet->proto == IPPROTO_IGMP || is_nd(packet) || is_mld(packet) ||
	       is_dhcp(packet) || is_between(packet, DHCP6_CLIENT, DHCP6_SERVER);
}

static void put_tag(struct build *b, uint16_t type, uint16_t vid)
{
	put16(b, type);
	put16(b, vid);
}

static void put_link(struct build *b, const struct explain_packet *packet)
{
	static const uint8_t macs[12] = { 0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01 };

	put(b, macs, sizeof(macs));
	if (packet->outer)
		put_tag(b, 0x88a8, packet->outer);
	if (packet->vlan)
		put_tag(b, 0x8100, packet->vlan);
	put16(b, is_v4(packet) ? 0x0800 : 0x86dd);
}

static void put_address(struct build *b, const struct sek_addr *addr, bool v4)
{
	put(b, v4 ? addr->b + 12 : addr->b, v4 ? 4 : 16);
}

/* The length and the sum of the header are set by finish4(). */
static void put_ip4(struct build *b, const struct sek_addr *src, const struct sek_addr *dst,
		    uint8_t proto, enum explain_piece piece)
{
	uint8_t ttl = proto == IPPROTO_IGMP ? 1 : TTL_USUAL;
	uint16_t offset = piece == PIECE_LATER	 ? PIECE_OFFSET / 8
			  : piece == PIECE_FIRST ? 0x2000 /* more fragments */
						 : 0;

	put(b, (const uint8_t[]){ 0x45, 0, 0, 0, 0, 1 }, 6);
	put16(b, offset);
	put(b, (const uint8_t[]){ ttl, proto, 0, 0 }, 4);
	put_address(b, src, true);
	put_address(b, dst, true);
}

static void finish4(uint8_t *head, uint32_t len)
{
	set16(head + 2, (uint16_t)len);
	set16(head + 10, 0);
	set16(head + 10, sum_end(sum_add(0, head, IP4_LEN)));
}

static void put_ip6(struct build *b, const struct sek_addr *src, const struct sek_addr *dst,
		    uint8_t next, uint8_t hops)
{
	put(b, (const uint8_t[]){ 0x60, 0, 0, 0, 0, 0, next, hops }, 8);
	put_address(b, src, false);
	put_address(b, dst, false);
}

static void put_fragment6(struct build *b, const struct explain_packet *packet)
{
	put(b, (const uint8_t[]){ packet->proto, 0 }, 2);
	put16(b, packet->piece == PIECE_LATER ? PIECE_OFFSET : 1);
	put(b, (const uint8_t[]){ 0, 0, 0, 1 }, 4);
}

static uint8_t hop_limit(const struct explain_packet *packet)
{
	return is_nd(packet) ? ND_HOP_LIMIT : is_mld(packet) ? 1 : TTL_USUAL;
}

static void put_ip(struct build *b, const struct explain_packet *packet)
{
	bool whole = packet->piece == PIECE_WHOLE;

	if (is_v4(packet)) {
		put_ip4(b, &packet->src, &packet->dst, packet->proto, packet->piece);
		return;
	}
	put_ip6(b, &packet->src, &packet->dst, whole ? packet->proto : IPPROTO_FRAGMENT,
		hop_limit(packet));
	if (!whole)
		put_fragment6(b, packet);
}

static void put_tcp(struct build *b, const struct explain_packet *packet)
{
	put16(b, packet->sport);
	put16(b, packet->dport);
	put(b, (const uint8_t[]){ 0, 0, 0x10, 0, 0, 0, 0, 0 }, 8); /* numbers */
	put(b, (const uint8_t[]){ 0x50, packet->tcp_flags, 0xff, 0xff, 0, 0, 0, 0 }, 8);
}

/* What the receiver of an error would have sent: UDP back to where the error comes from. */
static void put_quote(struct build *b, const struct explain_packet *packet)
{
	uint8_t *head = b->frame + b->len;

	if (is_v4(packet)) {
		put_ip4(b, &packet->dst, &packet->src, IPPROTO_UDP, PIECE_WHOLE);
		finish4(head, IP4_LEN + QUOTE_LEN);
	} else {
		put_ip6(b, &packet->dst, &packet->src, IPPROTO_UDP, TTL_USUAL);
		set16(head + 4, QUOTE_LEN);
	}
	put(b, (const uint8_t[]){ 0xc3, 0x50, 0, 53, 0, QUOTE_LEN, 0, 0 }, QUOTE_LEN);
}

static void put_icmp(struct build *b, const struct explain_packet *packet)
{
	put(b, (const uint8_t[]){ packet->icmp_type, packet->icmp_code, 0, 0, 0, 1, 0, 1 }, 8);
	if (explain_is_icmp_error(packet))
		put_quote(b, packet);
	else if (is_nd(packet))
		put(b, packet->dst.b, ND_LEN);
	else if (is_mld(packet))
		put_zeros(b, 16);
}

/* DHCP says what it is; what other datagrams carry is nobody's matter. */
static void put_udp(struct build *b, const struct explain_packet *packet)
{
	uint8_t *dhcp;

	put16(b, packet->sport);
	put16(b, packet->dport);
	put_zeros(b, 4); /* the length and the sum are set by finish_transport() */
	if (is_between(packet, DHCP6_CLIENT, DHCP6_SERVER))
		put_zeros(b, DHCP6_HEAD);
	if (!is_dhcp(packet))
		return;
	dhcp = b->frame + b->len;
	put_zeros(b, DHCP_HEAD);
	dhcp[0] = packet->dport == DHCP_SERVER ? 1 : 2; /* a request, a reply */
	memcpy(dhcp + DHCP_HEAD - 4, (const uint8_t[]){ 0x63, 0x82, 0x53, 0x63 }, 4);
}

static void put_transport(struct build *b, const struct explain_packet *packet)
{
	bool has_head = packet->piece != PIECE_LATER;

	if (has_head && packet->proto == IPPROTO_TCP)
		put_tcp(b, packet);
	else if (has_head && packet->proto == IPPROTO_UDP)
		put_udp(b, packet);
	else if (has_head && is_icmp(packet))
		put_icmp(b, packet);
	else if (has_head && packet->proto == IPPROTO_IGMP)
		put(b, (const uint8_t[]){ IGMP_REPORT, 0, 0xe9, 0xff, 0, 0, 0, 0 }, 8);
	else
		put_zeros(b, OTHER_LEN);
}

/* Where the transport's sum is, from its header on; -1: it has none that anybody reads. */
static int sum_at(const struct explain_packet *packet)
{
	if (packet->piece != PIECE_WHOLE)
		return -1; /* it covers pieces that are not here */
	if (is_icmp(packet))
		return 2;
	return packet->proto == IPPROTO_TCP ? 16 : packet->proto == IPPROTO_UDP ? 6 : -1;
}

static void finish_transport(const struct explain_packet *packet, uint8_t *l4, uint32_t len)
{
	bool v4 = is_v4(packet);
	uint32_t sum = len + packet->proto;
	int at = sum_at(packet);

	if (packet->proto == IPPROTO_UDP && packet->piece != PIECE_LATER)
		set16(l4 + 4, (uint16_t)len);
	if (at < 0)
		return;
	if (packet->proto == IPPROTO_ICMP) {
		sum = 0; /* no pseudo header in IPv4 (RFC 792) */
	} else {
		sum = sum_add(sum, v4 ? packet->src.b + 12 : packet->src.b, v4 ? 4 : 16);
		sum = sum_add(sum, v4 ? packet->dst.b + 12 : packet->dst.b, v4 ? 4 : 16);
	}
	set16(l4 + at, 0);
	set16(l4 + at, sum_end(sum_add(sum, l4, len)));
}

uint32_t explain_frame(const struct explain_packet *packet, uint8_t *frame)
{
	struct build b = { .frame = frame };
	uint32_t l3, l4, size = packet->size;

	put_link(&b, packet);
	l3 = b.len;
	put_ip(&b, packet);
	l4 = b.len;
	put_transport(&b, packet);
	if (packet->piece == PIECE_FIRST && size < l4 - l3 + PIECE_BYTES)
		size = l4 - l3 + PIECE_BYTES;
	if (packet->piece == PIECE_FIRST)
		size -= (size - (l4 - l3)) % 8; /* RFC 791: all but the last are units of 8 */
	if (b.len - l3 < size)
		put_zeros(&b, size - (b.len - l3));
	finish_transport(packet, frame + l4, b.len - l4);
	if (is_v4(packet))
		finish4(frame + l3, b.len - l3);
	else
		set16(frame + l3 + 4, (uint16_t)(b.len - l3 - IP6_LEN));
	return b.len;
}

static void print_flags(uint8_t flags, char *to, size_t cap)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	size_t len = 0;

	to[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags >> i & 1 && len < cap)
			len += (size_t)snprintf(to + len, cap - len, "%s%s", len ? "," : " ",
						names[i]);
}

/* What tells more than the protocol: TCP's flags, an ICMP type. */
static void print_kind(const struct explain_packet *packet, char *to, size_t cap)
{
	to[0] = 0;
	if (packet->piece == PIECE_LATER)
		snprintf(to, cap, " later fragment");
	else if (packet->proto == IPPROTO_TCP)
		print_flags(packet->tcp_flags, to, cap);
	else if (is_icmp(packet))
		snprintf(to, cap, " %u/%u", packet->icmp_type, packet->icmp_code);
}

void explain_print(const struct explain_packet *packet, char to[EXPLAIN_TEXT_MAX])
{
	bool ports = proto_has_ports(packet->proto) && packet->piece != PIECE_LATER;
	char src[PREFIX_TEXT_MAX], dst[PREFIX_TEXT_MAX], kind[40], sport[16] = "", dport[16] = "",
								   number[16];
	const char *name = proto_name(packet->proto);

	snprintf(number, sizeof(number), "protocol %u", packet->proto);
	print_kind(packet, kind, sizeof(kind));
	if (ports) {
		snprintf(sport, sizeof(sport), " port %u", packet->sport);
		snprintf(dport, sizeof(dport), " port %u", packet->dport);
	}
	snprintf(to, EXPLAIN_TEXT_MAX, "%s%s%s from %s%s to %s%s", name ? name : number, kind,
		 packet->piece == PIECE_FIRST ? " first fragment" : "",
		 address_print(&packet->src, src), sport, address_print(&packet->dst, dst), dport);
}
