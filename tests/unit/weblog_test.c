// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of logs, the lists of a policy beside the gateway, why a name is blocked, and what a log comes to
 * under a list that is tried.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "explain/nameasked.h"
#include "unit/made.h"
#include "weblog/read.h"

static char folder[] = "/tmp/weblog_test.XXXXXX";

/* --- lines --- */

static const struct line_row {
	const char *line;
	enum weblog_said said;
	const char *url, *host; /* NULL: none */
	bool https;
	int64_t time; /* 0: none */
	const char *client;
} lines[] = {
	{ "1286536310.075    564 10.0.0.7 TCP_MISS/200 3912 GET http://example.com/a?b - "
	  "DIRECT/1.2.3.4 text/html",
	  WEBLOG_URL, "http://example.com/a?b", NULL, false, 1286536310, "10.0.0.7" },
	{ "1286536310.075 5 2001:db8::1 TCP_TUNNEL/200 39 CONNECT example.com:443 - "
	  "HIER_DIRECT/1.2.3.4 -",
	  WEBLOG_URL, "example.com:443", NULL, true, 1286536310, "2001:db8::1" },
	{ "1286536310.075 0 10.0.0.7 NONE/400 39 GET error:invalid-request - HIER_NONE/- -",
	  WEBLOG_OTHER, NULL, NULL, false, 1286536310, "10.0.0.7" },
	{ "1286536310.075 0 10.0.0.7 NONE", WEBLOG_BAD, NULL, NULL, false, 0, NULL },
	{ "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET http://example.com/a HTTP/1.1\" 200 2 "
	  "\"-\" \"curl\"",
	  WEBLOG_URL, "http://example.com/a", NULL, false, 971211336, "10.0.0.1" },
	{ "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"CONNECT example.com:443 HTTP/1.1\" 200 2",
	  WEBLOG_URL, "example.com:443", NULL, true, 971211336, "10.0.0.1" },
	{ "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 2", WEBLOG_OTHER, NULL,
	  NULL, false, 971211336, "10.0.0.1" },
	{ "www.example.com:80 10.0.0.1 - u [10/Oct/2000:13:55:36 +0000] \"GET /a\\\"b HTTP/1.0\" 200 2",
	  WEBLOG_URL, "/a\\\"b", "www.example.com:80", false, 971186136, "10.0.0.1" },
	{ "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a", WEBLOG_BAD, NULL, NULL, false, 0,
	  NULL },
	{ "{\"timestamp\":\"2026-11-29T11:00:00.123456+0900\",\"event_type\":\"http\",\"src_ip\":"
	  "\"10.0.0.1\",\"http\":{\"hostname\":\"example.com\",\"url\":\"\\/a\\u002fb\"}}",
	  WEBLOG_URL, "/a/b", "example.com", false, 1795917600, "10.0.0.1" },
	{ "{\"event_type\": \"tls\", \"tls\": {\"sni\": \"example.com\"}}", WEBLOG_URL,
	  "example.com", NULL, true, 0, NULL },
	{ "{\"event_type\":\"dns\",\"dns\":{\"rrname\":\"example.com\"}}", WEBLOG_URL,
	  "example.com", NULL, true, 0, NULL },
	{ "{\"event_type\":\"flow\",\"note\":\"\\\"sni\\\":\\\"x\\\"\"}", WEBLOG_OTHER, NULL, NULL,
	  false, 0, NULL },
	{ "{\"event_type\":\"tls\",\"note\":\"\\\"sni\\\":\\\"x\\\"\"}", WEBLOG_OTHER, NULL, NULL,
	  false, 0, NULL },
	{ "{\"event_type\":\"tls\",\"sni\":\"x", WEBLOG_BAD, NULL, NULL, false, 0, NULL },
	{ "{\"timestamp\":\"28/Nov/2026:23:00:00 +0900\",\"client\":\"10.0.0.1\",\"method\":\"GET\","
	  "\"url\":\"http://example.com/a\",\"status\":200}", /* squid, as its users set it up */
	  WEBLOG_URL, "http://example.com/a", NULL, false, 1795874400, "10.0.0.1" },
	{ "{\"time\":\"1286536310.075\",\"src_ip\":\"10.0.0.1\",\"method\":\"CONNECT\",\"url\":\"example.com:443\"}",
	  WEBLOG_URL, "example.com:443", NULL, true, 1286536310, "10.0.0.1" },
	{ "{\"time_iso8601\":\"2026-11-29T11:00:00+09:00\",\"remote_addr\":\"2001:db8::1\",\"host\":\"example.com\","
	  "\"request\":\"GET /a?b HTTP/1.1\",\"http_user_agent\":\"x \\\"url\\\":\\\"y\\\"\"}", /* nginx */
	  WEBLOG_URL, "/a?b", "example.com", false, 1795917600, "2001:db8::1" },
	{ "{\"level\":\"info\",\"ts\":1646861401.5241024,\"msg\":\"handled request\",\"request\":{\"remote_ip\":"
	  "\"10.0.0.1\",\"remote_port\":\"41342\",\"proto\":\"HTTP/2.0\",\"method\":\"GET\",\"host\":\"example.com\","
	  "\"uri\":\"/a\",\"headers\":{\"User-Agent\":[\"curl\"]},\"tls\":{\"version\":772}}}", /* Caddy */
	  WEBLOG_URL, "/a", "example.com", true, 1646861401, "10.0.0.1" },
	{ "{\"ClientHost\":\"10.0.0.1\",\"RequestHost\":\"example.com\",\"RequestPath\":\"/a\",\"RequestScheme\":"
	  "\"https\",\"StartUTC\":\"2026-11-29T02:00:00.5Z\",\"time\":\"2026-11-29T02:00:01Z\"}", /* Traefik */
	  WEBLOG_URL, "/a", "example.com", true, 1795917600, "10.0.0.1" },
	{ "{\"start_time\":\"2026-11-29T02:00:00.000Z\",\"downstream_remote_address\":\"[2001:db8::1]:4711\","
	  "\"authority\":\"example.com\",\"method\":\"GET\",\"path\":\"/a\"}", /* Envoy */
	  WEBLOG_URL, "/a", "example.com", false, 1795917600, "2001:db8::1" },
	{ "{\"T\":\"2026-11-29T11:00:00+09:00\",\"QH\":\"example.com\",\"QT\":\"A\",\"IP\":\"10.0.0.1\"}",
	  WEBLOG_URL, "example.com", NULL, true, 1795917600, "10.0.0.1" }, /* AdGuard Home */
	{ "{\"ts\":1646861401123,\"downstream_remote_address\":\"10.0.0.1:4711\",\"path\":\"-\"}",
	  WEBLOG_OTHER, NULL, NULL, false, 1646861401, "10.0.0.1" },
	{ "https://example.com/x\r", WEBLOG_URL, "https://example.com/x", NULL, true, 0, NULL },
	{ "  example.com", WEBLOG_URL, "example.com", NULL, false, 0, NULL },
	{ "what is this", WEBLOG_BAD, NULL, NULL, false, 0, NULL },
	{ "# example.com", WEBLOG_NOTHING, NULL, NULL, false, 0, NULL },
	{ "", WEBLOG_NOTHING, NULL, NULL, false, 0, NULL },
};

