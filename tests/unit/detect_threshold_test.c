/* SPDX-License-Identifier: Apache-2.0 */
/* How often a rule speaks: limits, filters, rates, by what they count and over which time. */
#include "unit/detect_bed.h"

/* How many of cnt packets, gap_ns apart, are told; '1' or '0' each. */
static const char *series(struct bed *bed, enum side side, int cnt, uint64_t gap_ns)
{
	static char said[64];

	for (int i = 0; i < cnt; i++) {
		said[i] = bed_send(bed, side, "x")[0] ? '1' : '0';
		bed->now_ns += gap_ns;
	}
	said[cnt] = 0;
	return said;
}

static void with_rule(struct bed *bed, const char *words)
{
	char rule[512];

	snprintf(rule, sizeof(rule), "alert tcp any any -> any any (content:\"x\"; %s; sid:1;)\n",
		 words);
	bed_new(bed, rule);
}

static void test_limit(void **state)
{
	struct bed bed;

	with_rule(&bed, "threshold: type limit, track by_src, count 2, seconds 10");
	assert_string_equal(series(&bed, FROM_CLIENT, 4, BED_SECOND), "1100");
	assert_string_equal(series(&bed, FROM_SERVER, 3, BED_SECOND), "110");
	bed.now_ns += 10 * BED_SECOND;
	assert_string_equal(series(&bed, FROM_CLIENT, 3, BED_SECOND), "110");
	bed_free(&bed);
}

static void test_threshold(void **state)
{
	struct bed bed;

	with_rule(&bed, "threshold: type threshold, track by_dst, count 3, seconds 10");
	assert_string_equal(series(&bed, FROM_CLIENT, 7, BED_SECOND), "0010010");
	bed_free(&bed);
}

static void test_both(void **state)
{
	struct bed bed;

	with_rule(&bed, "threshold: type both, track by_rule, count 2, seconds 10");
	assert_string_equal(series(&bed, FROM_CLIENT, 5, BED_SECOND), "01000");
	bed.now_ns += 20 * BED_SECOND;
	assert_string_equal(series(&bed, FROM_CLIENT, 3, BED_SECOND), "010");
	bed_free(&bed);
}

static void test_detection_filter(void **state)
{
	struct bed bed;

	with_rule(&bed, "detection_filter: track by_src, count 2, seconds 10");
	assert_string_equal(series(&bed, FROM_CLIENT, 5, BED_SECOND), "00111");
	bed_free(&bed);
}

/* What a limit keeps quiet is dropped all the same; what a threshold has not reached is not. */
static void test_actions(void **state)
{
	struct bed bed;

	bed_new(&bed, "drop tcp any any -> any any (content:\"x\"; "
		      "threshold: type limit, track by_src, count 1, seconds 10; sid:1;)\n"
		      "drop tcp any any -> any any (content:\"y\"; "
		      "threshold: type threshold, track by_src, count 2, seconds 10; sid:2;)\n");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "1");
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), "");
	assert_int_equal(bed.packet.fate, FATE_DROP);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "y"), "");
	assert_int_equal(bed.packet.fate, 0);
	assert_string_equal(bed_send(&bed, FROM_CLIENT, "y"), "2");
	assert_int_equal(bed.packet.fate, FATE_DROP);
	bed_free(&bed);
}

static void test_suppression_and_rate(void **state)
{
	struct address_range range;
	struct suppression suppression = { .by_src = true,
					   .addresses = { .cnt = 1, .range = &range } };
	struct signature *s;
	struct bed bed;

	bed_new(&bed, "alert tcp any any -> any any (content:\"x\"; sid:1;)\n");
	s = bed.ruleset->signatures.at[0];
	s->rate = (struct threshold){ .kind = LIMIT_RATE,
				      .track = TRACK_SRC,
				      .count = 2,
				      .seconds = 10,
				      .timeout = 5,
				      .new_action = RULE_DROP };
	assert_string_equal(series(&bed, FROM_CLIENT, 2, BED_SECOND), "11");
	assert_int_equal(bed.packet.fate, 0);
	assert_string_equal(series(&bed, FROM_CLIENT, 2, BED_SECOND), "11");
	assert_int_equal(bed.packet.fate, FATE_DROP);
	bed.now_ns += 7 * BED_SECOND / 2; /* 5.5 s since: the last second is one to its end */
	assert_string_equal(series(&bed, FROM_CLIENT, 1, BED_SECOND), "1");
	assert_int_equal(bed.packet.fate, FATE_DROP);
	bed.now_ns += 6 * BED_SECOND;
	assert_string_equal(series(&bed, FROM_CLIENT, 1, BED_SECOND), "1");
	assert_int_equal(bed.packet.fate, 0);

	range.from = range.to = bed.flow.addr[FROM_SERVER];
	s->suppressions = &suppression;
	s->suppression_cnt = 1;
	assert_string_equal(series(&bed, FROM_SERVER, 2, BED_SECOND), "00");
	assert_string_equal(series(&bed, FROM_CLIENT, 2, BED_SECOND), "11");
	s->suppressions = NULL;
	s->suppression_cnt = 0;
	bed_free(&bed);
}

/* Workers that share the memory say what one alone would. */
static void turn_count(void *arg)
{
	int *turns = arg;

	++*turns;
}

static void test_shared(void **state)
{
	struct detect *other, *first;
	int turns = 0;
	struct bed bed;

	with_rule(&bed, "threshold: type limit, track by_src, count 3, seconds 10");
	first = bed.detect;
	assert_int_equal(detect_new(bed.ruleset, &other), 0);
	detect_join(first, first, (struct detect_order){ turn_count, &turns });
	detect_join(other, first, (struct detect_order){ turn_count, &turns });
	for (int i = 0; i < 6; i++) {
		bed.detect = i % 2 ? other : first;
		assert_string_equal(bed_send(&bed, FROM_CLIENT, "x"), i < 3 ? "1" : "");
	}
	assert_int_equal(turns, 6);
	bed_send(&bed, FROM_CLIENT, "nothing that is shared");
	assert_int_equal(turns, 6);
	bed.detect = first;
	detect_free(other);
	bed_free(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),	cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_both),	cmocka_unit_test(test_detection_filter),
		cmocka_unit_test(test_actions), cmocka_unit_test(test_suppression_and_rate),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
