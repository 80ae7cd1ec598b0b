/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of packets: heads, contents, flow, flowbits, order, passes and drops. */
#include "unit/detect_bed.h"

static void test_head(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert tcp 192.168.0.0/16 any -> any 80 (msg:\"a\"; content:\"x\"; sid:1;)\n"
		      "alert tcp 10.0.0.0/8 any -> any 80 (content:\"x\"; sid:2;)\n"
		      "alert tcp any any -> any 81 (content:\"x\"; sid:3;)\n"
		      "alert tcp any 80 <> any 40000 (content:\"x\"; sid:4;)\n"
		      "alert udp any any -> any any (content:\"x\"; sid:5;)\n"
		      "alert ip any any -> !203.0.113.0/24 any (content:\"x\"; sid:6;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "axb"), "1 4");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "axb"), "4 6");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "ab"), "");
	bed_free(&bed);
}

static void test_places(void **state)
{
	struct bed bed;

	bed_new(&bed,
		"alert tcp any any -> any any (content:\"ab\"; depth:2; sid:1;)\n"
		"alert tcp any any -> any any (content:\"ab\"; offset:1; sid:2;)\n"
		"alert tcp any any -> any any (content:\"ab\"; content:\"cd\"; distance:0; within:2; sid:3;)\n"
		"alert tcp any any -> any any (content:\"AB\"; nocase; content:!\"cd\"; sid:4;)\n"
		"alert tcp any any -> any any (content:\"a\"; content:\"b\"; within:1; content:\"z\"; within:1; sid:5;)\n"
		"alert tcp any any -> any any (content:\"ab\"; startswith; sid:6;)\n"
		"alert tcp any any -> any any (content:\"cd\"; endswith; sid:7;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "ab"), "1 4 6");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "-abcd"), "2 3 7");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "aBaabz-"), "2 4 5");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "aab abcd abz"), "2 3 5");
	bed_free(&bed);
}

/* What ends a flow has no header; rules with ports are asked of its bytes all the same. */
static void test_end_of_flow(void **state)
{
	struct packet *packet;
	struct bed bed;

	bed_new(&bed, "alert tcp any any -> any 80 (content:\"ab\"; sid:1;)\n"
		      "alert tcp any any -> any 81 (content:\"ab\"; sid:2;)\n"
		      "alert tcp any any -> any 80 (sid:3;)\n"
		      "alert tcp !10.0.0.1 any -> any 80 (sid:4;)\n"
		      "alert tcp any any -> any 80 (flow:no_frag; sid:5;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "3 4 5");
	packet = bed_packet(&bed, FROM_CLIENT, "-ab");
	packet->is_pseudo = true;
	packet->l4 = packet->ip = packet->frame = slice(NULL, 0);
	assert_string_equal(bed_ask(&bed, packet), "1 4");
	packet->is_between = true; /* of a file that was waited for: not of packets */
	assert_string_equal(bed_ask(&bed, packet), "");
	packet->is_change = true; /* of a protocol that ends: of packets, too */
	assert_string_equal(bed_ask(&bed, packet), "1 4 5");
	bed_free(&bed);
}

/* Addresses and ports alone are told once a flow and side; not where one is negated or the flow is changed. */
static void test_once_a_side(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert tcp any any -> any 80 (sid:1;)\n"
		      "alert tcp-pkt any any <> any 80 (xbits:isnotset,x,track ip_src; sid:2;)\n"
		      "alert tcp !10.0.0.1 any -> any 80 (sid:3;)\n"
		      "alert tcp any any -> any 80 (flow:stateless; sid:4;)\n"
		      "alert tcp any any -> any 80 (flowint:seen,+,1; sid:5;)\n"
		      "alert tcp any any -> any 80 (ip_proto:6; sid:6;)\n"
		      "alert tcp any any -> any 81 (sid:7;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "5 2 1 3 4 6");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "5 3 4");
	assert_string_equal(bed_send(&bed, FROM_SERVER, ""), "2");
	assert_string_equal(bed_send(&bed, FROM_SERVER, ""), "");
	bed_flow_anew(&bed);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "5 2 1 3 4 6");
	bed_free(&bed);
}

/* Both ways are two rules; a packet may be of both, unless both ends are written alike. */
static void test_both_ways(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert tcp any any <> any !81 (dsize:1; sid:1;)\n"
		      "alert tcp any any <> any any (dsize:1; sid:2;)\n"
		      "alert tcp any any <> any 80 (dsize:1; sid:3;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1 1 2 3");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "x"), "1 1 2 3");
	bed_free(&bed);
}

