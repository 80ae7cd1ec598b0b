// SPDX-License-Identifier: Apache-2.0
/*
 * Lines between two threads (agent/inline/lines.h): each comes whole, in order and once, over the ring's end
 * as well, and what finds no room is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inline/lines.h"

#define CAP 64

struct reader {
	char text[256];
	size_t cnt;
};

static void line_came(void *arg, const char *bytes, size_t len)
{
	struct reader *r = arg;
	size_t at = strlen(r->text);

	assert_true(at + len + 2 < sizeof(r->text));
	memcpy(r->text + at, bytes, len);
	r->text[at + len] = '|';
	r->text[at + len + 1] = 0;
	r->cnt++;
}

static void lines_come_as_they_were_put(void **state)
{
	struct lines *lines = lines_new(CAP);
	struct reader r = { .cnt = 0 };

	(void)state;
	assert_int_equal(lines_take(lines, line_came, &r), 0);
	assert_true(lines_put(lines, "one", 3));
	assert_true(lines_put(lines, "", 0));
	assert_true(lines_put(lines, "three", 5));
	assert_int_equal(lines_take(lines, line_came, &r), 3);
	assert_string_equal(r.text, "one||three|");
	assert_int_equal(lines_take(lines, line_came, &r), 0);
	lines_free(lines);
}

static void a_full_ring_refuses(void **state)
{
	static const char bytes[CAP];
	struct lines *lines = lines_new(CAP);
	struct reader r = { .cnt = 0 };

	(void)state;
	assert_false(lines_put(lines, bytes, CAP)); /* its head has no room */
	assert_true(lines_put(lines, "0123456789012345678901234567", 28));
	assert_true(lines_put(lines, "0123456789012345678901234567", 28));
	assert_false(lines_put(lines, "", 0));
	assert_int_equal(lines_take(lines, line_came, &r), 2);
	assert_true(lines_put(lines, "", 0));
	lines_free(lines);
}

static void number_came(void *arg, const char *bytes, size_t len)
{
	unsigned int *wanted = arg;
	char text[16];

	assert_in_range(len, 1, sizeof(text) - 1);
	memcpy(text, bytes, len);
	text[len] = 0;
	assert_int_equal(strtoul(text, NULL, 10), *wanted);
	++*wanted;
}

#define NUMBERS 100000

static void *numbers_put(void *arg)
{
	char text[16];

	for (unsigned int i = 0; i < NUMBERS; i++) {
		int len = snprintf(text, sizeof(text), "%0*u", (int)(6 + i % 8), i);

		while (!lines_put(arg, text, (size_t)len))
			sched_yield();
	}
	return NULL;
}

static void two_threads_agree(void **state)
{
	struct lines *lines = lines_new(CAP);
	unsigned int wanted = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, numbers_put, lines), 0);
	while (wanted < NUMBERS)
		if (!lines_take(lines, number_came, &wanted))
			sched_yield();
	pthread_join(thread, NULL);
	lines_free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_as_they_were_put),
		cmocka_unit_test(a_full_ring_refuses),
		cmocka_unit_test(two_threads_agree),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
