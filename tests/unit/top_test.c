// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho top` without a gateway and without a terminal: rates from two readings, and pages whose
 * columns stand where they should, whatever the names are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli/print.h"
#include "cli/top_page.h"

#define SECOND 1000000000u

static json_t *json_of(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);

	if (!value)
		fail_msg("%s: %s", error.text, text);
	return value;
}

/* A reading at a second, with these rows of stats.show (all packets: their number) and tenants. */
static struct top_reading reading(unsigned int second, int packets, const char *rows,
				  const char *tenants)
{
	char text[4096];
	struct top_reading r = { .stats_ns = second * (uint64_t)SECOND };

	snprintf(text, sizeof(text), "{\"generation\":3,\"packets\":%d,\"rows\":[%s]}", packets,
		 rows);
	r.stats = json_of(text);
	snprintf(text, sizeof(text), "{\"tenants\":[%s]}", tenants);
	r.tenants = json_of(text);
	r.rates = json_of(
		"{\"rates\":["
		"{\"tenant\":\"a\",\"dir\":\"out\",\"bits_per_s\":8000,\"packets_per_s\":1000},"
		"{\"tenant\":\"a\",\"dir\":\"in\",\"bits_per_s\":0,\"packets_per_s\":20}]}");
	return r;
}

#define ROW(tenant, dir, verdict, reason, packets, bytes)                                          \
	"{\"tenant\":\"" tenant "\",\"dir\":\"" dir "\",\"verdict\":\"" verdict                    \
	"\",\"reason\":\"" reason "\",\"packets\":" #packets ",\"bytes\":" #bytes "}"
#define BODY_A "{\"tenant\":\"a\",\"id\":1,\"flows\":7,\"flows_max\":10}"

static double value(const json_t *rates, size_t body, const char *key)
{
	const json_t *row = json_array_get(json_object_get(rates, "tenants"), body);

	return print_member(row, key) ? json_number_value(print_member(row, key)) : -1;
}

static void is_value(const json_t *rates, const char *key, double want)
{
	double is = value(rates, 0, key);

	if (is < want - 0.001 || is > want + 0.001)
		fail_msg("%s is %g, not %g", key, is, want);
}

static json_t *rates_of(struct top_reading *before, struct top_reading *now)
{
	json_t *rates = top_rates(before, now);

	assert_non_null(rates);
	if (before)
		top_reading_free(before);
	top_reading_free(now);
	return rates;
}

static void rates_are_told(void **state)
{
	struct top_reading before =
		reading(10, 100,
			ROW("a", "out", "forward", "established", 100,
			    10000) "," ROW("a", "in", "drop", "list_block", 5, 500),
			BODY_A);
	struct top_reading now = reading(
		12, 200,
		ROW("a", "out", "forward", "established", 120, 11000) "," ROW(
			"a", "in", "forward", "established", 20,
			500) "," ROW("a", "in", "drop", "list_block", 9,
				     900) "," ROW("a", "out", "drop", "rule_reject", 2,
						  200) "," ROW("a", "in", "stack", "stack_ttl", 4, 4),
		BODY_A);
	json_t *rates = rates_of(&before, &now);

	is_value(rates, "up.bits_per_s", 4000);
	is_value(rates, "up.packets_per_s", 10);
	is_value(rates, "up.use", 0.5); /* of bits; of packets less */
	is_value(rates, "down.packets_per_s", 12);
	is_value(rates, "down.use", 0.6); /* of packets: there is no limit of bits */
	is_value(rates, "use", 0.6);
	is_value(rates, "dropped_per_s", 2);
	is_value(rates, "rejected_per_s", 1); /* one that was told is not dropped */
	is_value(rates, "flows", 7);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(rates, "reasons"), 0), "reason")),
			    "list_block");
	assert_int_equal(json_array_size(json_object_get(rates, "reasons")), 2);
	json_decref(rates);
}

