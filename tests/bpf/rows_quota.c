// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/admit.h: quotas of flows, half-open flows and new flows a second, of a body and of
 * a source (G39), and a full table. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <bpf/bpf.h>
#include <stdio.h>

#define SERVER "198.51.100.80"

/* Only what a row is about is scarce. */
#define QUOTA(flows, half, source_flows, source_half, source_rate)                                 \
	HEAD "    quota: {flows: " #flows ", half_open: " #half ", source_flows: " #source_flows   \
	     ", source_half_open: " #source_half ", source_rate: " #source_rate "}\n"
#define HEAD                                                                                       \
	BED_PORTS                                                                                  \
	"tenants:\n"                                                                               \
	"  - name: beta\n"                                                                         \
	"    id: 2\n"                                                                              \
	"    attach: [{port: inside, vlan: 20}, {port: outside, vlan: 20}]\n"                      \
	"    prefixes: [10.0.0.0/16]\n"                                                            \
	"    default: {out: accept, in: accept}\n"                                                 \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"                      \
	"    prefixes: [10.0.0.0/16]\n"                                                            \
	"    default: {out: accept, in: accept}\n"

/* SYN number n of a body; every source of its own sends `each`. */
static enum sek_reason syn_to(struct bed *bed, uint16_t vlan, uint32_t n, uint32_t each,
			      uint16_t dport)
{
	char src[32];
	const struct talk talk = {
		.from = src, .to = SERVER, .sport = (uint16_t)(1024 + n), .dport = dport
	};
	const struct pkt pkt = bed_opener(&talk, vlan, TCP_SYN, 1000, 0, 0);

	snprintf(src, sizeof(src), "10.0.%u.%u", n / each / 250, n / each % 250 + 1);
	return bed_run(bed, INSIDE, &pkt);
}

static enum sek_reason syn(struct bed *bed, uint16_t vlan, uint32_t n, uint32_t each)
{
	return syn_to(bed, vlan, n, each, 80);
}

/* The flow of SYN n, of the first source. */
static struct talk talk_of(uint32_t n)
{
	return (struct talk){
		.from = "10.0.0.1", .to = SERVER, .sport = (uint16_t)(1024 + n), .dport = 80
	};
}

/* Brings SYN n's flow to ESTABLISHED. */
static void complete(struct bed *bed, uint16_t vlan, uint32_t n)
{
	const struct talk talk = talk_of(n);
	const struct pkt back = bed_opened(&talk, vlan, TCP_SYN | TCP_ACK, 77, 1001, 0),
			 ack = bed_opener(&talk, vlan, TCP_ACK, 1001, 78, 0);

	bed_expect(bed, "SYN-ACK", OUTSIDE, &back, established);
	bed_expect(bed, "ACK", INSIDE, &ack, established);
}

static void flows_of_body(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, QUOTA(20, 20, 9000, 9000, 100000));
	for (uint32_t n = 0; n < 60; n++) {
		assert_int_equal(syn(bed, 10, n, 1000), n < 20 ? SEK_R_accepted : SEK_R_flow_quota);
		if (n < 20)
			complete(bed, 10, n);
	}
	assert_int_equal(bed_quota(bed, 1).flows, 20);
	assert_int_equal(syn(bed, 20, 0, 1), SEK_R_accepted); /* another body is unharmed */
	/* Ended flows give their place back. */
	bed_wait(bed, 3 * 3600 * SECOND);
	assert_int_equal(syn(bed, 10, 0, 1000), SEK_R_accepted);
}

static void flows_of_source(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, QUOTA(9000, 9000, 10, 9000, 100000));
	for (uint32_t n = 0; n < 40; n++)
		assert_int_equal(syn(bed, 10, n, 20),
				 n % 20 < 10 ? SEK_R_accepted : SEK_R_flow_source_quota);
	assert_int_equal(bed_quota(bed, 1).flows, 20);
}

static void half_of_body(void **state)
{
	struct bed *bed = *state;
	const struct talk talk = talk_of(0);
	const struct pkt data = bed_opener(&talk, 10, TCP_ACK, 1001, 78, 10);

	bed_policy(bed, QUOTA(9000, 10, 9000, 9000, 100000));
	assert_int_equal(syn(bed, 10, 0, 1000), SEK_R_accepted);
	complete(bed, 10, 0);
	assert_int_equal(bed_quota(bed, 1).half, 0);
	for (uint32_t n = 1; n < 40; n++)
		assert_int_equal(syn(bed, 10, n, 1), n <= 10 ? SEK_R_accepted : SEK_R_half_quota);
	/* The established flow was not pushed out. */
	bed_expect(bed, "data of the established flow", INSIDE, &data, established);
}

/* What a full body has no room for is not asked of its rules; with room for one it is. */
static void full_asks_nothing(void **state)
{
	struct bed *bed = *state;

	bed_policy(
		bed,
		QUOTA(9000, 10, 9000, 9000,
		      100000) "    rules: [{name: closed, dir: out, proto: tcp, dport: 81, action: drop}]\n");
	for (uint32_t n = 0; n < 10; n++) {
		assert_int_equal(syn_to(bed, 10, n, 1, 81), SEK_R_rule_drop);
		assert_int_equal(syn(bed, 10, n, 1), SEK_R_accepted);
	}
	assert_int_equal(syn_to(bed, 10, 10, 1, 81), SEK_R_half_quota);
	complete(bed, 10, 0);
	assert_int_equal(syn_to(bed, 10, 10, 1, 81), SEK_R_rule_drop);
}

