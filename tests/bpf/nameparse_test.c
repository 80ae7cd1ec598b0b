// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's parsers of names alone, by BPF_PROG_TEST_RUN: what is plainly readable is read, and all
 * that is not is the agent's. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/namelookup.h"
#include "bpf/nametext.h"
#include "names/url.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"

#include "bpf/namelookup.skel.h"

/* Answers, as in bpf/parse/words.h. */
enum kind { NONE, FOUND, AGENT, BAD };
static const char *const kinds[] = { "none", "found", "the agent's", "bad" };

static int bed_up(void **state)
{
	libbpf_set_print(NULL);
	*state = namelookup__open_and_load();
	return 0;
}

static int bed_down(void **state)
{
	namelookup__destroy(*state);
	return 0;
}

static const struct namelookup *bed_of(void **state)
{
	if (!*state) {
		print_message("SKIP: no right to load kernel programs, or no kernel that has them\n");
		skip();
	}
	return *state;
}

struct answer {
	enum kind kind, path_kind;
	char name[256], path[600];
	uint16_t extra, path_extra;
};

static void answer_text(const uint8_t *frame, uint64_t found, char *ret_text, size_t size)
{
	size_t off = (uint16_t)(found >> 16), len = (uint16_t)(found >> 32);

	assert_true(len < size && off >= NAMELOOKUP_TEXT);
	memcpy(ret_text, frame + off, len);
	ret_text[len] = '\0';
}

/* Parses the first len bytes of a text, in a frame that goes on for `more` bytes of it. */
static struct answer parse(void **state, uint32_t what, const struct nametext *text, size_t len,
			   size_t more)
{
	static uint8_t in[NAMELOOKUP_TEXT + NAMETEXT_MAX], out[sizeof(in)];
	const struct namelookup_asked asked = { .what = what, .text_len = (uint32_t)len };
	const struct namelookup *skel = bed_of(state);
	struct namelookup_asked got;
	struct answer answer = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in,
		    .data_size_in = (uint32_t)(NAMELOOKUP_TEXT + len + more), .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);

	memset(in, 0, NAMELOOKUP_TEXT);
	memcpy(in, &asked, sizeof(asked));
	memcpy(in + NAMELOOKUP_TEXT, text->b, len + more);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.name_parse), &run), 0);
	assert_int_equal(run.retval, 2);
	memcpy(&got, out, sizeof(got));
	answer.kind = got.host & 3;
	answer.path_kind = got.path & 3;
	answer.extra = (uint16_t)(got.host >> 48);
	answer.path_extra = (uint16_t)(got.path >> 48);
	if (answer.kind == FOUND)
		answer_text(in, got.host, answer.name, sizeof(answer.name));
	if (answer.path_kind == FOUND && what == NAMELOOKUP_HTTP)
		answer_text(in, got.path, answer.path, sizeof(answer.path));
	return answer;
}

static void expect(void **state, uint32_t what, const char *title, const struct nametext *text,
		   enum kind kind, const char *name)
{
	struct answer got = parse(state, what, text, text->len, 0);

	if (got.kind != kind || (kind == FOUND && strcmp(got.name, name) != 0))
		fail_msg("%s: %s \"%s\", expected %s \"%s\"", title, kinds[got.kind], got.name,
			 kinds[kind], name ? name : "");
}

/* --- DNS --- */

/* A text as its labels stand in a message. */
static const char *wire(const char *name)
{
	static char out[256];

	snprintf(out, sizeof(out), "%s", name);
	for (char *p = out; *p; p++) {
		char *dot = strchr(p, '.');

		if (!dot)
			break;
		*dot = (char)strcspn(dot + 1, ".");
		p = dot;
	}
	return out;
}

