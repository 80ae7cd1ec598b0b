// SPDX-License-Identifier: Apache-2.0
/*
 * The inspection engine against Suricata over the same captures, with the same rules and settings, one
 * worker each: what a core carries by the CPU that it took, how long it takes to stand ready, what it takes
 * of memory; and two workers against one. engine.py runs both.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench/bench.h"

/* Runs of a program: who, over which capture, how, with how many workers. */
enum run {
	OURS_MIX,
	OURS_NOLOG,
	OURS_NORULES,
	OURS_DNS,
	OURS_TLS,
	OURS_TWO,
	OURS_COLD,
	THEIRS_MIX,
	THEIRS_NOLOG,
	THEIRS_NORULES,
	THEIRS_DNS,
	THEIRS_TLS,
	RUNS
};

static const char *const runs[RUNS] = {
	[OURS_MIX] = "ours mix eve 1",	       [OURS_NOLOG] = "ours mix nolog 1",
	[OURS_NORULES] = "ours mix norules 1", [OURS_DNS] = "ours dns eve 1",
	[OURS_TLS] = "ours tls eve 1",	       [OURS_TWO] = "ours mix eve 2",
	[OURS_COLD] = "ours tls cold 2",       [THEIRS_MIX] = "theirs mix eve 1",
	[THEIRS_NOLOG] = "theirs mix nolog 1", [THEIRS_NORULES] = "theirs mix norules 1",
	[THEIRS_DNS] = "theirs dns eve 1",     [THEIRS_TLS] = "theirs tls eve 1",
};

/* What a run is asked for; by the CPU of the whole process, but for what is about time. */
enum figure { GBIT, KPPS, GBIT_WALL, START, PEAK, RULES, FIGURES };

enum subject {
	MIX,
	MIX_THEIRS,
	NOLOG,
	NOLOG_THEIRS,
	NORULES,
	NORULES_THEIRS,
	DNS,
	DNS_THEIRS,
	TLS,
	TLS_THEIRS,
	ONE,
	TWO,
	STARTED,
	STARTED_COLD,
	STARTED_THEIRS,
	MEMORY,
	MEMORY_THEIRS,
	TAKEN,
	SUBJECTS
};

static const struct {
	enum run run;
	enum figure figure;
} asked[SUBJECTS] = {
	[MIX] = { OURS_MIX, GBIT },
	[MIX_THEIRS] = { THEIRS_MIX, GBIT },
	[NOLOG] = { OURS_NOLOG, GBIT },
	[NOLOG_THEIRS] = { THEIRS_NOLOG, GBIT },
	[NORULES] = { OURS_NORULES, GBIT },
	[NORULES_THEIRS] = { THEIRS_NORULES, GBIT },
	[DNS] = { OURS_DNS, KPPS },
	[DNS_THEIRS] = { THEIRS_DNS, KPPS },
	[TLS] = { OURS_TLS, GBIT },
	[TLS_THEIRS] = { THEIRS_TLS, GBIT },
	[ONE] = { OURS_MIX, GBIT_WALL },
	[TWO] = { OURS_TWO, GBIT_WALL },
	[STARTED] = { OURS_MIX, START },
	[STARTED_COLD] = { OURS_COLD, START },
	[STARTED_THEIRS] = { THEIRS_MIX, START },
	[MEMORY] = { OURS_MIX, PEAK },
	[MEMORY_THEIRS] = { THEIRS_MIX, PEAK },
	[TAKEN] = { OURS_MIX, RULES },
};

static const struct bench_subject subjects[SUBJECTS] = {
	[MIX] = { "a mix", "Gbit/s a core" },
	[MIX_THEIRS] = { "Suricata's", "Gbit/s a core" },
	[NOLOG] = { "without records", "Gbit/s a core" },
	[NOLOG_THEIRS] = { "Suricata's", "Gbit/s a core" },
	[NORULES] = { "without rules", "Gbit/s a core" },
	[NORULES_THEIRS] = { "Suricata's", "Gbit/s a core" },
	[DNS] = { "DNS", "kpps a core" },
	[DNS_THEIRS] = { "Suricata's", "kpps a core" },
	[TLS] = { "a TLS download", "Gbit/s a core" },
	[TLS_THEIRS] = { "Suricata's", "Gbit/s a core" },
	[ONE] = { "one worker", "Gbit/s" },
	[TWO] = { "two workers", "Gbit/s" },
	[STARTED] = { "start", "s" },
	[STARTED_COLD] = { "first start", "s" },
	[STARTED_THEIRS] = { "Suricata's", "s" },
	[MEMORY] = { "peak memory", "MiB" },
	[MEMORY_THEIRS] = { "Suricata's", "MiB" },
	[TAKEN] = { "rules taken", "%" },
};

