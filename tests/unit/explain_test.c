// SPDX-License-Identifier: Apache-2.0
/*
 * policy/explain without a kernel: which words describe which packet, what is wrong with others, and
 * that every reason has its stage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/question.h"
#include "install/state.h"

static const char text[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
	"  - {name: lan, id: 3, side: inside, mode: route}\n"
	"  - {name: wan, id: 4, side: outside, mode: route}\n"
	"host: {addresses: [192.0.2.1], rules: [{proto: icmp, action: accept}]}\n"
	"tenants:\n"
	"  - name: saga\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 101}, {port: outside, vlan: 201}]\n"
	"    prefixes: [10.1.0.0/16, \"2001:db8:101::/48\"]\n"
	"    routers: [10.1.0.1]\n"
	"    default: {out: accept, in: drop}\n"
	"  - name: tosu\n"
	"    id: 2\n"
	"    attach: [{port: inside, vlan: 10, outer: 100}, {port: outside, vlan: 10, outer: 100}]\n"
	"    prefixes: [10.1.0.0/16, 10.3.0.0/16]\n"
	"    default: {out: accept, in: drop}\n"
	"  - name: ogi\n"
	"    id: 3\n"
	"    attach: [{port: lan}]\n"
	"    prefixes: [10.8.0.0/16]\n"
	"    default: {out: accept, in: drop}\n";

static int policy_up(void **state)
{
	struct diag diag;

	diag_init(&diag);
	*state = policy_parse(text, strlen(text), "test.yaml", NULL, &diag);
	if (!*state)
		diag_print(&diag, stderr);
	diag_free(&diag);
	return *state ? 0 : -1;
}

static int policy_down(void **state)
{
	policy_free(*state);
	return 0;
}

static struct explain_packet read_words(const struct policy *policy, const struct explain_words *words)
{
	struct explain_packet packet;
	struct diag diag;

	diag_init(&diag);
	if (explain_read(policy, words, &packet, &diag)) {
		diag_print(&diag, stderr);
		fail();
	}
	diag_free(&diag);
	return packet;
}

/* The one thing that is wrong, and what is said to do about it. */
static void is_wrong(const struct policy *policy, const struct explain_words *words,
		     const char *what, const char *hint)
{
	struct explain_packet packet = { .port = 77 };
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(explain_read(policy, words, &packet, &diag), -EINVAL);
	assert_int_equal(diag.error_cnt, 1);
	if (!strstr(diag.entries[0].text, what))
		fail_msg("'%s' does not say '%s'", diag.entries[0].text, what);
	if (hint && (!diag.entries[0].hint || !strstr(diag.entries[0].hint, hint)))
		fail_msg("'%s' does not say '%s'", diag.entries[0].hint, hint);
	assert_int_equal(packet.port, 77);
	diag_free(&diag);
}

#define WORDS(...) (&(const struct explain_words){ __VA_ARGS__ })
#define OUTWARD .src = "10.1.0.7", .dst = "203.0.113.80"
#define INWARD .src = "203.0.113.80", .dst = "10.1.0.7"

static void comes_from(struct explain_packet packet, uint16_t port, uint16_t outer, uint16_t vlan)
{
	assert_int_equal(packet.port, port);
	assert_int_equal(packet.outer, outer);
	assert_int_equal(packet.vlan, vlan);
}

static void places_are_found(void **state)
{
	const struct policy *policy = *state;

	comes_from(read_words(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "443")), 1, 0, 101);
	comes_from(read_words(policy, WORDS(.tenant = "saga", INWARD, .dport = "443")), 2, 0, 201);
	comes_from(read_words(policy, WORDS(.tenant = "saga", .in = true, OUTWARD, .dport = "443")),
		   2, 0, 201);
	comes_from(read_words(policy, WORDS(.tenant = "tosu", OUTWARD, .dport = "443")), 1, 100, 10);
	comes_from(read_words(policy, WORDS(.tenant = "tosu", OUTWARD, .dport = "1", .vlan = "7")),
		   1, 0, 7);
	comes_from(read_words(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .vlan = "5.6")),
		   1, 5, 6);
	comes_from(read_words(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .port = "lan")),
		   3, 0, 0);
	/* its next hop stands outside */
	comes_from(read_words(policy, WORDS(.tenant = "saga", .src = "10.1.0.1", .dst = "10.1.0.7",
					    .icmp = "unreachable")),
		   2, 0, 201);
	/* nothing of ogi is outside: the first port that faces there */
	comes_from(read_words(policy, WORDS(.src = "203.0.113.80", .dst = "10.8.0.7", .dport = "1")),
		   2, 0, 0);
}

