// SPDX-License-Identifier: Apache-2.0
/*
 * In line: for whom a flow is still looked at, by rows of rules, records and what was sent; and that one that
 * nobody wants is given back at once. Through a worker of the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"
#include "detect/detect.h"
#include "inspect/inspector.h"
#include "unit/talkmade.h"

#define IN_LINE "stream: {midstream: yes, inline: yes, bypass: yes, drop-invalid: no}\n"
#define NO_RECORDS "outputs: []\n"
#define HTTP_RECORDS "outputs: [{eve-log: {enabled: yes, types: [http]}}]\n"
#define HTTP_RULE "drop http any any -> any any (http.uri; content:\"/x\"; sid:1;)\n"
#define UDP_RULE "alert udp any any -> any 2306 (content:\"x\"; sid:2;)\n"

enum sent { SYN, ASKED, ANSWERED, UNKNOWN, DATAGRAMS };

static const struct row {
	const char *says, *rules, *records;
	enum sent sent;
	uint8_t whom; /* 0: it is given back */
	uint32_t rules_left;
} rows[] = {
	{ "no rule of its transport: at its first packet", UDP_RULE, NO_RECORDS, SYN, 0, 0 },
	{ "its protocol may be one that rules ask for", HTTP_RULE UDP_RULE, NO_RECORDS, SYN,
	  SEK_FOR_PROTOCOL | SEK_FOR_RULES, 1 },
	{ "it is what they ask for", HTTP_RULE, NO_RECORDS, ANSWERED, SEK_FOR_RULES, 1 },
	{ "it is nothing that is known", HTTP_RULE, NO_RECORDS, UNKNOWN, 0, 0 },
	{ "which a rule of bytes asks of, too",
	  HTTP_RULE "alert tcp any any -> any any (content:\"x\"; sid:3;)\n", NO_RECORDS, UNKNOWN,
	  SEK_FOR_RULES, 1 },
	{ "unless it is of another port",
	  HTTP_RULE "alert tcp any any -> any [81,100:200] (content:\"x\"; sid:3;)\n", NO_RECORDS,
	  UNKNOWN, 0, 0 },
	{ "the port of either end", HTTP_RULE "alert tcp any 80 -> any any (content:\"x\"; sid:3;)\n",
	  NO_RECORDS, UNKNOWN, SEK_FOR_RULES, 1 },
	{ "records want it", UDP_RULE, HTTP_RECORDS, ANSWERED, SEK_FOR_RECORDS, 0 },
	{ "and may", UDP_RULE, HTTP_RECORDS, SYN, SEK_FOR_RECORDS | SEK_FOR_PROTOCOL, 0 },
	{ "not of what nobody knows", UDP_RULE, HTTP_RECORDS, UNKNOWN, 0, 0 },
	{ "HTTP may become TLS by CONNECT",
	  "alert tls any any -> any any (tls.sni; content:\"x\"; sid:4;)\n", NO_RECORDS, ANSWERED,
	  SEK_FOR_RULES, 1 },
	{ "rules of addresses are asked of both sides first",
	  "alert ip any any -> 203.0.113.9 any (sid:5;)\n", NO_RECORDS, SYN,
	  SEK_FOR_RULES | SEK_FOR_PROTOCOL, 1 },
	{ "and then no more", "alert ip any any -> 203.0.113.9 any (sid:5;)\n", NO_RECORDS,
	  ANSWERED, 0, 0 },
	{ "datagrams of a port that a rule asks for", UDP_RULE, NO_RECORDS, DATAGRAMS,
	  SEK_FOR_RULES | SEK_FOR_PROTOCOL, 1 },
	{ "and of none", HTTP_RULE, NO_RECORDS, DATAGRAMS, 0, 0 },
};

struct place {
	char path[64];
	struct config *config;
	struct ruleset *ruleset;
	struct inspect_settings settings;
	struct inspector inspector;
	uint64_t number;
	struct lines lines;
};

