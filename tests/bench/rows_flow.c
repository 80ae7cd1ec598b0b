// SPDX-License-Identifier: Apache-2.0
/*
 * The whole program for packets of known TCP flows, against what it cannot do without: reading the
 * headers, or looking a flow up in a hash table of the kernel. Every packet is of another flow, at random.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "bench/hash.skel.h"
#include "sekisho/event.h"
#include "sekisho/verdict.h"

#define HOT 1000
#define BIG 500000
#define TENANT 1
#define CPU 1
#define REPEAT 1000000

enum { GATE_HOT, PARSE, GATE_BIG, HASH_BIG, ONE_CPU, TWO_CPUS };

static const struct bench_subject subjects[] = {
	[GATE_HOT] = { "gateway, 1 k flows", "ns" },
	[PARSE] = { "headers read", "ns" },
	[GATE_BIG] = { "gateway, 500 k flows", "ns" },
	[HASH_BIG] = { "bare hash look-up, 500 k", "ns" },
	[ONE_CPU] = { "a tenant's rate, one CPU", "ns" },
	[TWO_CPUS] = { "the same rate, two CPUs", "ns" },
};

static const struct bench_row rows[] = {
	{ "established", "a packet of an established flow, 1 k of them, against parsing alone",
	  BENCH_RATIO, GATE_HOT, PARSE, NULL, BENCH_AT_MOST, 3.5 },
	{ "established_big", "the same of 500 k flows, against a bare hash look-up of as many",
	  BENCH_RATIO, GATE_BIG, HASH_BIG, NULL, BENCH_AT_MOST, 1.3 },
	{ "rate_two_cpus", "one tenant's rate paid on two CPUs at once, a flow each, against on one",
	  BENCH_RATIO, TWO_CPUS, ONE_CPU, NULL, BENCH_AT_MOST, 1.5 },
};

static const char policy[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
	"tenants:\n"
	"  - name: body\n"
	"    id: 1\n"
	"    attach: [{port: inside}, {port: outside}]\n"
	"    prefixes: [10.1.0.0/16]\n"
	"    rate: {up: 100G, down: 100G}\n"
	"    quota: {flows: 900k, half_open: 900k, source_flows: 10k, source_half_open: 10k,\n"
	"            source_rate: 10000000}\n"
	"    default: {out: drop, in: drop}\n"
	"    rules: [{name: web, dir: out, proto: tcp, dport: 443, action: accept}]\n";

struct flows {
	struct gate *gate;
	struct hash *hash;
	struct frame frame; /* what is sent again and again */
	struct vary *hot, *big;
	uint32_t opened;
};

/* The handshake of a flow, a packet a call. */
static const struct pkt handshake[] = {
	{ .src = "10.1.0.0",
	  .dst = "198.51.100.1",
	  .proto = IPPROTO_TCP,
	  .dport = 443,
	  .flags = TCP_SYN,
	  .seq = 1000,
	  .scale = 8 },
	{ .src = "198.51.100.1",
	  .dst = "10.1.0.0",
	  .proto = IPPROTO_TCP,
	  .sport = 443,
	  .flags = TCP_SYN | TCP_ACK,
	  .seq = 5000,
	  .ack = 1001,
	  .scale = 8 },
	{ .src = "10.1.0.0",
	  .dst = "198.51.100.1",
	  .proto = IPPROTO_TCP,
	  .dport = 443,
	  .flags = TCP_ACK,
	  .seq = 1001,
	  .ack = 5001,
	  .payload_len = 74 },
};

/* Makes the frame that of flow n, as vary_open() numbers them. */
static void frame_of(struct frame *frame, uint32_t n, bool back)
{
	frame_put16(frame, frame->l3 + (back ? 18 : 14), (uint16_t)(n / 256 + 1));
	frame_put16(frame, frame->l4 + (back ? 2 : 0), (uint16_t)(1024 + n % 256));
	frame_ip_sum(frame);
}

static int send_each(struct flows *flows, const struct pkt *pkt, uint32_t from, uint32_t to)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .repeat = 1);
	int prog = gate_prog_fd(flows->gate), r = 0;
	bool back = pkt->sport != 0;
	struct frame frame;

	pkt_build(pkt, &frame);
	run.data_in = frame.b;
	run.data_size_in = (uint32_t)frame.len;
	r = bench_gate_port(flows->gate, back ? BENCH_OUTSIDE : BENCH_INSIDE);
	for (uint32_t n = from; !r && n < to; n++) {
		frame_of(&frame, n, back);
		r = bpf_prog_test_run_opts(prog, &run);
	}
	return r ? bench_say(r, "BPF_PROG_TEST_RUN: %s", strerror(-r)) : 0;
}

/* Opens flows up to this number. */
static int open_up_to(struct flows *flows, uint32_t cnt)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(handshake) / sizeof(handshake[0]); i++)
		r = send_each(flows, &handshake[i], flows->opened, cnt);
	if (!r && flows->opened < cnt)
		flows->opened = cnt;
	return r;
}

