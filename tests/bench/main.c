// SPDX-License-Identifier: Apache-2.0
/*
 * bench BUILD [PATTERN]: measures the rows whose names match (all of them without a pattern), prints a
 * table and writes BUILD/bench.json. Called by `make bench`, as root, from the source tree.
 * Exits 0 whatever the figures are; 1 when something that should be measurable was not.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <jansson.h>

#include "bench/bench.h"

#define TOPIC(name) extern const struct bench_topic topic_##name;
#include "bench/topics.def"
#undef TOPIC

static const struct bench_topic *const topics[] = {
#define TOPIC(name) &topic_##name,
#include "bench/topics.def"
#undef TOPIC
};
#define TOPIC_CNT (sizeof(topics) / sizeof(topics[0]))

struct bench {
	const char *pattern; /* NULL: all rows */
	json_t *results;
	int measured, with_goal, met, skipped, failed;
};

/* One topic's values, and what became of each subject. */
struct sheet {
	double value[BENCH_SUBJECTS_MAX][BENCH_ROUNDS_MAX];
	bool wanted[BENCH_SUBJECTS_MAX];
	int status[BENCH_SUBJECTS_MAX]; /* 0, BENCH_SKIP or -errno */
	char why[BENCH_SUBJECTS_MAX][256];
};

/* A row's figure. status as a subject's. */
struct figure {
	double middle, low, high;
	int status;
	const char *why;
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void figure_of(double *values, int cnt, struct figure *ret_figure)
{
	qsort(values, cnt, sizeof(*values), by_size);
	ret_figure->low = values[0];
	ret_figure->high = values[cnt - 1];
	ret_figure->middle = cnt % 2 ? values[cnt / 2] : (values[cnt / 2 - 1] + values[cnt / 2]) / 2;
}

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static bool measures(const struct bench_row *row)
{
	return row->kind == BENCH_RATIO || row->kind == BENCH_VALUE;
}

static bool selected(const struct bench *bench, const struct bench_row *row)
{
	return !bench->pattern || fnmatch(bench->pattern, row->name, 0) == 0;
}

static void want(const struct bench_row *row, struct sheet *sheet)
{
	sheet->wanted[row->over] = true;
	if (row->kind == BENCH_RATIO)
		sheet->wanted[row->under] = true;
}

/* Marks the subjects that the selected rows need; false: none of this topic is selected. */
static bool choose(const struct bench *bench, const struct bench_topic *topic, struct sheet *sheet)
{
	bool any = false;

	for (int i = 0; i < topic->row_cnt; i++) {
		const struct bench_row *row = &topic->rows[i];

		if (!selected(bench, row))
			continue;
		any = true;
		if (measures(row))
			want(row, sheet);
		for (int j = 0; !measures(row) && j < topic->row_cnt; j++)
			if (measures(&topic->rows[j]) && begins(topic->rows[j].name, row->of))
				want(&topic->rows[j], sheet);
	}
	return any;
}

/* A subject that failed once is not asked again. */
static void take(const struct bench_topic *topic, void *state, int subject, int round,
		 struct sheet *sheet)
{
	double value = 0;

