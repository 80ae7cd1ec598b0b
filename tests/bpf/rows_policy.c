// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/policy.h and rewrite/answer.h: the first rule that matches, what a refused sender
 * is told, and a change of policy that reaches established flows (G45). Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <bpf/bpf.h>

#define TCP_TO(port)                                                                               \
	.proto = IPPROTO_TCP, .sport = 40000, .dport = (port), .flags = TCP_SYN, .seq = 1000
#define UDP_TO(port) .proto = IPPROTO_UDP, .sport = 40000, .dport = (port), .payload_len = 20
#define OUT4 .vlan = 10, .src = "10.0.1.5", .dst = "198.51.100.80"
#define OUT6 .vlan = 10, .src = "2001:db8:a::5", .dst = "2001:db8:ff::80"
#define IN4 .vlan = 10, .src = "198.51.100.80", .dst = "10.0.1.5"
#define IN6 .vlan = 10, .src = "2001:db8:ff::80", .dst = "2001:db8:a::5"

static void rules(void **state)
{
	const struct row rows[] = {
		{ "web", INSIDE, { OUT4, TCP_TO(80) }, SEK_R_accepted, "web" },
		{ "web, IPv6", INSIDE, { OUT6, TCP_TO(443) }, SEK_R_accepted, "web" },
		{ "smtp", INSIDE, { OUT4, TCP_TO(25) }, SEK_R_rule_drop, "smtp" },
		{ "smtp, IPv6", INSIDE, { OUT6, TCP_TO(25) }, SEK_R_rule_drop, "smtp" },
		{ "irc", INSIDE, { OUT4, TCP_TO(6667) }, SEK_R_rule_reject, "irc" },
		{ "irc by UDP", INSIDE, { OUT6, UDP_TO(6667) }, SEK_R_rule_reject, "irc" },
		{ "nothing matches, out",
		  INSIDE,
		  { OUT4, TCP_TO(81) },
		  SEK_R_default_reject,
		  "default-out" },
		{ "nothing matches, in", OUTSIDE, { IN4, TCP_TO(81) }, SEK_R_default_drop, "default-in" },
		{ "nothing matches, in, IPv6",
		  OUTSIDE,
		  { IN6, TCP_TO(81) },
		  SEK_R_default_drop,
		  "default-in" },
		{ "ssh from outside", OUTSIDE, { IN4, TCP_TO(22) }, SEK_R_accepted, "ssh" },
		{ "a rule of the other direction",
		  INSIDE,
		  { OUT4, TCP_TO(22) },
		  SEK_R_default_reject,
		  "default-out" },
		{ "a port of the other protocol",
		  INSIDE,
		  { OUT4, UDP_TO(443) },
		  SEK_R_default_reject,
		  "default-out" },
		{ "no inspector, fail open", INSIDE, { OUT4, TCP_TO(8080) }, SEK_R_inspect_open, "seen" },
		{ "no inspector, fail closed",
		  INSIDE,
		  { .vlan = 20, .src = "10.0.1.5", .dst = "198.51.100.80", TCP_TO(8080) },
		  SEK_R_inspect_closed,
		  "seen" },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_table(bed, rows);
}

static void answer_is_addressed(struct bed *bed, bool six)
{
	size_t addrs = six ? 8 : 12, len = six ? 16 : 4;
	const uint8_t *in = bed->in.b + bed->in.l3 + addrs, *out = bed->out.b + bed->out.l3 + addrs;

	assert_memory_equal(bed->out.b, bed->in.b + 6, 6);
	assert_memory_equal(bed->out.b + 6, bed->in.b, 6);
	assert_memory_equal(bed->out.b + 12, bed->in.b + 12, 4); /* the tag */
	assert_int_equal(bed->out.l3, bed->in.l3);
	assert_memory_equal(out, in + len, len);
	assert_memory_equal(out + len, in, len);
	if (!six)
		assert_true(frame_ip_sum_right(&bed->out, bed->out.l3));
	assert_true(frame_l4_sum_right(&bed->out, bed->out.l3));
}

static void reject_tcp(void **state)
{
	const struct pkt asks[] = { { OUT4, TCP_TO(6667) }, { OUT6, TCP_TO(6667) } };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		size_t l4;

		bed_answer(bed, "rejected SYN", INSIDE, &asks[i], rule_reject);
		answer_is_addressed(bed, i == 1);
		l4 = bed->out.l3 + (i ? 40 : 20);
		assert_int_equal(frame_get16(&bed->out, l4), 6667);
		assert_int_equal(frame_get16(&bed->out, l4 + 2), 40000);
		assert_int_equal(bed->out.b[l4 + 13], TCP_RST | TCP_ACK);
		assert_int_equal(frame_get32(&bed->out, l4 + 4), 0);
		assert_int_equal(frame_get32(&bed->out, l4 + 8), 1001);
		assert_int_equal(bed_flows(bed, NULL), 0);
	}
}

