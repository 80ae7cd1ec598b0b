// SPDX-License-Identifier: Apache-2.0
/*
 * Reassembly of one side, by rows: segments in, the bytes that a receiver of that system reads out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/flow.h"
#include "inspect/stream.h"

#define ISN 1000u

static const struct stream_settings settings = { .chunk = { 16, 16 }, .raw = true };

struct row {
	const char *says;
	enum os_policy os;
	struct {
		uint32_t at; /* offset */
		const char *bytes;
	} segments[6];
	const char *reads; /* all that is whole */
	enum stream_overlap overlap;
};

static const struct row rows[] = {
	{ "in order", OS_BSD, { { 0, "abc" }, { 3, "def" } }, "abcdef", STREAM_OVERLAP_NONE },
	{ "out of order",
	  OS_BSD,
	  { { 3, "def" }, { 6, "ghi" }, { 0, "abc" } },
	  "abcdefghi",
	  STREAM_OVERLAP_NONE },
	{ "twice", OS_BSD, { { 0, "abc" }, { 0, "abc" }, { 3, "d" } }, "abcd", STREAM_OVERLAP_SAME },
	{ "a hole is no end", OS_BSD, { { 0, "abc" }, { 4, "e" } }, "abc", STREAM_OVERLAP_NONE },
	{ "a longer one fills the hole",
	  OS_BSD,
	  { { 0, "a" }, { 2, "c" }, { 0, "abcd" } },
	  "abcd",
	  STREAM_OVERLAP_SAME },
	{ "many pieces, the last is the first",
	  OS_BSD,
	  { { 8, "i" }, { 6, "g" }, { 4, "e" }, { 2, "c" }, { 1, "bcdefgh" }, { 0, "a" } },
	  "abcdefghi",
	  STREAM_OVERLAP_SAME },
	{ "BSD keeps the first of the same start",
	  OS_BSD,
	  { { 1, "OLD" }, { 1, "NEW" }, { 0, "x" } },
	  "xOLD",
	  STREAM_OVERLAP_OTHER },
	{ "Linux takes the longer of the same start",
	  OS_LINUX,
	  { { 1, "OLD" }, { 1, "NEWER" }, { 0, "x" } },
	  "xNEWER",
	  STREAM_OVERLAP_OTHER },
	{ "BSD takes one that begins before",
	  OS_BSD,
	  { { 2, "OLD" }, { 1, "NEW" }, { 0, "x" } },
	  "xNEWD",
	  STREAM_OVERLAP_OTHER },
	{ "Windows wants it to end behind, too",
	  OS_WINDOWS,
	  { { 2, "OLD" }, { 1, "NEW" }, { 0, "x" } },
	  "xNOLD",
	  STREAM_OVERLAP_OTHER },
	{ "Windows takes one around it",
	  OS_WINDOWS,
	  { { 2, "OLD" }, { 1, "NEWER" }, { 0, "x" } },
	  "xNEWER",
	  STREAM_OVERLAP_OTHER },
	{ "Vista never does",
	  OS_VISTA,
	  { { 2, "OLD" }, { 1, "NEWER" }, { 0, "x" } },
	  "xNOLDR",
	  STREAM_OVERLAP_OTHER },
	{ "the last one wins",
	  OS_LAST,
	  { { 1, "OLD" }, { 1, "NEW" }, { 0, "x" } },
	  "xNEW",
	  STREAM_OVERLAP_OTHER },
	{ "old Linux takes the same start",
	  OS_OLD_LINUX,
	  { { 1, "OLD" }, { 1, "NEW" }, { 0, "x" } },
	  "xNEW",
	  STREAM_OVERLAP_OTHER },
};

static void overlaps_are_read_as_the_receiver_does(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tcp_memory memory = { .max = 1 << 20 };
		struct tcp_stream stream = { .os = (uint8_t)rows[i].os };
		enum stream_overlap overlap = STREAM_OVERLAP_NONE;
		struct slice reads;

		tcp_stream_begin(&stream, ISN);
		for (size_t j = 0; j < 6 && rows[i].segments[j].bytes; j++) {
			enum stream_overlap here = STREAM_OVERLAP_NONE;

			tcp_stream_insert(&stream, &settings, &memory,
					  ISN + 1 + rows[i].segments[j].at,
					  slice_text(rows[i].segments[j].bytes), &here);
			overlap = here > overlap ? here : overlap;
		}
		reads = tcp_stream_app(&stream, true);
		if (!slice_is(reads, rows[i].reads) || overlap != rows[i].overlap)
			fail_msg("%s: read \"%.*s\", overlap %d", rows[i].says, (int)reads.len,
				 (const char *)reads.at, (int)overlap);
		tcp_stream_end(&stream, &memory);
		assert_int_equal(memory.used, 0);
	}
}

