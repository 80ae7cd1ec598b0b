// SPDX-License-Identifier: Apache-2.0
/*
 * rewrite/answer_dns.h: questions of all shapes to the program alone, in both flavours and families,
 * whose answers are read here by RFC 1035 and 6891, every byte of them. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/packet.h"
#include "sekisho/config.h"
#include "sekisho/flow.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"
#include "sekisho/verdict.h"

#include "bpf/answers_ask.h"

#include "bpf/answers_load.h"

#define HEAD 12
#define A 1
#define NS 2
#define TXT 16
#define AAAA 28
#define HTTPS 65
#define ANY 255
#define TTL 61
#define RD 0x01
#define CD 0x10
#define AD 0x20

/* A question, and how it is to be answered. */
struct question {
	unsigned int labels; /* of four bytes, but the first */
	unsigned int first; /* bytes of the first label */
	uint16_t type;
	bool edns, dnssec; /* with OPT; DO in it */
	bool cookie; /* with an option in OPT */
	bool no_sum; /* IPv4: sum 0 */
	bool additional; /* a record before OPT */
	uint8_t flags[2];
	uint16_t vlan, outer;
	bool six;
	uint8_t how, has;
	unsigned int led; /* bytes of records in an answer to it, in whose place ours goes on; 0: none came */
};

struct bed {
	struct answers *xdp;
	struct answers_tc *tc;
	bool by_tc;
	uint8_t message[512];
	size_t len, name_len;
	struct frame in, out;
	struct answers_ask told;
};

static int ask_fd(const struct bed *bed)
{
	return bpf_map__fd(bed->by_tc ? bed->tc->maps.answers_ask : bed->xdp->maps.answers_ask);
}

static void put(struct bed *bed, const void *bytes, size_t len)
{
	assert_true(bed->len + len <= sizeof(bed->message));
	memcpy(bed->message + bed->len, bytes, len);
	bed->len += len;
}

static void put16(struct bed *bed, unsigned int value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(bed, bytes, sizeof(bytes));
}

/* A name whose letters are of both cases. */
static void put_name(struct bed *bed, const struct question *q)
{
	size_t at = bed->len;

	for (unsigned int i = 0; i < q->labels; i++) {
		uint8_t len = (uint8_t)(i ? 4 : q->first);

		put(bed, &len, 1);
		for (uint8_t j = 0; j < len; j++)
			put(bed, (i + j) & 1 ? "q" : "X", 1);
	}
	put(bed, "", 1);
	bed->name_len = bed->len - at;
}

static void question_build(struct bed *bed, const struct question *q)
{
	static const uint8_t cookie[12] = { 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t record[12] = { 0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0 };

	bed->len = 0;
	put16(bed, 0xbeef);
	put(bed, q->flags, 2);
	put16(bed, 1);
	put16(bed, 0);
	put16(bed, 0);
	put16(bed, q->edns + q->additional);
	put_name(bed, q);
	put16(bed, q->type);
	put16(bed, 1);
	if (q->additional)
		put(bed, record, sizeof(record));
	if (!q->edns)
		return;
	put(bed, "", 1);
	put16(bed, 41);
	put16(bed, 4096);
	put16(bed, 0);
	put16(bed, q->dnssec ? 0x8000 : 0);
	put16(bed, q->cookie ? sizeof(cookie) : 0);
	if (q->cookie)
		put(bed, cookie, sizeof(cookie));
}

/* Makes an answer of it. */
static void answer_build(struct bed *bed, const struct question *q)
{
	bed->message[2] |= 0x80;
	bed->message[7] = 1;
	for (unsigned int i = 0; i < q->led; i++)
		put(bed, i & 1 ? "\xa5" : "\xc3", 1);
}

static struct pkt question_packet(struct bed *bed, const struct question *q)
{
	const char *client = q->six ? "2001:db8:a::5" : "10.0.1.5";
	const char *server = q->six ? "2001:db8:ff::53" : "198.51.100.53";

	question_build(bed, q);
	if (q->led)
		answer_build(bed, q);
	return (struct pkt){
		.src = q->led ? server : client,
		.dst = q->led ? client : server,
		.vlan = q->vlan,
		.outer = q->outer,
		.proto = IPPROTO_UDP,
		.sport = q->led ? 53 : 40001,
		.dport = q->led ? 40001 : 53,
		.payload = bed->message,
		.payload_len = bed->len,
	};
}

/* Runs bed->in; the frame that left is in bed->out. */
static uint32_t run(struct bed *bed, struct answers_ask *ask)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bed->in.b, .data_size_in = (__u32)bed->in.len,
		    .data_out = bed->out.b, .data_size_out = sizeof(bed->out.b));
	uint32_t zero = 0;
	int prog = bed->by_tc ? bpf_program__fd(bed->tc->progs.dns_answer)
			      : bpf_program__fd(bed->xdp->progs.dns_answer);

	ask->verdict = 0xff;
	assert_int_equal(bpf_map_update_elem(ask_fd(bed), &zero, ask, BPF_ANY), 0);
	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	assert_int_equal(bpf_map_lookup_elem(ask_fd(bed), &zero, &bed->told), 0);
	bed->out.len = opts.data_size_out;
	bed->out.l3 = bed->in.l3;
	return bed->told.verdict;
}

