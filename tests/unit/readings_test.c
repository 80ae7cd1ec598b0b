/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows under reading: what the kernel is told of each, how much is held, and who is put out for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "names/readings.h"
#include "sekisho/verdict.h"
#include "unit/quicmade.h"

#define FIRST 0xffffffe0U
#define S 1000000000ULL

/* Words of what was called; names that begin with "bad." are blocked by list 7. */
struct calls {
	char words[8192];
	bool passes;
	uint64_t orders, unread;
};

static void word(struct calls *calls, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void word(struct calls *calls, const char *fmt, ...)
{
	size_t used = strlen(calls->words);
	va_list args;

	if (used + 100 > sizeof(calls->words))
		return;
	if (used && *fmt != ']')
		calls->words[used++] = ' ';
	va_start(args, fmt);
	vsnprintf(calls->words + used, sizeof(calls->words) - used, fmt, args);
	va_end(args);
}

static struct reading_verdict decide(void *arg, const struct sek_name_copy_head *head,
				     const struct reader_name *name)
{
	bool blocked = name->host.len > 4 && !memcmp(name->host.text, "bad.", 4);

	word(arg, "%.*s", (int)name->host.len, name->host.text);
	return (struct reading_verdict){ blocked, blocked ? 7 : SEK_NAME_NO_LIST,
					 blocked ? SEK_R_name_block : 0 };
}

static void bad(void *arg, const struct sek_name_copy_head *head, bool overlaps)
{
	word(arg, overlaps ? "overlap" : "bad");
}

static bool unread(void *arg, const struct sek_name_copy_head *head, enum reading_end why)
{
	static const char *const words[] = { "put-out", "stuck", "long", "short", "unknown" };
	struct calls *calls = arg;

	calls->unread++;
	word(calls, "%s", words[why]);
	return calls->passes;
}

static void order(void *arg, const struct sek_name_order *o)
{
	static const char *const states[] = { "off",	"each",	   "first", "request", "agent",
					      "passes", "blocked", "hello", "quic" };
	struct calls *calls = arg;

	calls->orders++;
	assert_true(o->heard_ns != 0);
	if (o->name.state == SEK_NAME_OFF)
		return; /* a copy was read, and changes nothing */
	word(calls, "[%s", states[o->name.state]);
	if (o->name.state == SEK_NAME_REQUEST || o->name.state == SEK_NAME_AGENT ||
	    o->name.state == SEK_NAME_HELLO)
		word(calls, "%u", o->name.next - FIRST);
	if (o->name.state == SEK_NAME_QUIC)
		word(calls, "%u", o->name.start);
	if (o->name.list != SEK_NAME_NO_LIST)
		word(calls, "by %u", o->name.list);
	word(calls, "]");
}

static struct readings *readings_make(struct calls *calls, struct readings_limits limits)
{
	const struct readings_calls to = { decide, bad, unread, order, calls };
	struct readings *readings;

	memset(calls, 0, sizeof(*calls));
	assert_int_equal(readings_new(&limits, &to, &readings), 0);
	return readings;
}

static struct sek_name_copy_head copy(uint16_t tenant, uint32_t flow, uint32_t at)
{
	struct sek_name_copy_head head = {
		.now_ns = 100 * S,
		.first_ns = 50 * S + flow,
		.number = flow,
		.seq = FIRST + at,
		.next = FIRST,
		.kind = SEK_NAME_ASKED,
		.key = { .tenant = tenant, .proto = IPPROTO_TCP, .port = { htons(40000), htons(80) } },
	};

	head.key.addr[0].w[3] = flow;
	return head;
}

static void give(struct readings *readings, uint32_t flow, uint32_t at, const char *text)
{
	struct sek_name_copy_head head = copy(1, flow, at);

	readings_take(readings, &head, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void requests_are_ordered_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);

	/* It begins in the middle. */
	give(readings, 1, 11, "1.1\r\nHost: a\r\n\r\n");
	assert_string_equal(calls.words, "");
	assert_int_equal(readings_count(readings).flows, 1);
	give(readings, 1, 0, "GET / HTTP/");
	assert_string_equal(calls.words, "a [request 27]");
	/*
	 * A piece that has its place passes when it comes again: the client may not send the rest else.
	 */
	give(readings, 2, 0, "GET / HT");
	assert_string_equal(calls.words, "a [request 27] [agent 8]");
	give(readings, 2, 8, "TP/1.1\r\nHost: b\r\n\r\n");
	assert_string_equal(calls.words, "a [request 27] [agent 8] b [request 27]");
	/* Between requests it is held against what comes again, and not for long. */
	assert_int_equal(readings_count(readings).flows, 2);
	readings_tick(readings, 131 * S);
	assert_int_equal(readings_count(readings).flows, 0);
	assert_int_equal(readings_count(readings).bytes, 0);
	readings_free(readings);
}

static void bodies_are_passed_over_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);
	struct sek_name_copy_head head;

	give(readings, 1, 0, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbody");
	assert_string_equal(calls.words, "a [request 100052]");
	assert_int_equal(readings_count(readings).flows, 0);
	/* A piece of that body that comes all the same says nothing, and nothing is kept of it. */
	head = copy(1, 1, 1000);
	head.next = FIRST + 100052;
	readings_take(readings, &head, (const uint8_t *)"xxxx", 4);
	assert_string_equal(calls.words, "a [request 100052]");
	assert_int_equal(readings_count(readings).flows, 0);
	/* A chunked one is read along. */
	give(readings, 2, 0,
	     "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
	assert_string_equal(calls.words, "a [request 100052] b [agent 61]");
	give(readings, 2, 61, "cde\r\n0\r\n\r\n");
	assert_string_equal(calls.words, "a [request 100052] b [agent 61] [request 71]");
	readings_free(readings);
}

static void give_again(struct readings *readings, uint32_t flow, uint32_t at, const char *text)
{
	struct sek_name_copy_head head = copy(1, flow, at);

	head.kind = SEK_NAME_AGAIN;
	readings_again(readings, &head, (const uint8_t *)text, (uint32_t)strlen(text));
}

/* What was read comes again, in whatever pieces: it must be what it was. */
static void what_comes_again_is_compared_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);

	give(readings, 1, 0, "GET / HTTP/1.1\r\nHo");
	give(readings, 1, 18, "st: a\r\n\r\n");
	assert_string_equal(calls.words, "[agent 18] a [request 27]");
	give_again(readings, 1, 0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	give_again(readings, 1, 5, " HTTP");
	assert_string_equal(calls.words, "[agent 18] a [request 27]");
	assert_int_equal(calls.orders, 4);
	give_again(readings, 1, 18, "st: b");
	assert_string_equal(calls.words, "[agent 18] a [request 27] overlap [blocked]");
	assert_int_equal(readings_count(readings).flows, 0);
	/* Of what is held no more nothing can be said. */
	give_again(readings, 2, 0, "GET");
	assert_string_equal(calls.words, "[agent 18] a [request 27] overlap [blocked]");
	assert_int_equal(calls.orders, 6);
	readings_free(readings);
}

