// SPDX-License-Identifier: Apache-2.0
/*
 * A million names and all below them from a response policy zone, two records each as such zones are
 * published, until they are asked, against unbound with the same file; and what they take of memory, the
 * kernel's and ours, when all is done.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
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
#include "install/names.h"

#define NAMES 1000000
#define PORT 5399
#define PATIENCE_S 180

enum { LOAD, LOAD_UNBOUND, MEMORY };

static const struct bench_subject subjects[] = {
	[LOAD] = { "load of 1 M names", "s" },
	[LOAD_UNBOUND] = { "unbound's", "s" },
	[MEMORY] = { "1 M names", "MiB" },
};

static const struct bench_row rows[] = {
	{ "name_load", "1 M names of an RPZ from text to live: unbound's CPU against ours",
	  BENCH_RATIO, LOAD_UNBOUND, LOAD, NULL, BENCH_AT_LEAST, 15 },
	{ "name_memory", "what 1 M names take, in the kernel and in sekishod", BENCH_VALUE, MEMORY,
	  MEMORY, NULL, BENCH_AT_MOST, 64 },
};

struct state {
	struct gate *gate;
	char dir[32], zone[64], conf[64];
	uint16_t turn; /* number of the list: another each time, or nothing would have to be done */
};

static const char policy[] = "version: 1\n"
			     "ports:\n"
			     "  - {name: in, id: 1, side: inside, mode: bridge, peer: out}\n"
			     "  - {name: out, id: 2, side: outside, mode: bridge, peer: in}\n"
			     "tenants:\n"
			     "  - name: a\n"
			     "    id: 1\n"
			     "    attach: [{port: in}, {port: out}]\n"
			     "    prefixes: [10.1.0.0/16]\n";

static int zone_write(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return bench_say(-errno, "%s: %s", path, strerror(errno));
	fputs("$TTL 60\n$ORIGIN rpz.bench.\n@ SOA localhost. root.localhost. 1 60 60 60 60\n"
	      "@ NS localhost.\n",
	      out);
	for (uint32_t i = 0; i < NAMES; i++)
		fprintf(out, "www%u.%08x.com CNAME .\n*.www%u.%08x.com CNAME .\n", i % 7,
			i * 2654435761U, i % 7, i * 2654435761U);
	return fclose(out) ? bench_say(-errno, "%s: %s", path, strerror(errno)) : 0;
}

static int conf_write(const struct state *state)
{
	FILE *out = fopen(state->conf, "we");

	if (!out)
		return bench_say(-errno, "%s: %s", state->conf, strerror(errno));
	fprintf(out,
		"server:\n interface: 127.0.0.1\n port: %d\n do-daemonize: no\n chroot: \"\"\n"
		" username: \"\"\n directory: \"%s\"\n pidfile: \"\"\n use-syslog: no\n"
		" logfile: \"%s/log\"\n access-control: 127.0.0.0/8 allow\n"
		" module-config: \"respip iterator\"\n"
		"rpz:\n name: rpz.bench.\n zonefile: \"%s\"\n"
		"remote-control:\n control-enable: no\n",
		PORT, state->dir, state->dir, state->zone);
	return fclose(out) ? bench_say(-errno, "%s: %s", state->conf, strerror(errno)) : 0;
}

/* --- ours --- */