static void text_is(struct weblog_text text, const char *wanted)
{
	assert_int_equal(text.len, wanted ? strlen(wanted) : 0);
	if (wanted)
		assert_memory_equal(text.text, wanted, text.len);
}

static void forms_are_told_apart(void **state)
{
	static struct weblog_line line;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct line_row *row = &lines[i];
		char client[PREFIX_TEXT_MAX] = "";

		print_message("# %s\n", row->line);
		assert_int_equal(weblog_line(row->line, strlen(row->line), &line), row->said);
		if (row->said == WEBLOG_URL) {
			text_is(line.url, row->url);
			text_is(line.host, row->host);
			assert_int_equal(line.https, row->https);
		}
		if (row->said == WEBLOG_BAD)
			continue;
		assert_int_equal(line.has_time, row->time != 0);
		if (row->time)
			assert_int_equal(line.time, row->time);
		assert_int_equal(line.has_client, row->client != NULL);
		if (row->client)
			assert_string_equal(address_print(&line.client, client), row->client);
	}
}

/* --- a policy and its lists --- */

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static const char policy_text[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: in, id: 1, side: inside, mode: route}\n"
	"  - {name: out, id: 2, side: outside, mode: route}\n"
	"lists:\n"
	"  - {name: bad, id: 3, holds: names, kind: block, category: malware, source: bad.txt}\n"
	"  - {name: fun, id: 1, holds: names, kind: block, source: fun.txt, format: adblock}\n"
	"  - {name: good, id: 2, holds: names, kind: allow, source: good.txt, format: domains}\n"
	"  - {name: look, id: 4, holds: names, kind: block, source: look.txt, format: domains}\n"
	"  - {name: lost, id: 5, holds: names, kind: block, url: \"https://lost.example/\"}\n"
	"names: {sinkhole: {ipv4: 192.0.2.10}}\n"
	"tenants:\n"
	"  - {name: a, id: 1, attach: [{port: in}, {port: out}], prefixes: [10.0.0.0/16], fail: closed,\n"
	"     names: {block: [bad, lost, {lists: fun, when: Mon-Fri 08:30-17:15}], inspect: look,\n"
	"             answer: sinkhole, quic: refuse,\n"
	"             groups: [{name: kids, addresses: 10.0.5.0/24, mode: only-listed, allow: good}]}}\n"
	"  - {name: b, id: 2, attach: [{port: in}, {port: out}], prefixes: [10.1.0.0/16]}\n";

