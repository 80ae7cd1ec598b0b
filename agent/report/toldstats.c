// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the record of the engine's counts. Called at its end. Promises Suricata's names, each path once, also
 * where the count is 0.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/counters.h"
#include "report/toldinside.h"

#define PATH_LEN_MAX 96
#define ENGINES "detect.engines" /* a list: one for each set of rules, of which there is one */

/*
 * What tools look for and what is 0 here when the record is written, at the end: of flows that are over,
 * memory that they held, and what this engine has no part for.
 */
static const char *const zeros[] = {
	"app_layer.error.failed_tcp.gap",
	"app_layer.expectations",
	"file_store.open_files",
	"file_store.open_files_max_hit",
	"flow.active",
	"flow.emerg_mode_entered",
	"flow.emerg_mode_over",
	"flow.end.state.capture_bypassed",
	"flow.end.tcp_liberal",
	"flow.get_used",
	"flow.get_used_eval",
	"flow.get_used_eval_busy",
	"flow.get_used_eval_reject",
	"flow.get_used_failed",
	"flow.memuse",
	"flow.mgr.flows_checked",
	"flow.mgr.flows_evicted",
	"flow.mgr.flows_evicted_needs_work",
	"flow.mgr.flows_notimeout",
	"flow.mgr.flows_timeout",
	"flow.mgr.full_hash_pass",
	"flow.mgr.rows_maxlen",
	"flow.mgr.rows_per_sec",
	"flow.recycler.queue_avg",
	"flow.recycler.queue_max",
	"flow.recycler.recycled",
	"flow.spare",
	"flow.wrk.flows_evicted",
	"flow.wrk.flows_evicted_needs_work",
	"flow.wrk.flows_evicted_pkt_inject",
	"flow.wrk.flows_injected",
	"flow.wrk.flows_injected_max",
	"flow.wrk.spare_sync",
	"flow.wrk.spare_sync_avg",
	"flow.wrk.spare_sync_empty",
	"flow.wrk.spare_sync_incomplete",
	"flow_bypassed.bytes",
	"flow_bypassed.closed",
	"flow_bypassed.local_capture_bytes",
	"flow_bypassed.local_capture_pkts",
	"flow_bypassed.pkts",
	"ftp.memcap",
	"ftp.memuse",
	"http.memcap",
	"http.memuse",
	"ips.drop_reason.applayer_memcap",
	"ips.drop_reason.defrag_error",
	"ips.drop_reason.nfq_error",
	"ips.drop_reason.tunnel_packet_drop",
	"ips.replaced",
	"memcap_pressure",
	"memcap_pressure_max",
	"tcp.active_sessions",
	"tcp.memuse",
	"tcp.pkt_on_wrong_thread",
	"tcp.reassembly_memuse",
	"tcp.segment_from_cache",
	"tcp.segment_from_pool",
	"tcp.ssn_from_cache",
	"tcp.ssn_from_pool",
};

#define ZERO_CNT (sizeof(zeros) / sizeof(zeros[0]))
#define PROTO_STATS 6 /* of a protocol over one transport */

struct stat {
	char path[PATH_LEN_MAX];
	uint64_t value;
};

struct stats {
	struct stat *at;
	size_t cnt, cap;
};

static void __attribute__((format(printf, 3, 4)))
stat_add(struct stats *stats, uint64_t value, const char *fmt, ...)
{
	va_list args;

	if (stats->cnt == stats->cap)
		return;
	va_start(args, fmt);
	vsnprintf(stats->at[stats->cnt].path, PATH_LEN_MAX, fmt, args);
	va_end(args);
	stats->at[stats->cnt++].value = value;
}

/* A protocol over both says which: dns_udp. */
static void proto_stats(struct stats *stats, const struct counters *c, size_t id)
{
	static const char *const overs[APP_OVERS] = { "_tcp", "_udp" };
	const struct proto *proto = protos[id];
	bool both = proto->over == (PROTO_OVER_TCP | PROTO_OVER_UDP);

	for (size_t over = 0; over < APP_OVERS; over++) {
		const char *behind = both ? overs[over] : "";

		if (!(proto->over & (over ? PROTO_OVER_UDP : PROTO_OVER_TCP)))
			continue;
		stat_add(stats, c->app[id][over].flows, "app_layer.flow.%s%s", proto->name, behind);
		stat_add(stats, c->app[id][over].txs, "app_layer.tx.%s%s", proto->name, behind);
		stat_add(stats, c->app[id][over].parser_errors, "app_layer.error.%s%s.parser",
			 proto->name, behind);
		if (!both || !over) /* datagrams have none */
			stat_add(stats, c->app[id][over].gap_errors, "app_layer.error.%s%s.gap",
				 proto->name, behind);
		stat_add(stats, 0, "app_layer.error.%s%s.alloc", proto->name, behind);
		stat_add(stats, 0, "app_layer.error.%s%s.internal", proto->name, behind);
	}
}