static void the_second_request_blocks_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);

	give(readings, 1, 0,
	     "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: bad.example\r\n\r\n");
	assert_string_equal(calls.words, "a bad.example [blocked by 7]");
	assert_int_equal(readings_count(readings).flows, 0);
	readings_free(readings);
}

static void ends_of_reading_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);

	give(readings, 1, 0, "EHLO mail\r\n");
	assert_string_equal(calls.words, "[passes]");
	give(readings, 2, 0, "GET / HTTP/1.1\nHost: a\n\n");
	assert_string_equal(calls.words, "[passes] bad [blocked]");
	give(readings, 3, 4, "/ HTTP/1.1\r\n");
	give(readings, 3, 0, "GET /x");
	assert_string_equal(calls.words, "[passes] bad [blocked] overlap [blocked]");
	assert_int_equal(readings_count(readings).flows, 0);
	/* A gap that stays ends it, as its tenant wants; without one it may take its time. */
	give(readings, 4, 4, "/ HTTP/1.1\r\n");
	give(readings, 5, 0, "GET / HT");
	readings_tick(readings, 150 * S);
	assert_int_equal(readings_count(readings).flows, 2);
	calls.words[0] = 0;
	readings_tick(readings, 161 * S);
	assert_string_equal(calls.words, "short [blocked]");
	calls.passes = true;
	readings_tick(readings, 800 * S);
	assert_string_equal(calls.words, "short [blocked] stuck [passes]");
	assert_int_equal(readings_count(readings).flows, 0);
	/* More than is held. */
	give(readings, 6, 100000, "x");
	assert_int_equal(readings_count(readings).ended[READING_LONG], 1);
	readings_free(readings);
}

