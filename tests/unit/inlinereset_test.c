// SPDX-License-Identifier: Apache-2.0
/* Resets in place of a segment: whose numbers, which way, and that nothing short is read behind its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inline/reset.h"
#include "inspect/checksum.h"

#define PAYLOAD 5

/* Of both versions, the server's answer behind one tag: seq 1000, ack 2000. */
static uint32_t answer(bool v6, uint8_t *frame)
{
	const uint8_t link[18] = { 2,
				   0,
				   0,
				   0,
				   0,
				   1,
				   2,
				   0,
				   0,
				   0,
				   0,
				   2,
				   0x81,
				   0,
				   0,
				   10,
				   v6 ? 0x86 : 0x08,
				   v6 ? 0xdd : 0x00 };
	uint8_t *ip = frame + sizeof(link), *tcp = ip + (v6 ? 40 : 20);

	memset(frame, 0, 128);
	memcpy(frame, link, sizeof(link));
	ip[0] = v6 ? 0x60 : 0x45;
	ip[v6 ? 5 : 3] = 20 + PAYLOAD + (v6 ? 0 : 20);
	ip[v6 ? 6 : 9] = 6;
	memset(ip + (v6 ? 8 : 12), 0xaa, v6 ? 16 : 4);
	memset(ip + (v6 ? 24 : 16), 0xbb, v6 ? 16 : 4);
	tcp[1] = 80;
	tcp[2] = 0x99;
	tcp[6] = 1000 >> 8;
	tcp[7] = 1000 & 255;
	tcp[10] = 2000 >> 8;
	tcp[11] = 2000 & 255;
	tcp[12] = 5 << 4;
	tcp[13] = 0x18;
	return (uint32_t)(tcp + 20 + PAYLOAD - frame);
}

static uint32_t number_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool sums_are_good(const struct reset_frame *frame, bool v6)
{
	const uint8_t *ip = frame->bytes + 18, *tcp = ip + (v6 ? 40 : 20);
	const uint8_t tail[4] = { 0, 6, 0, 20 };
	uint64_t sum = checksum_add(0, (struct slice){ ip + (v6 ? 8 : 12), v6 ? 32 : 8 });

	sum = checksum_add(sum, (struct slice){ tail, sizeof(tail) });
	if (checksum_end(checksum_add(sum, (struct slice){ tcp, 20 })))
		return false;
	return v6 || !checksum_end(checksum_add(0, (struct slice){ ip, 20 }));
}

static void both_ends_are_told(void **state)
{
	const struct sek_note in = { .first_ns = 7, .number = 3, .dir = 1, .out_port = 1 };
	const struct sek_note out = { .first_ns = 7, .number = 3, .dir = 0, .out_port = 2 };
	struct resets *resets = resets_new();
	struct reset_frame told[2];
	uint8_t frame[128], asked[128];

	(void)state;
	assert_non_null(resets);
	for (int v6 = 0; v6 < 2; v6++) {
		uint32_t len = answer(v6, frame);
		const uint8_t *tcp;

		memcpy(asked, frame, sizeof(asked));
		asked[5] = 9; /* to another host on the link */
		resets_keep(resets, &out, asked, len);
		assert_int_equal(resets_make(resets, &in, frame, len, told), 2);
		assert_int_equal(told[0].out_port, 1);
		assert_memory_equal(told[0].bytes, frame, 18);
		tcp = told[0].bytes + (v6 ? 58 : 38);
		assert_int_equal(told[0].len, (v6 ? 58 : 38) + 20);
		assert_int_equal(number_at(tcp + 4), 1000);
		assert_int_equal(tcp[13], 0x14);
		assert_int_equal(told[1].out_port, 2);
		assert_memory_equal(told[1].bytes, asked, 18);
		tcp = told[1].bytes + (v6 ? 58 : 38);
		assert_int_equal(tcp[3], 80); /* the server's port is where it goes */
		assert_int_equal(number_at(tcp + 4), 2000);
		assert_int_equal(number_at(tcp + 8), 1000 + PAYLOAD);
		assert_true(sums_are_good(&told[0], v6) && sums_are_good(&told[1], v6));
	}
	resets_free(resets);
}

/* Where a SYN cookie opened it, the frame has its receiver's numbers: its sender is told its own. */
static void each_end_has_its_numbers(void **state)
{
	struct sek_note in = {
		.first_ns = 7, .number = 3, .dir = 1, .flags = SEK_NOTE_COOKIE, .shift = 300
	};
	struct sek_note out = {
		.first_ns = 7, .number = 3, .dir = 0, .flags = SEK_NOTE_COOKIE, .shift = 300
	};
	struct resets *resets = resets_new();
	struct reset_frame told[2];
	uint8_t frame[128];
	uint32_t len = answer(false, frame);

	(void)state;
	assert_non_null(resets);
	resets_keep(resets, &out, frame, len);
	resets_keep(resets, &in, frame, len);
	assert_int_equal(resets_make(resets, &in, frame, len, told), 2); /* the client sent it */
	assert_int_equal(number_at(told[0].bytes + 42), 1000);
	assert_int_equal(number_at(told[1].bytes + 42), 2300);
	assert_int_equal(number_at(told[1].bytes + 46), 1000 + PAYLOAD);
	assert_int_equal(resets_make(resets, &out, frame, len, told), 2); /* the server did */
	assert_int_equal(number_at(told[0].bytes + 42), 1000);
	assert_int_equal(number_at(told[1].bytes + 42), 2000);
	assert_int_equal(number_at(told[1].bytes + 46), 700 + PAYLOAD);
	assert_true(sums_are_good(&told[0], false) && sums_are_good(&told[1], false));
	resets_free(resets);
}

static void another_flow_s_way_is_not_taken(void **state)
{
	const struct sek_note in = { .first_ns = 7, .number = 3, .dir = 1 },
			      before = { .first_ns = 6, .number = 3, .dir = 0 };
	struct resets *resets = resets_new();
	struct reset_frame told[2];
	uint8_t frame[128];
	uint32_t len = answer(false, frame);

	(void)state;
	assert_non_null(resets);
	resets_keep(resets, &before, frame, len);
	assert_int_equal(resets_make(resets, &in, frame, len, told), 1);
	resets_free(resets);
}

/* Each in memory of its own length, which the sanitizer watches. */
static void short_frames_are_none(void **state)
{
	const struct sek_note note = { .first_ns = 7, .number = 3 };
	struct resets *resets = resets_new();
	struct reset_frame told[2];
	uint8_t frame[128];

	(void)state;
	assert_non_null(resets);
	for (int v6 = 0; v6 < 2; v6++) {
		uint32_t whole = answer(v6, frame);

		for (uint32_t len = 0; len < whole; len++) {
			uint8_t *cut = malloc(len ? len : 1);

			assert_non_null(cut);
			memcpy(cut, frame, len);
			resets_keep(resets, &note, cut, len);
			assert_int_equal(resets_make(resets, &note, cut, len, told), 0);
			free(cut);
		}
	}
	resets_free(resets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_are_told),
		cmocka_unit_test(each_end_has_its_numbers),
		cmocka_unit_test(another_flow_s_way_is_not_taken),
		cmocka_unit_test(short_frames_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