static void a_question_is_read(void **state)
{
	static const char *const names[] = { "a",	    "example.com",  "WwW.eXaMpLe.CoM",
					     "a.b.c.d.e.f", "_dmarc.x.org", "xn--p1ai" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (int edns = 0; edns < 2; edns++) {
			struct nametext text = nametext_dns(names[i], 1, edns);

			expect(state, NAMELOOKUP_DNS, names[i], &text, FOUND, wire(names[i]));
		}
}

/* Cut off anywhere it is no question; whatever stands behind it in the frame. */
static void a_question_that_is_cut_is_bad(void **state)
{
	struct nametext text = nametext_dns("www.example.com", 1, false);

	for (size_t len = 0; len < text.len; len++)
		for (size_t more = 0; more <= text.len - len; more += text.len - len)
			assert_int_equal(parse(state, NAMELOOKUP_DNS, &text, len, more).kind, BAD);
}

static void odd_questions_are_the_agents(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t byte;
		enum kind kind;
	} bends[] = {
		{ "an answer", 2, 0x81, FOUND },
		{ "an update", 2, 0x28, FOUND },
		{ "two questions", 5, 2, BAD },
		{ "no question", 5, 0, NONE },
		{ "257 questions", 4, 1, BAD },
		{ "an answer in it", 7, 1, FOUND },
		{ "an authority in it", 9, 1, FOUND },
		{ "truncated", 2, 0x03, FOUND },
		{ "a pointer", 12, 0xc0, AGENT },
		{ "a label type of old", 12, 0x41, AGENT },
		{ "a label of 45 bytes", 12, 45, AGENT },
		{ "a label that ends behind the message", 12, 44, BAD },
	};

	for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
		struct nametext text = nametext_dns("www.example.com", 1, false);

		text.b[bends[i].at] = bends[i].byte;
		expect(state, NAMELOOKUP_DNS, bends[i].what, &text, bends[i].kind,
		       wire("www.example.com"));
	}
}

static void long_questions(void **state)
{
	char name[300] = "";
	struct nametext text;

	for (int i = 0; i < 40; i++)
		strcat(name, i ? ".a" : "a");
	text = nametext_dns(name, 1, false);
	expect(state, NAMELOOKUP_DNS, "40 labels", &text, AGENT, NULL);
	text = nametext_dns(name + 2, 1, false);
	expect(state, NAMELOOKUP_DNS, "39 labels", &text, FOUND, wire(name + 2));
	name[0] = '\0';
	for (int i = 0; i < 7; i++)
		strcat(name, "aaaaaaaaaabbbbbbbbbbccccccccccddddd.");
	text = nametext_dns(name, 1, false);
	expect(state, NAMELOOKUP_DNS, "253 bytes on the wire", &text, FOUND, wire(name));
	strcat(name, "x");
	text = nametext_dns(name, 1, false);
	expect(state, NAMELOOKUP_DNS, "255 bytes on the wire", &text, FOUND, wire(name));
	strcat(name, "y");
	text = nametext_dns(name, 1, false);
	expect(state, NAMELOOKUP_DNS, "256 bytes on the wire", &text, BAD, NULL);
}

/* --- TLS --- */

static const struct nametext_hello usual = { .name = "www.example.com" };

