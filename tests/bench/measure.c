// SPDX-License-Identifier: Apache-2.0
/*
 * Runs of programs on a clock, the gate for them, and the words of what went wrong.
 * Called by every file of rows. Promises that a run stays on its CPU.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "model/model.h"

#define RUNS_DEFAULT 1000000
/* A test run takes its interface number from the namespace; this one is always there. */
#define LOOPBACK 1

static char said[256];
static const char *build;

int bench_say(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	return r;
}

const char *bench_said(void)
{
	return said;
}

const char *bench_build(void)
{
	return build;
}

void bench_build_set(const char *path)
{
	build = path;
}

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ahead_of_others(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		return bench_say(-errno, "no real-time priority: %s", strerror(errno));
	return 0;
}

int bench_pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return bench_say(-errno, "cannot stay on CPU %d: %s", cpu, strerror(errno));
	return ahead_of_others(1);
}

static int any_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return bench_say(-errno, "cannot leave the CPU: %s", strerror(errno));
	return 0;
}

int bench_watch(void)
{
	int r = any_cpu();

	return r ?: ahead_of_others(2);
}

int bench_as_others(void)
{
	struct sched_param param = { .sched_priority = 0 };
	int r = any_cpu();

	if (!r && sched_setscheduler(0, SCHED_OTHER, &param))
		r = bench_say(-errno, "no usual priority: %s", strerror(errno));
	return r;
}

/* Time that others took of this CPU is not in it; what softirqs do on this thread's back is. */
double bench_cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The run alone, without words: two threads may be in it. */
static int run_timed(const struct bench_run *run, double *ret_ns)
{
	uint32_t repeat = run->repeat ? run->repeat : RUNS_DEFAULT;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame->b,
		    .data_size_in = (uint32_t)run->frame->len, .repeat = (int)repeat);
	double start = bench_cpu_now();
	int r = bpf_prog_test_run_opts(run->prog_fd, &opts);

	*ret_ns = (bench_cpu_now() - start) * 1e9 / repeat;
	return r;
}

int bench_run(const struct bench_run *run, double *ret_ns)
{
	int r = bench_pin(run->cpu);

	if (r)
		return r;
	r = run_timed(run, ret_ns);
	return r ? bench_say(r, "BPF_PROG_TEST_RUN: %s", strerror(-r)) : 0;
}

struct runner {
	const struct bench_run *run;
	pthread_barrier_t *start;
	double ns;
	int r;
};

static void *runner_main(void *arg)
{
	struct runner *runner = arg;

	runner->r = bench_pin(runner->run->cpu);
	pthread_barrier_wait(runner->start);
	if (!runner->r)
		runner->r = run_timed(runner->run, &runner->ns);
	return NULL;
}

int bench_run_both(const struct bench_run *a, const struct bench_run *b, double *ret_ns)
{
	pthread_barrier_t start;
	struct runner first = { .run = a, .start = &start }, second = { .run = b, .start = &start };
	pthread_t thread;
	int r;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return bench_say(BENCH_SKIP, "two CPUs are needed");
	pthread_barrier_init(&start, NULL, 2);
	r = -pthread_create(&thread, NULL, runner_main, &first);
	if (r)
		return bench_say(r, "no second thread: %s", strerror(-r));
	runner_main(&second);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&start);
	*ret_ns = first.ns > second.ns ? first.ns : second.ns;
	r = first.r ? first.r : second.r;
	return r ? bench_say(r, "BPF_PROG_TEST_RUN on two CPUs: %s", strerror(-r)) : 0;
}

int bench_gate_port(struct gate *gate, uint16_t port)
{
	struct sek_link link = { .port = port };
	int r = gate_link_set(gate, LOOPBACK, &link);

	return r ? bench_say(r, "cannot give port %d to lo: %s", port, strerror(-r)) : 0;
}

/* The first of the errors, in words. */
static int say_diag(int r, const struct diag *diag)
{
	return bench_say(r, "%s", diag->cnt ? diag->entries[0].text : strerror(-r));
}

int bench_gate_open(const char *text, const struct gate_options *options, struct gate **ret_gate)
{
	struct gate_adopted adopted;
	struct image *image = NULL;
	struct policy *policy;
	struct diag diag;
	uint32_t generation;
	int r = -EINVAL;

	*ret_gate = NULL;
	diag_init(&diag);
	policy = policy_parse(text, strlen(text), "bench.yaml", NULL, &diag);
	if (policy)
		image = image_compile(policy, &diag);
	if (image)
		r = gate_open(options, ret_gate, &adopted, &diag);
	if (!r)
		r = install_prepare(*ret_gate, image, &generation, &diag);
	if (r) {
		say_diag(r, &diag);
	} else {
		install_commit(*ret_gate, generation);
		r = bench_gate_port(*ret_gate, BENCH_INSIDE);
	}
	if (!r && gate_tx_set(*ret_gate, BENCH_OUTSIDE, LOOPBACK, true))
		r = bench_say(-EIO, "cannot make lo the way out");
	if (r && *ret_gate) {
		gate_close(*ret_gate);
		*ret_gate = NULL;
	}
	image_free(image);
	policy_free(policy);
	diag_free(&diag);
	return r;
}