static void owners_are_found(void **state)
{
	const struct policy *policy = *state;

	comes_from(read_words(policy, WORDS(.src = "10.3.0.7", .dst = "203.0.113.80", .dport = "1")),
		   1, 100, 10);
	comes_from(read_words(policy, WORDS(.src = "2001:db8:101::7", .dst = "2001:db8:ff::80",
					    .dport = "1")),
		   1, 0, 101);
	is_wrong(policy, WORDS(OUTWARD, .dport = "1"), "several tenants have src", "tenant NAME");
	is_wrong(policy, WORDS(.src = "198.51.100.1", .dst = "203.0.113.80", .dport = "1"),
		 "neither src nor dst", "tenant NAME");
	is_wrong(policy,
		 WORDS(.tenant = "saga", .src = "198.51.100.1", .dst = "203.0.113.80", .dport = "1"),
		 "neither src nor dst is an address of tenant saga", "out");
	/* the gateway itself, asked from outside and by a body */
	comes_from(read_words(policy,
			      WORDS(.src = "203.0.113.80", .dst = "192.0.2.1", .proto = "icmp")),
		   2, 0, 0);
	comes_from(read_words(policy, WORDS(.src = "10.8.0.7", .dst = "192.0.2.1", .tenant = "host",
					    .proto = "icmp")),
		   3, 0, 0);
}

static void protocols_are_read(void **state)
{
	const struct policy *policy = *state;
	struct explain_packet p;

	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "443"));
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.dport, 443);
	assert_int_equal(p.sport, 50000);
	assert_int_equal(p.tcp_flags, EXPLAIN_TCP_SYN);
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .proto = "6", .dport = "1",
				     .flags = "fin,ack", .sport = "22"));
	assert_int_equal(p.tcp_flags, EXPLAIN_TCP_FIN | EXPLAIN_TCP_ACK);
	assert_int_equal(p.sport, 22);
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .flags = "none"));
	assert_int_equal(p.tcp_flags, 0);
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .icmp = "3/4"));
	assert_int_equal(p.proto, IPPROTO_ICMP);
	assert_int_equal(p.icmp_type, 3);
	assert_int_equal(p.icmp_code, 4);
	p = read_words(policy,
		       WORDS(.src = "2001:db8:101::7", .dst = "2001:db8:ff::80", .proto = "icmp"));
	assert_int_equal(p.proto, IPPROTO_ICMPV6);
	assert_int_equal(p.icmp_type, 128);
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .proto = "udp", .dport = "67"));
	assert_int_equal(p.sport, 68);
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .proto = "gre", .size = "1400"));
	assert_int_equal(p.proto, 47);
	assert_int_equal(p.size, 1400);
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .proto = "udp", .fragment = "l"));
	assert_int_equal(p.piece, PIECE_LATER);
}