	if (!sheet->wanted[subject] || sheet->status[subject])
		return;
	sheet->status[subject] = topic->take(state, subject, &value);
	if (sheet->status[subject])
		snprintf(sheet->why[subject], sizeof(sheet->why[subject]), "%s", bench_said());
	else if (round >= 0)
		sheet->value[subject][round] = value;
}

/* Every other round goes backwards, so that no subject always follows the same one. */
static void rounds(const struct bench_topic *topic, void *state, struct sheet *sheet)
{
	for (int round = topic->cold ? 0 : -1; round < topic->rounds; round++)
		for (int i = 0; i < topic->subject_cnt; i++)
			take(topic, state, round & 1 ? topic->subject_cnt - 1 - i : i, round, sheet);
}

static void measure(const struct bench_topic *topic, struct sheet *sheet)
{
	void *state = NULL;
	int r = topic->setup ? topic->setup(&state) : 0;

	for (int i = 0; r && i < topic->subject_cnt; i++) {
		sheet->status[i] = r;
		snprintf(sheet->why[i], sizeof(sheet->why[i]), "%s", bench_said());
	}
	if (!r)
		rounds(topic, state, sheet);
	if (topic->teardown)
		topic->teardown(state);
}

static void measured_figure(const struct bench_topic *topic, const struct bench_row *row,
			    const struct sheet *sheet, struct figure *ret_figure)
{
	double values[BENCH_ROUNDS_MAX] = { 0 };
	int bad = sheet->status[row->over] ? row->over : row->under;

	ret_figure->status = sheet->status[row->over];
	if (row->kind == BENCH_RATIO && !ret_figure->status)
		ret_figure->status = sheet->status[row->under];
	ret_figure->why = sheet->why[bad];
	if (ret_figure->status)
		return;
	for (int i = 0; i < topic->rounds; i++) {
		values[i] = sheet->value[row->over][i];
		if (row->kind == BENCH_RATIO)
			values[i] /= sheet->value[row->under][i];
	}
	figure_of(values, topic->rounds, ret_figure);
}

/* The figure of a row over rows. One that could not be measured makes this one so, too. */
static void gathered_figure(const struct bench_topic *topic, const struct bench_row *row,
			    const struct sheet *sheet, struct figure *ret_figure)
{
	double values[BENCH_SUBJECTS_MAX] = { 0 };
	int cnt = 0;

	for (int i = 0; i < topic->row_cnt && cnt < BENCH_SUBJECTS_MAX; i++) {
		struct figure part = { 0 };

		if (!measures(&topic->rows[i]) || !begins(topic->rows[i].name, row->of))
			continue;
		measured_figure(topic, &topic->rows[i], sheet, &part);
		values[cnt++] = part.middle;
		if (!part.status)
			continue;
		ret_figure->status = part.status;
		ret_figure->why = part.why;
		return;
	}
	figure_of(values, cnt, ret_figure);
	if (row->kind == BENCH_WORST)
		ret_figure->middle = row->goal_is == BENCH_AT_MOST ? ret_figure->high
								   : ret_figure->low;
}

static const char *unit_of(const struct bench_topic *topic, const struct bench_row *row)
{
	return row->kind == BENCH_VALUE ? topic->subjects[row->over].unit : "ratio";
}

/* In words; empty: there is none. */
static void goal_write(const struct bench_row *row, bool met, char *ret_words, size_t len)
{
	ret_words[0] = 0;
	if (row->goal_is != BENCH_NO_GOAL)
		snprintf(ret_words, len, "goal %s %-6g %s",
			 row->goal_is == BENCH_AT_MOST ? "<=" : ">=", row->goal,
			 met ? "met" : "NOT MET");
}

static void tell(struct bench *bench, const struct bench_topic *topic, const struct bench_row *row,
		 const struct figure *figure)
{
	bool most = row->goal_is == BENCH_AT_MOST;
	bool met = most ? figure->middle <= row->goal : figure->middle >= row->goal;
	const char *unit = unit_of(topic, row);
	char goal[40];

	if (figure->status) {
		printf("%-27s %s: %s\n", row->name,
		       figure->status == BENCH_SKIP ? "SKIP" : "FAILED", figure->why);
		figure->status == BENCH_SKIP ? bench->skipped++ : bench->failed++;
		return;
	}
	goal_write(row, met, goal, sizeof(goal));
	printf("%-27s %8.3f (%.3f .. %.3f) %-5s %-22s %s\n", row->name, figure->middle, figure->low,
	       figure->high, unit, goal, row->what);
	bench->measured++;
	bench->with_goal += row->goal_is != BENCH_NO_GOAL;
	bench->met += row->goal_is != BENCH_NO_GOAL && met;
	json_object_set_new(bench->results, row->name,
			    json_pack("{s:f, s:s, s:o*, s:i}", "value", figure->middle, "unit",
				      unit, "goal",
				      row->goal_is == BENCH_NO_GOAL ? NULL : json_real(row->goal),
				      "runs", topic->rounds));
}

/* What the ratios were made of: medians, for the reader; not part of any verdict. */
static void tell_subjects(const struct bench_topic *topic, const struct sheet *sheet)
{
	for (int i = 0; i < topic->subject_cnt; i++) {
		double values[BENCH_ROUNDS_MAX];
		struct figure figure;

		if (!sheet->wanted[i] || sheet->status[i])
			continue;
		memcpy(values, sheet->value[i], sizeof(values));
		figure_of(values, topic->rounds, &figure);
		printf("  %-20s %8.3f (%.3f .. %.3f) %s\n", topic->subjects[i].name, figure.middle,
		       figure.low, figure.high, topic->subjects[i].unit);
	}
}

static void run_topic(struct bench *bench, const struct bench_topic *topic)
{
	struct sheet *sheet = calloc(1, sizeof(*sheet));

	if (!sheet) {
		bench->failed++;
		return;
	}
	if (choose(bench, topic, sheet)) {
		measure(topic, sheet);
		for (int i = 0; i < topic->row_cnt; i++) {
			const struct bench_row *row = &topic->rows[i];
			struct figure figure = { 0 };

			if (!selected(bench, row))
				continue;
			if (measures(row))
				measured_figure(topic, row, sheet, &figure);
			else
				gathered_figure(topic, row, sheet, &figure);
			tell(bench, topic, row, &figure);
		}
		tell_subjects(topic, sheet);
		fflush(stdout);
	}
	free(sheet);
}

static int write_results(const struct bench *bench, const char *build)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/bench.json", build);
	if (json_dump_file(bench->results, path, JSON_INDENT(2))) {
		fprintf(stderr, "bench: cannot write %s: %s\n", path, strerror(errno));
		return -EIO;
	}
	printf("%s: %d measured, %d of %d at their goal; %d skipped, %d failed\n", path,
	       bench->measured, bench->met, bench->with_goal, bench->skipped, bench->failed);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = { .pattern = argc > 2 && *argv[2] ? argv[2] : NULL };
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: bench BUILD [PATTERN]\n");
		return 2;
	}
	if (geteuid()) {
		fprintf(stderr, "bench: must be root, to load programs and make namespaces\n");
		return 1;
	}
	libbpf_set_print(NULL);
	bench_build_set(argv[1]);
	bench.results = json_object();
	for (size_t i = 0; i < TOPIC_CNT; i++)
		run_topic(&bench, topics[i]);
	if (bench.measured + bench.skipped + bench.failed == 0) {
		fprintf(stderr, "bench: no row's name matches %s\n", bench.pattern);
		bench.failed = 1;
	}
	r = write_results(&bench, argv[1]);
	json_decref(bench.results);
	return r || bench.failed ? 1 : 0;
}
