/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/frames, by Telnet and MQTT: where units lie in the stream, whole and cut at every byte; what waits is bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/framekept.h"
#include "unit/protoasked.h"

static struct protorun run;

static void begin(enum proto_id id)
{
	protorun_begin(&run, id, 6);
	run.flow.session.setup = &protorun_frames;
}

static void test_telnet(void **state)
{
	const struct slice sent = TEXT("\xff\xfd\3\xff\xfa\x1f\0P\xff\xf0hi\r\n\xff\xff!\n$ ");

	for (size_t cut = 0; cut <= sent.len; cut++) {
		begin(PROTO_TELNET);
		protorun_feed(&run, FROM_CLIENT, slice(sent.at, cut), 0, false);
		protorun_feed(&run, FROM_CLIENT, slice_behind(sent, cut), 0, false);
		frame_is(frame_at(&run, false, 0), "ctl", 0, TEXT("\xff\xfd\3"));
		frame_is(frame_at(&run, false, 1), "ctl", 3, TEXT("\xff\xfa\x1f\0P"));
		frame_is(frame_at(&run, false, 2), "ctl", 8, TEXT("\xff\xf0"));
		frame_is(frame_at(&run, false, 3), "data", 10, TEXT("hi\r\n"));
		frame_is(frame_at(&run, false, 4), "data", 14, TEXT("\xff\xff!\n"));
		assert_null(frame_at(&run, false, 5)); /* a prompt has no end yet */
		protorun_end(&run);
	}
}

static void test_mqtt(void **state)
{
	begin(PROTO_MQTT);
	protorun_feed(&run, FROM_CLIENT, TEXT("\x30\4\0\1tm\xc0\0"), 0, false);
	frame_is(frame_at(&run, false, 0), "header", 0, TEXT("\x30\4"));
	frame_is(frame_at(&run, false, 1), "data", 2, TEXT("\0\1tm"));
	frame_is(frame_at(&run, false, 2), "header", 6, TEXT("\xc0\0"));
	frame_is(frame_at(&run, false, 3), "data", 8, TEXT("")); /* there is none, and that is told */
	assert_null(frame_at(&run, false, 4));
	protorun_end(&run);
}

static void test_prompt(void **state)
{
	begin(PROTO_TELNET);
	protorun_feed(&run, FROM_SERVER, TEXT("login: \xff\xfb\1Password:"), 0, false);
	frame_is(frame_at(&run, false, 0), "data", 0, TEXT("login: "));
	frame_is(frame_at(&run, false, 1), "ctl", 7, TEXT("\xff\xfb\1"));
	assert_null(frame_at(&run, false, 2));
	protorun_end(&run);
}

static void test_tls(void **state)
{
	begin(PROTO_TLS);
	protorun_feed(&run, FROM_SERVER, TEXT("\x15\3\1\0\2\2\x28"), 0, false);
	frame_is(frame_at(&run, false, 0), "hdr", 0, TEXT("\x15\3\1\0\2"));
	frame_is(frame_at(&run, false, 1), "data", 5, TEXT("\2\x28"));
	frame_is(frame_at(&run, false, 2), "alert", 5, TEXT("\2\x28"));
	assert_null(frame_at(&run, false, 3));
	protorun_end(&run);
	begin(PROTO_TLS);
	protorun_feed(&run, FROM_CLIENT, TEXT("\x80\x08\1\0\2\0\0\0\0\0"), 0, false);
	frame_is(frame_at(&run, false, 0), "ssl2.hdr", 0, TEXT("\x80\x08\1"));
	frame_is(frame_at(&run, false, 1), "ssl2.pdu", 0, TEXT("\x80\x08\1\0\2\0\0\0\0\0"));
	protorun_end(&run);
}

static void test_sip(void **state)
{
	begin(PROTO_SIP);
	protorun_feed(&run, FROM_CLIENT, TEXT("ACK sip:a SIP/2.0\r\nVia: x\r\n\r\nbody"), 0, false);
	frame_is(frame_at(&run, false, 0), "request.line", 0, TEXT("ACK sip:a SIP/2.0\r\n"));
	frame_is(frame_at(&run, false, 1), "request.headers", 19, TEXT("Via: x\r\n"));
	frame_is(frame_at(&run, false, 2), "request.body", 29, TEXT("body"));
	protorun_end(&run);
	begin(PROTO_SIP);
	protorun_feed(&run, FROM_SERVER, TEXT("SIP/2.0 200 OK\r\nVia: x"), 0, false);
	frame_is(frame_at(&run, false, 0), "response.line", 0, TEXT("SIP/2.0 200 OK\r\n"));
	frame_is(frame_at(&run, false, 1), "response.headers", 16, TEXT("Via: x"));
	assert_null(frame_at(&run, false, 2));
	protorun_end(&run);
}

