/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules ask of the headers of a packet: one packet through the whole engine, and whether the rule is told.
 */
#include "unit/rulesmade.h"

/* --- packets, from IP on; sums are put in afterwards --- */

struct head {
	const char *what;
	uint8_t bytes[96];
	uint8_t len;
	bool bad_sum;
};

/* From 10.0.0.1 to 10.0.0.2: an echo request, ttl 5, tos 0x10, id 0x1234, not to be fragmented. */
#define ECHO_V4                                                                                    \
	0x45, 0x10, 0, 36, 0x12, 0x34, 0x40, 0, 5, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IP */     \
		8, 0, 0, 0, 0, 7, 0, 9, 'p', 'i', 'n', 'g', 'p', 'i', 'n', 'g'
/* A SYN of 40000 to 80, sequence 100, window 1234, MSS 1460. */
#define SYN_V4(from)                                                                               \
	0x45, 0, 0, 44, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, 2, /* IP */             \
		0x9c, 0x40, 0, 80, 0, 0, 0, 100, 0, 0, 0, 0, 0x60, 2, 0x04, 0xd2, 0, 0, 0, 0, 2,   \
		4, 0x05, 0xb4
#define DATAGRAM_V4                                                                                \
	0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IP */               \
		9, 1, 9, 2, 0, 12, 0, 0, 'd', 'a', 't', 'a'

enum {
	ECHO,
	SYN,
	LAND,
	DATAGRAM,
	FRAGMENT,
	ROUTED,
	TOO_BIG,
	BAD_ECHO,
	BAD_SYN,
	BAD_DATAGRAM,
	HEADS
};

static const struct head heads[HEADS] = {
	[ECHO] = { "an echo", { ECHO_V4 }, 36, false },
	[SYN] = { "a SYN", { SYN_V4(1) }, 44, false },
	[LAND] = { "a SYN to oneself", { SYN_V4(2) }, 44, false },
	[DATAGRAM] = { "a datagram", { DATAGRAM_V4 }, 32, false },
	[FRAGMENT] = { "a fragment in the middle",
		       { 0x45, 0, 0,  28, 0, 9, 0x20, 3,   64,	17,  0,	  0,   10,  0,
			 0,    1, 10, 0,  0, 2, 'm',  'i', 'd', 'd', 'l', 'e', '.', '.' },
		       28,
		       false },
	[ROUTED] = { "a datagram with a recorded route",
		     { 0x47, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0,	 0, 1, 10,  0,	 0,   2,
		       7,    7, 4, 0,  0, 0, 0, 0, 9,  1,  9, 2, 0,  12, 0, 0, 'd', 'a', 't', 'a' },
		     40,
		     false },
	[TOO_BIG] = { "a packet that is too big",
		      { 0x60, 0, 0, 0, 0, 16, 58, 9, /* of IPv6, to and from fd00::1 and fd00::2 */
			0xfd, 0, 0, 0, 0, 0,  0,  0, 0,	  0,   0,   0,	 0,   0,   0,	1,
			0xfd, 0, 0, 0, 0, 0,  0,  0, 0,	  0,   0,   0,	 0,   0,   0,	2,
			2,    0, 0, 0, 0, 0,  5,  0, 'b', 'e', 'g', 'u', 'n', '.', '.', '.' },
		      56,
		      false },
	[BAD_ECHO] = { "an echo, its sums broken", { ECHO_V4 }, 36, true },
	[BAD_SYN] = { "a SYN, its sums broken", { SYN_V4(1) }, 44, true },
	[BAD_DATAGRAM] = { "a datagram, its sums broken", { DATAGRAM_V4 }, 32, true },
};

/* The one's complement sum that goes on from a former one, not folded (RFC 1071). */
static uint32_t sum_on(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static void sum_put(uint8_t *at, uint32_t sum, bool bad)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)(sum ^ (bad ? 0x55 : 0));
}

/* Where the sum stands in the transport's header; 0: nowhere. */
static size_t sum_place(uint8_t proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : proto == 1 || proto == 58 ? 2 : 0;
}