static void reject_udp(void **state)
{
	const struct pkt asks[] = { { OUT4, UDP_TO(6667) }, { OUT6, UDP_TO(6667) } };
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		size_t l4;

		bed_answer(bed, "rejected UDP", INSIDE, &asks[i], rule_reject);
		answer_is_addressed(bed, i == 1);
		l4 = bed->out.l3 + (i ? 40 : 20);
		assert_int_equal(bed->out.b[bed->out.l3 + (i ? 6 : 9)],
				 i ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		assert_int_equal(bed->out.b[l4], i ? 1 : 3);
		assert_int_equal(bed->out.b[l4 + 1], i ? 1 : 13);
		/* the quote: the IP header and at least 8 bytes, as they came */
		assert_memory_equal(bed->out.b + l4 + 8, bed->in.b + bed->in.l3, i ? 48 : 28);
	}
}

/* Untagged and in QinQ, with options, small and in several buffers: whole, with the same tags. */
static void reject_all_shapes(void **state)
{
	static const uint8_t options[8] = { 148, 4, 0, 0, 1, 1, 1, 0 };
	static const size_t lens[] = { 0, 1, 3, 500, 1472, 3000, 5000, 9000, 30000, 65000 };
	static const struct pkt shapes[] = {
		{ OUT4 },
		{ OUT6 },
		{ .vlan = 10, .outer = 100, .src = "10.0.1.5", .dst = "198.51.100.80" },
		{ .src = "10.9.1.5", .dst = "198.51.100.80" },
		{ OUT4, .options = options, .options_len = 8 },
		{ OUT6, .ext = { { 60, 8, { 0, 0, 1, 4 } } } },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(lens[0]); i++) {
			struct pkt pkt = shapes[s];
			size_t link;

			pkt.proto = i % 2 ? IPPROTO_UDP : IPPROTO_TCP;
			pkt.flags = TCP_SYN;
			pkt.sport = 40000;
			pkt.dport = 6667;
			pkt.payload_len = lens[i / 2] > 64000 && pkt.options ? 64000 : lens[i / 2];
			bed_answer(bed, "rejected", INSIDE, &pkt, rule_reject);
			link = bed->in.l3;
			assert_int_equal(bed->out.l3, link);
			assert_memory_equal(bed->out.b, bed->in.b + 6, 6);
			assert_memory_equal(bed->out.b + 6, bed->in.b, 6);
			assert_memory_equal(bed->out.b + 12, bed->in.b + 12, link - 12);
			assert_true(frame_l4_sum_right(&bed->out, link));
			assert_in_range(bed->out.len, link + 40, link + 1280);
		}
}

/*
 * Strangers get 200 answers at once and 200 a second, for each body by itself; a body's own hosts, who wait
 * for them, a hundred times as many. RFC 4443, 2.4 f.
 */