static double process_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t in_use(void)
{
	struct mallinfo2 info;

	malloc_trim(0);
	info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* Loads the zone; seconds of CPU, and bytes of the kernel's and ours. */
static int ours_take(struct state *state, double *ret_seconds, double *ret_mib)
{
	struct model_name_list model = { .id = state->turn++ % SEK_NAME_LISTS_MAX,
					 .name = (char *)"bench",
					 .source = (char *)state->zone,
					 .format = (char *)"rpz" };
	const struct policy lists = { .name_lists = &model, .name_list_cnt = 1 };
	size_t before = in_use();
	double start = process_now();
	struct names *names;
	struct diag diag;
	json_t *show;
	int r;

	diag_init(&diag);
	r = names_open(state->gate, NULL, &names, &diag);
	if (!r)
		r = names_load(names, &lists, NULL, NULL, &diag);
	*ret_seconds = process_now() - start;
	if (r || diag.error_cnt) {
		r = bench_say(-EIO, "the names do not load: %s",
			      diag.cnt ? diag.entries[0].text : "");
		diag_free(&diag);
		return r;
	}
	diag_free(&diag);
	show = names_show(names, NULL);
	if (json_integer_value(json_object_get(show, "names")) != NAMES)
		r = bench_say(-EIO, "%lld names are loaded, not %d",
			      json_integer_value(json_object_get(show, "names")), NAMES);
	*ret_mib = (double)json_integer_value(json_object_get(show, "memory")) / (1 << 20) +
		   (double)(in_use() - before) / (1 << 20);
	json_decref(show);
	names_close(names);
	return r;
}

/* --- unbound's --- */

/* One question for the last name of the zone; true: it is answered by the policy, NXDOMAIN. */
static bool unbound_answers(int fd)
{
	uint8_t question[64] = { 0, 1, 1, 0, 0, 1 }, answer[512];
	char name[32];
	size_t len = 12;

	snprintf(name, sizeof(name), "\4www%d\10%08x\3com", (NAMES - 1) % 7,
		 (NAMES - 1) * 2654435761U);
	memcpy(question + len, name, strlen(name) + 1);
	len += strlen(name) + 1;
	memcpy(question + len, "\0\1\0\1", 4);
	len += 4;
	return send(fd, question, len, 0) == (ssize_t)len &&
	       recv(fd, answer, sizeof(answer), 0) >= 12 && (answer[3] & 15) == 3;
}

static int unbound_wait(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(PORT),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_usec = 200000 };
	double end = bench_now() + PATIENCE_S;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool answered = false;

	if (fd < 0)
		return bench_say(-errno, "no socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		while (!answered && bench_now() < end) {
			answered = unbound_answers(fd);
			if (!answered)
				usleep(50000);
		}
	close(fd);
	return answered ? 0 : bench_say(-ETIMEDOUT, "unbound does not answer in %d s", PATIENCE_S);
}

static int unbound_take(const struct state *state, double *ret_seconds)
{
	struct rusage usage;
	pid_t pid = fork();
	int r, status;

	if (pid < 0)
		return bench_say(-errno, "cannot fork: %s", strerror(errno));
	if (!pid) {
		execlp("unbound", "unbound", "-d", "-c", state->conf, (char *)NULL);
		_exit(127);
	}
	r = unbound_wait();
	kill(pid, SIGKILL);
	if (wait4(pid, &status, 0, &usage) != pid)
		return bench_say(-errno, "unbound cannot be waited for: %s", strerror(errno));
	if (r && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return bench_say(BENCH_SKIP, "unbound is not installed");
	*ret_seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
		       (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
	return r;
}

/* --- the topic --- */

static int nameload_setup(void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int r;

	if (!state)
		return -ENOMEM;
	*ret_state = state;
	strcpy(state->dir, "/tmp/sekisho-bench-XXXXXX");
	if (!mkdtemp(state->dir))
		return bench_say(-errno, "no directory: %s", strerror(errno));
	snprintf(state->zone, sizeof(state->zone), "%s/zone", state->dir);
	snprintf(state->conf, sizeof(state->conf), "%s/conf", state->dir);
	r = zone_write(state->zone);
	if (!r)
		r = conf_write(state);
	return r ? r : bench_gate_open(policy, &(struct gate_options){ 0 }, &state->gate);
}

static int nameload_take(void *arg, int subject, double *ret_value)
{
	double seconds = 0, mib = 0;
	int r;

	if (subject == LOAD_UNBOUND)
		return unbound_take(arg, ret_value);
	r = ours_take(arg, &seconds, &mib);
	*ret_value = subject == LOAD ? seconds : mib;
	return r;
}

static void nameload_teardown(void *arg)
{
	struct state *state = arg;
	char log[64];

	if (!state)
		return;
	if (state->gate)
		gate_close(state->gate);
	snprintf(log, sizeof(log), "%s/log", state->dir);
	unlink(log);
	unlink(state->zone);
	unlink(state->conf);
	rmdir(state->dir);
	free(state);
}

const struct bench_topic topic_nameload = {
	.name = "nameload",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.cold = true,
	.setup = nameload_setup,
	.take = nameload_take,
	.teardown = nameload_teardown,
};