/* Whom nobody answers is forgotten, also when no packet asks for him again. */
static void forgotten(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, QUOTA(9000, 9000, 5, 5, 100000));
	for (uint32_t n = 0; n < 10; n++)
		assert_int_equal(syn(bed, 10, n, 1000),
				 n < 5 ? SEK_R_accepted : SEK_R_half_source_quota);
	bed_wait(bed, 30 * SECOND);
	for (uint32_t n = 100; n < 110; n++)
		assert_int_equal(syn(bed, 10, n, 1000),
				 n < 105 ? SEK_R_accepted : SEK_R_half_source_quota);
	assert_int_equal(bed_quota(bed, 1).half, 5);
	assert_int_equal(bed_flows(bed, NULL), 5);
}

static void half_of_source(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, QUOTA(9000, 9000, 9000, 5, 100000));
	for (uint32_t n = 0; n < 40; n++)
		assert_int_equal(syn(bed, 10, n, 20),
				 n % 20 < 5 ? SEK_R_accepted : SEK_R_half_source_quota);
}

static void rate_of_source(void **state)
{
	struct bed *bed = *state;
	uint32_t passed = 0, n = 0;

	bed_policy(bed, QUOTA(9000, 9000, 9000, 9000, 100));
	/* 10 s at 500 new flows a second from one source: 100 a second and the burst of at most a second. */
	for (; n < 5000 && passed < 4000; n++) {
		enum sek_reason got = syn(bed, 10, n, 100000);

		if (got == SEK_R_accepted)
			passed++;
		else
			assert_int_equal(got, SEK_R_source_rate);
		bed_wait(bed, 2 * MS);
	}
	assert_in_range(passed, 990, 1110);
}

static uint32_t sources_remembered(const struct bed *bed)
{
	struct sek_source_key key, next;
	const struct sek_source_key *from = NULL;
	uint32_t cnt = 0;

	while (!bpf_map_get_next_key(gate_map_fd(replay_gate(bed->replay), "sek_source"), from,
				     &next)) {
		key = next;
		from = &key;
		cnt++;
	}
	return cnt;
}

/*
 * The scanner of one body fills its own quota; 20 other flows of the other open unharmed. Those of its
 * addresses that no flow was made for push nobody out of the sources' table.
 */
static void g39_scanner(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, QUOTA(100, 50, 9000, 9000, 100000));
	for (uint32_t n = 0; n < 1000; n++) {
		enum sek_reason got = syn(bed, 10, n, 1);

		assert_true(got == SEK_R_accepted || got == SEK_R_half_quota);
		if (n % 50 == 0)
			assert_int_equal(syn(bed, 20, n / 50, 1), SEK_R_accepted);
	}
	assert_int_equal(bed_quota(bed, 1).flows, 50);
	assert_int_equal(bed_quota(bed, 2).flows, 20);
	assert_int_equal(sources_remembered(bed), 70);
}

/* The bed's table has 4,096 places. */
static void full_table(void **state)
{
	struct bed *bed = *state;
	uint32_t n = 0;

	bed_policy(bed, QUOTA(9000, 9000, 9000, 9000, 100000));
	while (n < 20000 && syn(bed, 10, n, 1) == SEK_R_accepted)
		n++;
	assert_int_equal(bed->last.trace.reason, SEK_R_flow_table_full);
	assert_in_range(n, 4000, 4096);
	assert_int_equal(bed_quota(bed, 1).flows, n);
}

/* Counts come back to zero when all flows have ended, in every way that a flow can end. */
static void nothing_leaks(void **state)
{
	struct bed *bed = *state;
	struct pkt reset = { .vlan = 10,
			     .src = "198.51.100.80",
			     .dst = "10.0.0.1",
			     .proto = IPPROTO_TCP,
			     .sport = 80,
			     .dport = 1024,
			     .flags = TCP_RST,
			     .seq = 78 };

	bed_policy(bed, QUOTA(30, 30, 30, 30, 100000));
	for (uint32_t round = 0; round < 100; round++) {
		assert_int_equal(syn(bed, 10, 0, 1000), SEK_R_accepted);
		complete(bed, 10, 0);
		bed_expect(bed, "reset", OUTSIDE, &reset, established);
		bed_wait(bed, 600 * SECOND);
	}
	assert_in_range(bed_quota(bed, 1).flows, 0, 1);
	assert_int_equal(bed_quota(bed, 1).half, 0);
}

static const struct CMUnitTest tests[] = {
	{ "a body's flows are limited", flows_of_body, NULL, NULL, NULL },
	{ "a source's flows are limited", flows_of_source, NULL, NULL, NULL },
	{ "a body's half-open flows are limited, established ones stay", half_of_body, NULL, NULL,
	  NULL },
	{ "of a body without room rules are not asked", full_asks_nothing, NULL, NULL, NULL },
	{ "half-open flows past their time hold nothing", forgotten, NULL, NULL, NULL },
	{ "a source's half-open flows are limited", half_of_source, NULL, NULL, NULL },
	{ "a source's new flows a second are limited", rate_of_source, NULL, NULL, NULL },
	{ "G39 one body's scanner costs another no flow", g39_scanner, NULL, NULL, NULL },
	{ "a full table refuses, and says so", full_table, NULL, NULL, NULL },
	{ "counts of flows do not leak", nothing_leaks, NULL, NULL, NULL },
};
ROWS(rows_quota, tests);