/* One reading alone has no rates, but limits, quotas and reasons. */
static void one_reading_has_no_rates(void **state)
{
	struct top_reading now =
		reading(10, 100, ROW("a", "in", "drop", "list_block", 9, 900), BODY_A);
	json_t *rates = rates_of(NULL, &now);

	assert_true(json_is_null(json_object_get(rates, "interval_s")));
	is_value(rates, "up.bits_per_s", -1);
	is_value(rates, "dropped_per_s", -1);
	is_value(rates, "up.limit_bits_per_s", 8000);
	is_value(rates, "flows", 7);
	json_decref(rates);
}

/* The gateway was loaded anew: all counters are less. */
static void counters_begin_anew(void **state)
{
	struct top_reading before =
		reading(10, 1000, ROW("a", "out", "forward", "accepted", 1000, 9), BODY_A);
	struct top_reading now =
		reading(11, 10, ROW("a", "out", "forward", "accepted", 10, 9), BODY_A);
	json_t *rates = rates_of(&before, &now);

	assert_true(json_is_null(json_object_get(rates, "interval_s")));
	is_value(rates, "up.bits_per_s", -1);
	json_decref(rates);
}

/* One cell alone that went back: nothing, not a negative rate. */
static void no_rate_is_negative(void **state)
{
	struct top_reading before = reading(10, 1000,
					    ROW("a", "out", "forward", "accepted", 100, 100) "," ROW(
						    "a", "out", "drop", "list_block", 50, 100),
					    BODY_A);
	struct top_reading now = reading(11, 2000,
					 ROW("a", "out", "forward", "accepted", 90,
					     90) "," ROW("a", "out", "drop", "list_block", 51, 100),
					 BODY_A);
	json_t *rates = rates_of(&before, &now);

	is_value(rates, "up.bits_per_s", 0);
	is_value(rates, "dropped_per_s", 1);
	json_decref(rates);
}

/* A policy that gives the name another number: its counters are another's. */
static void a_name_that_moved_is_not_compared(void **state)
{
	struct top_reading before = reading(10, 1000, ROW("a", "out", "forward", "accepted", 1, 1),
					    BODY_A ",{\"tenant\":\"b\",\"id\":2}");
	struct top_reading now =
		reading(11, 2000, ROW("a", "out", "forward", "accepted", 900, 900),
			"{\"tenant\":\"a\",\"id\":2,\"flows\":1},{\"tenant\":\"b\",\"id\":1}");
	json_t *rates = rates_of(&before, &now);

	is_value(rates, "up.bits_per_s", -1);
	is_value(rates, "flows", 1);
	json_decref(rates);
}

/* No policy, no names: bodies are those that were counted. No answer at all: nothing. */
static void less_is_shown_of_less(void **state)
{
	struct top_reading before = { 0 }, now = { 0 }, nothing = { 0 };
	json_t *rates;

	before.stats = json_of(
		"{\"packets\":1,\"rows\":[" ROW("7", "in", "forward", "accepted", 1, 1) "]}");
	now.stats = json_of(
		"{\"packets\":3,\"rows\":[" ROW("7", "in", "forward", "accepted", 3, 9) "]}");
	before.stats_ns = 1;
	now.stats_ns = 1 + SECOND;
	rates = rates_of(&before, &now);
	is_value(rates, "down.bits_per_s", 64);
	json_decref(rates);
	rates = rates_of(NULL, &nothing);
	assert_int_equal(json_array_size(json_object_get(rates, "tenants")), 0);
	assert_null(json_object_get(rates, "ports"));
	json_decref(rates);
}

