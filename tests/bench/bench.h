/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench: ratios taken in one run, never a time as a verdict.
 *
 * A topic is one file of rows. It sets up once; then, round by round, each of its subjects is measured
 * once, so that all of them see the same machine. A row is the ratio of two subjects; its figure is the
 * median over the rounds. To add rows: a file rows_TOPIC.c with `const struct bench_topic topic_TOPIC`, and a
 * line in topics.def. `make bench` runs all, `make bench ONLY='list*'` the rows whose names match.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/packet.h"
#include "install/install.h"

#define BENCH_SUBJECTS_MAX 48
#define BENCH_ROUNDS_MAX 31

/* What is measured, a value a round. unit is that of the value: "ns", "Mpps". */
struct bench_subject {
	const char *name;
	const char *unit;
};

enum bench_goal {
	BENCH_AT_MOST, /* a cost */
	BENCH_AT_LEAST, /* a gain */
	BENCH_NO_GOAL, /* somebody else's, or for the reader alone */
};

enum bench_kind {
	BENCH_RATIO = 0, /* subject `over` divided by subject `under` */
	BENCH_VALUE, /* subject `over` itself, in its own unit */
	BENCH_WORST, /* the worst figure of the topic's rows whose names begin with `of` */
	BENCH_TYPICAL, /* the median of their figures */
};

struct bench_row {
	const char *name; /* in build/bench.json */
	const char *what; /* in words, for the table */
	enum bench_kind kind;
	int over, under; /* subjects */
	const char *of; /* WORST and TYPICAL */
	enum bench_goal goal_is;
	double goal;
};

/* What setup and take answer, besides 0: this cannot be measured here, for a reason that is no fault. */
#define BENCH_SKIP 1

struct bench_topic {
	const char *name;
	const struct bench_subject *subjects;
	int subject_cnt;
	const struct bench_row *rows;
	int row_cnt;
	int rounds; /* that count: 5 or more, odd */
	bool cold; /* else one more round goes before, uncounted, to warm what will be measured */
	/*
	 * 0, -errno, or BENCH_SKIP, the latter two with words by bench_say(). setup may be NULL;
	 * teardown (may be NULL) is called after a setup that failed, too.
	 */
	int (*setup)(void **ret_state);
	/*
	 * Measures one subject once, 50 to 300 ms when it is a cost per packet. Only the subjects that
	 * the wanted rows need are asked. BENCH_SKIP skips the rows of this subject alone.
	 */
	int (*take)(void *state, int subject, double *ret_value);
	void (*teardown)(void *state);
};

/* Keeps the words that go with r (the last call counts) and returns r. */
int bench_say(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *bench_said(void);

/* --- PROG_TEST_RUN on a clock --- */

struct bench_run {
	int prog_fd;
	const struct frame *frame; /* what each run sees; the program may change it for the next */
	uint32_t repeat; /* runs; 0: 1,000,000 */
	int cpu;
};

/*
 * Runs the program on the CPU and gives ns a run, by the thread's CPU time around the whole
 * (the kernel's own `duration` is a whole number, and counts what others took of the CPU). The calling thread stays on that CPU. 0 or -errno with words.
 */
int bench_run(const struct bench_run *run, double *ret_ns);
/*
 * Two runs at once, on two CPUs, started together. *ret_ns is that of the slower one.
 * BENCH_SKIP on a machine of one CPU.
 */
int bench_run_both(const struct bench_run *a, const struct bench_run *b, double *ret_ns);

/* Where the programs are that were built: the argument of `bench`. */
const char *bench_build(void);
void bench_build_set(const char *build);

/* Seconds on the monotonic clock. */
double bench_now(void);
/* Seconds of CPU that the calling thread took. The measure of a cost; a machine shared with others falsifies the clock. */
double bench_cpu_now(void);
/* Keeps the calling thread on a CPU, where others wait for it (SCHED_FIFO). 0 or -errno with words. */
int bench_pin(int cpu);
/* As any program runs: on any CPU, its turn with others; so do threads and programs that it begins from here on. */
int bench_as_others(void);
/* The calling thread may run on any CPU, even before those of bench_pin(): for one that sleeps and looks. */
int bench_watch(void);

/* --- the gateway's program, for PROG_TEST_RUN --- */

/* The ports that bench policies name: what comes in by PROG_TEST_RUN arrives on INSIDE. */
#define BENCH_INSIDE 1
#define BENCH_OUTSIDE 2

/*
 * A gate with this policy live, pinned nowhere: frames given to gate_prog_fd() arrive on port 1 and
 * leave by port 2. Close with gate_close(). 0 or -errno with words.
 */
int bench_gate_open(const char *policy, const struct gate_options *options, struct gate **ret_gate);
/* From here on, what comes in by PROG_TEST_RUN arrives on this port. */
int bench_gate_port(struct gate *gate, uint16_t port);

/* --- many flows out of one frame --- */

/*
 * The programs of bare.bpf.c. vary_open() gives a program that makes each run's packet that of another
 * flow, at random, and then becomes another program: a gate's, or one of the bare ones below. Flow n of
 * `flows` has n / 256 + 1 as the low half of the IPv4 source address and 1024 + n % 256 as source port;
 * IPv4 follows Ethernet at once, without a tag. With `back` the same for destination and destination port: the
 * answers. Sums of TCP and UDP are not kept right. It costs 2 to 3 ns; put it on both sides.
 */
struct vary;

enum vary_bare {
	VARY_DROP, /* ends the run */
	VARY_PARSE, /* Ethernet, VLAN, IPv4, TCP or UDP: all of the headers read, then ends the run */
};

int vary_open(const struct frame *frame, uint32_t flows, bool back, struct vary **ret_vary);
void vary_close(struct vary *vary);
/* What it becomes: a loaded program of type xdp.frags, or a bare one. 0 or -errno with words. */
int vary_into(struct vary *vary, int prog_fd);
int vary_bare(const struct vary *vary, enum vary_bare which);
int vary_prog_fd(const struct vary *vary);

#endif
