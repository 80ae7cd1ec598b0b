// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/tenant.h: port, VLAN and prefix tell whose a packet is. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#define WEB .proto = IPPROTO_TCP, .sport = 40000, .dport = 80, .flags = TCP_SYN, .seq = 1000
#define OUT4 .src = "10.0.1.5", .dst = "198.51.100.80", WEB
#define FAR4 .src = "198.51.100.80", .dst = "10.0.1.5", WEB

static void whose(void **state)
{
	static const struct {
		uint16_t vlan, outer, outer_type, tenant;
	} rows[] = { { 10, 0, 0, 1 },	       { 1, 0, 0, 3 },	       { 256, 0, 0, 4 },
		     { 10, 100, 0, 5 },	       { 10, 100, 0x8100, 5 }, { 0x2000 | 10, 0, 0, 1 },
		     { 0xf000 | 256, 0, 0, 4 } };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pkt pkt = { .vlan = rows[i].vlan,
				   .outer = rows[i].outer,
				   .outer_type = rows[i].outer_type,
				   OUT4 };

		pkt.sport = (uint16_t)(1000 + i);
		bed_expect(bed, "first packet of a body", INSIDE, &pkt, accepted);
		assert_int_equal(bed->last.trace.tenant, rows[i].tenant);
		assert_int_equal(bed->last.trace.dir, SEK_OUT);
		assert_int_equal(bed->last.trace.out_port, OUTSIDE);
		assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
	}
}

static void nobodys(void **state)
{
	const struct row rows[] = {
		{ "VLAN of no body", INSIDE, { .vlan = 11, OUT4 }, SEK_R_no_tenant, NULL },
		{ "VLAN of no body, from outside", OUTSIDE, { .vlan = 11, FAR4 }, SEK_R_no_tenant, NULL },
		{ "outer VLAN of no body",
		  INSIDE,
		  { .vlan = 10, .outer = 101, OUT4 },
		  SEK_R_no_tenant,
		  NULL },
		{ "inner VLAN of no body",
		  INSIDE,
		  { .vlan = 11, .outer = 100, OUT4 },
		  SEK_R_no_tenant,
		  NULL },
		{ "destination of no body",
		  OUTSIDE,
		  { .vlan = 10, .src = "198.51.100.80", .dst = "10.1.1.5", WEB },
		  SEK_R_no_tenant,
		  NULL },
		{ "another's source",
		  INSIDE,
		  { .vlan = 10, .src = "10.1.1.5", .dst = "198.51.100.80", WEB },
		  SEK_R_spoofed,
		  NULL },
		{ "another's IPv6 source",
		  INSIDE,
		  { .vlan = 10, .src = "2001:db8:b::5", .dst = "2001:db8:ff::80", WEB },
		  SEK_R_spoofed,
		  NULL },
		{ "source 0.0.0.0",
		  INSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = "198.51.100.80", WEB },
		  SEK_R_spoofed,
		  NULL },
		{ "a body's source from outside",
		  OUTSIDE,
		  { .vlan = 10, .src = "10.0.2.2", .dst = "10.0.1.5", WEB },
		  SEK_R_spoofed,
		  NULL },
		{ "a body's IPv6 source from outside",
		  OUTSIDE,
		  { .vlan = 10, .src = "2001:db8:a::9", .dst = "2001:db8:a::5", WEB },
		  SEK_R_spoofed,
		  NULL },
		{ "source 0.0.0.0 from outside",
		  OUTSIDE,
		  { .vlan = 10, .src = "0.0.0.0", .dst = "10.0.1.5", WEB },
		  SEK_R_martian,
		  NULL },
		{ "source :: from outside",
		  OUTSIDE,
		  { .vlan = 10, .src = "::", .dst = "2001:db8:a::5", WEB },
		  SEK_R_martian,
		  NULL },
		{ "a port that the policy does not describe",
		  9,
		  { .vlan = 10, OUT4 },
		  SEK_R_port_unknown,
		  NULL },
		{ "no port at all", 0, { .vlan = 10, OUT4 }, SEK_R_port_unknown, NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
	assert_int_equal(bed_flows(bed, NULL), 0);
}

/* A forged source is counted against the body whose VLAN it came from. */
static void forger(void **state)
{
	struct pkt pkt = { .vlan = 20, .src = "10.1.1.5", .dst = "198.51.100.80", WEB };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "a source that is nobody's", INSIDE, &pkt, spoofed);
	assert_int_equal(bed->last.trace.tenant, 2);
	bed_policy(bed, bed_route);
	pkt.vlan = 10;
	bed_expect(bed, "on a routed port", INSIDE, &pkt, accepted);
	pkt.src = "10.3.0.1";
	bed_expect(bed, "on a routed port, a source that is nobody's", INSIDE, &pkt, spoofed);
	assert_int_equal(bed->last.trace.tenant, 1);
}

