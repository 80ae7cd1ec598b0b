// SPDX-License-Identifier: Apache-2.0
/*
 * Bits of headers: TCP flags, fragment bits, checksums, equal addresses, IP options and protocol.
 */
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "inspect/checksum.h"

/* Bits that must be set: all and no others, all, any, or not all of them. */
struct bit_test {
	enum { BITS_EXACT, BITS_ALL, BITS_ANY, BITS_NOT } manner;
	uint8_t bits, ignored;
};

static bool bits_hold(const struct bit_test *test, uint8_t is)
{
	switch (test->manner) {
	case BITS_EXACT:
		return (is & ~test->ignored) == test->bits;
	case BITS_ALL:
		return (is & test->bits) == test->bits;
	case BITS_ANY:
		return (is & test->bits) != 0;
	default:
		return (is & test->bits) != test->bits;
	}
}

static bool tcp_flags_ask(const void *arg, struct match *match)
{
	const struct packet *packet = match->packet;

	return packet->family && packet->proto == IPPROTO_TCP && packet->l4.at &&
	       bits_hold(arg, packet->tcp.flags);
}

static bool fragbits_ask(const void *arg, struct match *match)
{
	const struct packet *packet = match->packet;
	uint8_t is = (uint8_t)(packet->more_fragments | packet->dont_fragment << 1);

	if (packet->family != 4 || packet->ip.len < 20)
		return false;
	is |= (uint8_t)((packet->ip.at[6] & 0x80) ? 4 : 0);
	return bits_hold(arg, is);
}

static const struct test_ops tcp_flags_ops = {
	.word = "tcp.flags", .ask = tcp_flags_ask, .free = free, .of_packet = true, .cost = 1
};
static const struct test_ops fragbits_ops = {
	.word = "fragbits", .ask = fragbits_ask, .free = free, .of_packet = true, .cost = 1
};

struct bit_letters {
	const struct test_ops *ops;
	const char *letters; /* bit 0 first; '0' alone: none is set */
	const char *others; /* older letters: bits 6 and 7, the highest first */
};

static const struct bit_letters tcp_letters = { &tcp_flags_ops, "FSRPAUEC", "21" };
static const struct bit_letters fragment_letters = { &fragbits_ops, "MDR", "" };

static int letters_read(struct draft *draft, struct slice text, const struct bit_letters *letters,
			uint8_t *ret_bits)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		char letter = (char)toupper(text.at[i]);
		const char *at = strchr(letters->letters, letter),
			   *other = strchr(letters->others, letter);

		if (at)
			bits |= (uint8_t)(1u << (at - letters->letters));
		else if (other)
			bits |= (uint8_t)(1u << (6 + (other - letters->others)));
		else if (letter != '0' && !isspace(text.at[i]))
			return refuse(draft, (const char *)text.at + i, letters->letters,
				      "%s has no bit \"%c\"", draft->keyword->word, text.at[i]);
	}
	*ret_bits = bits;
	return 0;
}

static int bits_read(struct draft *draft, struct slice value)
{
	const struct bit_letters *letters = draft->keyword->arg;
	static const char signs[] = "+*!"; /* in the order of the manners */
	struct slice rest = value, bits, ignored = {};
	struct bit_test read = {}, *test;
	int err;

	slice_next(&rest, ',', &bits);
	(void)slice_next(&rest, ',', &ignored);
	if (bits.len && memchr(signs, bits.at[0], 3)) {
		read.manner = 1 + (int)(strchr(signs, bits.at[0]) - signs);
		bits = slice_behind(bits, 1);
	} else if (bits.len > 1 && memchr(signs, bits.at[bits.len - 1], 3)) {
		read.manner = 1 + (int)(strchr(signs, bits.at[bits.len - 1]) - signs);
		bits.len--;
	}
	err = letters_read(draft, bits, letters, &read.bits);
	if (!err && ignored.at)
		err = letters_read(draft, ignored, letters, &read.ignored);
	if (err)
		return err;
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	*test = read;
	draft->wants_packet = true;
	return draft_test(draft, letters->ops, test);
}

/* --- sameip --- */

static bool sameip_ask(const void *arg, struct match *match)
{
	return match->packet->family &&
	       memcmp(&match->packet->src, &match->packet->dst, sizeof(match->packet->src)) == 0;
}

static const struct test_ops sameip_ops = {
	.word = "sameip", .ask = sameip_ask, .of_packet = true, .cost = 1
};