static struct policy *policy;
static struct name_book *book;
static struct diag words;

static int set_up(void **state)
{
	char path[128];

	assert_non_null(mkdtemp(folder));
	put("bad.txt", "0.0.0.0 exact.example\n0.0.0.0 www.exact.example\n0.0.0.0 game.example\n");
	put("fun.txt", "||game.example^\n||play.example/coin/\n@@||ok.game.example^\n");
	put("good.txt", "school.example\n");
	put("look.txt", "look.example\n");
	put("try.txt", "tried.example\n");
	put("p.yaml", policy_text);
	snprintf(path, sizeof(path), "%s/p.yaml", folder);
	diag_init(&words);
	policy = policy_read(path, &words);
	diag_print(&words, stderr);
	assert_non_null(policy);
	return 0;
}

static int tear_down(void **state)
{
	char command[160];

	policy_free(policy);
	diag_free(&words);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void book_make(const char *candidate, const char *stands_for)
{
	char path[128];
	struct name_book_options options = { .stands_for = stands_for };
	struct diag diag;

	snprintf(path, sizeof(path), "%s/%s", folder, candidate ? candidate : "");
	options.candidate = candidate ? path : NULL;
	diag_init(&diag);
	assert_int_equal(name_book_open(policy, &options, &book, &diag), 0);
	assert_int_equal(diag.error_cnt, 0);
	assert_int_equal(diag.cnt, 1); /* of the lost list */
	assert_non_null(strstr(diag.entries[0].text, "what list lost holds is not known"));
	diag_free(&diag);
}

static const struct asked_row {
	const char *what, *group, *at;
	enum name_end host, url;
	int list; /* by its name; that decided the whole */
	const char *entry;
} asked_rows[] = {
	{ "exact.example", NULL, "Sun 08:30", NAME_BLOCKED, NAME_BLOCKED, 3, "=exact.example" },
	{ "EXACT.example.", NULL, "Sun 08:30", NAME_BLOCKED, NAME_BLOCKED, 3, "=exact.example" },
	{ "sub.exact.example", NULL, "Sun 08:30", NAME_PASSES, NAME_PASSES, -1, NULL },
	{ "www.game.example", NULL, "Sun 08:30", NAME_PASSES, NAME_PASSES, -1, NULL },
	{ "www.game.example", NULL, "Mon 08:29", NAME_PASSES, NAME_PASSES, -1, NULL },
	{ "www.game.example", NULL, "Mon 08:30", NAME_BLOCKED, NAME_BLOCKED, 1, "game.example" },
	{ "www.game.example", NULL, "Fri 17:14", NAME_BLOCKED, NAME_BLOCKED, 1, "game.example" },
	{ "www.game.example", NULL, "Fri 17:15", NAME_PASSES, NAME_PASSES, -1, NULL },
	{ "www.game.example", NULL, "2026-11-30T08:30", NAME_BLOCKED, NAME_BLOCKED, 1,
	  "game.example" },
	{ "ok.game.example", NULL, "Mon 08:30", NAME_PASSES, NAME_PASSES, 1,
	  "except ok.game.example" },
	{ "http://play.example/coin/1", NULL, "Mon 08:30", NAME_PASSES, NAME_BLOCKED, 1,
	  "play.example/coin/" },
	{ "http://u@play.example:80/x/../coin/1", NULL, "Mon 08:30", NAME_PASSES, NAME_BLOCKED, 1,
	  "play.example/coin/" },
	{ "look.example", NULL, "Mon 08:30", NAME_INSPECTED, NAME_INSPECTED, 4, "look.example" },
	{ "www.school.example", "kids", "Sun 08:30", NAME_PASSES, NAME_PASSES, 2, "school.example" },
	{ "other.example", "kids", "Sun 08:30", NAME_UNLISTED, NAME_UNLISTED, -1, NULL },
	{ "look.example", "kids", "Sun 08:30", NAME_INSPECTED, NAME_INSPECTED, 4, "look.example" },
};

static void names_are_explained(void **state)
{
	static struct name_question q;
	struct diag diag;

	book_make(NULL, NULL);
	diag_init(&diag);
	for (size_t i = 0; i < sizeof(asked_rows) / sizeof(asked_rows[0]); i++) {
		const struct asked_row *row = &asked_rows[i];
		const struct name_words asking = {
			.what = row->what, .tenant = "a", .group = row->group, .at = row->at
		};
		const struct name_view view = name_book_view(book);
		struct name_asked host, url;
		struct sek_name_said said;
		struct name_found found = {};
		const struct name_entry *entry;
		const struct name_list *of;

		print_message("# %s\n", row->what);
		assert_int_equal(name_question_read(policy, &asking, 0, &q, &diag), 0);
		host = name_question_host(&q);
		url = name_question_url(&q);
		said = name_decide(&view, &host, q.tenant->id, q.phase, &found);
		assert_int_equal(name_end_of(&said, q.phase), row->host);
		said = name_decide(&view, &url, q.tenant->id, q.phase, &found);
		assert_int_equal(name_end_of(&said, q.phase), row->url);
		entry = name_book_why(book, &url, &found, &said, &of);
		assert_int_equal(entry != NULL, row->entry != NULL);
		if (entry) {
			char *text = name_entry_text(of, entry);

			assert_int_equal(name_list_lowest(said.lists), row->list);
			assert_string_equal(text, row->entry);
			free(text);
		}
	}
	diag_free(&diag);
	name_book_free(book);
}

static const struct refused_row {
	struct name_words words;
	const char *part;
} refused_rows[] = {
	{ { .what = "ftp://x/", .tenant = "a" }, "neither a name nor a URL" },
	{ { .what = "x", .tenant = "aa" }, "no tenant of this policy" },
	{ { .what = "x.example", .tenant = "host" }, "no tenant of this policy" },
	{ { .what = "x.example", .tenant = "a", .group = "kid" }, "no group of this tenant" },
	{ { .what = "x.example", .tenant = "a", .src = "10.0.0.0/24" }, "no address" },
	{ { .what = "x.example", .tenant = "a", .src = "10.1.0.1" }, "no address of this tenant" },
	{ { .what = "x.example", .tenant = "a", .at = "25:00" }, "no time" },
	{ { .what = "x.example", .tenant = "a", .at = "Mon 8" }, "no time" },
	{ { .what = "x.example", .tenant = "a", .at = "2026-02-30T08:30" }, "no time" },
};

static void questions_are_refused(void **state)
{
	static struct name_question q;

	for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
		struct diag diag;

		diag_init(&diag);
		print_message("# %s\n", refused_rows[i].part);
		assert_int_equal(name_question_read(policy, &refused_rows[i].words, 0, &q, &diag),
				 -EINVAL);
		assert_non_null(strstr(diag.entries[0].text, refused_rows[i].part));
		diag_free(&diag);
	}
}

