// SPDX-License-Identifier: Apache-2.0
/*
 * What an answer to a question for a listed name costs, of a million in a response policy zone: the whole
 * gateway on live frames, their making and ending included, against the fastest server of those in Debian
 * that were tried (of PowerDNS; unbound, bind9, dnsmasq and dnsdist take more), its own CPU alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/field.h"
#include "bpf/nametext.h"

#define NAMES 16 /* asked for, of the million */
#define FLOWS 1000
#define PACKETS (1u << 15) /* of each name */
#define PORT 5399
#define PATIENCE_S 180
#define ASKED 100000 /* of the server, in one round */
#define AT_ONCE 64

enum { OURS, THEIRS };

static const struct bench_subject subjects[] = {
	[OURS] = { "the gateway", "us" },
	[THEIRS] = { "pdns_recursor", "us" },
};

static const struct bench_row rows[] = {
	{ "dns_cpu", "CPU per answered question for a listed name: PowerDNS's recursor against ours",
	  BENCH_RATIO, THEIRS, OURS, NULL, BENCH_AT_LEAST, 10 },
};

struct state {
	struct field *field;
	char zone[200], dir[32], conf[64], log[64];
	pid_t server;
	int fd; /* connected to it */
};

/* A name below a listed one of the zone. */
static struct nametext question(uint32_t number)
{
	uint32_t entry = number * 61 + 7;
	char name[32];

	snprintf(name, sizeof(name), "ads.www%u.%08x.com", entry % 7, entry * 2654435761U);
	return nametext_dns(name, 1, true);
}

/* --- ours --- */

static int frame_make(uint32_t number, struct frame *frame)
{
	static const uint8_t gw_inside[6] = { 2, 0, 0, 0, 0, 1 };
	struct nametext text = question(number);
	const struct pkt pkt = { .eth_dst = gw_inside,
				 .src = "10.1.0.0",
				 .dst = "198.51.100.1",
				 .proto = IPPROTO_UDP,
				 .sport = 1024,
				 .dport = 53,
				 .payload = text.b,
				 .payload_len = text.len };

	pkt_build(&pkt, frame);
	/* The generator does not keep the sum of UDP right, so there is none (RFC 768). */
	frame_put16(frame, frame->l4 + 6, 0);
	return frame->len == FIELD_WHOLE ? 0
					 : bench_say(-EINVAL, "a question of %zu bytes", frame->len);
}

static int refused_cnt(double *ret_cnt)
{
	int r = field_script("refused", NULL);

	if (!r)
		*ret_cnt = strtod(bench_said(), NULL);
	return r;
}

static int ours_take(const struct state *state, double *ret_us)
{
	double before = 0, after = 0, seconds = 0;
	struct frame frame;
	int r = refused_cnt(&before);

	for (uint32_t i = 0; !r && i < NAMES; i++) {
		double per_second = 0;

		r = frame_make(i, &frame);
		if (!r)
			r = field_send(state->field, "gate", &frame, FLOWS, false, PACKETS,
				       &per_second);
		seconds += PACKETS / per_second;
	}
	if (!r)
		r = refused_cnt(&after);
	if (!r && after - before < NAMES * (double)PACKETS * 0.99)
		r = bench_say(-EIO, "only %.0f questions of %u were answered", after - before,
			      NAMES * PACKETS);
	*ret_us = seconds * 1e6 / (NAMES * (double)PACKETS);
	return r;
}

/* --- theirs --- */

static int conf_write(const struct state *state)
{
	FILE *out = fopen(state->conf, "we");

	if (!out)
		return bench_say(-errno, "%s: %s", state->conf, strerror(errno));
	fprintf(out, "rpzFile(\"%s\", {})\n", state->zone);
	return fclose(out) ? bench_say(-errno, "%s: %s", state->conf, strerror(errno)) : 0;
}

static void server_run(const struct state *state)
{
	char lua[96], config[64], socket_dir[64], port[32];
	FILE *log = freopen(state->log, "we", stderr);

	(void)setpriority(PRIO_PROCESS, 0, -15); /* not measured, but waited for */
	if (log)
		dup2(fileno(log), STDOUT_FILENO);
	snprintf(lua, sizeof(lua), "--lua-config-file=%s", state->conf);
	snprintf(config, sizeof(config), "--config-dir=%s", state->dir);
	snprintf(socket_dir, sizeof(socket_dir), "--socket-dir=%s", state->dir);
	snprintf(port, sizeof(port), "--local-port=%d", PORT);
	execlp("pdns_recursor", "pdns_recursor", config, socket_dir, lua, port,
	       "--local-address=127.0.0.1", "--daemon=no", "--threads=1",
	       "--pdns-distributes-queries=no", "--write-pid=no", "--disable-syslog=yes",
	       "--quiet=yes", "--loglevel=3", "--security-poll-suffix=", (char *)NULL);
	_exit(127);
}

