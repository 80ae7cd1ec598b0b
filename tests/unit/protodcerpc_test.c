/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/dcerpc: a bind, a call in two fragments and its answer, cut at every byte, in both orders of bytes;
 * calls in datagrams; what is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

#define UUID "\x78\x56\x34\x12\x34\x12\xcd\xab\xef\0\1\x23\x45\x67\xcf\xfb"
#define BIND                                                                                       \
	"\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0"                                                   \
	"\0\0\0\0\0\0\0\0\1\0\0\0"                                                                 \
	"\0\0\1\0" UUID "\1\0\0\0"                                                                 \
	"01234567890123456789"
#define BINDACK                                                                                    \
	"\5\0\x0c\3\x10\0\0\0\x38\0\0\0\1\0\0\0"                                                   \
	"\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"                                                         \
	"\0\0\0\0"                                                                                 \
	"01234567890123456789"
#define FIRST "\5\0\0\1\x10\0\0\0\x1a\0\0\0\2\0\0\0\0\0\0\0\0\0\5\0ab"
#define LAST "\5\0\0\2\x10\0\0\0\x1b\0\0\0\2\0\0\0\0\0\0\0\0\0\5\0cde"
#define ANSWER "\5\0\2\3\x10\0\0\0\x1a\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0xy"

static struct protorun run;

static void test_call(void **state)
{
	for (size_t cut = 0; cut < 130; cut++) {
		struct slice bytes;
		struct tx *tx;
		uint64_t from;

		protorun_begin(&run, PROTO_DCERPC, 6);
		feed_cut(&run, FROM_CLIENT, TEXT(BIND), cut);
		feed_cut(&run, FROM_SERVER, TEXT(BINDACK), cut);
		feed_cut(&run, FROM_CLIENT, TEXT(FIRST LAST), cut);
		feed_cut(&run, FROM_SERVER, TEXT(ANSWER), cut);
		assert_false(run.failed);
		tx = run.flow.session.first->next;
		assert_non_null(tx);
		assert_null(tx->next);
		assert_true(
			field_of(&run, "dcerpc.stub_data")->bytes(tx, FROM_CLIENT, 0, &bytes, &from));
		assert_true(slice_is(bytes, "abcde"));
		assert_true(field_of(&run, "dcerpc.iface")->bytes(tx, FROM_CLIENT, 0, &bytes, &from));
		assert_int_equal(bytes.len, 18);
		assert_memory_equal(
			bytes.at,
			"\x12\x34\x56\x78\x12\x34\xab\xcd\xef\0\1\x23\x45\x67\xcf\xfb\0\1", 18);
		assert_non_null(strstr(protorun_log(&run, tx, 0), "\"opnum\":5,\"frag_cnt\":2"));
		protorun_end(&run);
	}
}

static void test_lost(void **state)
{
	protorun_begin(&run, PROTO_DCERPC, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT("\5\0\0\3\x10\0\0\0\xff\0\0\0\2\0\0\0half"), 0, true);
	run.flow.session.ended[FROM_CLIENT] = true;
	protorun_feed(&run, FROM_SERVER, TEXT(ANSWER), 0, false);
	assert_non_null(run.flow.session.first);
	assert_non_null(strstr(protorun_log(&run, run.flow.session.first, 0),
			       "\"request\":\"REQUEST_LOST\",\"response\":\"RESPONSE\""));
	protorun_end(&run);
}

static void test_datagram(void **state)
{
	uint8_t call[84] = { 4, 0, 0, 0, 0x10 };
	const struct slice bytes = slice(call, sizeof(call));
	uint64_t opnum = 0;

	call[68] = 7; /* the operation */
	call[74] = 4; /* the length */
	assert_int_equal(protos[PROTO_DCERPC]->guess(FROM_CLIENT, bytes), GUESS_YES);
	protorun_begin(&run, PROTO_DCERPC, 17);
	protorun_feed(&run, FROM_CLIENT, bytes, 0, false);
	assert_non_null(run.flow.session.first);
	assert_true(
		field_of(&run, "dcerpc.opnum")->number(run.flow.session.first, FROM_CLIENT, 0, &opnum));
	assert_int_equal(opnum, 7);
	assert_non_null(strstr(protorun_log(&run, run.flow.session.first, 0), "\"stub_data_size\":4"));
	protorun_end(&run);
	call[74] = 5; /* more than there is */
	protorun_begin(&run, PROTO_DCERPC, 17);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, bytes, 0, false), INPUT_BAD);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
