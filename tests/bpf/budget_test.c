// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier walked to let each program of the gateway in: prints "# insns PROGRAM COUNT",
 * which vmtest/run.sh holds against vmtest/budget.csv. Needs root; says SKIP otherwise.
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

static void programs_are_let_in(void **state)
{
	const struct gate_options options = { .flows_max = 1024 };
	struct gate *gate;
	struct diag diag;

	(void)state;
	if (geteuid() != 0)
		skip();
	diag_init(&diag);
	assert_int_equal(gate_open(&options, &gate, NULL, &diag), 0);
	assert_true(gate_tc_fd(gate, &diag) >= 0);
	assert_true(insns_print() > 0);
	gate_close(gate);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(programs_are_let_in) };

	return cmocka_run_group_tests_name("verifier's budget", tests, NULL, NULL);
}
