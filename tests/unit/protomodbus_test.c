/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/modbus: requests and responses cut at every byte, what does not fit, what is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

#define BYTES(bytes) bytes, sizeof(bytes) - 1

static struct protorun run;

#define REQUEST "\0\1\0\0\0\6\x0a\1\0\2\0\3"
#define RESPONSE "\0\1\0\0\0\4\x0a\1\1\5"

static void test_exchange(void **state)
{
	const struct slice request = TEXT(REQUEST), response = TEXT(RESPONSE);

	for (size_t cut = 0; cut < request.len; cut++) {
		uint64_t unit;

		protorun_begin(&run, PROTO_MODBUS, 6);
		protorun_feed(&run, FROM_CLIENT, slice(request.at, cut), 0, false);
		protorun_feed(&run, FROM_CLIENT, slice_behind(request, cut), 0, false);
		protorun_feed(&run, FROM_SERVER, slice(response.at, cut % response.len), 0, false);
		protorun_feed(&run, FROM_SERVER, slice_behind(response, cut % response.len), 0,
			      false);
		assert_non_null(run.flow.session.first);
		assert_null(run.flow.session.first->next);
		assert_int_equal(run.flow.session.first->event_cnt, 0);
		assert_true(field_of(&run, "modbus")
				    ->number(run.flow.session.first, FROM_CLIENT, 0, &unit));
		assert_int_equal(unit, 10);
		assert_string_equal(
			protorun_log(&run, run.flow.session.first, 0),
			"{\"id\":1,\"request\":{\"transaction_id\":1,\"protocol_id\":0,\"unit_id\":10,"
			"\"function_raw\":1,\"function_code\":\"RdCoils\",\"access_type\":\"READ | COILS\","
			"\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"NONE\","
			"\"read\":{\"address\":2,\"quantity\":3}},"
			"\"response\":{\"transaction_id\":1,\"protocol_id\":0,\"unit_id\":10,"
			"\"function_raw\":1,\"function_code\":\"RdCoils\",\"access_type\":\"READ | COILS\","
			"\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"NONE\","
			"\"read\":{\"data\":\"\\u0005\"}}}");
		protorun_end(&run);
	}
}

/* What a request of each kind tells, as tools know it. */
static void test_bodies(void **state)
{
	static const struct {
		const char *request;
		size_t len;
		const char *told;
	} rows[] = {
		{ BYTES("\0\1\0\0\0\6\x0a\5\0\2\xff\0"),
		  "\"access_type\":\"WRITE | COILS | SINGLE | WRITE_SINGLE\",\"category\":\"PUBLIC_ASSIGNED\","
		  "\"error_flags\":\"NONE\",\"write\":{\"address\":2,\"data\":65280}}}" },
		{ BYTES("\0\1\0\0\0\x08\x0a\x0f\0\1\0\x08\1A"),
		  "\"access_type\":\"WRITE | COILS | MULTIPLE | WRITE_MULTIPLE\","
		  "\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"NONE\","
		  "\"write\":{\"address\":1,\"quantity\":8,\"data\":\"A\"}}}" },
		{ BYTES("\0\1\0\0\0\x0d\x0a\x17\0\1\0\3\0\2\0\1\2AB"),
		  "\"error_flags\":\"NONE\",\"read\":{\"address\":1,\"quantity\":3},"
		  "\"write\":{\"address\":2,\"quantity\":1,\"data\":\"AB\"}}}" },
		{ BYTES("\0\1\0\0\0\x08\x0a\x16\0\1\0\x0f\0\2"),
		  "\"write\":{\"address\":1,\"and_mask\":15,\"or_mask\":2}}}" },
		{ BYTES("\0\1\0\0\0\6\x0a\x08\0\4AB"),
		  "\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"NONE\",\"diagnostic\":{\"raw\":4,"
		  "\"code\":\"ForceListenOnlyMode\",\"data\":\"AB\"}}}" },
		{ BYTES("\0\1\0\0\0\6\x0a\x08\0\5AB"),
		  "\"category\":\"RESERVED\",\"error_flags\":\"NONE\",\"diagnostic\":{\"raw\":5,"
		  "\"code\":\"Reserved\",\"data\":\"AB\"}}}" },
		{ BYTES("\0\1\0\0\0\4\x0a\x2b\016A"),
		  "\"mei\":{\"raw\":14,\"code\":\"RdDevId\",\"data\":\"A\"}}}" },
		{ BYTES("\0\1\0\0\0\2\x0a\x11"), "\"error_flags\":\"NONE\",\"data\":\"\"}}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *told;

		protorun_begin(&run, PROTO_MODBUS, 6);
		protorun_feed(&run, FROM_CLIENT, slice(rows[i].request, rows[i].len), 0, false);
		assert_non_null(run.flow.session.first);
		assert_int_equal(run.flow.session.first->event_cnt, 0);
		told = protorun_log(&run, run.flow.session.first, 0);
		if (strlen(told) < strlen(rows[i].told) ||
		    strcmp(told + strlen(told) - strlen(rows[i].told), rows[i].told) != 0)
			fail_msg("row %zu: %s", i, told);
		protorun_end(&run);
	}
}

/* What answers a read with a write is no place; an exception is of the function that was asked. */
static void test_answers(void **state)
{
	const char *told;

	protorun_begin(&run, PROTO_MODBUS, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT("\0\1\0\0\0\x0d\x0a\x17\0\1\0\3\0\2\0\1\2AB"), 0,
		      false);
	protorun_feed(&run, FROM_SERVER, TEXT("\0\1\0\0\0\5\x0a\x17\2AB"), 0, false);
	assert_int_equal(run.flow.session.first->event_cnt, 0);
	told = protorun_log(&run, run.flow.session.first, 0);
	assert_non_null(strstr(told, "\"error_flags\":\"NONE\",\"read\":{\"data\":\"AB\"}}}"));
	protorun_end(&run);
	protorun_begin(&run, PROTO_MODBUS, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT(REQUEST), 0, false);
	protorun_feed(&run, FROM_SERVER, TEXT("\0\1\0\0\0\3\x0a\x81\2"), 0, false);
	told = protorun_log(&run, run.flow.session.first, 0);
	assert_non_null(strstr(told, "\"function_raw\":129,\"function_code\":\"RdCoils\","
				     "\"access_type\":\"READ | COILS\""));
	protorun_end(&run);
}

static void event_is(enum side side, struct slice bytes, uint8_t event)
{
	protorun_begin(&run, PROTO_MODBUS, 6);
	protorun_feed(&run, side, bytes, 0, false);
	assert_non_null(run.flow.session.last);
	assert_int_equal(run.flow.session.last->event_cnt, 1);
	assert_int_equal(run.flow.session.last->event[0], event);
	protorun_end(&run);
}

static void test_events(void **state)
{
	event_is(FROM_CLIENT, TEXT("\0\1\0\1\0\6\x0a\1\0\2\0\3"), 1); /* protocol 1 */
	event_is(FROM_SERVER, TEXT(RESPONSE), 2); /* nobody asked */
	event_is(FROM_CLIENT, TEXT("\0\1\0\0\0\1\x0a\1"), 3);
	event_is(FROM_CLIENT, TEXT("\0\1\0\0\0\2\x0a\0"), 5);
	event_is(FROM_CLIENT, TEXT("\0\1\0\0\0\6\x0a\5\0\2\0\3"), 6); /* a coil is on or off */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