static struct answers_ask asked(const struct bed *bed, const struct question *q)
{
	struct answers_ask ask = {
		.ttl_s = TTL,
		.name_len = (uint16_t)bed->name_len,
		.how = q->how,
		.has = q->has,
		.on = q->led != 0,
	};

	assert_int_equal(inet_pton(AF_INET, "192.0.2.10", &ask.ip4), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::10", &ask.ip6), 1);
	return ask;
}

/* Turned round, or as it came: two things behind each other, of len bytes. */
static void pair_is_right(const struct bed *bed, size_t at, size_t len, bool turned)
{
	assert_memory_equal(bed->out.b + at, bed->in.b + at + (turned ? len : 0), len);
	assert_memory_equal(bed->out.b + at + len, bed->in.b + at + (turned ? 0 : len), len);
}

/* To the client, with right lengths and sums. */
static void headers_are_right(const struct bed *bed, const struct question *q)
{
	const struct frame *in = &bed->in, *out = &bed->out;
	size_t l3 = in->l3, addr = l3 + (q->six ? 8 : 12), len = q->six ? 16 : 4;
	size_t l4 = l3 + (q->six ? 40 : 20);

	pair_is_right(bed, 0, 6, !q->led);
	assert_memory_equal(out->b + 12, in->b + 12, l3 - 12);
	pair_is_right(bed, addr, len, !q->led);
	assert_int_equal(frame_get16(out, l4), 53);
	assert_int_equal(frame_get16(out, l4 + 2), 40001);
	assert_int_equal(frame_get16(out, l4 + 4), out->len - l4);
	if (q->six) {
		assert_int_equal(frame_get16(out, l3 + 4), out->len - l4);
	} else {
		assert_int_equal(frame_get16(out, l3 + 2), out->len - l3);
		assert_true(frame_ip_sum_right(out, l3));
	}
	if (q->no_sum && !q->six)
		assert_int_equal(frame_get16(out, l4 + 6), 0);
	else
		assert_true(frame_get16(out, l4 + 6) && frame_l4_sum_right(out, l3));
}

static bool has_record(const struct question *q)
{
	if (q->how != SEK_NAME_SINKHOLE && q->how != SEK_NAME_LOCAL)
		return false;
	return (q->type == A && q->has & SEK_NAME_HAS4) ||
	       (q->type == AAAA && q->has & SEK_NAME_HAS6);
}

/* The record at `at`; where it ends. */
static size_t record_is_right(const struct bed *bed, const struct question *q,
			      const struct answers_ask *ask, size_t at)
{
	const struct frame *out = &bed->out;
	size_t len = q->type == A ? 4 : 16;

	assert_int_equal(frame_get16(out, at), 0xc000 | HEAD);
	assert_int_equal(frame_get16(out, at + 2), q->type);
	assert_int_equal(frame_get16(out, at + 4), 1);
	assert_int_equal(frame_get32(out, at + 6), TTL);
	assert_int_equal(frame_get16(out, at + 10), len);
	assert_memory_equal(out->b + at + 12, q->type == A ? (const void *)&ask->ip4 : &ask->ip6,
			    len);
	return at + 12 + len;
}

static unsigned int why(const struct question *q)
{
	if (q->how == SEK_NAME_LOCAL || q->how == SEK_NAME_TCP)
		return 0;
	return has_record(q) ? 4 : 15;
}

static size_t opt_is_right(const struct bed *bed, const struct question *q, size_t at)
{
	const struct frame *out = &bed->out;

	assert_int_equal(out->b[at], 0);
	assert_int_equal(frame_get16(out, at + 1), 41);
	assert_int_equal(frame_get16(out, at + 3), 1232);
	assert_int_equal(frame_get16(out, at + 5), 0);
	assert_int_equal(frame_get16(out, at + 7), q->dnssec ? 0x8000 : 0);
	assert_int_equal(frame_get16(out, at + 9), why(q) ? 6 : 0);
	if (!why(q))
		return at + 11;
	assert_int_equal(frame_get16(out, at + 11), 15);
	assert_int_equal(frame_get16(out, at + 13), 2);
	assert_int_equal(frame_get16(out, at + 15), why(q));
	return at + 17;
}

static void message_is_right(const struct bed *bed, const struct question *q,
			     const struct answers_ask *ask)
{
	const struct frame *out = &bed->out;
	size_t at = bed->in.l4 + 8, end = at + HEAD + bed->name_len + 4;
	bool denied = q->how == SEK_NAME_NXDOMAIN || q->how == SEK_NAME_CANARY;

	assert_int_equal(frame_get16(out, at), 0xbeef);
	assert_int_equal(out->b[at + 2],
			 0x80 | (q->flags[0] & RD) | (q->how == SEK_NAME_TCP ? 0x02 : 0));
	assert_int_equal(out->b[at + 3], 0x80 | (q->flags[1] & CD) | (denied ? 3 : 0));
	assert_int_equal(frame_get16(out, at + 4), 1);
	assert_int_equal(frame_get16(out, at + 6), has_record(q));
	assert_int_equal(frame_get16(out, at + 8), 0);
	assert_int_equal(frame_get16(out, at + 10), q->edns && !q->additional);
	assert_memory_equal(out->b + at + HEAD, bed->message + HEAD, bed->name_len + 4);
	if (has_record(q))
		end = record_is_right(bed, q, ask, end);
	if (q->edns && !q->additional)
		end = opt_is_right(bed, q, end);
	assert_int_equal(end, out->len);
}

static void answered(struct bed *bed, const struct question *q)
{
	struct pkt pkt = question_packet(bed, q);
	struct answers_ask ask = asked(bed, q);

	pkt_build(&pkt, &bed->in);
	if (q->no_sum && !q->six)
		frame_put16(&bed->in, bed->in.l4 + 6, 0);
	assert_int_equal(run(bed, &ask), SEK_ANSWER);
	headers_are_right(bed, q);
	message_is_right(bed, q, &ask);
}

static void refused(struct bed *bed, const struct pkt *pkt, struct answers_ask *ask)
{
	pkt_build(pkt, &bed->in);
	assert_int_equal(run(bed, ask), SEK_DROP);
	assert_int_equal(bed->out.len, bed->in.len);
	assert_memory_equal(bed->out.b, bed->in.b, bed->in.len);
}

/* Every way of answering, type of record and kind of EDNS, names of all lengths. */
static void every_answer(void **state)
{
	static const uint8_t hows[] = { SEK_NAME_NXDOMAIN, SEK_NAME_NODATA, SEK_NAME_SINKHOLE,
					SEK_NAME_TCP,	   SEK_NAME_LOCAL,  SEK_NAME_CANARY };
	static const uint16_t types[] = { A, AAAA, HTTPS, TXT, NS, ANY };
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(hows); i++)
		for (size_t j = 0; j < sizeof(types) / sizeof(types[0]); j++)
			for (unsigned int bits = 0; bits < 128; bits++)
				answered(bed, &(struct question){
						      .labels = 1 + bits % 5,
						      .first = 1 + bits % 11,
						      .type = types[j],
						      .edns = bits & 1,
						      .dnssec = bits & 2,
						      .cookie = bits & 4,
						      .six = bits & 8,
						      .no_sum = bits & 16,
						      .has = (uint8_t)(bits >> 5),
						      .flags = { bits & 2 ? RD : 0,
								 bits & 4 ? CD | AD : AD },
						      .how = hows[i],
					      });
}