static void ports_are_told(void **state)
{
	struct top_reading before = { .ports_ns = SECOND },
			   now = { .ports_ns = 3u * (uint64_t)SECOND };
	json_t *rates, *port;

	before.ports = json_of(
		"{\"ports\":[{\"port\":\"p\",\"id\":1,\"packets\":10,\"bytes\":100,"
		"\"dropped\":1,\"link\":\"up\",\"kernel\":{\"rx_dropped\":5,\"tx_errors\":1}}]}");
	now.ports = json_of(
		"{\"ports\":[{\"port\":\"p\",\"id\":1,\"packets\":30,\"bytes\":300,"
		"\"dropped\":5,\"link\":\"up\",\"kernel\":{\"rx_dropped\":9,\"tx_errors\":1}},"
		"{\"port\":\"q\",\"id\":2,\"packets\":0,\"link\":\"gone\"}]}");
	rates = rates_of(&before, &now);
	port = json_array_get(json_object_get(rates, "ports"), 0);
	assert_true(json_number_value(json_object_get(port, "bits_per_s")) == 800);
	assert_true(json_number_value(json_object_get(port, "packets_per_s")) == 10);
	assert_true(json_number_value(json_object_get(port, "dropped_per_s")) == 2);
	assert_true(json_number_value(json_object_get(port, "kernel_dropped_per_s")) == 2);
	assert_int_equal(json_integer_value(json_object_get(port, "kernel_dropped")), 10);
	port = json_array_get(json_object_get(rates, "ports"), 1);
	assert_string_equal(json_string_value(json_object_get(port, "link")), "gone");
	assert_null(json_object_get(port, "bits_per_s"));
	json_decref(rates);
}

/* Flows: one that goes on, one that is new, one that was not among the largest before. */
static void flows_are_told(void **state)
{
	static const char flow[] =
		"{\"proto\":\"tcp\",\"src\":\"10.0.0.1\",\"sport\":%d,\"dst\":\"192.0.2.1\","
		"\"dport\":80,\"dir\":\"out\",\"age_s\":%d,\"bytes_out\":%d,\"bytes_in\":%d}";
	struct top_reading before = { .flows_ns = SECOND },
			   now = { .flows_ns = 3u * (uint64_t)SECOND };
	char one[512], two[512], three[512], text[2048];
	json_t *rates, *flows;

	snprintf(one, sizeof(one), flow, 1, 10, 100, 1000);
	snprintf(text, sizeof(text), "{\"flows\":[%s]}", one);
	before.flows = json_of(text);
	snprintf(one, sizeof(one), flow, 1, 12, 100, 2000);
	snprintf(two, sizeof(two), flow, 2, 1, 0, 4000);
	snprintf(three, sizeof(three), flow, 3, 60, 9000, 9000);
	snprintf(text, sizeof(text), "{\"flows\":[%s,%s,%s]}", three, one, two);
	now.flows = json_of(text);
	rates = rates_of(&before, &now);
	flows = json_object_get(rates, "flows_top");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(flows, 0), "sport")), 2);
	assert_true(json_number_value(json_object_get(json_array_get(flows, 0), "down_bits_per_s")) ==
		    16000);
	assert_true(json_number_value(json_object_get(json_array_get(flows, 1), "down_bits_per_s")) ==
		    4000);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(flows, 2), "sport")), 3);
	assert_null(json_object_get(json_array_get(flows, 2), "bits_per_s"));
	json_decref(rates);
}

static void what_blocked_is_told(void **state)
{
	struct top_reading now = { 0 };
	json_t *rates, *row;

	now.events = json_of(
		"{\"events\":["
		"{\"timestamp\":\"1\",\"list\":\"scanners\",\"src_ip\":\"a\",\"drop\":{\"reason\":\"list_block\"}},"
		"{\"timestamp\":\"2\",\"rule\":\"office\",\"src_ip\":\"b\",\"drop\":{\"reason\":\"rule_drop\"}},"
		"{\"timestamp\":\"3\",\"rule\":\"office\",\"src_ip\":\"c\",\"drop\":{\"reason\":\"rule_drop\"}},"
		"{\"timestamp\":\"4\",\"event_type\":\"flow\",\"flow\":{}}]}");
	rates = rates_of(NULL, &now);
	assert_int_equal(json_array_size(json_object_get(rates, "blocked")), 2);
	row = json_array_get(json_object_get(rates, "blocked"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "by")), "rule office");
	assert_int_equal(json_integer_value(json_object_get(row, "events")), 2);
	assert_string_equal(json_string_value(json_object_get(row, "src")), "c");
	json_decref(rates);
}

