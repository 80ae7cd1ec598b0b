/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/snmp, proto/krb5, proto/dhcp: a message of each, cut at every byte: read, or refused, never beyond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

static const char snmp_get[] = "\x30\x26\2\1\1\4\6public\xa0\x19\2\1\5\2\1\0\2\1\0\x30\x0e\x30\x0c"
			       "\6\x08\x2b\6\1\2\1\1\x83\7\5\0";
static const char krb_error[] =
	"\x7e\x32\x30\x30\xa0\3\2\1\5\xa1\3\2\1\x1e\xa6\3\2\1\x19\xa9\3\x1b\1R"
	"\xaa\x1a\x30\x18\xa0\3\2\1\2\xa1\x11\x30\x0f\x1b\6krbtgt\x1b\5REALM";

static struct protorun run;

/* What is cut is never taken for whole, and asked for all it has. */
static void cut_all(enum proto_id id, struct slice bytes)
{
	for (size_t len = 1; len < bytes.len; len++) {
		protorun_begin(&run, id, 17);
		protorun_feed(&run, FROM_CLIENT, slice(bytes.at, len), 0, false);
		for (struct tx *tx = run.flow.session.first; tx; tx = tx->next)
			protorun_ask(&run, tx);
		assert_true(run.failed || !run.flow.session.first ||
			    run.flow.session.first->event_cnt);
		protorun_end(&run);
	}
}

static const char *record_of(enum proto_id id, struct slice bytes)
{
	protorun_begin(&run, id, 17);
	assert_int_equal(protos[id]->guess(FROM_CLIENT, bytes), GUESS_YES);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, bytes, 0, false), bytes.len);
	assert_non_null(run.flow.session.first);
	assert_int_equal(run.flow.session.first->event_cnt, 0);
	return protorun_log(&run, run.flow.session.first, 0);
}

static void test_snmp(void **state)
{
	assert_string_equal(record_of(PROTO_SNMP, TEXT(snmp_get)),
			    "{\"version\":2,\"pdu_type\":\"get_request\",\"vars\":[\"1.3.6.1.2.1.1.391\"],"
			    "\"community\":\"public\"}");
	protorun_end(&run);
	cut_all(PROTO_SNMP, TEXT(snmp_get));
}

static void test_krb5(void **state)
{
	const char *record = record_of(PROTO_KRB5, TEXT(krb_error));

	assert_non_null(strstr(record, "\"msg_type\":\"KRB_ERROR\",\"failed_request\":\"UNKNOWN\","
				       "\"error_code\":\"KDC_ERR_PREAUTH_REQUIRED\""));
	assert_non_null(strstr(record, "\"sname\":\"krbtgt/REALM\""));
	protorun_end(&run);
	cut_all(PROTO_KRB5, TEXT(krb_error));
}

static void test_dhcp(void **state)
{
	static const char ack[] = "\x63\x82\x53\x63\x35\1\5\x33\4\0\0\x0e\x10\x36\4\x0a\0\0\1\xff";
	uint8_t message[236 + sizeof(ack) - 1] = { 2, 1, 6, 0, 0, 0, 1, 2 };
	const struct slice bytes = slice(message, sizeof(message));
	uint64_t seconds = 0;

	memcpy(message + 16, "\x0a\0\0\x05", 4);
	memcpy(message + 28, "\2\0\0\0\0\1", 6);
	memcpy(message + 236, ack, sizeof(ack) - 1);
	assert_string_equal(record_of(PROTO_DHCP, bytes),
			    "{\"type\":\"reply\",\"id\":258,\"client_mac\":\"02:00:00:00:00:01\","
			    "\"assigned_ip\":\"10.0.0.5\",\"dhcp_type\":\"ack\"}");
	assert_true(protos[PROTO_DHCP]->fields[0].number(run.flow.session.first, FROM_CLIENT, 0,
							 &seconds));
	assert_int_equal(seconds, 3600);
	protorun_end(&run);
	cut_all(PROTO_DHCP, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snmp),
		cmocka_unit_test(test_krb5),
		cmocka_unit_test(test_dhcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