/* "Longer" is said of bytes that are there, "none" where there are none, "shorter" of both. */
static void test_length(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert tcp any any -> any any (dsize:0; sid:1;)\n"
		      "alert tcp any any -> any any (dsize:<9; sid:2;)\n"
		      "alert tcp any any -> any any (dsize:>2; sid:3;)\n"
		      "alert tcp any any -> any any (dsize:!5; sid:4;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "1 2");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "xyz"), "2 3 4");
	bed.flow.payload_over[FROM_CLIENT] = true;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "1 2");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "xyz"), "2");
	bed_free(&bed);
}

/* What may go back without end ends, and is not found. */
static void test_going_back_ends(void **state)
{
	char payload[4001];
	struct bed bed;

	memset(payload, 'a', 4000);
	payload[4000] = 0;
	bed_new(&bed, "alert tcp any any -> any any (content:\"a\"; content:\"a\"; distance:0; "
		      "content:\"a\"; distance:0; content:\"b\"; distance:0; sid:1;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, payload), "");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "aaab"), "1");
	bed_free(&bed);
}

static void test_flow(void **state)
{
	struct packet *packet;
	struct bed bed;

	bed_new(&bed,
		"alert tcp any any -> any any (flow:to_server; content:\"x\"; sid:1;)\n"
		"alert tcp any any -> any any (flow:to_client; content:\"x\"; sid:2;)\n"
		"alert tcp any any -> any any (flow:established; content:\"x\"; sid:3;)\n"
		"alert tcp any any -> any any (flow:not_established,stateless; content:\"x\"; sid:4;)\n"
		"alert tcp any any -> any any (flow:to_server; dsize:2; sid:5;)\n"
		"alert tcp any any -> any any (flow:no_frag; content:\"y\"; sid:6;)\n"
		"alert tcp any any -> any any (content:\"y\"; sid:7;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1 4");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "x"), "2 3");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "--"), "5");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1 3");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "y"), "6 7");
	packet = bed_packet(&bed, FROM_CLIENT, "y");
	packet->flow = NULL; /* of which flow cannot say anything */
	assert_string_equal(bed_ask(&bed, packet), "7");
	bed_free(&bed);
}

/* Of two datagrams of each side it is told what they speak, as Suricata does. */
static void test_datagrams_speak(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert ip any any -> any any (app-layer-protocol:dns; sid:1;)\n");
	bed.flow.proto = 17;
	bed.flow.session.proto = PROTO_DNS;
	bed.flow.session.side_proto[FROM_CLIENT] = bed.flow.session.side_proto[FROM_SERVER] =
		PROTO_DNS;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "x"), "1");
	bed_free(&bed);
}

static void test_l3_proto(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert ip any any -> any any (l3_proto:ipv4; sid:1;)\n"
		      "alert ip any any -> any any (l3_proto:ipv6; sid:2;)\n"
		      "alert ip any any -> any any (l3_proto:ipv4; dsize:1; sid:3;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1 3");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "3");
	bed_free(&bed);
}

