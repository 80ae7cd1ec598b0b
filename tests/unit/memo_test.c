/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/memo: values by keys, in place of what was there, and not more of them than the bounds allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/memo.h"

static struct memo memo;

static bool has(const char *key, const char *value)
{
	struct slice kept;

	return memo_get(&memo, slice_text(key), &kept) && slice_is(kept, value);
}

static void test_values(void **state)
{
	struct slice kept;

	assert_false(memo_get(&memo, slice_text("a"), &kept));
	memo_drop(&memo, slice_text("a"));
	memo_put(&memo, slice_text("a"), slice_text("one"));
	memo_put(&memo, slice_text("b"), slice_text(""));
	memo_put(&memo, slice_text("a"), slice_text("two"));
	assert_true(has("a", "two"));
	assert_true(has("b", ""));
	assert_int_equal(memo.cnt, 2);
	memo_drop(&memo, slice_text("a"));
	assert_false(has("a", "two"));
	memo_end(&memo);
	assert_int_equal(memo.cnt, 0);
}

static void test_bounds(void **state)
{
	static uint8_t large[1u << 20];

	for (uint32_t i = 0; i < 5000; i++)
		memo_put(&memo, slice(&i, sizeof(i)), slice_text("x"));
	assert_int_equal(memo.cnt, 4096);
	assert_int_equal(memo.forgotten, 5000 - 4096);
	memo_put(&memo, slice_text("old"), slice_text("y"));
	for (uint32_t i = 0; i < 8; i++)
		memo_put(&memo, slice(&i, sizeof(i)), slice(large, sizeof(large)));
	assert_false(has("old", "y"));
	assert_true(memo.bytes <= 4u << 20);
	memo_put(&memo, slice_text("more"), slice(large, sizeof(large) + 0));
	assert_true(memo.bytes <= 4u << 20);
	memo_end(&memo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
