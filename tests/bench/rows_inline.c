// SPDX-License-Identifier: Apache-2.0
/*
 * Inspection in line by all public rules, with real stacks at both ends: against a bare redirect, and Suricata in
 * line on the same kind of cables beside it. Clients and server are threads of this process; whatever inspects
 * has the same two CPUs as they.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/field.h"

#define CONNECTIONS 16 /* under way at once */
#define SECONDS 0.5 /* of one measurement */
#define BODY 1024
#define DEEP 1200 /* requests and answers of that length: more than 1 MiB */
#define TIMES_MAX 200000
#define PATIENCE_S 5
#define AHEAD (-10) /* the nice value of all that is measured, before what else runs */

enum path { GATE, BARE, IPS, PATHS };
static const char *const path_names[PATHS] = { [GATE] = "gate", [BARE] = "bare", [IPS] = "ips" };

enum {
	BULK_GATE,
	BULK_BARE,
	BULK_IPS,
	HTTP_GATE,
	HTTP_BARE,
	HTTP_IPS,
	P99_GATE,
	P99_BARE,
	P99_IPS,
	CONN_GATE,
	CONN_BARE,
	CONN_IPS,
	HANDBACK,
	BLOCK,
	LOST,
	GAP,
	IDLE,
	LONE_P50_GATE,
	LONE_P50_BARE,
	LONE_P99_GATE,
	LONE_P99_BARE,
	BACK_P50_GATE,
	BACK_P50_BARE,
	BACK_P99_GATE,
	BACK_P99_BARE
};

static const struct bench_subject subjects[] = {
	[BULK_GATE] = { "bulk, inspected", "Gbit/s" },
	[BULK_BARE] = { "bulk, redirect", "Gbit/s" },
	[BULK_IPS] = { "bulk, Suricata", "Gbit/s" },
	[HTTP_GATE] = { "requests, inspected", "1/s" },
	[HTTP_BARE] = { "requests, redirect", "1/s" },
	[HTTP_IPS] = { "requests, Suricata", "1/s" },
	[P99_GATE] = { "p99 of a request, inspected", "us" },
	[P99_BARE] = { "p99 of a request, redirect", "us" },
	[P99_IPS] = { "p99 of a request, Suricata", "us" },
	[CONN_GATE] = { "connections, inspected", "1/s" },
	[CONN_BARE] = { "connections, redirect", "1/s" },
	[CONN_IPS] = { "connections, Suricata", "1/s" },
	[HANDBACK] = { "bytes that no worker sees", "of 1" },
	[BLOCK] = { "until the block", "ms" },
	[LOST] = { "lost in reloads", "packets" },
	[GAP] = { "longest answer in reloads", "ms" },
	[IDLE] = { "CPU at rest", "of a core" },
	[LONE_P50_GATE] = { "lone request, inspected, p50", "us" },
	[LONE_P50_BARE] = { "lone request, redirect, p50", "us" },
	[LONE_P99_GATE] = { "lone request, inspected, p99", "us" },
	[LONE_P99_BARE] = { "lone request, redirect, p99", "us" },
	[BACK_P50_GATE] = { "lone request, handed back, p50", "us" },
	[BACK_P50_BARE] = { "the same, redirect, p50", "us" },
	[BACK_P99_GATE] = { "lone request, handed back, p99", "us" },
	[BACK_P99_BARE] = { "the same, redirect, p99", "us" },
};

