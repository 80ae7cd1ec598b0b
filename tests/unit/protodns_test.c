/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/dns: messages over UDP and TCP, whole and cut at every byte, and what is told of them; what is odd is
 * an event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "inspect/flowtable.h"
#include "inspect/packet.h"
#include "unit/protoasked.h"

#define HEAD(id, flags, q, a, n) id flags q a n "\0\0"
#define QUESTION "\3www\7example\3com\0\0\1\0\1"
static const struct slice question = {
	(const uint8_t *)HEAD("\x12\x34", "\1\0", "\0\1", "\0\0", "\0\0") QUESTION, 33
};
/* CNAME by a pointer, A, TXT of two strings. */
static const struct slice answer = { (const uint8_t *)HEAD("\x12\x34", "\x81\x80", "\0\1", "\0\3",
							   "\0\0") QUESTION
				     "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3web\xc0\x10"
				     "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
				     "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\6\2ab\2c\xff",
				     33 + 18 + 16 + 18 };

static struct dns_made {
	struct protorun run;
} made;

static struct tx *fed(enum side side, struct slice bytes, uint8_t ip_proto)
{
	protorun_begin(&made.run, PROTO_DNS, ip_proto);
	protorun_feed(&made.run, side, bytes, 0, false);
	return made.run.flow.session.first;
}

static void test_question(void **state)
{
	struct tx *tx = fed(FROM_CLIENT, question, IPPROTO_UDP);

	assert_non_null(tx);
	assert_true(tx->one_sided);
	assert_int_equal(tx->progress[FROM_CLIENT], 1);
	assert_int_equal(tx->event_cnt, 0);
	assert_string_equal(protorun_log(&made.run, tx, 0),
			    "{\"version\":2,\"type\":\"query\",\"id\":4660,\"rrname\":\"www.example.com\","
			    "\"rrtype\":\"A\",\"tx_id\":0,\"opcode\":0}");
	assert_null(protorun_log(&made.run, tx, 1));
	protorun_end(&made.run);
}

static void test_answer(void **state)
{
	struct tx *tx = fed(FROM_SERVER, answer, IPPROTO_UDP);

	assert_non_null(tx);
	assert_int_equal(tx->event_cnt, 0);
	assert_string_equal(
		protorun_log(&made.run, tx, 0),
		"{\"version\":2,\"type\":\"answer\",\"id\":4660,\"flags\":\"8180\",\"qr\":true,\"rd\":true,"
		"\"ra\":true,\"opcode\":0,\"rrname\":\"www.example.com\",\"rrtype\":\"A\",\"rcode\":\"NOERROR\","
		"\"answers\":[{\"rrname\":\"www.example.com\",\"rrtype\":\"CNAME\",\"ttl\":60,"
		"\"rdata\":\"web.example.com\"},{\"rrname\":\"web.example.com\",\"rrtype\":\"A\",\"ttl\":60,"
		"\"rdata\":\"192.0.2.1\"},{\"rrname\":\"www.example.com\",\"rrtype\":\"TXT\",\"ttl\":60,"
		"\"rdata\":\"ab\"},{\"rrname\":\"www.example.com\",\"rrtype\":\"TXT\",\"ttl\":60,"
		"\"rdata\":\"c\\\\xff\"}],\"grouped\":{\"CNAME\":[\"web.example.com\"],\"A\":[\"192.0.2.1\"],"
		"\"TXT\":[\"ab\",\"c\\\\xff\"]}}");
	protorun_end(&made.run);
}

/* Over TCP, two messages behind each other, cut at every byte: the same two transactions. */
static void test_stream(void **state)
{
	uint8_t bytes[256];
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		bytes[len++] = 0;
		bytes[len++] = (uint8_t)question.len;
		memcpy(bytes + len, question.at, question.len);
		len += question.len;
	}
	for (size_t cut = 0; cut <= len; cut++) {
		struct tx *tx;

		protorun_begin(&made.run, PROTO_DNS, IPPROTO_TCP);
		protorun_feed(&made.run, FROM_CLIENT, slice(bytes, cut), 0, false);
		protorun_feed(&made.run, FROM_CLIENT, slice(bytes + cut, len - cut), 0, true);
		tx = made.run.flow.session.first;
		assert_non_null(tx);
		assert_non_null(tx->next);
		assert_int_equal(tx->next->id, 1);
		assert_null(tx->next->next);
		assert_int_equal(made.run.kept[FROM_CLIENT].len, 0);
		protorun_end(&made.run);
	}
}

/* Cut anywhere, the answer is refused or read, never beyond its end (the sanitizer looks). */
static void test_cut(void **state)
{
	for (size_t len = 1; len < answer.len; len++) {
		struct tx *tx = fed(FROM_SERVER, slice(answer.at, len), IPPROTO_UDP);

		assert_true(made.run.failed);
		assert_non_null(tx);
		assert_int_equal(tx->event[0], 1);
		protorun_ask(&made.run, tx);
		protorun_end(&made.run);
	}
}

static void event_is(enum side side, struct slice bytes, const char *word)
{
	struct tx *tx = fed(side, bytes, IPPROTO_UDP);

	assert_non_null(tx);
	assert_int_equal(tx->event_cnt, 1);
	assert_string_equal(protos[PROTO_DNS]->events[tx->event[0] - 1], word);
	protorun_end(&made.run);
}

