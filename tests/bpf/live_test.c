// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel program by the real clock, where a replay cannot go: flows that the patrol ends,
 * quotas that come back exactly from two CPUs, one rate shared by them (G66), events that add up, a
 * flow table that holds what it promises (G36). Loads gates of its own, pins nothing.
 * Needs root; says SKIP else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/packet.h"
#include "install/install.h"
#include "model/model.h"
#include "sekisho/event.h"

#define LOOPBACK                                                                                   \
	1 /* a test run takes its interface number from the namespace; this one is always there */
#define INSIDE 1
#define OUTSIDE 2
#define FLOWS 20000
#define RATE 20e6 /* little enough for an emulated CPU to exceed it without a pause */

#define TABLE 8192 /* flows of the gate that is filled; little, for an emulated CPU */

#define ALPHA                                                                                      \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"                   \
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"                  \
	"tenants:\n"                                                                               \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: inside}, {port: outside}]\n"                                          \
	"    prefixes: [10.0.0.0/16]\n"                                                            \
	"    default: {out: accept, in: drop}\n"

static const char text[] = ALPHA
	"    rate: {up: 20M, down: 20M, burst: 100ms}\n"
	"    quota: {flows: 10000, half_open: 5000, source_flows: 10000, source_half_open: 5000}\n"
	"    timeouts: {udp_new: 1s, udp_stream: 1s, tcp_syn: 1s}\n";

/* No quota and no timeout before the table's own end. */
static const char text_wide[] = ALPHA
	"    quota: {flows: 20000, half_open: 20000, source_flows: 20000, source_half_open: 20000,\n"
	"            source_rate: 10000000}\n"
	"    timeouts: {udp_new: 10m}\n";

struct live {
	struct gate *gate;
	int prog_fd;
};

static int live_open(void **state, const char *policy_text, uint32_t flows_max)
{
	struct gate_options options = { .flows_max = flows_max, .event_budget = 100 };
	struct live *live = calloc(1, sizeof(*live));
	struct sek_link link = { .port = INSIDE };
	struct gate_adopted adopted;
	struct policy *policy;
	struct image *image;
	uint32_t generation;
	struct diag diag;

	*state = live;
	if (!live || geteuid())
		return live ? 0 : -1;
	diag_init(&diag);
	policy = policy_parse(policy_text, strlen(policy_text), "live.yaml", NULL, &diag);
	image = policy ? image_compile(policy, &diag) : NULL;
	if (!image || gate_open(&options, &live->gate, &adopted, &diag) ||
	    install_prepare(live->gate, image, &generation, &diag)) {
		diag_print(&diag, stderr);
		return -1;
	}
	install_commit(live->gate, generation);
	image_free(image);
	policy_free(policy);
	diag_free(&diag);
	live->prog_fd = gate_prog_fd(live->gate);
	return gate_link_set(live->gate, LOOPBACK, &link) ||
	       gate_tx_set(live->gate, OUTSIDE, LOOPBACK, true);
}

static int live_up(void **state)
{
	return live_open(state, text, FLOWS);
}

static int live_up_wide(void **state)
{
	return live_open(state, text_wide, TABLE);
}

static int live_down(void **state)
{
	struct live *live = *state;

	if (live->gate)
		gate_close(live->gate);
	free(live);
	return 0;
}

static struct sek_quota held(const struct live *live)
{
	uint32_t tenant = 1;
	struct sek_quota quota;

	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(live->gate, "sek_quota"), &tenant, &quota),
			 0);
	return quota;
}

static size_t entries(const struct live *live)
{
	int fd = gate_map_fd(live->gate, "sek_flow");
	struct sek_flow_key key;
	size_t cnt = 0;

	for (void *at = NULL; !bpf_map_get_next_key(fd, at, &key); at = &key)
		cnt++;
	return cnt;
}

/* Frames from one CPU: `cnt` flows a packet each, or one flow for `seconds` when cnt is 0. */
struct sender {
	const struct live *live;
	int cpu;
	uint32_t cnt;
	double seconds;
	uint16_t port;
	size_t len;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *sender_run(void *arg)
{
	const struct sender *sender = arg;
	struct pkt pkt = { .src = "10.0.0.1",
			   .dst = "198.51.100.1",
			   .proto = IPPROTO_UDP,
			   .dport = 53,
			   .payload_len = sender->len };
	struct frame *frame = malloc(sizeof(*frame));
	double end = now() + sender->seconds;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sender->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (uint32_t n = 0; frame && (n < sender->cnt || now() < end); n++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->b, .repeat = 1);

		pkt.sport = (uint16_t)(sender->port + (sender->cnt ? n : 0));
		pkt_build(&pkt, frame);
		run.data_size_in = (uint32_t)frame->len;
		bpf_prog_test_run_opts(sender->live->prog_fd, &run);
	}
	free(frame);
	return NULL;
}

