// SPDX-License-Identifier: Apache-2.0
/*
 * Bulk TCP of real stacks through the gateway against a bare redirect, by XDP and by TC. Offloads that do not
 * survive XDP are off there, on both paths alike. The sender's CPU is the bottleneck: it does the way's
 * work, too.
 */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/field.h"

enum { GATE_1500, BARE_1500, GATE_9000, BARE_9000 };

static const struct bench_subject subjects[] = {
	[GATE_1500] = { "gateway, MTU 1500", "Gbit/s" },
	[BARE_1500] = { "redirect, MTU 1500", "Gbit/s" },
	[GATE_9000] = { "gateway, MTU 9000", "Gbit/s" },
	[BARE_9000] = { "redirect, MTU 9000", "Gbit/s" },
};

static const struct {
	const char *path, *mtu;
} cases[] = {
	[GATE_1500] = { "gate", "1500" },
	[BARE_1500] = { "bare", "1500" },
	[GATE_9000] = { "gate", "9000" },
	[BARE_9000] = { "bare", "9000" },
};

static const struct bench_row rows[] = {
	{ "tcp_1500", "bulk TCP through the gateway against a bare XDP redirect, MTU 1500",
	  BENCH_RATIO, GATE_1500, BARE_1500, NULL, BENCH_AT_LEAST, 0.95 },
	{ "tcp_9000", "the same, MTU 9000", BENCH_RATIO, GATE_9000, BARE_9000, NULL, BENCH_AT_LEAST,
	  0.95 },
	{ "tcp", "the worse of both", BENCH_WORST, 0, 0, "tcp_", BENCH_AT_LEAST, 0.95 },
};

static int tcp_setup(void **ret_state)
{
	struct field *field;
	int r = field_up("tcp", &field);

	*ret_state = field;
	return r ? r : field_bare(field, "bench-bare");
}

/* One stream of a second over this path. */
static int stream(const char *path, double *ret_gbits)
{
	int r = field_script("tcp", path);

	if (r)
		return r;
	*ret_gbits = strtod(bench_said(), NULL) / 1e9;
	return *ret_gbits > 0 ? 0 : bench_say(-1, "iperf3 says %s", bench_said());
}

static int tcp_take(void *state, int subject, double *ret_gbits)
{
	int r = field_script("mtu", cases[subject].mtu);

	return r ?: stream(cases[subject].path, ret_gbits);
}

static void tcp_teardown(void *state)
{
	field_down(state);
}

const struct bench_topic topic_tcp = {
	.name = "tcp",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 9,
	.setup = tcp_setup,
	.take = tcp_take,
	.teardown = tcp_teardown,
};

/* --- TC, where TSO and checksum offload stay on --- */

enum { GATE_TC, BARE_TC };

static const struct bench_subject tc_subjects[] = {
	[GATE_TC] = { "gateway, TC", "Gbit/s" },
	[BARE_TC] = { "redirect, TC", "Gbit/s" },
};
static const char *const tc_paths[] = { [GATE_TC] = "gate", [BARE_TC] = "bare" };

static const struct bench_row tc_rows[] = {
	{ "tc", "bulk TCP through the gateway by TC against a bare TC redirect, offloads on",
	  BENCH_RATIO, GATE_TC, BARE_TC, NULL, BENCH_AT_LEAST, 0.9 },
};

static int tc_setup(void **ret_state)
{
	struct field *field;
	int r = field_up("tc", &field);

	*ret_state = field;
	return r ? r : field_bare_tc(field, "bench-bare");
}

static int tc_take(void *state, int subject, double *ret_gbits)
{
	return stream(tc_paths[subject], ret_gbits);
}

const struct bench_topic topic_tc = {
	.name = "tc",
	.subjects = tc_subjects,
	.subject_cnt = sizeof(tc_subjects) / sizeof(tc_subjects[0]),
	.rows = tc_rows,
	.row_cnt = sizeof(tc_rows) / sizeof(tc_rows[0]),
	.rounds = 9,
	.setup = tc_setup,
	.take = tc_take,
	.teardown = tcp_teardown,
};