static void numbers_are_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 0, "0" },	     { 0.4, "0.4" },	 { 3, "3" },	     { 9.94, "9.9" },
		{ 9.96, "10" },	     { 999.4, "999" },	 { 999.5, "1.00k" }, { 9994, "9.99k" },
		{ 9996, "10.0k" },   { 99940, "99.9k" }, { 99960, "100k" },  { 999499, "999k" },
		{ 999500, "1.00M" }, { 1.3e8, "130M" },	 { 4e10, "40.0G" },  { 1e18, "1.00E" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16];

		assert_string_equal(top_number(rows[i].value, text), rows[i].text);
		assert_true(strlen(text) <= TOP_NUMBER_WIDTH);
	}
}

/* 21 bodies, some with names and titles that are long, wide, or not meant well. */
static json_t *bodies_of(size_t cnt)
{
	static const char *const titles[] = {
		"佐賀市", "吉野ヶ里町", "", "みやき町役場本庁舎東館三階", "\\u001b[31mred", "ｶﾅ"
	};
	json_t *rates = json_object(), *bodies = json_array(), *ports = json_array();
	char text[1024];

	for (size_t i = 0; i < cnt; i++) {
		snprintf(text, sizeof(text),
			 "{\"tenant\":\"body%zu\",\"id\":%zu,\"title\":\"%s\",\"flows\":%zu,"
			 "\"flows_max\":100,\"up\":{\"bits_per_s\":%zu,\"limit_bits_per_s\":1000,"
			 "\"packets_per_s\":1,\"limit_packets_per_s\":10,\"use\":%g},"
			 "\"down\":{\"bits_per_s\":1e9,\"use\":0.1},\"dropped_per_s\":%zu,\"use\":%g}",
			 i, i + 1, titles[i % 6], i, i * 100, (double)i / 10, cnt - i,
			 (double)i / 10);
		json_array_append_new(bodies, json_of(text));
	}
	json_array_append_new(
		ports,
		json_of("{\"port\":\"外\",\"link\":\"gone\",\"problem\":\"no interface eth9\"}"));
	json_object_set_new(rates, "tenants", bodies);
	json_object_set_new(rates, "ports", ports);
	json_object_set_new(
		rates, "problem",
		json_string("no\nagent \x1b[0m of any kind answers here, and so this is a long line"));
	return rates;
}

/* The display column at which byte `at` of a line stands. */
static int column_of(const struct top_line *line, const char *at)
{
	char before[TOP_LINE_BYTES];

	snprintf(before, sizeof(before), "%.*s", (int)(at - line->text), line->text);
	return top_columns(before);
}

/* Every line takes just its columns and has no control byte; spans cover it. */
static void lines_are_whole(const struct top_lines *lines)
{
	for (size_t i = 0; i < lines->cnt; i++) {
		const struct top_line *line = &lines->lines[i];
		size_t covered = 0;

		assert_int_equal(line->columns, top_columns(line->text));
		assert_true(line->columns <= lines->width);
		for (const char *p = line->text; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		for (size_t k = 0; k < line->span_cnt; k++)
			covered += line->spans[k].len;
		assert_int_equal(covered, line->len);
	}
}

static void is_aligned(const struct top_page *page)
{
	int at[8] = { 0 };

	for (size_t i = 0; i < page->row_cnt; i++) {
		const struct top_line *line = &page->body.lines[page->rows[i]];
		int bars = 0;

		assert_int_equal(line->columns, page->body.width);
		for (const char *p = strchr(line->text, '['); p; p = strchr(p + 1, '[')) {
			int column = column_of(line, p);

			if (strncmp(p, "[31m", 4) == 0)
				continue; /* in a title, where it is but text */
			if (i == 0)
				at[bars] = column;
			assert_int_equal(column, at[bars]);
			bars++;
		}
		assert_true(bars >= 3);
	}
}

static void columns_stand(void **state)
{
	static const int widths[] = { 80, 81, 100, 149, 150, 200, 400 };
	json_t *rates = bodies_of(21);

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct top_view view = {
			.page = TOP_BODIES, .instance = "lab", .tenant = "", .interval_s = 1, .news = ""
		};
		struct top_page page;

		assert_int_equal(top_page_make(&page, rates, &view, widths[i]), 0);
		assert_int_equal(page.row_cnt, 21);
		assert_int_equal(page.foot.cnt, 1);
		lines_are_whole(&page.head);
		lines_are_whole(&page.body);
		lines_are_whole(&page.foot);
		is_aligned(&page);
		top_page_free(&page);
	}
	json_decref(rates);
}