static void test_flowbits(void **state)
{
	struct bed bed;

	bed_new(&bed,
		"alert tcp any any -> any any (content:\"c\"; flowbits:isset,one; sid:1;)\n"
		"alert tcp any any -> any any (content:\"a\"; flowbits:set,one; flowbits:noalert; sid:2;)\n"
		"alert tcp any any -> any any (content:\"u\"; flowbits:unset,one; sid:3;)\n"
		"alert tcp any any -> any any (content:\"n\"; flowbits:isnotset,one; sid:4;)\n"
		"alert tcp any any -> any any (content:\"i\"; flowint:seen,notset; flowint:seen,=,1; sid:5;)\n"
		"alert tcp any any -> any any (content:\"j\"; flowint:seen,isset; flowint:seen,+,1; sid:6;)\n"
		"alert tcp any any -> any any (content:\"k\"; flowint:seen,==,3; sid:7;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "c n"), "4");
	/* who sets is asked before who asks, whatever order they are written in */
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a c"), "1");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "c"), "1");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "u"), "3");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "c"), "");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "k i"), "5");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "j"), "6");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "j"), "6");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "k"), "7");
	bed_flow_anew(&bed);
	assert_string_equal(bed_send(&bed, FROM_SERVER, "k"), "");
	bed_free(&bed);
}

static void test_host_bits(void **state)
{
	struct bed bed;

	bed_new(&bed,
		"alert tcp any any -> any any (content:\"s\"; xbits:set,bad,track ip_src,expire 10; sid:1;)\n"
		"alert tcp any any -> any any (content:\"a\"; xbits:isset,bad,track ip_src; sid:2;)\n"
		"alert tcp any any -> any any (content:\"d\"; xbits:isset,bad,track ip_dst; sid:3;)\n"
		"alert tcp any any -> any any (content:\"p\"; xbits:set,both,track ip_pair,expire 10; sid:4;)\n"
		"alert tcp any any -> any any (content:\"q\"; xbits:isset,both,track ip_pair; sid:5;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "s"), "1");
	bed_flow_anew(&bed);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a d"), "2");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "a d"), "3");
	bed.now_ns += 11 * BED_SECOND;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a"), "");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "p"), "4");
	assert_string_equal(bed_send(&bed, FROM_SERVER, "q"), "5");
	bed_free(&bed);
}

/* Who does not say how long sets a bit for half a minute, or of a host for five; and when it is seen. */
static void test_host_bits_usual(void **state)
{
	struct bed bed;

	bed_new(&bed,
		"alert tcp any any -> any any (content:\"s\"; xbits:set,x,track ip_src; sid:1;)\n"
		"alert tcp any any -> any any (content:\"a\"; xbits:isset,x,track ip_src; sid:2;)\n"
		"alert tcp any any -> any any (content:\"s\"; hostbits:set,h,src; sid:3;)\n"
		"alert tcp any any -> any any (content:\"a\"; hostbits:isset,h,src; sid:4;)\n"
		"alert tcp any any -> any any (content:\"b\"; xbits:isset,h,track ip_src; sid:5;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "s a"), "3 4 1");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a b"), "4 2 5");
	bed.now_ns += 30 * BED_SECOND;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a"), "4 2");
	bed.now_ns += BED_SECOND;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a"), "4");
	bed.now_ns += 269 * BED_SECOND;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a"), "4");
	bed.now_ns += BED_SECOND;
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a"), "");
	bed_free(&bed);
}

static void test_actions(void **state)
{
	static const char *const settings[] = { "action-order.0=alert", "action-order.1=pass",
						"action-order.2=drop", "action-order.3=reject",
						NULL };
	static const char rules[] = "alert tcp any any -> any any (content:\"a\"; sid:1;)\n"
				    "pass tcp any any -> any any (content:\"p\"; sid:2;)\n"
				    "drop tcp any any -> any any (content:\"d\"; sid:3;)\n"
				    "reject tcp any any -> any any (content:\"r\"; sid:4;)\n";
	struct bed bed;

	bed_new(&bed, rules);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a d r"), "3 4 1");
	assert_int_equal(bed.packet.fate, FATE_DROP | FATE_REJECT_SRC);
	assert_int_equal(bed.flow.fate, 0); /* a packet's own bytes say nothing of the flow */
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a p d"), "");
	assert_int_equal(bed.packet.fate, FATE_PASS);
	bed_free(&bed);

	bed_new_set(&bed, rules, settings, false);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "a p d"), "1");
	bed_free(&bed);
}

