// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel program by the real clock, where a replay cannot go: flows that the patrol ends,
 * quotas that come back exactly from two CPUs, one rate shared by them (G66), events that add up, a
 * flow table that holds what it promises (G36), lists that policies renumber under traffic. Loads gates
 * of its own, pins nothing.
 * Needs root; says SKIP else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/halfway.skel.h"
#include "bpf/packet.h"
#include "install/install.h"
#include "install/lists.h"
#include "install/state.h"
#include "model/model.h"
#include "sekisho/event.h"
#include "text/address.h"

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

/* The same, and nothing goes. */
static const char text_shut[] = ALPHA
	"    quota: {flows: 20000, half_open: 20000, source_flows: 20000, source_half_open: 20000,\n"
	"            source_rate: 10000000}\n"
	"    timeouts: {udp_new: 10m}\n"
	"    rules: [{dir: out, action: drop}]\n";

#define WEB "{name: web, dir: out, proto: tcp, dport: 80, action: accept}"
#define DNS "{name: dns, dir: out, proto: udp, dport: 53, action: accept}"
static const char text_rules[] = ALPHA "    rules: [" WEB ", " DNS "]\n";
/* One goes, one comes, one moves and stays the same. */
static const char text_other_rules[] = ALPHA
	"    rules: [{name: ntp, dir: out, proto: udp, dport: 123, action: accept}, " DNS "]\n";

struct live {
	struct gate *gate;
	int prog_fd;
};

/* Makes a policy live; lists (may be NULL) are its. */
static int live_apply(struct gate *gate, const char *policy_text, struct lists *lists)
{
	struct policy *policy;
	struct image *image;
	uint32_t generation;
	struct diag diag;
	int err = -EINVAL;

	diag_init(&diag);
	policy = policy_parse(policy_text, strlen(policy_text), "live.yaml", NULL, &diag);
	image = policy ? image_compile(policy, &diag) : NULL;
	if (image)
		err = install_prepare(gate, image, &generation, &diag);
	if (!err && lists)
		err = lists_prepare(lists, policy, generation, NULL, NULL, &diag);
	if (err)
		diag_print(&diag, stderr);
	else if (lists)
		lists_commit(lists, gate, generation);
	else
		install_commit(gate, generation);
	image_free(image);
	policy_free(policy);
	diag_free(&diag);
	return err;
}

static int live_open(void **state, const char *policy_text, uint32_t flows_max)
{
	struct gate_options options = { .flows_max = flows_max,
					.event_budget = 100,
					.programs = GATE_UNNAMED };
	struct live *live = calloc(1, sizeof(*live));
	struct sek_link link = { .port = INSIDE };
	struct gate_adopted adopted;
	struct diag diag;

	*state = live;
	if (!live || geteuid())
		return live ? 0 : -1;
	diag_init(&diag);
	if (gate_open(&options, &live->gate, &adopted, &diag) ||
	    live_apply(live->gate, policy_text, NULL)) {
		diag_print(&diag, stderr);
		return -1;
	}
	diag_free(&diag);
	live->prog_fd = gate_prog_fd(live->gate);
	return gate_link_set(live->gate, LOOPBACK, &link) ||
	       gate_tx_set(live->gate, OUTSIDE, LOOPBACK, true);
}

static int live_up(void **state)
{
	return live_open(state, text, FLOWS);
}

static int live_up_rules(void **state)
{
	return live_open(state, text_rules, TABLE);
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

/* Takes new numbers as an admission does that is interrupted before it touches their entries. */
static void take_halfway(const struct live *live, int cnt)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct halfway *skel = halfway__open();

	assert_non_null(skel);
	assert_int_equal(
		bpf_map__reuse_fd(skel->maps.sek_patrol, gate_map_fd(live->gate, "sek_patrol")), 0);
	assert_int_equal(halfway__load(skel), 0);
	while (cnt--)
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.halfway), &run),
				 0);
	halfway__destroy(skel);
}