static const struct bench_row rows[] = {
	{ "inline_bulk", "bulk TCP inspected by all rules against a bare XDP redirect", BENCH_RATIO,
	  BULK_GATE, BULK_BARE, NULL, BENCH_AT_LEAST, 0.80 },
	{ "inline_bulk_ips", "the same, Suricata in line by AF_PACKET", BENCH_RATIO, BULK_IPS,
	  BULK_BARE, NULL, BENCH_NO_GOAL, 0 },
	{ "inline_http", "requests for 1 kB over kept connections against bare", BENCH_RATIO,
	  HTTP_GATE, HTTP_BARE, NULL, BENCH_AT_LEAST, 0.70 },
	{ "inline_http_ips", "the same, Suricata", BENCH_RATIO, HTTP_IPS, HTTP_BARE, NULL,
	  BENCH_NO_GOAL, 0 },
	{ "inline_conn", "new connections with one request each against bare", BENCH_RATIO,
	  CONN_GATE, CONN_BARE, NULL, BENCH_AT_LEAST, 0.75 },
	{ "inline_conn_ips", "the same, Suricata", BENCH_RATIO, CONN_IPS, CONN_BARE, NULL,
	  BENCH_NO_GOAL, 0 },
	{ "inline_p99", "p99 of requests over kept connections against bare", BENCH_RATIO, P99_GATE,
	  P99_BARE, NULL, BENCH_AT_MOST, 1.5 },
	{ "inline_p99_ips", "the same, Suricata", BENCH_RATIO, P99_IPS, P99_BARE, NULL,
	  BENCH_NO_GOAL, 0 },
	{ "inline_handback", "share of a mix's bytes that no worker sees", BENCH_VALUE, HANDBACK, 0,
	  NULL, BENCH_AT_LEAST, 0.90 },
	{ "inline_block", "from the packet that matches to the kernel's block, ms", BENCH_VALUE,
	  BLOCK, 0, NULL, BENCH_AT_MOST, 5 },
	{ "inline_reload_lost", "packets lost of a 1 kHz ping during reloads of all rules",
	  BENCH_VALUE, LOST, 0, NULL, BENCH_AT_MOST, 0 },
	{ "inline_reload", "longest wait of that ping for its answer, ms", BENCH_VALUE, GAP, 0,
	  NULL, BENCH_AT_MOST, 5 },
	{ "inline_idle", "CPU that inspection takes at rest", BENCH_VALUE, IDLE, 0, NULL,
	  BENCH_AT_MOST, 0.02 },
	{ "inline_lone_p50", "a lone request and its answer, inspected, against bare: p50",
	  BENCH_RATIO, LONE_P50_GATE, LONE_P50_BARE, NULL, BENCH_NO_GOAL, 0 },
	{ "inline_lone_p99", "their p99", BENCH_RATIO, LONE_P99_GATE, LONE_P99_BARE, NULL,
	  BENCH_NO_GOAL, 0 },
	{ "inline_back_p50", "the same of a connection that was handed back: p50", BENCH_RATIO,
	  BACK_P50_GATE, BACK_P50_BARE, NULL, BENCH_NO_GOAL, 0 },
	{ "inline_back_p99", "their p99", BENCH_RATIO, BACK_P99_GATE, BACK_P99_BARE, NULL,
	  BENCH_NO_GOAL, 0 },
};

struct server {
	pthread_t thread;
	int listener, epoll; /* -1: none */
	atomic_bool ends;
};

struct state {
	struct field *field;
	struct server servers[PATHS];
	bool has_ips;
	char why_not[160];
	bool is_reloaded;
	double lost, gap_ms;
	float times[TIMES_MAX];
};

/* --- the server: answers each request with the same page --- */

static char page[BODY + 128];
static size_t page_len;

static void page_make(void)
{
	page_len = (size_t)snprintf(page, sizeof(page),
				    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
				    "Content-Length: %d\r\n\r\n",
				    BODY);
	memset(page + page_len, 'a', BODY);
	page_len += BODY;
}

static void server_accept(const struct server *server)
{
	int one = 1, fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* A request comes whole, as it is short. */
static void server_answer(int fd)
{
	char request[2048];
	ssize_t n = recv(fd, request, sizeof(request), 0);

	bool over = n > 0 ? send(fd, page, page_len, MSG_NOSIGNAL) < 0 : n == 0 || errno != EAGAIN;

	if (over)
		close(fd);
}

static void *server_run(void *arg)
{
	struct server *server = arg;
	struct epoll_event events[64];

	while (!atomic_load(&server->ends)) {
		int cnt = epoll_wait(server->epoll, events, 64, 100);

		for (int i = 0; i < cnt; i++) {
			if (events[i].data.fd == server->listener)
				server_accept(server);
			else
				server_answer(events[i].data.fd);
		}
	}
	return NULL;
}

static int server_start(const struct state *state, enum path path, struct server *server)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct epoll_event event = { .events = EPOLLIN };
	char ns[32];
	int r;

	snprintf(ns, sizeof(ns), "bench-s%s", path_names[path]);
	r = field_socket(state->field, ns, &server->listener);
	if (r)
		return r;
	if (bind(server->listener, (const struct sockaddr *)&at, sizeof(at)) ||
	    listen(server->listener, 1024))
		return bench_say(-errno, "no server in %s: %s", ns, strerror(errno));
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = server->listener;
	if (server->epoll < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) ||
	    pthread_create(&server->thread, NULL, server_run, server)) {
		close(server->listener);
		server->listener = -1;
		return bench_say(-EAGAIN, "no server");
	}
	return 0;
}

static void server_end(struct server *server)
{
	if (server->listener < 0)
		return;
	atomic_store(&server->ends, true);
	pthread_join(server->thread, NULL);
	close(server->listener);
	close(server->epoll);
}

/* --- clients: so many conversations at once, each a request and its answer --- */

