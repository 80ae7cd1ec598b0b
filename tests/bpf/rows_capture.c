// SPDX-License-Identifier: Apache-2.0
/*
 * Rows for report/capture.h: off tells nothing; on tells each frame that matches once, as it came,
 * with how it ended; what was not told is counted. Run by gate_test.c.
 */
#include "bpf/gatebed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/capture.h"
#include "text/address.h"

#define SNAPLEN 256

static const char guarded[] = BED_ALPHA
	"    default: {out: accept, in: drop}\n"
	"    rules: [{name: no-irc, dir: out, proto: tcp, dport: 6667, action: reject}]\n";

/* What came out of the ring. */
struct shots {
	size_t cnt;
	struct sek_captured head; /* of the last */
	uint8_t bytes[SEK_CAPTURE_BYTES];
};

static int shot_take(void *arg, void *data, size_t size)
{
	struct shots *shots = arg;

	assert_true(size >= sizeof(shots->head));
	memcpy(&shots->head, data, sizeof(shots->head));
	assert_true(shots->head.len <= size - sizeof(shots->head));
	memcpy(shots->bytes, (uint8_t *)data + sizeof(shots->head), shots->head.len);
	shots->cnt++;
	return 0;
}

static size_t shots_read(struct bed *bed, struct shots *shots)
{
	struct ring_buffer *ring = ring_buffer__new(
		gate_map_fd(replay_gate(bed->replay), "sek_cap_ring"), shot_take, shots, NULL);

	assert_non_null(ring);
	shots->cnt = 0;
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return shots->cnt;
}

static void wish(struct bed *bed, const struct sek_capture *want)
{
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(gate_map_fd(replay_gate(bed->replay), "sek_capture"),
					     &zero, want, BPF_ANY),
			 0);
}

static struct sek_event_stat account(struct bed *bed)
{
	int cpus = libbpf_num_possible_cpus();
	struct sek_event_stat sum = {}, *each = calloc((size_t)cpus, sizeof(*each));
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(replay_gate(bed->replay), "sek_cap_stat"),
					     &zero, each),
			 0);
	for (int i = 0; i < cpus; i++) {
		sum.offered += each[i].offered;
		sum.written += each[i].written;
		sum.suppressed += each[i].suppressed;
		sum.lost += each[i].lost;
	}
	free(each);
	return sum;
}

static struct sek_capture everything(void)
{
	return (struct sek_capture){
		.until_ns = UINT64_MAX, .session = 7, .snaplen = SNAPLEN, .budget = 1000
	};
}

static struct sek_addr address(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

/* A question of a body to port dport, and the bed's answer to it. */
static enum sek_reason ask(struct bed *bed, uint16_t dport)
{
	const struct pkt pkt = {
		.proto = IPPROTO_TCP, .sport = 40000, .dport = dport, .flags = TCP_SYN
	};
	struct pkt out = bed_out(&bed_ends[0], pkt);

	bed_reset(bed);
	return bed_run(bed, INSIDE, &out);
}

static void off_tells_nothing(void **state)
{
	struct bed *bed = *state;
	struct sek_capture want = {};
	struct shots *shots = calloc(1, sizeof(*shots));
	struct sek_event_stat before = account(bed);

	bed_policy(bed, guarded);
	wish(bed, &want);
	assert_int_equal(ask(bed, 80), SEK_R_accepted);
	want = everything();
	want.until_ns = bed->now_ns; /* a loan that has run out */
	wish(bed, &want);
	assert_int_equal(ask(bed, 6667), SEK_R_rule_reject);
	assert_int_equal(shots_read(bed, shots), 0);
	assert_int_equal(account(bed).offered, before.offered);
	free(shots);
}

static void a_frame_is_told_once_as_it_came(void **state)
{
	static const struct {
		uint16_t dport;
		enum sek_reason reason;
		enum sek_verdict verdict;
		uint16_t rule;
	} ends[] = { { 80, SEK_R_accepted, SEK_FORWARD, 1 },
		     { 6667, SEK_R_rule_reject, SEK_ANSWER, 0 } };
	struct bed *bed = *state;
	struct sek_capture want = everything();
	struct shots *shots = calloc(1, sizeof(*shots));

	bed_policy(bed, guarded);
	wish(bed, &want);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		assert_int_equal(ask(bed, ends[i].dport), ends[i].reason);
		assert_int_equal(shots_read(bed, shots), 1);
		assert_int_equal(shots->head.wire_len, bed->in.len);
		assert_int_equal(shots->head.len, bed->in.len);
		assert_memory_equal(shots->bytes, bed->in.b, bed->in.len);
		assert_int_equal(shots->head.reason, ends[i].reason);
		assert_int_equal(shots->head.verdict, ends[i].verdict);
		assert_int_equal(shots->head.rule, ends[i].rule);
		assert_int_equal(shots->head.tenant, 1);
		assert_int_equal(shots->head.dir, SEK_OUT);
		assert_int_equal(shots->head.session, 7);
		assert_int_equal(shots->head.port, INSIDE);
	}
	want.until_ns = 0;
	wish(bed, &want);
	free(shots);
}

