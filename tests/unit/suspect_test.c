/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is suspected of names, and what is not: names that many people use, and such as programs make up;
 * and the counts of names in their fixed room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "names/ledger.h"
#include "names/suspect.h"
#include "wire/dns.h"

#define REAL_NAMES "/work/shared/data/lists/umbrella-top/umbrella-top-100k.txt.gz"
#define S 1000000000ULL
#define HOUR (3600 * S)

struct told {
	int cnt;
	char event[32], name[256], text[256];
};

static void told_take(void *arg, uint16_t tenant, const char *event, const char *name,
		      const char *text, uint64_t score)
{
	struct told *told = arg;

	told->cnt++;
	snprintf(told->event, sizeof(told->event), "%s", event);
	snprintf(told->name, sizeof(told->name), "%s", name);
	snprintf(told->text, sizeof(told->text), "%s", text);
}

static struct suspect *suspect_make(struct told *told)
{
	struct suspect *suspect;

	memset(told, 0, sizeof(*told));
	assert_int_equal(suspect_new(told_take, told, 3600, &suspect), 0);
	return suspect;
}

/* Letters of a fixed row of numbers, so that each run is the same. */
static uint32_t next_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*seed >> 33);
}

static void made_up(char *out, size_t len, const char *letters, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = letters[next_number(seed) % strlen(letters)];
	out[len] = 0;
}

/* Each line of the list of much used names, in the list's order. Returns how many. */
static size_t real_names(void (*each)(void *arg, const char *name), void *arg)
{
	gzFile file = gzopen(REAL_NAMES, "r");
	char line[512];
	size_t cnt = 0;

	if (!file)
		return 0;
	while (gzgets(file, line, sizeof(line))) {
		const char *name = strrchr(line, ',');

		line[strcspn(line, "\r\n")] = 0;
		each(arg, name ? name + 1 : line);
		cnt++;
	}
	gzclose(file);
	return cnt;
}

/* --- labels --- */

struct labels {
	size_t all, made_up;
};

static void label_count(void *arg, const char *name)
{
	struct labels *labels = arg;
	const char *end = strrchr(name, '.'), *begin = end;

	if (!end)
		return;
	while (begin > name && begin[-1] != '.')
		begin--;
	if (end - begin < 7)
		return;
	labels->all++;
	labels->made_up += suspect_label_score(begin, (size_t)(end - begin)) >= SUSPECT_MADE_UP;
}

static void made_up_labels_are_told_from_used_ones_test(void **state)
{
	static const char *const letters[] = { "abcdefghijklmnopqrstuvwxyz",
					       "abcdefghijklmnopqrstuvwxyz0123456789",
					       "0123456789abcdef" };
	struct labels used = {};
	uint64_t seed = 7;

	for (size_t i = 0; i < 3; i++) {
		size_t seen = 0;
		char label[64];

		for (int n = 0; n < 2000; n++) {
			size_t len = 10 + next_number(&seed) % 8;

			made_up(label, len, letters[i], &seed);
			seen += suspect_label_score(label, len) >= SUSPECT_MADE_UP;
		}
		print_message("made of %s: %zu of 2000 are seen\n", letters[i], seen);
		assert_true(seen >= 2000 * 93 / 100);
	}
	if (!real_names(label_count, &used))
		skip();
	print_message("of %zu used labels %zu are taken for made up\n", used.all, used.made_up);
	assert_true(used.made_up * 100 <= used.all * 7);
}

/* --- whole days of names --- */

struct day {
	struct suspect *suspect;
	uint64_t now_ns;
	uint32_t cnt;
};

/* A client asks for one every 30 ms; of 20 one does not exist. Each minute is another client's. */
static void day_ask(void *arg, const char *name)
{
	struct day *day = arg;
	struct sek_addr client = { .w[3] = day->cnt / 2000 };

	day->now_ns += S * 3 / 100;
	suspect_question(day->suspect, 1, name, DNS_A, 60, day->now_ns);
	suspect_answer(day->suspect, 1, &client, name, ++day->cnt % 20 != 0, 60, day->now_ns);
	suspect_server(day->suspect, 1, &client, name, day->now_ns);
}

