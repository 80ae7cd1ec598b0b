/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as EVE records: valid JSON with Suricata's fields, whatever a message holds and however much.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

#include "report/evename.h"
#include "sekisho/verdict.h"

static struct eve_name name_make(void)
{
	struct eve_name name = {
		.event = { .now_ns = 5000001000,
			   .dir = SEK_OUT,
			   .reason = SEK_R_name_block,
			   .generation = 7,
			   .tenant = 2,
			   .proto = 17,
			   .sport = htons(40000),
			   .dport = htons(53) },
		.tenant = "alpha",
		.list = "malware",
		.category = "malware",
		.suffix = "example.com",
		.how = SEK_NAME_NXDOMAIN,
	};

	name.event.src.b[10] = name.event.src.b[11] = 0xff;
	name.event.src.b[15] = 1;
	name.event.dst = name.event.src;
	name.event.dst.b[15] = 2;
	return name;
}

static json_t *line_read(const char *line, size_t len)
{
	json_error_t error;
	json_t *record;

	assert_true(len > 2 && len < EVE_LINE_MAX && line[len - 1] == '\n');
	assert_null(memchr(line, '\n', len - 1));
	record = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!record)
		fail_msg("%s: %.*s", error.text, (int)len, line);
	return record;
}

static const char *text_of(const json_t *record, const char *outer, const char *inner)
{
	const json_t *at = outer ? json_object_get(record, outer) : record;

	return json_string_value(json_object_get(at, inner));
}

static void question_has_suricatas_fields_test(void **state)
{
	static const uint8_t message[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
					 "\x03WwW\x07"
					 "example\x03"
					 "com\x00\x00\x41\x00\x01";
	struct eve_name name = name_make();
	char line[EVE_LINE_MAX] = "";
	json_t *record;
	size_t len;

	assert_true(eve_dns(&name, message, sizeof(message) - 1, 0, line, &len));
	record = line_read(line, len);
	assert_string_equal(text_of(record, NULL, "event_type"), "dns");
	assert_string_equal(text_of(record, NULL, "src_ip"), "0.0.0.1");
	assert_string_equal(text_of(record, NULL, "proto"), "UDP");
	assert_string_equal(text_of(record, NULL, "tenant"), "alpha");
	assert_string_equal(text_of(record, NULL, "verdict"), "reject");
	assert_string_equal(text_of(record, NULL, "list"), "malware");
	assert_string_equal(text_of(record, NULL, "category"), "malware");
	assert_string_equal(text_of(record, "name", "reason"), "name_block");
	assert_string_equal(text_of(record, "name", "suffix"), "example.com");
	assert_string_equal(text_of(record, "name", "how"), "nxdomain");
	assert_string_equal(text_of(record, "dns", "type"), "query");
	assert_string_equal(text_of(record, "dns", "rrname"), "WwW.example.com");
	assert_string_equal(text_of(record, "dns", "rrtype"), "HTTPS");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(record, "dns"), "id")),
			 0x1234);
	json_decref(record);
	assert_false(eve_dns(&name, message, 20, 0, line, &len));
	assert_false(eve_dns(&name, message, 0, 0, line, &len));
}

static void answer_has_suricatas_fields_test(void **state)
{
	static const uint8_t message[] =
		"\x12\x34\x81\x83\x00\x01\x00\x02\x00\x00\x00\x00"
		"\x01"
		"a\x02"
		"jp\x00\x00\x01\x00\x01"
		"\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x04\x01"
		"b\xc0\x0e"
		"\xc0\x22\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07";
	struct eve_name name = name_make();
	char line[EVE_LINE_MAX] = "";
	json_t *record, *dns, *answers;
	size_t len;

	name.event.dir = SEK_IN;
	name.event.reason = 0;
	assert_true(eve_dns(&name, message, sizeof(message) - 1, 0, line, &len));
	record = line_read(line, len);
	dns = json_object_get(record, "dns");
	answers = json_object_get(dns, "answers");
	assert_string_equal(text_of(record, NULL, "verdict"), "pass");
	assert_string_equal(text_of(record, "dns", "type"), "answer");
	assert_int_equal(json_integer_value(json_object_get(dns, "version")), 2);
	assert_string_equal(text_of(record, "dns", "rcode"), "NXDOMAIN");
	assert_string_equal(text_of(record, "dns", "flags"), "8183");
	assert_true(json_is_true(json_object_get(dns, "qr")));
	assert_null(json_object_get(dns, "aa"));
	assert_int_equal(json_array_size(answers), 2);
	assert_string_equal(text_of(json_array_get(answers, 0), NULL, "rrtype"), "CNAME");
	assert_string_equal(text_of(json_array_get(answers, 0), NULL, "rdata"), "b.jp");
	assert_string_equal(text_of(json_array_get(answers, 1), NULL, "rdata"), "192.0.2.7");
	json_decref(record);
}