static int sameip_read(struct draft *draft, struct slice value)
{
	draft->wants_packet = true;
	return draft_test(draft, &sameip_ops, NULL);
}

/* --- ip_proto --- */

static const struct {
	const char *word;
	uint8_t proto;
} protos_named[] = {
	{ "icmp", IPPROTO_ICMP },	 { "igmp", IPPROTO_IGMP }, { "ipencap", IPPROTO_IPIP },
	{ "ipip", IPPROTO_IPIP },	 { "tcp", IPPROTO_TCP },   { "udp", IPPROTO_UDP },
	{ "ipv6", IPPROTO_IPV6 },	 { "rsvp", IPPROTO_RSVP }, { "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },		 { "ah", IPPROTO_AH },	   { "icmpv6", IPPROTO_ICMPV6 },
	{ "ipv6-icmp", IPPROTO_ICMPV6 }, { "eigrp", 88 },	   { "ospf", 89 },
	{ "pim", IPPROTO_PIM },		 { "vrrp", 112 },	   { "l2tp", 115 },
	{ "sctp", IPPROTO_SCTP },
};

static bool ip_proto_ask(const void *arg, struct match *match)
{
	return match->packet->family && number_holds(arg, match->packet->proto);
}

static const struct test_ops ip_proto_ops = {
	.word = "ip_proto", .ask = ip_proto_ask, .free = free, .of_packet = true, .cost = 1
};

static int ip_proto_read(struct draft *draft, struct slice value)
{
	bool negated;
	struct slice word = value_plain(value, &negated);
	struct number_condition *condition = calloc(1, sizeof(*condition));
	int err = 0;

	if (!condition)
		return refuse_memory(draft);
	for (size_t i = 0; i < sizeof(protos_named) / sizeof(protos_named[0]); i++) {
		if (!slice_same(word, protos_named[i].word))
			continue;
		condition->kind = negated ? NUMBER_IS_NOT : NUMBER_IS;
		condition->a = protos_named[i].proto;
		break;
	}
	if (!condition->a)
		err = number_condition_read(draft, value, UINT8_MAX, condition);
	if (err) {
		free(condition);
		return err;
	}
	draft->wants_packet = true;
	return draft_test(draft, &ip_proto_ops, condition);
}

/* --- l3_proto --- */

static bool l3_proto_ask(const void *arg, struct match *match)
{
	return match->packet->family == *(const uint8_t *)arg;
}

static const struct test_ops l3_proto_ops = {
	.word = "l3_proto", .ask = l3_proto_ask, .of_packet = true, .cost = 1
};

static int l3_proto_read(struct draft *draft, struct slice value)
{
	static const struct {
		const char *word;
		uint8_t family;
	} words[] = { { "ip4", 4 }, { "ipv4", 4 }, { "ip6", 6 }, { "ipv6", 6 } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_same(value, words[i].word))
			return draft_test(draft, &l3_proto_ops, (void *)&words[i].family);
	}
	return refuse(draft, (const char *)value.at, "ip4 or ip6", "\"%.*s\" is no version of IP",
		      (int)value.len, value.at);
}

/* --- checksums --- */

struct sum_kind {
	uint8_t family, proto; /* proto 0: of the IP header */
};

struct sum_test {
	const struct sum_kind *kind;
	enum packet_sum is;
};

static bool sum_ask(const void *arg, struct match *match)
{
	const struct sum_test *test = arg;
	const struct packet *packet = match->packet;

	if (packet->family != test->kind->family)
		return false;
	if (!test->kind->proto)
		return test->is == (packet->ip_sum ? packet->ip_sum : packet_ip_sum(packet));
	if (packet->proto != test->kind->proto)
		return false;
	return test->is == (packet->l4_sum ? packet->l4_sum : packet_l4_sum(packet));
}

static const struct test_ops sum_ops = {
	.word = "csum", .ask = sum_ask, .free = free, .of_packet = true, .cost = 1
};

static int sum_read(struct draft *draft, struct slice value)
{
	struct slice word = value_plain(value, NULL);
	struct sum_test *test;
	bool valid = slice_same(word, "valid");

	if (!valid && !slice_same(word, "invalid"))
		return refuse(draft, (const char *)value.at, "valid or invalid",
			      "\"%.*s\" is nothing that a checksum is", (int)value.len, value.at);
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	*test = (struct sum_test){ .kind = draft->keyword->arg, .is = valid ? SUM_GOOD : SUM_BAD };
	draft->wants_packet = true;
	return draft_test(draft, &sum_ops, test);
}

