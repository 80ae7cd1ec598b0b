/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/nfs: compounds of version 4: what is opened has its name, what is made or removed its record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protorun.h"
#include "unit/xdrmade.h"

#define MESSAGE_MAX 512
#define HANDLE "\0\0\0\4hand"
#define STATE "stateid-of-16-by"
#define CHANGED "\0\0\0\1" STATE /* atomic, before, after: 20 bytes */

static struct protorun run;

/* --- messages, as datagrams --- */

static void feed(enum side side, const uint32_t *head, size_t words, struct slice compound)
{
	uint8_t message[MESSAGE_MAX];
	size_t len = xdr_put(message, head, words);

	memcpy(message + len, compound.at, compound.len);
	protorun_feed(&run, side, slice(message, len + compound.len), 0, false);
}

/* Without credentials, with an empty tag; operations as they stand behind their number. */
static void call(uint32_t xid, uint32_t cnt, struct slice operations)
{
	const uint32_t head[] = { xid, 0, 2, 100003, 4, 1, 0, 0, 0, 0, 0, 0, cnt };

	feed(FROM_CLIENT, head, sizeof(head) / sizeof(head[0]), operations);
}

static void answer(uint32_t xid, uint32_t status, uint32_t cnt, struct slice operations)
{
	const uint32_t head[] = { xid, 1, 0, 0, 0, 0, status, 0, cnt };

	feed(FROM_SERVER, head, sizeof(head) / sizeof(head[0]), operations);
}

#define CALL(xid, cnt, bytes) call(xid, cnt, slice(bytes, sizeof(bytes) - 1))
#define ANSWER(xid, status, cnt, bytes) answer(xid, status, cnt, slice(bytes, sizeof(bytes) - 1))

static const struct {
	const char *how; /* a file is opened: with or without being made */
	size_t len;
} opens[] = {
#define OPEN(bytes)                                                                                \
	{                                                                                          \
		bytes, sizeof(bytes) - 1                                                           \
	}
	OPEN("\0\0\0\0"),
	OPEN("\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\2\0\0\0\4\0\0\1\xa4"),
	OPEN("\0\0\0\1\0\0\0\2verifier"),
	OPEN("\0\0\0\1\0\0\0\3verifier\0\0\0\0\0\0\0\0"),
#undef OPEN
};

static void opened(size_t i)
{
	static const char before[] = "\0\0\0\x12\0\0\0\1\0\0\0\1\0\0\0\0clientid\0\0\0\5owner\0\0\0";
	static const char behind[] = "\0\0\0\0\0\0\0\6report\0\0\0\0\0\x0a";
	uint8_t bytes[256];
	size_t len = sizeof(before) - 1;

	memcpy(bytes, before, len);
	memcpy(bytes + len, opens[i].how, opens[i].len);
	len += opens[i].len;
	memcpy(bytes + len, behind, sizeof(behind) - 1);
	call(1, 2, slice(bytes, len + sizeof(behind) - 1));
	ANSWER(1, 0, 2,
	       "\0\0\0\x12\0\0\0\0" STATE CHANGED "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1" STATE
	       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3who\0"
	       "\0\0\0\x0a\0\0\0\0" HANDLE);
}

static void test_opened(void **state)
{
	const char *told;

	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		protorun_begin(&run, PROTO_NFS, 17);
		opened(i);
		CALL(2, 2, "\0\0\0\x16" HANDLE "\0\0\0\x19" STATE "\0\0\0\0\0\0\0\0\0\0\0\x64");
		ANSWER(2, 0, 2, "\0\0\0\x16\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\1\0\0\0\4data");
		assert_non_null(run.flow.session.last);
		assert_int_equal(run.flow.session.last->event_cnt, 0);
		told = protorun_log(&run, run.flow.session.last, 0);
		assert_non_null(strstr(told, "\"procedure\":\"READ\",\"filename\":\"report\""));
		protorun_end(&run);
	}
}

static void test_made_and_removed(void **state)
{
	const char *told;

	protorun_begin(&run, PROTO_NFS, 17);
	CALL(3, 2, "\0\0\0\x16" HANDLE "\0\0\0\6\0\0\0\5\0\0\0\2to\0\0\0\0\0\4link\0\0\0\0\0\0\0\0");
	ANSWER(3, 17, 2, "\0\0\0\x16\0\0\0\0\0\0\0\6\0\0\0\x11");
	told = protorun_log(&run, run.flow.session.last, 0);
	assert_non_null(strstr(told, "\"procedure\":\"CREATE\",\"filename\":\"link\""));
	assert_non_null(strstr(told, "\"status\":\"ERR_EXIST\""));
	/* what fails behind it does not make it fail */
	CALL(4, 3, "\0\0\0\x16" HANDLE "\0\0\0\x1c\0\0\0\3old\0\0\0\0\x0a");
	ANSWER(4, 5, 3, "\0\0\0\x16\0\0\0\0\0\0\0\x1c\0\0\0\0" CHANGED "\0\0\0\x0a\0\0\0\5");
	told = protorun_log(&run, run.flow.session.last, 0);
	assert_non_null(strstr(told, "\"procedure\":\"REMOVE\",\"filename\":\"old\""));
	assert_non_null(strstr(told, "\"status\":\"OK\""));
	assert_int_equal(run.flow.session.last->progress[FROM_SERVER], 1);
	CALL(5, 1, "\0\0\0\x12\0\0\0\1"); /* cut */
	assert_int_equal(run.flow.session.last->event_cnt, 1);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opened),
		cmocka_unit_test(test_made_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
