// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for UDP, ICMP and other protocols in stage/flow.h: replies, ids (G44), errors about a flow,
 * idle ends. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <string.h>

static struct pkt udp_out(const struct ends *e)
{
	return bed_out(
		e,
		(struct pkt){ .proto = IPPROTO_UDP, .sport = 40000, .dport = 53, .payload_len = 40 });
}

static struct pkt udp_in(const struct ends *e)
{
	return bed_in(
		e, (struct pkt){
			   .proto = IPPROTO_UDP, .sport = 53, .dport = 40000, .payload_len = 400 });
}

static void udp(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt out = udp_out(e), in = udp_in(e), wrong = udp_in(e);
		struct sek_flow flow;

		bed_reset(bed);
		bed_expect(bed, "answer before the question", OUTSIDE, &in, default_drop);
		bed_expect(bed, "question", INSIDE, &out, accepted);
		assert_string_equal(bed_rule(bed), "dns");
		assert_int_equal(bed_flows(bed, &flow), 1);
		assert_int_equal(flow.state, SEK_FLOW_NEW);
		assert_int_equal(bed_quota(bed, 1).half, 1);
		bed_expect(bed, "answer", OUTSIDE, &in, established);
		assert_int_equal(bed_flows(bed, &flow), 1);
		assert_int_equal(flow.state, SEK_FLOW_STREAM);
		assert_int_equal(bed_quota(bed, 1).half, 0);
		assert_int_equal(bed_quota(bed, 1).flows, 1);
		wrong.dport = 40001;
		bed_expect(bed, "answer to another port", OUTSIDE, &wrong, default_drop);
		wrong = in;
		wrong.src = e->third;
		bed_expect(bed, "answer from another address", OUTSIDE, &wrong, default_drop);
		bed_wait(bed, 3600 * SECOND);
		bed_expect(bed, "answer an hour later", OUTSIDE, &in, default_drop);
		bed_expect(bed, "question an hour later", INSIDE, &out, accepted);
	}
}

static void g44_echo_ids(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++) {
		const struct ends *e = &bed_ends[i];
		struct pkt ask = bed_out(
			e,
			(struct pkt){ .proto = e->icmp, .type = e->echo, .id = 7, .payload_len = 8 });
		struct pkt reply = bed_in(
			e, (struct pkt){
				   .proto = e->icmp, .type = e->reply, .id = 7, .payload_len = 8 });
		struct pkt other = reply, asked = bed_in(e, ask), out_reply = bed_out(e, reply);

		bed_reset(bed);
		bed_expect(bed, "unsolicited reply", OUTSIDE, &reply, icmp_no_request);
		bed_expect(bed, "request of id 7", INSIDE, &ask, accepted);
		bed_expect(bed, "reply of id 7", OUTSIDE, &reply, established);
		other.id = 8;
		bed_expect(bed, "reply of id 8", OUTSIDE, &other, icmp_no_request);
		bed_expect(bed, "request back on the same id", OUTSIDE, &asked, default_drop);
		bed_expect(bed, "reply to our own request", INSIDE, &out_reply, icmp_no_request);
		assert_int_equal(bed_flows(bed, NULL), 1);
		bed_wait(bed, 3600 * SECOND);
		bed_expect(bed, "reply an hour later", OUTSIDE, &reply, icmp_no_request);
	}
}

/* An id that looks like an allowed port must not open that port, nor the reverse. */
static void g44_id_is_no_port(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt ask = bed_out(e, (struct pkt){ .proto = IPPROTO_ICMP, .type = 8, .id = 53 });
	struct pkt stamp = bed_out(
		e, (struct pkt){ .proto = IPPROTO_ICMP, .type = 13, .rest = 80, .payload_len = 12 });
	struct pkt answer = bed_in(e, (struct pkt){ .proto = IPPROTO_UDP, .sport = 53, .dport = 53 });

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "ping of id 53", INSIDE, &ask, accepted);
	bed_expect(bed, "UDP 53 to 53", OUTSIDE, &answer, default_drop);
	bed_answer(bed, "timestamp request, not allowed", INSIDE, &stamp, default_reject);
}

static const struct {
	const char *what;
	uint8_t type, code, type6, code6;
	uint32_t rest, rest6;
} errors[] = {
	{ "G21 too big", 3, 4, 2, 0, 1400, 1400 },
	{ "G26 time exceeded", 11, 0, 3, 0, 0, 0 },
	{ "port unreachable", 3, 3, 1, 4, 0, 0 },
	{ "host unreachable", 3, 1, 1, 3, 0, 0 },
	{ "parameter problem", 12, 0, 4, 0, 0x08000000, 8 },
};

