// SPDX-License-Identifier: Apache-2.0
/*
 * traffic LAN WAN PPS THREADS TALKS: mixed traffic from both ends of the gateway, each an end as in
 * wire.h, until stdin says `stop` or ends; then one line of JSON tells what became of every packet.
 * `swing POLICY LIST` (a, b or either, each) says which policy and list are in force; the answer
 * `done` comes when all that was sent before has been decided. Called by tests/soak/storm.sh.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "soak/talk.h"

#define THREADS_MAX 8
#define SECOND_NS 1000000000ull
#define PATIENCE_NS (2 * SECOND_NS) /* for a beacon */
#define PASS 56 /* packets at once, by both sides; fewer than two batches */

/* What main tells the threads. */
struct order {
	atomic_uint number;
	_Atomic enum swing policy, list;
	atomic_bool stop;
	atomic_uint swings; /* of all threads */
};

struct crew {
	pthread_t thread;
	unsigned int index;
	struct order *order;
	struct ledger *ledger;
	struct wire *wire;
	struct talk *talks;
	unsigned int talk_cnt, cursor;
	double pps;
	struct beacon beacon;
	uint32_t salt; /* a run opens no flow that one before it may have left */
	uint32_t denied, passes;
	uint64_t slowest_ns;
	atomic_uint obeyed;
	enum swing policy, list;
	int err;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* What is sent is processed in order, so with its last packet all of a batch has been decided. */
static void await(struct crew *crew, uint32_t number)
{
	uint64_t from = now_ns(), took = 0;

	for (unsigned int tries = 0; !ledger_seen(crew->ledger, number) && took < PATIENCE_NS;
	     tries++) {
		if (tries < 50)
			sched_yield();
		else
			usleep(50);
		took = now_ns() - from;
	}
	if (took > crew->slowest_ns)
		crew->slowest_ns = took;
}

static void send_talks(struct crew *crew, unsigned int cnt)
{
	uint64_t now = now_ns();

	for (unsigned int i = 0; i < crew->talk_cnt && cnt; i++) {
		struct talk *talk = &crew->talks[crew->cursor++ % crew->talk_cnt];

		if (!talk_ready(talk, crew->ledger, now) || !wire_room(crew->wire, talk_side(talk)))
			continue;
		talk_send(talk, crew->wire, now);
		cnt--;
	}
}

/* Denied ones go first, so that an allowed one comes behind them. */
static void send_denied(struct crew *crew)
{
	for (int i = 0; i < 3; i++)
		denied_send(crew->wire, crew->denied++);
	for (int i = 0; i < 2; i++)
		swing_send(crew->wire, atomic_fetch_add(&crew->order->swings, 1), crew->policy,
			   crew->list);
	if (crew->passes++ % 8 == 0)
		talk_send_outside(&crew->talks[crew->passes / 8 % crew->talk_cnt], crew->wire);
}

static int pass(struct crew *crew)
{
	int err;

	send_denied(crew);
	send_talks(crew, PASS - 8);
	beacon_send(&crew->beacon, crew->wire, SOAK_LAN);
	beacon_send(&crew->beacon, crew->wire, SOAK_WAN);
	err = wire_send(crew->wire);
	await(crew, crew->beacon.number[SOAK_LAN]);
	await(crew, crew->beacon.number[SOAK_WAN]);
	return err;
}

static void obey(struct crew *crew)
{
	unsigned int number = atomic_load(&crew->order->number);

	crew->policy = atomic_load(&crew->order->policy);
	crew->list = atomic_load(&crew->order->list);
	atomic_store(&crew->obeyed, number);
}

static void pin(unsigned int index)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(index % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *crew_run(void *arg)
{
	struct crew *crew = arg;
	double gap_ns = PASS / crew->pps * 1e9;
	uint64_t next;

	pin(crew->index);
	beacon_send(&crew->beacon, crew->wire, SOAK_LAN);
	crew->err = wire_send(crew->wire);
	await(crew, crew->beacon.number[SOAK_LAN]);
	next = now_ns();
	while (!crew->err && !atomic_load(&crew->order->stop)) {
		uint64_t now = now_ns();

		obey(crew);
		if (now < next) {
			usleep((unsigned int)((next - now) / 1000) + 1);
			continue;
		}
		/* What the machine was too slow for is not made up for. */
		next = (now - next > SECOND_NS / 20 ? now : next) + (uint64_t)gap_ns;
		crew->err = pass(crew);
	}
	return NULL;
}

static int crew_start(struct crew *crew, const struct ends *ends)
{
	int err = wire_open(ends, crew->ledger, &crew->wire);

	if (err)
		return err;
	crew->beacon.port = (uint16_t)(1024 + (crew->salt * THREADS_MAX + crew->index) % 60000);
	crew->talks = calloc(crew->talk_cnt, sizeof(*crew->talks));
	if (!crew->talks)
		return -ENOMEM;
	for (unsigned int i = 0; i < crew->talk_cnt; i++)
		talk_begin(&crew->talks[i], crew->index, i, crew->salt * 997);
	return -pthread_create(&crew->thread, NULL, crew_run, crew);
}

static int swing_of(const char *word)
{
	return !strcmp(word, "a")	 ? SWING_A
	       : !strcmp(word, "b")	 ? SWING_B
	       : !strcmp(word, "either") ? SWING_EITHER
					 : -1;
}

/* Tells the threads, and waits until all that they sent before has been decided. */
static bool swing(struct order *order, struct crew *crews, unsigned int cnt, const char *line)
{
	char policy[8], list[8];
	unsigned int number;

	if (sscanf(line, "swing %7s %7s", policy, list) != 2 || swing_of(policy) < 0 ||
	    swing_of(list) < 0)
		return false;
	atomic_store(&order->policy, (enum swing)swing_of(policy));
	atomic_store(&order->list, (enum swing)swing_of(list));
	number = atomic_fetch_add(&order->number, 1) + 1;
	for (unsigned int i = 0; i < cnt; i++)
		while (atomic_load(&crews[i].obeyed) != number && !crews[i].err)
			usleep(100);
	return true;
}

static void listen_to(struct order *order, struct crew *crews, unsigned int cnt)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin) && strcmp(line, "stop\n") != 0) {
		puts(swing(order, crews, cnt, line) ? "done" : "what?");
		fflush(stdout);
	}
}

