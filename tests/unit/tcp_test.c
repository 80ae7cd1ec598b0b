// SPDX-License-Identifier: Apache-2.0
/*
 * Connections, by rows: segments in, the state, the events and the bytes that the server's parser would read
 * out. Through the whole engine's front: decode, flow, tcp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/config.h"
#include "framemade.h"
#include "inspect/decode.h"
#include "inspect/engine.h"
#include "inspect/flowtable.h"
#include "inspect/session.h"
#include "inspect/tcp.h"

#define PORTS_AT 34 /* behind Ethernet and IPv4 */
#define C false
#define S true
#define CLIENT 1000u
#define SERVER 5000u

struct row {
	const char *says, *settings;
	struct made_tcp segments[10];
	enum tcp_state state;
	enum engine_event event; /* of any segment; EVENT_NONE: none at all */
	const char *sent; /* by the client, whole; NULL: nothing */
	bool ips;
};

#define HANDSHAKE                                                                                  \
	{ C, TCP_SYN, CLIENT, 0, 8192, NULL },                                                     \
		{ S, TCP_SYN | TCP_ACK, SERVER, CLIENT + 1, 8192, NULL },                          \
	{                                                                                          \
		C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, NULL                                     \
	}

static const struct row rows[] = {
	{ "three ways", NULL, { HANDSHAKE }, TCP_ESTABLISHED, EVENT_NONE, NULL, false },
	{ "bytes",
	  NULL,
	  { HANDSHAKE, { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "GET" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "GET",
	  false },
	{ "overtaken in the path",
	  NULL,
	  { HANDSHAKE,
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "GET / HTTP/1.1\r\n" },
	    { C, TCP_ACK, CLIENT + 20, SERVER + 1, 8192, "b\r\n" },
	    { C, TCP_ACK, CLIENT + 17, SERVER + 1, 8192, "A: " } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "GET / HTTP/1.1\r\nA: b\r\n",
	  true },
	{ "four ways",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 8192, NULL },
	    { S, TCP_SYN, SERVER, 0, 8192, NULL },
	    { C, TCP_SYN | TCP_ACK, CLIENT, SERVER + 1, 8192, NULL },
	    { S, TCP_ACK, SERVER + 1, CLIENT + 1, 8192, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "hi" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "hi",
	  false },
	{ "an answer to another number",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 8192, NULL },
	    { S, TCP_SYN | TCP_ACK, SERVER, CLIENT + 9, 8192, NULL } },
	  TCP_SYN_SENT,
	  EVENT_STREAM_3WHS_SYNACK_WITH_WRONG_ACK,
	  NULL,
	  false },
	{ "an acknowledgement of what the server never said",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 8192, NULL },
	    { S, TCP_SYN | TCP_ACK, SERVER, CLIENT + 1, 8192, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 70000, 8192, "evil" } },
	  TCP_SYN_RECV,
	  EVENT_STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION,
	  NULL,
	  false },
	{ "beyond the window",
	  NULL,
	  { HANDSHAKE, { C, TCP_ACK, CLIENT + 1 + 100000, SERVER + 1, 8192, "evil" } },
	  TCP_ESTABLISHED,
	  EVENT_STREAM_EST_PACKET_OUT_OF_WINDOW,
	  NULL,
	  false },
	{ "a reset with the wrong number ends nothing",
	  NULL,
	  { HANDSHAKE,
	    { C, TCP_RST, CLIENT + 500, 0, 0, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "on" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "on",
	  false },
	{ "a reset",
	  NULL,
	  { HANDSHAKE, { C, TCP_RST, CLIENT + 1, 0, 0, NULL } },
	  TCP_CLOSED,
	  EVENT_NONE,
	  NULL,
	  false },
	{ "who resets and goes on did not reset",
	  NULL,
	  { HANDSHAKE,
	    { C, TCP_RST, CLIENT + 1, 0, 0, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "on" } },
	  TCP_ESTABLISHED,
	  EVENT_STREAM_SUSPECTED_RST_INJECT,
	  "on",
	  false },
	{ "the client ends first",
	  NULL,
	  { HANDSHAKE,
	    { C, TCP_FIN | TCP_ACK, CLIENT + 1, SERVER + 1, 8192, NULL },
	    { S, TCP_FIN | TCP_ACK, SERVER + 1, CLIENT + 2, 8192, NULL },
	    { C, TCP_ACK, CLIENT + 2, SERVER + 2, 8192, NULL } },
	  TCP_CLOSED,
	  EVENT_NONE,
	  NULL,
	  false },
	{ "the server ends first",
	  NULL,
	  { HANDSHAKE,
	    { S, TCP_FIN | TCP_ACK, SERVER + 1, CLIENT + 1, 8192, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 2, 8192, NULL } },
	  TCP_FIN_WAIT2,
	  EVENT_NONE,
	  NULL,
	  false },
	{ "other bytes for the same place are told",
	  NULL,
	  { HANDSHAKE,
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "good" },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "evil" } },
	  TCP_ESTABLISHED,
	  EVENT_STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA,
	  "good",
	  false },
	{ "URG without a pointer takes nothing out",
	  NULL,
	  { HANDSHAKE, { C, TCP_ACK | TCP_URG, CLIENT + 1, SERVER + 1, 8192, "all" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "all",
	  false },
	{ "the middle, not asked for",
	  NULL,
	  { { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "mid" } },
	  TCP_NONE,
	  EVENT_NONE,
	  NULL,
	  false },
	{ "the middle",
	  "stream: {midstream: yes}\n",
	  { { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "mid" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "mid",
	  false },
	{ "a FIN of nothing",
	  NULL,
	  { { C, TCP_FIN | TCP_ACK, CLIENT + 1, SERVER + 1, 8192, NULL } },
	  TCP_NONE,
	  EVENT_STREAM_FIN_BUT_NO_SESSION,
	  NULL,
	  false },
};

/* The gateway has answered for the server: that is not shown. */
static const struct row cookie_rows[] = {
	{ "the server's window, then the request",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 8192, NULL },
	    { S, TCP_ACK, SERVER + 1, CLIENT + 1, 8192, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "GET" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "GET",
	  true },
	{ "the request comes first",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 8192, NULL },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 1, 8192, "GET" },
	    { S, TCP_ACK, SERVER + 1, CLIENT + 4, 8192, "200" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "GET",
	  true },
	{ "the server greets, as far as a window that was scaled lets it",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 10, NULL },
	    { S, TCP_ACK, SERVER + 1, CLIENT + 1, 10, "220 greetings\r\n" },
	    { C, TCP_ACK, CLIENT + 1, SERVER + 16, 10, "HELO a.example\r\n" } },
	  TCP_ESTABLISHED,
	  EVENT_NONE,
	  "HELO a.example\r\n",
	  true },
	{ "the server greets and ends",
	  NULL,
	  { { C, TCP_SYN, CLIENT, 0, 8192, NULL },
	    { S, TCP_ACK | TCP_FIN, SERVER + 1, CLIENT + 1, 8192, "bye" } },
	  TCP_FIN_WAIT1,
	  EVENT_NONE,
	  NULL,
	  true },
};

