// SPDX-License-Identifier: Apache-2.0
/*
 * Filters of flows as people and clients write them, and the names of numbers. No kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "install/largest.h"
#include "install/state.h"

static int filter_of(const char *json, struct state_filter *ret_filter, size_t *ret_errors)
{
	json_t *params = json_loads(json, 0, NULL);
	struct diag diag;
	int err;

	assert_non_null(params);
	diag_init(&diag);
	err = state_filter_read(params, NULL, ret_filter, &diag);
	*ret_errors = diag.error_cnt;
	diag_free(&diag);
	json_decref(params);
	return err;
}

static void filters_are_read(void **state)
{
	struct state_filter f;
	size_t errors;

	assert_int_equal(filter_of("{}", &f, &errors), 0);
	assert_int_equal(f.tenant, -1);
	assert_int_equal(f.proto, -1);
	assert_int_equal(f.limit, 0);
	assert_int_equal(filter_of("{\"tenant\":\"7\",\"src\":\"10.1.2.3/8\",\"dst\":\"2001:db8::1\","
				   "\"proto\":\"udp\",\"port\":\"53\",\"limit\":10}",
				   &f, &errors),
			 0);
	assert_int_equal(f.tenant, 7);
	assert_int_equal(f.src.len, 96 + 8);
	assert_int_equal(f.src.addr.w[3], htonl(0x0a000000));
	assert_int_equal(f.dst.len, 128);
	assert_int_equal(f.proto, 17);
	assert_int_equal(f.port, 53);
	assert_int_equal(f.limit, 10);
	assert_int_equal(filter_of("{\"proto\":\"icmp\"}", &f, &errors), 0);
	assert_int_equal(f.proto, STATE_PROTO_ICMP);
	assert_int_equal(filter_of("{\"proto\":47}", &f, &errors), 0);
	assert_int_equal(f.proto, 47);
}

/* All that is wrong is told at once, and the filter stays as it was. */
static void bad_filters_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"port\":0}",
		"{\"port\":65536}",
		"{\"port\":-1}",
		"{\"port\":\"53x\"}",
		"{\"port\":\"\"}",
		"{\"port\":null}",
		"{\"proto\":256}",
		"{\"proto\":\"tpc\"}",
		"{\"src\":\"10.0.0.0/33\"}",
		"{\"src\":\"ten\"}",
		"{\"dst\":7}",
		"{\"src\":\"\"}",
		"{\"tenant\":\"saga\"}",
		"{\"tenant\":64}",
		"{\"limit\":-1}",
		"{\"limit\":1e9}",
		"{\"order\":\"age\",\"limit\":1}",
		"{\"order\":\"bytes\"}",
		"{\"order\":\"bytes\",\"limit\":10001}",
		"{\"colour\":\"\\u001b[31m\"}",
		"{\"port\":18446744073709551616}",
	};
	struct state_filter f = { .port = 9 };
	size_t errors;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *parsed = json_loads(bad[i], 0, NULL);

		if (!parsed) /* a number that JSON readers refuse */
			continue;
		json_decref(parsed);
		assert_int_equal(filter_of(bad[i], &f, &errors), -EINVAL);
		assert_int_equal(errors, 1);
		assert_int_equal(f.port, 9);
	}
	assert_int_equal(filter_of("{\"port\":0,\"proto\":\"x\",\"src\":\"y\"}", &f, &errors),
			 -EINVAL);
	assert_int_equal(errors, 3);
}

static void an_order_is_read(void **state)
{
	struct state_filter f;
	size_t errors;

	assert_int_equal(filter_of("{\"order\":\"bytes\",\"limit\":10000}", &f, &errors), 0);
	assert_true(f.largest);
}

/* Of a thousand flows in no order the ten largest remain, the largest first. */
static void the_largest_flows_remain(void **state)
{
	struct largest largest;

	assert_int_equal(largest_init(&largest, 10), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t n = (i * 7919) % 1000; /* each number once */

		largest_offer(&largest, &(struct sek_flow){ .number = (uint32_t)n,
							    .bytes = { n / 3, n - n / 3 } });
	}
	largest_sort(&largest);
	assert_int_equal(largest.cnt, 10);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(largest.flows[i].flow.number, 999 - i);
	largest_free(&largest);
	assert_int_equal(largest_init(&largest, 3), 0);
	largest_offer(&largest, &(struct sek_flow){ .bytes = { 1, 1 } });
	largest_sort(&largest);
	assert_int_equal(largest.cnt, 1);
	largest_free(&largest);
}

static void every_number_has_a_name(void **state)
{
	assert_string_equal(state_reason_name(SEK_R_list_block), "list_block");
	assert_string_equal(state_reason_verdict(SEK_R_list_block), "drop");
	assert_string_equal(state_reason_verdict(SEK_R_accepted), "forward");
	for (int i = 0; i < 256; i++) {
		assert_non_null(state_reason_name((uint8_t)i));
		assert_non_null(state_reason_text((uint8_t)i, true));
		assert_non_null(state_flow_state_name((uint8_t)i));
		assert_non_null(state_cause_name((uint8_t)i));
		assert_non_null(state_dir_name((uint8_t)i));
	}
	assert_string_equal(state_reason_name(255), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_are_read),
		cmocka_unit_test(bad_filters_are_refused),
		cmocka_unit_test(an_order_is_read),
		cmocka_unit_test(the_largest_flows_remain),
		cmocka_unit_test(every_number_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
