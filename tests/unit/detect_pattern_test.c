/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: what they find is what is there, whether they were compiled now or read; rules found by them match as if
 * each had been asked. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detect/ends.h"
#include "detect/pattern.h"
#include "detect/places.h"
#include "unit/detect_bed.h"

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

static void letters(uint32_t *state, char *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = "abAB"[random_next(state) % 4];
	to[len] = 0;
}

#define USERS 200

static void mark(void *arg, uint32_t number)
{
	((uint8_t *)arg)[number] = 1;
}

static bool is_there(const char *text, const char *pattern, bool nocase)
{
	return (nocase ? strcasestr(text, pattern) : strstr(text, pattern)) != NULL;
}

static struct patterns *patterns_random(uint32_t seed, char made[USERS][8], bool nocase[USERS],
					const char *dir)
{
	struct pattern_list *list = pattern_list_new();
	struct patterns *patterns;

	for (uint32_t i = 0; i < USERS; i++) {
		letters(&seed, made[i], 1 + random_next(&seed) % 6);
		nocase[i] = random_next(&seed) % 2;
		assert_int_equal(pattern_list_add(list, slice_text(made[i]), nocase[i],
						  (struct pattern_user){ i, UINT32_MAX }),
				 0);
	}
	assert_int_equal(patterns_compile(&list, 1, dir, 2, &patterns), 0);
	pattern_list_free(list);
	return patterns;
}

static void patterns_prove(const struct patterns *patterns, char made[USERS][8],
			   const bool nocase[USERS])
{
	hs_scratch_t *scratch = NULL;
	uint32_t seed = 99;

	assert_int_equal(patterns_scratch(patterns, &scratch), 0);
	for (int i = 0; i < 300; i++) {
		uint8_t found[USERS] = { 0 };
		char text[65];

		letters(&seed, text, random_next(&seed) % 64);
		patterns_find(patterns, scratch, slice_text(text), 0, mark, found);
		for (uint32_t u = 0; u < USERS; u++)
			assert_int_equal(found[u], is_there(text, made[u], nocase[u]));
	}
	hs_free_scratch(scratch);
}

static void test_found(void **state)
{
	char made[USERS][8];
	bool nocase[USERS];
	struct patterns *patterns = patterns_random(7, made, nocase, NULL);

	patterns_prove(patterns, made, nocase);
	assert_int_equal(patterns_len_min(patterns), 1);
	assert_int_equal(patterns_len_max(patterns), 6);
	patterns_free(patterns);
}

#define PLACED 100

/* What is found at its places is what is there, wherever in the whole the bytes begin. */
static void test_places(void **state)
{
	char made[PLACED][8], text[41];
	uint32_t first[PLACED], last[PLACED], seed = 5;
	bool nocase[PLACED];
	struct places *places = places_new();

	assert_non_null(places);
	for (uint32_t i = 0; i < PLACED; i++) {
		letters(&seed, made[i], 1 + random_next(&seed) % 4);
		nocase[i] = random_next(&seed) % 2;
		for (char *at = made[i]; nocase[i] && *at; at++)
			*at |= 0x20;
		first[i] = random_next(&seed) % 20;
		last[i] = first[i] + random_next(&seed) % 4;
		assert_int_equal(
			places_add(places, slice_text(made[i]), nocase[i], first[i], last[i], i), 0);
	}
	assert_int_equal(places_settle(places), 0);
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t from = round % 3 ? random_next(&seed) % 10 : 0;
		uint8_t found[PLACED] = { 0 };

		letters(&seed, text, 1 + random_next(&seed) % 40);
		places_find(places, slice_text(text), from, mark, found);
		for (uint32_t i = 0; i < PLACED; i++) {
			size_t len = strlen(made[i]);
			bool there = false;

			for (uint32_t at = first[i] > from ? first[i] : from; at <= last[i]; at++)
				there |= at - from + len <= strlen(text) &&
					 (nocase[i] ? strncasecmp : strncmp)(text + at - from,
									     made[i], len) == 0;
			assert_int_equal(found[i], there);
		}
	}
	places_free(places);
}

/* What is found at the end is what the bytes end with. */
static void test_ends(void **state)
{
	char made[PLACED][8], text[13];
	struct ends *ends = ends_new();
	bool nocase[PLACED];
	uint32_t seed = 6;

	assert_non_null(ends);
	for (uint32_t i = 0; i < PLACED; i++) {
		letters(&seed, made[i], 1 + random_next(&seed) % 5);
		nocase[i] = random_next(&seed) % 2;
		for (char *at = made[i]; nocase[i] && *at; at++)
			*at |= 0x20;
		assert_int_equal(ends_add(ends, slice_text(made[i]), nocase[i], i), 0);
	}
	assert_int_equal(ends_settle(ends), 0);
	for (uint32_t round = 0; round < 300; round++) {
		uint8_t found[PLACED] = { 0 };
		size_t text_len;

		letters(&seed, text, random_next(&seed) % 12);
		text_len = strlen(text);
		ends_find(ends, slice_text(text), mark, found);
		for (uint32_t i = 0; i < PLACED; i++) {
			size_t len = strlen(made[i]);
			bool is = len <= text_len && (nocase[i] ? strcasecmp : strcmp)(
							     text + text_len - len, made[i]) == 0;

			assert_int_equal(found[i], is);
		}
	}
	ends_free(ends);
}

static void end_mark(void *arg, uint32_t number)
{
	++*(int *)arg;
}

