/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/mqtt: exchanges of versions 3.1.1 and 5, whole and cut at every byte; what is odd is an event, what nobody
 * answers is bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/mqtt.h"
#include "unit/protoasked.h"

/* Version 5, with a will, a name and a password; expiry of the session, a pair of the user's. */
#define CONNECT                                                                                    \
	"\x10\x32\0\4MQTT\5\xc6\0\x3c\x0c\x11\0\0\0\x0a\x26\0\1k\0\1v\0\2id\2\1\1\0\2wt\0\2wm"     \
	"\0\4user\0\4pass"
#define CONNACK "\x20\6\0\0\3\x22\0\x0a"
#define CONNECT_4 "\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x"
#define CONNACK_4 "\x20\2\0\0"
#define PUBLISH "\x34\x0b\0\1t\0\2\0hello"
#define SUBSCRIBE "\x82\x0d\0\1\0\0\3a/b\1\0\1c\0"

enum {
	NO_CONNECT = 1,
	NO_PUBLISH,
	NO_SUBSCRIBE,
	NO_UNSUBSCRIBE,
	TWO_CONNECTS,
	UNINTRODUCED,
	QOS,
	NO_ID,
	UNASSIGNED,
	TOO_MANY,
	MALFORMED
};

static struct protorun run;

static struct tx *first(void)
{
	return run.flow.session.first;
}

static void feed(enum side side, struct slice bytes)
{
	protorun_feed(&run, side, bytes, 0, false);
}

static void field_is(struct tx *tx, const char *name, uint32_t index, const char *value)
{
	field_says(&run, tx, name, FROM_CLIENT, index, value);
}

static void number_is(struct tx *tx, const char *name, uint32_t index, uint64_t value)
{
	uint64_t number;

	assert_true(field_of(&run, name)->number(tx, FROM_CLIENT, index, &number));
	assert_int_equal(number, value);
}

static void test_connection(void **state)
{
	const struct slice client = TEXT(CONNECT);

	for (size_t cut = 0; cut <= client.len; cut++) {
		protorun_begin(&run, PROTO_MQTT, 6);
		feed(FROM_CLIENT, slice(client.at, cut));
		assert_int_equal(first() != NULL, cut == client.len);
		feed(FROM_CLIENT, slice_behind(client, cut));
		assert_non_null(first());
		assert_int_equal(first()->progress[FROM_CLIENT], 0);
		feed(FROM_SERVER, TEXT(CONNACK));
		assert_null(first()->next);
		assert_int_equal(first()->event_cnt, 0);
		assert_int_equal(first()->progress[FROM_CLIENT], 1);
		field_is(first(), "mqtt.connect.clientid", 0, "id");
		field_is(first(), "mqtt.connect.username", 0, "user");
		field_is(first(), "mqtt.connect.password", 0, "pass");
		field_is(first(), "mqtt.connect.willtopic", 0, "wt");
		field_is(first(), "mqtt.connect.willmessage", 0, "wm");
		number_is(first(), "mqtt.type", 1, MQTT_CONNACK);
		number_is(first(), "mqtt.protocol_version", 0, 5);
		number_is(first(), "mqtt.connect.flags", 0, 0xc6);
		assert_string_equal(
			protorun_log(&run, first(), 0),
			"{\"connect\":{\"qos\":0,\"retain\":false,\"dup\":false,"
			"\"protocol_string\":\"MQTT\",\"protocol_version\":5,\"flags\":{"
			"\"username\":true,\"password\":true,\"will_retain\":false,\"will\":true,"
			"\"clean_session\":true},\"client_id\":\"id\",\"username\":\"user\","
			"\"password\":\"pass\",\"will\":{\"topic\":\"wt\",\"message\":\"wm\","
			"\"properties\":{\"payload_format_indicator\":1}},\"properties\":{"
			"\"session_expiry_interval\":10,\"k\":\"v\"}},\"connack\":{\"qos\":0,"
			"\"retain\":false,\"dup\":false,\"session_present\":false,"
			"\"return_code\":0,\"properties\":{\"topic_alias_maximum\":10}}}");
		protorun_end(&run);
	}
}

static void test_publish(void **state)
{
	struct tx *tx;

	protorun_begin(&run, PROTO_MQTT, 6);
	feed(FROM_CLIENT, TEXT(CONNECT));
	feed(FROM_SERVER, TEXT(CONNACK));
	feed(FROM_CLIENT, TEXT(PUBLISH SUBSCRIBE));
	tx = first()->next;
	feed(FROM_SERVER, TEXT("\x50\2\0\2"));
	feed(FROM_CLIENT, TEXT("\x62\2\0\2"));
	assert_int_equal(tx->progress[FROM_CLIENT], 0);
	feed(FROM_SERVER, TEXT("\x70\3\0\2\x92"));
	assert_int_equal(tx->progress[FROM_CLIENT], 1);
	assert_int_equal(tx->event_cnt, 0);
	field_is(tx, "mqtt.publish.topic", 0, "t");
	field_is(tx, "mqtt.publish.message", 0, "hello");
	number_is(tx, "mqtt.reason_code", 2, 0x92);
	number_is(tx, "mqtt.qos", 0, 2);
	field_is(tx->next, "mqtt.subscribe.topic", 1, "c");
	assert_int_equal(tx->next->progress[FROM_CLIENT], 0);
	feed(FROM_SERVER, TEXT("\x90\5\0\1\0\1\0"));
	assert_int_equal(tx->next->progress[FROM_CLIENT], 1);
	assert_string_equal(
		protorun_log(&run, tx->next, 0),
		"{\"subscribe\":{\"qos\":1,\"retain\":false,\"dup\":false,\"message_id\":1,\"topics\":["
		"{\"topic\":\"a/b\",\"qos\":1},{\"topic\":\"c\",\"qos\":0}]},\"suback\":{\"qos\":0,"
		"\"retain\":false,\"dup\":false,\"message_id\":1,\"qos_granted\":[1,0]}}");
	protorun_end(&run);
}