struct bed {
	bool cookie; /* opens all connections */
	struct config *config;
	struct hostos *hostos;
	struct decode_settings decode;
	struct flow_settings flow;
	struct tcp_settings tcp;
	struct engine_setup setup;
	struct flow_table table;
	struct tcp_tracker tracker;
};

static struct decoder decoder;

static void forget(void *arg, struct flow *flow, enum flow_end why)
{
	tcp_forget(&((struct bed *)arg)->tracker, flow);
	session_end(&flow->session);
}

static void bed_begin(struct bed *bed, const struct row *row)
{
	struct diag diag;

	memset(bed, 0, sizeof(*bed));
	diag_init(&diag);
	assert_int_equal(
		config_read_text(row->settings ? row->settings : "", "row", &bed->config, &diag), 0);
	diag_free(&diag);
	bed->setup = (struct engine_setup){ .config = bed->config,
					    .ips = row->ips,
					    .unchecked_sums = true };
	assert_int_equal(hostos_new(bed->config, &bed->hostos), 0);
	decode_settings_read(bed->config, &bed->decode);
	bed->decode.unchecked_sums = true;
	flow_settings_read(&bed->setup, 1, &bed->flow);
	tcp_settings_read(bed->config, &bed->setup, 1, &bed->tcp);
	assert_int_equal(flow_table_init(&bed->table, &bed->flow, &bed->setup), 0);
	bed->table.ended = forget;
	bed->table.ended_arg = bed;
	tcp_tracker_init(&bed->tracker, &bed->tcp, bed->hostos, &bed->table);
	decoder.settings = &bed->decode;
}

static void bed_end(struct bed *bed)
{
	flow_table_end(&bed->table, FLOW_END_SHUTDOWN);
	assert_int_equal(bed->tracker.memory.used, 0);
	flow_table_free(&bed->table);
	tcp_tracker_end(&bed->tracker);
	hostos_free(bed->hostos);
	config_free(bed->config);
}