static void related(void **state)
{
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			const struct ends *e = &bed_ends[i];
			struct pkt out = bed_out(e, (struct pkt){ .proto = IPPROTO_TCP,
								  .sport = 40000,
								  .dport = 80,
								  .flags = TCP_SYN,
								  .seq = 1000 });
			struct pkt other = out, in = udp_in(e), error;
			struct sek_flow flow;

			bed_reset(bed);
			/* from a router on the way, about what the body sent */
			error = (struct pkt){ .vlan = 10,
					      .src = e->third,
					      .dst = e->body,
					      .proto = e->icmp,
					      .type = i ? errors[j].type6 : errors[j].type,
					      .code = i ? errors[j].code6 : errors[j].code,
					      .rest = i ? errors[j].rest6 : errors[j].rest,
					      .quoted = &out };
			bed_expect(bed, "error before the flow", OUTSIDE, &error, icmp_no_flow);
			bed_expect(bed, "SYN", INSIDE, &out, accepted);
			bed_expect(bed, errors[j].what, OUTSIDE, &error, related);
			assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
			other.sport = 40001;
			error.quoted = &other;
			bed_expect(bed, "error about another flow", OUTSIDE, &error, icmp_no_flow);
			assert_int_equal(bed_flows(bed, &flow), 1);
			assert_int_equal(flow.state, SEK_FLOW_SYN);
			/* the body refuses an answer: an error that goes out */
			out = udp_out(e);
			bed_expect(bed, "question", INSIDE, &out, accepted);
			bed_expect(bed, "answer", OUTSIDE, &in, established);
			error.src = e->body;
			error.dst = e->far;
			error.quoted = &in;
			bed_expect(bed, "error of the body", INSIDE, &error, related);
		}
}

static void bend_quote_version(struct frame *f)
{
	f->b[f->l4 + 8] = 0x15;
}
static void bend_quote_ihl(struct frame *f)
{
	f->b[f->l4 + 8] = 0x42;
}

static void quotes(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt out = udp_out(e);
	struct pkt error = { .vlan = 10,
			     .src = e->third,
			     .dst = e->body,
			     .proto = IPPROTO_ICMP,
			     .type = 3,
			     .code = 3,
			     .quoted = &out };
	struct pkt short_quote = error, bare = error, version = error, ihl = error, foreign = error,
		   other;

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "question", INSIDE, &out, accepted);
	bed_expect(bed, "error with 28 bytes of quote", OUTSIDE, &error, related);
	short_quote.quoted_len = 23;
	bed_expect(bed, "quote without ports", OUTSIDE, &short_quote, icmp_quote);
	bare.quoted_len = 12;
	bed_expect(bed, "quote of half an IP header", OUTSIDE, &bare, icmp_quote);
	bare.quoted = NULL;
	bed_expect(bed, "no quote", OUTSIDE, &bare, icmp_quote);
	version.bend = bend_quote_version;
	bed_expect(bed, "quote of version 1", OUTSIDE, &version, icmp_quote);
	ihl.bend = bend_quote_ihl;
	bed_expect(bed, "quote of IHL 2", OUTSIDE, &ihl, icmp_quote);
	/* The quoted source must be whom the error is told. */
	other = out;
	other.src = "10.0.9.9";
	foreign.quoted = &other;
	bed_expect(bed, "error about somebody else's packet", OUTSIDE, &foreign, icmp_no_flow);
}

/* An authentication header and options stand before TCP in what makes the flow, so in quotes of it. */
static void quotes_of_chains(void **state)
{
	static const uint8_t ah[24 + 20] = { IPPROTO_TCP, 4,  [24] = 0x9c, 0x40,
					     0,		  80, [36] = 0x50, TCP_SYN };
	struct pkt four = bed_out(&bed_ends[0], (struct pkt){ .proto = IPPROTO_AH,
							      .payload = ah,
							      .payload_len = sizeof(ah) });
	struct pkt six = bed_out(&bed_ends[1], (struct pkt){ .proto = IPPROTO_TCP,
							     .sport = 40000,
							     .dport = 80,
							     .flags = TCP_SYN,
							     .ext = { { 0, 8, { 0, 0, 1, 4 } },
								      { 60, 8, { 0, 0, 1, 4 } },
								      { 51, 24, { 0, 4 } } } });
	struct pkt error = bed_in(&bed_ends[0], (struct pkt){ .proto = IPPROTO_ICMP,
							      .type = 3,
							      .code = 4,
							      .rest = 1400,
							      .quoted = &four,
							      .quoted_len = 20 + 24 + 8 });
	struct pkt error6 = bed_in(&bed_ends[1], (struct pkt){ .proto = IPPROTO_ICMPV6,
							       .type = 2,
							       .rest = 1400,
							       .quoted = &six,
							       .quoted_len = 40 + 16 + 24 + 8 });
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "AH, TCP", INSIDE, &four, accepted);
	bed_expect(bed, "too big, about AH", OUTSIDE, &error, related);
	bed_expect(bed, "hop-by-hop, destination options, AH, TCP", INSIDE, &six, accepted);
	bed_expect(bed, "too big, about the chain", OUTSIDE, &error6, related);
	error6.quoted_len = 40 + 16 + 24 + 7;
	bed_expect(bed, "a quote that ends before the ports", OUTSIDE, &error6, icmp_quote);
}