/* Longer than ours, and shorter. What goes on is told of as it is. */
static void in_place_of_another(void **state)
{
	static const uint8_t hows[] = { SEK_NAME_NXDOMAIN, SEK_NAME_SINKHOLE, SEK_NAME_TCP };
	struct bed *bed = *state;

	for (unsigned int bits = 0; bits < 256; bits++) {
		struct question q = { .labels = 1 + bits % 5,
				      .first = 1 + bits % 11,
				      .type = bits & 1 ? A : AAAA,
				      .six = bits & 2,
				      .no_sum = bits & 4,
				      .vlan = bits & 8 ? 10 : 0,
				      .has = SEK_NAME_HAS4 | SEK_NAME_HAS6,
				      .flags = { bits & 16 ? RD : 0, 0x80 },
				      .led = 1 + bits,
				      .how = hows[bits % sizeof(hows)] };
		struct pkt pkt = question_packet(bed, &q);
		struct answers_ask ask = asked(bed, &q);

		pkt_build(&pkt, &bed->in);
		if (q.no_sum && !q.six)
			frame_put16(&bed->in, bed->in.l4 + 6, 0);
		assert_int_equal(run(bed, &ask), SEK_NEXT);
		headers_are_right(bed, &q);
		message_is_right(bed, &q, &ask);
		assert_int_equal(bed->told.ip_len, bed->out.len - bed->in.l3);
		assert_int_equal(bed->told.payload_len, bed->out.len - bed->in.l4 - 8);
	}
}