static int hash_fill(struct flows *flows)
{
	struct sek_flow_key key = { .tenant = TENANT, .proto = IPPROTO_TCP };
	uint64_t value[16] = { 0 };
	int fd, r = 0;

	flows->hash = hash__open_and_load();
	if (!flows->hash)
		return bench_say(-EINVAL, "cannot load hash.bpf.c: %s", strerror(errno));
	fd = bpf_map__fd(flows->hash->maps.bare_flows);
	key.addr[0].w[2] = key.addr[1].w[2] = htonl(0xffff);
	key.addr[1].w[3] = htonl(0xc6336401);
	key.port[1] = htons(443);
	for (uint32_t n = 0; !r && n < BIG; n++) {
		key.addr[0].w[3] = htonl(0x0a010000 | (n / 256 + 1));
		key.port[0] = htons((uint16_t)(1024 + n % 256));
		r = bpf_map_update_elem(fd, &key, value, BPF_ANY);
	}
	return r ? bench_say(r, "the bare table cannot be filled: %s", strerror(-r)) : 0;
}

static int setup(void **ret_state)
{
	const struct gate_options options = { .flows_max = 1u << 20 };
	struct flows *flows = calloc(1, sizeof(*flows));
	int r;

	*ret_state = flows;
	if (!flows)
		return bench_say(-ENOMEM, "no memory");
	pkt_build(&handshake[2], &flows->frame);
	r = bench_pin(CPU);
	if (!r)
		r = bench_gate_open(policy, &options, &flows->gate);
	if (!r)
		r = vary_open(&flows->frame, HOT, false, &flows->hot);
	if (!r)
		r = vary_open(&flows->frame, BIG, false, &flows->big);
	return r ?: open_up_to(flows, HOT);
}

static void teardown(void *state)
{
	struct flows *flows = state;

	if (!flows)
		return;
	vary_close(flows->hot);
	vary_close(flows->big);
	hash__destroy(flows->hash);
	if (flows->gate)
		gate_close(flows->gate);
	free(flows);
}

/* How many packets ended as they should. */
static uint64_t established(const struct flows *flows)
{
	uint32_t cell = (TENANT * 2 + SEK_OUT) * SEK_REASONS_MAX + SEK_R_established;
	int cpus = libbpf_num_possible_cpus();
	struct sek_count counts[cpus > 0 ? cpus : 1];
	uint64_t sum = 0;

	if (cpus < 1 || bpf_map_lookup_elem(gate_map_fd(flows->gate, "sek_count"), &cell, counts))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += counts[i].packets;
	return sum;
}

static int take_gate(struct flows *flows, struct vary *vary, const struct bench_run *run,
		     double *ret_value)
{
	uint64_t before;
	int r = bench_gate_port(flows->gate, BENCH_INSIDE);

	if (!r)
		r = vary_into(vary, gate_prog_fd(flows->gate));
	before = established(flows);
	if (!r)
		r = bench_run(run, ret_value);
	if (!r && established(flows) - before != REPEAT)
		r = bench_say(-EIO, "of %d packets of established flows only %llu passed as such",
			      REPEAT, (unsigned long long)(established(flows) - before));
	return r;
}

static int take_hash(struct flows *flows, const struct bench_run *run, double *ret_value)
{
	int r = flows->hash ? 0 : hash_fill(flows);

	if (!r)
		r = vary_into(flows->big, bpf_program__fd(flows->hash->progs.bare_hash));
	return r ?: bench_run(run, ret_value);
}

/* A flow each, so that they share the rate alone. */
static int take_rate(struct flows *flows, int subject, double *ret_value)
{
	struct bench_run first = { .prog_fd = gate_prog_fd(flows->gate), .repeat = REPEAT, .cpu = CPU },
			 second = first;
	struct frame other = flows->frame;
	int r = bench_gate_port(flows->gate, BENCH_INSIDE);

	frame_of(&flows->frame, 0, false);
	frame_of(&other, HOT / 2, false);
	first.frame = &flows->frame;
	second.frame = &other;
	second.cpu = !CPU;
	if (r)
		return r;
	return subject == ONE_CPU ? bench_run(&first, ret_value)
				  : bench_run_both(&first, &second, ret_value);
}

static int take(void *state, int subject, double *ret_value)
{
	struct flows *flows = state;
	struct vary *vary = subject == GATE_HOT || subject == PARSE ? flows->hot : flows->big;
	const struct bench_run run = {
		.prog_fd = vary_prog_fd(vary), .frame = &flows->frame, .repeat = REPEAT, .cpu = CPU
	};
	int r = 0;

	switch (subject) {
	case PARSE:
		r = vary_into(vary, vary_bare(vary, VARY_PARSE));
		return r ?: bench_run(&run, ret_value);
	case HASH_BIG:
		return take_hash(flows, &run, ret_value);
	case ONE_CPU:
	case TWO_CPUS:
		return take_rate(flows, subject, ret_value);
	case GATE_BIG:
		r = open_up_to(flows, BIG);
		break;
	}
	return r ?: take_gate(flows, vary, &run, ret_value);
}

const struct bench_topic topic_flow = {
	.name = "flow",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 7,
	.setup = setup,
	.take = take,
	.teardown = teardown,
};