/* The last transaction of an exchange has this event, and no other. */
static void event_is(enum side side, struct slice bytes, bool introduced, uint8_t event)
{
	protorun_begin(&run, PROTO_MQTT, 6);
	if (introduced) {
		feed(FROM_CLIENT, TEXT(CONNECT_4));
		feed(FROM_SERVER, TEXT(CONNACK_4));
	}
	feed(side, bytes);
	assert_non_null(run.flow.session.last);
	assert_int_equal(run.flow.session.last->event_cnt, 1);
	assert_int_equal(run.flow.session.last->event[0], event);
	protorun_end(&run);
}

static void test_events(void **state)
{
	event_is(FROM_SERVER, TEXT(CONNACK_4), false, NO_CONNECT);
	event_is(FROM_SERVER, TEXT("\x40\2\0\1"), true, NO_PUBLISH);
	event_is(FROM_SERVER, TEXT("\x90\3\0\1\0"), true, NO_SUBSCRIBE);
	event_is(FROM_SERVER, TEXT("\xb0\2\0\1"), true, NO_UNSUBSCRIBE);
	event_is(FROM_CLIENT, TEXT(CONNECT_4), true, TWO_CONNECTS);
	event_is(FROM_CLIENT, TEXT("\xc0\0"), false, UNINTRODUCED);
	event_is(FROM_CLIENT, TEXT("\x36\5\0\1t\0\1"), true, QOS);
	event_is(FROM_CLIENT, TEXT("\x80\6\0\1\0\1t\0"), true, QOS);
	event_is(FROM_CLIENT, TEXT("\0\0"), true, UNASSIGNED);
	event_is(FROM_CLIENT, TEXT("\xc0\xff\xff\xff\xff"), true, MALFORMED);
	event_is(FROM_CLIENT, TEXT("\x10\4\0\xffMQ"), true, MALFORMED);
}

/* What waits for an answer is bounded: the oldest waits no longer. */
static void test_bound(void **state)
{
	char publish[] = "\x32\5\0\1t\0\0";
	size_t waiting = 0;

	protorun_begin(&run, PROTO_MQTT, 6);
	feed(FROM_CLIENT, TEXT(CONNECT_4));
	feed(FROM_SERVER, TEXT(CONNACK_4));
	for (unsigned int i = 0; i < 1025; i++) {
		publish[5] = (char)(i >> 8);
		publish[6] = (char)i;
		feed(FROM_CLIENT, slice(publish, 7));
	}
	for (struct tx *tx = first(); tx; tx = tx->next)
		waiting += tx->progress[FROM_CLIENT] == 0;
	assert_int_equal(waiting, 1024);
	assert_int_equal(first()->next->event_cnt, 1);
	assert_int_equal(first()->next->event[0], TOO_MANY);
	protorun_end(&run);
}

/* A message that is longer than is read is passed over, and the next one is read. */
static void test_long(void **state)
{
	static const char zeros[100000];
	size_t rest = 2 * 1024 * 1024;

	protorun_begin(&run, PROTO_MQTT, 6);
	feed(FROM_CLIENT, TEXT(CONNECT_4 "\x30\x80\x80\x80\1"));
	assert_string_equal(protorun_log(&run, run.flow.session.last, 0),
			    "{\"publish\":{\"qos\":0,\"retain\":false,\"dup\":false,"
			    "\"truncated\":true,\"skipped_length\":2097157}}");
	for (size_t len; rest; rest -= len) {
		len = rest < sizeof(zeros) ? rest : sizeof(zeros);
		feed(FROM_CLIENT, slice(zeros, len));
	}
	feed(FROM_CLIENT, TEXT("\xc0\0"));
	number_is(run.flow.session.last, "mqtt.type", 0, MQTT_PINGREQ);
	protorun_end(&run);
}

static void test_guess(void **state)
{
	const struct proto *proto = protos[PROTO_MQTT];

	assert_int_equal(proto->guess(FROM_CLIENT, TEXT(CONNECT)), GUESS_YES);
	assert_int_equal(proto->guess(FROM_CLIENT, slice(CONNECT, 5)), GUESS_MORE);
	assert_int_equal(proto->guess(FROM_CLIENT, TEXT("\x10\x0d\0\4HTTP")), GUESS_NO);
	assert_int_equal(proto->guess(FROM_SERVER, TEXT(CONNACK)), GUESS_NO);
	assert_int_equal(proto->guess_there(FROM_SERVER, TEXT(CONNACK)), GUESS_YES);
	assert_int_equal(proto->guess_there(FROM_CLIENT, TEXT("\x36\2")), GUESS_NO);
	assert_int_equal(proto->guess_there(FROM_CLIENT, TEXT("\0\0")), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection), cmocka_unit_test(test_publish),
		cmocka_unit_test(test_events),	   cmocka_unit_test(test_bound),
		cmocka_unit_test(test_long),	   cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