static void answers_are_bounded(void **state)
{
	static const char policy[] = BED_ALPHA
		"    default: {out: reject, in: reject}\n"
		"  - name: beta\n"
		"    id: 2\n"
		"    attach: [{port: inside, vlan: 11}, {port: outside, vlan: 11}]\n"
		"    prefixes: [10.0.0.0/16]\n"
		"    default: {out: reject, in: reject}\n";
	const struct pkt asks[] = { { IN4, UDP_TO(9) }, { IN6, TCP_TO(22) } };
	struct pkt own = { OUT4, UDP_TO(9) }, other = { IN4, UDP_TO(9) };
	struct bed *bed = *state;

	other.vlan = 11;
	bed_policy(bed, policy);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++)
			bed_answer(bed, "asked by a stranger", OUTSIDE, &asks[i & 1], default_reject);
		for (int i = 0; i < 3; i++)
			bed_expect(bed, "once too often", OUTSIDE, &asks[i & 1], answer_rate);
		assert_int_equal(bed->last.action, XDP_DROP);
		bed_answer(bed, "of another body", OUTSIDE, &other, default_reject);
		for (int i = 0; i < 1000; i++)
			bed_answer(bed, "its own host", INSIDE, &own, default_reject);
		bed_wait(bed, 10 * MS);
		bed_answer(bed, "two more in 10 ms", OUTSIDE, &asks[0], default_reject);
		bed_answer(bed, "two more in 10 ms", OUTSIDE, &asks[1], default_reject);
		bed_expect(bed, "and no third", OUTSIDE, &asks[0], answer_rate);
		bed_wait(bed, 2 * SECOND);
	}
	assert_int_equal(bed_count(bed, 1, SEK_IN, SEK_R_answer_rate).packets, 8);
}

/* Never in answer to an error, a reset, a multicast, a piece. */
static void reject_without_answer(void **state)
{
	struct pkt quoted = { IN4, UDP_TO(9) };
	const struct row rows[] = {
		{ "to multicast",
		  INSIDE,
		  { .vlan = 10, .src = "10.0.1.5", .dst = "239.1.1.1", UDP_TO(6667) },
		  SEK_R_rule_reject,
		  NULL },
		{ "to IPv6 multicast",
		  INSIDE,
		  { .vlan = 10, .src = "2001:db8:a::5", .dst = "ff0e::1", UDP_TO(6667) },
		  SEK_R_rule_reject,
		  NULL },
		{ "to broadcast",
		  INSIDE,
		  { .vlan = 10, .src = "10.0.1.5", .dst = "255.255.255.255", UDP_TO(6667) },
		  SEK_R_martian,
		  NULL },
		{ "first of a datagram in pieces",
		  INSIDE,
		  { OUT4, .proto = IPPROTO_UDP, .sport = 1, .dport = 6667, .payload_len = 3000,
		    .piece = 1480, .ip_id = 3 },
		  SEK_R_rule_reject,
		  NULL },
		{ "an error about nothing",
		  INSIDE,
		  { OUT4, .proto = IPPROTO_ICMP, .type = 3, .code = 3, .quoted = &quoted },
		  SEK_R_icmp_no_flow,
		  NULL },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum sek_reason got = bed_run(bed, INSIDE, &rows[i].pkt);

		if (got != rows[i].reason || bed->last.action != XDP_DROP)
			fail_msg("%s: got %s, action %u", rows[i].what, reason_name(got),
				 bed->last.action);
	}
}

#define CHANGED(rules)                                                                             \
	BED_ALPHA                                                                                  \
	"    default: {out: drop, in: drop}\n"                                                     \
	"    rules:\n" rules

static const char both_open[] =
	CHANGED("      - {name: web, dir: out, proto: tcp, dport: 80, action: accept}\n"
		"      - {name: dns, dir: out, proto: udp, dport: 53, action: accept}\n");
static const char web_shut[] =
	CHANGED("      - {name: no-web, dir: out, proto: tcp, dport: 80, action: drop}\n"
		"      - {name: dns, dir: out, proto: udp, dport: 53, action: accept}\n");

