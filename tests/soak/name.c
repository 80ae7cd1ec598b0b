// SPDX-License-Identifier: Apache-2.0
/*
 * names CLIENT SERVER QPS CPS NAMES LOSS: questions from one namespace (a path of /run/netns) to servers in another, QPS a
 * second by DNS and CPS connections a second with a ClientHello, of NAMES names of each kind, until stdin
 * says `stop` or ends; then one line of JSON tells what became of each. LOSS: none, or any where no gateway
 * stands yet. `a`, `b` or `either`, and LOSS behind it, says what is in force now; the answer `done` comes
 * when all that was asked before has ended. Called by tests/soak/names.test.
 */
#include "soak/name.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#define SECOND_NS 1000000000ull
#define LOOK_NS 20000000ull /* who has waited too long is looked for that often */

uint64_t name_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

int name_enter(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return err;
}

socklen_t name_address(uint32_t n, uint16_t port, struct sockaddr_storage *ret_address)
{
	char text[INET6_ADDRSTRLEN];
	bool six = n & 1;

	*ret_address = (struct sockaddr_storage){};
	snprintf(text, sizeof(text), six ? "2001:db8:ffff::%u" : "203.0.113.%u",
		 80 + n % NAME_ADDRESSES);
	if (six) {
		struct sockaddr_in6 *to = (struct sockaddr_in6 *)ret_address;

		to->sin6_family = AF_INET6;
		to->sin6_port = htons(port);
		inet_pton(AF_INET6, text, &to->sin6_addr);
		return sizeof(*to);
	}
	((struct sockaddr_in *)ret_address)->sin_family = AF_INET;
	((struct sockaddr_in *)ret_address)->sin_port = htons(port);
	inet_pton(AF_INET, text, &((struct sockaddr_in *)ret_address)->sin_addr);
	return sizeof(struct sockaddr_in);
}

static const char *const heads[] = { "both-", "a-", "b-", "free-" };

bool name_is_both(const char *name)
{
	return !strncmp(name, heads[NAME_BOTH], strlen(heads[NAME_BOTH]));
}

enum name_fate name_next(const struct name_asker *asker, uint32_t n, char *ret_name)
{
	static const enum name_kind kinds[] = { NAME_BOTH, NAME_FREE, NAME_A,	 NAME_FREE,
						NAME_BOTH, NAME_B,    NAME_BOTH, NAME_FREE };
	enum name_kind kind = kinds[n % (sizeof(kinds) / sizeof(kinds[0]))];
	/* Neighbours are asked far from each other. */
	uint32_t number = (uint32_t)((asker->seed + n * 2654435761ull) % asker->order->names);

	snprintf(ret_name, NAME_TEXT_MAX, "%s%u.example", heads[kind], number);
	if (kind == NAME_BOTH)
		return NAME_REFUSED;
	if (kind == NAME_FREE)
		return NAME_SERVED;
	if (asker->state == NAME_STATE_EITHER)
		return NAME_OPEN;
	return (kind == NAME_A) == (asker->state == NAME_STATE_A) ? NAME_REFUSED : NAME_SERVED;
}

void name_ended(struct name_tally *tally, enum name_fate fate, bool by_gateway, uint64_t took_ns)
{
	tally->by_gateway += by_gateway;
	tally->by_server += !by_gateway;
	tally->leaked += !by_gateway && fate == NAME_REFUSED;
	tally->wrong += by_gateway && fate == NAME_SERVED;
	tally->slowest_ns = took_ns > tally->slowest_ns ? took_ns : tally->slowest_ns;
}

/* --- who asks --- */

static void give_up(struct name_asker *asker, const struct name_way *way, void *arg)
{
	uint64_t now_ns = name_now_ns();
	unsigned int cnt;

	if (now_ns - asker->looked_ns < LOOK_NS)
		return;
	asker->looked_ns = now_ns;
	cnt = way->give_up(arg, now_ns, asker->may_lose ? way->haste_ns : way->patience_ns);
	*(asker->may_lose ? &asker->tally.given_up : &asker->tally.lost) += cnt;
}

static void drain(struct name_asker *asker, const struct name_way *way, void *arg)
{
	while (!way->is_idle(arg)) {
		way->hear(arg, 1);
		give_up(asker, way, arg);
	}
}

/* What was asked under other lists has ended before the next is asked. */
static void order_follow(struct name_asker *asker, const struct name_way *way, void *arg)
{
	const struct name_order *order = asker->order;
	unsigned int number = atomic_load(&order->number);

	if (number == atomic_load(&asker->obeyed))
		return;
	drain(asker, way, arg);
	asker->state = atomic_load(&order->state);
	asker->may_lose = atomic_load(&order->may_lose);
	atomic_store(&asker->obeyed, number);
}