static void only_what_is_acknowledged_is_read(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { 0 };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, ISN);
	stream.last_ack = ISN + 1;
	tcp_stream_insert(&stream, &settings, &memory, ISN + 1, slice_text("hello"), &overlap);
	assert_int_equal(tcp_stream_app(&stream, false).len, 0);
	stream.last_ack = ISN + 4;
	assert_true(slice_is(tcp_stream_app(&stream, false), "hel"));
	stream.last_ack = ISN + 100; /* more than was sent */
	assert_true(slice_is(tcp_stream_app(&stream, false), "hello"));
	tcp_stream_end(&stream, &memory);
}

/* What waits to be read costs memory, what was read does not, once many streams must share it. */
static void what_was_read_is_given_back(void **state)
{
	static const uint8_t bytes[1000];
	struct tcp_memory memory = { .max = 4 << 20 };
	struct tcp_stream stream = { 0 };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	(void)state;
	tcp_stream_begin(&stream, ISN);
	for (uint32_t i = 0; i < 14; i++)
		tcp_stream_insert(&stream, &settings, &memory, ISN + 1 + i * 1000,
				  slice(bytes, sizeof(bytes)), &overlap);
	tcp_stream_app_took(&stream, 14000);
	stream.raw = 14000;
	tcp_stream_trim(&stream, &settings, &memory, FROM_CLIENT);
	assert_int_equal(memory.used, 16384); /* there is enough */
	memory.max = 4 * 16384 - 1;
	tcp_stream_trim(&stream, &settings, &memory, FROM_CLIENT);
	assert_in_range(memory.used, 1, 4096);
	assert_int_equal(stream.end - stream.base, settings.chunk[FROM_CLIENT]);
	tcp_stream_end(&stream, &memory);
	assert_int_equal(memory.used, 0);
}

/* Behind a gap nothing is there that could be given back, however little memory is left. */
static void a_gap_is_trimmed_where_memory_is_tight(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { 0 };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	(void)state;
	tcp_stream_begin(&stream, ISN);
	tcp_stream_insert(&stream, &settings, &memory, ISN + 1, slice_text("hello"), &overlap);
	tcp_stream_app_took(&stream, 5);
	stream.last_ack = ISN + 5000;
	tcp_stream_insert(&stream, &settings, &memory, ISN + 4000, slice_text("world"), &overlap);
	assert_true(tcp_stream_skip_gap(&stream, &memory, false) > 0);
	memory.max = 1;
	tcp_stream_trim(&stream, &settings, &memory, FROM_CLIENT);
	assert_int_equal(stream.base, 3999);
	memory.max = 1 << 20;
	assert_true(slice_is(tcp_stream_app(&stream, false), "world"));
	tcp_stream_trim(&stream, &settings, &memory, FROM_CLIENT);
	assert_int_equal(stream.base, 3999);
	tcp_stream_end(&stream, &memory);
	assert_int_equal(memory.used, 0);
}

static void a_gap_is_sure_when_something_came_behind_it(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { .no_raw = true };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, ISN);
	stream.last_ack = ISN + 11;
	assert_int_equal(tcp_stream_skip_gap(&stream, &memory, false), 0);
	assert_false(tcp_stream_gap_follows(&stream, true));
	tcp_stream_insert(&stream, &settings, &memory, ISN + 5, slice_text("world"), &overlap);
	assert_true(tcp_stream_gap_follows(&stream, false));
	stream.last_ack = ISN + 1;
	assert_false(tcp_stream_gap_follows(&stream, false)); /* they may come yet */
	stream.last_ack = ISN + 11;
	assert_int_equal(tcp_stream_skip_gap(&stream, &memory, false), 4);
	assert_true(slice_is(tcp_stream_app(&stream, false), "world"));
	assert_true(stream.has_gap);
	tcp_stream_end(&stream, &memory);
	assert_int_equal(memory.used, 0);
}