/* However small the screen is, nothing is written beside it. */
static void small_screens_are_kept_to(void **state)
{
	json_t *rates = bodies_of(3);

	for (int width = 1; width < 80; width++)
		for (int kind = TOP_BODIES; kind <= TOP_HELP; kind++) {
			struct top_view view = { .page = (enum top_page_kind)kind,
						 .instance = "",
						 .tenant = "body1",
						 .interval_s = 1,
						 .news = "news" };
			struct top_page page;

			assert_int_equal(top_page_make(&page, rates, &view, width), 0);
			lines_are_whole(&page.head);
			lines_are_whole(&page.body);
			lines_are_whole(&page.foot);
			top_page_free(&page);
		}
	json_decref(rates);
}

static bool page_says(const struct top_lines *lines, const char *text)
{
	for (size_t i = 0; i < lines->cnt; i++)
		if (strstr(lines->lines[i].text, text))
			return true;
	return false;
}

static void what_is_wrong_is_said(void **state)
{
	json_t *rates = bodies_of(2);
	struct top_view view = { .page = TOP_PORTS,
				 .instance = "",
				 .tenant = "",
				 .interval_s = 1,
				 .news = "sekishod answers again" };
	struct top_page page;

	assert_int_equal(top_page_make(&page, rates, &view, 80), 0);
	assert_true(page_says(&page.head, "! no\\nagent \\x1b[0m of any"));
	assert_true(page_says(&page.head, "> sekishod answers again"));
	assert_true(page_says(&page.body, "外"));
	assert_true(page_says(&page.body, "! no interface eth9"));
	top_page_free(&page);
	view.page = TOP_BODIES;
	assert_int_equal(top_page_make(&page, rates, &view, 80), 0);
	assert_true(page_says(&page.head, "! port 外: gone"));
	top_page_free(&page);
	view.page = TOP_BODY;
	view.tenant = "nobody";
	assert_int_equal(top_page_make(&page, rates, &view, 80), 0);
	assert_true(page_says(&page.body, "there is no body 'nobody' now"));
	top_page_free(&page);
	json_decref(rates);
}

static void first_is(json_t *rates, enum top_page_kind kind, const char *order, bool reverse,
		     const char *name)
{
	struct top_view view = {
		.page = kind, .instance = "", .tenant = "", .interval_s = 1, .news = "", .reverse = reverse
	};
	struct top_page page;
	int at = top_order_find(kind, order);

	assert_true(at >= 0);
	view.order = (size_t)at;
	assert_int_equal(top_page_make(&page, rates, &view, 80), 0);
	assert_non_null(strstr(page.body.lines[0].text, name));
	top_page_free(&page);
}

static void rows_are_sorted(void **state)
{
	json_t *rates = bodies_of(9);

	first_is(rates, TOP_BODIES, "use", false, "body8");
	first_is(rates, TOP_BODIES, "use", true, "body0");
	first_is(rates, TOP_BODIES, "name", false, "body0");
	first_is(rates, TOP_BODIES, "up", false, "body8");
	first_is(rates, TOP_BODIES, "dropped", false, "body0");
	first_is(rates, TOP_BODIES, "flows", false, "body8");
	assert_int_equal(top_order_find(TOP_BODIES, "colour"), -1);
	assert_int_equal(top_order_find(TOP_HELP, "use"), -1);
	json_decref(rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_told),
		cmocka_unit_test(one_reading_has_no_rates),
		cmocka_unit_test(counters_begin_anew),
		cmocka_unit_test(no_rate_is_negative),
		cmocka_unit_test(a_name_that_moved_is_not_compared),
		cmocka_unit_test(less_is_shown_of_less),
		cmocka_unit_test(ports_are_told),
		cmocka_unit_test(flows_are_told),
		cmocka_unit_test(what_blocked_is_told),
		cmocka_unit_test(numbers_are_short),
		cmocka_unit_test(columns_stand),
		cmocka_unit_test(small_screens_are_kept_to),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(rows_are_sorted),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
