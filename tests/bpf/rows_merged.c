// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for packets that are many frames (GSO), which only TC has: counters, flows and rates go by
 * frames. Run by gate_test.c over the program for TC alone.
 */
#include "bpf/gatebed.h"

#define HEADERS4 (14 + 4 + 20 + 8) /* link, tag, IPv4, UDP */
#define HEADERS6 (14 + 4 + 40 + 8)

static struct pkt big_out(const struct ends *e, uint16_t len)
{
	return bed_out(
		e, (struct pkt){
			   .proto = IPPROTO_UDP, .sport = 40000, .dport = 53, .payload_len = len });
}

/* size: bytes in each frame; segs: what the packet says of itself. */
static void counted_as_frames(void **state)
{
	static const struct {
		uint16_t len, size, segs;
		uint32_t frames;
	} rows[] = {
		{ 2500, 0, 0, 1 },    { 2500, 1000, 3, 3 }, { 2500, 1000, 0, 3 },
		{ 2000, 1000, 0, 2 }, { 2001, 1000, 0, 3 }, { 800, 1000, 1, 1 },
	};
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	for (size_t e = 0; e < 2; e++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct pkt pkt = big_out(&bed_ends[e], rows[i].len);
			struct sek_count before = bed_count(bed, 1, SEK_OUT, SEK_R_accepted), after;
			uint32_t head = e ? HEADERS6 : HEADERS4, more = rows[i].frames - 1;
			struct sek_flow flow;

			bed_reset(bed);
			replay_merge(bed->replay, rows[i].size, rows[i].segs);
			bed_expect(bed, "several in one", INSIDE, &pkt, accepted);
			after = bed_count(bed, 1, SEK_OUT, SEK_R_accepted);
			assert_int_equal(after.packets - before.packets, rows[i].frames);
			assert_int_equal(after.bytes - before.bytes,
					 rows[i].len + head * rows[i].frames);
			assert_int_equal(bed_flows(bed, &flow), 1);
			assert_int_equal(flow.packets[SEK_OUT], rows[i].frames);
			assert_int_equal(flow.bytes[SEK_OUT],
					 bed->in.len - bed->in.l3 + more * (head - 18));
			bed_expect(bed, "the next", INSIDE, &pkt, established);
			bed_flows(bed, &flow);
			assert_int_equal(flow.packets[SEK_OUT], 2 * rows[i].frames);
		}
	replay_merge(bed->replay, 0, 0);
}

/* What ends before its headers were read is one packet, whatever it says. */
static void broken_ones_are_one(void **state)
{
	struct pkt pkt = big_out(&bed_ends[0], 2500);
	struct bed *bed = *state;
	struct sek_count before, after;

	bed_policy(bed, bed_bridge);
	pkt_build(&pkt, &bed->in);
	bed->in.b[bed->in.l3 + 10] ^= 0xff;
	before = bed_count(bed, 0, SEK_OUT, SEK_R_ip_checksum);
	replay_merge(bed->replay, 1000, 3);
	assert_int_equal(bed_frame(bed, INSIDE, &bed->in), SEK_R_ip_checksum);
	replay_merge(bed->replay, 0, 0);
	after = bed_count(bed, 0, SEK_OUT, SEK_R_ip_checksum);
	assert_int_equal(after.packets - before.packets, 1);
	assert_int_equal(after.bytes - before.bytes, bed->in.len);
}

static void rate_of_frames(void **state)
{
	struct pkt pkt = big_out(&bed_ends[0], 3000);
	struct bed *bed = *state;
	uint32_t passed = 0;

	bed_policy(bed, BED_ALPHA "    rate: {up_packets: 100, down_packets: 100}\n"
				  "    default: {out: accept, in: drop}\n");
	replay_merge(bed->replay, 1000, 3);
	for (int i = 0; i < 60 * 100; i++, bed_wait(bed, 10 * MS)) {
		bed_run(bed, INSIDE, &pkt);
		if (bed->last.action == XDP_REDIRECT)
			passed += 3;
		else
			assert_int_equal(bed->last.trace.reason, SEK_R_rate_packets);
	}
	replay_merge(bed->replay, 0, 0);
	assert_in_range(passed, 6000 * 97 / 100, 6000 * 103 / 100);
}

/* What a refused one is answered by is one frame. */
static void answered_once(void **state)
{
	struct pkt pkt = bed_out(
		&bed_ends[0],
		(struct pkt){ .proto = IPPROTO_UDP, .sport = 1, .dport = 6667, .payload_len = 2500 });
	struct bed *bed = *state;

	bed_policy(bed, bed_bridge);
	replay_merge(bed->replay, 1000, 3);
	bed_answer(bed, "refused", INSIDE, &pkt, rule_reject);
	replay_merge(bed->replay, 0, 0);
	assert_int_equal(bed->out.len, 18 + 20 + 8 + 548);
	assert_true(frame_ip_sum_right(&bed->out, bed->out.l3));
}

static const struct CMUnitTest tests[] = {
	{ "GSO is counted as the frames that it becomes", counted_as_frames, NULL, NULL, NULL },
	{ "GSO with a broken header is one packet", broken_ones_are_one, NULL, NULL, NULL },
	{ "GSO pays the rate in packets for each frame", rate_of_frames, NULL, NULL, NULL },
	{ "GSO that is rejected is answered once", answered_once, NULL, NULL, NULL },
};
ROWS(rows_merged, tests);