static void sums_put(uint8_t *ip, size_t len, bool bad)
{
	bool v4 = ip[0] >> 4 == 4;
	size_t head = v4 ? (ip[0] & 15u) * 4 : 40, addresses = v4 ? 8 : 32;
	uint8_t proto = v4 ? ip[9] : ip[6];
	uint32_t sum = 0;

	if (v4)
		sum_put(ip + 10, sum_on(0, ip, head), bad);
	if (v4 && (ip[6] & 0x3f || ip[7]))
		return; /* a fragment has no header of its own */
	if (proto != 1)
		sum = sum_on(proto + (uint32_t)(len - head), ip + (v4 ? 12 : 8), addresses);
	sum_put(ip + head + sum_place(proto), sum_on(sum, ip + head, len - head), bad);
}

static void head_frame(struct made_frame *f, const struct head *head)
{
	uint8_t ip[sizeof(head->bytes)];

	memcpy(ip, head->bytes, head->len);
	sums_put(ip, head->len, head->bad_sum);
	made_ether(f, ip[0] >> 4 == 4 ? 0x0800 : 0x86dd);
	made_put(f, ip, head->len);
}

/* --- rules --- */

static const struct {
	int head;
	const char *options;
	bool holds;
} rows[] = {
	{ ECHO, "ttl:5;", true },
	{ ECHO, "ttl:<5;", false },
	{ ECHO, "ttl:4-6;", true },
	{ ECHO, "ttl:5-7;", false }, /* a range leaves out both of its ends */
	{ TOO_BIG, "ttl:9;", true },
	{ ECHO, "tos:16;", true },
	{ ECHO, "tos:!16;", false },
	{ TOO_BIG, "tos:0;", false }, /* of IPv4 alone */
	{ ECHO, "id:4660;", true },
	{ ECHO, "id:4661;", false },
	{ ECHO, "fragbits:D;", true },
	{ ECHO, "fragbits:M;", false },
	{ ECHO, "fragbits:!M;", true },
	{ FRAGMENT, "fragbits:M;", true },
	{ FRAGMENT, "fragbits:*MD;", true },
	{ FRAGMENT, "fragbits:+MD;", false },
	{ FRAGMENT, "fragoffset:3;", true },
	{ FRAGMENT, "fragoffset:>3;", false },
	{ ECHO, "fragoffset:0;", true },
	{ ECHO, "ip_proto:1;", true },
	{ ECHO, "ip_proto:icmp;", true },
	{ ECHO, "ip_proto:!icmp;", false },
	{ SYN, "ip_proto:<7;", true },
	{ TOO_BIG, "ip_proto:ipv6-icmp;", true },
	{ ECHO, "l3_proto:ip4;", true },
	{ TOO_BIG, "l3_proto:ip4;", false },
	{ ECHO, "sameip;", false },
	{ LAND, "sameip;", true },
	{ ROUTED, "ipopts:rr;", true },
	{ ROUTED, "ipopts:any;", true },
	{ ROUTED, "ipopts:lsrr;", false },
	{ DATAGRAM, "ipopts:any;", false },
	{ ECHO, "itype:8;", true },
	{ ECHO, "itype:>8;", false },
	{ ECHO, "icode:0;", true },
	{ ECHO, "icode:>0;", false },
	{ ECHO, "icmp_id:7;", true },
	{ ECHO, "icmp_id:8;", false },
	{ ECHO, "icmp_seq:9;", true },
	{ TOO_BIG, "icmp_seq:0;", false }, /* of an echo alone */
	{ TOO_BIG, "icmpv6.mtu:1280;", true },
	{ TOO_BIG, "icmpv6.mtu:<1280;", false },
	{ ECHO, "icmpv6.mtu:>0;", false },
	{ SYN, "tcp.flags:S;", true },
	{ SYN, "tcp.flags:SA;", false },
	{ SYN, "tcp.flags:+S;", true },
	{ SYN, "tcp.flags:*SA;", true },
	{ SYN, "tcp.flags:!S;", false },
	{ SYN, "flags:S,CE;", true },
	{ SYN, "seq:100;", true },
	{ SYN, "seq:101;", false },
	{ SYN, "ack:0;", true },
	{ SYN, "tcp.seq:100;", true },
	{ SYN, "tcp.ack:1;", false },
	{ SYN, "ip.src; content:\"|0a 00 00 01|\"; bsize:4;", true },
	{ SYN, "ip.src; content:\"|0a 00 00 02|\";", false },
	{ SYN, "ip.dst; content:\"|0a 00 00 02|\"; bsize:4;", true },
	{ SYN, "tcp.window:1234;", true },
	{ SYN, "window:!1234;", false },
	{ SYN, "tcp.mss:1460;", true },
	{ SYN, "tcp.mss:>1460;", false },
	{ ECHO, "tcp.mss:>0;", false },
	{ DATAGRAM, "dsize:4;", true },
	{ DATAGRAM, "dsize:>4;", false },
	{ SYN, "dsize:0;", true },
	{ SYN, "dsize:!4;", false }, /* "not so long" is said of bytes that are there */
	{ ECHO, "ipv4-csum:valid;", true },
	{ BAD_ECHO, "ipv4-csum:invalid;", true },
	{ ECHO, "icmpv4-csum:valid;", true },
	{ BAD_ECHO, "icmpv4-csum:invalid;", true },
	{ ECHO, "icmpv6-csum:valid;", false },
	{ TOO_BIG, "icmpv6-csum:valid;", true },
	{ SYN, "tcpv4-csum:valid;", true },
	{ BAD_SYN, "tcpv4-csum:invalid;", true },
	{ BAD_SYN, "tcpv4-csum:valid;", false },
	{ SYN, "tcpv6-csum:valid;", false },
	{ DATAGRAM, "udpv4-csum:valid;", true },
	{ BAD_DATAGRAM, "udpv4-csum:invalid;", true },
	{ DATAGRAM, "udpv6-csum:valid;", false },
	{ DATAGRAM, "udp.hdr; content:\"|09 02|\"; offset:2; depth:2;", true },
	{ SYN, "tcp.hdr; content:\"|02 04 05 b4|\"; endswith;", true },
	{ ECHO, "icmpv4.hdr; content:\"|08 00|\"; startswith;", true },
	{ TOO_BIG, "icmpv6.hdr; content:\"|02 00|\"; startswith;", true },
	{ ECHO, "ipv4.hdr; content:\"|05 01|\"; offset:8; depth:2;", true },
	{ TOO_BIG, "ipv6.hdr; content:\"|3a 09|\"; offset:6; depth:2;", true },
	{ DATAGRAM, "flow:to_server; flow.pkts_toserver:1;", true },
	{ DATAGRAM, "flow.pkts_toclient:>0;", false },
	{ DATAGRAM, "content:\"data\"; rawbytes; flow.age:<1;", true },
};

static void head_give(struct run *run, const void *head)
{
	struct made_frame f;

	head_frame(&f, head);
	take(run, &f);
}

static bool is_told(const struct head *head, const char *options)
{
	struct run run = { .engine = NULL };
	char rule[256];
	bool told;

	snprintf(rule, sizeof(rule), "alert ip any any -> any any (%s sid:1;)\n", options);
	rules_run(&run, rule, false, head_give, head);
	told = run.lines.bytes && told_of(&run.lines, 1) == 1;
	free(run.lines.bytes);
	return told;
}

static void rules_ask_headers(void **state)
{
	bool failed = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct head *head = &heads[rows[i].head];

		if (is_told(head, rows[i].options) == rows[i].holds)
			continue;
		print_error("%s of %s is %s\n", rows[i].options, head->what,
			    rows[i].holds ? "not told" : "told");
		failed = true;
	}
	assert_false(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_ask_headers),
	};

	return cmocka_run_group_tests(tests, rules_file_make, rules_file_drop);
}