/* A question is no answer, and none takes its place. */
static void a_question_goes_nowhere(void **state)
{
	struct question q = { .labels = 2, .first = 3, .type = A, .how = SEK_NAME_NXDOMAIN };
	struct bed *bed = *state;
	struct pkt pkt = question_packet(bed, &q);
	struct answers_ask ask = asked(bed, &q);

	ask.on = 1;
	refused(bed, &pkt, &ask);
}

/* From the root to 255 bytes of name, so that every sum begins and ends at odd and even bytes. */
static void every_length(void **state)
{
	struct bed *bed = *state;
	struct question q = { .type = AAAA,
			      .flags = { RD },
			      .how = SEK_NAME_SINKHOLE,
			      .has = SEK_NAME_HAS4 | SEK_NAME_HAS6 };

	for (unsigned int len = 0; len < 252; len++)
		for (unsigned int bits = 0; bits < 4; bits++) {
			q.labels = len ? 1 + (len - 1) / 5 : 0;
			q.first = len ? 1 + (len - 1) % 5 : 0;
			q.six = bits & 1;
			q.edns = bits & 2;
			answered(bed, &q);
		}
	q = (struct question){ .labels = 39, .first = 63, .type = A, .how = SEK_NAME_NXDOMAIN };
	answered(bed, &q);
	assert_int_equal(bed->name_len, 255);
}

static void tags_stay(void **state)
{
	struct bed *bed = *state;

	for (unsigned int bits = 0; bits < 16; bits++)
		answered(bed, &(struct question){
				      .labels = 3,
				      .first = 3,
				      .type = A,
				      .vlan = bits & 3 ? 10 : 0,
				      .outer = bits & 2 ? 100 : 0,
				      .six = bits & 4,
				      .edns = bits & 8,
				      .how = SEK_NAME_SINKHOLE,
				      .has = SEK_NAME_HAS4,
			      });
}

/* What stands before OPT is not understood: the answer goes without. */
static void further_records(void **state)
{
	struct bed *bed = *state;

	for (unsigned int bits = 0; bits < 4; bits++)
		answered(bed, &(struct question){
				      .labels = 2,
				      .first = 3,
				      .type = A,
				      .edns = bits & 1,
				      .six = bits & 2,
				      .additional = true,
				      .how = SEK_NAME_NXDOMAIN,
			      });
}