/*
 * Many flows that stay: all of them hold no more than they may, and one tenant no more than its share.
 */
static void bounds_hold_test(void **state)
{
	struct calls calls = {};
	struct readings_limits limits = {
		.bytes = 1 << 20, .tenant_bytes = 300000, .flows = 200, .tenant_flows = 60
	};
	struct readings *readings = readings_make(&calls, limits);
	struct readings_count count;

	calls.passes = true;
	for (uint16_t tenant = 1; tenant < 20; tenant++)
		for (uint32_t flow = 0; flow < 100; flow++) {
			struct sek_name_copy_head head = copy(tenant, flow, 0);

			head.now_ns += flow;
			readings_take(readings, &head, (const uint8_t *)"GET /", 5);
			count = readings_count(readings);
			assert_true(count.flows <= 200);
			assert_true(count.bytes <= 1 << 20);
		}
	assert_int_equal(count.flows, 200);
	assert_int_equal(count.ended[READING_PUT_OUT], 19 * 100 - 200);
	assert_int_equal(calls.unread, 19 * 100 - 200);
	/* One flow that asks for much is put out of its own tenant, the others stay. */
	for (uint32_t at = 0; at < 64000; at += 1000) {
		struct sek_name_copy_head head = copy(40, 1, at);
		uint8_t text[1000];

		memset(text, 'A', sizeof(text));
		readings_take(readings, &head, text, sizeof(text));
	}
	assert_true(readings_count(readings).bytes <= 1 << 20);
	readings_free(readings);
}

/* What nobody here reads as QUIC is looked at again with the next datagram, or ended. */
static void quic_that_is_unknown_test(void **state)
{
	for (int passes = 0; passes < 2; passes++) {
		struct calls calls = {};
		struct readings *readings = readings_make(&calls, READINGS_LIMITS);
		struct sek_name_copy_head head = copy(1, 1, 0);

		calls.passes = passes;
		head.key.proto = IPPROTO_UDP;
		head.seq = 7;
		readings_take(readings, &head,
			      (const uint8_t *)"\xc0\x1a\x2a\x3a\x4a"
					       "another version",
			      20);
		assert_string_equal(calls.words, passes ? "unknown [quic 7]" : "unknown [blocked]");
		assert_int_equal(readings_count(readings).flows, 0);
		assert_int_equal(readings_count(readings).ended[READING_UNKNOWN], 1);
		readings_free(readings);
	}
}

/* An Initial of flow 1 with bytes from..to of a ClientHello; sum: what the kernel calls its id. */
static void give_initial(struct readings *readings, uint64_t now_ns, char id, uint32_t sum,
			 const char *name, size_t from, size_t to)
{
	struct sek_name_copy_head head = copy(1, 1, 0);
	uint8_t hello[300], datagram[2000];
	size_t len = quic_hello(hello, name);

	head.key.proto = IPPROTO_UDP;
	head.now_ns = now_ns;
	head.seq = sum;
	len = hello_initial(datagram, id, (uint32_t)from, hello, from, to ? to : len);
	readings_take(readings, &head, datagram, (uint32_t)len);
}

/*
 * Each connection between two ports passes by itself, when its name is known, and is held for a while.
 */
static void quic_connections_pass_by_themselves_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);

	give_initial(readings, 100 * S, 'a', 11, "a.example", 0, 40);
	assert_string_equal(calls.words, "");
	assert_int_equal(calls.orders, 1);
	give_initial(readings, 100 * S, 'a', 11, "a.example", 40, 0);
	assert_string_equal(calls.words, "a.example [quic 11]");
	/*
	 * Half of another one changes nothing for the first, which may come again, be it by another id.
	 */
	calls.words[0] = 0;
	give_initial(readings, 101 * S, 'b', 22, "b.example", 0, 40);
	assert_string_equal(calls.words, "");
	give_initial(readings, 101 * S, 'a', 33, "a.example", 0, 0);
	assert_string_equal(calls.words, "[quic 33]");
	give_initial(readings, 101 * S, 'b', 22, "b.example", 40, 0);
	assert_string_equal(calls.words, "[quic 33] b.example [quic 22]");
	assert_int_equal(readings_count(readings).flows, 1);
	/* Other bytes for the same place, as long as it is held. */
	readings_tick(readings, 130 * S);
	give_initial(readings, 130 * S, 'a', 11, "x.example", 0, 0);
	assert_string_equal(calls.words, "[quic 33] b.example [quic 22] bad [blocked]");
	assert_int_equal(readings_count(readings).flows, 0);
	/* Then it is a new one. */
	calls.words[0] = 0;
	give_initial(readings, 200 * S, 'a', 11, "a.example", 0, 0);
	readings_tick(readings, 231 * S);
	assert_int_equal(readings_count(readings).flows, 0);
	assert_int_equal(readings_count(readings).bytes, 0);
	give_initial(readings, 232 * S, 'a', 11, "bad.example", 0, 0);
	assert_string_equal(calls.words, "a.example [quic 11] bad.example [blocked by 7]");
	readings_free(readings);
}