static void an_address_has_a_group(void **state)
{
	static struct name_question q;
	struct name_words asking = { .what = "x.example", .tenant = "a", .src = "10.0.5.9" };

	assert_int_equal(name_question_read(policy, &asking, 0, &q, &words), 0);
	assert_string_equal(q.group->name, "kids");
	asking.src = "10.0.6.9";
	assert_int_equal(name_question_read(policy, &asking, 0, &q, &words), 0);
	assert_null(q.group);
}

static const char *row_of(const json_t *answer, const char *protocol)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "wire"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "protocol")), protocol))
			return json_string_value(json_object_get(row, "what"));
	return "";
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void the_wire_is_told(void **state)
{
	static struct name_question q;
	struct name_words asking = { .what = "https://exact.example/x",
				     .tenant = "a",
				     .at = "Mon 08:30" };
	const struct name_because blocked = {
		.said = { .opinion = SEK_NAME_BLOCK, .lists = 8, .ends = 8 },
		.list = 3,
		.line = 1,
		.entry = "=exact.example"
	};
	const struct name_because canary = {
		.said = { .opinion = SEK_NAME_BLOCK, .lists = 8, .how = SEK_NAME_CANARY }, .list = 3
	};
	const struct name_because nothing = { .list = -1 };
	json_t *answer;

	assert_int_equal(name_question_read(policy, &asking, 0, &q, &words), 0);
	answer = name_answer_json(policy, &q, &blocked, &blocked, "sources");
	assert_string_equal(text_of(answer, "verdict"), "blocked");
	assert_string_equal(text_of(json_object_get(answer, "because"), "reason"), "name_block");
	assert_string_equal(text_of(json_object_get(answer, "because"), "matched"), "exact.example");
	assert_string_equal(text_of(json_object_get(answer, "phase"), "until"), "Mon 17:15");
	assert_non_null(strstr(row_of(answer, "DNS"), "A 192.0.2.10, AAAA no data, for 60s"));
	assert_non_null(strstr(row_of(answer, "TLS"), "reset"));
	assert_non_null(strstr(row_of(answer, "TLS, ClientHello in pieces"), "waits"));
	assert_non_null(strstr(row_of(answer, "QUIC"), "ICMP"));
	json_decref(answer);
	answer = name_answer_json(policy, &q, &canary, &canary, "sources");
	assert_string_equal(row_of(answer, "DNS"), "answered with NXDOMAIN");
	json_decref(answer);
	/* a path is not seen in TLS */
	answer = name_answer_json(policy, &q, &nothing, &blocked, "sources");
	assert_string_equal(text_of(answer, "verdict"), "passes");
	assert_string_equal(text_of(json_object_get(answer, "url"), "verdict"), "blocked");
	json_decref(answer);
	/* nor does an allowed path help where DNS gives no address */
	asking.what = "http://exact.example/x";
	assert_int_equal(name_question_read(policy, &asking, 0, &q, &words), 0);
	answer = name_answer_json(policy, &q, &blocked, &nothing, "sources");
	assert_string_equal(text_of(answer, "verdict"), "blocked");
	json_decref(answer);
}

