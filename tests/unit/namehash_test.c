// SPDX-License-Identifier: Apache-2.0
/*
 * Fingerprints: against the definition of namehash.h carried out byte by byte, what must be the same and
 * what must not, and how evenly their parts are spread.
 */
#include "unit/namemade.h"

#include "names/print.h"

/* Word j of a host: 8 bytes that end 8 * j before its end, what is missing on the left is 0. */
static uint64_t host_word(const char *name, size_t len, size_t j)
{
	uint64_t word = 0;

	for (size_t i = 0; i < 8; i++) {
		size_t back = 8 * j + 8 - i; /* from the end */

		if (back <= len)
			word |= (uint64_t)((uint8_t)name[len - back] | 0x20) << (8 * i);
	}
	return word;
}

static uint64_t path_word(const char *path, size_t len, size_t j)
{
	uint64_t word = 0;

	for (size_t i = 0; i < 8 && 8 * j + i < len; i++)
		word |= (uint64_t)(uint8_t)path[8 * j + i] << (8 * i);
	return word;
}

static void lane(uint64_t *sum, uint64_t k0, uint64_t k1, uint64_t word)
{
	*sum += (k0 + (word & 0xffffffff)) * (k1 + (word >> 32));
}

static uint64_t end(uint64_t a, uint64_t b, const struct sek_name_word_key *key)
{
	return ((a + key->last_a) >> 32) | ((b + key->last_b) >> 32 << 32);
}

static uint64_t host_slow(const struct sek_name_keys *keys, const char *name, size_t len)
{
	size_t words = (len + 7) / 8;
	uint64_t a = 0, b = 0;

	for (size_t j = 0; j < words; j++) {
		lane(&a, keys->host[j].a0, keys->host[j].a1, host_word(name, len, j));
		lane(&b, keys->host[j].b0, keys->host[j].b1, host_word(name, len, j));
	}
	return end(a, b, &keys->host[words - 1]);
}

static uint64_t path_slow(const struct sek_name_keys *keys, uint64_t host, const char *path,
			  size_t len)
{
	size_t words = (len + 7) / 8;
	uint64_t a = 0, b = 0;

	lane(&a, keys->site.a0, keys->site.a1, host);
	lane(&b, keys->site.b0, keys->site.b1, host);
	for (size_t j = 0; j < words; j++) {
		lane(&a, keys->path[j].a0, keys->path[j].a1, path_word(path, len, j));
		lane(&b, keys->path[j].b0, keys->path[j].b1, path_word(path, len, j));
	}
	return end(a, b, &keys->path[words - 1]);
}

static void test_definition(void **state)
{
	char host[256];
	struct sek_name_keys keys;
	char path[512], *copy;

	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = (char)(i % 7 ? 33 + i % 90 : '/');
	for (size_t i = 0; i < sizeof(host); i++)
		host[i] = "abcdefghijklmnopqrstuvwxyz0123456789-_.ABCXYZ"[i * 7 % 45];
	assert_int_equal(name_keys_draw(&keys), 0);
	for (size_t len = 1; len <= sizeof(host); len++) {
		/* At the very end and beginning of their memory: nothing beside it is read. */
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, host, len);
		assert_int_equal(name_print_host(&keys, copy, len), host_slow(&keys, copy, len));
		free(copy);
	}
	for (size_t len = 1; len <= sizeof(path); len++) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, path, len);
		assert_int_equal(name_print_path(&keys, 7 * len, copy, len),
				 path_slow(&keys, 7 * len, copy, len));
		free(copy);
	}
}

static uint64_t of(const struct sek_name_keys *keys, const char *name)
{
	return name_print_host(keys, name, strlen(name));
}

static void test_same(void **state)
{
	static const char *const others[] = { "example.com",  "xample.com",   "eexample.com",
					      "example.co",   "example.com.", "example-com",
					      "e.xample.com", "com.example",  "www.example.com" };
	struct sek_name_keys keys, again;
	uint64_t a, b;

	assert_int_equal(name_keys_draw(&keys), 0);
	assert_int_equal(name_keys_draw(&again), 0);
	assert_memory_not_equal(&keys, &again, sizeof(keys));
	assert_int_equal(of(&keys, "example.com"), of(&keys, "eXaMpLe.COM"));
	assert_int_not_equal(of(&keys, "example.com"), of(&again, "example.com"));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(of(&keys, others[i]), of(&keys, others[j]));
	/* What stands behind the host is not the host's, and paths have case. */
	a = name_print_path(&keys, of(&keys, "a.example"), "/x", 2);
	b = name_print_path(&keys, of(&keys, "b.example"), "/x", 2);
	assert_int_not_equal(a, b);
	assert_int_not_equal(a, of(&keys, "a.example/x"));
	assert_int_not_equal(a, name_print_path(&keys, of(&keys, "a.example"), "/X", 2));
	assert_int_not_equal(a, name_print_path(&keys, of(&keys, "a.example"), "/x/", 3));
}

/* Names that differ in one digit: each word of a bloom and each line has its share. */
static void test_spread(void **state)
{
	enum { NAMES = 1 << 18, ROOMS = 1 << 10 };
	static uint32_t bloom[ROOMS], first[ROOMS], second[ROOMS];
	struct sek_name_keys keys;
	size_t both = 0;

	assert_int_equal(name_keys_draw(&keys), 0);
	for (uint32_t i = 0; i < NAMES; i++) {
		char name[32];
		uint64_t print;

		snprintf(name, sizeof(name), "host%u.example", i);
		print = of(&keys, name);
		bloom[name_bloom_word(print, ROOMS - 1)]++;
		first[name_line_first(print, ROOMS)]++;
		second[name_line_second(print, ROOMS)]++;
		both += name_line_first(print, ROOMS) == name_line_second(print, ROOMS);
	}
	for (int i = 0; i < ROOMS; i++) {
		/* 256 each, 16 is what chance makes of it; eight times that never happens. */
		assert_in_range(bloom[i], 256 - 128, 256 + 128);
		assert_in_range(first[i], 256 - 128, 256 + 128);
		assert_in_range(second[i], 256 - 128, 256 + 128);
	}
	assert_in_range(both, 0, 2UL * NAMES / ROOMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definition),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
