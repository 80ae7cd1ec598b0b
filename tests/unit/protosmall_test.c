/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols of a few messages: proto/sip, tftp, bittorrent, mailbox (IMAP, POP3), and those that are only known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

static struct protorun run;

static const char *record(enum proto_id id, enum side side, struct slice message)
{
	protorun_begin(&run, id, 17);
	protorun_feed(&run, side, message, 0, false);
	return run.flow.session.first ? protorun_log(&run, run.flow.session.first, 0) : NULL;
}

static void record_is(enum proto_id id, enum side side, struct slice message, const char *text)
{
	const char *got = record(id, side, message);

	if (text)
		assert_string_equal(got ? got : "", text);
	else
		assert_null(got);
	protorun_end(&run);
}

static void test_sip(void **state)
{
	record_is(PROTO_SIP, FROM_CLIENT, TEXT("REGISTER sip:a SIP/2.0\r\nVia: x\r\n\r\n"),
		  "{\"method\":\"REGISTER\",\"uri\":\"sip:a\",\"version\":\"SIP/2.0\","
		  "\"request_line\":\"REGISTER sip:a SIP/2.0\"}");
	record_is(PROTO_SIP, FROM_SERVER, TEXT("SIP/2.0 404 Not Found\r\n\r\n"),
		  "{\"version\":\"SIP/2.0\",\"code\":\"404\",\"reason\":\"Not Found\","
		  "\"response_line\":\"SIP/2.0 404 Not Found\"}");
	record_is(PROTO_SIP, FROM_CLIENT, TEXT("\r\n\r\n"), NULL); /* keeps a port open */
	record(PROTO_SIP, FROM_CLIENT, TEXT("REGISTER sip:a\r\n"));
	assert_int_equal(run.flow.session.first->event[0], 2);
	protorun_end(&run);
	record(PROTO_SIP, FROM_CLIENT, TEXT("REGISTER sip:a SIP/2.0"));
	assert_int_equal(run.flow.session.first->event[0], 1);
	protorun_end(&run);
	assert_int_equal(protos[PROTO_SIP]->guess(FROM_CLIENT, TEXT("ACK sip:a")), GUESS_YES);
	assert_int_equal(protos[PROTO_SIP]->guess(FROM_CLIENT, TEXT("ACKsip:a")), GUESS_NO);
}

static void test_tftp(void **state)
{
	record_is(PROTO_TFTP, FROM_CLIENT, TEXT("\0\2rfc1350.txt\0OCTET\0"),
		  "{\"packet\":\"write\",\"file\":\"rfc1350.txt\",\"mode\":\"octet\"}");
	record_is(PROTO_TFTP, FROM_CLIENT, TEXT("\0\1x\0octet"), NULL);
	record_is(PROTO_TFTP, FROM_CLIENT, TEXT("\0\1x\0other\0"), NULL);
	record_is(PROTO_TFTP, FROM_SERVER, TEXT("\0\4\0\1"), NULL);
}

static void test_bittorrent(void **state)
{
	record_is(PROTO_BITTORRENT_DHT, FROM_CLIENT,
		  TEXT("d1:ad2:id20:abcdefghij01234567894:porti6881ee1:q13:announce_peer1:t2:aa1:y1:qe"),
		  "{\"transaction_id\":\"6161\",\"request_type\":\"announce_peer\",\"request\":{\"id\":"
		  "\"6162636465666768696a30313233343536373839\",\"port\":6881}}");
	record_is(PROTO_BITTORRENT_DHT, FROM_SERVER,
		  TEXT("d1:rd2:id2:xy5:nodes26:nnnnnnnnnnnnnnnnnnnn\1\2\3\4\0\x50"
		       "6:valuesl6:\x7f\0\0\1\x1a\xe1"
		       "ee1:t1:t1:y1:re"),
		  "{\"transaction_id\":\"74\",\"response\":{\"id\":\"7879\",\"nodes\":[{\"id\":"
		  "\"6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e\",\"ip\":\"1.2.3.4\",\"port\":80}],"
		  "\"values\":[{\"ip\":\"127.0.0.1\",\"port\":6881}]}}");
	record_is(PROTO_BITTORRENT_DHT, FROM_SERVER, TEXT("d1:eli201e4:Oopse1:t1:t1:y1:ee"),
		  "{\"transaction_id\":\"74\",\"error\":{\"num\":201,\"msg\":\"Oops\"}}");
	record(PROTO_BITTORRENT_DHT, FROM_CLIENT, TEXT("d1:ad2:id20:ab"));
	assert_int_equal(run.flow.session.first->event_cnt, 1);
	protorun_end(&run);
}

static bool becomes(enum proto_id id, const char *asks, const char *answer)
{
	bool it_does;

	protorun_begin(&run, id, 6);
	protorun_feed(&run, FROM_CLIENT, slice_text(asks), 0, false);
	protorun_feed(&run, FROM_SERVER, slice_text(answer), 0, false);
	it_does = run.flow.session.becomes;
	protorun_end(&run);
	return it_does;
}

static void test_mailbox(void **state)
{
	assert_true(becomes(PROTO_IMAP, "a1 STARTTLS\r\n", "* x\r\na1 OK begin\r\n"));
	assert_false(becomes(PROTO_IMAP, "a1 STARTTLS\r\n", "a1 NO\r\n"));
	assert_false(becomes(PROTO_IMAP, "a1 STARTTLS\r\n", "a2 OK begin\r\n"));
	assert_true(becomes(PROTO_POP3, "STLS\r\n", "+OK begin\r\n"));
	assert_false(becomes(PROTO_POP3, "STLS\r\n", "-ERR\r\n+OK\r\n"));
	assert_false(becomes(PROTO_POP3, "USER stls\r\n", "+OK\r\n"));
	assert_int_equal(protos[PROTO_POP3]->guess(FROM_SERVER, TEXT("+OK ready\r\n")), GUESS_YES);
	assert_int_equal(protos[PROTO_IMAP]->guess(FROM_SERVER, TEXT("* O")), GUESS_MORE);
}

static void test_identified(void **state)
{
	assert_int_equal(protos[PROTO_NTP]->guess(FROM_CLIENT, TEXT("\x23\0\0\0\0\0\0\0\0\0\0\0")),
			 GUESS_YES);
	assert_int_equal(protos[PROTO_NTP]->guess(FROM_CLIENT, TEXT("\x0b\0\0\0\0\0\0\0\0\0\0\0")),
			 GUESS_NO);
	assert_int_equal(protos[PROTO_LDAP]->guess(FROM_CLIENT, TEXT("0\x0c\2\1\1\x60\7\2\1\3\4\0")),
			 GUESS_YES);
	assert_int_equal(protos[PROTO_LDAP]->guess(FROM_CLIENT, TEXT("0\x0c\2\1\1\4\7\2")), GUESS_NO);
	assert_int_equal(protos[PROTO_TELNET]->guess(FROM_CLIENT, TEXT("\xff\xfd\3")), GUESS_YES);
	assert_int_equal(protos[PROTO_TELNET]->guess(FROM_CLIENT, TEXT("\xff\xd8\xff")), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sip),	   cmocka_unit_test(test_tftp),
		cmocka_unit_test(test_bittorrent), cmocka_unit_test(test_mailbox),
		cmocka_unit_test(test_identified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