static void used_names_are_not_suspected_test(void **state)
{
	struct told told;
	struct day day = { .suspect = suspect_make(&told), .now_ns = 10 * HOUR };

	if (!real_names(day_ask, &day)) {
		suspect_free(day.suspect);
		skip();
	}
	/*
	 * 100,000 names in 50 minutes: a tunnel is what some of them look like at that rate, no client looks
	 * like one that makes names up.
	 */
	print_message("%d suspicions of %u names, the last: %s %s: %s\n", told.cnt, day.cnt,
		      told.event, told.name, told.text);
	assert_true(told.cnt <= 5);
	suspect_free(day.suspect);
}

static void tunnels_are_seen_test(void **state)
{
	struct told told;
	struct suspect *suspect = suspect_make(&told);
	uint64_t seed = 3, now_ns = HOUR;
	char label[64] = "", name[256];
	int i;

	for (i = 0; i < 1000 && !told.cnt; i++) {
		made_up(label, 50, "abcdefghijklmnopqrstuvwxyz234567", &seed);
		snprintf(name, sizeof(name), "%s.t.example.co.jp", label);
		suspect_question(suspect, 1, name, DNS_A, 100, now_ns += S / 10);
	}
	assert_int_equal(told.cnt, 1);
	assert_string_equal(told.event, "dns_tunnel");
	assert_string_equal(told.name, "example.co.jp");
	assert_in_range(i, 90, 115);
	for (; i < 3000; i++) { /* said once */
		snprintf(name, sizeof(name), "%s%d.t.example.co.jp", label, i);
		suspect_question(suspect, 1, name, DNS_A, 100, now_ns += S / 100);
	}
	assert_int_equal(told.cnt, 1);
	/* Short names, but for TXT in bulk. */
	for (i = 0; i < 400 && told.cnt == 1; i++) {
		snprintf(name, sizeof(name), "%d.bulk.example", i);
		suspect_question(suspect, 1, name, DNS_TXT, 100, now_ns += S / 100);
	}
	assert_int_equal(told.cnt, 2);
	/* The same at one name a second is none. */
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%s%d.slow.example", label, i);
		suspect_question(suspect, 1, name, DNS_A, 100, now_ns += S);
	}
	assert_int_equal(told.cnt, 2);
	suspect_free(suspect);
}

static void generated_names_are_seen_test(void **state)
{
	struct sek_addr client = { .w[3] = 5 };
	struct told told;
	struct suspect *suspect = suspect_make(&told);
	uint64_t seed = 3, now_ns = HOUR;
	char label[64], name[256];
	int i;

	for (i = 0; i < 100 && !told.cnt; i++) {
		made_up(label, 14, "abcdefghijklmnopqrstuvwxyz", &seed);
		snprintf(name, sizeof(name), "%s.example-%d.com", "www", i);
		suspect_answer(suspect, 1, &client, name, true, 60, now_ns += S);
		snprintf(name, sizeof(name), "%s.com", label);
		suspect_answer(suspect, 1, &client, name, false, 0, now_ns += S);
	}
	assert_int_equal(told.cnt, 1);
	assert_string_equal(told.event, "dga");
	assert_in_range(i, 12, 20);
	suspect_free(suspect);
}

