/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/json: whatever bytes, names and numbers are given, what comes out is one line that another reader
 * of JSON takes, and it reads back as what was given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/json.h"

/* Ends the record and reads it by jansson; it must be one line. */
static json_t *read_back(struct json *json)
{
	json_error_t error;
	json_t *root;

	json_end(json);
	assert_false(json->short_of_memory);
	assert_null(memchr(json->bytes, '\n', json->len));
	root = json_loadb(json->bytes, json->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!root)
		fail_msg("%s: %.*s", error.text, (int)json->len, json->bytes);
	return root;
}

static void written_is(struct json *json, const char *text)
{
	json_end(json);
	assert_int_equal(json->len, strlen(text));
	assert_memory_equal(json->bytes, text, json->len);
}

static void test_shape(void **state)
{
	struct json json = {};

	json_begin(&json);
	written_is(&json, "{}");
	json_begin(&json);
	json_list(&json, "l");
	json_number(&json, NULL, 1);
	json_open(&json, NULL);
	json_close(&json);
	json_open(&json, NULL);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_close(&json);
	json_close(&json);
	json_close(&json); /* one too many closes nothing */
	json_text(&json, "t", "x");
	written_is(&json, "{\"l\":[1,{},{\"yes\":true,\"no\":false}],\"t\":\"x\"}");
	json_begin(&json);
	json_open(&json, "a");
	json_list(&json, "b");
	written_is(&json, "{\"a\":{\"b\":[]}}");
	json_free(&json);
	assert_null(json.bytes);
}

static void test_back(void **state)
{
	struct json json = {};
	struct json_mark first, second;

	json_begin(&json);
	first = json_mark(&json);
	json_open(&json, "gone");
	json_number(&json, "a", 1);
	json_back(&json, first);
	json_number(&json, "b", 2);
	second = json_mark(&json);
	json_list(&json, "gone");
	json_back(&json, second);
	json_number(&json, "c", 3);
	written_is(&json, "{\"b\":2,\"c\":3}");
	json_free(&json);
}

static void test_too_deep(void **state)
{
	struct json json = {};

	json_begin(&json);
	for (int i = 0; i < 2 * JSON_DEPTH_MAX; i++)
		json_list(&json, json.depth == 1 ? "l" : NULL);
	assert_true(json.short_of_memory);
	json_begin(&json);
	json_number(&json, "n", 7);
	written_is(&json, "{\"n\":7}");
	json_free(&json);
}

static void test_numbers(void **state)
{
	struct json json = {};
	char expected[64];

	for (uint64_t n = 0; n < 1200; n++) {
		json_begin(&json);
		json_number(&json, "n", n);
		json_signed(&json, "m", -(int64_t)n);
		snprintf(expected, sizeof(expected), "{\"n\":%lu,\"m\":%ld}", n, -(long)n);
		written_is(&json, expected);
	}
	for (uint64_t n = 1; n; n = n * 10 < n ? 0 : n * 10) {
		json_begin(&json);
		json_number(&json, "n", n - 1);
		json_number(&json, "m", n);
		snprintf(expected, sizeof(expected), "{\"n\":%lu,\"m\":%lu}", n - 1, n);
		written_is(&json, expected);
	}
	json_begin(&json);
	json_number(&json, "u", UINT64_MAX);
	json_signed(&json, "i", INT64_MIN);
	json_signed(&json, "j", INT64_MAX);
	written_is(&json, "{\"u\":18446744073709551615,\"i\":-9223372036854775808,"
			  "\"j\":9223372036854775807}");
	json_free(&json);
}

static void bytes_are(const void *bytes, size_t len, const char *text)
{
	struct json json = {};

	json_begin(&json);
	json_bytes(&json, "v", slice(bytes, len));
	written_is(&json, text);
	json_free(&json);
}

static void test_text(void **state)
{
	bytes_are("", 0, "{\"v\":\"\"}");
	bytes_are(NULL, 0, "{\"v\":\"\"}");
	bytes_are("a\"b\\c", 5, "{\"v\":\"a\\\"b\\\\c\"}");
	bytes_are("\b\t\n\f\r", 5, "{\"v\":\"\\b\\t\\n\\f\\r\"}");
	bytes_are("a\0b\x1f\x7f", 5, "{\"v\":\"a\\u0000b\\u001f\\u007f\"}");
	bytes_are("caf\xc3\xa9 \xe6\x97\xa5\xf0\x9f\x8d\xa3", 13,
		  "{\"v\":\"caf\xc3\xa9 \xe6\x97\xa5\xf0\x9f\x8d\xa3\"}");
	/* Broken somewhere: then every high byte is told as a number. */
	bytes_are("\xc3\xa9 \xff", 4, "{\"v\":\"\\\\xc3\\\\xa9 \\\\xff\"}");
	bytes_are("\xed\xa0\x80", 3, "{\"v\":\"\\\\xed\\\\xa0\\\\x80\"}"); /* a surrogate */
	bytes_are("\xc0\x80", 2, "{\"v\":\"\\\\xc0\\\\x80\"}"); /* overlong */
	bytes_are("\xe6\x97", 2, "{\"v\":\"\\\\xe6\\\\x97\"}"); /* cut */
}

