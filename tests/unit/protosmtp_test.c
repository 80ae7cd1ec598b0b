/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/smtp: sessions of both sides, cut at every byte: transactions, mails, chunks, STARTTLS, events, records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "file/file.h"
#include "protorun.h"

static struct protorun run;

static void client(const char *text)
{
	protorun_feed(&run, FROM_CLIENT, slice_text(text), 0, false);
}

static void server(const char *text)
{
	protorun_feed(&run, FROM_SERVER, slice_text(text), 0, false);
}

static bool has_event(const struct tx *tx, const char *name)
{
	for (uint8_t i = 0; tx && i < tx->event_cnt; i++)
		if (strcmp(protos[PROTO_SMTP]->events[tx->event[i] - 1], name) == 0)
			return true;
	return false;
}

static const char *email(struct tx *tx)
{
	json_begin(&run.json);
	protos[PROTO_SMTP]->log_alert(tx, &run.json);
	json_end(&run.json);
	json_newline(&run.json);
	run.json.bytes[run.json.len - 1] = 0;
	return run.json.bytes;
}

#define MAIL                                                                                       \
	"From: a <a@example.com>\r\nTo: b@example.com,\r\n c@example.com\r\n"                      \
	"Content-Disposition: attachment; filename=f.txt\r\n\r\n..x\r\n.\r\n"

