// SPDX-License-Identifier: Apache-2.0
/*
 * How far what is delivered is from the configured rate. TCP: iperf3 through the gateway, as the
 * receiver counts it. UDP, and TCP at 10 Gbit/s, which no two stacks on a small machine carry: the program by
 * test runs on the clock, offered all that the CPUs can, as it counts what passes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "bench/field.h"
#include "sekisho/event.h"
#include "sekisho/tenant.h"
#include "sekisho/verdict.h"

#define RATES 5
#define STACK_RATES 4 /* of those, what real stacks carry */
#define CPUS_MAX 2
#define PAYLOAD 1400
#define PATIENCE 5 /* seconds until a packet is refused */

/* Subject: (what * CPUS_MAX + cpus - 1) * RATES + rate. */
enum { UDP, TCP };
#define SUBJECT(what, cpus, rate) (((what)*CPUS_MAX + (cpus)-1) * RATES + (rate))

static const double configured[RATES] = { 1e6, 1e7, 1e8, 1e9, 1e10 };
/* Long enough that one packet of PAYLOAD more or less is far below the goal. */
static const double seconds[RATES] = { 4, 1, 0.5, 0.5, 2 };
/* In which the burst is used up, before. */
static const double fill[RATES] = { 0.2, 0.2, 0.2, 0.3, 1.5 };

#define AT(what, cpus, rate, text) [SUBJECT(what, cpus, rate)] = { text, "ratio" }
static const struct bench_subject subjects[] = {
	AT(UDP, 1, 0, "UDP 1M, 1 CPU"),	  AT(UDP, 1, 1, "UDP 10M, 1 CPU"),
	AT(UDP, 1, 2, "UDP 100M, 1 CPU"), AT(UDP, 1, 3, "UDP 1G, 1 CPU"),
	AT(UDP, 1, 4, "UDP 10G, 1 CPU"),  AT(UDP, 2, 0, "UDP 1M, 2 CPUs"),
	AT(UDP, 2, 1, "UDP 10M, 2 CPUs"), AT(UDP, 2, 2, "UDP 100M, 2 CPUs"),
	AT(UDP, 2, 3, "UDP 1G, 2 CPUs"),  AT(UDP, 2, 4, "UDP 10G, 2 CPUs"),
	AT(TCP, 1, 0, "TCP 1M, 1 CPU"),	  AT(TCP, 1, 1, "TCP 10M, 1 CPU"),
	AT(TCP, 1, 2, "TCP 100M, 1 CPU"), AT(TCP, 1, 3, "TCP 1G, 1 CPU"),
	AT(TCP, 1, 4, "TCP 10G, 1 CPU"),  AT(TCP, 2, 0, "TCP 1M, 2 CPUs"),
	AT(TCP, 2, 1, "TCP 10M, 2 CPUs"), AT(TCP, 2, 2, "TCP 100M, 2 CPUs"),
	AT(TCP, 2, 3, "TCP 1G, 2 CPUs"),  AT(TCP, 2, 4, "TCP 10G, 2 CPUs"),
};

#define ROW(name, what, cpus, rate)                                                                \
	{                                                                                          \
		"rate_error_" name, "|delivered / configured - 1|", BENCH_VALUE,                   \
			SUBJECT(what, cpus, rate), 0, NULL, BENCH_AT_MOST, 0.03                    \
	}
static const struct bench_row rows[] = {
	ROW("udp_1m", UDP, 1, 0),
	ROW("udp_10m", UDP, 1, 1),
	ROW("udp_100m", UDP, 1, 2),
	ROW("udp_1g", UDP, 1, 3),
	ROW("udp_10g", UDP, 1, 4),
	ROW("udp_1m_two_cpus", UDP, 2, 0),
	ROW("udp_10m_two_cpus", UDP, 2, 1),
	ROW("udp_100m_two_cpus", UDP, 2, 2),
	ROW("udp_1g_two_cpus", UDP, 2, 3),
	ROW("udp_10g_two_cpus", UDP, 2, 4),
	ROW("tcp_1m", TCP, 1, 0),
	ROW("tcp_10m", TCP, 1, 1),
	ROW("tcp_100m", TCP, 1, 2),
	ROW("tcp_1g", TCP, 1, 3),
	ROW("tcp_10g", TCP, 1, 4),
	ROW("tcp_1m_two_cpus", TCP, 2, 0),
	ROW("tcp_10m_two_cpus", TCP, 2, 1),
	ROW("tcp_100m_two_cpus", TCP, 2, 2),
	ROW("tcp_1g_two_cpus", TCP, 2, 3),
	ROW("tcp_10g_two_cpus", TCP, 2, 4),
	{ "rate_error", "the worst of these", BENCH_WORST, 0, 0, "rate_error_", BENCH_AT_MOST, 0.03 },
	{ "rate_error_typical", "their median", BENCH_TYPICAL, 0, 0, "rate_error_", BENCH_AT_MOST,
	  0.01 },
};