struct client {
	int fd;
	size_t got;
	double asked;
};

struct load {
	struct state *state;
	enum path path;
	bool anew; /* a connection for each request */
	bool deep; /* both sides have sent more than is inspected before it is measured */
	int epoll;
	size_t client_cnt;
	struct client clients[CONNECTIONS];
	size_t done;
};

#define REQUEST                                                                                    \
	"GET /a/page.html HTTP/1.1\r\nHost: www.static.example\r\nUser-Agent: bench\r\n"           \
	"Accept: */*\r\n"

static const char request[] = REQUEST "\r\n";

/* As long as its answer. */
static char long_request[sizeof(request) + BODY];
static size_t long_len;

static void long_request_make(void)
{
	long_len = (size_t)snprintf(long_request, sizeof(long_request),
				    REQUEST "Cookie: %0*d\r\n\r\n", BODY - 12, 0);
}

/* A client's address is one of several: workers share flows out by both ends. */
static int client_open(struct load *load, struct client *client)
{
	size_t number = (size_t)(client - load->clients);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) }, from = to;
	struct linger hard = { .l_onoff = 1 };
	char ns[32], text[32];
	int one = 1, r;

	snprintf(ns, sizeof(ns), "bench-c%s", path_names[load->path]);
	snprintf(text, sizeof(text), "10.1.0.%zu", 10 + number % 8);
	inet_pton(AF_INET, text, &from.sin_addr);
	inet_pton(AF_INET, "198.51.100.1", &to.sin_addr);
	from.sin_port = 0;
	r = field_socket(load->state->field, ns, &client->fd);
	if (r)
		return r;
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)); /* no TIME-WAIT */
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(client->fd, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(client->fd, (struct sockaddr *)&to, sizeof(to)))
		return bench_say(-errno, "%s does not connect: %s", ns, strerror(errno));
	return epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) ? -errno : 0;
}

static int client_ask(const struct load *load, struct client *client)
{
	client->got = 0;
	client->asked = bench_now();
	return send(client->fd, load->deep ? long_request : request,
		    load->deep ? long_len : sizeof(request) - 1, MSG_NOSIGNAL) < 0
		       ? bench_say(-errno, "a request: %s", strerror(errno))
		       : 0;
}

static int client_go_on(struct load *load, struct client *client)
{
	char bytes[4096];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	int r = 0;

	if (n <= 0)
		return n < 0 && errno == EAGAIN
			       ? 0
			       : bench_say(-EIO, "%s: no answer", path_names[load->path]);
	client->got += (size_t)n;
	if (client->got < page_len)
		return 0;
	if (load->done < TIMES_MAX)
		load->state->times[load->done] = (float)((bench_now() - client->asked) * 1e6);
	load->done++;
	if (load->anew) {
		double began = bench_now();

		close(client->fd);
		r = client_open(load, client);
		if (!r)
			r = client_ask(load, client);
		client->asked = began;
		return r;
	}
	return client_ask(load, client);
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

/* So many answers, or until then. */
static int load_until(struct load *load, size_t cnt, double until)
{
	struct epoll_event events[CONNECTIONS];
	double heard = bench_now();
	int r = 0;

	while (!r && load->done < cnt && bench_now() < until) {
		int ready = epoll_wait(load->epoll, events, CONNECTIONS, 100);

		for (int i = 0; !r && i < ready; i++)
			r = client_go_on(load, events[i].data.ptr);
		if (ready > 0)
			heard = bench_now();
		else if (bench_now() > heard + PATIENCE_S)
			r = bench_say(-EIO, "%s: nobody answers", path_names[load->path]);
	}
	return r;
}

static int load_run(struct load *load, double *ret_per_second)
{
	double began;
	int r = load->deep ? load_until(load, DEEP, bench_now() + PATIENCE_S) : 0;

	load->done = 0;
	began = bench_now();
	if (!r)
		r = load_until(load, SIZE_MAX, began + SECONDS);
	*ret_per_second = (double)load->done / (bench_now() - began);
	return r;
}

static int load_begin(struct load *load)
{
	int r = 0;

	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->epoll < 0)
		return bench_say(-errno, "no epoll");
	for (size_t i = 0; i < load->client_cnt; i++)
		load->clients[i].fd = -1;
	for (size_t i = 0; !r && i < load->client_cnt; i++)
		r = client_open(load, &load->clients[i]);
	for (size_t i = 0; !r && i < load->client_cnt; i++)
		r = client_ask(load, &load->clients[i]);
	return r;
}

