// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/steer.h and rewrite/: TTL and its sum (G27), tags that change on the way, packets
 * for the gateway, bridge ports. Routes that need a kernel's table are tests/net. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <string.h>

#include "bpf/lot.h"

#define TCP_TO(port)                                                                               \
	.proto = IPPROTO_TCP, .sport = 40000, .dport = (port), .flags = TCP_SYN, .seq = 1000
#define UDP_TO(port) .proto = IPPROTO_UDP, .sport = 40000, .dport = (port), .payload_len = 20
#define IN_B 3

static void g27_ttl(void **state)
{
	static const int ttls[] = { TTL_ZERO, 1, 2, 64, 255 };
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	for (size_t i = 0; i < 5; i++) {
		struct pkt four = {
			.src = "10.2.0.5", .dst = "198.51.100.80", UDP_TO(80), .ttl = ttls[i]
		};
		struct pkt six = {
			.src = "2001:db8:b::5", .dst = "2001:db8:ff::80", UDP_TO(80), .ttl = ttls[i]
		};

		bed_reset(bed);
		if (ttls[i] <= 1) {
			bed_expect(bed, "TTL ends here", IN_B, &four, stack_ttl);
			assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
			bed_expect(bed, "hop limit ends here", IN_B, &six, stack_ttl);
			assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
			continue;
		}
		bed_expect(bed, "TTL left", IN_B, &four, accepted);
		assert_int_equal(bed->last.trace.out_port, OUTSIDE);
		assert_int_equal(bed->out.b[bed->out.l3 + 8], ttls[i] - 1);
		assert_true(frame_ip_sum_right(&bed->out, bed->out.l3));
		bed_expect(bed, "hop limit left", IN_B, &six, accepted);
		assert_int_equal(bed->out.b[bed->out.l3 + 7], ttls[i] - 1);
	}
}

static void g27_bridge_leaves_ttl(void **state)
{
	static const int ttls[] = { TTL_ZERO, 1, 2, 64, 255 };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 5; i++)
		for (size_t e = 0; e < 2; e++) {
			struct pkt pkt =
				bed_out(&bed_ends[e], (struct pkt){ UDP_TO(53), .ttl = ttls[i] });

			bed_reset(bed);
			bed_expect(bed, "bridged", INSIDE, &pkt, accepted);
			assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
		}
}

static void g27_all_sums(void **state)
{
	const uint32_t step = 65536 / (uint32_t)lot_cnt(65536);
	struct pkt pkt = { .src = "10.2.0.5", .dst = "198.51.100.80", UDP_TO(80) };
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	pkt_build(&pkt, &bed->in);
	for (uint32_t id = 0; id < 65536; id += step) {
		frame_put16(&bed->in, bed->in.l3 + 4, (uint16_t)id);
		frame_ip_sum(&bed->in);
		bed_frame(bed, IN_B, &bed->in);
		if (bed->last.action != XDP_REDIRECT || !frame_ip_sum_right(&bed->out, bed->out.l3))
			fail_msg("id %u: %s, sum %04x", id, reason_name(bed->last.trace.reason),
				 frame_get16(&bed->out, bed->out.l3 + 10));
	}
}

/* in-a carries alpha on VLAN 10, outside is untagged: the tag goes and comes. */
static void g18_tags_change(void **state)
{
	struct pkt out = { .vlan = 10, .src = "10.1.0.5", .dst = "198.51.100.80", TCP_TO(80) };
	struct pkt in = { .src = "198.51.100.80", .dst = "10.1.0.5", TCP_TO(22) };
	struct pkt bare = out;
	struct bed *bed = *state;
	struct frame wanted;

	bed_policy(bed, bed_route);
	bed_expect(bed, "tagged to untagged", INSIDE, &out, accepted);
	assert_int_equal(bed->last.trace.out_port, OUTSIDE);
	bare.vlan = 0;
	bare.ttl = 63;
	pkt_build(&bare, &wanted);
	assert_int_equal(bed->out.len, wanted.len);
	assert_memory_equal(bed->out.b + 12, wanted.b + 12, wanted.len - 12);
	bed_expect(bed, "untagged to tagged", OUTSIDE, &in, accepted);
	assert_int_equal(bed->last.trace.out_port, INSIDE);
	in.vlan = 10;
	in.ttl = 63;
	pkt_build(&in, &wanted);
	assert_int_equal(bed->out.len, wanted.len);
	assert_memory_equal(bed->out.b + 12, wanted.b + 12, wanted.len - 12);
}