/* What is counted in the path alone, or by the store of files, is not told elsewhere. */
static bool is_told(const char *path, const struct told_settings *s)
{
	if (strncmp(path, "ips.", strlen("ips.")) == 0)
		return s->is_ips;
	if (strncmp(path, "file_store.", strlen("file_store.")) == 0)
		return s->has_store || strcmp(path, "file_store.open_files") == 0;
	return true;
}

static void path_add(struct stats *stats, const char *path, uint64_t value,
		     const struct told_settings *s)
{
	if (is_told(path, s))
		stat_add(stats, value, "%s", path);
}

static void all_stats(struct stats *stats, const struct counters *c, const struct told_settings *s)
{
	for (size_t i = 0; i < COUNTER_CNT; i++)
		path_add(stats, counter_paths[i], c->at[i], s);
	for (int event = EVENT_NONE + 1; event < EVENT_CNT; event++) {
		const struct engine_event_name *name = engine_event_name((enum engine_event)event);

		if (name->layer == LAYER_DECODE)
			stat_add(stats, c->event[event], "decoder.event.%s", name->word);
	}
	for (size_t id = PROTO_FAILED + 1; id < PROTO_CNT; id++)
		if (protos[id] && !s->off[id])
			proto_stats(stats, c, id);
	for (size_t i = 0; i < ZERO_CNT; i++)
		path_add(stats, zeros[i], 0, s);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct stat *)a)->path, ((const struct stat *)b)->path);
}

/* How many segments two paths have in common, in front of their last ones. */
static size_t common(const char *a, const char *b)
{
	size_t dots = 0;

	for (; *a && *a == *b; a++, b++)
		dots += *a == '.';
	return dots;
}

static size_t dots_in(const char *path)
{
	size_t dots = 0;

	for (; *path; path++)
		dots += *path == '.';
	return dots;
}

static void engine_put(struct json *json, const char *name, uint64_t rules)
{
	json_list(json, name);
	json_open(json, NULL);
	json_number(json, "id", 0);
	json_number(json, "rules_loaded", rules);
	json_close(json);
	json_close(json);
}

/* Opens the objects of a path behind the first ones, and puts its value. */
static void path_put(struct json *json, const struct stat *stat, size_t open)
{
	char path[PATH_LEN_MAX], *at = path, *dot;

	memcpy(path, stat->path, sizeof(path));
	for (size_t i = 0; (dot = strchr(at, '.')); i++) {
		*dot = 0;
		if (i >= open)
			json_open(json, at);
		at = dot + 1;
	}
	if (strcmp(stat->path, ENGINES) == 0)
		engine_put(json, at, stat->value);
	else
		json_number(json, at, stat->value);
}

/* Of paths in order, objects in objects. */
static void tree_put(struct json *json, const struct stats *stats)
{
	size_t depth = 0;

	for (size_t i = 0; i < stats->cnt; i++) {
		size_t open = i ? common(stats->at[i - 1].path, stats->at[i].path) : 0;

		for (; depth > open; depth--)
			json_close(json);
		path_put(json, &stats->at[i], open);
		depth = dots_in(stats->at[i].path);
	}
	for (; depth; depth--)
		json_close(json);
}

void told_counters(struct told *told, const struct counters *counters, uint64_t rules, uint64_t now_ns)
{
	struct told_head head = { .time_ns = now_ns, .event_type = "stats" };
	struct stats stats = { .cap = 1 + COUNTER_CNT + EVENT_CNT + ZERO_CNT +
				      PROTO_STATS * APP_OVERS * (size_t)PROTO_CNT };

	if (!told->settings->kinds[TOLD_STATS])
		return;
	stats.at = calloc(stats.cap, sizeof(*stats.at));
	if (!stats.at) {
		told->lost++;
		return;
	}
	all_stats(&stats, counters, told->settings);
	stat_add(&stats, rules, ENGINES);
	qsort(stats.at, stats.cnt, sizeof(*stats.at), by_path);
	told_head(told, &head);
	json_open(&told->json, "stats");
	tree_put(&told->json, &stats);
	json_close(&told->json);
	told_line(told);
	free(stats.at);
}
