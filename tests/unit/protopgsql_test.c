/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pgsql: a question for TLS, a start, a password that is not told, a query and its rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

static struct protorun run;

#define SSL "\0\0\0\x08\x04\xd2\x16\x2f"
#define START "\0\0\0\x15\0\3\0\0user\0a\0db\0b\0\0"
#define MD5 "R\0\0\0\x0c\0\0\0\5\x9fi\x1a\x8e"
#define PASSWORD "p\0\0\0\x0bsecret\0"
#define OK                                                                                         \
	"R\0\0\0\x08\0\0\0\0"                                                                      \
	"S\0\0\0\x11TimeZone\0UTC\0"                                                               \
	"Z\0\0\0\5I"
#define QUERY "Q\0\0\0\x0dselect 1\0"

static const char *log_number(size_t number)
{
	struct tx *tx = run.flow.session.first;

	while (tx && number--)
		tx = tx->next;
	assert_non_null(tx);
	return protorun_log(&run, tx, 0);
}

static void test_exchange(void **state)
{
	for (size_t cut = 0; cut < 40; cut++) {
		protorun_begin(&run, PROTO_PGSQL, 6);
		feed_cut(&run, FROM_CLIENT, TEXT(SSL), cut);
		feed_cut(&run, FROM_SERVER, TEXT("N"), cut);
		feed_cut(&run, FROM_CLIENT, TEXT(START), cut);
		feed_cut(&run, FROM_SERVER, TEXT(MD5), cut);
		feed_cut(&run, FROM_CLIENT, TEXT(PASSWORD), cut);
		feed_cut(&run, FROM_SERVER, TEXT(OK), cut);
		feed_cut(&run, FROM_CLIENT, TEXT(QUERY), cut);
		feed_cut(&run, FROM_SERVER,
			 TEXT("T\0\0\0\6\0\1"
			      "D\0\0\0\x0b\0\1\0\0\0\1x"
			      "C\0\0\0\x0dSELECT 1\0"
			      "Z\0\0\0\5I"),
			 cut);
		assert_false(run.failed);
		assert_string_equal(log_number(0),
				    "{\"tx_id\":1,\"request\":{\"message\":\"SSL Request\"},"
				    "\"response\":{\"ssl_accepted\":false}}");
		assert_string_equal(
			log_number(1),
			"{\"tx_id\":2,\"request\":{\"protocol_version\":\"3.0\",\"startup_parameters\":"
			"{\"user\":\"a\",\"optional_parameters\":[{\"db\":\"b\"}]}},\"response\":"
			"{\"authentication_md5_password\":\"\\\\x9fi\\u001a\\\\x8e\"}}");
		assert_string_equal(
			log_number(2),
			"{\"tx_id\":3,\"request\":{},\"response\":{\"message\":"
			"\"authentication_ok\",\"parameter_status\":[{\"time_zone\":\"UTC\"}]}}");
		assert_non_null(
			strstr(log_number(3),
			       "\"data_rows\":1,\"data_size\":1,\"command_completed\":\"SELECT 1\""));
		protorun_end(&run);
	}
}

static void test_tls(void **state)
{
	protorun_begin(&run, PROTO_PGSQL, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT(SSL), 0, false);
	assert_int_equal(protorun_feed(&run, FROM_SERVER, TEXT("S"), 0, false), 1);
	assert_true(run.flow.session.becomes);
	assert_int_equal(run.flow.session.next, PROTO_TLS);
	run.flow.session.becomes = false;
	protorun_end(&run);
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_PGSQL]->guess;

	assert_int_equal(guess(FROM_CLIENT, TEXT(SSL)), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT(START)), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT("GET / HTTP/1.1")), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
