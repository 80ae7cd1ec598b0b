// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers of a packet's headers, one row each: ttl, id, seq, itype, dsize, ... Each asks a condition of
 * what get() gives; a packet that has no such number does not match.
 */
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/asking.h"
#include "detect/keyword/size.h"

struct header_number {
	uint64_t max;
	bool (*get)(const struct packet *packet, uint64_t *ret_number);
	bool asks_bytes; /* a length: 0 is nothing */
};

struct header_test {
	const struct header_number *number;
	struct number_condition condition;
};

/*
 * As Suricata has it: "longer" and "not so long" are said of bytes that may be looked at (those that are
 * ciphered, or are a tunnel's, may not), the packet's or the stream's; "none" where there are neither.
 */
static bool length_is_asked(const struct number_condition *condition, uint64_t number,
			    const struct detect *detect)
{
	bool has_stream = detect && detect->stream.bytes.at;
	bool has_bytes = has_stream || (number && !(detect && detect->payload_is_over));

	if (condition->kind == NUMBER_BELOW || condition->kind == NUMBER_TO)
		return true;
	if (condition->kind == NUMBER_IS && condition->a == 0)
		return !has_bytes;
	return has_bytes;
}

static bool header_test_ask(const void *arg, struct match *match)
{
	const struct header_test *test = arg;
	uint64_t number;

	if (!test->number->get(match->packet, &number))
		return false;
	if (test->number->asks_bytes && !length_is_asked(&test->condition, number, match->detect))
		return false;
	return number_holds(&test->condition, number);
}

static const struct test_ops header_test_ops = {
	.word = "header", .ask = header_test_ask, .free = free, .of_packet = true, .cost = 1
};

uint64_t dsize_most(const struct signature *signature)
{
	uint64_t most = UINT64_MAX;

	for (uint32_t i = 0; i < signature->test_cnt; i++) {
		const struct header_test *test = signature->tests[i].arg;
		uint64_t size;

		if (signature->tests[i].ops != &header_test_ops || !test->number->asks_bytes)
			continue;
		size = number_most(&test->condition);
		most = size < most ? size : most;
	}
	return most;
}

static int header_number_read(struct draft *draft, struct slice value)
{
	const struct header_number *number = draft->keyword->arg;
	struct header_test *test;
	struct slice plain = value_plain(value, NULL);
	int err;

	if (value.len && value.at[0] == '!')
		plain = value;
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	test->number = number;
	err = number_condition_read(draft, plain, number->max, &test->condition);
	if (err) {
		free(test);
		return err;
	}
	draft->wants_packet = true;
	return draft_test(draft, &header_test_ops, test);
}

static bool of_ip(const struct packet *packet, uint64_t *ret_number, uint64_t number)
{
	*ret_number = number;
	return packet->family != 0;
}

static bool of_proto(const struct packet *packet, uint8_t proto, uint64_t *ret_number, uint64_t number)
{
	*ret_number = number;
	return packet->family && packet->proto == proto && packet->l4.at;
}

static bool of_icmp(const struct packet *packet, uint64_t *ret_number, uint64_t number)
{
	return of_proto(packet, IPPROTO_ICMP, ret_number, number) ||
	       of_proto(packet, IPPROTO_ICMPV6, ret_number, number);
}

/* Echo and its kind alone have an identifier and a sequence. */
static bool of_echo(const struct packet *packet, uint64_t *ret_number, uint64_t number)
{
	static const uint8_t v4[] = { 0, 8, 13, 14, 15, 16, 17, 18 };
	uint8_t type = packet->icmp.type;

	if (!of_icmp(packet, ret_number, number))
		return false;
	if (packet->proto == IPPROTO_ICMPV6)
		return type == 128 || type == 129;
	return memchr(v4, type, sizeof(v4)) != NULL;
}

static bool ttl(const struct packet *packet, uint64_t *ret_number)
{
	return of_ip(packet, ret_number, packet->ttl);
}

static bool tos(const struct packet *packet, uint64_t *ret_number)
{
	return of_ip(packet, ret_number, packet->tos) && packet->family == 4;
}

static bool ip_id(const struct packet *packet, uint64_t *ret_number)
{
	return of_ip(packet, ret_number, packet->ip_id) && packet->family == 4;
}

static bool fragoffset(const struct packet *packet, uint64_t *ret_number)
{
	/* IPv6 has it in a header of its own, which only fragments have */
	return of_ip(packet, ret_number, packet->fragment_offset / 8) &&
	       (packet->family == 4 || packet->is_fragment);
}

static bool seq(const struct packet *packet, uint64_t *ret_number)
{
	return of_proto(packet, IPPROTO_TCP, ret_number, packet->tcp.seq);
}

static bool ack(const struct packet *packet, uint64_t *ret_number)
{
	return of_proto(packet, IPPROTO_TCP, ret_number, packet->tcp.ack);
}

