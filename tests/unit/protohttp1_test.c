/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/http1: requests and responses of both sides, whole and cut at every byte: fields, bodies, files, events,
 * records; many requests on one connection; what turns it into another protocol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "file/file.h"
#include "proto/http1.h"
#include "unit/protoasked.h"

static struct protorun run;

static void field_is(struct tx *tx, const char *name, enum side side, uint32_t index,
		     const char *value)
{
	field_says(&run, tx, name, side, index, value);
}

static bool has_event(const struct tx *tx, enum http1_event event)
{
	return memchr(tx->event, (int)event, tx->event_cnt) != NULL;
}

static void test_exchange(void **state)
{
	const struct slice client = TEXT("GET /a%20B?c=%64 HTTP/1.1\r\nHost: Example.JP\r\n"
					 "Cookie: x=1\r\nUser-Agent: t\r\nX: one\r\n two\r\n\r\n");
	const struct slice server = TEXT("HTTP/1.1 302 Go On\r\nLocation: /b\r\n"
					 "Content-Type: text/html; charset=x\r\n"
					 "Content-Length: 5\r\nSet-Cookie: y\r\n\r\nhello");

	for (size_t cut = 0; cut < client.len; cut++) {
		struct tx *tx;

		protorun_begin(&run, PROTO_HTTP1, 6);
		feed_cut(&run, FROM_CLIENT, client, cut);
		feed_cut(&run, FROM_SERVER, server, cut);
		tx = run.flow.session.first;
		assert_non_null(tx);
		assert_null(tx->next);
		assert_int_equal(tx->event_cnt, 0);
		assert_int_equal(tx->progress[FROM_CLIENT], HTTP1_COMPLETE);
		assert_int_equal(tx->progress[FROM_SERVER], HTTP1_COMPLETE);
		field_is(tx, "http.uri", FROM_CLIENT, 0, "/a B?c=d");
		field_is(tx, "http.uri.raw", FROM_CLIENT, 0, "/a%20B?c=%64");
		field_is(tx, "http.host", FROM_CLIENT, 0, "example.jp");
		field_is(tx, "http.host.raw", FROM_CLIENT, 0, "Example.JP");
		field_is(tx, "http.cookie", FROM_CLIENT, 0, "x=1");
		field_is(tx, "http.cookie", FROM_SERVER, 0, "y");
		field_is(tx, "http.header", FROM_CLIENT, 0,
			 "Host: Example.JP\r\nUser-Agent: t\r\nX: one two\r\n");
		field_is(tx, "http.header_names", FROM_CLIENT, 0,
			 "\r\nHost\r\nCookie\r\nUser-Agent\r\nX\r\n\r\n");
		field_is(tx, "http.request_header", FROM_CLIENT, 1, "Cookie: x=1");
		field_is(tx, "http.stat_msg", FROM_SERVER, 0, "Go On");
		field_is(tx, "http.response_body", FROM_SERVER, 0, "hello");
		assert_string_equal(protorun_log(&run, tx, 0),
				    "{\"hostname\":\"example.jp\",\"url\":\"/a%20B?c=%64\","
				    "\"http_user_agent\":\"t\",\"http_content_type\":\"text/html\"}");
		protorun_end(&run);
	}
}

/* --- records that sites ask for --- */

static uint64_t option_bit(const char *name)
{
	for (size_t i = 0; i < HTTP1_OPTION_CNT; i++)
		if (strcmp(http1_options[i].name, name) == 0)
			return UINT64_C(1) << i;
	fail_msg("no option %s", name);
	return 0;
}

static void told_is(bool (*log)(struct tx *, struct json *), struct tx *tx, uint64_t options,
		    const char *text)
{
	json_begin(&run.json);
	run.json.options = options;
	assert_true(log(tx, &run.json));
	json_end(&run.json);
	json_newline(&run.json);
	run.json.bytes[run.json.len - 1] = 0;
	assert_non_null(strstr(run.json.bytes, text));
}

static bool alert_log(struct tx *tx, struct json *json)
{
	http1_log_alert(tx, json);
	return true;
}

