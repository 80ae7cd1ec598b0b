// SPDX-License-Identifier: Apache-2.0
/*
 * TCP, UDP, SCTP, ESP and ICMP. Called behind IP; promises that l4 and payload lie within the datagram and
 * that ports are set only where there are some.
 */
#include "inspect/checksum.h"
#include "inspect/decode_layers.h"

#define TCP_LEN 20
#define UDP_LEN 8
#define SCTP_LEN 12
#define ESP_LEN 8
#define ICMP_LEN 8
#define ICMPV6_LEN 8

static void decode_sum(const struct decoder *d, struct packet *p)
{
	if (!d->settings->unchecked_sums)
		p->l4_sum = packet_l4_sum(p);
}

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define OPTION_SCALE 3
#define OPTION_SACK_PERMITTED 4
#define OPTION_SACK 5
#define OPTION_TIMESTAMPS 8
#define OPTION_FASTOPEN 34
#define OPTION_EXPERIMENT 254
#define SCALE_MAX 14 /* RFC 7323, 2.3 */

/* Whether an option of a kind that is read may be so long. */
static bool tcp_option_fits(uint8_t kind, uint8_t len)
{
	switch (kind) {
	case OPTION_MSS:
		return len == 4;
	case OPTION_SCALE:
		return len == 3;
	case OPTION_SACK_PERMITTED:
		return len == 2;
	case OPTION_SACK: /* empty ones are seen in the wild, and harm nobody */
		return len == 2 || ((len - 2) % 8 == 0 && len <= 34);
	case OPTION_TIMESTAMPS:
		return len == 10;
	case OPTION_FASTOPEN: /* RFC 7413, 4.1.1 */
		return len == 2 || (len >= 6 && len <= 18 && !(len & 1));
	default:
		return true;
	}
}

static bool tcp_option_is_read(const uint8_t *at, uint8_t len)
{
	switch (at[0]) {
	case OPTION_MSS:
	case OPTION_SCALE:
	case OPTION_SACK_PERMITTED:
	case OPTION_SACK:
	case OPTION_TIMESTAMPS:
	case OPTION_FASTOPEN:
		return true;
	case OPTION_EXPERIMENT: /* of Fast Open, before it had a kind */
		return len >= 4 && be16(at + 2) == 0xf989;
	default:
		return false;
	}
}

static void tcp_option_take(struct packet_tcp *tcp, const uint8_t *at)
{
	switch (at[0]) {
	case OPTION_MSS:
		tcp->has_mss = true;
		tcp->mss = be16(at + 2);
		break;
	case OPTION_SCALE:
		tcp->has_scale = true;
		tcp->scale = at[2] > SCALE_MAX ? SCALE_MAX : at[2];
		break;
	case OPTION_SACK_PERMITTED:
		tcp->allows_sack = true;
		break;
	case OPTION_TIMESTAMPS:
		tcp->has_timestamps = true;
		tcp->tsval = be32(at + 2);
		tcp->tsecr = be32(at + 6);
		break;
	case OPTION_FASTOPEN:
	case OPTION_EXPERIMENT:
		tcp->has_fastopen = true;
		break;
	default:
		break;
	}
}

/* An option that ends within the header; *seen has one bit for each kind that was taken. */
static void decode_tcp_option(struct packet *p, const uint8_t *at, uint8_t len, uint32_t *seen)
{
	uint32_t bit = 1u << (at[0] < 30 ? at[0] : 30); /* both kinds of Fast Open are one */

	if (!tcp_option_is_read(at, len))
		return;
	if (!tcp_option_fits(at[0], len)) {
		packet_event(p, EVENT_TCP_OPT_INVALID_LEN);
	} else if (*seen & bit) {
		packet_event(p, EVENT_TCP_OPT_DUPLICATE);
	} else {
		*seen |= bit;
		tcp_option_take(&p->tcp, at);
	}
}