#define BODY(id, limit)                                                                            \
	"  - name: body-" id "\n"                                                                  \
	"    id: " id "\n"                                                                         \
	"    attach: [{port: inside}, {port: outside}]\n"                                          \
	"    prefixes: [10." id ".0.0/16]\n"                                                       \
	"    rate: {up: " limit ", down: " limit "}\n"                                             \
	"    default: {out: accept, in: drop}\n"

static const char policy[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
	"tenants:\n" BODY("1", "1M") BODY("2", "10M") BODY("3", "100M") BODY("4", "1G")
		BODY("5", "10G");

struct rate_bench {
	struct gate *gate;
	struct field *field;
	int field_status; /* of field_up, asked at the first TCP row */
	bool field_asked;
	double stacks[CPUS_MAX][STACK_RATES]; /* bits/s of the last iperf3, all bodies at once */
	bool stacks_taken[CPUS_MAX][STACK_RATES]; /* already given to the rows */
};

static int rate_setup(void **ret_state)
{
	struct gate_options options = { .flows_max = 1024 };
	struct rate_bench *b = calloc(1, sizeof(*b));

	*ret_state = b;
	if (!b)
		return bench_say(-ENOMEM, "no memory");
	for (int i = 0; i < CPUS_MAX * STACK_RATES; i++)
		b->stacks_taken[i / STACK_RATES][i % STACK_RATES] = true;
	return bench_gate_open(policy, &options, &b->gate);
}

static void rate_teardown(void *state)
{
	struct rate_bench *b = state;

	if (!b)
		return;
	if (b->gate)
		gate_close(b->gate);
	field_down(b->field);
	free(b);
}

/* --- the program on the clock --- */

struct offer {
	pthread_t thread;
	const struct rate_bench *bench;
	struct frame frame;
	int cpu, r;
};

/* In one call, which a signal ends: each call first sleeps while the kernel changes its dispatcher. */
static void *offer_main(void *arg)
{
	struct offer *o = arg;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = o->frame.b,
		    .data_size_in = (uint32_t)o->frame.len, .repeat = 1 << 30);

	o->r = bench_pin(o->cpu);
	if (!o->r)
		o->r = bpf_prog_test_run_opts(gate_prog_fd(o->bench->gate), &run);
	return NULL;
}

static void wake_up(int signal)
{
}

static int offer_start(struct offer *o)
{
	struct sigaction action = { .sa_handler = wake_up };

	sigaction(SIGUSR1, &action, NULL); /* no SA_RESTART: the call shall end */
	return -pthread_create(&o->thread, NULL, offer_main, o);
}

static int offer_stop(struct offer *o)
{
	do {
		pthread_kill(o->thread, SIGUSR1);
		usleep(1000);
	} while (pthread_tryjoin_np(o->thread, NULL));
	return o->r == -EINTR
		       ? 0
		       : bench_say(o->r ?: -EIO, "test runs on CPU %d: %s", o->cpu, strerror(-o->r));
}

static uint64_t counted(const struct rate_bench *b, int rate, enum sek_reason reason)
{
	uint32_t cell = (uint32_t)(rate + 1) * 2 * SEK_REASONS_MAX + reason;
	int cpus = libbpf_num_possible_cpus();
	struct sek_count counts[cpus > 0 ? cpus : 1];
	uint64_t sum = 0;

	if (cpus < 1 || bpf_map_lookup_elem(gate_map_fd(b->gate, "sek_count"), &cell, counts))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += counts[i].packets;
	return sum;
}

struct account {
	uint64_t passed, refused;
	double at;
};

static struct account account(const struct rate_bench *b, int rate)
{
	struct account a = { .at = bench_now() };

	a.passed = counted(b, rate, SEK_R_established) + counted(b, rate, SEK_R_accepted);
	a.refused = counted(b, rate, SEK_R_rate_bits);
	return a;
}

static void pause_for(double s)
{
	usleep((useconds_t)(s * 1e6));
}

/*
 * The account at a moment when the burst is used up: a packet was refused just now. Else the part of it that
 * came back while a thread slept would be in the figure.
 */
static int account_full(const struct rate_bench *b, int rate, struct account *ret_account)
{
	struct account first = account(b, rate);

	do {
		pause_for(0.0002);
		*ret_account = account(b, rate);
		if (ret_account->at - first.at > PATIENCE)
			return bench_say(-EAGAIN, "this machine could not offer more than the rate");
	} while (ret_account->refused == first.refused);
	return 0;
}

