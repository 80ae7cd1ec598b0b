// SPDX-License-Identifier: Apache-2.0
/* The segment size that a SYN tells, by rows of its options: what is too large becomes what a worker takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inline/clamp.h"
#include "inspect/checksum.h"

#define HIGH(value) (uint8_t)((value) >> 8)
#define LOW(value) (uint8_t)(value)
#define LARGE HIGH(8960), LOW(8960)
#define MOST HIGH(SEK_HANDOFF_SEGMENT_MAX), LOW(SEK_HANDOFF_SEGMENT_MAX)
#define USUAL HIGH(1460), LOW(1460)

static const struct row {
	const char *says;
	uint8_t flags;
	uint8_t before[8], after[8]; /* options */
} rows[] = {
	{ "too large", 0x02, { 2, 4, LARGE, 1, 3, 3, 7 }, { 2, 4, MOST, 1, 3, 3, 7 } },
	{ "of the answer", 0x12, { 2, 4, LARGE, 1, 3, 3, 7 }, { 2, 4, MOST, 1, 3, 3, 7 } },
	{ "what fits stays", 0x02, { 2, 4, USUAL, 1, 3, 3, 7 }, { 2, 4, USUAL, 1, 3, 3, 7 } },
	{ "at an odd place", 0x02, { 1, 2, 4, LARGE, 1, 1, 1 }, { 1, 2, 4, MOST, 1, 1, 1 } },
	{ "behind another", 0x02, { 3, 3, 7, 1, 2, 4, LARGE }, { 3, 3, 7, 1, 2, 4, MOST } },
	{ "no SYN", 0x10, { 2, 4, LARGE, 1, 3, 3, 7 }, { 2, 4, LARGE, 1, 3, 3, 7 } },
	{ "behind the end of all", 0x02, { 0, 0, 2, 4, LARGE, 0, 0 }, { 0, 0, 2, 4, LARGE, 0, 0 } },
	{ "an option of no length", 0x02, { 3, 0, 2, 4, LARGE, 0, 0 }, { 3, 0, 2, 4, LARGE, 0, 0 } },
	{ "cut short by the header's end",
	  0x02,
	  { 1, 1, 1, 1, 1, 2, 4, 35 },
	  { 1, 1, 1, 1, 1, 2, 4, 35 } },
};

static uint64_t sum_of(const uint8_t *ip, bool v6)
{
	const uint8_t tail[4] = { 0, 6, 0, 28 };
	uint64_t sum = checksum_add(0, (struct slice){ ip + (v6 ? 8 : 12), v6 ? 32 : 8 });

	sum = checksum_add(sum, (struct slice){ tail, sizeof(tail) });
	return checksum_add(sum, (struct slice){ ip + (v6 ? 40 : 20), 28 });
}

static uint32_t syn_make(const struct row *row, bool v6, uint8_t frame[128])
{
	uint8_t *ip = frame + 14, *tcp = ip + (v6 ? 40 : 20);
	uint16_t sum;

	memset(frame, 0, 128);
	memcpy(frame + 12, v6 ? "\x86\xdd" : "\x08\x00", 2);
	ip[0] = v6 ? 0x60 : 0x45;
	ip[v6 ? 5 : 3] = v6 ? 28 : 48;
	ip[v6 ? 6 : 9] = 6;
	memset(ip + (v6 ? 8 : 12), 0xa7, v6 ? 32 : 8);
	tcp[12] = 7 << 4;
	tcp[13] = row->flags;
	memcpy(tcp + 20, row->before, sizeof(row->before));
	sum = checksum_end(sum_of(ip, v6));
	memcpy(tcp + 16, &sum, 2);
	return (uint32_t)(tcp + 28 - frame);
}

static void a_size_that_no_worker_takes_is_clamped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			uint8_t frame[128];
			uint32_t len = syn_make(&rows[i], v6, frame);

			clamp_segment_size(frame, len);
			if (memcmp(frame + len - 8, rows[i].after, 8) != 0)
				fail_msg("%s: other options", rows[i].says);
			if (checksum_end(sum_of(frame + 14, v6)))
				fail_msg("%s: its sum is wrong", rows[i].says);
		}
}

/* Each in memory of its own length, which the sanitizer watches. */
static void short_frames_stay(void **state)
{
	uint8_t frame[128];
	uint32_t whole = syn_make(&rows[0], false, frame);

	(void)state;
	for (uint32_t len = 0; len < whole; len++) {
		uint8_t *cut = malloc(len ? len : 1);

		assert_non_null(cut);
		memcpy(cut, frame, len);
		clamp_segment_size(cut, len);
		assert_memory_equal(cut, frame, len);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_that_no_worker_takes_is_clamped),
		cmocka_unit_test(short_frames_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