static void decode_tcp_options(struct packet *p, struct slice options)
{
	uint32_t seen = 0;

	while (options.len) {
		uint8_t len;

		if (options.at[0] == OPTION_END)
			return;
		if (options.at[0] == OPTION_NOP) {
			options = slice_behind(options, 1);
			continue;
		}
		len = options.len >= 2 ? options.at[1] : 0;
		if (len < 2 || len > options.len) {
			packet_event(p, EVENT_TCP_OPT_INVALID_LEN);
			return;
		}
		decode_tcp_option(p, options.at, len, &seen);
		options = slice_behind(options, len);
	}
}

void decode_tcp(struct decoder *d, struct packet *p, struct slice l4)
{
	size_t header_len;

	if (l4.len < TCP_LEN) {
		packet_event(p, EVENT_TCP_PKT_TOO_SMALL);
		return;
	}
	header_len = (size_t)(l4.at[12] >> 4) * 4;
	if (header_len < TCP_LEN) {
		packet_event(p, EVENT_TCP_INVALID_OPTLEN);
		return;
	}
	if (header_len > l4.len) {
		packet_event(p, EVENT_TCP_HLEN_TOO_SMALL);
		return;
	}
	p->l4 = l4;
	p->payload = slice_behind(l4, header_len);
	p->sport = be16(l4.at);
	p->dport = be16(l4.at + 2);
	p->tcp.seq = be32(l4.at + 4);
	p->tcp.ack = be32(l4.at + 8);
	p->tcp.flags = l4.at[13];
	p->tcp.window = be16(l4.at + 14);
	p->tcp.urgent = be16(l4.at + 18);
	p->tcp.options_len = (uint8_t)(header_len - TCP_LEN);
	decode_tcp_options(p, slice(l4.at + TCP_LEN, header_len - TCP_LEN));
	decode_sum(d, p);
}

void decode_udp(struct decoder *d, struct packet *p, struct slice l4)
{
	size_t len;

	if (l4.len < UDP_LEN) {
		packet_event(p, EVENT_UDP_HLEN_TOO_SMALL);
		return;
	}
	len = be16(l4.at + 4);
	if (len > l4.len) {
		packet_event(p, EVENT_UDP_PKT_TOO_SMALL);
		return;
	}
	if (len < UDP_LEN) {
		packet_event(p, EVENT_UDP_LEN_INVALID);
		return;
	}
	p->l4 = slice(l4.at, len);
	p->payload = slice_behind(p->l4, UDP_LEN);
	p->sport = be16(l4.at);
	p->dport = be16(l4.at + 2);
	decode_sum(d, p);
	decode_udp_tunnel(d, p);
}

void decode_sctp(struct packet *p, struct slice l4)
{
	if (l4.len < SCTP_LEN) {
		packet_event(p, EVENT_SCTP_PKT_TOO_SMALL);
		return;
	}
	p->l4 = l4;
	p->payload = slice_behind(l4, SCTP_LEN);
	p->sport = be16(l4.at);
	p->dport = be16(l4.at + 2);
}

void decode_esp(struct packet *p, struct slice l4)
{
	if (l4.len < ESP_LEN) {
		packet_event(p, EVENT_ESP_PKT_TOO_SMALL);
		return;
	}
	p->l4 = l4;
	p->payload = slice_behind(l4, ESP_LEN);
	p->spi = be32(l4.at);
}

/* Highest code of each type of ICMPv4, from IANA's list; -1: not a type that is in use. */
static int icmpv4_code_max(uint8_t type)
{
	switch (type) {
	case 3: /* unreachable */
		return 15;
	case 5: /* redirect */
		return 3;
	case 11: /* time exceeded */
		return 1;
	case 12: /* parameter problem */
		return 2;
	case 9: /* router advertisement; 16: does not route common traffic (RFC 5944) */
		return 16;
	case 0:
	case 4:
	case 8:
	case 10:
	case 13:
	case 14:
	case 15:
	case 16:
	case 17:
	case 18:
		return 0;
	default:
		return -1;
	}
}