/* Which of the fields the frame of ask(80) meets. */
static void only_what_matches_is_told(void **state)
{
	struct bed *bed = *state;
	struct sek_capture wants[12];
	const bool told[12] = { true, false, true,  false, true, false,
				true, true,  false, true,  true, false };
	struct shots *shots = calloc(1, sizeof(*shots));
	struct sek_addr all = { .q = { ~0ULL, ~0ULL } };

	for (size_t i = 0; i < 12; i++)
		wants[i] = everything();
	wants[0].fields = wants[1].fields = SEK_CAPTURE_TENANT;
	wants[0].tenant = 1;
	wants[1].tenant = 2;
	wants[2].fields = wants[3].fields = SEK_CAPTURE_PROTO;
	wants[2].protos[1] = IPPROTO_TCP;
	wants[3].protos[0] = wants[3].protos[1] = IPPROTO_UDP;
	wants[4].fields = wants[5].fields = SEK_CAPTURE_REASON;
	wants[4].reasons[0] = 1ULL << SEK_R_accepted;
	wants[5].reasons[1] = 1ULL << (SEK_R_list_block - 64);
	wants[6].addr[0] = address(bed_ends[0].body); /* at either end */
	wants[6].mask[0] = all;
	wants[7].addr[0] = address(bed_ends[0].far);
	wants[7].mask[0] = all;
	wants[8].addr[0] = wants[8].addr[1] = address(bed_ends[0].far);
	wants[8].mask[0] = wants[8].mask[1] = all;
	wants[9].port = htons(80);
	wants[10].port = htons(40000);
	wants[11].port = htons(81);
	bed_policy(bed, guarded);
	for (size_t i = 0; i < 12; i++) {
		wish(bed, &wants[i]);
		assert_int_equal(ask(bed, 80), SEK_R_accepted);
		if (shots_read(bed, shots) != told[i])
			fail_msg("wish %zu: %zu frames", i, shots->cnt);
	}
	wants[0].until_ns = 0;
	wish(bed, &wants[0]);
	free(shots);
}

static void long_frames_are_cut(void **state)
{
	static const uint16_t sizes[] = { 64, 200, 1400 };
	struct bed *bed = *state;
	struct sek_capture want = everything();
	struct shots *shots = calloc(1, sizeof(*shots));

	bed_policy(bed, guarded);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct pkt pkt = {
			.proto = IPPROTO_UDP, .sport = 5000, .dport = 5001, .payload_len = sizes[i]
		};
		struct pkt out = bed_out(&bed_ends[1], pkt);
		size_t len;

		want.snaplen = i % 2 ? 64 : SNAPLEN;
		wish(bed, &want);
		bed_run(bed, INSIDE, &out);
		len = bed->in.len < want.snaplen ? bed->in.len : want.snaplen;
		assert_int_equal(shots_read(bed, shots), 1);
		assert_int_equal(shots->head.len, len);
		assert_int_equal(shots->head.wire_len, bed->in.len);
		assert_memory_equal(shots->bytes, bed->in.b, len);
	}
	want.until_ns = 0;
	wish(bed, &want);
	free(shots);
}

/* A budget of 3 in a second, then a ring that nobody reads. */
static void what_is_not_told_is_counted(void **state)
{
	struct bed *bed = *state;
	struct sek_capture want = everything();
	struct shots *shots = calloc(1, sizeof(*shots));
	struct sek_event_stat before = account(bed), after;
	const struct pkt pkt = {
		.proto = IPPROTO_UDP, .sport = 5000, .dport = 5001, .payload_len = 1400
	};
	struct pkt out = bed_out(&bed_ends[0], pkt);

	bed_policy(bed, guarded);
	bed_wait(bed, SECOND);
	want.budget = 3;
	wish(bed, &want);
	for (int i = 0; i < 10; i++)
		bed_run(bed, INSIDE, &out);
	assert_int_equal(shots_read(bed, shots), 3);
	after = account(bed);
	assert_int_equal(after.offered - before.offered, 10);
	assert_int_equal(after.suppressed - before.suppressed, 7);
	want.budget = 1000000;
	want.snaplen = SEK_CAPTURE_BYTES;
	wish(bed, &want);
	for (int i = 0; i < 3000; i++)
		bed_run(bed, INSIDE, &out);
	after = account(bed);
	assert_true(after.lost > before.lost);
	assert_int_equal(after.offered - before.offered, 3010);
	assert_int_equal(shots_read(bed, shots), after.written - before.written - 3);
	assert_int_equal(after.offered, after.written + after.suppressed + after.lost);
	want.until_ns = 0;
	wish(bed, &want);
	free(shots);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(off_tells_nothing),
	cmocka_unit_test(a_frame_is_told_once_as_it_came),
	cmocka_unit_test(only_what_matches_is_told),
	cmocka_unit_test(long_frames_are_cut),
	cmocka_unit_test(what_is_not_told_is_counted),
};
ROWS(rows_capture, tests);