/* Were they ended as silent flows, their numbers would be given to others while they become flows. */
static void patrol_leaves_what_begins(void **state)
{
	struct live *live = *state;
	struct sender one = { .live = live, .cnt = 1, .port = 1000, .len = 10 }, twin = one;
	uint32_t number = 0;
	int free_fd;

	if (!live->gate)
		skip();
	send_from_both(&one, &twin);
	take_halfway(live, 3);
	for (int tries = 0; tries < 100 && held(live).flows; tries++)
		usleep(100000); /* so few are all visited in each of its turns */
	assert_int_equal(held(live).flows, 0);
	free_fd = gate_map_fd(live->gate, "sek_flow_free");
	assert_int_equal(bpf_map_lookup_and_delete_elem(free_fd, NULL, &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(bpf_map_lookup_and_delete_elem(free_fd, NULL, &number), -ENOENT);
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

/* What gets through of `flows` flows that two CPUs offer all they can of, payload bit/s. */
static double shared_rate(struct live *live, uint16_t flows)
{
	struct sender a = { .live = live, .cpu = 0, .seconds = 6, .port = 5000, .len = 1000 }, b = a;
	double before = passed_bytes(live), start = now();

	b.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	b.port = (uint16_t)(a.port + flows - 1);
	send_from_both(&a, &b);
	return (passed_bytes(live) - before) * 8 * 1000 / 1042 / (now() - start);
}

/*
 * One flow or two, both CPUs: the tenant's rate is one. Where the machine gives the senders no time
 * there is nothing to hold back, so the best of four counts; never may it be more.
 */
static void g66_rate_is_shared(void **state)
{
	struct live *live = *state;

	if (!live->gate)
		skip();
	for (uint16_t flows = 1; flows <= 2; flows++) {
		double bits = 0;

		for (int i = 0; i < 4 && bits < RATE * 0.97; i++) {
			bits = shared_rate(live, flows);
			print_message("# %u flows: %.1f Mbit/s\n", flows, bits / 1e6);
		}
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

/* What alpha's one source holds. */
static struct sek_source source_held(const struct live *live)
{
	struct sek_source_key key = { .tenant = 1 };
	struct sek_source source;
	struct prefix prefix;

	assert_int_equal(prefix_parse("10.0.0.1", 8, &prefix, NULL), PREFIX_OK);
	key.addr = prefix.addr;
	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(live->gate, "sek_source"), &key, &source),
			 0);
	return source;
}

static void flows_delete(const struct live *live, unsigned int turn)
{
	const struct state_filter all = { .tenant = -1, .proto = -1 };
	uint64_t deleted = 0;
	struct diag diag;

	diag_init(&diag);
	if (state_flow_delete(live->gate, NULL, &all, NULL, NULL, &deleted, &diag))
		diag_print(&diag, stderr);
	assert_int_equal(diag.cnt, 0);
	diag_free(&diag);
}

static void policy_turn(const struct live *live, unsigned int turn)
{
	assert_int_equal(live_apply(live->gate, turn % 2 ? text_wide : text_shut, NULL), 0);
}

/* Ends flows again and again, by hand or by a policy, while packets open them. */
struct ender {
	const struct live *live;
	void (*end)(const struct live *live, unsigned int turn);
	int stop;
	unsigned int turns;
};

static void *ender_run(void *arg)
{
	struct ender *ender = arg;

	while (!__atomic_load_n(&ender->stop, __ATOMIC_RELAXED))
		ender->end(ender->live, ender->turns++);
	return NULL;
}

/* Half of the flows from both CPUs at once. What is held is exact, whoever ended which. */
static void ended_under_traffic(const struct live *live,
				void (*end)(const struct live *live, unsigned int turn))
{
	struct sender a = { .live = live, .cpu = 0, .cnt = 30000, .port = 1000, .len = 10 }, b = a;
	struct ender ender = { .live = live, .end = end };
	pthread_t thread;

	if (!live->gate)
		skip();
	b.cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	b.port = 16000;
	assert_int_equal(pthread_create(&thread, NULL, ender_run, &ender), 0);
	send_from_both(&a, &b);
	__atomic_store_n(&ender.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(ender.turns > 0);
	assert_int_equal(source_held(live).flows, entries(live));
	assert_int_equal(source_held(live).half, held(live).half);
	assert_int_equal(held(live).flows, entries(live));
	flows_delete(live, 0);
	assert_int_equal(held(live).flows, 0);
	assert_int_equal(held(live).half, 0);
	assert_int_equal(source_held(live).flows, 0);
	assert_int_equal(source_held(live).half, 0);
	assert_int_equal(entries(live), 0);
}

static void flows_that_are_deleted_give_back_what_they_held(void **state)
{
	ended_under_traffic(*state, flows_delete);
}

static void flows_that_a_policy_ends_give_back_what_they_held(void **state)
{
	ended_under_traffic(*state, policy_turn);
}

/* --- lists whose numbers change with every policy --- */

#define NUMBERINGS 24
#define NUMBERED_LEN 1024

/* Of drop, partners and unused, in turn; alpha takes no notice of the last. */
static void numbered(char out[NUMBERED_LEN], unsigned int turn)
{
	static const int numbers[][3] = { { 0, 1, 2 }, { 1, 2, 0 }, { 1, 0, 2 }, { 2, 0, 1 } };
	const int *n = numbers[turn % 4];

	snprintf(out, NUMBERED_LEN,
		 ALPHA "    quota: {flows: 10000, half_open: 10000, source_flows: 10000,\n"
		       "            source_half_open: 10000, source_rate: 10000000}\n"
		       "    lists: {block: [drop], allow: [partners]}\n"
		       "lists:\n"
		       "  - {name: drop, id: %d, kind: block}\n"
		       "  - {name: partners, id: %d, kind: allow}\n"
		       "  - {name: unused, id: %d, kind: block}\n",
		 n[0], n[1], n[2]);
}

/* What a packet to each of these must meet with, whatever the numbers are. */
static const struct {
	const char *far;
	uint32_t action;
} ways[] = {
	{ "198.51.100.1", XDP_DROP }, /* drop */
	{ "198.51.100.200", XDP_REDIRECT }, /* drop and partners */
	{ "203.0.113.1", XDP_REDIRECT }, /* partners */
	{ "192.0.2.1", XDP_REDIRECT }, /* unused */
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

struct prober {
	const struct live *live;
	uint16_t port;
	int *stop;
	size_t sent[WAYS], wrong[WAYS];
};

/* First packets and later ones of flows. */
static void *prober_run(void *arg)
{
	struct pkt pkt = { .src = "10.0.0.1", .proto = IPPROTO_UDP, .dport = 53 };
	struct prober *prober = arg;
	struct frame *frame = malloc(sizeof(*frame));

	for (uint32_t n = 0; frame && !__atomic_load_n(prober->stop, __ATOMIC_RELAXED); n++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->b, .repeat = 1);
		size_t way = n % WAYS;

		pkt.dst = ways[way].far;
		pkt.sport = (uint16_t)(prober->port + n / WAYS % 1000);
		pkt_build(&pkt, frame);
		run.data_size_in = (uint32_t)frame->len;
		if (bpf_prog_test_run_opts(prober->live->prog_fd, &run))
			break;
		prober->sent[way]++;
		prober->wrong[way] += run.retval != ways[way].action;
	}
	free(frame);
	return NULL;
}

static void list_fill(struct lists *lists, const char *name, const char *prefixes)
{
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(
		lists_replace(lists, name, prefixes, strlen(prefixes), NULL, true, NULL, &diag), 0);
	diag_free(&diag);
}

/* As the agent makes a policy live. */
static void renumber(const struct live *live, struct lists *lists, unsigned int turn)
{
	char text_numbered[NUMBERED_LEN];
	struct diag diag;

	numbered(text_numbered, turn);
	assert_int_equal(live_apply(live->gate, text_numbered, lists), 0);
	diag_init(&diag);
	if (turn % 2)
		assert_int_equal(lists_settle(lists, &diag), 0);
	diag_free(&diag);
}

static void probers_judge(const struct prober probers[2])
{
	for (size_t way = 0; way < WAYS; way++) {
		size_t sent = probers[0].sent[way] + probers[1].sent[way];
		size_t wrong = probers[0].wrong[way] + probers[1].wrong[way];

		print_message("# to %s: %zu packets\n", ways[way].far, sent);
		if (wrong || !sent)
			fail_msg("%zu of %zu packets to %s met with another list", wrong, sent,
				 ways[way].far);
	}
}

static int live_up_numbered(void **state)
{
	char text_numbered[NUMBERED_LEN];

	numbered(text_numbered, 0);
	return live_open(state, text_numbered, FLOWS);
}

/* No packet is ever judged by the numbers of another policy. */
static void numbers_of_lists_change_under_traffic(void **state)
{
	const struct live *live = *state;
	int stop = 0;
	struct prober probers[2] = { { .live = live, .port = 1000, .stop = &stop },
				     { .live = live, .port = 5000, .stop = &stop } };
	pthread_t threads[2];
	struct lists *lists;
	struct diag diag;

	if (!live->gate)
		skip();
	diag_init(&diag);
	assert_int_equal(lists_open(live->gate, NULL, &lists, &diag), 0);
	diag_free(&diag);
	renumber(live, lists, 0);
	list_fill(lists, "drop", "198.51.100.0/24\n");
	list_fill(lists, "partners", "198.51.100.128/25\n203.0.113.0/24\n");
	list_fill(lists, "unused", "192.0.2.0/24\n");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, prober_run, &probers[i]), 0);
	for (unsigned int turn = 1; turn <= NUMBERINGS; turn++) {
		renumber(live, lists, turn);
		if (turn % 3 == 0)
			list_fill(lists, "unused", turn % 2 ? "192.0.2.0/25\n" : "192.0.2.0/24\n");
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	lists_close(lists);
	probers_judge(probers);
}

static struct policy *parse(const char *policy_text)
{
	struct policy *policy;
	struct diag diag;

	diag_init(&diag);
	policy = policy_parse(policy_text, strlen(policy_text), "live.yaml", NULL, &diag);
	assert_non_null(policy);
	diag_free(&diag);
	return policy;
}

/* What is told of a rule of alpha; each number by its name. */
static json_int_t hit_of(const struct live *live, const struct policy *policy, const char *rule,
			 const char *what)
{
	json_t *hits, *row;
	json_int_t found = -1;
	struct diag diag;
	size_t i;

	diag_init(&diag);
	hits = state_rule_hits(live->gate, policy, &diag);
	assert_non_null(hits);
	json_array_foreach(json_object_get(hits, "rules"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "tenant")), "alpha") &&
		    !strcmp(json_string_value(json_object_get(row, "rule")), rule))
			found = json_integer_value(json_object_get(row, what));
	json_decref(hits);
	diag_free(&diag);
	return found;
}

static void hits_stay_with_their_rules(void **state)
{
	const struct live *live = *state;
	struct sender a = { .live = live, .cpu = 0, .cnt = 50, .port = 1000, .len = 10 };
	struct policy *before, *after;
	json_int_t since;
	uint32_t former;

	if (!live->gate)
		skip();
	before = parse(text_rules);
	after = parse(text_other_rules);
	sender_run(&a);
	sender_run(&a); /* of flows that stand: no hits */
	assert_int_equal(hit_of(live, before, "dns", "hits"), 50);
	assert_in_range(hit_of(live, before, "dns", "last"), time(NULL) - 60, time(NULL) + 1);
	assert_int_equal(hit_of(live, before, "web", "hits"), 0);
	assert_int_equal(hit_of(live, before, "web", "last"), 0);
	since = hit_of(live, before, "dns", "since");
	assert_in_range(since, time(NULL) - 60, time(NULL));

	former = gate_generation(live->gate);
	assert_int_equal(live_apply(live->gate, text_other_rules, NULL), 0);
	assert_int_equal(hit_of(live, after, "dns", "hits"), 0);
	assert_int_equal(install_hits_carry(live->gate, before, former, after,
					    gate_generation(live->gate)),
			 0);
	sender_run(&a); /* asked again, not counted again */
	assert_int_equal(hit_of(live, after, "dns", "hits"), 50);
	assert_int_equal(hit_of(live, after, "dns", "since"), since);
	assert_int_equal(hit_of(live, after, "ntp", "hits"), 0);
	a.port = 3000;
	a.cnt = 7;
	sender_run(&a);
	assert_int_equal(hit_of(live, after, "dns", "hits"), 57);
	policy_free(before);
	policy_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patrol),
		cmocka_unit_test_setup_teardown(patrol_leaves_what_begins, live_up, live_down),
		cmocka_unit_test(events_add_up),
		cmocka_unit_test(g66_rate_is_shared),
		cmocka_unit_test_setup_teardown(hits_stay_with_their_rules, live_up_rules, live_down),
		cmocka_unit_test_setup_teardown(g36_table_holds_all, live_up_wide, live_down),
		cmocka_unit_test_setup_teardown(g36_table_holds_all_of_two_cpus, live_up_wide,
						live_down),
		cmocka_unit_test_setup_teardown(flows_that_are_deleted_give_back_what_they_held,
						live_up_wide, live_down),
		cmocka_unit_test_setup_teardown(flows_that_a_policy_ends_give_back_what_they_held,
						live_up_wide, live_down),
		cmocka_unit_test_setup_teardown(numbers_of_lists_change_under_traffic,
						live_up_numbered, live_down),
	};

	return cmocka_run_group_tests_name("live", tests, live_up, live_down);
}