/* A receiver may take a byte of it out of the stream. */
static void urgent_data_ends_it_test(void **state)
{
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);
	struct sek_name_copy_head head = copy(1, 1, 0);

	head.tcp_flags = 0x20;
	readings_take(readings, &head, (const uint8_t *)"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	assert_string_equal(calls.words, "bad [blocked]");
	readings_free(readings);
}

/* Requests that were read by the kernel alone come again: whole ones, whose names pass, or it ends. */
static void unheld_requests_are_read_test(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n", "a b" },
		{ "GET / HTTP/1.1\r\nHost: bad.a\r\n\r\n", "bad.a [blocked by 7]" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: bad.b\r\n\r\n",
		  "a bad.b [blocked by 7]" },
		{ "Host: a\r\n\r\n", "overlap [blocked]" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", "a overlap [blocked]" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1", "a overlap [blocked]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct calls calls = {};
		struct readings *readings = readings_make(&calls, READINGS_LIMITS);
		struct sek_name_copy_head head = copy(1, 1, 0);

		head.kind = SEK_NAME_AGAIN;
		head.unheld = 1;
		readings_again(readings, &head, (const uint8_t *)rows[i].text,
			       (uint32_t)strlen(rows[i].text));
		assert_string_equal(calls.words, rows[i].wanted);
		assert_int_equal(calls.orders, 1);
		readings_free(readings);
	}
}

/* A ClientHello of 50 bytes, behind it early data, of which some is yet to come. */
static void early_data_is_passed_over_test(void **state)
{
	static const char hello[] = "\x16\x03\x01\x00\x2d\x01\0\0\x29\x03\x03"
				    "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
				    "\0\0\x02\x13\x01\x01\0";
	struct calls calls = {};
	struct readings *readings = readings_make(&calls, READINGS_LIMITS);
	struct sek_name_copy_head head = copy(1, 1, 0);

	assert_int_equal(sizeof(hello) - 1, 50);
	readings_take(readings, &head, (const uint8_t *)hello, 20);
	head = copy(1, 1, 20);
	readings_take(readings, &head, (const uint8_t *)hello + 20, 30);
	assert_string_equal(calls.words, "[agent 20]  [hello 50]");
	head = copy(1, 1, 50);
	head.next = FIRST + 50;
	head.proto = SEK_NAME_PROTO_TLS;
	readings_take(readings, &head,
		      (const uint8_t *)"\x17\x03\x03\x00\x64"
				       "early",
		      10);
	assert_string_equal(calls.words, "[agent 20]  [hello 50] [hello 155]");
	head = copy(1, 1, 155);
	head.next = FIRST + 155;
	head.proto = SEK_NAME_PROTO_TLS;
	readings_take(readings, &head, (const uint8_t *)"\x16\x03\x03\x00\x05\x10\0\0\x01x", 10);
	assert_string_equal(calls.words, "[agent 20]  [hello 50] [hello 155] [passes]");
	readings_free(readings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_ordered_test),
		cmocka_unit_test(bodies_are_passed_over_test),
		cmocka_unit_test(what_comes_again_is_compared_test),
		cmocka_unit_test(the_second_request_blocks_test),
		cmocka_unit_test(ends_of_reading_test),
		cmocka_unit_test(bounds_hold_test),
		cmocka_unit_test(quic_that_is_unknown_test),
		cmocka_unit_test(quic_connections_pass_by_themselves_test),
		cmocka_unit_test(urgent_data_ends_it_test),
		cmocka_unit_test(unheld_requests_are_read_test),
		cmocka_unit_test(early_data_is_passed_over_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