static void servers_without_an_answer_test(void **state)
{
	struct sek_addr client = { .w[3] = 5 }, other = { .w[3] = 6 };
	struct sek_addr third = { .w[3] = 7 };
	struct told told;
	struct suspect *suspect = suspect_make(&told);
	uint64_t now_ns = HOUR;

	/* Not before names have been watched for an hour. */
	suspect_server(suspect, 1, &client, "a.example", now_ns);
	suspect_server(suspect, 1, &client, "a.example", now_ns + HOUR / 2);
	assert_int_equal(told.cnt, 0);
	now_ns += 2 * HOUR;
	suspect_answer(suspect, 1, &client, "a.example", true, 60, now_ns);
	suspect_server(suspect, 1, &client, "a.example", now_ns + S);
	assert_int_equal(told.cnt, 0);
	suspect_answer(suspect, 1, &other, "x.example", true, 60, now_ns);
	suspect_server(suspect, 1, &other, "a.example", now_ns + S);
	assert_int_equal(told.cnt, 1);
	assert_string_equal(told.event, "sni_without_dns");
	assert_string_equal(told.name, "a.example");
	suspect_server(suspect, 1, &other, "a.example", now_ns + 2 * S); /* once an hour */
	assert_int_equal(told.cnt, 1);
	/* Who never has an answer itself asks by a resolver, or by its other address. */
	suspect_server(suspect, 1, &third, "a.example", now_ns + 2 * S);
	assert_int_equal(told.cnt, 1);
	/* An answer is remembered an hour beyond its time, and no longer. */
	suspect_server(suspect, 1, &client, "a.example", now_ns + 59 * 60 * S);
	assert_int_equal(told.cnt, 1);
	suspect_server(suspect, 1, &client, "a.example", now_ns + 62 * 60 * S);
	assert_int_equal(told.cnt, 2);
	/* Who asks by DoH is spared. */
	suspect_spare(suspect, 1, &other, now_ns + 2 * S);
	suspect_server(suspect, 1, &other, "b.example", now_ns + 3 * S);
	assert_int_equal(told.cnt, 2);
	suspect_server(suspect, 1, &third, "b.example", now_ns + 3 * S);
	assert_int_equal(told.cnt, 3);
	suspect_free(suspect);
}

/* --- counts --- */

static void counts_are_right_within_their_errors_test(void **state)
{
	static uint32_t real[5000];
	struct ledger *ledger;
	uint64_t seed = 11, all = 200000;
	json_t *shown, *name;
	size_t i;

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t n = 0; n < all; n++) {
		uint32_t which = next_number(&seed) % 5000;
		char text[32];

		which = which * (next_number(&seed) % 5000) / 5000 * (next_number(&seed) % 5000) /
			5000;
		real[which]++;
		snprintf(text, sizeof(text), "n%u.example", which);
		ledger_asked(ledger, 3, text, (int64_t)n);
	}
	shown = ledger_show(ledger, 3, LEDGER_TOP, 100);
	assert_int_equal(json_integer_value(json_object_get(shown, "all")), all);
	assert_int_equal(json_array_size(json_object_get(shown, "names")), 100);
	json_array_foreach(json_object_get(shown, "names"), i, name) {
		json_int_t cnt = json_integer_value(json_object_get(name, "cnt"));
		json_int_t error = json_integer_value(json_object_get(name, "error"));
		unsigned int which;

		assert_int_equal(
			sscanf(json_string_value(json_object_get(name, "name")), "n%u.", &which), 1);
		assert_true(real[which] <= cnt && real[which] >= cnt - error);
		assert_true(error <= (json_int_t)(all / SKETCH_NAMES));
	}
	json_decref(shown);
	shown = ledger_show(ledger, 4, LEDGER_TOP, 100); /* another tenant's are its own */
	assert_int_equal(json_array_size(json_object_get(shown, "names")), 0);
	json_decref(shown);
	ledger_free(ledger);
}

static void new_names_are_new_once_test(void **state)
{
	struct ledger *ledger;
	uint32_t missed = 0;
	json_t *shown;
	char text[64];

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint32_t i = 0; i < 30000; i++) {
		snprintf(text, sizeof(text), "host-%u.example", i);
		missed += !ledger_asked(ledger, 1, text, (int64_t)i * 1000000000);
		assert_false(ledger_asked(ledger, 1, text, 0));
	}
	print_message("of 30000 new names %u were taken for known ones\n", missed);
	assert_true(missed <= 30);
	shown = ledger_show_new(ledger, 1, 2);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(shown, "names"), 0), "name")),
			    "host-29999.example");
	assert_int_equal(json_array_size(json_object_get(shown, "names")), 2);
	json_decref(shown);
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_up_labels_are_told_from_used_ones_test),
		cmocka_unit_test(used_names_are_not_suspected_test),
		cmocka_unit_test(tunnels_are_seen_test),
		cmocka_unit_test(generated_names_are_seen_test),
		cmocka_unit_test(servers_without_an_answer_test),
		cmocka_unit_test(counts_are_right_within_their_errors_test),
		cmocka_unit_test(new_names_are_new_once_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
