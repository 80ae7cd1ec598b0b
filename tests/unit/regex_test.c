/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions of lists: what matches, what is left out, and that a bad one holds up nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names/regex.h"

static struct regexes *compile(const struct regex_source *sources, size_t cnt,
			       struct regex_limits limits, struct diag *diag)
{
	struct regexes *regexes;

	diag_init(diag);
	assert_int_equal(regexes_compile(sources, cnt, &limits, &regexes, diag), 0);
	return regexes;
}

static struct regex_source source(const char *text, uint8_t list, bool allow, uint32_t line)
{
	return (struct regex_source){ text, (uint32_t)strlen(text), line, list, allow };
}

static void lists_of_what_matches_test(void **state)
{
	const struct regex_source sources[] = { source("^ad[0-9]+\\.", 3, false, 10),
						source("(^|\\.)track(er|ing)\\.", 5, false, 20),
						source("\\.example\\.jp$", 5, true, 30) };
	struct diag diag;
	struct regexes *regexes = compile(sources, 3, REGEX_LIMITS, &diag);
	struct regex_match match = regexes_match(regexes, "AD17.Tracker.example.jp", 23);

	assert_int_equal(match.block, 1 << 3 | 1 << 5);
	assert_int_equal(match.allow, 1 << 5);
	match = regexes_match(regexes, "ads.example.org", 15);
	assert_int_equal(match.block | match.allow, 0);
	match = regexes_match(regexes, "a.tracking.example.org", 22);
	assert_int_equal(match.block, 1 << 5);
	assert_int_equal(match.line, 20);
	assert_int_equal(regexes_match(NULL, "ad1.", 4).block, 0);
	assert_int_equal(diag.cnt, 0);
	diag_free(&diag);
	regexes_free(regexes);
}

/* Each bad one is named with its line, and all the others hold. */
static void bad_ones_are_left_out_test(void **state)
{
	static char long_one[REGEX_BYTES_MAX + 2];
	struct regex_source sources[] = {
		source("^good1\\.", 1, false, 1), source("(unclosed", 1, false, 2),
		source("^good2\\.", 1, false, 3), source("a(?=b)", 1, false, 4),
		source("(a)\\1", 1, false, 5),	  source(".*", 1, false, 6),
		source(long_one, 1, false, 7),	  source("^good3\\.", 1, false, 8),
	};
	struct diag diag;
	struct regexes *regexes;

	memset(long_one, 'x', sizeof(long_one) - 1);
	sources[6].len = sizeof(long_one) - 1;
	regexes = compile(sources, 8, REGEX_LIMITS, &diag);
	assert_int_equal(regexes_cnt(regexes), 3);
	assert_int_equal(regexes_match(regexes, "good1.a", 7).line, 1);
	assert_int_equal(regexes_match(regexes, "good2.a", 7).line, 3);
	assert_int_equal(regexes_match(regexes, "good3.a", 7).line, 8);
	assert_int_equal(diag.cnt, 5);
	for (size_t i = 0; i < diag.cnt; i++)
		print_message("%s\n", diag.entries[i].text);
	diag_free(&diag);
	regexes_free(regexes);
}

/* One that takes minutes to compile is found among many, and costs no more than its limit each time. */
static void one_that_takes_too_long_is_found_test(void **state)
{
	static const char monster[] =
		"((a?b?c?d?){40}(x|y|z){60}[^.]{200,400}.*q.{300,500}r.{400}){8}";
	struct regex_source sources[64];
	struct regex_limits limits = REGEX_LIMITS;
	struct diag diag;
	struct regexes *regexes;
	char text[64][32];
	time_t began = time(NULL);

	limits.ms = 1000;
	for (uint32_t i = 0; i < 64; i++) {
		snprintf(text[i], sizeof(text[i]), "^n%u\\.", i);
		sources[i] = source(i == 37 ? monster : text[i], 2, false, i + 1);
	}
	regexes = compile(sources, 64, limits, &diag);
	assert_int_equal(regexes_cnt(regexes), 63);
	assert_int_equal(diag.cnt, 1);
	assert_non_null(strstr(diag.entries[0].text, "line 38"));
	print_message("%s\n", diag.entries[0].text);
	assert_int_equal(regexes_match(regexes, "n63.a", 5).line, 64);
	assert_true(time(NULL) - began < 100);
	diag_free(&diag);
	regexes_free(regexes);
}

/* 1,000 of them: what one name costs. */
static void many_at_once_test(void **state)
{
	static struct regex_source sources[1000];
	static char text[1000][40];
	struct regex_limits limits = REGEX_LIMITS;
	struct timespec a, b;
	struct diag diag;
	struct regexes *regexes;
	double us;

	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(text[i], sizeof(text[i]), "^(www\\.)?ad%u[a-z]*\\.net%u\\.", i, i % 97);
		sources[i] = source(text[i], (uint8_t)(i % 64), false, i + 1);
	}
	limits.ms = 60000; /* a machine that does more beside it */
	regexes = compile(sources, 1000, limits, &diag);
	assert_int_equal(regexes_cnt(regexes), 1000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < 1000; i++) {
		char name[64];
		int len = snprintf(name, sizeof(name), "www.ad%dxy.net%d.example", i, i % 97);

		assert_int_equal(regexes_match(regexes, name, (size_t)len).line, i + 1);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	us = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e6;
	print_message("%.1f us a name against 1,000\n", us);
	assert_true(us < 2000);
	diag_free(&diag);
	regexes_free(regexes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_what_matches_test),
		cmocka_unit_test(bad_ones_are_left_out_test),
		cmocka_unit_test(one_that_takes_too_long_is_found_test),
		cmocka_unit_test(many_at_once_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
