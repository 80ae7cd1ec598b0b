// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the order and the look of what rules took. Called by inspect.c. Promises that rules which were
 * never asked are counted.
 */
#include "replay/rulestats.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/engine.h"
#include "text/counted.h"
#include "text/escape.h"

#define TOP_USUAL 20
#define MSG_WIDTH 60

struct stat_row {
	const struct rule *rule;
	struct rule_cost cost;
};

struct stats {
	struct stat_row *rows;
	size_t cnt, never; /* never: rules that were not asked */
	struct rule_cost sum;
};

static int descending(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int by_sid(const struct stat_row *x, const struct stat_row *y)
{
	if (x->rule->gid != y->rule->gid)
		return x->rule->gid < y->rule->gid ? -1 : 1;
	return x->rule->sid < y->rule->sid ? -1 : x->rule->sid > y->rule->sid;
}

static int by_cost(const void *a, const void *b)
{
	const struct stat_row *x = a, *y = b;
	int rc = descending(x->cost.ns, y->cost.ns);

	return rc ? rc : by_sid(x, y);
}

static int by_hits(const void *a, const void *b)
{
	const struct stat_row *x = a, *y = b;
	int rc = descending(x->cost.hits, y->cost.hits);

	return rc ? rc : by_sid(x, y);
}

static int by_checks(const void *a, const void *b)
{
	const struct stat_row *x = a, *y = b;
	int rc = descending(x->cost.checks, y->cost.checks);

	return rc ? rc : by_sid(x, y);
}

static int stats_make(const struct engine *engine, const struct ruleset *ruleset, const char *by,
		      struct stats *ret_stats)
{
	struct stats stats = { .rows = NULL };
	size_t cnt = 0;
	struct rule_cost *costs;

	while (ruleset_rule(ruleset, cnt))
		cnt++;
	costs = calloc(cnt + 1, sizeof(*costs));
	stats.rows = calloc(cnt + 1, sizeof(*stats.rows));
	if (!costs || !stats.rows) {
		free(costs);
		free(stats.rows);
		return -ENOMEM;
	}
	engine_costs(engine, costs);
	for (size_t i = 0; i < cnt; i++) {
		stats.never += !costs[i].checks;
		stats.sum.checks += costs[i].checks;
		stats.sum.hits += costs[i].hits;
		stats.sum.ns += costs[i].ns;
		if (costs[i].checks)
			stats.rows[stats.cnt++] =
				(struct stat_row){ ruleset_rule(ruleset, i), costs[i] };
	}
	free(costs);
	qsort(stats.rows, stats.cnt, sizeof(*stats.rows),
	      !by || strcmp(by, "cost") == 0 ? by_cost
	      : strcmp(by, "hits") == 0	     ? by_hits
					     : by_checks);
	*ret_stats = stats;
	return 0;
}

static void text_print(const struct stats *stats, size_t top)
{
	printf("%12s %10s %8s %10s %9s  %s\n", "rule", "checks", "hits", "us", "ns each", "message");
	for (size_t i = 0; i < stats->cnt && i < top; i++) {
		const struct stat_row *row = &stats->rows[i];
		char name[32], msg[256];

		snprintf(name, sizeof(name), "%u:%u", row->rule->gid, row->rule->sid);
		printf("%12s %10" PRIu64 " %8" PRIu64 " %10" PRIu64 " %9" PRIu64 "  %.*s\n", name,
		       row->cost.checks, row->cost.hits, row->cost.ns / 1000,
		       row->cost.ns / row->cost.checks, MSG_WIDTH,
		       text_escape(row->rule->msg, strlen(row->rule->msg), msg, sizeof(msg)));
	}
	printf("%s asked %s in %" PRIu64 " us, %s with success; %zu never asked\n",
	       COUNTED(stats->cnt, "rule"), COUNTED(stats->sum.checks, "time"),
	       stats->sum.ns / 1000, COUNTED(stats->sum.hits, "time"), stats->never);
}

static void json_print(const struct stats *stats, size_t top, bool pretty)
{
	json_t *rules = json_array(), *root;

	for (size_t i = 0; i < stats->cnt && i < top; i++) {
		const struct stat_row *row = &stats->rows[i];
		const struct rule *rule = row->rule;
		json_t *msg = json_string(rule->msg);

		json_array_append_new(
			rules, json_pack("{s:I, s:I, s:I, s:o, s:s, s:I, s:I, s:I, s:I}", "gid",
					 (json_int_t)rule->gid, "sid", (json_int_t)rule->sid, "rev",
					 (json_int_t)rule->rev, "msg", msg ? msg : json_null(),
					 "file", rule->file, "line", (json_int_t)rule->line,
					 "checks", (json_int_t)row->cost.checks, "hits",
					 (json_int_t)row->cost.hits, "ns", (json_int_t)row->cost.ns));
	}
	root = json_pack("{s:o, s:I, s:I, s:I, s:I}", "rules", rules, "never_asked",
			 (json_int_t)stats->never, "checks", (json_int_t)stats->sum.checks, "hits",
			 (json_int_t)stats->sum.hits, "ns", (json_int_t)stats->sum.ns);
	json_dumpf(root, stdout, pretty ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(root);
}

int rulestats_print(const struct engine *engine, const struct ruleset *ruleset,
		    const struct inspect_options *options)
{
	struct stats stats;
	int ret = stats_make(engine, ruleset, options->by, &stats);

	if (ret)
		return ret;
	if (options->json)
		json_print(&stats, options->top ? options->top : SIZE_MAX, options->pretty);
	else
		text_print(&stats, options->top ? options->top : TOP_USUAL);
	free(stats.rows);
	return 0;
}