/* Headers between IP and UDP are gone in the answer. */
static void options_go(void **state)
{
	static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 0 };
	struct question q = { .labels = 2, .first = 3, .type = A, .how = SEK_NAME_NODATA };
	struct bed *bed = *state;

	for (unsigned int six = 0; six < 2; six++) {
		struct answers_ask ask;
		struct pkt pkt;

		q.six = six;
		pkt = question_packet(bed, &q);
		ask = asked(bed, &q);
		if (six)
			pkt.ext[0] = (struct pkt_ext){ IPPROTO_DSTOPTS, 8, { 0, 0, 1, 4 } };
		else
			pkt.options = nops, pkt.options_len = sizeof(nops);
		pkt_build(&pkt, &bed->in);
		assert_int_equal(run(bed, &ask), SEK_ANSWER);
		bed->in.l4 = bed->in.l3 + (six ? 40 : 20);
		headers_are_right(bed, &q);
		message_is_right(bed, &q, &ask);
	}
}

static void no_answer(void **state)
{
	static const uint8_t group[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	struct question q = { .labels = 2, .first = 3, .type = A, .how = SEK_NAME_NXDOMAIN };
	struct bed *bed = *state;
	struct answers_ask ask;
	struct pkt pkt;

	for (unsigned int six = 0; six < 2; six++) {
		q.six = six;
		pkt = question_packet(bed, &q);
		ask = asked(bed, &q);
		ask.how = SEK_NAME_SILENCE;
		refused(bed, &pkt, &ask);
		ask = asked(bed, &q);
		ask.name_len = (uint16_t)(bed->len - HEAD - 3); /* the message ends within the class */
		refused(bed, &pkt, &ask);
		ask.name_len = 256;
		refused(bed, &pkt, &ask);
		ask = asked(bed, &q);
		pkt.eth_dst = group;
		refused(bed, &pkt, &ask);
		pkt.eth_dst = NULL;
		pkt.piece = 24;
		refused(bed, &pkt, &ask);
		pkt.piece = 0;
		bed->message[2] |= 0x80; /* an answer is none */
		refused(bed, &pkt, &ask);
	}
}

/* A message whose name is not repeated gets its head back, with the reason. */
static void head_alone(void **state)
{
	struct question q = { .labels = 2, .first = 3, .type = A, .how = SEK_NAME_FORMERR };
	struct bed *bed = *state;
	const uint8_t *message;
	struct answers_ask ask;
	struct pkt pkt;

	for (unsigned int six = 0; six < 2; six++) {
		q.six = six;
		pkt = question_packet(bed, &q);
		ask = asked(bed, &q);
		ask.name_len = 0;
		pkt_build(&pkt, &bed->in);
		assert_int_equal(run(bed, &ask), SEK_ANSWER);
		message = bed->out.b + bed->in.l4 + 8;
		assert_memory_equal(message, bed->message, 2);
		assert_int_equal(message[2] & 0x80, 0x80);
		assert_int_equal(message[3] & 0xf, 1);
		for (int i = 4; i < HEAD; i++)
			assert_int_equal(message[i], 0);
		assert_int_equal(bed->in.len - bed->out.len, bed->len - HEAD);
	}
}

static int bed_up(void **state, bool tc)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed)
		return -1;
	*state = bed;
	bed->by_tc = tc;
	return answers_load(tc, &bed->xdp, &bed->tc);
}

static int up_xdp(void **state)
{
	return bed_up(state, false);
}

static int up_tc(void **state)
{
	return bed_up(state, true);
}

static int down(void **state)
{
	struct bed *bed = *state;

	answers_unload(bed->xdp, bed->tc);
	free(bed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_answer, may_run),
		cmocka_unit_test_setup(in_place_of_another, may_run),
		cmocka_unit_test_setup(a_question_goes_nowhere, may_run),
		cmocka_unit_test_setup(every_length, may_run),
		cmocka_unit_test_setup(tags_stay, may_run),
		cmocka_unit_test_setup(further_records, may_run),
		cmocka_unit_test_setup(options_go, may_run),
		cmocka_unit_test_setup(no_answer, may_run),
		cmocka_unit_test_setup(head_alone, may_run),
	};

	return cmocka_run_group_tests_name("DNS answers", tests, up_xdp, down) +
	       cmocka_run_group_tests_name("DNS answers by TC", tests, up_tc, down);
}
