/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/base/lru.c: what was used last stays, whatever shares its bucket; weights are summed; what goes is freed once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "base/lru.h"

static char freed[64]; /* the first byte of each key, as they went */
static size_t freed_cnt;

static void note(struct lru_entry *entry)
{
	assert_true(freed_cnt < sizeof(freed) - 1);
	freed[freed_cnt++] = (char)entry->key[0];
	freed[freed_cnt] = 0;
	free(entry);
}

static int fresh(void **state)
{
	freed_cnt = 0;
	freed[0] = 0;
	return 0;
}

static struct lru_entry *find(const struct lru *lru, char name)
{
	const uint8_t key[LRU_KEY_LEN] = { (uint8_t)name };

	return lru_find(lru, key);
}

/* Valid until the next one comes. */
static void add(struct lru *lru, char name, uint64_t weight)
{
	const uint8_t key[LRU_KEY_LEN] = { (uint8_t)name };
	struct lru_entry *entry = calloc(1, sizeof(*entry));

	assert_non_null(entry);
	lru_add(lru, entry, key);
	lru_weigh(lru, entry, weight);
}

/* Three buckets for all: chains are longer than one. */
static void test_last_use(void **state)
{
	struct lru lru;

	assert_int_equal(lru_init(&lru, 4, 3, note), 0);
	for (const char *name = "abcd"; *name; name++)
		add(&lru, *name, 1);
	assert_string_equal(freed, "");
	lru_touch(&lru, find(&lru, 'a')); /* the oldest */
	lru_touch(&lru, find(&lru, 'c')); /* one inside */
	lru_touch(&lru, find(&lru, 'c')); /* the newest */
	assert_non_null(find(&lru, 'b')); /* a look is no use */
	add(&lru, 'e', 1);
	add(&lru, 'f', 1);
	add(&lru, 'g', 1);
	assert_string_equal(freed, "bda");
	assert_null(find(&lru, 'b'));
	for (const char *name = "cefg"; *name; name++)
		assert_non_null(find(&lru, *name));
	assert_int_equal(lru.weight, 4);
	lru_end(&lru);
	assert_string_equal(freed, "bdacefg");
}

static void test_weights(void **state)
{
	struct lru lru;

	assert_int_equal(lru_init(&lru, 100, 8, note), 0);
	add(&lru, 'a', 40);
	add(&lru, 'b', 40);
	add(&lru, 'c', 20);
	assert_int_equal(lru.weight, 100);
	lru_weigh(&lru, find(&lru, 'c'), 10); /* lighter */
	assert_int_equal(lru.weight, 90);
	lru_weigh(&lru, find(&lru, 'c'), 30); /* heavier: one must go */
	assert_string_equal(freed, "a");
	assert_int_equal(lru.weight, 70);
	add(&lru, 'd', 100);
	assert_string_equal(freed, "abc");
	add(&lru, 'e', 101); /* too heavy for an empty store */
	assert_string_equal(freed, "abcde");
	assert_int_equal(lru.weight, 0);
	add(&lru, 'f', 1);
	assert_non_null(find(&lru, 'f'));
	lru_end(&lru);
}

static void test_forget(void **state)
{
	struct lru lru;

	assert_int_equal(lru_init(&lru, 10, 1, note), 0);
	for (const char *name = "abcd"; *name; name++)
		add(&lru, *name, 2);
	lru_forget(&lru, find(&lru, 'b')); /* in the middle of its chain and of the list */
	lru_forget(&lru, find(&lru, 'd')); /* the newest */
	lru_forget(&lru, find(&lru, 'a')); /* the oldest */
	assert_string_equal(freed, "bda");
	assert_int_equal(lru.weight, 2);
	assert_non_null(find(&lru, 'c'));
	lru_forget(&lru, find(&lru, 'c'));
	add(&lru, 'b', 10); /* that key again */
	assert_non_null(find(&lru, 'b'));
	lru_end(&lru);
	assert_string_equal(freed, "bdacb");
}

/* Keys that differ in their last byte alone are two. */
static void test_whole_key(void **state)
{
	uint8_t key[LRU_KEY_LEN] = { 'a' }, other[LRU_KEY_LEN] = { 'a' };
	struct lru_entry *entry = calloc(1, sizeof(*entry));
	struct lru lru;

	other[LRU_KEY_LEN - 1] = 1;
	assert_int_equal(lru_init(&lru, 10, 4, note), 0);
	assert_non_null(entry);
	lru_add(&lru, entry, key);
	assert_ptr_equal(lru_find(&lru, key), entry);
	assert_null(lru_find(&lru, other));
	lru_end(&lru);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_last_use, fresh),
		cmocka_unit_test_setup(test_weights, fresh),
		cmocka_unit_test_setup(test_forget, fresh),
		cmocka_unit_test_setup(test_whole_key, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