/* --- IP options --- */

static const struct {
	const char *word;
	uint8_t option;
} ip_options[] = {
	{ "rr", 7 },  { "lsrr", 131 }, { "lsrre", 131 }, { "eol", 0 },	    { "nop", 1 },
	{ "ts", 68 }, { "sec", 130 },  { "ssrr", 137 },	 { "satid", 136 },  { "esec", 133 },
	{ "qs", 25 }, { "tr", 82 },    { "cipso", 134 }, { "rtralt", 148 }, { "any", 255 },
};

static bool ipopts_ask(const void *arg, struct match *match)
{
	const struct packet *packet = match->packet;
	uint8_t wanted = *(const uint8_t *)arg;
	size_t len, at = 20;

	if (packet->family != 4 || packet->ip.len < 20)
		return false;
	len = (packet->ip.at[0] & 15u) * 4;
	if (len > packet->ip.len)
		len = packet->ip.len;
	if (wanted == 255)
		return len > 20;
	while (at < len) {
		uint8_t option = packet->ip.at[at];

		if (option == wanted)
			return true;
		if (option == 0)
			return false;
		if (option == 1)
			at++;
		else if (at + 1 < len && packet->ip.at[at + 1] >= 2)
			at += packet->ip.at[at + 1];
		else
			return false;
	}
	return false;
}

static const struct test_ops ipopts_ops = {
	.word = "ipopts", .ask = ipopts_ask, .free = free, .of_packet = true, .cost = 1
};

static int ipopts_read(struct draft *draft, struct slice value)
{
	for (size_t i = 0; i < sizeof(ip_options) / sizeof(ip_options[0]); i++) {
		uint8_t *option;

		if (!slice_same(value, ip_options[i].word))
			continue;
		option = malloc(1);
		if (!option)
			return refuse_memory(draft);
		*option = ip_options[i].option;
		draft->wants_packet = true;
		return draft_test(draft, &ipopts_ops, option);
	}
	return refuse(draft, (const char *)value.at,
		      "rr, lsrr, ssrr, eol, nop, ts, sec, esec, satid or any",
		      "there is no IP option \"%.*s\"", (int)value.len, value.at);
}

const struct keyword keyword_tcp_flags = { "tcp.flags", "flags",      VALUE_ALWAYS,
					   bits_read,	&tcp_letters, "TCP flags: tcp.flags:S,12" };
const struct keyword keyword_fragbits = { "fragbits",	     NULL,
					  VALUE_ALWAYS,	     bits_read,
					  &fragment_letters, "bits of a fragment: fragbits:M" };
const struct keyword keyword_sameip = { "sameip",    NULL, VALUE_NEVER,
					sameip_read, NULL, "source and destination are one address" };
const struct keyword keyword_ip_proto = { "ip_proto",	NULL,
					  VALUE_ALWAYS, ip_proto_read,
					  NULL,		"protocol above IP, by number or name" };
const struct keyword keyword_l3_proto = { "l3_proto",	 NULL, VALUE_ALWAYS,
					  l3_proto_read, NULL, "the version of IP: ip4 or ip6" };
const struct keyword keyword_ipopts = { "ipopts",    NULL, VALUE_ALWAYS,
					ipopts_read, NULL, "an option that the IPv4 header has" };

#define SUM_KEYWORD(symbol, word, family, proto)                                                   \
	static const struct sum_kind sum_##symbol = { family, proto };                             \
	const struct keyword keyword_##symbol = { word,		 NULL,                             \
						  VALUE_ALWAYS,	 sum_read,                         \
						  &sum_##symbol, "the checksum is valid or invalid" }

SUM_KEYWORD(ipv4_csum, "ipv4-csum", 4, 0);
SUM_KEYWORD(tcpv4_csum, "tcpv4-csum", 4, IPPROTO_TCP);
SUM_KEYWORD(tcpv6_csum, "tcpv6-csum", 6, IPPROTO_TCP);
SUM_KEYWORD(udpv4_csum, "udpv4-csum", 4, IPPROTO_UDP);
SUM_KEYWORD(udpv6_csum, "udpv6-csum", 6, IPPROTO_UDP);
SUM_KEYWORD(icmpv4_csum, "icmpv4-csum", 4, IPPROTO_ICMP);
SUM_KEYWORD(icmpv6_csum, "icmpv6-csum", 6, IPPROTO_ICMPV6);
