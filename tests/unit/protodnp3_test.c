/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/dnp3: a frame cut at every byte, its object and point, sums that are wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

static struct protorun run;

static const char select_frame[] = "\x05\x64\x1a\xc4\x02\x00\x03\x00\x40\xf2\xc6\xc7\x03\x0c\x01\x28"
				   "\x01\x00\x01\x00\x03\x01\x64\x00\x00\x00\x8f\xda\x64\x00\x00\x00"
				   "\x00\x00\x5b";

static void test_frame(void **state)
{
	const struct slice frame = TEXT(select_frame);

	for (size_t cut = 0; cut < frame.len; cut++) {
		uint64_t function;
		const char *told;

		protorun_begin(&run, PROTO_DNP3, 6);
		protorun_feed(&run, FROM_CLIENT, slice(frame.at, cut), 0, false);
		assert_null(run.flow.session.first);
		protorun_feed(&run, FROM_CLIENT, slice_behind(frame, cut), 0, false);
		assert_non_null(run.flow.session.first);
		assert_int_equal(run.flow.session.first->event_cnt, 0);
		assert_true(field_of(&run, "dnp3_func")
				    ->number(run.flow.session.first, FROM_CLIENT, 0, &function));
		assert_int_equal(function, 3);
		told = protorun_log(&run, run.flow.session.first, 0);
		assert_non_null(strstr(told, "\"type\":\"request\""));
		assert_non_null(strstr(told, "\"src\":3,\"dst\":2"));
		assert_non_null(strstr(told, "{\"prefix\":1,\"index\":1,\"op_type\":3,\"qu\":0,\"cr\":0,"
					     "\"tcc\":0,\"count\":1,\"ontime\":100,\"offtime\":100,"
					     "\"status_code\":0,\"reserved\":0}"));
		assert_non_null(strstr(told, "\"complete\":true"));
		protorun_end(&run);
	}
}

static void test_sums(void **state)
{
	char frame[sizeof(select_frame)];

	memcpy(frame, select_frame, sizeof(frame));
	frame[4] ^= 1; /* of the head: the flow is given up */
	protorun_begin(&run, PROTO_DNP3, 6);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, TEXT(frame), 0, false), INPUT_BAD);
	assert_int_equal(run.flow.session.first->event[0], 3);
	protorun_end(&run);
	frame[4] ^= 1;
	frame[20] ^= 1; /* of a block: told */
	protorun_begin(&run, PROTO_DNP3, 6);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, TEXT(frame), 0, false), sizeof(frame) - 1);
	assert_int_equal(run.flow.session.first->event[0], 4);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
