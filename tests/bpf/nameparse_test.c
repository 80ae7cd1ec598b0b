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
		{ "an answer", 2, 0x81, AGENT },
		{ "an update", 2, 0x28, AGENT },
		{ "two questions", 5, 2, AGENT },
		{ "no question", 5, 0, AGENT },
		{ "256 questions", 4, 1, AGENT },
		{ "an answer in it", 7, 1, AGENT },
		{ "an authority in it", 9, 1, AGENT },
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

int main(void)
{
#define ROW(test) cmocka_unit_test(test)
	const struct CMUnitTest tests[] = {
		ROW(a_question_is_read),
		ROW(a_question_that_is_cut_is_bad),
		ROW(odd_questions_are_the_agents),
		ROW(long_questions),
	};

	return cmocka_run_group_tests_name("parsers of names", tests, bed_up, bed_down);
}