static bool icmpv4_quotes(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

void decode_icmpv4(struct decoder *d, struct packet *p, struct slice l4)
{
	int code_max;

	if (l4.len < ICMP_LEN) {
		packet_event(p, EVENT_ICMPV4_PKT_TOO_SMALL);
		return;
	}
	p->l4 = l4;
	p->payload = slice_behind(l4, ICMP_LEN);
	p->icmp = (struct packet_icmp){ l4.at[0], l4.at[1], be16(l4.at + 4), be16(l4.at + 6) };
	code_max = icmpv4_code_max(p->icmp.type);
	if (code_max < 0)
		packet_event(p, EVENT_ICMPV4_UNKNOWN_TYPE);
	else if (p->icmp.code > code_max)
		packet_event(p, EVENT_ICMPV4_UNKNOWN_CODE);
	else if (icmpv4_quotes(p->icmp.type) && p->payload.len > 0) {
		if (p->payload.at[0] >> 4 != 4)
			packet_event(p, EVENT_ICMPV4_IPV4_UNKNOWN_VER);
		else if (p->payload.len < 20)
			packet_event(p, EVENT_ICMPV4_IPV4_TRUNC_PKT);
	}
	decode_sum(d, p);
}

/* The same for ICMPv6; -2: free for experiments (RFC 4443, 2.1), -3: not given to anything. */
static int icmpv6_code_max(uint8_t type)
{
	switch (type) {
	case 1: /* unreachable */
		return 8;
	case 3: /* time exceeded */
		return 1;
	case 4: /* parameter problem */
		return 10;
	case 138: /* router renumbering */
		return 255;
	case 139: /* node information */
	case 140:
		return 2;
	case 157: /* duplicate address */
	case 158:
		return 255;
	case 100:
	case 101:
	case 200:
	case 201:
		return -2;
	case 2:
		return 0;
	case 127:
	case 255:
		return -1;
	default:
		if (type >= 128 && type <= 161)
			return 0;
		return -3;
	}
}

static bool icmpv6_is_listener(uint8_t type)
{
	return (type >= 130 && type <= 132) || type == 143;
}

void decode_icmpv6(struct decoder *d, struct packet *p, struct slice l4)
{
	int code_max;

	if (l4.len < ICMPV6_LEN) {
		packet_event(p, EVENT_ICMPV6_PKT_TOO_SMALL);
		return;
	}
	p->l4 = l4;
	p->payload = slice_behind(l4, ICMPV6_LEN);
	p->icmp = (struct packet_icmp){ l4.at[0], l4.at[1], be16(l4.at + 4), be16(l4.at + 6) };
	code_max = icmpv6_code_max(p->icmp.type);
	if (code_max == -1)
		packet_event(p, EVENT_ICMPV6_UNKNOWN_TYPE);
	else if (code_max == -2)
		packet_event(p, EVENT_ICMPV6_EXPERIMENTATION_TYPE);
	else if (code_max == -3)
		packet_event(p, EVENT_ICMPV6_UNASSIGNED_TYPE);
	else if (p->icmp.code > code_max)
		packet_event(p, EVENT_ICMPV6_UNKNOWN_CODE);
	else if (p->icmp.type <= 4 && p->payload.len > 0) {
		if (p->payload.len < 40)
			packet_event(p, EVENT_ICMPV6_IPV6_TRUNC_PKT);
		else if (p->payload.at[0] >> 4 != 6)
			packet_event(p, EVENT_ICMPV6_IPV6_UNKNOWN_VERSION);
	}
	if (icmpv6_is_listener(p->icmp.type) && p->ttl != 1) /* RFC 2710, 3; RFC 3810, 5 */
		packet_event(p, EVENT_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL);
	decode_sum(d, p);
}