static void offer_frame(int what, int rate, int cpu, struct frame *ret_frame)
{
	char src[32];
	struct pkt pkt = { .src = src,
			   .dst = "198.51.100.1",
			   .proto = what == UDP ? IPPROTO_UDP : IPPROTO_TCP,
			   .sport = (uint16_t)(5000 + cpu),
			   .dport = 5001,
			   .payload_len = PAYLOAD };

	snprintf(src, sizeof(src), "10.%d.0.10", rate + 1);
	if (what == TCP) {
		pkt.flags = TCP_ACK;
		pkt.seq = pkt.ack = 1;
	}
	pkt_build(&pkt, ret_frame);
}

/* TCP asks for its three packets first. */
static int shake_hands(const struct rate_bench *b, const struct frame *data)
{
	char src[] = "10.5.0.10", dst[] = "198.51.100.1";
	uint16_t port = frame_get16(data, data->l4);
	struct pkt syn = {
		.src = src, .dst = dst, .proto = IPPROTO_TCP, .sport = port, .dport = 5001, .flags = TCP_SYN
	};
	struct pkt answer = { .src = dst,
			      .dst = src,
			      .proto = IPPROTO_TCP,
			      .sport = 5001,
			      .dport = port,
			      .flags = TCP_SYN | TCP_ACK,
			      .ack = 1 };
	struct bench_run run = { .prog_fd = gate_prog_fd(b->gate), .repeat = 1 };
	struct frame *frame = malloc(sizeof(*frame));
	double ns;
	int r;

	if (!frame)
		return bench_say(-ENOMEM, "no memory");
	run.frame = frame;
	pkt_build(&syn, frame);
	r = bench_run(&run, &ns) ?: bench_gate_port(b->gate, BENCH_OUTSIDE);
	pkt_build(&answer, frame);
	r = r ?: bench_run(&run, &ns);
	free(frame);
	return bench_gate_port(b->gate, BENCH_INSIDE) ?: r;
}

static int watch(const struct rate_bench *b, int rate, double *ret_bits)
{
	struct account from, to;
	int r = bench_watch();

	if (r)
		return r;
	pause_for(fill[rate]);
	r = account_full(b, rate, &from);
	if (r)
		return r;
	pause_for(seconds[rate]);
	r = account_full(b, rate, &to);
	*ret_bits = (double)(to.passed - from.passed) * PAYLOAD * 8 / (to.at - from.at);
	return r;
}

static int by_program(const struct rate_bench *b, int what, int cpus, int rate, double *ret_bits)
{
	struct offer *offers = calloc(CPUS_MAX, sizeof(*offers));
	int r = 0, started = 0;

	if (!offers)
		return bench_say(-ENOMEM, "no memory");
	for (int i = 0; !r && i < cpus; i++) {
		offers[i] = (struct offer){ .bench = b, .cpu = i };
		offer_frame(what, rate, i, &offers[i].frame);
		if (what == TCP)
			r = shake_hands(b, &offers[i].frame);
	}
	while (!r && started < cpus) {
		r = offer_start(&offers[started]);
		started += !r;
	}
	if (!r)
		r = watch(b, rate, ret_bits);
	while (started > 0) {
		int stopped = offer_stop(&offers[--started]);

		r = r ?: stopped;
	}
	free(offers);
	return r;
}

/* --- real stacks --- */

/* All bodies at once; each row of the round takes its own figure of it. */
static int by_stacks(struct rate_bench *b, int cpus, int rate, double *ret_bits)
{
	double *all = b->stacks[cpus - 1];
	bool *taken = b->stacks_taken[cpus - 1];
	int r;

	if (!b->field_asked) {
		b->field_asked = true;
		b->field_status = field_up("rate", &b->field);
	}
	if (b->field_status)
		return b->field_status;
	if (taken[rate]) {
		r = field_script("rates", cpus == 1 ? "1" : "2");
		if (r)
			return r;
		if (sscanf(bench_said(), "%lf %lf %lf %lf", &all[0], &all[1], &all[2], &all[3]) != 4)
			return bench_say(-EIO, "iperf3: %s", bench_said());
		for (int i = 0; i < STACK_RATES; i++)
			taken[i] = false;
	}
	taken[rate] = true;
	*ret_bits = all[rate];
	return 0;
}

static int rate_take(void *state, int subject, double *ret_error)
{
	int rate = subject % RATES, cpus = subject / RATES % CPUS_MAX + 1,
	    what = subject / RATES / CPUS_MAX;
	double bits = 0;
	int r;

	if (cpus > sysconf(_SC_NPROCESSORS_ONLN))
		return bench_say(BENCH_SKIP, "two CPUs are needed");
	r = what == TCP && rate < STACK_RATES ? by_stacks(state, cpus, rate, &bits)
					      : by_program(state, what, cpus, rate, &bits);
	*ret_error = bits > configured[rate] ? bits / configured[rate] - 1
					     : 1 - bits / configured[rate];
	return r;
}

const struct bench_topic topic_rate = {
	.name = "rate",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.cold = true, /* each measurement fills the burst by itself */
	.setup = rate_setup,
	.take = rate_take,
	.teardown = rate_teardown,
};