/* Whether the next moment of a pace has come; what the machine was too slow for is not made up for. */
static bool is_due(uint64_t *next_ns, double rate, unsigned int cnt)
{
	uint64_t now_ns = name_now_ns();

	if (now_ns < *next_ns)
		return false;
	if (now_ns - *next_ns > SECOND_NS / 20)
		*next_ns = now_ns;
	*next_ns += (uint64_t)(cnt / rate * 1e9);
	return true;
}

void name_run(struct name_asker *asker, const struct name_way *way, void *arg)
{
	uint64_t next_ns = name_now_ns();

	asker->may_lose = atomic_load(&asker->order->may_lose);
	asker->err = name_enter(asker->netns);
	if (!asker->err)
		asker->err = way->open(arg);
	while (!asker->err && !atomic_load(&asker->order->stop)) {
		bool due;

		order_follow(asker, way, arg);
		due = is_due(&next_ns, asker->rate, way->batch);
		if (due)
			asker->err = way->ask(arg);
		way->hear(arg, due ? 0 : 1);
		give_up(asker, way, arg);
	}
	drain(asker, way, arg);
}

/* --- orders --- */

static int state_of(const char *word)
{
	static const char *const words[] = { "a", "b", "either" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(word, words[i]))
			return i;
	return -1;
}

static bool obey(struct name_order *order, struct name_asker askers[2], const char *line)
{
	char state[8], loss[8];
	unsigned int number;

	if (sscanf(line, "%7s %7s", state, loss) != 2 || state_of(state) < 0)
		return false;
	atomic_store(&order->state, (enum name_state)state_of(state));
	atomic_store(&order->may_lose, !strcmp(loss, "any"));
	number = atomic_fetch_add(&order->number, 1) + 1;
	for (int i = 0; i < 2; i++)
		while (atomic_load(&askers[i].obeyed) != number && !askers[i].err)
			usleep(100);
	return true;
}

static json_t *told(const struct name_asker *asker, const struct name_server *server)
{
	const struct name_tally *tally = &asker->tally;

	return json_pack("{sIsIsIsIsIsIsIsIsIsIsI}", "asked", (json_int_t)tally->asked,
			 "by_gateway", (json_int_t)tally->by_gateway, "by_server",
			 (json_int_t)tally->by_server, "lost", (json_int_t)tally->lost, "given_up",
			 (json_int_t)tally->given_up, "leaked", (json_int_t)tally->leaked, "wrong",
			 (json_int_t)tally->wrong, "late", (json_int_t)tally->late, "slowest_ms",
			 (json_int_t)(tally->slowest_ns / 1000000), "at_server",
			 (json_int_t)atomic_load(&server->seen), "listed_at_server",
			 (json_int_t)atomic_load(&server->listed));
}

static int storm(struct name_order *order, struct name_asker askers[2], struct name_server servers[2])
{
	void *(*const serve[2])(void *) = { question_server_run, hello_server_run };
	void *(*const ask[2])(void *) = { questions_run, hellos_run };
	pthread_t threads[4];
	uint64_t from;
	char line[64];
	json_t *report;

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, serve[i], &servers[i]))
			return -EAGAIN;
	for (int i = 0; i < 2; i++)
		while (!atomic_load(&servers[i].ready))
			usleep(1000);
	from = name_now_ns();
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[2 + i], NULL, ask[i], &askers[i]))
			return -EAGAIN;
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "stop\n") != 0) {
		puts(obey(order, askers, line) ? "done" : "what?");
		fflush(stdout);
	}
	atomic_store(&order->stop, true);
	for (int i = 2; i < 4; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&order->closed, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	report = json_pack("{sososf}", "questions", told(&askers[0], &servers[0]), "connections",
			   told(&askers[1], &servers[1]), "seconds",
			   (double)(name_now_ns() - from) / 1e9);
	json_dumpf(report, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(report);
	for (int i = 0; i < 2; i++) {
		int err = askers[i].err ? askers[i].err : servers[i].err;

		if (err)
			return err;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct name_order order = { .number = 0 };
	struct name_asker askers[2];
	struct name_server servers[2];
	int err;

	if (argc != 7) {
		fprintf(stderr, "usage: names CLIENT SERVER QPS CPS NAMES none|any\n");
		return 2;
	}
	order.names = (uint32_t)strtoul(argv[5], NULL, 10);
	atomic_store(&order.may_lose, !strcmp(argv[6], "any"));
	for (int i = 0; i < 2; i++) {
		askers[i] = (struct name_asker){ .order = &order,
						 .netns = argv[1],
						 .rate = strtod(argv[3 + i], NULL),
						 .seed = (uint32_t)(time(NULL) * 7919 + i) };
		servers[i] = (struct name_server){ .order = &order, .netns = argv[2] };
	}
	if (!order.names || askers[0].rate < 1 || askers[1].rate < 1) {
		fprintf(stderr, "names: rates and the number of names are at least 1\n");
		return 2;
	}
	err = storm(&order, askers, servers);
	if (err)
		fprintf(stderr, "names: %s\n", strerror(-err));
	return err ? 1 : 0;
}