/* Headers that are listed stand in the lists of all, and these are not there where they are empty. */
static void test_told(void **state)
{
	struct tx *tx;

	protorun_begin(&run, PROTO_HTTP1, 6);
	protorun_feed(
		&run, FROM_CLIENT,
		TEXT("POST / HTTP/1.1\r\nHost: h\r\nACCEPT: a\r\nContent-Length: 3\r\n\r\n\1b\n"),
		0, false);
	protorun_feed(&run, FROM_SERVER, TEXT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), 0,
		      false);
	tx = run.flow.session.first;
	told_is(http1_log, tx, option_bit("custom.accept") | option_bit("custom.server"),
		"\"url\":\"/\",\"request_headers\":[{\"name\":\"ACCEPT\",\"value\":\"a\"}]}");
	told_is(http1_log, tx, option_bit("dump-all-headers=response"),
		"\"url\":\"/\",\"response_headers\":[{\"name\":\"Content-Length\",\"value\":\"2\"}]}");
	run.json.body_base64 = run.json.body_printable = true;
	told_is(alert_log, tx, 0,
		"\"http_request_body_printable\":\".b\\n\",\"http_request_body\":\"AWIK\","
		"\"http_response_body_printable\":\"hi\",\"http_response_body\":\"aGk=\"}");
	run.json.body_base64 = run.json.body_printable = false;
	protorun_end(&run);
}

/* --- files --- */

static const struct file *file_is(const struct file *file, const char *name, const char *bytes,
				  enum file_state state)
{
	assert_non_null(file);
	assert_true(slice_is(slice(file->name, file->name_len), name));
	assert_true(slice_is(slice(file->window, file->window_len), bytes));
	assert_int_equal(file->state, state);
	return file->next;
}

static void test_upload(void **state)
{
	const struct slice client =
		TEXT("POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 198\r\n"
		     "Content-Type: multipart/form-data; boundary=\"bb\"\r\n\r\n"
		     "--bb\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a b.txt\"\r\n"
		     "\r\n1\r\n--b2\r\n--bb\r\n"
		     "Content-Disposition: form-data; name=\"g\"\r\n\r\nfield\r\n--bb\r\n"
		     "Content-Disposition: form-data; filename=e\r\n\r\n\r\n--bb--\r\n");

	for (size_t cut = 0; cut < client.len; cut++) {
		const struct file *file;

		protorun_begin(&run, PROTO_HTTP1, 6);
		feed_cut(&run, FROM_CLIENT, client, cut);
		file = run.flow.session.first->files;
		file = file_is(file, "a b.txt", "1\r\n--b2", FILE_CLOSED);
		file = file_is(file, "e", "", FILE_CLOSED);
		assert_null(file);
		assert_true(has_event(run.flow.session.first, HTTP1_EVENT_MULTIPART_EMPTY));
		protorun_end(&run);
	}
}

static void test_download(void **state)
{
	protorun_begin(&run, PROTO_HTTP1, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT("GET /d/x.bin HTTP/1.1\r\nHost: h\r\n\r\n"), 0, false);
	protorun_feed(&run, FROM_SERVER,
		      TEXT("HTTP/1.1 206 P\r\nContent-Range: bytes 5-9/20\r\nContent-Length: 5\r\n\r\n"
			   "he"),
		      0, false);
	protorun_feed(&run, FROM_SERVER, slice(NULL, 0), 0, true);
	file_is(run.flow.session.first->files, "/d/x.bin", "he", FILE_CLOSED);
	assert_int_equal(run.flow.session.first->files->from, 5);
	assert_int_equal(run.flow.session.first->files->to, 9);
	protorun_end(&run);
}

/* --- many --- */