static void what_was_read_does_not_change(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { .os = OS_LAST };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, ISN);
	tcp_stream_insert(&stream, &settings, &memory, ISN + 1, slice_text("abcd"), &overlap);
	tcp_stream_app_took(&stream, 2);
	tcp_stream_insert(&stream, &settings, &memory, ISN + 1, slice_text("WXYZ"), &overlap);
	assert_int_equal(overlap, STREAM_OVERLAP_OTHER);
	assert_true(slice_is(tcp_stream_app(&stream, true), "YZ"));
	assert_memory_equal(stream.bytes, "abYZ", 4);
	tcp_stream_end(&stream, &memory);
}

static void memory_and_depth_have_an_end(void **state)
{
	const struct stream_settings shallow = { .depth = 4, .chunk = { 16, 16 } };
	struct tcp_memory memory = { .max = 4096 };
	struct tcp_stream stream = { 0 };
	static uint8_t large[8192];
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, ISN);
	assert_int_equal(tcp_stream_insert(&stream, &shallow, &memory, ISN + 1,
					   slice_text("abcdef"), &overlap),
			 STREAM_SAID_TAKEN);
	assert_true(stream.depth_reached);
	assert_true(slice_is(tcp_stream_app(&stream, true), "abcd"));
	assert_int_equal(tcp_stream_insert(&stream, &shallow, &memory, ISN + 7, slice_text("x"),
					   &overlap),
			 STREAM_SAID_BEYOND);
	assert_int_equal(tcp_stream_insert(&stream, &settings, &memory, ISN + 5,
					   slice(large, sizeof(large)), &overlap),
			 STREAM_SAID_NO_MEMORY);
	assert_int_equal(memory.refused, 1);
	tcp_stream_end(&stream, &memory);
	assert_int_equal(memory.used, 0);
}

static void numbers_turn_round(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { 0 };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, UINT32_MAX - 3);
	tcp_stream_insert(&stream, &settings, &memory, UINT32_MAX - 2, slice_text("abc"), &overlap);
	tcp_stream_insert(&stream, &settings, &memory, 0, slice_text("def"), &overlap);
	assert_true(slice_is(tcp_stream_app(&stream, true), "abcdef"));
	tcp_stream_end(&stream, &memory);
}

static void small_segments_have_an_end(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { 0 };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;
	uint32_t last = 0;

	tcp_stream_begin(&stream, ISN);
	for (uint32_t i = 1; i < 20000; i += 2)
		if (tcp_stream_insert(&stream, &settings, &memory, ISN + 1 + i, slice_text("x"),
				      &overlap) == STREAM_SAID_NO_MEMORY)
			last = last ? last : i;
	assert_true(last != 0 && stream.piece_cnt < 5000);
	tcp_stream_end(&stream, &memory);
	assert_int_equal(memory.used, 0);
}

/* What was not read stays; what was is given back, and bytes that come all the same are read. */
static void a_stream_at_rest_holds_nothing(void **state)
{
	struct tcp_memory memory = { .max = 1 << 20 };
	struct tcp_stream stream = { .os = OS_BSD };
	enum stream_overlap overlap = STREAM_OVERLAP_NONE;

	tcp_stream_begin(&stream, ISN);
	tcp_stream_insert(&stream, &settings, &memory, ISN + 1, slice_text("abc"), &overlap);
	tcp_stream_rest(&stream, &memory);
	assert_int_equal(tcp_stream_app(&stream, true).len, 3);
	tcp_stream_app_took(&stream, 3);
	tcp_stream_rest(&stream, &memory); /* detection has not seen it */
	assert_non_null(stream.bytes);
	stream.raw = 3;
	tcp_stream_rest(&stream, &memory);
	assert_null(stream.bytes);
	assert_null(stream.pieces);
	assert_int_equal(memory.used, 0);
	tcp_stream_insert(&stream, &settings, &memory, ISN + 1, slice_text("xyzdef"), &overlap);
	assert_int_equal(stream.end, 6);
	assert_memory_equal(tcp_stream_app(&stream, true).at, "def", 3);
	tcp_stream_end(&stream, &memory);
	assert_int_equal(memory.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps_are_read_as_the_receiver_does),
		cmocka_unit_test(only_what_is_acknowledged_is_read),
		cmocka_unit_test(what_was_read_is_given_back),
		cmocka_unit_test(a_gap_is_trimmed_where_memory_is_tight),
		cmocka_unit_test(a_gap_is_sure_when_something_came_behind_it),
		cmocka_unit_test(what_was_read_does_not_change),
		cmocka_unit_test(memory_and_depth_have_an_end),
		cmocka_unit_test(numbers_turn_round),
		cmocka_unit_test(a_stream_at_rest_holds_nothing),
		cmocka_unit_test(small_segments_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