static void test_mail(void **state)
{
	const struct slice mail = slice_text(MAIL "QUIT\r\n");

	for (size_t cut = 0; cut < mail.len; cut++) {
		struct tx *tx;

		protorun_begin(&run, PROTO_SMTP, 6);
		server("220 mx ESMTP\r\n");
		client("EHLO c.example.com\r\nMAIL FROM:<a@example.com> SIZE=1\r\n");
		client("RCPT TO: <b@example.com>\r\nDATA\r\n");
		server("250-mx\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
		protorun_feed(&run, FROM_CLIENT, slice(mail.at, cut), 0, false);
		protorun_feed(&run, FROM_CLIENT, slice_behind(mail, cut), 0, false);
		tx = run.flow.session.first;
		assert_int_equal(tx->event_cnt, 0);
		assert_int_equal(tx->progress[FROM_SERVER], protos[PROTO_SMTP]->steps[FROM_SERVER]);
		assert_non_null(tx->files);
		assert_int_equal(tx->files->state, FILE_CLOSED);
		assert_int_equal(tx->files->size, strlen(".x"));
		assert_string_equal(
			email(tx),
			"{\"smtp\":{\"helo\":\"c.example.com\",\"mail_from\":\"<a@example.com>\","
			"\"rcpt_to\":[\"<b@example.com>\"]},\"email\":{\"status\":\"PARSE_DONE\","
			"\"from\":\"a <a@example.com>\",\"to\":[\"b@example.com\",\"c@example.com\"],"
			"\"attachment\":[\"f.txt\"]}}");
		/* QUIT is of the next one, which has the greeting too */
		assert_non_null(tx->next);
		assert_string_equal(email(tx->next), "{\"smtp\":{\"helo\":\"c.example.com\"}}");
		protorun_end(&run);
	}
}

static void test_chunks(void **state)
{
	struct tx *tx;

	protorun_begin(&run, PROTO_SMTP, 6);
	server("220 mx\r\n");
	client("EHLO c\r\nMAIL FROM:<a>\r\nBDAT 12\r\nFrom: x\r\n\r\n.BDAT 6 LAST\r\n\r\n.\r\nyRSET\r\n");
	tx = run.flow.session.first;
	assert_null(tx->next);
	assert_true(has_event(tx, "bdat_chunk_len_exceeded"));
	assert_string_equal(email(tx), "{\"smtp\":{\"helo\":\"c\",\"mail_from\":\"<a>\"},\"email\":{"
				       "\"status\":\"PARSE_DONE\",\"from\":\"x\"}}");
	client("MAIL FROM:<b>\r\n");
	assert_non_null(tx->next);
	protorun_end(&run);
}

static void test_starttls(void **state)
{
	protorun_begin(&run, PROTO_SMTP, 6);
	server("220 mx\r\n");
	client("STARTTLS\r\n");
	server("454 not now\r\n");
	assert_true(has_event(run.flow.session.first, "tls_rejected"));
	assert_false(run.flow.session.becomes);
	client("STARTTLS\r\n");
	assert_int_equal(protorun_feed(&run, FROM_SERVER, slice_text("220 go\r\nTLS"), 0, false),
			 strlen("220 go\r\n"));
	assert_true(run.flow.session.becomes);
	protorun_end(&run);
}

static void event_is(const char *greeting, const char *said, const char *answered, const char *event)
{
	protorun_begin(&run, PROTO_SMTP, 6);
	server(greeting);
	client(said);
	server(answered);
	if (!has_event(run.flow.session.last, event))
		fail_msg("no %s", event);
	protorun_end(&run);
}

static void test_events(void **state)
{
	static char text[6000];

	event_is("", "EHLO c\r\n", "", "no_server_welcome_message");
	event_is("220 x\r\n", "EHLO c\r\nEHLO c\r\n", "", "duplicate_fields");
	event_is("220 x\r\n", "DATA\r\nQUIT\r\n", "", "invalid_pipelined_sequence");
	event_is("220 x\r\n", "DATA\r\n", "554 no\r\n", "data_command_rejected");
	event_is("220 x\r\n", "QUIT\r\n", "hello\r\n", "invalid_reply");
	event_is("220 x\r\n", "QUIT\r\n", "221 bye\r\n354 go\r\n",
		 "unable_to_match_reply_with_request");
	memset(text, 'a', sizeof(text) - 1);
	event_is("220 x\r\n", text, "", "truncated_line");
	event_is("220 x\r\n", text, "", "max_command_line_len_exceeded");
	event_is("220 x\r\n", "QUIT\r\n", text, "max_reply_line_len_exceeded");
}

static void test_lost(void **state)
{
	struct tx *tx;

	protorun_begin(&run, PROTO_SMTP, 6);
	server("220 mx\r\n");
	client("EHLO c\r\nDATA\r\n");
	server("250 ok\r\n354 go\r\n");
	client("Content-Disposition: attachment; filename=f\r\n\r\nab\r\n");
	protorun_feed(&run, FROM_CLIENT, slice_text("cd\r\n.\r\n"), 100, false);
	tx = run.flow.session.first;
	assert_int_equal(tx->files->state, FILE_TRUNCATED);
	assert_true(tx->files->has_gaps);
	protorun_end(&run);
}

/* How far a chunk goes was told: what is missing inside it hides no command behind it. */
static void test_lost_of_chunk(void **state)
{
	static const struct {
		const char *chunk;
		uint64_t lost;
		const char *behind;
	} rows[] = {
		{ "", 12, "MAIL FROM:<b>\r\n" }, /* all of it */
		{ "From: x", 5, "MAIL FROM:<b>\r\n" }, /* its end */
		{ "Fr", 3, " x\r\n\r\n.MAIL FROM:<b>\r\n" }, /* its midst */
		{ "From: x", 9, " FROM:<a>\r\nMAIL FROM:<b>\r\n" }, /* the next command's head, too */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tx *tx;

		protorun_begin(&run, PROTO_SMTP, 6);
		server("220 mx\r\n");
		client("EHLO c\r\nMAIL FROM:<a>\r\nBDAT 12 LAST\r\n");
		client(rows[i].chunk);
		protorun_feed(&run, FROM_CLIENT, slice_text(rows[i].behind), rows[i].lost, false);
		tx = run.flow.session.first;
		assert_non_null(tx->next);
		assert_null(tx->next->next);
		assert_string_equal(email(tx->next),
				    "{\"smtp\":{\"helo\":\"c\",\"mail_from\":\"<b>\"}}");
		protorun_end(&run);
	}
}

/* A mail that is over may be forgotten before the next command, and before what is behind its end. */
static void test_forgotten(void **state)
{
	static const char *const mails[] = {
		"DATA\r\nFrom: x\r\n\r\n.\r\n",
		"BDAT 4 LAST\r\nx\r\n\n",
	};
	struct session *session = &run.flow.session;

	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		protorun_begin(&run, PROTO_SMTP, 6);
		server("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
		client("EHLO c\r\nMAIL FROM:<a>\r\n");
		client(mails[i]);
		protorun_forget(&run);
		assert_null(session->first);
		client("RSET\r\n");
		assert_null(session->first);
		client("MAIL FROM:<b>\r\n");
		assert_int_equal(session->first->id, 1);
		assert_string_equal(email(session->first),
				    "{\"smtp\":{\"helo\":\"c\",\"mail_from\":\"<b>\"}}");
		protorun_end(&run);
	}
}

/* What is taken back, or of an ended session, may be forgotten while its mail still comes. */
static void test_forgotten_within(void **state)
{
	struct session *session = &run.flow.session;

	protorun_begin(&run, PROTO_SMTP, 6);
	server("220 mx\r\n250 PIPELINING\r\n");
	client("RSET\r\nDATA\r\nFrom: x\r\n");
	server("250 ok\r\n354 go\r\n");
	protorun_forget(&run);
	assert_null(session->first);
	protorun_feed(&run, FROM_CLIENT, slice_text("\r\n..y\r\n.\r\n"), 10, false);
	assert_null(session->first);
	client("MAIL FROM:<b>\r\n");
	assert_string_equal(email(session->first), "{\"smtp\":{\"mail_from\":\"<b>\"}}");
	client("BDAT 20 LAST\r\n0123");
	protorun_forget_all(&run);
	protorun_feed(&run, FROM_CLIENT, slice_text("45678"), 5, false);
	client("9\r\n012");
	assert_null(session->first);
	client("NOOP\r\nQUIT\r\n"); /* behind a gap a line counts from the next end on */
	assert_non_null(session->first);
	protorun_end(&run);
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_SMTP]->guess;

	assert_int_equal(guess(FROM_CLIENT, slice_text("ehlo x\r\n")), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, slice_text("h")), GUESS_MORE);
	assert_int_equal(guess(FROM_CLIENT, slice_text("GET /")), GUESS_NO);
	assert_int_equal(guess(FROM_SERVER, slice_text("220 mx ESMTP\r\n")), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_of_chunk),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_forgotten_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