static void test_pipeline(void **state)
{
	const struct slice request = TEXT("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	const struct slice response = TEXT("HTTP/1.1 204 N\r\n\r\n");
	struct session *session = &run.flow.session;

	protorun_begin(&run, PROTO_HTTP1, 6);
	for (int i = 0; i < 10000; i++) {
		protorun_feed(&run, FROM_CLIENT, request, 0, false);
		assert_int_equal(protorun_feed(&run, FROM_SERVER, response, 0, false),
				 (int64_t)response.len);
		session->first->logged = true;
		session_clean(session);
		assert_null(session->first);
	}
	assert_int_equal(session->tx_cnt, 10000);
	for (int i = 0; i < 2000 && !run.failed; i++) /* nobody answers: it is given up */
		protorun_feed(&run, FROM_CLIENT, request, 0, false);
	assert_true(run.failed);
	assert_true(session->tx_cnt < 12000);
	protorun_end(&run);
}

/* --- oddities --- */

static void event_is(struct slice client, struct slice server, enum http1_event event)
{
	protorun_begin(&run, PROTO_HTTP1, 6);
	protorun_feed(&run, FROM_CLIENT, client, 0, false);
	if (server.len)
		protorun_feed(&run, FROM_SERVER, server, 0, false);
	assert_non_null(run.flow.session.first);
	assert_true(has_event(run.flow.session.first, event));
	protorun_end(&run);
}

static void test_events(void **state)
{
	const struct slice none = { .len = 0 }, get = TEXT("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

	event_is(TEXT("GET / HTTP/1.1\r\n\r\n"), none, HTTP1_EVENT_NO_HOST);
	event_is(TEXT("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"), none, HTTP1_EVENT_HOST_AMBIGUOUS);
	event_is(TEXT("GET / HTTP/1.1\r\nHost: h\r\nnone\r\n\r\n"), none,
		 HTTP1_EVENT_REQUEST_NO_COLON);
	event_is(TEXT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n"), none,
		 HTTP1_EVENT_REQUEST_LENGTH);
	event_is(get, TEXT("HTTP/1.1 200 O\r\nContent-Encoding: zz\r\n\r\n"),
		 HTTP1_EVENT_CONTENT_ENCODING);
	event_is(get, TEXT("HTTP/1.0 200 O\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		 HTTP1_EVENT_CHUNKED_OLD);
}

static void test_changes(void **state)
{
	struct session *session = &run.flow.session;
	struct slice rest, name, value;

	protorun_begin(&run, PROTO_HTTP1, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"), 0,
		      false);
	protorun_feed(&run, FROM_SERVER, TEXT("HTTP/1.1 200 OK\r\n\r\n"), 0, false);
	assert_true(session->becomes);
	assert_int_equal(session->next, PROTO_UNKNOWN);
	protorun_end(&run);
	protorun_begin(&run, PROTO_HTTP1, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT("GET /p HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n"),
		      0, false);
	protorun_feed(&run, FROM_SERVER,
		      TEXT("HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), 0,
		      false);
	assert_true(session->becomes);
	assert_int_equal(session->next, PROTO_HTTP2);
	rest = http1_upgrade(session->state);
	assert_true(http1_upgrade_next(&rest, &name, &value));
	assert_true(http1_upgrade_next(&rest, &name, &value));
	assert_true(slice_is(name, ":path") && slice_is(value, "/p"));
	protorun_end(&run);
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_HTTP1]->guess;

	assert_int_equal(guess(FROM_CLIENT, TEXT("GET / HTTP")), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT("GE")), GUESS_MORE);
	assert_int_equal(guess(FROM_CLIENT, TEXT("GETS /")), GUESS_NO);
	assert_int_equal(guess(FROM_SERVER, TEXT("HTTP/1.1 200")), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT("HTTP/1.1 200")), GUESS_YES_TURNED);
	assert_int_equal(guess(FROM_SERVER, TEXT("SSH-2.0")), GUESS_NO);
}

/* Of a body that nobody looks at a few windows are kept; of one that is looked at what is around the edge. */
static void test_body(void **state)
{
	const struct http_body_limits limits = { .most = 100000, .least = 1000, .window = 400 };
	struct http_body body = { .from = 0 };
	uint8_t piece[700] = { 0 };
	struct slice seen;
	uint64_t from;

	assert_int_equal(http_body_add(&body, &limits, NULL, slice(piece, 700)), 700);
	assert_false(http_body_look(&body, &limits, false, &seen, &from));
	assert_int_equal(http_body_add(&body, &limits, NULL, slice(piece, 700)), 700);
	assert_true(http_body_look(&body, &limits, false, &seen, &from));
	assert_int_equal(from, 0);
	assert_int_equal(seen.len, 1400);
	http_body_add(&body, &limits, NULL, slice(piece, 100));
	assert_true(http_body_look(&body, &limits, false, &seen, &from));
	assert_int_equal(from, 1100);
	assert_int_equal(seen.len, 400);
	for (int i = 0; i < 200; i++) {
		http_body_add(&body, &limits, NULL, slice(piece, 700));
		assert_true(body.kept.len <= 5000);
	}
	assert_int_equal(http_body_size(&body), 100000);
	grown_free(&body.kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange), cmocka_unit_test(test_told),
		cmocka_unit_test(test_upload),	 cmocka_unit_test(test_download),
		cmocka_unit_test(test_pipeline), cmocka_unit_test(test_events),
		cmocka_unit_test(test_changes),	 cmocka_unit_test(test_guess),
		cmocka_unit_test(test_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