static void a_hello_is_read(void **state)
{
	static const struct {
		const char *what;
		struct nametext_hello hello;
	} rows[] = {
		{ "plain", { .name = "www.example.com" } },
		{ "in capitals", { .name = "WWW.eXample.COM" } },
		{ "dot behind it", { .name = "www.example.com." } },
		{ "no session", { .name = "www.example.com", .session_len = 1 } },
		{ "GREASE", { .name = "www.example.com", .grease = true } },
		{ "outer name of ECH", { .name = "outer.example", .ech = true, .grease = true } },
		{ "padding in front", { .name = "www.example.com", .before = 1100 } },
		{ "more behind it than a segment holds", { .name = "a.example", .after = 1800 } },
		{ "one label", { .name = "localhost" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nametext text = nametext_tls(&rows[i].hello);

		if (text.len > 1448)
			text.len = 1448;
		expect(state, NAMELOOKUP_TLS, rows[i].what, &text, FOUND, rows[i].hello.name);
	}
}

static void odd_hellos_are_the_agents(void **state)
{
	static const struct {
		const char *what;
		struct nametext_hello hello;
	} rows[] = {
		{ "name in the next segment", { .name = "www.example.com", .before = 1500 } },
		{ "two names", { .name = "www.example.com", .second = "other.example" } },
		{ "a name of another type", { .name = "www.example.com", .name_type = 1 } },
		{ "an empty name", { .name = "" } },
		{ "another message in the record", { .name = "www.example.com", .longer = 4 } },
		{ "a message longer than its record", { .name = "www.example.com", .longer = -4 } },
		{ "two records", { .name = "www.example.com", .split = 60 } },
		{ "two records, cut in the name", { .name = "www.example.com", .split = 108 } },
	};
	struct nametext text;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = nametext_tls(&rows[i].hello);
		if (text.len > 1448)
			text.len = 1448;
		expect(state, NAMELOOKUP_TLS, rows[i].what, &text, AGENT, NULL);
	}
	text = nametext_tls(&usual);
	text.b[5] = 2;
	expect(state, NAMELOOKUP_TLS, "another message", &text, AGENT, NULL);
	text = nametext_tls(&usual);
	text.b[43] = 33;
	expect(state, NAMELOOKUP_TLS, "a session too long", &text, AGENT, NULL);
}

static void a_hello_without_a_name(void **state)
{
	struct nametext text = nametext_tls(&(struct nametext_hello){ .grease = true });

	expect(state, NAMELOOKUP_TLS, "no name", &text, NONE, NULL);
}

/* Where the segment ends in front of the name's end it is the agent's, else the name is found. */
static void a_hello_cut_anywhere(void **state)
{
	struct nametext text = nametext_tls(&usual);
	const uint8_t *name = memmem(text.b, text.len, usual.name, strlen(usual.name));
	size_t ends = (size_t)(name - text.b) + strlen(usual.name);

	for (size_t len = 0; len < text.len; len++)
		for (size_t more = 0; more <= text.len - len; more += text.len - len) {
			struct answer got = parse(state, NAMELOOKUP_TLS, &text, len, more);

			assert_int_equal(got.kind, len < ends ? AGENT : FOUND);
		}
}

/* What follows the segment in the frame is not of the message: here it would say "no name". */
static void bytes_behind_the_segment_say_nothing(void **state)
{
	struct nametext text = nametext_tls(&usual);
	uint8_t *name = memmem(text.b, text.len, usual.name, strlen(usual.name));
	size_t at = (size_t)(name - text.b) - 9;

	text.b[at + 1] = 99; /* an extension that nobody knows, up to the end */
	text.b[at + 2] = (uint8_t)((text.len - at - 4) >> 8);
	text.b[at + 3] = (uint8_t)(text.len - at - 4);
	assert_int_equal(parse(state, NAMELOOKUP_TLS, &text, text.len, 0).kind, NONE);
	for (size_t len = at; len < at + 4; len++)
		assert_int_equal(parse(state, NAMELOOKUP_TLS, &text, len, text.len - len).kind,
				 AGENT);
}

static void addresses_are_no_names(void **state)
{
	static const struct {
		const char *name;
		bool address;
	} rows[] = {
		{ "192.0.2.1", true },	{ "3221225985", true }, { "0xc0000201", true },
		{ "0300.0.2.1", true }, { "192.513", true },	{ "1.0x2", true },
		{ "1e100.net", false }, { "360.cn", false },	{ "4.example", false },
		{ "a.1", false },	{ "3com.com", false },	{ "7", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nametext text = nametext_tls(&(struct nametext_hello){ .name = rows[i].name });
		struct answer got = parse(state, NAMELOOKUP_TLS, &text, text.len, 0);

		assert_int_equal(got.kind, FOUND);
		if ((got.path_kind == 1) != rows[i].address)
			fail_msg("%s: an address: %d", rows[i].name, got.path_kind);
	}
}

/* --- HTTP --- */

#define HOST "Host: www.example.com\r\n"
#define REST "User-Agent: x/1\r\nAccept: */*\r\n\r\n"

static void a_request_is_read(void **state)
{
	static const struct {
		const char *text, *host, *path;
		size_t query;
	} rows[] = {
		{ "GET / HTTP/1.1\r\n" HOST REST, "www.example.com", "/", 1 },
		{ "GET /a/b.html HTTP/1.0\r\n" HOST REST, "www.example.com", "/a/b.html", 9 },
		{ "HEAD /a?b=/c HTTP/1.1\r\n" REST, NULL, NULL, 0 },
		{ "OPTIONS /a?b=/c HTTP/1.1\r\n" HOST REST, "www.example.com", "/a?b=/c", 2 },
		{ "GET /x?u=http://b//c/../d;e\\f HTTP/1.1\r\n" HOST REST, "www.example.com",
		  "/x?u=http://b//c/../d;e\\f", 2 },
		{ "GET /long/enough?x/../y//;z HTTP/1.1\r\n" HOST REST, "www.example.com",
		  "/long/enough?x/../y//;z", 12 },
		{ "GET /?a?b HTTP/1.1\r\nhOST:WWW.Example.Com\r\n\r\n", "WWW.Example.Com", "/?a?b",
		  1 },
		{ "GET /1234567?x HTTP/1.1\r\nHost: a.example:8080\r\n" REST, "a.example",
		  "/1234567?x", 8 },
		{ "GET / HTTP/1.1\r\nHost: a.example:\r\n" REST, "a.example", "/", 1 },
		{ "GET / HTTP/1.1\r\nHost: a.example.\r\n" REST, "a.example", "/", 1 },
		{ "GET / HTTP/1.1\r\nHost: a.example.:80\r\n" REST, "a.example", "/", 1 },
		{ "GET / HTTP/1.1\r\nUpgrade-Insecure-Requests: 1\r\nDNT: 1\r\n" HOST "\r\n",
		  "www.example.com", "/", 1 },
		{ "GET /.well-known/x HTTP/1.1\r\n" HOST REST, "www.example.com", "/.well-known/x",
		  14 },
		{ "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "localhost", "/", 1 },
		/* letters beyond ASCII, as browsers send them */
		{ "GET /%E6%A4%9C%E7%B4%A2?q=%E9%81%8A%E3%81%B3%20a HTTP/1.1\r\n" HOST REST,
		  "www.example.com", "/%E6%A4%9C%E7%B4%A2?q=%E9%81%8A%E3%81%B3%20a", 19 },
		{ "GET /?%80 HTTP/1.1\r\n" HOST REST, "www.example.com", "/?%80", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nametext text = nametext_of(rows[i].text);
		struct answer got = parse(state, NAMELOOKUP_HTTP, &text, text.len, 0);

		if (!rows[i].host) {
			assert_int_equal(got.kind, AGENT);
			continue;
		}
		if (got.kind != FOUND || got.path_kind != FOUND ||
		    strcmp(got.name, rows[i].host) != 0 || strcmp(got.path, rows[i].path) != 0 ||
		    got.path_extra != rows[i].query)
			fail_msg("%s: %s \"%s\", %s \"%s\" %u", rows[i].text, kinds[got.kind],
				 got.name, kinds[got.path_kind], got.path, got.path_extra);
	}
}

/* Parts that make targets which servers, lists and browsers spell in more ways than one, and plain ones. */
static void random_target(char target[200])
{
	static const char *const parts[] = {
		"a",   "B",	    "seven77",	 "/",	"/",   "/",   "?",   "?a=", "&b=", "=",
		"+",   "//",	    "%2F",	 "%2f", "%61", "%25", "%zz", "%",   ".",   "..",
		"/./", "/../",	    "/..?",	 ";x",	"\\",  "#",   "~",   ":",   "%3B", "%26",
		"*",   "http://b/", "%E3%81%82", "%20", "%e3", "%8G", "%9",  "%FF", "%7F", "%2G",
	};
	size_t cnt = (size_t)rand() % 12;

	strcpy(target, "/");
	for (size_t i = 0; i < cnt; i++) /* half of them of what is plain alone */
		strcat(target,
		       parts[(size_t)rand() % (cnt & 1 ? 11 : sizeof(parts) / sizeof(*parts))]);
}

/*
 * A target that is read here is what the agent, and each list, makes of the same text, to the byte and with
 * the query at the same place: so one entry decides alike, whoever reads the request.
 */
static void targets_are_spelt_as_lists_have_them(void **state)
{
	static struct url url;
	size_t read = 0, handed = 0, queries = 0;
	char target[200], request[300];

	srand(7);
	for (int i = 0; i < 20000; i++) {
		struct nametext text;
		struct answer got;

		random_target(target);
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST REST, target);
		text = nametext_of(request);
		got = parse(state, NAMELOOKUP_HTTP, &text, text.len, 0);
		if (got.kind != FOUND || got.path_kind != FOUND) {
			handed++;
			continue;
		}
		read++;
		assert_int_equal(url_of_request("www.example.com", 15, target, strlen(target), &url),
				 0);
		queries += url.path_len < url.target_len;
		if (strcmp(got.path, url.target) != 0 || got.path_extra != url.path_len)
			fail_msg("%s: read as \"%s\" %u, made \"%s\" %u", target, got.path,
				 got.path_extra, url.target, url.path_len);
	}
	assert_true(read > 2000 && handed > 2000 && queries > 500);
}

/* Which half of it is not readable is the same: neither decides alone. */
static void odd_requests_are_the_agents(void **state)
{
	static const char *const rows[] = {
		"GET http://www.example.com/ HTTP/1.1\r\n" HOST REST,
		"CONNECT www.example.com:443 HTTP/1.1\r\n" HOST REST,
		"OPTIONS * HTTP/1.1\r\n" HOST REST,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET /x\r\n" HOST REST,
		"GET /x HTTP/2.0\r\n" HOST REST,
		"GET /x HTTP/1.2\r\n" HOST REST,
		"GET /x  HTTP/1.1\r\n" HOST REST,
		"GET  /x HTTP/1.1\r\n" HOST REST,
		"GET /x HTTP/1.1 \r\n" HOST REST,
		"GE /x HTTP/1.1\r\n" HOST REST,
		"PROPFIND /x HTTP/1.1\r\n" HOST REST,
		"M-SEARCH * HTTP/1.1\r\n" HOST REST,
		"A1 / HTTP/1.1\r\n" HOST REST,
		"get / HTTP/1.1\r\n" HOST REST,
		"a-method-of-its-own / HTTP/1.1\r\n" HOST REST,
		"x-y http://www.example.com/ HTTP/1.1\r\n" HOST REST,
		"\r\nGET / HTTP/1.1\r\n" HOST REST,
		"\nGET / HTTP/1.1\r\n" HOST REST,
		" GET / HTTP/1.1\r\n" HOST REST,
		"GET / HTTP/1.1\r\n" REST,
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST HOST REST,
		"GET / HTTP/1.1\r\n" HOST "hOsT: other.example\r\n" REST,
		"GET / HTTP/1.1\r\nHost : www.example.com\r\n" REST,
		"GET / HTTP/1.1\r\n" HOST "Host : other.example\r\n" REST,
		"GET / HTTP/1.1\r\nHost:  www.example.com\r\n" REST,
		"GET / HTTP/1.1\r\nHost:\twww.example.com\r\n" REST,
		"GET / HTTP/1.1\r\nHost:\r\n" REST,
		"GET / HTTP/1.1\r\nHost: \r\n" REST,
		"GET / HTTP/1.1\r\nHost: .\r\n" REST,
		"GET / HTTP/1.1\r\nHost: :80\r\n" REST,
		"GET / HTTP/1.1\r\nHost: www.example.com..\r\n" REST,
		"GET / HTTP/1.1\r\nHost: www.example.com:8o\r\n" REST,
		"GET / HTTP/1.1\r\nHost: www.example.com:123456\r\n" REST,
		"GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n" REST,
		"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n" REST,
		"GET / HTTP/1.1\r\nHost: 2001:db8::face\r\n" REST,
		"GET / HTTP/1.1\r\nX: y\r\n z\r\n" HOST REST,
		"GET / HTTP/1.1\r\nX: y\r\n\tz\r\n" HOST REST,
		"GET / HTTP/1.1\r\n" HOST " more\r\n" REST,
		"GET / HTTP/1.1\n" HOST REST,
		"GET / HTTP/1.1\r\nX: y\n" HOST REST,
		"GET / HTTP/1.1\r\nX: y\r" HOST REST,
		"GET / HTTP/1.1\r\nX: y\rz\r\n" HOST REST,
		"GET / HTTP/1.1\r\n" HOST "X: y\r\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: y\n\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "\n\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "content-type: a/b\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "EXPECT: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\nHost: other.example\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "\r\n\r\n",
		"GET /%61 HTTP/1.1\r\n" HOST REST,
		"GET /a//b HTTP/1.1\r\n" HOST REST,
		"GET //b HTTP/1.1\r\n" HOST REST,
		"GET /a/./b HTTP/1.1\r\n" HOST REST,
		"GET /a/../b HTTP/1.1\r\n" HOST REST,
		"GET /a/.. HTTP/1.1\r\n" HOST REST,
		"GET /a/. HTTP/1.1\r\n" HOST REST,
		"GET /a/.?x HTTP/1.1\r\n" HOST REST,
		"GET /a;x/b HTTP/1.1\r\n" HOST REST,
		"GET /a\\b HTTP/1.1\r\n" HOST REST,
		"GET /a#b HTTP/1.1\r\n" HOST REST,
		"GET /a\x01 HTTP/1.1\r\n" HOST REST,
		"GET /a\tb HTTP/1.1\r\n" HOST REST,
		"GET /\x7f HTTP/1.1\r\n" HOST REST,
		"GET /\xc3\xa9 HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%41 HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%e3%81%82 HTTP/1.1\r\n" HOST REST, /* small digits */
		"GET /a?b=%E3%8 HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%E3% HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%8G HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%:0 HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%@0 HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%2F HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%25E3 HTTP/1.1\r\n" HOST REST,
		"GET /a?b=%7F HTTP/1.1\r\n" HOST REST,
		"GET /a?b#c HTTP/1.1\r\n" HOST REST,
		"GET /a?b=\xc3\xa9 HTTP/1.1\r\n" HOST REST,
		"GET /a/..?b//c HTTP/1.1\r\n" HOST REST,
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nametext text = nametext_of(rows[i]);
		struct answer got = parse(state, NAMELOOKUP_HTTP, &text, text.len, 0);

		if (got.kind != AGENT && (got.kind != FOUND || got.path_kind != AGENT))
			fail_msg("%s: %s \"%s\", %s \"%s\"", rows[i], kinds[got.kind], got.name,
				 kinds[got.path_kind], got.path);
	}
}

/* Odd bytes of a Host are seen where it is looked up. */
static void other_protocols_are_let_be(void **state)
{
	static const char *const rows[] = {
		"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
		"{\"jsonrpc\": \"2.0\", \"id\": 1, \"x\": []}\n",
		"<?xml version='1.0'?><stream:stream>",
		"user anonymous and so on and so on\r\n",
		"AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA / \r\n",
		"AB\x01.....................................",
		("\x80"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nametext text = nametext_of(rows[i]);

		expect(state, NAMELOOKUP_HTTP, rows[i], &text, NONE, NULL);
	}
}

static void a_request_cut_anywhere_is_the_agents(void **state)
{
	struct nametext text = nametext_of("GET /a/b?c HTTP/1.1\r\n" HOST REST);

	for (size_t len = 0; len < text.len; len++)
		for (size_t more = 0; more <= text.len - len; more += text.len - len)
			assert_int_equal(parse(state, NAMELOOKUP_HTTP, &text, len, more).kind, AGENT);
}

/* Wherever the line of Host stands, by the byte. */
static void host_stands_anywhere(void **state)
{
	for (size_t len = 1; len < 1300; len += len < 60 ? 1 : 97) {
		struct nametext text = nametext_of("GET / HTTP/1.1\r\nCookie: ");
		struct answer got;

		for (size_t i = 0; i < len; i++)
			nametext_add(&text, "x", 1);
		nametext_add(&text, "\r\n" HOST REST, strlen("\r\n" HOST REST));
		got = parse(state, NAMELOOKUP_HTTP, &text, text.len, 0);
		assert_int_equal(got.kind, FOUND);
		assert_string_equal(got.name, "www.example.com");
	}
}

static void paths_of_every_length(void **state)
{
	char path[600] = "/";

	for (size_t len = 1; len < 560; len++) {
		struct nametext text = nametext_of("GET ");
		struct answer got;

		nametext_add(&text, path, strlen(path));
		nametext_add(&text, " HTTP/1.1\r\n" HOST REST, strlen(" HTTP/1.1\r\n" HOST REST));
		got = parse(state, NAMELOOKUP_HTTP, &text, text.len, 0);
		assert_int_equal(got.kind, FOUND);
		assert_int_equal(got.path_kind, len <= SEK_NAME_PATH_BYTES ? FOUND : AGENT);
		if (len <= SEK_NAME_PATH_BYTES)
			assert_string_equal(got.path, path);
		strcat(path, len % 7 ? "a" : "/");
	}
}

int main(void)
{
#define ROW(test) cmocka_unit_test(test)
	const struct CMUnitTest tests[] = {
		ROW(a_question_is_read),
		ROW(a_question_that_is_cut_is_bad),
		ROW(odd_questions_are_the_agents),
		ROW(long_questions),
		ROW(a_hello_is_read),
		ROW(odd_hellos_are_the_agents),
		ROW(a_hello_without_a_name),
		ROW(a_hello_cut_anywhere),
		ROW(bytes_behind_the_segment_say_nothing),
		ROW(addresses_are_no_names),
		ROW(a_request_is_read),
		ROW(targets_are_spelt_as_lists_have_them),
		ROW(odd_requests_are_the_agents),
		ROW(other_protocols_are_let_be),
		ROW(a_request_cut_anywhere_is_the_agents),
		ROW(host_stands_anywhere),
		ROW(paths_of_every_length),
	};

	return cmocka_run_group_tests_name("parsers of names", tests, bed_up, bed_down);
}
