// SPDX-License-Identifier: Apache-2.0
/*
 * Inspection in line by all public rules, between real clients and servers (iperf3, wrk, curl, nginx): against a
 * bare redirect, and Suricata in line on the same kind of cables beside it. Whatever inspects has the same two CPUs
 * as they. What wrk cannot do, one request at a time behind a megabyte that has been inspected, is done here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/field.h"

#define SECONDS 0.5 /* of lone requests */
#define LONG 1024 /* bytes of a request that is as long as its answer */
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

struct state {
	struct field *field;
	bool has_ips;
	char why_not[160];
	bool is_reloaded;
	double lost, gap_ms;
	double p99_us[PATHS]; /* of the requests that were just measured on a path; 0: none */
	float times[TIMES_MAX];
};

/* Numbers that field.sh finds out, one or two. */
static int asked(const char *word, const char *more, double *ret_value, double *ret_second)
{
	int r = field_script(word, more);
	char *end;

	if (r)
		return r;
	*ret_value = strtod(bench_said(), &end);
	if (ret_second && end != bench_said())
		*ret_second = strtod(end, &end);
	return end == bench_said() ? bench_say(-EIO, "%s: %s", word, bench_said()) : 0;
}

/* --- one request at a time over one connection --- */

struct lone {
	int fd;
	bool deep; /* both sides have sent more than is inspected before it is measured */
	size_t answer_len;
	size_t cnt;
	float *times;
};

static int lone_open(const struct state *state, enum path path, struct lone *lone)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
	char ns[32];
	int one = 1, r;

	snprintf(ns, sizeof(ns), "bench-c%s", path_names[path]);
	inet_pton(AF_INET, "198.51.100.1", &to.sin_addr);
	r = field_socket(state->field, ns, &lone->fd);
	if (r)
		return r;
	setsockopt(lone->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(lone->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(lone->fd, (struct sockaddr *)&to, sizeof(to))
		       ? bench_say(-errno, "%s does not connect: %s", ns, strerror(errno))
		       : 0;
}

static int lone_ask(const struct lone *lone)
{
	char request[LONG + 1] = "GET /1k.html HTTP/1.1\r\nHost: www.static.example\r\nCookie: ";
	size_t len = strlen(request), end = lone->deep ? LONG - 4 : len + 1;

	memset(request + len, '0', end - len);
	memcpy(request + end, "\r\n\r\n", 4);
	return send(lone->fd, request, end + 4, MSG_NOSIGNAL) < 0
		       ? bench_say(-errno, "a request: %s", strerror(errno))
		       : 0;
}

/* All answers are as long as the first, of which all is there when nothing more comes. */
static int lone_learn(struct lone *lone)
{
	char bytes[4096];
	ssize_t n;
	int r = lone_ask(lone);

	while (!r && lone->answer_len < sizeof(bytes)) {
		n = recv(lone->fd, bytes, sizeof(bytes), lone->answer_len ? MSG_DONTWAIT : 0);
		if (n <= 0 && lone->answer_len)
			return 0;
		if (n <= 0)
			return bench_say(-EIO, "no answer to a lone request");
		lone->answer_len += (size_t)n;
		usleep(50000);
	}
	return r ? r : bench_say(-EIO, "the answer to a lone request does not end");
}

static int lone_turn(const struct lone *lone, double *ret_us)
{
	double asked_at = bench_now();
	char bytes[4096];
	int r = lone_ask(lone);

	for (size_t got = 0; !r && got < lone->answer_len;) {
		ssize_t n = recv(lone->fd, bytes, sizeof(bytes), 0);

		if (n <= 0)
			return bench_say(-EIO, "a lone request has no answer");
		got += (size_t)n;
	}
	*ret_us = (bench_now() - asked_at) * 1e6;
	return r;
}

static int lone_run(struct lone *lone)
{
	double until, us = 0;
	int r = lone_learn(lone);

	for (size_t i = 0; !r && lone->deep && i < DEEP; i++)
		r = lone_turn(lone, &us);
	until = bench_now() + SECONDS;
	while (!r && lone->cnt < TIMES_MAX && bench_now() < until) {
		r = lone_turn(lone, &us);
		if (!r)
			lone->times[lone->cnt++] = (float)us;
	}
	return r;
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static int lone_take(struct state *state, int subject, double *ret_us)
{
	int number = subject - LONE_P50_GATE; /* deep or not, then p50 and p99, then the path */
	struct lone lone = { .fd = -1, .deep = subject >= BACK_P50_GATE, .times = state->times };
	int r = lone_open(state, number & 1 ? BARE : GATE, &lone);

	if (!r)
		r = lone_run(&lone);
	if (lone.fd >= 0)
		close(lone.fd);
	qsort(lone.times, lone.cnt, sizeof(*lone.times), by_size);
	*ret_us = lone.cnt ? (double)lone.times[lone.cnt * (number & 2 ? 99 : 50) / 100] : 0;
	return r;
}

/* --- many at once --- */

static int requests_take(struct state *state, enum path path, bool wants_p99, double *ret_value)
{
	int r = 0;

	if (!wants_p99 || !state->p99_us[path])
		r = asked("kept", path_names[path], ret_value, &state->p99_us[path]);
	if (r || !wants_p99)
		return r;
	*ret_value = state->p99_us[path];
	state->p99_us[path] = 0;
	return 0;
}

/* --- the topic --- */

static int inline_setup(void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int r;

	*ret_state = state;
	if (!state)
		return bench_say(-ENOMEM, "no memory");
	r = bench_as_others();
	if (!r && setpriority(PRIO_PROCESS, 0, AHEAD))
		r = bench_say(-errno, "no priority: %s", strerror(errno));
	if (!r)
		r = field_up("inline", &state->field);
	if (!r)
		r = field_bare(state->field, "bench-bare");
	state->has_ips = !r && !field_script("ips", NULL);
	snprintf(state->why_not, sizeof(state->why_not), "%s", bench_said());
	return r;
}

/* The reloads are made once: they take long. */
static int reload_take(struct state *state, bool lost, double *ret_value)
{
	int r = state->is_reloaded ? 0 : asked("reloads", "10", &state->lost, &state->gap_ms);

	if (r)
		return r;
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
		r = asked("bulk", path_names[path], ret_value, NULL);
		*ret_value /= 1e9;
		return r;
	case HANDBACK:
		return asked("handback", NULL, ret_value, NULL);
	case BLOCK:
		return asked("block", NULL, ret_value, NULL);
	case LOST:
	case GAP:
		return reload_take(state, subject == LOST, ret_value);
	case IDLE:
		return asked("idle", NULL, ret_value, NULL);
	case CONN_GATE:
	case CONN_BARE:
	case CONN_IPS:
		return asked("anew", path_names[path], ret_value, NULL);
	default:
		return subject >= LONE_P50_GATE
			       ? lone_take(state, subject, ret_value)
			       : requests_take(state, path, subject >= P99_GATE, ret_value);
	}
}

static void inline_teardown(void *arg)
{
	struct state *state = arg;

	if (!state)
		return;
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