static void test_events(void **state)
{
	event_is(FROM_CLIENT, TEXT(HEAD("\0\1", "\1\x40", "\0\1", "\0\0", "\0\0") QUESTION),
		 "z_flag_set");
	event_is(FROM_CLIENT, TEXT(HEAD("\0\1", "\x39\0", "\0\1", "\0\0", "\0\0") QUESTION),
		 "invalid_opcode");
	event_is(FROM_CLIENT, answer, "not_request");
	event_is(FROM_SERVER, question, "not_response");
	/* Points to itself; to what is not there; has a label of no kind. */
	event_is(FROM_CLIENT,
		 TEXT(HEAD("\0\1", "\1\0", "\0\1", "\0\0", "\0\0") "\1a\xc0\x0c\0\1\0\1"),
		 "infinite_loop");
	event_is(FROM_CLIENT, TEXT(HEAD("\0\1", "\1\0", "\0\1", "\0\0", "\0\0") "\xcf\xff\0\1\0\1"),
		 "malformed_data");
	event_is(FROM_CLIENT, TEXT(HEAD("\0\1", "\1\0", "\0\1", "\0\0", "\0\0") "\x80\0\0\1\0\1"),
		 "malformed_data");
	event_is(FROM_SERVER, TEXT(HEAD("\0\1", "\x81\0", "\0\1", "\0\0", "\0\1") QUESTION),
		 "invalid_authorities");
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_DNS]->guess;
	uint8_t tcp[64] = { 0, 33 };

	memcpy(tcp + 2, question.at, question.len);
	assert_int_equal(guess(FROM_CLIENT, question), GUESS_YES);
	assert_int_equal(guess(FROM_SERVER, answer), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, answer), GUESS_YES_TURNED);
	assert_int_equal(guess(FROM_SERVER, question), GUESS_YES_TURNED);
	assert_int_equal(guess(FROM_CLIENT, slice(tcp, 35)), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, slice(tcp, 5)), GUESS_MORE);
	assert_int_equal(guess(FROM_CLIENT, slice(tcp, 20)), GUESS_MORE);
	/* NetBIOS asks for type 32; multicast DNS has no id; text is none. */
	assert_int_equal(guess(FROM_CLIENT, TEXT(HEAD("\0\1", "\1\x10", "\0\1", "\0\0",
						      "\0\0") "\x20"
							      "ABACFPFPENFDECFCEPFHFDEFFPFPACAB"
							      "\0\0\x20\0\1")),
			 GUESS_NO);
	assert_int_equal(guess(FROM_CLIENT,
			       TEXT(HEAD("\0\0", "\0\0", "\0\1", "\0\0", "\0\0") QUESTION)),
			 GUESS_NO);
	assert_int_equal(guess(FROM_CLIENT, TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), GUESS_NO);
	assert_int_equal(guess(FROM_CLIENT, TEXT("\x16\3\1\1\0\1\0\0\xfc\3\3aaaaaaaaaaaaaaaaaaaaaa")),
			 GUESS_NO);
}

/* LLMNR has the same form and a port of its own (RFC 4795): it is not DNS, on whichever side that port is. */
static void test_neighbours(void **state)
{
	static const struct {
		uint16_t client, server;
		enum proto_id proto;
	} rows[] = {
		{ 50000, 53, PROTO_DNS },
		{ 50000, 5300, PROTO_DNS },
		{ 50000, 5355, PROTO_UNKNOWN },
		{ 5355, 50000, PROTO_UNKNOWN },
	};
	struct flow_table *table = calloc(1, sizeof(*table));

	assert_non_null(table);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow flow = { .family = 4,
				     .proto = IPPROTO_UDP,
				     .port = { rows[i].client, rows[i].server },
				     .table = table };
		struct packet packet = { .payload = question, .side = FROM_CLIENT, .flow = &flow };

		session_datagram(&flow.session, &packet);
		assert_int_equal(flow.session.proto, rows[i].proto);
		assert_int_equal(flow.session.first != NULL, rows[i].proto == PROTO_DNS);
		session_end(&flow.session);
	}
	free(table);
}

/* A message waits for nobody but the one who is to tell of it: not for the other side. */
static void test_forgotten(void **state)
{
	struct flow_table *table = calloc(1, sizeof(*table));
	struct flow flow = { .family = 4, .proto = IPPROTO_UDP, .port = { 50000, 53 }, .table = table };
	struct packet asks = { .payload = question, .side = FROM_CLIENT, .flow = &flow };
	struct packet says = { .payload = answer, .side = FROM_SERVER, .flow = &flow };
	struct packet *packets[] = { &asks, &says };

	assert_non_null(table);
	for (size_t i = 0; i < 2; i++) {
		session_datagram(&flow.session, packets[i]);
		session_clean(&flow.session);
		assert_non_null(flow.session.first);
		flow.session.first->logged = true;
		session_clean(&flow.session);
		assert_null(flow.session.first);
	}
	session_end(&flow.session);
	free(table);
}

static void test_fields(void **state)
{
	struct tx *tx = fed(FROM_SERVER, answer, IPPROTO_UDP);
	struct slice bytes;
	uint64_t from, number;

	for (size_t i = 0; i < protos[PROTO_DNS]->field_cnt; i++) {
		const struct field *field = &protos[PROTO_DNS]->fields[i];

		if (strcmp(field->name, "dns.answer.name") == 0) {
			assert_true(field->bytes(tx, FROM_SERVER, 1, &bytes, &from));
			assert_true(slice_is(bytes, "web.example.com"));
			assert_false(field->bytes(tx, FROM_SERVER, 3, &bytes, &from));
		} else if (strcmp(field->name, "dns.rcode") == 0) {
			assert_true(field->number(tx, FROM_SERVER, 0, &number));
			assert_int_equal(number, 0);
		}
	}
	protorun_end(&made.run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question),   cmocka_unit_test(test_answer),
		cmocka_unit_test(test_stream),	   cmocka_unit_test(test_cut),
		cmocka_unit_test(test_events),	   cmocka_unit_test(test_guess),
		cmocka_unit_test(test_neighbours), cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