/* --- a log --- */

#define LOG                                                                                        \
	"https://exact.example/\n"                                                                 \
	"http://tried.example/1\n"                                                                 \
	"http://www.tried.example/2\n"                                                             \
	"www.tried.example\n"                                                                      \
	"look.example\n"                                                                           \
	"passes.example\n"                                                                         \
	"# comment\n"                                                                              \
	"not a line\n"                                                                             \
	"1700000000.000 1 10.0.5.9 TCP_MISS/200 1 GET http://passes.example/ - X/- -\n"            \
	"1700000000.000 1 10.0.0.9 TCP_MISS/200 1 GET http://www.game.example/ - X/- -"

static struct weblog_tally *try(const char *path, const char *candidate, const char *stands_for,
				int quarter)
{
	struct weblog_sides sides = { .group = -1, .quarter = quarter };
	struct weblog_tally *tally;

	book_make(candidate, stands_for);
	assert_int_equal(name_side_make(book, policy_tenant(policy, "a"), false, &sides.before), 0);
	assert_int_equal(name_side_make(book, policy_tenant(policy, "a"), true, &sides.after), 0);
	tally = weblog_read(path, &sides, 2, NULL, &words);
	assert_non_null(tally);
	name_side_free(&sides.before);
	name_side_free(&sides.after);
	name_book_free(book);
	return tally;
}

