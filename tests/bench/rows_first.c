// SPDX-License-Identifier: Apache-2.0
/*
 * The whole program for the first packet of a flow, when a body has 10 rules and when it has 1,000.
 * The rule that matches is the last but the defaults. Flows made are ended before the next measurement.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "install/state.h"
#include "sekisho/verdict.h"

#define TENANT 1
#define CPU 1
#define REPEAT 100000
#define FLOWS 4000000 /* to choose from, so that few come twice */
#define FIRST_LEAST (REPEAT * 95 / 100)

enum { FEW, MANY, CNT };
static const unsigned int rule_cnt[CNT] = { [FEW] = 10, [MANY] = 1000 };

static const struct bench_subject subjects[] = {
	[FEW] = { "first packet, 10 rules", "ns" },
	[MANY] = { "first packet, 1,000 rules", "ns" },
};

static const struct bench_row rows[] = {
	{ "rules_growth", "the first packet of a flow, 1,000 rules against 10", BENCH_RATIO, MANY,
	  FEW, NULL, BENCH_AT_MOST, 1.5 },
};

static const char head[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
	"tenants:\n"
	"  - name: body\n"
	"    id: 1\n"
	"    attach: [{port: inside}, {port: outside}]\n"
	"    prefixes: [10.1.0.0/16]\n"
	"    quota: {flows: 900k, half_open: 900k, source_flows: 10k, source_half_open: 10k,\n"
	"            source_rate: 10000000}\n"
	"    default: {out: drop, in: drop}\n"
	"    rules:\n";

struct first {
	struct frame frame;
	struct vary *vary;
	struct gate *gate[CNT];
};

/* Rules that differ in every field, then the one that all packets satisfy. */
static char *policy_of(unsigned int cnt)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs(head, out);
	for (unsigned int i = 1; i < cnt; i++)
		fprintf(out,
			"      - {dir: out, src: 10.1.%u.0/%u, dst: 198.18.%u.0/24, proto: %s, dport: %u, "
			"action: drop}\n",
			i % 256, 20 + i % 5, i / 4, i % 2 ? "tcp" : "udp", 1000 + i);
	fputs("      - {dir: out, proto: udp, dport: 53, action: accept}\n", out);
	fclose(out);
	return text;
}

static int gate_of(unsigned int cnt, struct gate **ret_gate)
{
	const struct gate_options options = { .flows_max = 1u << 18, .sources_max = 1u << 17 };
	char *text = policy_of(cnt);
	int r = text ? bench_gate_open(text, &options, ret_gate) : bench_say(-ENOMEM, "no memory");

	free(text);
	return r;
}

static int setup(void **ret_state)
{
	const struct pkt pkt = { .src = "10.1.0.0",
				 .dst = "198.51.100.1",
				 .proto = IPPROTO_UDP,
				 .dport = 53,
				 .payload_len = 64 };
	struct first *first = calloc(1, sizeof(*first));
	int r;

	*ret_state = first;
	if (!first)
		return bench_say(-ENOMEM, "no memory");
	pkt_build(&pkt, &first->frame);
	r = vary_open(&first->frame, FLOWS, false, &first->vary);
	for (int i = 0; !r && i < CNT; i++)
		r = gate_of(rule_cnt[i], &first->gate[i]);
	return r;
}

static void teardown(void *state)
{
	struct first *first = state;

	if (!first)
		return;
	vary_close(first->vary);
	for (int i = 0; i < CNT; i++)
		if (first->gate[i])
			gate_close(first->gate[i]);
	free(first);
}

/* Ends all flows; *ret_cnt: how many there were. */
static int flows_end(struct gate *gate, uint64_t *ret_cnt)
{
	const struct state_filter all = { .tenant = -1, .proto = -1 };
	struct diag diag;
	int r;

	diag_init(&diag);
	r = state_flow_delete(gate, NULL, &all, NULL, NULL, ret_cnt, &diag);
	diag_free(&diag);
	return r ? bench_say(r, "flows cannot be ended: %s", strerror(-r)) : 0;
}

static int take(void *state, int subject, double *ret_value)
{
	struct first *first = state;
	const struct bench_run run = { .prog_fd = vary_prog_fd(first->vary),
				       .frame = &first->frame,
				       .repeat = REPEAT,
				       .cpu = CPU };
	struct gate *gate = first->gate[subject];
	uint64_t made = 0;
	int r = vary_into(first->vary, gate_prog_fd(gate));

	if (!r)
		r = bench_run(&run, ret_value);
	if (!r)
		r = flows_end(gate, &made);
	if (!r && made < FIRST_LEAST)
		r = bench_say(-EIO, "of %d packets only %llu were the first of a flow", REPEAT,
			      (unsigned long long)made);
	return r;
}

const struct bench_topic topic_first = {
	.name = "first",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 7,
	.setup = setup,
	.take = take,
	.teardown = teardown,
};
