/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/enip: a message cut at every byte, requests within a request, attributes in lists, what does not fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/enip.h"
#include "unit/protoasked.h"

#define COMMAND 0
#define ASKED 1

static struct protorun run;

/* SendRRData with an empty address and a request that is not connected, of so many bytes. */
#define HEAD(len, item)                                                                            \
	"\x6f\0" len "\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                  \
	"\0\0\0\0\0\0\2\0\0\0\0\0\xb2\0" item "\0"

/* Get_Attribute_List (3) of class 1, instance 1: attributes 7 and 258. */
static const char list[] = HEAD("\x1c", "\x0c") "\3\2\x20\1\x24\1\2\0\7\0\2\1";
/* Multiple_Service_Packet (10): Get_Attribute_Single (14) of class 2, attribute 5; a service of class 0x300. */
static const char several[] = HEAD(
	"\x2a", "\x1a") "\x0a\2\x20\2\x24\1\2\0\6\0\x0e\0\x0e\3\x20\2\x24\1\x30\5\x4b\2\x21\0\0\3";

static uint64_t number_of(size_t field, uint32_t index)
{
	uint64_t number = 0;

	assert_true(protos[PROTO_ENIP]->fields[field].number(run.flow.session.first, FROM_CLIENT,
							     index, &number));
	return number;
}

static void asked_are(const uint64_t *asked, uint32_t cnt)
{
	uint64_t unused;

	for (uint32_t i = 0; i < cnt; i++)
		assert_int_equal(number_of(ASKED, i), asked[i]);
	assert_false(protos[PROTO_ENIP]->fields[ASKED].number(run.flow.session.first, FROM_CLIENT,
							      cnt, &unused));
}

static void test_cut(void **state)
{
	static const uint64_t asked[] = { ENIP_ASKED(3, 2, 0), ENIP_ASKED(3, 2, 8),
					  ENIP_ASKED(3, 2, 259) };
	const struct slice all = TEXT(list);

	for (size_t cut = 0; cut <= all.len; cut++) {
		protorun_begin(&run, PROTO_ENIP, 6);
		protorun_feed(&run, FROM_CLIENT, slice(all.at, cut), 0, false);
		protorun_feed(&run, FROM_CLIENT, slice_behind(all, cut), 0, false);
		assert_non_null(run.flow.session.first);
		assert_int_equal(run.flow.session.first->event_cnt, 0);
		assert_int_equal(number_of(COMMAND, 0), 0x6f);
		asked_are(asked, 3);
		protorun_end(&run);
	}
}

static void test_several(void **state)
{
	static const uint64_t asked[] = { ENIP_ASKED(10, 3, 0), ENIP_ASKED(14, 3, 6),
					  ENIP_ASKED(0x4b, 0x301, 0) };
	char answer[sizeof(several)];

	protorun_begin(&run, PROTO_ENIP, 17);
	protorun_feed(&run, FROM_CLIENT, TEXT(several), 0, false);
	assert_int_equal(run.flow.session.first->event_cnt, 0);
	asked_are(asked, 3);
	protorun_end(&run);
	memcpy(answer, several, sizeof(answer));
	answer[40] |= (char)0x80; /* an answer asks for nothing */
	protorun_begin(&run, PROTO_ENIP, 17);
	protorun_feed(&run, FROM_CLIENT, TEXT(answer), 0, false);
	asked_are(NULL, 0);
	protorun_end(&run);
}

static void test_broken(void **state)
{
	char broken[sizeof(several)];

	memcpy(broken, several, sizeof(broken));
	broken[50] = 0x7f; /* where the second request begins */
	protorun_begin(&run, PROTO_ENIP, 17);
	protorun_feed(&run, FROM_CLIENT, TEXT(broken), 0, false);
	assert_int_equal(run.flow.session.first->event[0], 1);
	protorun_end(&run);
	memcpy(broken, several, sizeof(broken));
	broken[30] = 3; /* items that are not there */
	protorun_begin(&run, PROTO_ENIP, 17);
	protorun_feed(&run, FROM_CLIENT, TEXT(broken), 0, false);
	assert_int_equal(run.flow.session.first->event[0], 1);
	protorun_end(&run);
	protorun_begin(&run, PROTO_ENIP, 6);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, TEXT(several), 1, false), INPUT_BAD);
	protorun_end(&run);
}

static void test_guess(void **state)
{
	static const char hello[] = "\x65\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0";
	static const char with_options[] =
		"\x65\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0";

	assert_int_equal(protos[PROTO_ENIP]->guess(FROM_CLIENT, TEXT(hello)), GUESS_YES);
	assert_int_equal(protos[PROTO_ENIP]->guess(FROM_CLIENT, TEXT(several)), GUESS_YES);
	assert_int_equal(protos[PROTO_ENIP]->guess(FROM_CLIENT, slice(hello, 10)), GUESS_MORE);
	assert_int_equal(protos[PROTO_ENIP]->guess(FROM_CLIENT, TEXT(with_options)), GUESS_NO);
	assert_int_equal(protos[PROTO_ENIP]->guess(FROM_CLIENT, TEXT("GET / HTTP/1.1\r\n\r\n")),
			 GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