/* The change bites at the next packet, in the direction of the reply as well; other flows live on. */
static void g45_change_reaches_flows(void **state)
{
	struct bed *bed = *state;

	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt syn = bed_out(e, (struct pkt){ TCP_TO(80) });
		struct pkt syn_ack = bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
							     .sport = 80,
							     .dport = 40000,
							     .flags = TCP_SYN | TCP_ACK,
							     .seq = 77,
							     .ack = 1001 });
		struct pkt ack = bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
							  .sport = 40000,
							  .dport = 80,
							  .flags = TCP_ACK,
							  .seq = 1001,
							  .ack = 78 });
		struct pkt data = bed_in(e, (struct pkt){ .proto = IPPROTO_TCP,
							  .sport = 80,
							  .dport = 40000,
							  .flags = TCP_ACK,
							  .seq = 78,
							  .ack = 1001,
							  .payload_len = 100 });
		struct pkt ask = bed_out(e, (struct pkt){ UDP_TO(53) });
		struct pkt answer =
			bed_in(e, (struct pkt){ .proto = IPPROTO_UDP, .sport = 53, .dport = 40000 });

		bed_policy(bed, both_open);
		bed_expect(bed, "SYN", INSIDE, &syn, accepted);
		bed_expect(bed, "SYN-ACK", OUTSIDE, &syn_ack, established);
		bed_expect(bed, "ACK", INSIDE, &ack, established);
		bed_expect(bed, "question", INSIDE, &ask, accepted);
		bed_apply(bed, both_open);
		bed_expect(bed, "data after a change that changes nothing", OUTSIDE, &data,
			   established);
		bed_apply(bed, web_shut);
		bed_expect(bed, "data after the block", OUTSIDE, &data, rule_drop);
		assert_string_equal(bed_rule(bed), "no-web");
		bed_expect(bed, "answer of another flow", OUTSIDE, &answer, established);
		assert_int_equal(bed_flows(bed, NULL), 1);
		assert_int_equal(bed_quota(bed, 1).flows, 1);
		data.flags |= TCP_PSH;
		bed_expect(bed, "more data", OUTSIDE, &data, tcp_no_flow);
	}
}

/* No policy yet: everything is refused. */
static void refuse_set(struct bed *bed, uint32_t generation)
{
	int fd = gate_map_fd(replay_gate(bed->replay), "sek_active");
	uint32_t zero = 0;
	struct sek_active active = { .generation = generation };

	assert_int_equal(bpf_map_update_elem(fd, &zero, &active, BPF_ANY), 0);
}

static void no_policy(void **state)
{
	struct bed *bed = *state;
	struct pkt syn = { OUT4, TCP_TO(80) };
	uint32_t generation;

	bed_policy(bed, bed_bridge);
	generation = gate_generation(replay_gate(bed->replay));
	refuse_set(bed, 0);
	bed_run(bed, INSIDE, &syn);
	assert_int_equal(bed->last.action, XDP_DROP);
	refuse_set(bed, generation);
	bed_expect(bed, "SYN", INSIDE, &syn, accepted);
}

static const struct CMUnitTest tests[] = {
	{ "the first rule that matches, by name", rules, NULL, NULL, NULL },
	{ "reject: TCP is answered by a reset", reject_tcp, NULL, NULL, NULL },
	{ "reject: UDP is answered by ICMP", reject_udp, NULL, NULL, NULL },
	{ "reject: untagged, QinQ, options, one byte to 65,000", reject_all_shapes, NULL, NULL, NULL },
	{ "reject: no more answers than fit a second", answers_are_bounded, NULL, NULL, NULL },
	{ "reject: what must not be answered is not", reject_without_answer, NULL, NULL, NULL },
	{ "G45 a change of policy reaches established flows", g45_change_reaches_flows, NULL, NULL,
	  NULL },
	{ "without a policy nothing passes", no_policy, NULL, NULL, NULL },
};
ROWS(rows_policy, tests);