static bool window(const struct packet *packet, uint64_t *ret_number)
{
	return of_proto(packet, IPPROTO_TCP, ret_number, packet->tcp.window);
}

static bool mss(const struct packet *packet, uint64_t *ret_number)
{
	return of_proto(packet, IPPROTO_TCP, ret_number, packet->tcp.mss) && packet->tcp.has_mss;
}

static bool itype(const struct packet *packet, uint64_t *ret_number)
{
	return of_icmp(packet, ret_number, packet->icmp.type);
}

static bool icode(const struct packet *packet, uint64_t *ret_number)
{
	return of_icmp(packet, ret_number, packet->icmp.code);
}

static bool icmp_id(const struct packet *packet, uint64_t *ret_number)
{
	return of_echo(packet, ret_number, packet->icmp.id);
}

static bool icmp_seq(const struct packet *packet, uint64_t *ret_number)
{
	return of_echo(packet, ret_number, packet->icmp.seq);
}

/* Of a "packet too big": the four bytes behind type, code and sum. */
static bool icmpv6_mtu(const struct packet *packet, uint64_t *ret_number)
{
	const uint8_t *at = packet->l4.at;

	if (!of_proto(packet, IPPROTO_ICMPV6, ret_number, 0) || packet->icmp.type != 2 ||
	    packet->l4.len < 8)
		return false;
	*ret_number = (uint64_t)at[4] << 24 | (uint64_t)at[5] << 16 | (uint64_t)at[6] << 8 | at[7];
	return true;
}

static bool dsize(const struct packet *packet, uint64_t *ret_number)
{
	*ret_number = packet->payload.len;
	return !packet->is_pseudo;
}

#define HEADER_NUMBER(symbol, word, max, says)                                                     \
	static const struct header_number number_##symbol = { max, symbol, false };                \
	const struct keyword keyword_##symbol = {                                                  \
		word, NULL, VALUE_ALWAYS, header_number_read, &number_##symbol, says               \
	}

HEADER_NUMBER(ttl, "ttl", UINT8_MAX, "hops that are left");
HEADER_NUMBER(ip_id, "id", UINT16_MAX, "identification of the IPv4 header");
HEADER_NUMBER(fragoffset, "fragoffset", 8191, "fragment offset, in 8 bytes");
HEADER_NUMBER(mss, "tcp.mss", UINT16_MAX, "maximum segment size that the packet tells");
HEADER_NUMBER(itype, "itype", UINT8_MAX, "ICMP type");
HEADER_NUMBER(icode, "icode", UINT8_MAX, "ICMP code");
HEADER_NUMBER(icmp_id, "icmp_id", UINT16_MAX, "identifier of an ICMP echo");
HEADER_NUMBER(icmp_seq, "icmp_seq", UINT16_MAX, "sequence number of an ICMP echo");
HEADER_NUMBER(icmpv6_mtu, "icmpv6.mtu", UINT32_MAX, "MTU of a packet too big");

/* In hexadecimal it is x10, of all headers here alone. */
static int tos_read(struct draft *draft, struct slice value)
{
	bool negated;
	struct slice text = value_plain(value, &negated);
	char number[8];

	if (text.len < 2 || text.len > 3 || (text.at[0] | 0x20) != 'x' || !isxdigit(text.at[1]) ||
	    !isxdigit(text.at[text.len - 1]))
		return header_number_read(draft, value);
	snprintf(number, sizeof(number), "%s0%.*s", negated ? "!" : "", (int)text.len, text.at);
	return header_number_read(draft, slice_text(number));
}

static const struct header_number number_tos = { UINT8_MAX, tos, false };
const struct keyword keyword_tos = { "tos",    NULL,	    VALUE_ALWAYS,
				     tos_read, &number_tos, "type of service, all 8 bits: 16 or x10" };
static const struct header_number number_dsize = { UINT16_MAX, dsize, true };
const struct keyword keyword_dsize = { "dsize",	      NULL,
				       VALUE_ALWAYS,  header_number_read,
				       &number_dsize, "bytes of payload in the packet" };
static const struct header_number number_seq = { UINT32_MAX, seq, false };
const struct keyword keyword_seq = { "tcp.seq",		 "seq",	      VALUE_ALWAYS,
				     header_number_read, &number_seq, "TCP sequence number" };
static const struct header_number number_ack = { UINT32_MAX, ack, false };
const struct keyword keyword_ack = { "tcp.ack",		 "ack",	      VALUE_ALWAYS,
				     header_number_read, &number_ack, "TCP acknowledgement number" };
static const struct header_number number_window = { UINT16_MAX, window, false };
const struct keyword keyword_window = { "tcp.window",	    "window",	    VALUE_ALWAYS,
					header_number_read, &number_window, "TCP window" };