/* port: of the client; 0: any, the same for all. */
static struct flow *segment_of(struct bed *bed, const struct made_tcp *segment, uint64_t number,
			       uint16_t port)
{
	struct made_frame frame;
	struct capture_packet packet;
	struct packet *p = &decoder.packets[0];

	made_tcp(&frame, segment);
	if (port) {
		frame.bytes[segment->back ? PORTS_AT + 2 : PORTS_AT] = (uint8_t)(port >> 8);
		frame.bytes[segment->back ? PORTS_AT + 3 : PORTS_AT + 1] = (uint8_t)port;
	}
	packet = made_packet(&frame, number, number * 1000000);
	assert_int_equal(decode_frame(&decoder, &packet), 1);
	p->tcp.is_cookie = bed->cookie;
	assert_non_null(flow_of(&bed->table, p));
	tcp_packet(&bed->tracker, p);
	return p->flow;
}

static struct flow *segment_run(struct bed *bed, const struct made_tcp *segment, uint64_t number,
				bool *saw, enum engine_event event)
{
	const struct packet *p = &decoder.packets[0];

	segment_of(bed, segment, number, 0);
	for (uint8_t i = 0; i < p->event_cnt; i++)
		*saw = *saw || event == EVENT_NONE || p->event[i] == event;
	return p->flow;
}

static void rows_run(const struct row *all, size_t cnt, bool cookie)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct row *row = &all[i];
		struct bed bed;
		struct flow *flow = NULL;
		bool saw = false;
		uint64_t from;
		struct slice sent = { .len = 0 };

		bed_begin(&bed, row);
		bed.cookie = cookie;
		for (size_t j = 0; j < 10 && row->segments[j].flags; j++)
			flow = segment_run(&bed, &row->segments[j], j + 1, &saw, row->event);
		assert_non_null(flow);
		sent = stream_held(flow, FROM_CLIENT, &from);
		if ((flow->tcp ? flow->tcp->state : TCP_NONE) != row->state ||
		    saw != (row->event != EVENT_NONE) || !slice_is(sent, row->sent ? row->sent : ""))
			fail_msg("%s: state %s, event %d, \"%.*s\"", row->says,
				 tcp_state_name(flow->tcp ? flow->tcp->state : TCP_NONE), saw,
				 (int)sent.len, (const char *)sent.at);
		bed_end(&bed);
	}
}

static void segments_are_judged_as_the_ends_do(void **state)
{
	rows_run(rows, sizeof(rows) / sizeof(rows[0]), false);
}

static void a_cookie_opens(void **state)
{
	rows_run(cookie_rows, sizeof(cookie_rows) / sizeof(cookie_rows[0]), true);
}

/* Connections from ports of their own, each with these segments; returns the last one's flow. */
static struct flow *connections_run(struct bed *bed, uint16_t first_port, uint16_t cnt,
				    const struct made_tcp *segments, size_t segment_cnt)
{
	struct flow *flow = NULL;

	for (uint16_t i = 0; i < cnt; i++)
		for (size_t k = 0; k < segment_cnt; k++)
			flow = segment_of(bed, &segments[k], 1000u + i, (uint16_t)(first_port + i));
	return flow;
}

/* In the path a connection without memory falls. One that is over makes room for it; an open one does not. */
static void what_is_over_makes_room(void **state)
{
	static const struct made_tcp opens[] = { HANDSHAKE };
	static const struct made_tcp ends[] = { HANDSHAKE, { C, TCP_RST, CLIENT + 1, 0, 8192, NULL } };
	char settings[80];
	const struct row row = { .settings = settings, .ips = true };
	struct flow *flow;
	struct bed bed;

	snprintf(settings, sizeof(settings), "stream: {memcap: %zu}\nflow: {memcap: %zu}\n",
		 10 * sizeof(struct tcp_session), 100 * sizeof(struct flow));
	bed_begin(&bed, &row);
	assert_int_equal(bed.flow.shard_cnt, 1);
	connections_run(&bed, 1000, 4, opens, 3);
	flow = connections_run(&bed, 2000, 50, ends, 4);
	assert_int_equal(bed.tracker.sessions_refused, 0);
	assert_int_equal(flow->tcp->state, TCP_CLOSED);
	connections_run(&bed, 3000, 6, opens, 3);
	assert_int_equal(bed.tracker.sessions_refused, 0);
	assert_int_equal(bed.table.evicted, 50);
	flow = connections_run(&bed, 4000, 1, opens, 1);
	assert_int_equal(bed.tracker.sessions_refused, 1);
	assert_null(flow->tcp);
	assert_true(decoder.packets[0].fate & FATE_DROP);
	bed_end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_judged_as_the_ends_do),
		cmocka_unit_test(a_cookie_opens),
		cmocka_unit_test(what_is_over_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