/* Each ASCII byte at each place around the eight that are looked at together. */
static void test_places(void **state)
{
	struct json json = {};
	char text[21];

	for (int byte = 0; byte < 128; byte++) {
		for (size_t at = 0; at < 20; at++) {
			json_t *root;

			memset(text, 'x', 20);
			text[at] = (char)byte;
			json_begin(&json);
			json_bytes(&json, "v", slice(text, 20));
			root = read_back(&json);
			assert_int_equal(json_string_length(json_object_get(root, "v")), 20);
			assert_memory_equal(json_string_value(json_object_get(root, "v")), text, 20);
			json_decref(root);
		}
	}
	json_free(&json);
}

static void test_hostile(void **state)
{
	struct json json = {};
	uint8_t bytes[300];
	char name[40];

	srand(7);
	for (int round = 0; round < 3000; round++) {
		size_t len = (size_t)rand() % sizeof(bytes), name_len = 2 + (size_t)rand() % 37;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)rand();
		for (size_t i = 0; i < name_len; i++)
			name[i] = (char)(rand() % 255 + 1);
		name[name_len] = 0;
		json_begin(&json);
		json_bytes(&json, name, slice(bytes, len));
		json_open(&json, "o");
		json_text(&json, "t", name);
		json_base64(&json, "b", slice(bytes, len));
		json_hex(&json, "h", slice(bytes, len));
		json_decref(read_back(&json));
	}
	json_free(&json);
}

static void test_long(void **state)
{
	struct json json = {};
	size_t len = 1 << 20;
	uint8_t *bytes = calloc(1, len);
	json_t *root;

	assert_non_null(bytes);
	json_begin(&json);
	json_bytes(&json, "zeros", slice(bytes, len));
	root = read_back(&json);
	assert_int_equal(json_string_length(json_object_get(root, "zeros")), len);
	json_decref(root);
	json_free(&json);
	free(bytes);
}

static void test_codes(void **state)
{
	struct json json = {};

	/* RFC 4648, 10 */
	json_begin(&json);
	json_base64(&json, "0", slice_text(""));
	json_base64(&json, "1", slice_text("f"));
	json_base64(&json, "2", slice_text("fo"));
	json_base64(&json, "3", slice_text("foo"));
	json_base64(&json, "4", slice_text("foob"));
	json_base64(&json, "5", slice_text("fooba"));
	json_base64(&json, "6", slice_text("foobar"));
	json_hex(&json, "h", slice("\x00\x1f\xa0\xff", 4));
	json_hex(&json, "e", slice("", 0));
	written_is(&json, "{\"0\":\"\",\"1\":\"Zg==\",\"2\":\"Zm8=\",\"3\":\"Zm9v\",\"4\":\"Zm9vYg==\","
			  "\"5\":\"Zm9vYmE=\",\"6\":\"Zm9vYmFy\",\"h\":\"001fa0ff\",\"e\":\"\"}");
	json_free(&json);
}

static void test_addresses(void **state)
{
	struct sek_addr four = { .b = { [10] = 0xff, 0xff, 192, 0, 2, 255 } }, six;
	struct json json = {};

	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1:ff", &six), 1);
	json_begin(&json);
	json_address(&json, "4", &four, 0);
	json_address(&json, "6", &six, 0);
	json_address(&json, "46", &four, 6);
	written_is(&json, "{\"4\":\"192.0.2.255\",\"6\":\"2001:0db8:0000:0000:0000:0000:0001:00ff\","
			  "\"46\":\"0000:0000:0000:0000:0000:ffff:c000:02ff\"}");
	json_free(&json);
}

static void time_is(uint64_t time_ns, const char *text)
{
	struct json json = {};
	json_t *root;

	json_begin(&json);
	json_time(&json, "t", time_ns);
	root = read_back(&json);
	assert_string_equal(json_string_value(json_object_get(root, "t")), text);
	json_decref(root);
	json_free(&json);
}

static void test_times(void **state)
{
	char text[64], date[40];

	time_is(0, "1970-01-01T00:00:00.000000+0000");
	time_is(1452690828123456789, "2016-01-13T13:13:48.123456+0000");
	time_is(951827696000001000, "2000-02-29T12:34:56.000001+0000");
	time_is(4107542399999999999, "2100-02-28T23:59:59.999999+0000");
	for (int64_t s = 0; s < 8000000000; s += 7777777) {
		struct tm tm;

		gmtime_r(&(time_t){ s }, &tm);
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(text, sizeof(text), "%s.000000+0000", date);
		time_is((uint64_t)s * 1000000000, text);
	}
	time_is(UINT64_MAX, "2554-07-21T23:34:33.709551+0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),	 cmocka_unit_test(test_back),
		cmocka_unit_test(test_too_deep), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text),	 cmocka_unit_test(test_places),
		cmocka_unit_test(test_hostile),	 cmocka_unit_test(test_long),
		cmocka_unit_test(test_codes),	 cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