static void load_end(struct load *load)
{
	for (size_t i = 0; load->epoll >= 0 && i < load->client_cnt; i++)
		if (load->clients[i].fd >= 0)
			close(load->clients[i].fd);
	if (load->epoll >= 0)
		close(load->epoll);
}

/* Requests a second over a path; how long they took is in the state, sorted. */
static int load_take(struct load *load, double *ret_per_second)
{
	int r = load_begin(load);

	if (!r)
		r = load_run(load, ret_per_second);
	load_end(load);
	if (load->done > TIMES_MAX)
		load->done = TIMES_MAX;
	qsort(load->state->times, load->done, sizeof(*load->state->times), by_size);
	return r;
}

static double share_of(const struct load *load, size_t percent)
{
	return load->done ? (double)load->state->times[load->done * percent / 100] : 0;
}

static int many_take(struct state *state, int subject, double *ret_value)
{
	struct load load = { .state = state,
			     .path = (enum path)(subject % 3),
			     .anew = subject >= CONN_GATE,
			     .client_cnt = CONNECTIONS };
	int r = load_take(&load, ret_value);

	if (subject >= P99_GATE && subject <= P99_IPS)
		*ret_value = share_of(&load, 99);
	return r;
}

/* One connection alone. */
static int lone_take(struct state *state, int subject, double *ret_us)
{
	int number = subject - LONE_P50_GATE; /* deep or not, then p50 and p99, then the path */
	struct load load = { .state = state,
			     .path = number & 1 ? BARE : GATE,
			     .deep = subject >= BACK_P50_GATE,
			     .client_cnt = 1 };
	int r = load_take(&load, ret_us);

	*ret_us = share_of(&load, number & 2 ? 99 : 50);
	return r;
}

/* --- the topic --- */

static int inline_setup(void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int r;

	*ret_state = state;
	if (!state)
		return bench_say(-ENOMEM, "no memory");
	for (int i = 0; i < PATHS; i++)
		state->servers[i].listener = -1;
	page_make();
	long_request_make();
	r = bench_as_others();
	if (!r && setpriority(PRIO_PROCESS, 0, AHEAD))
		r = bench_say(-errno, "no priority: %s", strerror(errno));
	if (!r)
		r = field_up("inline", &state->field);
	if (!r)
		r = field_bare(state->field, "bench-bare");
	state->has_ips = !r && !field_script("ips", NULL);
	snprintf(state->why_not, sizeof(state->why_not), "%s", bench_said());
	for (int i = 0; !r && i < PATHS; i++)
		r = server_start(state, (enum path)i, &state->servers[i]);
	return r;
}

/* A number that field.sh finds out. */
static int asked(const char *word, const char *more, double *ret_value)
{
	int r = field_script(word, more);
	char *end;

	if (r)
		return r;
	*ret_value = strtod(bench_said(), &end);
	return end == bench_said() ? bench_say(-EIO, "%s: %s", word, bench_said()) : 0;
}

/* The reloads are made once: they take long. */
static int reload_take(struct state *state, bool lost, double *ret_value)
{
	int r = state->is_reloaded ? 0 : asked("reloads", "10", &state->lost);

	if (r)
		return r;
	if (!state->is_reloaded)
		state->gap_ms = strtod(strchr(bench_said(), ' ') ?: " 0", NULL);
	state->is_reloaded = true;
	*ret_value = lost ? state->lost : state->gap_ms;
	return 0;
}

static int inline_take(void *arg, int subject, double *ret_value)
{
	struct state *state = arg;
	enum path path = (enum path)(subject % 3);
	int r;

	if (subject < HANDBACK && path == IPS && !state->has_ips)
		return bench_say(BENCH_SKIP, "%s", state->why_not);
	switch (subject) {
	case BULK_GATE:
	case BULK_BARE:
	case BULK_IPS:
		r = asked("bulk", path_names[path], ret_value);
		*ret_value /= 1e9;
		return r;
	case HANDBACK:
		return asked("handback", NULL, ret_value);
	case BLOCK:
		return asked("block", NULL, ret_value);
	case LOST:
	case GAP:
		return reload_take(state, subject == LOST, ret_value);
	case IDLE:
		return asked("idle", NULL, ret_value);
	default:
		return subject >= LONE_P50_GATE ? lone_take(state, subject, ret_value)
						: many_take(state, subject, ret_value);
	}
}

static void inline_teardown(void *arg)
{
	struct state *state = arg;

	if (!state)
		return;
	for (int i = 0; i < PATHS; i++)
		server_end(&state->servers[i]);
	field_down(state->field);
	free(state);
}

const struct bench_topic topic_inline = {
	.name = "inline",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.setup = inline_setup,
	.take = inline_take,
	.teardown = inline_teardown,
};