static void name_bodies(json_t *report)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "rows"), i, row) {
		unsigned int tenant =
			(unsigned int)json_integer_value(json_object_get(row, "tenant"));

		json_object_set_new(row, "tenant",
				    tenant ? json_string(body_name(tenant)) : json_string("host"));
	}
}

/* The conversations whose last step never came out: whose flow it was tells where to look. */
static json_t *stuck_talks(const struct ledger *ledger, const struct crew *crews, unsigned int cnt)
{
	json_t *stuck = json_array();

	for (unsigned int i = 0; i < cnt; i++)
		for (unsigned int k = 0; k < crews[i].talk_cnt; k++) {
			const struct talk *talk = &crews[i].talks[k];

			if (talk->waiting && !ledger_seen(ledger, talk->number))
				json_array_append_new(stuck, talk_told(talk));
		}
	return stuck;
}

static void tell(const struct ledger *ledger, const struct ends *ends, const struct crew *crews,
		 unsigned int cnt, double seconds)
{
	struct soak_sum lan = ends_sum(ends, SOAK_LAN), wan = ends_sum(ends, SOAK_WAN);
	json_t *report = ledger_report(ledger);
	uint64_t refused = 0, slowest = 0;

	for (unsigned int i = 0; i < cnt; i++) {
		refused += wire_refused(crews[i].wire);
		slowest = crews[i].slowest_ns > slowest ? crews[i].slowest_ns : slowest;
	}
	name_bodies(report);
	json_object_set_new(report, "arrived",
			    json_integer((json_int_t)(lan.numbered + wan.numbered)));
	json_object_set_new(report, "strays", json_integer((json_int_t)(lan.strays + wan.strays)));
	json_object_set_new(report, "flood", json_integer((json_int_t)(lan.flood + wan.flood)));
	json_object_set_new(report, "others", json_integer((json_int_t)(lan.others + wan.others)));
	json_object_set_new(report, "refused", json_integer((json_int_t)refused));
	json_object_set_new(report, "slowest_ms", json_integer((json_int_t)(slowest / 1000000)));
	json_object_set_new(report, "stuck", stuck_talks(ledger, crews, cnt));
	json_object_set_new(report, "seconds", json_real(seconds));
	json_dumpf(report, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(report);
}

static int traffic(struct ends *ends, struct ledger *ledger, double pps, unsigned int threads,
		   unsigned int talks)
{
	uint32_t salt = (uint32_t)time(NULL);
	struct order order = { .swings = salt * 100003 };
	struct crew crews[THREADS_MAX] = {};
	uint64_t from = now_ns();
	unsigned int started = 0;
	int err = 0;

	for (; started < threads && !err; started++) {
		crews[started] = (struct crew){ .index = started,
						.order = &order,
						.ledger = ledger,
						.salt = salt,
						.talk_cnt = talks,
						.pps = pps / threads };
		err = crew_start(&crews[started], ends);
	}
	if (!err)
		listen_to(&order, crews, threads);
	atomic_store(&order.stop, true);
	for (unsigned int i = 0; i < started; i++) {
		if (crews[i].thread)
			pthread_join(crews[i].thread, NULL);
		err = err ? err : crews[i].err;
	}
	ledger_close(ledger);
	if (!err)
		tell(ledger, ends, crews, threads, (double)(now_ns() - from) / 1e9);
	for (unsigned int i = 0; i < started; i++) {
		wire_close(crews[i].wire);
		free(crews[i].talks);
	}
	return err;
}

int main(int argc, char **argv)
{
	const char *spec[2];
	struct ledger *ledger;
	struct ends *ends;
	unsigned long threads, talks;
	int err;

	if (argc != 6) {
		fprintf(stderr, "usage: traffic LAN WAN PPS THREADS TALKS\n");
		return 2;
	}
	spec[0] = argv[1];
	spec[1] = argv[2];
	threads = strtoul(argv[4], NULL, 10);
	talks = strtoul(argv[5], NULL, 10);
	if (!threads || threads > THREADS_MAX || !talks || talks > 4000) {
		fprintf(stderr, "traffic: 1 to %d threads, 1 to 4000 talks\n", THREADS_MAX);
		return 2;
	}
	libbpf_set_print(NULL);
	if (ends_open(spec, &ends))
		return 1;
	ledger = ledger_new(ends_slots(ends));
	err = ledger ? traffic(ends, ledger, strtod(argv[3], NULL), (unsigned int)threads,
			       (unsigned int)talks)
		     : -ENOMEM;
	if (err)
		fprintf(stderr, "traffic: %s\n", strerror(-err));
	ledger_free(ledger);
	ends_close(ends);
	return err ? 1 : 0;
}