/* An answer of 500 records with long names that hold everything but letters. */
static void hostile_answers_stay_one_line_test(void **state)
{
	static uint8_t message[65535];
	struct eve_name name = name_make();
	char line[EVE_LINE_MAX] = "";
	size_t used = 12, len, owner;
	json_t *record;

	memcpy(message, "\0\0\x80\0\0\1\1\xf4\0\0\0\0", 12);
	owner = used;
	for (int i = 0; i < 3; i++) {
		message[used++] = 63;
		for (int j = 0; j < 63; j++)
			message[used++] = (uint8_t) "\"\\\n\x01\xff\xe3\x81.{"[(i + j) % 9];
	}
	message[used++] = 0;
	memcpy(message + used, "\0\x10\0\1", 4);
	used += 4;
	for (int i = 0; i < 500; i++) {
		message[used++] = 0xc0;
		message[used++] = (uint8_t)owner;
		memcpy(message + used, "\0\x10\0\1\0\0\0\1\0\x65\x64", 11);
		used += 11;
		memset(message + used, 1 + i % 255, 100);
		used += 100;
	}
	name.tenant = name.list = name.suffix = "\"\n\xff\xe2\x80\xa8{}";
	assert_true(eve_dns(&name, message, used, 0, line, &len));
	record = line_read(line, len);
	assert_true(json_integer_value(json_object_get(json_object_get(record, "dns"),
						       "answers_left_out")) >= 484);
	json_decref(record);
}

static void requests_and_anomalies_test(void **state)
{
	struct eve_name name = name_make();
	struct eve_request tls = { .proto = SEK_NAME_PROTO_TLS, .host = "a.example", .hides = true };
	struct eve_request http = {
		.proto = SEK_NAME_PROTO_HTTP, .host = "a.example", .url = "/x?\"\n", .method = "GET"
	};
	struct eve_request quic = { .proto = SEK_NAME_PROTO_QUIC, .host = "a.example", .version = 1 };
	struct eve_anomaly anomaly = { "dga", "x.example", "words", 120 };
	char line[EVE_LINE_MAX] = "";
	json_t *record;

	name.event.proto = 6;
	name.event.dport = htons(8080);
	record = line_read(line, eve_request(&name, &tls, 0, line));
	assert_string_equal(text_of(record, NULL, "event_type"), "tls");
	assert_string_equal(text_of(record, "tls", "sni"), "a.example");
	assert_true(json_is_true(json_object_get(json_object_get(record, "tls"), "ech")));
	json_decref(record);
	record = line_read(line, eve_request(&name, &http, 0, line));
	assert_string_equal(text_of(record, NULL, "event_type"), "http");
	assert_string_equal(text_of(record, "http", "hostname"), "a.example");
	assert_string_equal(text_of(record, "http", "url"), "/x?\"\n");
	assert_string_equal(text_of(record, "http", "http_method"), "GET");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(record, "http"), "http_port")),
		8080);
	json_decref(record);
	record = line_read(line, eve_request(&name, &quic, 0, line));
	assert_string_equal(text_of(record, "quic", "version"), "1");
	assert_string_equal(text_of(record, "quic", "sni"), "a.example");
	json_decref(record);
	record = line_read(line, eve_name_anomaly(&name, &anomaly, 0, line));
	assert_string_equal(text_of(record, NULL, "event_type"), "anomaly");
	assert_string_equal(text_of(record, "anomaly", "event"), "dga");
	assert_string_equal(text_of(record, NULL, "tenant"), "alpha");
	json_decref(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_has_suricatas_fields_test),
		cmocka_unit_test(answer_has_suricatas_fields_test),
		cmocka_unit_test(hostile_answers_stay_one_line_test),
		cmocka_unit_test(requests_and_anomalies_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
