/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/file/ranges.c: parts of a file that touch or overlap are one; what is new stands over what was there; memory
 * is bounded, and the file that was not touched for longest goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "file/ranges.h"

static const uint8_t one[RANGE_KEY_LEN] = { 1 }, two[RANGE_KEY_LEN] = { 2 };

static void put(struct ranges *r, const uint8_t *key, uint64_t from, const char *text)
{
	ranges_put(r, key, from, slice_text(text));
}

static void lies(struct ranges *r, const uint8_t *key, uint64_t at, uint64_t from, const char *text)
{
	struct grown all = { .at = NULL };
	uint64_t begin;

	assert_true(ranges_get(r, key, at, &all, &begin));
	assert_int_equal(begin, from);
	assert_int_equal(all.len, strlen(text));
	assert_memory_equal(all.at, text, all.len);
	grown_free(&all);
}

static void lies_not(struct ranges *r, const uint8_t *key, uint64_t at)
{
	struct grown all = { .at = NULL };
	uint64_t begin;

	assert_false(ranges_get(r, key, at, &all, &begin));
	grown_free(&all);
}

static void test_parts_join(void **state)
{
	struct ranges *r = ranges_new(100, 100000);

	put(r, one, 10, "klmno");
	put(r, one, 20, "uvwx");
	lies(r, one, 10, 10, "klmno");
	lies_not(r, one, 17);
	lies_not(r, two, 10);
	put(r, one, 15, "pqrst"); /* touches both */
	lies(r, one, 15, 10, "klmnopqrstuvwx");
	put(r, one, 12, "MNO"); /* inside */
	lies(r, one, 23, 10, "klMNOpqrstuvwx");
	put(r, one, 0, "abcdefghijkl");
	lies(r, one, 0, 0, "abcdefghijklMNOpqrstuvwx");
	put(r, one, 22, "WXYZ");
	lies(r, one, 0, 0, "abcdefghijklMNOpqrstuvWXYZ");
	put(r, one, 0, "ABCDEFGHIJKLMNOPQRSTUVWXYZ!");
	lies(r, one, 5, 0, "ABCDEFGHIJKLMNOPQRSTUVWXYZ!");
	put(r, one, 50, "");
	lies_not(r, one, 50);
	ranges_free(r);
}

static void test_bounds(void **state)
{
	struct ranges *r = ranges_new(8, 3000);
	uint8_t key[RANGE_KEY_LEN] = { 9 };

	put(r, one, 6, "abcd");
	lies(r, one, 6, 6, "ab"); /* what lies beyond most is not kept */
	put(r, one, 8, "x");
	put(r, one, UINT64_MAX, "x");
	lies_not(r, one, 9);
	put(r, two, 0, "two");
	for (uint8_t i = 0; i < 20; i++) {
		key[1] = i;
		put(r, key, 0, "other");
		put(r, two, 0, "TWO");
		assert_true(ranges_bytes(r) <= 3000);
	}
	lies(r, two, 0, 0, "TWO");
	lies_not(r, one, 6);
	ranges_free(r);
	ranges_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parts_join),
					    cmocka_unit_test(test_bounds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
