// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for stage/rate.h: what passes in a minute is what the policy says (G60), ECN packets are
 * marked before any is dropped. The clock is the row's. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <stdio.h>

#include "bpf/lot.h"

static void limit(struct bed *bed, const char *rate)
{
	char text[800];

	snprintf(text, sizeof(text),
		 BED_ALPHA "    default: {out: accept, in: accept}\n"
			   "    rate: {%s}\n",
		 rate);
	bed_policy(bed, text);
}

/* Seconds that a rate is taken over: a minute, on an emulated machine half of it (a burst is 1 % of that). */
static uint64_t span_s(void)
{
	return lot_cnt(60) < 30 ? 30 : 60;
}

/* Offers `times` the rate for that span in datagrams of `len` bytes; returns the payload bits that passed. */
static double offer(struct bed *bed, uint16_t port, double rate, double times, size_t len)
{
	const struct ends *e = &bed_ends[0];
	struct pkt pkt = { .proto = IPPROTO_UDP, .sport = 40000, .dport = 5000, .payload_len = len };
	uint64_t gap = (uint64_t)((double)len * 8 * 1e9 / (rate * times)),
		 end = bed->now_ns + span_s() * SECOND;
	double bits = 0;

	pkt = port == INSIDE ? bed_out(e, pkt) : bed_in(e, pkt);
	pkt_build(&pkt, &bed->in);
	for (; bed->now_ns < end; bed_wait(bed, gap)) {
		bed_frame(bed, port, &bed->in);
		if (bed->last.action == XDP_REDIRECT)
			bits += (double)len * 8;
		else if (bed->last.trace.reason != SEK_R_rate_bits)
			fail_msg("got %s", reason_name(bed->last.trace.reason));
	}
	return bits;
}

static void g60_low_rates(void **state)
{
	static const struct {
		const char *rate;
		double bits;
		size_t len;
	} rows[] = { { "up: 64k, down: 64k", 64e3, 100 },
		     { "up: 64k, down: 64k", 64e3, 500 },
		     { "up: 1M, down: 1M", 1e6, 1000 },
		     { "up: 1M, down: 1M", 1e6, 1472 } };
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint16_t port = INSIDE; port <= OUTSIDE; port++) {
			double got, wanted = rows[i].bits * (double)span_s();

			limit(bed, rows[i].rate);
			got = offer(bed, port, rows[i].bits, 2, rows[i].len);
			print_message("# %s, %zu bytes: %+.2f %%\n", rows[i].rate, rows[i].len,
				      (got / wanted - 1) * 100);
			if (got < wanted * 0.97 || got > wanted * 1.03)
				fail_msg("%s, %zu bytes, port %u: %.0f of %.0f bits", rows[i].rate,
					 rows[i].len, port, got, wanted);
		}
}

/* Below the limit nothing is lost. */
static void under_the_limit(void **state)
{
	struct bed *bed = *state;
	double got;

	limit(bed, "up: 1M, down: 1M");
	got = offer(bed, INSIDE, 1e6, 0.95, 1000);
	assert_true(got > 1e6 * (double)span_s() * 0.94);
	assert_int_equal(bed->last.action, XDP_REDIRECT);
}

/* One direction and one body at its limit: the others do not feel it. */
static void directions_apart(void **state)
{
	struct bed *bed = *state;
	struct pkt out = bed_out(
		&bed_ends[0],
		(struct pkt){ .proto = IPPROTO_UDP, .sport = 1, .dport = 2, .payload_len = 1000 });
	struct pkt in = bed_in(
		&bed_ends[0],
		(struct pkt){ .proto = IPPROTO_UDP, .sport = 2, .dport = 1, .payload_len = 1000 });

	limit(bed, "up: 64k, down: 1M");
	for (int i = 0; i < 100; i++)
		bed_run(bed, INSIDE, &out);
	assert_int_equal(bed->last.trace.reason, SEK_R_rate_bits);
	bed_expect(bed, "the other direction", OUTSIDE, &in, established);
}

static void packets(void **state)
{
	struct bed *bed = *state;
	struct pkt out =
		bed_out(&bed_ends[0], (struct pkt){ .proto = IPPROTO_UDP, .sport = 1, .dport = 2 });
	uint32_t passed = 0;

	limit(bed, "up_packets: 100, down_packets: 100");
	pkt_build(&out, &bed->in);
	for (int i = 0; i < 60 * 200; i++, bed_wait(bed, 5 * MS)) {
		bed_frame(bed, INSIDE, &bed->in);
		if (bed->last.action == XDP_REDIRECT)
			passed++;
		else
			assert_int_equal(bed->last.trace.reason, SEK_R_rate_packets);
	}
	assert_in_range(passed, 6000 * 97 / 100, 6000 * 103 / 100);
}

static void ecn(void **state)
{
	struct bed *bed = *state;

	for (size_t i = 0; i < 2; i++)
		for (uint8_t tos = 1; tos <= 2; tos++) {
			struct pkt out =
				bed_out(&bed_ends[i], (struct pkt){ .proto = IPPROTO_UDP,
								    .sport = 1,
								    .dport = 2,
								    .payload_len = 1000,
								    .tos = (uint8_t)(0xb8 | tos) });
			uint32_t marked = 0, dropped = 0;

			limit(bed, "up: 1M, down: 1M, burst: 50ms");
			for (int n = 0; n < 30; n++) {
				enum sek_reason got = bed_run(bed, INSIDE, &out);

				if (got == SEK_R_ecn_marked) {
					size_t l3 = bed->out.l3;
					uint8_t tc = i ? (uint8_t)(frame_get16(&bed->out, l3) >> 4)
						       : bed->out.b[l3 + 1];

					assert_int_equal(dropped, 0);
					assert_int_equal(tc, 0xbb);
					assert_int_equal(bed->last.action, XDP_REDIRECT);
					if (!i)
						assert_true(frame_ip_sum_right(&bed->out, l3));
					marked++;
				} else if (got == SEK_R_rate_bits) {
					dropped++;
				}
			}
			assert_in_range(marked, 3, 12);
			assert_true(dropped > 0);
		}
}

static const struct CMUnitTest tests[] = {
	{ "G60 64 kbit/s and 1 Mbit/s over 60 s within 3 %", g60_low_rates, NULL, NULL, NULL },
	{ "below the limit nothing is dropped", under_the_limit, NULL, NULL, NULL },
	{ "each direction has its own limit", directions_apart, NULL, NULL, NULL },
	{ "packets a second", packets, NULL, NULL, NULL },
	{ "ECN is marked before any packet is dropped", ecn, NULL, NULL, NULL },
};
ROWS(rows_rate, tests);
