/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/rfb: the handshake and its frames, cut at every byte; types that nobody reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/framekept.h"
#include "unit/protoasked.h"

static struct protorun run;

static const struct {
	enum side side;
	struct slice bytes;
} exchange[] = {
	{ FROM_SERVER, { (const uint8_t *)"RFB 003.007\n", 12 } },
	{ FROM_CLIENT, { (const uint8_t *)"RFB 003.007\n", 12 } },
	{ FROM_SERVER, { (const uint8_t *)"\2\1\2", 3 } },
	{ FROM_CLIENT, { (const uint8_t *)"\1\1", 2 } }, /* none, and shared */
	{ FROM_SERVER,
	  { (const uint8_t *)"\5\0\3\x20\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\4room",
	    28 } },
};

static void test_exchange(void **state)
{
	for (size_t cut = 0; cut < 28; cut++) {
		const char *told;

		protorun_begin(&run, PROTO_RFB, 6);
		for (size_t i = 0; i < sizeof(exchange) / sizeof(exchange[0]); i++) {
			size_t first = cut < exchange[i].bytes.len ? cut : exchange[i].bytes.len;

			protorun_feed(&run, exchange[i].side, slice(exchange[i].bytes.at, first), 0,
				      false);
			protorun_feed(&run, exchange[i].side,
				      slice_behind(exchange[i].bytes, first), 0, false);
		}
		assert_int_equal(run.flow.session.first->progress[FROM_SERVER], 2);
		told = protorun_log(&run, run.flow.session.first, 0);
		assert_non_null(strstr(told, "\"authentication\":{\"security_type\":1}"));
		assert_non_null(strstr(told, "\"screen_shared\":true"));
		assert_non_null(strstr(told, "\"width\":1280,\"height\":800,\"name\":\"room\""));
		protorun_end(&run);
	}
}

/* Each message of the handshake is a frame of the side that sent it, at its place in that side's stream. */
static void test_frames(void **state)
{
	for (size_t cut = 0; cut < 28; cut++) {
		protorun_begin(&run, PROTO_RFB, 6);
		run.flow.session.setup = &protorun_frames;
		for (size_t i = 0; i < sizeof(exchange) / sizeof(exchange[0]); i++) {
			size_t first = cut < exchange[i].bytes.len ? cut : exchange[i].bytes.len;

			protorun_feed(&run, exchange[i].side, slice(exchange[i].bytes.at, first), 0,
				      false);
			protorun_feed(&run, exchange[i].side,
				      slice_behind(exchange[i].bytes, first), 0, false);
		}
		frame_is(frame_at(&run, true, 0), "pdu", 0, TEXT("RFB 003.007\n"));
		assert_int_equal(frame_at(&run, true, 0)->side, FROM_SERVER);
		frame_is(frame_at(&run, true, 1), "pdu", 0, TEXT("RFB 003.007\n"));
		assert_int_equal(frame_at(&run, true, 1)->side, FROM_CLIENT);
		frame_is(frame_at(&run, true, 2), "pdu", 12, TEXT("\2\1\2"));
		frame_is(frame_at(&run, true, 3), "pdu", 12, TEXT("\1"));
		frame_is(frame_at(&run, true, 4), "pdu", 13, TEXT("\1"));
		frame_is(frame_at(&run, true, 5), "pdu", 15, exchange[4].bytes);
		assert_null(frame_at(&run, true, 6));
		protorun_end(&run);
	}
}

static void test_unknown(void **state)
{
	protorun_begin(&run, PROTO_RFB, 6);
	protorun_feed(&run, FROM_SERVER, TEXT("RFB 003.889\n"), 0, false);
	protorun_feed(&run, FROM_CLIENT, TEXT("RFB 003.008\n"), 0, false);
	protorun_feed(&run, FROM_SERVER, TEXT("\1\x1e"), 0, false);
	protorun_feed(&run, FROM_CLIENT, TEXT("\x1e"), 0, false);
	assert_int_equal(run.flow.session.first->event_cnt, 1);
	assert_int_equal(run.flow.session.first->event[0], 1);
	protorun_end(&run);
}

static void test_forgotten(void **state)
{
	protorun_begin(&run, PROTO_RFB, 6);
	protorun_feed(&run, FROM_SERVER, TEXT("RFB 003.008\n"), 0, false);
	protorun_forget_all(&run);
	assert_null(run.flow.session.first);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, TEXT("RFB 003.008\n"), 0, false),
			 INPUT_BAD);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