static void wrong_words_are_named(void **state)
{
	const struct policy *policy = *state;

	is_wrong(policy, WORDS(.src = "10.1.0.7"), "'dst' is missing", "dst ADDRESS");
	is_wrong(policy, WORDS(.src = "10.1.0.7", .dst = "www.example", .dport = "1"),
		 "dst 'www.example' is a name", "DNS");
	is_wrong(policy, WORDS(.src = "10.1.0.0/16", .dst = "203.0.113.80"), "is a prefix",
		 "one address");
	is_wrong(policy, WORDS(.src = "010.1.0.7", .dst = "203.0.113.80"), "010.1.0.7", NULL);
	is_wrong(policy, WORDS(.src = "10.1.0.7", .dst = "2001:db8::1"), "two families", NULL);
	is_wrong(policy, WORDS(OUTWARD), "'proto' is missing", "proto tcp dport 443");
	is_wrong(policy, WORDS(OUTWARD, .proto = "tpc"), "'tpc' is no protocol", "tcp");
	is_wrong(policy, WORDS(OUTWARD, .proto = "tcp"), "'dport' is missing", "dport 443");
	is_wrong(policy, WORDS(OUTWARD, .dport = "https"), "dport 'https' is no port", "number");
	is_wrong(policy, WORDS(OUTWARD, .dport = "65536"), "'65536' is no port", NULL);
	is_wrong(policy, WORDS(OUTWARD, .proto = "esp", .dport = "1"), "has no ports",
		 "leave it out");
	is_wrong(policy, WORDS(OUTWARD, .dport = "1", .flags = "syn,akc"), "'akc' is no flag", "ack");
	is_wrong(policy, WORDS(OUTWARD, .icmp = "echo-reqest"), "'echo-reqest' is no type",
		 "echo-request");
	is_wrong(policy, WORDS(OUTWARD, .proto = "tcp", .dport = "1", .icmp = "8"),
		 "'icmp' is for the ICMP", NULL);
	is_wrong(policy, WORDS(.tenant = "sage", OUTWARD, .dport = "1"), "no tenant 'sage'", "saga");
	is_wrong(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .port = "isnide"),
		 "no port 'isnide'", "inside, outside");
	is_wrong(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .vlan = "4095"), "'4095'",
		 "4094");
	is_wrong(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .size = "65536"), "'65536'",
		 NULL);
	is_wrong(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "1", .in = true, .out = true),
		 "contradict", NULL);
}

static void questions_are_told(void **state)
{
	const struct policy *policy = *state;
	char told[EXPLAIN_TEXT_MAX];
	struct explain_packet p;

	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .dport = "443"));
	explain_print(&p, told);
	assert_string_equal(told, "tcp syn from 10.1.0.7 port 50000 to 203.0.113.80 port 443");
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .icmp = "3/4"));
	explain_print(&p, told);
	assert_string_equal(told, "icmp4 3/4 from 10.1.0.7 to 203.0.113.80");
	p = read_words(policy, WORDS(.tenant = "saga", OUTWARD, .proto = "253"));
	explain_print(&p, told);
	assert_string_equal(told, "protocol 253 from 10.1.0.7 to 203.0.113.80");
}

/* The longest frames that can be asked for stay within their room. */
static void frames_have_their_size(void **state)
{
	static uint8_t frame[EXPLAIN_FRAME_MAX];
	const struct policy *policy = *state;
	struct explain_packet p =
		read_words(policy, WORDS(.tenant = "tosu", OUTWARD, .dport = "1", .size = "65535"));

	assert_int_equal(explain_frame(&p, frame), EXPLAIN_FRAME_MAX);
	p = read_words(policy, WORDS(.src = "2001:db8:101::7", .dst = "2001:db8:ff::80",
				     .dport = "1", .size = "65535", .fragment = "first"));
	assert_in_range(explain_frame(&p, frame), 65500, EXPLAIN_FRAME_MAX);
	p.size = 0;
	p.piece = PIECE_WHOLE;
	assert_int_equal(explain_frame(&p, frame), 14 + 4 + 40 + 20);
}

static void reasons_have_stages(void **state)
{
	for (unsigned int i = 0; i < SEK_REASONS_MAX; i++) {
		bool is_reason = strcmp(state_reason_name((uint8_t)i), "unknown") != 0;

		if (is_reason != (explain_stage((uint8_t)i) != NULL))
			fail_msg("reason %u %s", i, state_reason_name((uint8_t)i));
	}
	assert_string_equal(explain_stage(SEK_R_land), "sanity");
	assert_string_equal(explain_stage(SEK_R_list_block), "lists");
	assert_string_equal(explain_stage(SEK_R_half_quota), "room");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_found),    cmocka_unit_test(owners_are_found),
		cmocka_unit_test(protocols_are_read),  cmocka_unit_test(wrong_words_are_named),
		cmocka_unit_test(questions_are_told),  cmocka_unit_test(frames_have_their_size),
		cmocka_unit_test(reasons_have_stages),
	};

	return cmocka_run_group_tests_name("explain", tests, policy_up, policy_down);
}