/* All that a side sends, once for each side; records count frames by side. */
static void test_stream(void **state)
{
	struct session *session = &run.flow.session;
	struct proto_in in = { .side = FROM_CLIENT, .data = TEXT("abc") };

	begin(PROTO_TELNET);
	for (int side = 0; side < SIDES; side++)
		for (int twice = 0; twice < 2; twice++) {
			in.side = session->now_side = (enum side)side;
			frames_feed(session, &in);
			frame_of_stream(session);
		}
	assert_string_equal(frame_type_name(session->frames), "stream");
	assert_int_equal(session->frames->number, 1);
	assert_int_equal(session->frames->len, FRAME_LEN_UNKNOWN);
	assert_int_equal(session->frames->next->side, FROM_SERVER);
	assert_int_equal(session->frames->next->number, 1);
	assert_null(session->frames->next->next);
	protorun_end(&run);
}

/* A frame whose length is known later, or whose bytes do not all come. */
static void test_growing(void **state)
{
	struct session *session = &run.flow.session;
	struct proto_in in = { .side = FROM_CLIENT, .data = TEXT("abc") };
	struct frame *frame;

	begin(PROTO_TELNET);
	session->now_side = FROM_CLIENT;
	session->now_from = 100;
	frames_feed(session, &in);
	frame = session_frame(session, 2, in.data.at + 1, FRAME_LEN_UNKNOWN);
	assert_int_equal(frame->from, 101);
	assert_int_equal(frame->have, 2);
	session->now_from = 103;
	frames_feed(session, &in);
	assert_int_equal(frame->have, 5);
	assert_false(frame_is_whole(frame));
	frame_len_is(frame, 4);
	assert_true(frame_is_whole(frame) && frame->ended);
	frame = session_frame(session, 2, in.data.at, 10);
	session->now_from = 107; /* a byte is missing: of 10 from 103 on there are 0 to 2 and 4 to 6 */
	frames_feed(session, &in);
	assert_int_equal(frame->lost, 1);
	assert_int_equal(frame->lost_at, 3);
	assert_int_equal(frame->have, 6);
	assert_false(frame->ended);
	session->now_from = 110;
	frames_feed(session, &in);
	assert_int_equal(frame->have, 9);
	assert_true(frame->ended && !frame_is_whole(frame));
	frame = session_frame(session, 2, in.data.at, 10);
	session->now_from = 114; /* one is missing, and one more */
	frames_feed(session, &in);
	session->now_from = 118;
	frames_feed(session, &in);
	assert_true(frame->ended && !frame_is_whole(frame));
	assert_int_equal(frame->have, 6);
	protorun_end(&run);
}

static void test_bounds(void **state)
{
	static const uint8_t line[] = "\n";
	uint64_t cnt = 0, first;

	begin(PROTO_TELNET);
	for (size_t i = 0; i < 2000; i++)
		protorun_feed(&run, FROM_CLIENT, slice(line, 1), 0, false);
	for (const struct frame *frame = run.flow.session.frames; frame; frame = frame->next)
		cnt++;
	first = run.flow.session.frames->id;
	assert_int_equal(cnt, 512);
	assert_int_equal(first, 2 * 2000 - 512 + 1);
	frames_clean(&run.flow.session, false);
	assert_non_null(run.flow.session.frames); /* nobody was told of them */
	for (struct frame *frame = run.flow.session.frames; frame; frame = frame->next)
		frame->told = true;
	frames_clean(&run.flow.session, false);
	assert_null(run.flow.session.frames);
	protorun_end(&run);
}

/* Where nobody asks, nothing is kept. */
static void test_unasked(void **state)
{
	protorun_begin(&run, PROTO_TELNET, 6);
	protorun_feed(&run, FROM_CLIENT, TEXT("hi\r\n"), 0, false);
	assert_null(run.flow.session.frames);
	protorun_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_telnet),	cmocka_unit_test(test_mqtt),
		cmocka_unit_test(test_prompt),	cmocka_unit_test(test_tls),
		cmocka_unit_test(test_sip),	cmocka_unit_test(test_stream),
		cmocka_unit_test(test_growing), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_unasked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