static void begin(struct place *place, const struct row *row)
{
	char settings[256];
	struct diag diag;

	memset(place, 0, sizeof(*place));
	diag_init(&diag);
	snprintf(place->path, sizeof(place->path), "/tmp/purpose_test.%d", getpid());
	file_write(place->path, row->rules);
	snprintf(settings, sizeof(settings), IN_LINE "%s", row->records);
	assert_int_equal(config_read_text(settings, "settings", &place->config, &diag), 0);
	place->ruleset = rules_of(place->path, NULL, place->config, &diag);
	diag_free(&diag);
	assert_int_equal(inspect_settings_read(&(struct engine_setup){ .ruleset = place->ruleset,
								       .config = place->config,
								       .workers = 1,
								       .unchecked_sums = true,
								       .ips = true,
								       .flows_elsewhere = true },
					       &place->settings),
			 0);
	place->settings.setup.owner = NULL;
	assert_int_equal(
		inspector_init(&place->inspector, &place->settings, 0, line_keep, &place->lines), 0);
}

static void end(struct place *place)
{
	inspector_free(&place->inspector);
	inspect_settings_free(&place->settings);
	ruleset_free(place->ruleset);
	config_free(place->config);
	free(place->lines.bytes);
	unlink(place->path);
}

static void frame(struct place *place, const struct made_frame *f)
{
	place->number++;
	inspector_frame(
		&place->inspector,
		&(struct capture_packet){ .number = place->number,
					  .time_ns = 1700000000 * BED_SECOND + place->number * 1000,
					  .bytes = f->bytes,
					  .len = f->len,
					  .wire_len = f->len,
					  .link = 1 },
		NULL);
}

static void segment(struct place *place, bool back, uint32_t seq, uint32_t ack, uint8_t flags,
		    const char *text)
{
	struct made_frame f = { 0 };

	tcp_make(&f, &(struct talk){ 1, back, seq, ack, flags }, text);
	frame(place, &f);
}

static void send_all(struct place *place, enum sent sent)
{
	const char *asks = sent == UNKNOWN ? "\1\2\3 what" : "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	const char *answers = sent == UNKNOWN ? "\4\5\6 that"
					      : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct made_frame f = { 0 };

	if (sent == DATAGRAMS) {
		udp_make(&f, 1, "one");
		frame(place, &f);
		return;
	}
	segment(place, false, 100, 0, 0x02, "");
	if (sent == SYN)
		return;
	segment(place, true, 500, 101, 0x12, "");
	segment(place, false, 101, 501, 0x10, "");
	segment(place, false, 101, 501, 0x18, asks);
	if (sent != ASKED)
		segment(place, true, 501, 101 + (uint32_t)strlen(asks), 0x18, answers);
}

static void it_is_looked_at_for_somebody(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct inspect_verdict verdict;
		struct place place;

		begin(&place, &rows[i]);
		send_all(&place, rows[i].sent);
		verdict = inspector_verdict(&place.inspector);
		assert_non_null(verdict.own);
		if (verdict.own->purpose.whom != rows[i].whom ||
		    verdict.own->purpose.rules != rows[i].rules_left ||
		    verdict.over != !rows[i].whom ||
		    (verdict.over && verdict.why != SEK_BACK_NO_RULE))
			fail_msg("%s: for %#x, %u rules left, over %d, why %d", rows[i].says,
				 verdict.own->purpose.whom, verdict.own->purpose.rules,
				 verdict.over, verdict.why);
		end(&place);
	}
}

/* What is shown of a flow is written when it changes, not with each frame. */
static void it_is_news_once(void **state)
{
	const struct row row = { .rules = HTTP_RULE, .records = NO_RECORDS };
	struct place place;

	(void)state;
	begin(&place, &row);
	send_all(&place, ANSWERED);
	assert_false(inspector_verdict(&place.inspector).news);
	segment(&place, false, 127, 539, 0x10, "");
	assert_false(inspector_verdict(&place.inspector).news);
	end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_looked_at_for_somebody),
		cmocka_unit_test(it_is_news_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
