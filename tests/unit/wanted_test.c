/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/keyword/wanted: numbers of messages that were read, asked by rules for one of several, or a part.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/signature.h"
#include "detect/match.h"
#include "detect/parse/parse.h"
#include "unit/protoasked.h"

static struct protorun run;
static struct parse *parse;

/* TGS-REP: a ticket of rc4-hmac (23) for h/s, the answer itself of AES (18). */
static const char ticket[] = "\x6d\x60\x30\x5e\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0d\xa3\x03"
			     "\x1b\x01\x52\xa4\x0e\x30\x0c\xa0\x03\x02\x01\x01\xa1\x05\x30\x03"
			     "\x1b\x01\x75\xa5\x2f\x61\x2d\x30\x2b\xa0\x03\x02\x01\x05\xa1\x03"
			     "\x1b\x01\x52\xa2\x11\x30\x0f\xa0\x03\x02\x01\x01\xa1\x08\x30\x06"
			     "\x1b\x01\x68\x1b\x01\x73\xa3\x0c\x30\x0a\xa0\x03\x02\x01\x17\xa2"
			     "\x03\x04\x01\x78\xa6\x0c\x30\x0a\xa0\x03\x02\x01\x12\xa2\x03\x04"
			     "\x01\x78";
/* A response of DNP3 that says device_restart and need_time, with object 60,1 in it. */
static const char response[] = "\xc0\x81\x90\x00\x3c\x01\x06";

/* Rows: what a rule asks, and whether the message that was read meets it. */
struct row {
	const char *asks;
	bool holds;
};

static bool holds(const char *asks, struct tx *tx, enum side side)
{
	struct match match = { .tx = tx, .side = side };
	struct signature *signature = NULL;
	char rule[256];
	bool all = true;

	snprintf(rule, sizeof(rule), "alert ip any any -> any any (%s; sid:1;)", asks);
	assert_int_equal(signature_parse(parse, slice_text(rule), "test.rules", 1, &signature), 0);
	assert_non_null(signature);
	assert_int_equal(signature->test_cnt, 1);
	for (uint32_t i = 0; i < signature->test_cnt; i++)
		all = all && signature->tests[i].ops->ask(signature->tests[i].arg, &match);
	signature_free(signature);
	return all;
}

static void rows_hold(const struct row *rows, size_t cnt, enum side side)
{
	assert_non_null(run.flow.session.first);
	for (size_t i = 0; i < cnt; i++)
		if (holds(rows[i].asks, run.flow.session.first, side) != rows[i].holds)
			fail_msg("%s", rows[i].asks);
	protorun_end(&run);
}

static void test_krb5(void **state)
{
	static const struct row rows[] = {
		{ "krb5.ticket_encryption:weak", true },
		{ "krb5.ticket_encryption:!weak", false },
		{ "krb5.ticket_encryption:23", true },
		{ "krb5.ticket_encryption:rc4-hmac", true },
		{ "krb5.ticket_encryption:aes256-cts-hmac-sha1-96,rc4-hmac", true },
		{ "krb5.ticket_encryption:18,-128", false },
	};

	protorun_begin(&run, PROTO_KRB5, 17);
	protorun_feed(&run, FROM_SERVER, TEXT(ticket), 0, false);
	rows_hold(rows, sizeof(rows) / sizeof(rows[0]), FROM_SERVER);
}

/* Its link frame: head and message, each with its sum (IEEE 1815, 9.2.4). */
static uint16_t dnp3_sum(const uint8_t *at, size_t len)
{
	uint16_t sum = 0;

	for (size_t i = 0; i < len; i++)
		for (int bit = 0; bit < 8; bit++) {
			bool one = (sum ^ at[i] >> bit) & 1;

			sum = (uint16_t)(sum >> 1 ^ (one ? 0xa6bc : 0));
		}
	return (uint16_t)~sum;
}

static void test_dnp3(void **state)
{
	static const struct row rows[] = {
		{ "dnp3_ind:device_restart", true },
		{ "dnp3.ind:all_stations,need_time", true },
		{ "dnp3_ind:config_corrupt", false },
		{ "dnp3_obj:60,1", true },
		{ "dnp3.obj:60,2", false },
		{ "dnp3_func:response", true },
		{ "dnp3.func:129", true },
	};
	uint8_t frame[10 + sizeof(response) + 2] = { 5, 0x64, 5 + sizeof(response), 0x44, 1, 0, 2, 0 };
	uint16_t sum = dnp3_sum(frame, 8);

	frame[8] = (uint8_t)sum;
	frame[9] = (uint8_t)(sum >> 8);
	frame[10] = 0xc0; /* the only part */
	memcpy(frame + 11, response, sizeof(response) - 1);
	sum = dnp3_sum(frame + 10, sizeof(response));
	frame[sizeof(frame) - 2] = (uint8_t)sum;
	frame[sizeof(frame) - 1] = (uint8_t)(sum >> 8);
	protorun_begin(&run, PROTO_DNP3, 6);
	protorun_feed(&run, FROM_SERVER, slice(frame, sizeof(frame)), 0, false);
	rows_hold(rows, sizeof(rows) / sizeof(rows[0]), FROM_SERVER);
}

/* Get_Attribute_List of class 1: attribute 7. */
static const char list[] = "\x6f\0\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\2\0\0\0\0\0\xb2\0\x0a\0\3\2\x20\1\x24\1\1\0\7\0";

static void test_cip(void **state)
{
	static const struct row rows[] = {
		{ "cip_service:3", true },     { "cip_service:3,1", true },
		{ "cip_service:3,1,7", true }, { "cip_service:3,1,8", false },
		{ "cip_service:3,2", false },  { "cip_service:4", false },
	};

	protorun_begin(&run, PROTO_ENIP, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT(list), 0, false);
	rows_hold(rows, sizeof(rows) / sizeof(rows[0]), FROM_CLIENT);
}

static void test_refused(void **state)
{
	static const char *const refused[] = {
		"dnp3_ind:nosuch",
		"dnp3_obj:60",
		"dnp3_obj:60,1,2",
		"dnp3_obj:256,1",
		"cip_service:256",
		"cip_service:3,1,7,1",
		"krb5.ticket_encryption:weak,23",
		"krb5.ticket_encryption:RC4-HMAC",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct signature *signature = NULL;
		char rule[256];

		snprintf(rule, sizeof(rule), "alert ip any any -> any any (%s; sid:1;)", refused[i]);
		assert_int_equal(signature_parse(parse, slice_text(rule), "test.rules", 1, &signature),
				 -EINVAL);
		assert_null(signature);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_krb5),
		cmocka_unit_test(test_dnp3),
		cmocka_unit_test(test_cip),
		cmocka_unit_test(test_refused),
	};
	struct config *config;
	struct diag diag;
	int failed;

	diag_init(&diag);
	if (config_read(NULL, &config, &diag) || parse_new(config, &diag, &parse))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	parse_free(parse);
	config_free(config);
	diag_free(&diag);
	return failed;
}