static void a_list_is_tried(void **state)
{
	struct weblog_tally *tally;
	char path[128];

	put("log", LOG);
	snprintf(path, sizeof(path), "%s/log", folder);
	tally = try(path, "try.txt", NULL, (int)week_quarter(6, 0, 0));
	assert_int_equal(tally->lines, 9);
	assert_int_equal(tally->urls, 8);
	assert_int_equal(tally->bad, 1);
	assert_int_equal(tally->ends[NAME_PASSES][NAME_BLOCKED], 3);
	assert_int_equal(tally->ends[NAME_BLOCKED][NAME_BLOCKED], 1);
	assert_int_equal(tally->ends[NAME_INSPECTED][NAME_INSPECTED], 1);
	assert_int_equal(tally->ends[NAME_UNLISTED][NAME_UNLISTED], 1); /* of the group's address */
	assert_int_equal(tally->ends[NAME_PASSES][NAME_PASSES], 2);
	assert_string_equal(tally->names[0].name, "www.tried.example");
	assert_int_equal(tally->names[0].lines, 2);
	assert_int_equal(tally->lists[0][3], 1);
	assert_int_equal(tally->lists[1][62], 3); /* the candidate: the highest number that is free */
	weblog_tally_free(tally);

	/* in the place of another, which then says nothing any more */
	tally = try(path, "try.txt", "bad", (int)week_quarter(0, 9, 0));
	assert_int_equal(tally->ends[NAME_BLOCKED][NAME_PASSES], 1);
	assert_int_equal(tally->ends[NAME_PASSES][NAME_BLOCKED], 3);
	assert_int_equal(tally->ends[NAME_BLOCKED][NAME_BLOCKED], 1); /* the game, on a Monday */
	weblog_tally_free(tally);
}

/* More than one block of it, packed, and each line counted once. */
static void a_long_log_is_read(void **state)
{
	enum { LINES = 400000 };
	struct weblog_tally *tally;
	char path[128];
	gzFile out;

	snprintf(path, sizeof(path), "%s/log.gz", folder);
	out = gzopen(path, "w1");
	for (int i = 0; i < LINES; i++)
		gzprintf(out, "http://n%d.%s.example/a/long/enough/path/to/need/room\n", i % 1000,
			 i % 4 ? "passes" : "tried");
	gzclose(out);
	tally = try(path, "try.txt", NULL, 0);
	assert_int_equal(tally->lines, LINES);
	assert_int_equal(tally->ends[NAME_PASSES][NAME_BLOCKED], LINES / 4);
	assert_int_equal(tally->name_cnt, 250);
	assert_int_equal(tally->names[0].lines, LINES / 1000);
	weblog_tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_told_apart),	 cmocka_unit_test(names_are_explained),
		cmocka_unit_test(questions_are_refused), cmocka_unit_test(an_address_has_a_group),
		cmocka_unit_test(the_wire_is_told),	 cmocka_unit_test(a_list_is_tried),
		cmocka_unit_test(a_long_log_is_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
