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
#include <string.h>
#include <unistd.h>

#include "install/install.h"

#define VERIFIER_LIMIT 1000000 /* instructions, BPF_COMPLEXITY_LIMIT_INSNS */

static uint32_t newest_program(void)
{
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id))
		;
	return id;
}

/* One line for each program of ours that was loaded after this one. Returns how many there are. */
static unsigned int insns_print(uint32_t after)
{
	unsigned int cnt = 0;

	for (uint32_t id = after; !bpf_prog_get_next_id(id, &id);) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue; /* ended meanwhile: not ours */
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && strncmp(info.name, "sek_", 4) == 0) {
			print_message("# insns %s %u\n", info.name, info.verified_insns);
			assert_in_range(info.verified_insns, 1, VERIFIER_LIMIT);
			cnt++;
		}
		close(fd);
	}
	return cnt;
}

static void programs_are_let_in(void **state)
{
	const struct gate_options options = { .flows_max = 1024 };
	uint32_t before;
	struct gate *gate;
	struct diag diag;

	(void)state;
	if (geteuid() != 0)
		skip();
	diag_init(&diag);
	before = newest_program();
	assert_int_equal(gate_open(&options, &gate, NULL, &diag), 0);
	assert_true(gate_tc_fd(gate, &diag) >= 0);
	assert_true(insns_print(before) > 0);
	gate_close(gate);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(programs_are_let_in) };

	return cmocka_run_group_tests_name("verifier's budget", tests, NULL, NULL);
}