#define ROW(name, what, over, under, goal_is, goal)                                                \
	{                                                                                          \
		name, what, BENCH_RATIO, over, under, NULL, goal_is, goal                          \
	}

static const struct bench_row rows[] = {
	ROW("engine_mixed", "mixed traffic, all rules, records on: a core of ours against Suricata's",
	    MIX, MIX_THEIRS, BENCH_AT_LEAST, 3),
	ROW("engine_nolog", "the same without records", NOLOG, NOLOG_THEIRS, BENCH_AT_LEAST, 3),
	ROW("engine_norules", "the same without rules", NORULES, NORULES_THEIRS, BENCH_AT_LEAST, 2),
	ROW("engine_dns", "DNS with its records, packets a second", DNS, DNS_THEIRS, BENCH_AT_LEAST,
	    4),
	ROW("engine_tls", "one long TLS download", TLS, TLS_THEIRS, BENCH_AT_LEAST, 2),
	ROW("engine_scale", "two workers against one, by the clock", TWO, ONE, BENCH_AT_LEAST, 1.7),
	ROW("engine_start", "start with all rules, patterns compiled before: Suricata's against ours",
	    STARTED_THEIRS, STARTED, BENCH_AT_LEAST, 16),
	ROW("engine_start_cold", "the same with nothing compiled", STARTED_THEIRS, STARTED_COLD,
	    BENCH_AT_LEAST, 2),
	ROW("engine_memory", "peak memory, ours against Suricata's", MEMORY, MEMORY_THEIRS,
	    BENCH_AT_MOST, 0.5),
	{ "engine_rules", "rules that are taken", BENCH_VALUE, TAKEN, TAKEN, NULL, BENCH_AT_LEAST,
	  99.5 },
};

/* A run gives several figures, each once: who asks for one again wants another run. */
struct state {
	double figures[RUNS][FIGURES];
	unsigned int fresh[RUNS]; /* one bit each */
};

/* The last line that the script printed goes to text. 0, BENCH_SKIP or -EIO. */
static int script(const char *words, char *text, size_t cap)
{
	char command[512];
	FILE *out;
	int status;

	snprintf(command, sizeof(command), "tests/bench/engine.py %s %s", bench_build(), words);
	text[0] = 0;
	out = popen(command, "re");
	if (!out)
		return bench_say(-errno, "no shell: %s", strerror(errno));
	while (fgets(text, (int)cap, out)) {
	}
	status = pclose(out);
	text[strcspn(text, "\n")] = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return bench_say(BENCH_SKIP, "%s", text);
	return bench_say(-EIO, "%s", text[0] ? text : "engine.py failed");
}

static int run_take(struct state *state, enum run run)
{
	double start, wall, cpu, peak, size, packets, rules;
	double *figures = state->figures[run];
	char text[256];
	int r = script(runs[run], text, sizeof(text));

	if (r)
		return r;
	if (sscanf(text, "%lf %lf %lf %lf %lf %lf %lf", &start, &wall, &cpu, &peak, &size, &packets,
		   &rules) != 7 ||
	    cpu <= 0 || wall <= 0)
		return bench_say(-EIO, "engine.py says \"%s\"", text);
	figures[GBIT] = size * 8 / 1e9 / cpu;
	figures[KPPS] = packets / 1e3 / cpu;
	figures[GBIT_WALL] = size * 8 / 1e9 / wall;
	figures[START] = start;
	figures[PEAK] = peak;
	figures[RULES] = rules * 100;
	state->fresh[run] = (1u << FIGURES) - 1;
	return 0;
}

static int engine_take(void *arg, int subject, double *ret_value)
{
	struct state *state = arg;
	enum run run = asked[subject].run;
	unsigned int bit = 1u << asked[subject].figure;
	int r = state->fresh[run] & bit ? 0 : run_take(state, run);

	state->fresh[run] &= ~bit;
	*ret_value = state->figures[run][asked[subject].figure];
	return r;
}

static int engine_setup(void **ret_state)
{
	char text[256];
	int r = script("ready", text, sizeof(text));

	if (r)
		return r;
	*ret_state = calloc(1, sizeof(struct state));
	if (!*ret_state)
		return -ENOMEM;
	/* What is compiled is kept from here on. */
	return script(runs[OURS_MIX], text, sizeof(text));
}

static void engine_teardown(void *arg)
{
	free(arg);
}

const struct bench_topic topic_engine = {
	.name = "engine",
	.subjects = subjects,
	.subject_cnt = SUBJECTS,
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.cold = true,
	.setup = engine_setup,
	.take = engine_take,
	.teardown = engine_teardown,
};
