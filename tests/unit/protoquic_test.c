/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/quic: a hello of Google's versions, heads that are cut, Initials that nobody can open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

static struct protorun run;

static const char google[] = "\xc3\x51\x30\x34\x36\x50\x00\x01\x02\x03\x04\x05\x06\x07\x00\x00"
			     "\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xa0\x01"
			     "\x00\x1d\x43\x48\x4c\x4f\x02\x00\x00\x00\x53\x4e\x49\x00\x03\x00"
			     "\x00\x00\x55\x41\x49\x44\x05\x00\x00\x00\x61\x2e\x62\x6d\x65";

static void field_is(const char *name, const char *value)
{
	field_says(&run, run.flow.session.first, name, FROM_CLIENT, 0, value);
}

static void test_google(void **state)
{
	protorun_begin(&run, PROTO_QUIC, 17);
	assert_int_equal(protos[PROTO_QUIC]->guess(FROM_CLIENT, TEXT(google)), GUESS_YES);
	protorun_feed(&run, FROM_CLIENT, TEXT(google), 0, false);
	assert_non_null(run.flow.session.first);
	field_is("quic.version", "Q046");
	field_is("quic.sni", "a.b");
	field_is("quic.ua", "me");
	field_is("quic.cyu.string", "46,SNI-UAID");
	field_is("quic.cyu.hash", "3ee85c355061ebe189ec4ca49623e324");
	assert_string_equal(protorun_log(&run, run.flow.session.first, 0),
			    "{\"version\":\"Q046\",\"sni\":\"a.b\",\"ua\":\"me\",\"cyu\":[{\"hash\":"
			    "\"3ee85c355061ebe189ec4ca49623e324\",\"string\":\"46,SNI-UAID\"}]}");
	protorun_end(&run);
}

static void test_cut(void **state)
{
	for (size_t len = 1; len < sizeof(google) - 1; len++) {
		protorun_begin(&run, PROTO_QUIC, 17);
		protorun_feed(&run, FROM_CLIENT, slice(google, len), 0, false);
		for (struct tx *tx = run.flow.session.first; tx; tx = tx->next)
			protorun_ask(&run, tx);
		protorun_end(&run);
	}
}

/* Version 1, and a body that its own keys do not fit. */
static void test_not_opened(void **state)
{
	uint8_t packet[100] = { 0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x40, 82 };

	protorun_begin(&run, PROTO_QUIC, 17);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, slice(packet, sizeof(packet)), 0, false),
			 INPUT_BAD);
	assert_int_equal(run.flow.session.first->event[0], 1);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_google),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