/* Protocols without ports: one flow between two addresses. */
static void other_protocols(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt out = bed_out(e, (struct pkt){ .proto = IPPROTO_GRE, .payload_len = 40 });
	struct pkt in = bed_in(e, out),
		   esp = bed_out(e, (struct pkt){ .proto = IPPROTO_ESP, .payload_len = 40 });

	bed_policy(bed, bed_bridge);
	bed_expect(bed, "GRE from outside", OUTSIDE, &in, default_drop);
	bed_expect(bed, "GRE", INSIDE, &out, accepted);
	assert_string_equal(bed_rule(bed), "gre");
	bed_expect(bed, "GRE back", OUTSIDE, &in, established);
	bed_answer(bed, "ESP, not allowed", INSIDE, &esp, default_reject);
}

static const char tcp_only_timeouts[] = BED_ALPHA
	"    timeouts: {udp_new: 3s, udp_stream: 9s, icmp: 4s, other: 6s}\n"
	"    default: {out: accept, in: drop}\n";

static void timeouts(void **state)
{
	struct bed *bed = *state;
	const struct ends *e = &bed_ends[0];
	struct pkt ask = udp_out(e), answer = udp_in(e);
	struct pkt ping = bed_out(e, (struct pkt){ .proto = IPPROTO_ICMP, .type = 8, .id = 7 });
	struct pkt pong = bed_in(e, (struct pkt){ .proto = IPPROTO_ICMP, .type = 0, .id = 7 });
	struct pkt gre = bed_out(e, (struct pkt){ .proto = IPPROTO_GRE, .payload_len = 40 });
	struct pkt gre_back = bed_in(e, gre);

	bed_policy(bed, tcp_only_timeouts);
	bed_expect(bed, "question", INSIDE, &ask, accepted);
	bed_wait(bed, 2900 * MS);
	bed_expect(bed, "answer after 2.9 s", OUTSIDE, &answer, established);
	bed_wait(bed, 8900 * MS);
	bed_expect(bed, "answer 8.9 s later", OUTSIDE, &answer, established);
	bed_wait(bed, 9100 * MS);
	bed_expect(bed, "answer 9.1 s later", OUTSIDE, &answer, default_drop);
	bed_expect(bed, "question", INSIDE, &ask, accepted);
	bed_wait(bed, 3100 * MS);
	bed_expect(bed, "answer after 3.1 s", OUTSIDE, &answer, default_drop);
	bed_expect(bed, "ping", INSIDE, &ping, accepted);
	bed_wait(bed, 3900 * MS);
	bed_expect(bed, "pong after 3.9 s", OUTSIDE, &pong, established);
	bed_wait(bed, 4100 * MS);
	bed_expect(bed, "pong after 4.1 s", OUTSIDE, &pong, icmp_no_request);
	bed_expect(bed, "GRE", INSIDE, &gre, accepted);
	bed_wait(bed, 5900 * MS);
	bed_expect(bed, "GRE after 5.9 s", OUTSIDE, &gre_back, established);
	bed_wait(bed, 6100 * MS);
	bed_expect(bed, "GRE after 6.1 s", OUTSIDE, &gre_back, default_drop);
}

static const struct CMUnitTest tests[] = {
	{ "UDP: question, answer, strangers, idle", udp, NULL, NULL, NULL },
	{ "G44 echo replies match their request's id", g44_echo_ids, NULL, NULL, NULL },
	{ "G44 an id is no port", g44_id_is_no_port, NULL, NULL, NULL },
	{ "G21 G26 ICMP errors follow the flow they speak of", related, NULL, NULL, NULL },
	{ "quotes that cannot be read", quotes, NULL, NULL, NULL },
	{ "errors that quote a chain of headers", quotes_of_chains, NULL, NULL, NULL },
	{ "protocols without ports", other_protocols, NULL, NULL, NULL },
	{ "G33 timeouts by the clock, each kind its own", timeouts, NULL, NULL, NULL },
};
ROWS(rows_flow, tests);
