// SPDX-License-Identifier: Apache-2.0
/*
 * Runs all rows over one load of the kernel program, then asks that every reason was met. Needs
 * CAP_BPF; without it every test is skipped, and says so.
 */
#include "bpf/gatebed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

/* What no test run can reach, and where it is met instead. */
static const struct {
	enum sek_reason reason;
	const char *where;
} elsewhere[] = {
	{ SEK_R_none, "never: a packet without a reason is a bug" },
	{ SEK_R_stack_mtu, "tests/net: needs the kernel's routes" },
	{ SEK_R_stack_resolve, "tests/net: needs the kernel's neighbours" },
	{ SEK_R_no_route, "tests/net: needs the kernel's routes" },
	{ SEK_R_route_not_port, "tests/net: needs the kernel's routes" },
	{ SEK_R_port_down, "tests/net: needs the device map" },
	{ SEK_R_too_big, "tests/net: needs the MTU of the other port" },
	{ SEK_R_bug_map, "never: a table that must be there was not" },
	{ SEK_R_bug_rewrite, "never: the kernel refused to move a frame" },
};

/* What a worker has a part in: none can be reached from TC. */
static const enum sek_reason by_xdp[] = { SEK_R_inspected, SEK_R_inspect_full_open,
					  SEK_R_inspect_full, SEK_R_inspect_block,
					  SEK_R_inspect_long };

static void every_reason_was_met(void **state)
{
	struct bed *bed = *state;
	size_t missing = 0;

	for (unsigned int i = 0; i < SEK_REASONS_MAX; i++) {
		bool excused = false;

		if (!strcmp(reason_name(i), "?"))
			continue;
		for (size_t j = 0; j < sizeof(elsewhere) / sizeof(elsewhere[0]); j++)
			excused |= elsewhere[j].reason == i;
		for (size_t j = 0; bed->tc && j < sizeof(by_xdp) / sizeof(by_xdp[0]); j++)
			excused |= by_xdp[j] == i;
		if (excused || bed->met[i])
			continue;
		print_error("no row reaches reason %u %s\n", i, reason_name(i));
		missing++;
	}
	assert_int_equal(missing, 0);
	assert_int_equal(bed->met[SEK_R_none], 0);
	assert_int_equal(bed->met[SEK_R_bug_map], 0);
	assert_int_equal(bed->met[SEK_R_bug_rewrite], 0);
}

/* A test run for TC takes neither jumbo frames nor cut-off ones; the rest must be by TC. */
static void its_own_program_was_run(void **state)
{
	struct bed *bed = *state;

	print_message("# %llu of %llu frames went through XDP's program\n",
		      (unsigned long long)bed->by_xdp, (unsigned long long)bed->runs);
	assert_true(bed->by_xdp <= (bed->tc ? bed->runs / 5 : 0));
}

/* May this process load programs at all? */
static bool may_load(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	long fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	if (fd >= 0)
		close((int)fd);
	return geteuid() == 0 && fd >= 0;
}

static void skipped(void **state)
{
	print_message("# SKIP: the kernel program can only be loaded by root\n");
	skip();
}

int main(void)
{
	const struct rows *const all[] = { &rows_frame,	      &rows_control,   &rows_tenant,
					   &rows_fragment,    &rows_tcp,       &rows_flow,
					   &rows_quota,	      &rows_policy,    &rows_list,
					   &rows_rate,	      &rows_route,     &rows_syncookie,
					   &rows_capture,     &rows_name,      &rows_name_dns,
					   &rows_name_stream, &rows_name_quic, &rows_name_leads,
					   &rows_inspect,     &rows_page,      &rows_random };
	struct CMUnitTest tests[256];
	size_t cnt = 0;
	int failed;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t j = 0; j < all[i]->cnt; j++)
			tests[cnt++] = all[i]->tests[j];
	tests[cnt++] = (struct CMUnitTest){ "every reason that a test run can reach was met",
					    every_reason_was_met, NULL, NULL, NULL };
	tests[cnt++] = (struct CMUnitTest){ "frames went through the program under test",
					    its_own_program_was_run, NULL, NULL, NULL };
	if (!may_load()) {
		for (size_t i = 0; i < cnt; i++)
			tests[i].test_func = skipped;
		return _cmocka_run_group_tests("gate", tests, cnt, NULL, NULL);
	}
	failed = _cmocka_run_group_tests("gate", tests, cnt, bed_setup, bed_teardown);
	for (size_t i = 0; i < rows_merged.cnt; i++)
		tests[cnt++] = rows_merged.tests[i];
	return failed +
	       _cmocka_run_group_tests("gate for TC", tests, cnt, bed_setup_tc, bed_teardown);
}