/* Rules of addresses alone: once for each side of a flow, and for the whole flow. */
static void test_addresses_alone(void **state)
{
	struct bed bed;

	bed_new(&bed, "alert ip [203.0.113.0/24,198.51.100.7] any -> any any (sid:1;)\n"
		      "alert ip any any -> [203.0.113.9] any (sid:2;)\n"
		      "alert tcp any any -> any any (sid:3;)\n"
		      "alert ip 203.0.113.10 any -> any any (sid:4;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "2 3");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "");
	assert_string_equal(bed_send(&bed, FROM_SERVER, ""), "1 3");
	assert_string_equal(bed_send(&bed, FROM_SERVER, ""), "");
	bed_free(&bed);

	bed_new(&bed, "drop ip any any -> 203.0.113.9 any (sid:1;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, ""), "1");
	assert_int_equal(bed.flow.fate & FATE_DROP, FATE_DROP);
	assert_string_equal(bed_send(&bed, FROM_SERVER, ""), "");
	bed_free(&bed);
}

/* More than Suricata keeps of a packet, and none lost. */
static void test_many_alerts(void **state)
{
	char rules[8192];
	size_t len = 0;
	struct bed bed;

	for (int i = 1; i <= 60; i++)
		len += (size_t)snprintf(rules + len, sizeof(rules) - len,
					"alert tcp any any -> any any (content:\"a%d\"; sid:%d;)\n",
					i % 2, i);
	bed_new(&bed, rules);
	bed_send(&bed, FROM_CLIENT, "a0 a1");
	assert_int_equal(bed.packet.alert_cnt, 60);
	assert_int_equal(detect_tally(bed.detect).lost, 0);
	bed_free(&bed);
}

/* Settings may want of a rule and a flow one alert; the others are counted, what they do is done. */
static void test_alerts_once(void **state)
{
	static const char rules[] =
		"alert tcp any any -> any any (content:\"x\"; sid:1;)\n"
		"alert tcp any any -> any any (content:\"x\"; gid:2; sid:1;)\n"
		"drop tcp any any -> any any (content:\"y\"; dsize:2; sid:3;)\n"
		"alert tcp any any -> any any (content:\"x\"; threshold:type limit, track by_src, "
		"count 2, seconds 60; sid:4;)\n";
	static const char *const once[] = { "sekisho.alerts=once", NULL };
	struct bed bed;

	bed_new_set(&bed, rules, once, false);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1 1 4");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "4");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "xy"), "3");
	assert_int_equal(bed.packet.fate & FATE_DROP, FATE_DROP);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "xy"), "");
	assert_int_equal(bed.packet.fate & FATE_DROP, FATE_DROP);
	assert_int_equal(detect_flow_alert(&bed.flow, 0)->times, 4);
	assert_int_equal(detect_flow_alert(&bed.flow, 1)->gid, 2);
	assert_int_equal(detect_flow_alert(&bed.flow, 2)->sid, 3);
	assert_int_equal(detect_flow_alert(&bed.flow, 2)->times, 2);
	assert_null(detect_flow_alert(&bed.flow, 3)); /* its rule says itself how often */
	assert_int_equal(detect_tally(bed.detect).repeated, 7);
	bed_flow_anew(&bed);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1 1");
	bed_free(&bed);
}

/* More rules than are remembered of a flow: they are told each time, and it is said. */
static void test_alerts_once_of_many(void **state)
{
	static const char *const once[] = { "sekisho.alerts=once", NULL };
	static char rules[300 * 64];
	size_t len = 0;
	struct bed bed;

	for (int i = 1; i <= 258; i++)
		len += (size_t)snprintf(rules + len, sizeof(rules) - len,
					"alert tcp any any -> any any (content:\"a\"; sid:%d;)\n", i);
	bed_new_set(&bed, rules, once, false);
	detect_packet(bed.detect, bed_packet(&bed, FROM_CLIENT, "a"));
	assert_int_equal(detect_tally(bed.detect).alerts, 258);
	detect_packet(bed.detect, bed_packet(&bed, FROM_CLIENT, "a"));
	assert_int_equal(detect_tally(bed.detect).alerts, 260);
	assert_int_equal(detect_tally(bed.detect).repeated, 256);
	assert_int_equal(detect_tally(bed.detect).memory_short, 4);
	bed_free(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_end_of_flow),
		cmocka_unit_test(test_once_a_side),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_going_back_ends),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_datagrams_speak),
		cmocka_unit_test(test_l3_proto),
		cmocka_unit_test(test_flowbits),
		cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_host_bits_usual),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_addresses_alone),
		cmocka_unit_test(test_many_alerts),
		cmocka_unit_test(test_alerts_once),
		cmocka_unit_test(test_alerts_once_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