/* One more answer within so long; 1: NXDOMAIN, 0: none, or -errno. */
static int answer_take(int fd, int wait_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	uint8_t answer[512];

	if (poll(&ready, 1, wait_ms) != 1)
		return 0;
	if (recv(fd, answer, sizeof(answer), 0) < 12)
		return 0; /* nobody there yet: refused by ICMP */
	return (answer[3] & 15) == 3
		       ? 1
		       : bench_say(-EIO, "the server answers with code %d", answer[3] & 15);
}

static int question_send(int fd, uint32_t number)
{
	struct nametext text = question(number % NAMES);

	text.b[0] = (uint8_t)(number >> 8);
	text.b[1] = (uint8_t)number;
	return send(fd, text.b, text.len, 0) == (ssize_t)text.len ? 0 : -errno;
}

static int server_wait(struct state *state)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	double end = bench_now() + PATIENCE_S;
	int status, r = 0;

	state->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (state->fd < 0 || connect(state->fd, (const struct sockaddr *)&to, sizeof(to)))
		return bench_say(-errno, "no socket: %s", strerror(errno));
	while (!r && bench_now() < end) {
		if (waitpid(state->server, &status, WNOHANG) == state->server) {
			state->server = 0;
			return WIFEXITED(status) && WEXITSTATUS(status) == 127
				       ? bench_say(BENCH_SKIP, "pdns_recursor is not installed")
				       : bench_say(-EIO, "pdns_recursor ended: see %s", state->log);
		}
		r = question_send(state->fd, 0) ? 0 : answer_take(state->fd, 200);
		if (!r)
			usleep(50000);
	}
	if (!r)
		return bench_say(-ETIMEDOUT, "pdns_recursor does not answer in %d s", PATIENCE_S);
	return r < 0 ? r : 0;
}

static double process_cpu(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (!clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int server_start(struct state *state)
{
	int r = conf_write(state);

	if (!r)
		r = bench_watch(); /* not with us on the one CPU of the last measurement */
	if (r)
		return r;
	state->server = fork();
	if (state->server < 0)
		return bench_say(-errno, "cannot fork: %s", strerror(errno));
	if (!state->server)
		server_run(state);
	return server_wait(state);
}

static int theirs_take(struct state *state, double *ret_us)
{
	uint32_t asked = 0, answered = 0;
	double before;
	int r = state->server ? bench_watch() : server_start(state);

	if (r)
		return r;
	before = process_cpu(state->server);
	for (; answered < ASKED; answered++) {
		for (r = 0; !r && asked < ASKED && asked - answered < AT_ONCE; asked++)
			r = question_send(state->fd, asked);
		if (r)
			return bench_say(r, "no question is sent: %s", strerror(-r));
		r = answer_take(state->fd, 2000);
		if (r < 0)
			return r;
		if (!r)
			return bench_say(-EIO, "%u questions of %u were answered", answered, asked);
	}
	*ret_us = (process_cpu(state->server) - before) * 1e6 / answered;
	return 0;
}

/* --- the topic --- */

static int dns_setup(void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int r;

	*ret_state = state;
	if (!state)
		return bench_say(-ENOMEM, "no memory");
	state->fd = -1;
	strcpy(state->dir, "/tmp/sekisho-bench-XXXXXX");
	if (!mkdtemp(state->dir))
		return bench_say(-errno, "no directory: %s", strerror(errno));
	snprintf(state->conf, sizeof(state->conf), "%s/lua", state->dir);
	snprintf(state->log, sizeof(state->log), "%s/log", state->dir);
	r = field_up("dns", &state->field);
	if (r)
		return r;
	snprintf(state->zone, sizeof(state->zone), "%s", bench_said());
	return field_sinks(state->field, "gate");
}

static int dns_take(void *arg, int subject, double *ret_value)
{
	return subject == OURS ? ours_take(arg, ret_value) : theirs_take(arg, ret_value);
}

static void dns_teardown(void *arg)
{
	struct state *state = arg;
	char control[64];

	if (!state)
		return;
	if (state->server > 0) {
		kill(state->server, SIGKILL);
		waitpid(state->server, NULL, 0);
	}
	if (state->fd >= 0)
		close(state->fd);
	field_down(state->field);
	snprintf(control, sizeof(control), "%s/pdns_recursor.controlsocket", state->dir);
	unlink(control);
	unlink(state->log);
	unlink(state->conf);
	rmdir(state->dir);
	free(state);
}

const struct bench_topic topic_dns = {
	.name = "dns",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.setup = dns_setup,
	.take = dns_take,
	.teardown = dns_teardown,
};
