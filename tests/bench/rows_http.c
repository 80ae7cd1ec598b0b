// SPDX-License-Identifier: Apache-2.0
/*
 * What a request for a host on no list waits because a million names are looked for in it: in the gateway,
 * and in squid with the same names as `dstdomain`. Each waiting is the median of many requests on one
 * connection, less that of requests by a bare XDP redirect, sent in turn with them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/field.h"

#define REQUESTS 2000 /* of each path, in one round */
#define LEAST_US 0.5 /* less is not told from nothing */
#define PATIENCE_S 10

enum path { GATE, BARE, PROXY, PATHS };
enum { OURS, THEIRS };

static const struct bench_subject subjects[] = {
	[OURS] = { "the gateway adds", "us" },
	[THEIRS] = { "squid adds", "us" },
};

static const struct bench_row rows[] = {
	{ "http_added", "added to a request (p50): squid with 1 M names of dstdomain against ours",
	  BENCH_RATIO, THEIRS, OURS, NULL, BENCH_AT_LEAST, 20 },
};

static const struct {
	const char *name, *to, *request;
	uint16_t port;
} ways[] = {
#define REST "Host: www.static.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
	[GATE] = { "gate", "198.51.100.1", "GET /a/b/c.html HTTP/1.1\r\n" REST, 80 },
	[BARE] = { "bare", "198.51.100.1", "GET /a/b/c.html HTTP/1.1\r\n" REST, 80 },
	[PROXY] = { "proxy", "10.1.0.1",
		    "GET http://www.static.example/a/b/c.html HTTP/1.1\r\n" REST, 3128 },
};
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
			     "<end>";

struct server {
	pthread_t thread;
	int fd; /* that listens; -1: none */
};

struct state {
	struct field *field;
	struct server servers[PATHS];
	int clients[PATHS];
	double times[2][REQUESTS];
};

/* --- the servers: one connection at a time, one answer to all --- */

static void serve_one(int fd)
{
	char request[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, request + len, sizeof(request) - len, 0)) > 0) {
		len += (size_t)n;
		if (len < 4 || memcmp(request + len - 4, "\r\n\r\n", 4) != 0) {
			if (len == sizeof(request))
				break;
			continue;
		}
		len = 0;
		if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
}

static void *server_run(void *arg)
{
	const struct server *server = arg;
	int fd, one = 1;

	if (bench_pin(1))
		return NULL;
	while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		serve_one(fd);
	}
	return NULL;
}

static int server_start(const struct state *state, enum path path, struct server *server)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(80) };
	char ns[32];
	int r;

	snprintf(ns, sizeof(ns), "bench-s%s", ways[path].name);
	r = field_socket(state->field, ns, &server->fd);
	if (!r &&
	    (bind(server->fd, (const struct sockaddr *)&at, sizeof(at)) || listen(server->fd, 16)))
		r = bench_say(-errno, "no server in %s: %s", ns, strerror(errno));
	if (!r && pthread_create(&server->thread, NULL, server_run, server)) {
		close(server->fd);
		server->fd = -1;
		r = bench_say(-EAGAIN, "no thread");
	}
	return r;
}

static void server_end(struct server *server)
{
	if (server->fd < 0)
		return;
	shutdown(server->fd, SHUT_RDWR); /* accept4() returns */
	pthread_join(server->thread, NULL);
	close(server->fd);
}

/* --- the clients --- */

static int client_open(struct state *state, enum path path)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(ways[path].port) };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	char ns[32];
	int one = 1, r, *fd = &state->clients[path];

	snprintf(ns, sizeof(ns), "bench-c%s", ways[path].name);
	inet_pton(AF_INET, ways[path].to, &to.sin_addr);
	r = field_socket(state->field, ns, fd);
	if (r)
		return r;
	setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(*fd, (struct sockaddr *)&to, sizeof(to)))
		return bench_say(-errno, "%s does not connect: %s", ns, strerror(errno));
	return 0;
}

/* One request; microseconds until its answer is whole. */
static int request_make(const struct state *state, enum path path, double *ret_us)
{
	const char *request = ways[path].request;
	double start = bench_now();
	int fd = state->clients[path];
	size_t len = 0;
	char got[4096] = "";

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return bench_say(-errno, "%s: %s", ways[path].name, strerror(errno));
	while (len < 5 || memcmp(got + len - 5, "<end>", 5) != 0) {
		ssize_t n = recv(fd, got + len, sizeof(got) - len, 0);

		if (n <= 0)
			return bench_say(-EIO, "%s: no answer: %.*s", ways[path].name,
					 (int)strcspn(got, "\r"), len ? got : "");
		len += (size_t)n;
	}
	*ret_us = (bench_now() - start) * 1e6;
	return memcmp(got, "HTTP/1.1 200", 12) == 0
		       ? 0
		       : bench_say(-EIO, "%s: %.*s", ways[path].name, (int)strcspn(got, "\r"), got);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, REQUESTS, sizeof(*values), by_size);
	return values[REQUESTS / 2];
}

/* --- the topic --- */

static int http_setup(void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int r;

	*ret_state = state;
	if (!state)
		return bench_say(-ENOMEM, "no memory");
	for (int i = 0; i < PATHS; i++)
		state->servers[i].fd = state->clients[i] = -1;
	r = field_up("http", &state->field);
	if (!r)
		r = field_bare(state->field, "bench-bare");
	for (int i = 0; !r && i < PATHS; i++)
		r = server_start(state, i, &state->servers[i]);
	if (!r)
		r = bench_pin(0);
	for (int i = 0; !r && i < PATHS; i++)
		r = client_open(state, i);
	return r;
}

static int http_take(void *arg, int subject, double *ret_value)
{
	enum path path = subject == OURS ? GATE : PROXY;
	struct state *state = arg;
	double added;
	int r = 0;

	for (int i = 0; !r && i < REQUESTS; i++) {
		r = request_make(state, path, &state->times[0][i]);
		if (!r)
			r = request_make(state, BARE, &state->times[1][i]);
	}
	if (r)
		return r;
	added = median(state->times[0]) - median(state->times[1]);
	*ret_value = added > LEAST_US ? added : LEAST_US;
	return 0;
}

static void http_teardown(void *arg)
{
	struct state *state = arg;

	if (!state)
		return;
	for (int i = 0; i < PATHS; i++)
		if (state->clients[i] >= 0)
			close(state->clients[i]);
	field_down(state->field); /* and with squid, its connection */
	for (int i = 0; i < PATHS; i++)
		server_end(&state->servers[i]);
	free(state);
}

const struct bench_topic topic_http = {
	.name = "http",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.setup = http_setup,
	.take = http_take,
	.teardown = http_teardown,
};
