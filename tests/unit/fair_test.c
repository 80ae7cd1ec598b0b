// SPDX-License-Identifier: Apache-2.0
/* Turns of bodies: order within one, shares of what frames cost, and that nobody waits behind a flood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "inline/fair.h"

static void put(struct fair *fair, uint16_t tenant, uint64_t number, uint32_t len)
{
	const struct xsk_frame frame = { .addr = number, .len = len };

	assert_true(fair_put(fair, tenant, &frame));
}

static void each_keeps_its_order(void **state)
{
	struct fair *fair = fair_new();
	uint64_t next[64] = { 0 }, put_cnt[64] = { 0 };
	struct xsk_frame frame;
	uint16_t tenant;
	size_t served = 0, left = 0;

	srand(1);
	for (int i = 0; i < 30000; i++) {
		if (rand() % 3) {
			tenant = (uint16_t)(rand() % 64);
			put(fair, tenant, put_cnt[tenant]++, (uint32_t)(60 + rand() % 3000));
		} else if (fair_take(fair, &frame, &tenant)) {
			assert_int_equal(frame.addr, next[tenant]++);
			served++;
		}
	}
	for (int i = 0; i < 64; i++)
		left += put_cnt[i] - next[i];
	assert_int_equal(fair_cnt(fair), left);
	while (fair_take(fair, &frame, &tenant))
		assert_int_equal(frame.addr, next[tenant]++);
	for (int i = 0; i < 64; i++)
		assert_int_equal(next[i], put_cnt[i]);
	assert_true(served > 0);
	assert_int_equal(fair_cnt(fair), 0);
	fair_free(fair);
}

/* Of two that always have frames each gets half of what they cost, whatever their frames' lengths. */
static void shares_are_alike(void **state)
{
	struct fair *fair = fair_new();
	uint64_t bytes[3] = { 0 };
	struct xsk_frame frame;
	uint16_t tenant;

	for (int i = 0; i < 20000; i++)
		put(fair, 1, 0, 600);
	for (int i = 0; i < 20000; i++)
		put(fair, 2, 0, 3000);
	for (int i = 0; i < 9000; i++) {
		assert_true(fair_take(fair, &frame, &tenant));
		bytes[tenant] += frame.len;
	}
	assert_true(bytes[1] * 100 > bytes[2] * 95 && bytes[2] * 100 > bytes[1] * 95);
	fair_free(fair);
}

/* A frame waits for a turn of each other body at most, not for all that came before it. */
static void nobody_waits_behind_a_flood(void **state)
{
	struct fair *fair = fair_new();
	struct xsk_frame frame;
	uint16_t tenant;
	int before = 0;

	for (int i = 0; i < 10000; i++)
		put(fair, 1, 0, 60);
	assert_true(fair_take(fair, &frame, &tenant));
	put(fair, 2, 7, 60);
	while (fair_take(fair, &frame, &tenant) && tenant == 1)
		before++;
	assert_int_equal(tenant, 2);
	assert_int_equal(frame.addr, 7);
	assert_in_range(before, 0, 8);
	fair_free(fair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_keeps_its_order),
		cmocka_unit_test(shares_are_alike),
		cmocka_unit_test(nobody_waits_behind_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