static void host(void **state)
{
	const struct row rows[] = {
		{ "ping of the gateway from a body",
		  IN_B,
		  { .src = "10.2.0.5", .dst = "192.0.2.1", .proto = IPPROTO_ICMP, .type = 8, .id = 1 },
		  SEK_R_stack_host,
		  NULL },
		{ "ping of the gateway from outside",
		  OUTSIDE,
		  { .src = "198.51.100.80", .dst = "192.0.2.1", .proto = IPPROTO_ICMP, .type = 8, .id = 1 },
		  SEK_R_stack_host,
		  NULL },
		{ "ssh to the gateway",
		  OUTSIDE,
		  { .src = "198.51.100.80", .dst = "192.0.2.1", TCP_TO(22) },
		  SEK_R_host_refused,
		  NULL },
		{ "ssh to the gateway, IPv6",
		  OUTSIDE,
		  { .src = "2001:db8:fe::80", .dst = "2001:db8:ff::1", TCP_TO(22) },
		  SEK_R_host_refused,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	bed_table(bed, rows);
	assert_int_equal(bed_flows(bed, NULL), 0);
}

static void between_bodies(void **state)
{
	struct pkt pkt = { .src = "10.2.0.5", .dst = "10.1.0.5", UDP_TO(80) };
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	bed_expect(bed, "beta to alpha", IN_B, &pkt, cross_tenant);
	pkt = (struct pkt){ .vlan = 10, .src = "2001:db8:a::5", .dst = "2001:db8:b::5", UDP_TO(80) };
	bed_expect(bed, "alpha to beta, IPv6", INSIDE, &pkt, cross_tenant);
}

static const char two_networks[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: in-a, id: 1, side: inside, mode: route}\n"
	"  - {name: outside, id: 2, side: outside, mode: route}\n"
	"  - {name: in-b, id: 3, side: inside, mode: route}\n"
	"tenants:\n"
	"  - name: alpha\n"
	"    id: 1\n"
	"    attach: [{port: in-a}, {port: in-b}, {port: outside}]\n"
	"    prefixes: [10.1.0.0/16]\n"
	"    default: {out: drop, in: drop}\n"
	"    rules:\n"
	"      - {name: web, dir: out, proto: tcp, dport: 80, action: accept}\n"
	"      - {name: ping, dir: out, proto: icmp, icmp: [echo-request], action: accept}\n";

/* From one network of a body to another of its own: the answer is the flow's. */
static void within_a_body(void **state)
{
	struct pkt out = { .src = "10.1.0.5", .dst = "10.1.1.5", TCP_TO(80) };
	struct pkt back = { .src = "10.1.1.5",
			    .dst = "10.1.0.5",
			    .proto = IPPROTO_TCP,
			    .sport = 80,
			    .dport = 40000,
			    .flags = TCP_SYN | TCP_ACK,
			    .seq = 5000,
			    .ack = 1001 };
	struct pkt ping = {
		.src = "10.1.0.5", .dst = "10.1.1.5", .proto = IPPROTO_ICMP, .type = 8, .id = 7
	};
	struct pkt pong = { .src = "10.1.1.5", .dst = "10.1.0.5", .proto = IPPROTO_ICMP, .id = 7 };
	struct bed *bed = *state;
	struct sek_flow flow;

	bed_policy(bed, two_networks);
	bed_expect(bed, "an answer to nothing", IN_B, &back, tcp_no_flow);
	bed_expect(bed, "SYN", INSIDE, &out, accepted);
	bed_expect(bed, "SYN-ACK", IN_B, &back, established);
	out.flags = TCP_ACK;
	out.seq = 1001;
	out.ack = 5001;
	bed_expect(bed, "ACK", INSIDE, &out, established);
	assert_int_equal(bed_flows(bed, &flow), 1);
	assert_int_equal(flow.state, SEK_FLOW_ESTABLISHED);
	assert_int_equal(flow.packets[SEK_IN], 1);
	bed_expect(bed, "ping", INSIDE, &ping, accepted);
	bed_expect(bed, "pong", IN_B, &pong, established);
	bed_expect(bed, "the answer from outside", OUTSIDE, &back, spoofed);
	back.flags = TCP_SYN;
	back.sport = 40001;
	back.dport = 81;
	bed_expect(bed, "a port that no rule has", IN_B, &back, default_drop);
}

static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t some[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };

#define BETA4 .src = "10.2.0.5"
#define BETA6 .src = "2001:db8:b::5"
#define FAR4 .dst = "198.51.100.80"

/* beta accepts everything, so nothing but the rows' own fault stops them. */
static void never_forwarded(void **state)
{
	static const struct row rows[] = {
		{ "all on the link had it",
		  IN_B,
		  { .eth_dst = everybody, BETA4, FAR4, UDP_TO(80) },
		  SEK_R_martian,
		  NULL },
		{ "many on the link had it",
		  IN_B,
		  { .eth_dst = some, BETA4, FAR4, UDP_TO(80) },
		  SEK_R_martian,
		  NULL },
		{ "a group", IN_B, { BETA4, .dst = "239.1.2.3", UDP_TO(80) }, SEK_R_martian, NULL },
		{ "a group of the link",
		  IN_B,
		  { BETA4, .dst = "224.0.0.251", UDP_TO(5353) },
		  SEK_R_martian,
		  NULL },
		{ "an IPv6 group", IN_B, { BETA6, .dst = "ff0e::5", UDP_TO(80) }, SEK_R_martian, NULL },
		{ "to a link-local address",
		  IN_B,
		  { BETA4, .dst = "169.254.169.254", TCP_TO(80) },
		  SEK_R_martian,
		  NULL },
		{ "the same, IPv6", IN_B, { BETA6, .dst = "fe80::9", TCP_TO(80) }, SEK_R_martian, NULL },
		{ "from a link-local address",
		  OUTSIDE,
		  { .src = "169.254.1.1", .dst = "10.2.0.5", TCP_TO(80) },
		  SEK_R_martian,
		  NULL },
		{ "the same, IPv6",
		  OUTSIDE,
		  { .src = "fe80::9", .dst = "2001:db8:b::5", TCP_TO(80) },
		  SEK_R_martian,
		  NULL },
	};
	const struct pkt near = {
		.src = "169.254.1.1", .dst = "192.0.2.1", .proto = IPPROTO_ICMP, .type = 8, .id = 1
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_route);
	bed_table(bed, rows);
	assert_int_equal(bed_flows(bed, NULL), 0);
	bed_expect(bed, "ping of the gateway from its link", OUTSIDE, &near, stack_host);
}

static void set_lonely(struct sek_port *port)
{
	port->peer = 0;
}

static void no_peer(void **state)
{
	struct pkt pkt = bed_out(&bed_ends[0], (struct pkt){ UDP_TO(53) });
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_port_change(bed, INSIDE, set_lonely);
	bed_expect(bed, "bridge port without a peer", INSIDE, &pkt, no_peer);
}

static const struct CMUnitTest tests[] = {
	{ "G27 route: TTL 0, 1, 2, 64, 255, both families", g27_ttl, NULL, NULL, NULL },
	{ "G27 bridge: TTL untouched", g27_bridge_leaves_ttl, NULL, NULL, NULL },
	{ "G27 header sum over all 65,536 ids", g27_all_sums, NULL, NULL, NULL },
	{ "G18 tagged to untagged and back", g18_tags_change, NULL, NULL, NULL },
	{ "packets for the gateway itself", host, NULL, NULL, NULL },
	{ "a body's packet for another body", between_bodies, NULL, NULL, NULL },
	{ "from one network of a body to another", within_a_body, NULL, NULL, NULL },
	{ "what a router never forwards", never_forwarded, NULL, NULL, NULL },
	{ "a bridge port without its peer", no_peer, NULL, NULL, NULL },
};
ROWS(rows_route, tests);
