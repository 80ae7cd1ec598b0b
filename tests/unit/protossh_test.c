/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/ssh: banners and offers of both sides, whole and cut at every byte: one transaction, its HASSH, its record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

#define LIST(len, text) "\0\0\0" len text
/* Twelve bytes of head and cookie, ten lists, and five that end it. */
#define KEX                                                                                        \
	"\0\0\0\x4d\4\x14"                                                                         \
	"0123456789abcdef" LIST("\1", "k") LIST("\1", "h") LIST("\2", "ec") LIST("\2", "es")       \
		LIST("\2", "mc") LIST("\2", "ms") LIST("\1", "c") LIST("\1", "s") LIST("\0", "")   \
			LIST("\0", "") "\0\0\0\0\0"                                                \
				       "\0\0"
#define NEWKEYS                                                                                    \
	"\0\0\0\x0c\x0a\x15"                                                                       \
	"0123456789"

static struct protorun run;

static void field_is(const char *name, enum side side, const char *value)
{
	field_says(&run, run.flow.session.first, name, side, 0, value);
}

static void test_exchange(void **state)
{
	const struct slice client = TEXT("SSH-2.0-OpenSSH_9.2 Debian\r\n" KEX NEWKEYS "\1\2\3");
	const struct slice server = TEXT("SSH-1.99-dropbear\n" KEX NEWKEYS);

	for (size_t cut = 0; cut < client.len; cut++) {
		struct tx *tx;

		protorun_begin(&run, PROTO_SSH, 6);
		feed_cut(&run, FROM_CLIENT, client, cut);
		feed_cut(&run, FROM_SERVER, server, cut);
		tx = run.flow.session.first;
		assert_non_null(tx);
		assert_null(tx->next);
		assert_int_equal(tx->event_cnt, 0);
		assert_int_equal(tx->progress[FROM_CLIENT], protos[PROTO_SSH]->steps[FROM_CLIENT]);
		assert_true(run.flow.session.encrypted);
		assert_true(protos[PROTO_SSH]->log_now(tx));
		field_is("ssh.proto", FROM_CLIENT, "2.0");
		field_is("ssh.software", FROM_CLIENT, "OpenSSH_9.2");
		field_is("ssh.software", FROM_SERVER, "dropbear");
		field_is("ssh.hassh.string", FROM_CLIENT, "k;ec;mc;c");
		field_is("ssh.hassh", FROM_CLIENT, "c9bb0d5ddb76741433900f784aac9fe9");
		field_is("ssh.hassh.server.string", FROM_SERVER, "k;es;ms;s");
		assert_string_equal(
			protorun_log(&run, tx, 0),
			"{\"client\":{\"proto_version\":\"2.0\",\"software_version\":\"OpenSSH_9.2\"},"
			"\"server\":{\"proto_version\":\"1.99\",\"software_version\":\"dropbear\"}}");
		protorun_end(&run);
	}
}

static void event_is(struct slice bytes, uint8_t event)
{
	protorun_begin(&run, PROTO_SSH, 6);
	protorun_feed(&run, FROM_CLIENT, bytes, 0, true);
	assert_non_null(run.flow.session.first);
	assert_int_equal(run.flow.session.first->event_cnt, 1);
	assert_int_equal(run.flow.session.first->event[0], event);
	protorun_end(&run);
}

static void test_events(void **state)
{
	char banner[400];

	event_is(TEXT("SSH-2.0\r\n"), 1);
	event_is(TEXT("SSH--x\r\n"), 1);
	memset(banner, 'a', sizeof(banner));
	memcpy(banner, "SSH-2.0-", 8);
	event_is(slice(banner, sizeof(banner)), 2);
	banner[399] = '\n';
	event_is(slice(banner, sizeof(banner)), 2);
	event_is(TEXT("SSH-2.0-x\n\0\0\0\1\0\x14"), 3);
	event_is(TEXT("SSH-2.0-x\n\0\0\0\x20\4\x14"
		      "0123456789abcdef"
		      "\0\0\0\xff"
		      "123456789a"),
		 3);
	event_is(TEXT("SSH-2.0-x\n\0\1\0\0\4\x14"
		      "0123456789abcdef"),
		 4);
}

static void test_forgotten(void **state)
{
	protorun_begin(&run, PROTO_SSH, 6);
	protorun_feed(&run, FROM_SERVER, TEXT("SSH-2.0-x\r\n"), 0, false);
	protorun_forget_all(&run);
	assert_null(run.flow.session.first);
	assert_int_equal(protorun_feed(&run, FROM_SERVER, TEXT(KEX), 0, false), sizeof(KEX) - 1);
	assert_int_equal(protorun_feed(&run, FROM_CLIENT, TEXT("SSH-2.0-y\r\n"), 0, false), 11);
	assert_null(run.flow.session.first);
	protorun_end(&run);
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_SSH]->guess;

	assert_int_equal(guess(FROM_SERVER, TEXT("SSH-2.0-x")), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT("SS")), GUESS_MORE);
	assert_int_equal(guess(FROM_CLIENT, TEXT("SSL-")), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