static void test_end(void **state)
{
	struct pattern_list *list = pattern_list_new();
	hs_scratch_t *scratch = NULL;
	struct patterns *patterns;
	int found = 0;

	assert_int_equal(
		pattern_list_add(list, slice_text("ab"), false, (struct pattern_user){ 1, 4 }), 0);
	assert_int_equal(patterns_compile(&list, 1, NULL, 1, &patterns), 0);
	pattern_list_free(list);
	assert_int_equal(patterns_scratch(patterns, &scratch), 0);
	patterns_find(patterns, scratch, slice_text("--ab"), 0, end_mark, &found);
	assert_int_equal(found, 1);
	patterns_find(patterns, scratch, slice_text("---ab"), 0, end_mark, &found);
	assert_int_equal(found, 1);
	patterns_find(patterns, scratch, slice_text("ab"), 10, end_mark, &found);
	assert_int_equal(found, 1);
	hs_free_scratch(scratch);
	patterns_free(patterns);
}

/* The one file of the cache. */
static void cache_file(const char *dir, char path[512])
{
	DIR *opened = opendir(dir);
	struct dirent *entry;
	int cnt = 0;

	assert_non_null(opened);
	while ((entry = readdir(opened))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, 512, "%s/%s", dir, entry->d_name);
		cnt++;
	}
	closedir(opened);
	assert_int_equal(cnt, 1);
}

static void damage(const char *path, long at)
{
	FILE *file = fopen(path, "r+");
	int byte;

	assert_non_null(file);
	assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	byte = fgetc(file);
	assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	assert_int_not_equal(fputc(byte ^ 1, file), EOF);
	assert_int_equal(fclose(file), 0);
}

static void test_cache(void **state)
{
	char dir[] = "/tmp/sekisho-cache-XXXXXX", path[512], made[USERS][8];
	struct patterns *patterns;
	bool nocase[USERS];
	struct stat stat_before, stat_after;
	int damaged;

	assert_non_null(mkdtemp(dir));
	patterns_free(patterns_random(7, made, nocase, dir));
	cache_file(dir, path);
	assert_int_equal(stat(path, &stat_before), 0);
	patterns = patterns_random(7, made, nocase, dir);
	patterns_prove(patterns, made, nocase);
	patterns_free(patterns);
	assert_int_equal(stat(path, &stat_after), 0);
	assert_int_equal(stat_before.st_ino, stat_after.st_ino);
	for (int i = 0; i < 3; i++) { /* in its magic, its length, its bytes */
		damage(path, i == 0 ? 1 : i == 1 ? 72 : -50);
		damaged = open(path, O_RDONLY | O_CLOEXEC); /* its number is not given to another */
		assert_int_equal(fstat(damaged, &stat_before), 0);
		patterns = patterns_random(7, made, nocase, dir);
		patterns_prove(patterns, made, nocase);
		patterns_free(patterns);
		cache_file(dir, path);
		assert_int_equal(stat(path, &stat_after), 0);
		assert_int_not_equal(stat_before.st_ino, stat_after.st_ino);
		close(damaged);
	}
	assert_int_equal(truncate(path, 10), 0);
	patterns_free(patterns_random(7, made, nocase, dir));
	assert_int_equal(stat(path, &stat_after), 0);
	assert_int_equal(stat_after.st_size, stat_before.st_size);
	unlink(path);
	rmdir(dir);
}

static size_t rule_random(uint32_t *seed, char *to, size_t size, int sid)
{
	static const char *const ways[] = { "", "flow:to_server; ", "flow:to_client; ",
					    "flow:established; " };
	static const char *const places[] = {
		"", "nocase; ", "depth:6; ", "offset:2; ", "offset:1; depth:5; ", "startswith; "
	};
	static const char *const next[] = { "distance:0; ", "within:4; ", "distance:1; within:4; ",
					    "" };
	char first[8], second[8];

	letters(seed, first, 1 + random_next(seed) % 3);
	letters(seed, second, 1 + random_next(seed) % 2);
	return (size_t)snprintf(
		to, size,
		"alert %s any any -> any %s (%scontent:\"%s\"; %scontent:%s\"%s\"; %ssid:%d;)\n",
		random_next(seed) % 3 ? "tcp" : "ip", random_next(seed) % 2 ? "any" : "80",
		ways[random_next(seed) % 4], first, places[random_next(seed) % 6],
		random_next(seed) % 4 ? "" : "!", second, next[random_next(seed) % 4], sid);
}

/* Rules by their patterns against the same rules, each asked of each packet. */
static void test_equal_to_plain(void **state)
{
	static char rules[65536];
	struct bed found, plain;
	uint32_t seed = 4711;
	size_t len = 0, told = 0;

	for (int sid = 1; sid <= 150; sid++)
		len += rule_random(&seed, rules + len, sizeof(rules) - len, sid);
	bed_new(&found, rules);
	bed_new_set(&plain, rules, NULL, true);
	for (int i = 0; i < 500; i++) {
		enum side side = random_next(&seed) % 2;
		char payload[33];

		letters(&seed, payload, random_next(&seed) % 32);
		bed_send(&found, side, payload);
		bed_send(&plain, side, payload);
		assert_int_equal(found.packet.alert_cnt, plain.packet.alert_cnt);
		for (uint32_t a = 0; a < found.packet.alert_cnt; a++)
			assert_int_equal(found.packet.alerts[a].rule->sid,
					 plain.packet.alerts[a].rule->sid);
		told += found.packet.alert_cnt;
	}
	assert_true(told > 1000);
	bed_free(&found);
	bed_free(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_places),
		cmocka_unit_test(test_ends),  cmocka_unit_test(test_end),
		cmocka_unit_test(test_cache), cmocka_unit_test(test_equal_to_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
