/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/http2: a request and its answer, whole and cut at every byte; frames, coded bodies, oddities; the
 * bounds of decoding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "file/file.h"
#include "proto/http2.h"
#include "unit/protoasked.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64"
/* An update of the table, GET, https, and headers by literals. */
#define BLOCK "\x3f\xe1\x1f\x82\x87\0\5:path\4/a?b\0\12:authority\10u@Ex.jp:\0\6cookie\1k"
#define REQUEST "\0\0\x30\1\5\0\0\0\1" BLOCK
#define RESPONSE "\0\0\1\1\4\0\0\0\1\x88\0\0\x7\0\x9\0\0\0\1\1hello\0"

static struct protorun run;

static void field_is(struct tx *tx, const char *name, enum side side, const char *value)
{
	field_says(&run, tx, name, side, 0, value);
}

static void test_exchange(void **state)
{
	const struct slice client = TEXT(PREFACE SETTINGS REQUEST);
	const struct slice server = TEXT(SETTINGS RESPONSE);

	for (size_t cut = 0; cut < client.len; cut++) {
		struct tx *tx;

		protorun_begin(&run, PROTO_HTTP2, 6);
		feed_cut(&run, FROM_CLIENT, client, cut);
		feed_cut(&run, FROM_SERVER, server, cut);
		assert_false(run.failed);
		tx = run.flow.session.first->next; /* behind the settings */
		assert_non_null(tx);
		assert_int_equal(tx->progress[FROM_CLIENT], HTTP2_STEP_COMPLETE);
		assert_int_equal(tx->progress[FROM_SERVER], HTTP2_STEP_COMPLETE);
		field_is(tx, "http.uri", FROM_CLIENT, "/a?b");
		field_is(tx, "http.host", FROM_CLIENT, "ex.jp");
		field_is(tx, "http.request_line", FROM_CLIENT, "GET /a?b HTTP/2\r\n");
		field_is(tx, "http.response_line", FROM_SERVER, "HTTP/2 200\r\n");
		field_is(tx, "http.response_body", FROM_SERVER, "hello");
		assert_int_equal(tx->event_cnt, 1);
		assert_int_equal(tx->event[0], HTTP2_EVENT_USERINFO);
		assert_true(slice_is(slice(tx->files->name, tx->files->name_len), "/a"));
		assert_int_equal(tx->files->state, FILE_CLOSED);
		assert_non_null(strstr(protorun_log(&run, tx, 0), "{\"table_size_update\":4096}"));
		protorun_end(&run);
	}
}

static void test_numbers(void **state)
{
	uint64_t number;

	protorun_begin(&run, PROTO_HTTP2, 6);
	protorun_feed(&run, FROM_CLIENT,
		      TEXT(PREFACE SETTINGS "\0\0\4\10\0\0\0\0\0\0\0\1\2"
					    "\0\0\4\3\0\0\0\0\3\0\0\0\7"),
		      0, false);
	assert_true(field_of(&run, "http2.settings.max_concurrent_streams")
			    ->number(run.flow.session.first, FROM_CLIENT, 0, &number));
	assert_int_equal(number, 100);
	assert_true(field_of(&run, "http2.window")
			    ->number(run.flow.session.first->next, FROM_CLIENT, 0, &number));
	assert_int_equal(number, 258);
	assert_true(field_of(&run, "http2.errorcode")
			    ->number(run.flow.session.last, FROM_CLIENT, 0, &number));
	assert_int_equal(number, 7);
	protorun_end(&run);
}

/* --- decoding --- */

static uint64_t decoded_len;

static void decoded_take(void *arg, struct slice bytes)
{
	decoded_len += bytes.len;
}

static void test_bomb(void **state)
{
	const size_t size = 64u << 20;
	uint8_t *zeros = calloc(1, size), *packed = malloc(size);
	uLongf len = size;
	struct http_decoder *decoder;

	assert_int_equal(compress2(packed, &len, zeros, size, 9), Z_OK);
	decoder = http_decoder_new(TEXT("deflate"));
	assert_non_null(decoder);
	decoded_len = 0;
	assert_true(http_decoder_take(decoder, slice(packed, len), decoded_take, NULL));
	assert_int_equal(decoded_len, size); /* a ratio of a thousand is none */
	http_decoder_free(decoder);
	decoder = http_decoder_new(TEXT("gzip"));
	decoded_len = 0;
	assert_false(http_decoder_take(decoder, slice("plain", 5), decoded_take, NULL));
	assert_int_equal(decoded_len, 5);
	http_decoder_free(decoder);
	assert_null(http_decoder_new(TEXT("identity")));
	free(zeros);
	free(packed);
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_HTTP2]->guess;

	assert_int_equal(guess(FROM_CLIENT, TEXT(PREFACE)), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, TEXT("PRI *")), GUESS_MORE);
	assert_int_equal(guess(FROM_CLIENT, TEXT("GET /")), GUESS_NO);
	assert_int_equal(guess(FROM_SERVER, TEXT(SETTINGS)), GUESS_YES);
	assert_int_equal(guess(FROM_SERVER, TEXT("\0\0\5\4\0\0\0\0\0")), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