static void two_bodies_same_addresses(void **state)
{
	struct pkt alpha = { .vlan = 10, OUT4 }, many = { .vlan = 256, OUT4 };
	struct pkt alpha_back = { .vlan = 10, FAR4 }, many_back = { .vlan = 256, FAR4 };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	alpha_back.sport = many_back.sport = 80;
	alpha_back.dport = many_back.dport = 40000;
	alpha_back.flags = many_back.flags = TCP_SYN | TCP_ACK;
	alpha_back.ack = many_back.ack = 1001;
	bed_expect(bed, "SYN of alpha", INSIDE, &alpha, accepted);
	bed_expect(bed, "the same answer on the other's VLAN", OUTSIDE, &many_back, tcp_no_flow);
	bed_expect(bed, "SYN of many", INSIDE, &many, accepted);
	assert_int_equal(bed_flows(bed, NULL), 2);
	bed_expect(bed, "answer for alpha", OUTSIDE, &alpha_back, established);
	assert_int_equal(bed->last.trace.tenant, 1);
	bed_expect(bed, "answer for many", OUTSIDE, &many_back, established);
	assert_int_equal(bed->last.trace.tenant, 4);
}

static void set_blind(struct sek_port *port)
{
	port->flags |= SEK_PORT_VLAN_BLIND;
}

static void g15_blind_port(void **state)
{
	struct pkt tagged = { .vlan = 10, OUT4 };
	struct pkt bare = { .src = "10.9.1.5", .dst = "198.51.100.80", WEB };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_port_change(bed, INSIDE, set_blind);
	bed_expect(bed, "untagged where tags are stripped", INSIDE, &bare, vlan_offload);
	bed_expect(bed, "tagged where tags are stripped", INSIDE, &tagged, vlan_offload);
	assert_int_equal(bed_count(bed, 1, SEK_OUT, SEK_R_vlan_offload).packets, 0);
}

/* Counters: one cell a packet, frame bytes. */
static void g17_counters(void **state)
{
	struct pkt syn = { .vlan = 10, OUT4 };
	struct sek_count before, after;
	struct sek_flow flow;
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	before = bed_count(bed, 1, SEK_OUT, SEK_R_accepted);
	bed_expect(bed, "SYN", INSIDE, &syn, accepted);
	after = bed_count(bed, 1, SEK_OUT, SEK_R_accepted);
	assert_int_equal(after.packets - before.packets, 1);
	assert_int_equal(after.bytes - before.bytes, bed->in.len);
	for (int i = 0; i < 5; i++)
		bed_expect(bed, "SYN again", INSIDE, &syn, established);
	assert_int_equal(bed_flows(bed, &flow), 1);
	assert_int_equal(flow.packets[SEK_OUT], 6);
	assert_int_equal(flow.bytes[SEK_OUT], 6 * 40);
	assert_int_equal(flow.packets[SEK_IN], 0);
}

static const struct CMUnitTest tests[] = {
	{ "VLAN 1, 10, 256, QinQ, priority bits: each body its own", whose, NULL, NULL, NULL },
	{ "packets of nobody, spoofed ones, unknown ports", nobodys, NULL, NULL, NULL },
	{ "a forged source is its VLAN's body's", forger, NULL, NULL, NULL },
	{ "two bodies with the same private addresses", two_bodies_same_addresses, NULL, NULL, NULL },
	{ "G15 a port that strips tags serves no VLAN body", g15_blind_port, NULL, NULL, NULL },
	{ "G17 counters of a tagged flow equal what was sent", g17_counters, NULL, NULL, NULL },
};
ROWS(rows_tenant, tests);
