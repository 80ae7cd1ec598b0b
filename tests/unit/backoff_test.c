// SPDX-License-Identifier: Apache-2.0
/* Waits after failures: twice as long each time, to a bound, however many there were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/backoff.h"

static void test_waits(void **state)
{
	static const struct {
		uint32_t failures;
		int64_t wait;
	} rows[] = { { 0, 0 },	 { 1, 5 },   { 2, 10 },		  { 3, 20 },	      { 6, 160 },
		     { 7, 300 }, { 8, 300 }, { 1000000000, 300 }, { UINT32_MAX, 300 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(backoff_wait(rows[i].failures, 5, 300), rows[i].wait);
	assert_int_equal(backoff_wait(1, 60, 30), 30);
	assert_int_equal(backoff_wait(64, 1, INT64_MAX / 2), INT64_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
