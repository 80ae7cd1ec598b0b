// SPDX-License-Identifier: Apache-2.0
/*
 * All programs of the gateway in one load. What the verifier walked to let each in: prints "# insns
 * PROGRAM COUNT", which vmtest/run.sh holds against vmtest/budget.csv. And where each kind of them is
 * put. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/install.h"
#include "sekisho/verdict.h"

#define VERIFIER_LIMIT 1000000 /* instructions, BPF_COMPLEXITY_LIMIT_INSNS */

/* The program behind one of this process's file descriptors, 0 if it is none (proc(5), fdinfo). */
static uint32_t program_of(const char *fd)
{
	char path[sizeof("/proc/self/fdinfo/") + 256];
	char line[128];
	uint32_t id = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", fd);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (strncmp(line, "prog_id:", 8) == 0)
			id = (uint32_t)strtoul(line + 8, NULL, 10);
	if (info)
		fclose(info);
	return id;
}

/*
 * One line for each program that this process holds; what else the machine loads meanwhile is not
 * asked. Returns how many there are.
 */
static unsigned int insns_print(void)
{
	DIR *fds = opendir("/proc/self/fdinfo");
	unsigned int cnt = 0;

	assert_non_null(fds);
	for (struct dirent *entry; (entry = readdir(fds));) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);
		uint32_t id = program_of(entry->d_name);

		if (id == 0)
			continue;
		assert_int_equal(
			bpf_obj_get_info_by_fd((int)strtol(entry->d_name, NULL, 10), &info, &len), 0);
		if (strncmp(info.name, "sek_", 4) != 0)
			continue; /* one of libbpf's own questions to the kernel */
		print_message("# insns %s %u\n", info.name, info.verified_insns);
		assert_in_range(info.verified_insns, 1, VERIFIER_LIMIT);
		cnt++;
	}
	closedir(fds);
	return cnt;
}

static int gate_up(void **state)
{
	const struct gate_options options = { .flows_max = 1024 };
	struct gate *gate = NULL;
	struct diag diag;
	int err;

	if (geteuid() != 0)
		return 0;
	diag_init(&diag);
	err = gate_open(&options, &gate, NULL, &diag);
	if (err)
		diag_print(&diag, stderr);
	diag_free(&diag);
	*state = gate;
	return err;
}

static int gate_down(void **state)
{
	gate_close(*state);
	return 0;
}

/* How many programs are in such an array. */
static size_t steps_cnt(const struct gate *gate, const char *name)
{
	size_t cnt = 0;
	uint32_t id;

	for (uint32_t step = 0; step < SEK_STEPS_MAX; step++)
		cnt += !bpf_map_lookup_elem(gate_map_fd(gate, name), &step, &id);
	return cnt;
}

/* Each kind of program has its own array, filled when the first of that kind is wanted. */
static void steps_are_of_one_kind(void **state)
{
	struct gate *gate = *state;
	struct diag diag;
	size_t cnt;

	if (!gate)
		skip();
	diag_init(&diag);
	cnt = steps_cnt(gate, "sek_step");
	assert_true(cnt > 0);
	assert_int_equal(steps_cnt(gate, "sek_step_tc"), 0);
	assert_int_equal(steps_cnt(gate, "sek_step_joined"), 0);
	assert_true(gate_tc_fd(gate, &diag) >= 0);
	assert_int_equal(steps_cnt(gate, "sek_step_tc"), cnt);
	assert_int_equal(gate_join(gate), 0);
	assert_int_equal(steps_cnt(gate, "sek_step_joined"), cnt);
	assert_int_equal(gate_joined_fd(gate, "sek_step"), gate_map_fd(gate, "sek_step_joined"));
	assert_int_equal(gate_joined_fd(gate, "sek_flow"), gate_map_fd(gate, "sek_flow"));
	diag_free(&diag);
}

static void programs_are_let_in(void **state)
{
	struct diag diag;

	if (!*state)
		skip();
	diag_init(&diag);
	assert_true(gate_tc_fd(*state, &diag) >= 0); /* beside those for XDP */
	assert_true(insns_print() > 0);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_of_one_kind),
		cmocka_unit_test(programs_are_let_in),
	};

	return cmocka_run_group_tests_name("verifier's budget", tests, gate_up, gate_down);
}