static void send_from_both(struct sender *a, struct sender *b)
{
	pthread_t threads[2];

	assert_int_equal(pthread_create(&threads[0], NULL, sender_run, a), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, sender_run, b), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* Twins of every packet from two CPUs, more than the quota lets in; then silence. */
static void patrol(void **state)
{
	struct live *live = *state;
	struct sender a = { .live = live, .cpu = 0, .cnt = 12000, .port = 1000, .len = 10 }, b = a;
	struct sek_quota quota;

	if (!live->gate)
		skip();
	b.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	send_from_both(&a, &b);
	quota = held(live);
	assert_in_range(quota.half, 1, 5000);
	for (int tries = 0; tries < 100 && held(live).flows; tries++)
		usleep(100000);
	assert_int_equal(held(live).flows, 0);
	assert_int_equal(held(live).half, 0);
	assert_int_equal(entries(live), 0);
}

static void events_add_up(void **state)
{
	struct live *live = *state;
	int cpus = libbpf_num_possible_cpus();
	struct sek_event_stat stats[cpus];
	uint64_t suppressed = 0;

	if (!live->gate)
		skip();
	for (uint32_t cause = 0; cause < SEK_CAUSE_CNT; cause++) {
		assert_int_equal(bpf_map_lookup_elem(gate_map_fd(live->gate, "sek_event_stat"),
						     &cause, stats),
				 0);
		for (int cpu = 0; cpu < cpus; cpu++) {
			assert_int_equal(stats[cpu].offered,
					 stats[cpu].written + stats[cpu].suppressed + stats[cpu].lost);
			suppressed += stats[cpu].suppressed;
		}
	}
	assert_true(suppressed > 0);
}

/* What left alpha and ended so, on all CPUs. */
static struct sek_count counted(const struct live *live, enum sek_reason reason)
{
	uint32_t cell = 2 * SEK_REASONS_MAX + reason;
	int cpus = libbpf_num_possible_cpus();
	struct sek_count counts[cpus], sum = { 0 };

	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(live->gate, "sek_count"), &cell, counts), 0);
	for (int cpu = 0; cpu < cpus; cpu++) {
		sum.packets += counts[cpu].packets;
		sum.bytes += counts[cpu].bytes;
	}
	return sum;
}

static double passed_bytes(const struct live *live)
{
	return (double)counted(live, SEK_R_accepted).bytes +
	       (double)counted(live, SEK_R_established).bytes;
}

/* One flow or two, both CPUs: the tenant's rate is one. */
static void g66_rate_is_shared(void **state)
{
	struct live *live = *state;

	if (!live->gate)
		skip();
	for (uint16_t flows = 1; flows <= 2; flows++) {
		struct sender a = { .live = live, .cpu = 0, .seconds = 6, .port = 5000, .len = 1000 },
			      b = a;
		double before = passed_bytes(live), start = now(), bits;

		b.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
		b.port = (uint16_t)(a.port + flows - 1);
		send_from_both(&a, &b);
		bits = (passed_bytes(live) - before) * 8 * 1000 / 1042 / (now() - start);
		print_message("# %u flows: %.1f Mbit/s\n", flows, bits / 1e6);
		if (bits < RATE * 0.97 || bits > RATE * 1.03)
			fail_msg("%u flows: %.0f bit/s", flows, bits);
	}
}

/* Fills the table step by step, never past its end: all flows are there. Then one more. */
static void fill(const struct live *live, int cpus)
{
	static const uint32_t shares[] = { 50, 75, 90, 95, 100 };
	struct sender a = { .live = live, .cpu = 0, .port = 1000, .len = 10 }, b;
	uint32_t opened = 0;

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		uint32_t wanted = TABLE * shares[i] / 100;

		b = a;
		b.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
		b.cnt = cpus > 1 ? (wanted - opened) / 2 : 0;
		a.cnt = wanted - opened - b.cnt;
		b.port = (uint16_t)(a.port + a.cnt);
		send_from_both(&a, &b);
		opened = wanted;
		a.port = (uint16_t)(1000 + opened);
		assert_int_equal(entries(live), wanted);
		assert_int_equal(counted(live, SEK_R_accepted).packets, wanted);
		assert_int_equal(counted(live, SEK_R_flow_table_full).packets, 0);
	}
	a.cnt = 1;
	sender_run(&a);
	assert_int_equal(counted(live, SEK_R_flow_table_full).packets, 1);
	assert_int_equal(entries(live), TABLE);
	assert_int_equal(held(live).flows, TABLE);
}

static void g36_table_holds_all(void **state)
{
	const struct live *live = *state;

	if (!live->gate)
		skip();
	fill(live, 1);
}

static void g36_table_holds_all_of_two_cpus(void **state)
{
	const struct live *live = *state;

	if (!live->gate)
		skip();
	fill(live, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patrol),
		cmocka_unit_test(events_add_up),
		cmocka_unit_test(g66_rate_is_shared),
		cmocka_unit_test_setup_teardown(g36_table_holds_all, live_up_wide, live_down),
		cmocka_unit_test_setup_teardown(g36_table_holds_all_of_two_cpus, live_up_wide,
						live_down),
	};

	return cmocka_run_group_tests_name("live", tests, live_up, live_down);
}
