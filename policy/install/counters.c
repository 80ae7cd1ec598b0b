// SPDX-License-Identifier: Apache-2.0
/*
 * Counters, quotas and buckets as JSON. Called by stats.show, port.show, rate.show, tenant.show and
 * the metrics. Per-CPU cells are read in batches and summed here.
 * Promises: one pass over each map; a cell of 0 makes no row.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "install/gate.h"
#include "compile/spell.h"
#include "install/interface.h"
#include "install/state.h"
#include "sekisho/name.h"
#include "text/address.h"

#define PIECE_CNT 1024 /* cells read at once */
#define COUNT_WORDS (sizeof(struct sek_count) / sizeof(uint64_t))
#define STAT_WORDS (sizeof(struct sek_event_stat) / sizeof(uint64_t))

/* Reads and sums cells of words u64s; sums holds cnt * words. */
static int percpu_sum(int fd, size_t cnt, size_t words, uint64_t *sums)
{
	int cpus = libbpf_num_possible_cpus(), err = cpus < 0 ? cpus : 0;
	uint32_t token = 0, got, *keys = calloc(PIECE_CNT, sizeof(*keys));
	uint64_t *cells = calloc(PIECE_CNT, (cpus > 0 ? cpus : 1) * words * sizeof(*cells));

	if (!keys || !cells)
		err = -ENOMEM;
	for (size_t done = 0; !err && done < cnt; done += got) {
		got = PIECE_CNT;
		err = bpf_map_lookup_batch(fd, done ? &token : NULL, &token, keys, cells, &got, NULL);
		if (err == -ENOENT) /* the end */
			err = 0;
		if (!err && (!got || got > cnt - done))
			err = -EIO;
		for (size_t i = 0; !err && i < got * (size_t)cpus * words; i++)
			sums[(done + i / ((size_t)cpus * words)) * words + i % words] += cells[i];
	}
	free(cells);
	free(keys);
	return err;
}

static uint64_t *counts_read(const struct gate *gate, const char *name, size_t cnt, size_t words,
			     struct diag *diag)
{
	uint64_t *sums = calloc(cnt, words * sizeof(*sums));
	int err = sums ? percpu_sum(gate_map_fd(gate, name), cnt, words, sums) : -ENOMEM;

	if (!err)
		return sums;
	free(sums);
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s cannot be read: %s", name, strerror(-err));
	return NULL;
}

static struct sek_count *tenant_counts(const struct gate *gate, struct diag *diag)
{
	return (struct sek_count *)counts_read(
		gate, "sek_count", SEK_TENANTS_MAX * 2 * SEK_REASONS_MAX, COUNT_WORDS, diag);
}

/* The row of cells of one tenant and direction. */
static const struct sek_count *tenant_row(const struct sek_count *counts, uint32_t tenant,
					  enum sek_dir dir)
{
	return &counts[(tenant * 2 + dir) * SEK_REASONS_MAX];
}

static void count_add(struct sek_count *sum, const struct sek_count *cell)
{
	sum->packets += cell->packets;
	sum->bytes += cell->bytes;
}

/* Sum of the reasons of one class of verdict; NULL: of all. */
static struct sek_count count_class(const struct sek_count *row, const char *verdict)
{
	struct sek_count sum = {};

	for (int reason = 0; reason < SEK_REASONS_MAX; reason++)
		if (row[reason].packets &&
		    (!verdict || !strcmp(state_reason_verdict((uint8_t)reason), verdict)))
			count_add(&sum, &row[reason]);
	return sum;
}

static void number_set(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void count_set(json_t *object, const struct sek_count *count)
{
	number_set(object, "packets", count->packets);
	number_set(object, "bytes", count->bytes);
}

static void tenant_set(json_t *object, const struct policy *policy, uint32_t id)
{
	const struct model_tenant *tenant = policy ? policy_tenant_id(policy, (uint16_t)id) : NULL;
	char number[16];

	snprintf(number, sizeof(number), id ? "%u" : "host", id);
	json_object_set_new(object, "tenant", json_string(tenant ? tenant->name : number));
}

static void reason_set(json_t *object, uint8_t reason)
{
	json_object_set_new(object, "verdict", json_string(state_reason_verdict(reason)));
	json_object_set_new(object, "reason", json_string(state_reason_name(reason)));
	json_object_set_new(object, "text", json_string(state_reason_text(reason, false)));
	json_object_set_new(object, "text_ja", json_string(state_reason_text(reason, true)));
}

static void reasons_append(json_t *rows, const struct sek_count *cells, const struct policy *policy,
			   int tenant, int dir)
{
	for (int reason = 0; reason < SEK_REASONS_MAX; reason++) {
		json_t *row;

		if (!cells[reason].packets)
			continue;
		row = json_object();
		if (tenant >= 0) {
			tenant_set(row, policy, (uint32_t)tenant);
			json_object_set_new(row, "dir", json_string(state_dir_name((uint8_t)dir)));
		}
		reason_set(row, (uint8_t)reason);
		count_set(row, &cells[reason]);
		json_array_append_new(rows, row);
	}
}

static json_t *verdicts_json(const struct sek_count *counts, struct sek_count *ret_all)
{
	static const char *const classes[] = { "forward", "stack", "drop", "bug" };
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct sek_count sum = {};
		json_t *row = json_object();

		for (uint32_t t = 0; t < SEK_TENANTS_MAX * 2; t++) {
			const struct sek_count part =
				count_class(&counts[t * SEK_REASONS_MAX], classes[i]);

			count_add(&sum, &part);
		}
		json_object_set_new(row, "verdict", json_string(classes[i]));
		count_set(row, &sum);
		json_array_append_new(array, row);
		count_add(ret_all, &sum);
	}
	return array;
}

json_t *state_stats(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct sek_count *counts = tenant_counts(gate, diag), all = {};
	struct sek_active active = {};
	uint32_t zero = 0;
	json_t *stats, *rows;

	if (!counts)
		return NULL;
	(void)bpf_map_lookup_elem(gate_map_fd(gate, "sek_active"), &zero, &active);
	stats = json_object();
	number_set(stats, "generation", active.generation);
	number_set(stats, "list_epoch", active.list_epoch);
	json_object_set_new(stats, "verdicts", verdicts_json(counts, &all));
	count_set(stats, &all);
	rows = json_array();
	for (int t = 0; t < SEK_TENANTS_MAX; t++)
		for (int dir = SEK_OUT; dir <= SEK_IN; dir++)
			reasons_append(rows, tenant_row(counts, (uint32_t)t, dir), policy, t, dir);
	json_object_set_new(stats, "rows", rows);
	free(counts);
	return stats;
}

/* Interfaces of every port, by sek_link; filled once for all ports. */
static json_t *interfaces_json(const struct sek_link *links, size_t cnt, uint32_t port)
{
	json_t *array = json_array();
	char name[IF_NAMESIZE];

	for (uint32_t ifindex = 0; ifindex < cnt; ifindex++) {
		const struct sek_link *link = &links[ifindex];

		if (link->port != port)
			continue;
		json_array_append_new(
			array, json_pack("{s:i,s:s,s:i,s:i,s:i}", "ifindex", (int)ifindex,
					 "interface", if_indextoname(ifindex, name) ? name : "",
					 "vlan", link->vlan, "outer", link->outer, "mtu", link->mtu));
	}
	return array;
}

struct sek_link *links_read(const struct gate *gate, struct diag *diag)
{
	const struct gate_map *map = gate_find(gate, "sek_link");
	uint32_t cap = SEK_IFINDEX_MAX, token = 0, cnt = cap;
	struct sek_link *links = calloc(cap, sizeof(*links)), *values = calloc(cap, sizeof(*links));
	uint32_t *keys = calloc(cap, sizeof(*keys));
	int err = links && values && keys ? 0 : -ENOMEM;

	if (!err)
		err = bpf_map_lookup_batch(map->fd, NULL, &token, keys, values, &cnt, NULL);
	if (err == -ENOENT)
		err = 0;
	for (uint32_t i = 0; !err && i < cnt; i++)
		if (keys[i] < cap)
			links[keys[i]] = values[i];
	free(values);
	free(keys);
	if (!err)
		return links;
	free(links);
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "sek_link cannot be read: %s", strerror(-err));
	return NULL;
}

/* The interface of a port itself, not of a VLAN device on it; 0: none. */
static uint32_t port_ifindex(const struct sek_link *links, size_t cnt, uint32_t port)
{
	for (uint32_t ifindex = 1; ifindex < cnt; ifindex++)
		if (links[ifindex].port == port && !links[ifindex].vlan)
			return ifindex;
	return 0;
}

/* A program for TC leaves a pin, tc-IFINDEX-PORT. */
static bool by_tc(const struct gate *gate, uint32_t ifindex)
{
	char pattern[PATH_MAX];
	glob_t found;
	int err;

	if (!gate->pin_dir)
		return false;
	snprintf(pattern, sizeof(pattern), "%s/tc-%u-*", gate->pin_dir, ifindex);
	err = glob(pattern, GLOB_NOSORT, NULL, &found);
	if (err)
		return false;
	globfree(&found);
	return true;
}

static void port_link_set(json_t *object, const struct gate *gate, uint32_t ifindex)
{
	interface_describe(object, ifindex);
	if (ifindex && strcmp(json_string_value(json_object_get(object, "hook")), "none") == 0 &&
	    by_tc(gate, ifindex))
		json_object_set_new(object, "hook", json_string("tc"));
}

static json_t *port_json(const struct gate *gate, const struct policy *policy, uint16_t id,
			 const struct sek_count *row, const struct sek_link *links)
{
	const struct model_port *port = policy ? policy_port_id(policy, id) : NULL;
	const struct sek_count all = count_class(row, NULL), dropped = count_class(row, "drop");
	json_t *object = json_object(), *reasons = json_array();
	char number[8];

	snprintf(number, sizeof(number), "%u", id);
	json_object_set_new(object, "port", json_string(port ? port->name : id ? number : "none"));
	number_set(object, "id", id);
	if (port) {
		json_object_set_new(object, "side",
				    json_string(port->outside ? "outside" : "inside"));
		json_object_set_new(object, "mode", json_string(port->bridge ? "bridge" : "route"));
		if (port->peer)
			json_object_set_new(object, "peer", json_string(port->peer));
	}
	json_object_set_new(object, "interfaces",
			    id ? interfaces_json(links, SEK_IFINDEX_MAX, id) : json_array());
	if (id)
		port_link_set(object, gate, port_ifindex(links, SEK_IFINDEX_MAX, id));
	count_set(object, &all);
	number_set(object, "dropped", dropped.packets);
	reasons_append(reasons, row, NULL, -1, 0);
	json_object_set_new(object, "reasons", reasons);
	return object;
}

json_t *state_ports(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct sek_count *counts = (struct sek_count *)counts_read(
		gate, "sek_port_count", SEK_PORTS_MAX * SEK_REASONS_MAX, COUNT_WORDS, diag);
	struct sek_link *links = counts ? links_read(gate, diag) : NULL;
	json_t *ports = links ? json_array() : NULL;

	for (uint16_t id = 0; ports && id < SEK_PORTS_MAX; id++) {
		const struct sek_count *row = &counts[id * SEK_REASONS_MAX];

		if ((policy && policy_port_id(policy, id)) || count_class(row, NULL).packets)
			json_array_append_new(ports, port_json(gate, policy, id, row, links));
	}
	free(links);
	free(counts);
	return ports ? json_pack("{s:o}", "ports", ports) : NULL;
}

/* How much of a burst is used up: the theoretical arrival time runs ahead of the clock. */
static json_t *fill_json(uint64_t tat_ns, uint64_t burst_ns)
{
	uint64_t now = gate_now_ns();
	double fill = 0;

	if (burst_ns && tat_ns > now)
		fill = (double)(tat_ns - now) / (double)burst_ns;
	return json_real(fill > 1 ? 1 : fill);
}

static json_t *rate_json(const struct gate *gate, const struct model_tenant *tenant,
			 const struct sek_count *row, enum sek_dir dir)
{
	const struct sek_rate *rate = &tenant->limits.rate[dir];
	const struct sek_count passed = count_class(row, "forward");
	struct sek_count dropped = row[SEK_R_rate_bits];
	struct sek_bucket bucket = {};
	uint32_t index = tenant->id * 2u + dir;
	json_t *object = json_object();

	count_add(&dropped, &row[SEK_R_rate_packets]);
	(void)bpf_map_lookup_elem(gate_map_fd(gate, "sek_bucket"), &index, &bucket);
	json_object_set_new(object, "tenant", json_string(tenant->name));
	json_object_set_new(object, "dir", json_string(state_dir_name(dir)));
	number_set(object, "bits_per_s", rate->bits_per_s);
	number_set(object, "packets_per_s", rate->packets_per_s);
	number_set(object, "burst_ms", rate->burst_ns / 1000000);
	json_object_set_new(object, "fill_bits", fill_json(bucket.bits_tat_ns, rate->burst_ns));
	json_object_set_new(object, "fill_packets",
			    fill_json(bucket.packets_tat_ns, rate->packet_burst_ns));
	number_set(object, "passed_packets", passed.packets);
	number_set(object, "passed_bytes", passed.bytes);
	number_set(object, "marked_packets", row[SEK_R_ecn_marked].packets);
	number_set(object, "dropped_packets", dropped.packets);
	number_set(object, "dropped_bytes", dropped.bytes);
	return object;
}

/* What is shown by tenant needs the policy, which the journal keeps. */
static bool policy_there(const struct policy *policy, struct diag *diag)
{
	if (!policy)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "apply one: sekisho policy apply FILE",
			 "there is no policy whose tenants could be shown");
	return policy;
}

json_t *state_rates(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct sek_count *counts = policy_there(policy, diag) ? tenant_counts(gate, diag) : NULL;
	json_t *rates = counts ? json_array() : NULL;

	for (size_t i = 0; rates && i < policy->tenant_cnt; i++)
		for (int dir = SEK_OUT; dir <= SEK_IN; dir++) {
			const struct model_tenant *tenant = &policy->tenants[i];

			if (tenant->id) /* the host has no limit */
				json_array_append_new(
					rates, rate_json(gate, tenant,
							 tenant_row(counts, tenant->id, dir), dir));
		}
	free(counts);
	return rates ? json_pack("{s:o}", "rates", rates) : NULL;
}

static void tenant_place_set(json_t *object, const struct policy *policy,
			     const struct model_tenant *tenant)
{
	json_t *attaches = json_array(), *prefixes = json_array();
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < tenant->attach_cnt; i++) {
		const struct model_attach *attach = &tenant->attaches[i];
		const struct model_port *port = policy_port_id(policy, attach->port_id);

		json_array_append_new(attaches,
				      json_pack("{s:s,s:i,s:i}", "port", port ? port->name : "",
						"vlan", attach->vlan, "outer", attach->outer));
	}
	for (size_t i = 0; i < tenant->prefix_cnt; i++)
		json_array_append_new(prefixes,
				      json_string(prefix_print(&tenant->prefixes[i], text)));
	json_object_set_new(object, "attach", attaches);
	json_object_set_new(object, "prefixes", prefixes);
}

bool state_synflood(const struct sek_tenant *limits, const struct sek_quota *quota)
{
	if (limits->flags & SEK_TENANT_GUARD_ALWAYS)
		return true;
	return limits->flags & SEK_TENANT_GUARD_AUTO && quota->guard_ns > gate_now_ns();
}

static json_t *tenant_json(const struct gate *gate, const struct policy *policy,
			   const struct model_tenant *tenant, const struct sek_count *counts)
{
	json_t *object = json_object();
	struct sek_quota quota = {};
	uint32_t id = tenant->id;

	(void)bpf_map_lookup_elem(gate_map_fd(gate, "sek_quota"), &id, &quota);
	json_object_set_new(object, "tenant", json_string(tenant->name));
	number_set(object, "id", id);
	json_object_set_new(object, "title", json_string(tenant->title ? tenant->title : ""));
	json_object_set_new(object, "options", json_string(tenant->options ? tenant->options : ""));
	tenant_place_set(object, policy, tenant);
	number_set(object, "rules", tenant->rule_cnt);
	json_object_set_new(object, "flows", json_integer(quota.flows));
	number_set(object, "flows_max", tenant->limits.flows_max);
	json_object_set_new(object, "half_open", json_integer(quota.half));
	number_set(object, "half_open_max", tenant->limits.half_max);
	json_object_set_new(object, "synflood", json_string(spell_synflood(tenant->limits.flags)));
	number_set(object, "synflood_active", state_synflood(&tenant->limits, &quota));
	for (int dir = SEK_OUT; dir <= SEK_IN; dir++) {
		const struct sek_count *row = tenant_row(counts, id, dir);
		const struct sek_count passed = count_class(row, id ? "forward" : "stack");

		number_set(object, dir ? "passed_in" : "passed_out", passed.packets);
		number_set(object, dir ? "bytes_in" : "bytes_out", passed.bytes);
		number_set(object, dir ? "dropped_in" : "dropped_out",
			   count_class(row, "drop").packets);
	}
	return object;
}

json_t *state_tenants(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct sek_count *counts = policy_there(policy, diag) ? tenant_counts(gate, diag) : NULL;
	json_t *tenants = counts ? json_array() : NULL;

	for (size_t i = 0; tenants && i < policy->tenant_cnt; i++)
		json_array_append_new(tenants,
				      tenant_json(gate, policy, &policy->tenants[i], counts));
	free(counts);
	return tenants ? json_pack("{s:o}", "tenants", tenants) : NULL;
}

static json_t *stat_json(const char *cause, const struct sek_event_stat *stat)
{
	json_t *row = json_object();

	json_object_set_new(row, "cause", json_string(cause));
	number_set(row, "offered", stat->offered);
	number_set(row, "written", stat->written);
	number_set(row, "suppressed", stat->suppressed);
	number_set(row, "lost", stat->lost);
	return row;
}

/* Copies of names for the agent are accounted for as events are. 0 or -ENOMEM, -EIO with words. */
static int name_stats_add(const struct gate *gate, json_t *causes, struct diag *diag)
{
	static const char *const kinds[] = {
		[SEK_NAME_TOLD] = "name_told",
		[SEK_NAME_ASKED] = "name_asked",
		[SEK_NAME_DNS] = "name_dns",
	};
	struct sek_event_stat *stats = (struct sek_event_stat *)counts_read(
		gate, "sek_name_stat", SEK_NAME_KINDS_MAX, STAT_WORDS, diag);

	if (!stats)
		return -EIO;
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		json_array_append_new(causes, stat_json(kinds[kind], &stats[kind]));
	free(stats);
	return 0;
}

/* What no reason tells of names, a row each. NULL: with words. */
static json_t *name_tallies(const struct gate *gate, struct diag *diag)
{
	static const char *const words[SEK_NAME_TALLIES] = {
		[SEK_NAME_ECH_CUT] = "ech_cut",
		[SEK_NAME_ECH_BLANK] = "ech_blank",
		[SEK_NAME_ECH_LEFT] = "ech_left",
		[SEK_NAME_RESET_ONE] = "reset_one",
	};
	uint64_t *counts = counts_read(gate, "sek_name_tally", SEK_NAME_TALLIES, 1, diag);
	json_t *rows = counts ? json_array() : NULL;

	for (size_t i = 0; rows && i < SEK_NAME_TALLIES; i++)
		json_array_append_new(rows, json_pack("{s:s,s:I}", "what", words[i], "count",
						      (json_int_t)counts[i]));
	free(counts);
	return rows;
}

json_t *state_event_stats(const struct gate *gate, struct diag *diag)
{
	const struct gate_map *map = gate_find(gate, "sek_event_stat");
	size_t cells = map ? map->max_entries : 0;
	struct sek_event_stat *stats;
	json_t *causes, *tallies;

	if (cells < SEK_CAUSE_CNT)
		cells = SEK_CAUSES_MAX;
	stats = (struct sek_event_stat *)counts_read(gate, "sek_event_stat", cells, STAT_WORDS, diag);
	if (!stats)
		return NULL;
	causes = json_array();
	for (int cause = 0; cause < SEK_CAUSE_CNT; cause++)
		json_array_append_new(causes,
				      stat_json(state_cause_name((uint8_t)cause), &stats[cause]));
	free(stats);
	if (name_stats_add(gate, causes, diag)) {
		json_decref(causes);
		return NULL;
	}
	tallies = name_tallies(gate, diag);
	if (!tallies) {
		json_decref(causes);
		return NULL;
	}
	return json_pack("{s:o,s:o}", "causes", causes, "names", tallies);
}

static json_t *list_json(const struct model_list *list, const struct sek_count *count)
{
	json_t *object = json_pack("{s:s,s:i,s:s,s:s,s:s}", "list", list->name, "id", list->id,
				   "kind", list->allow ? "allow" : "block", "category",
				   list->category ? list->category : "", "title",
				   list->title ? list->title : "");

	if (object)
		count_set(object, count);
	return object;
}

json_t *state_list_counts(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct sek_count *counts = NULL;
	json_t *lists = NULL;

	if (policy_there(policy, diag))
		counts = (struct sek_count *)counts_read(gate, "sek_list_count", SEK_LISTS_MAX,
							 COUNT_WORDS, diag);
	if (counts)
		lists = json_array();
	for (size_t i = 0; lists && i < policy->list_cnt; i++)
		if (policy->lists[i].id < SEK_LISTS_MAX)
			json_array_append_new(lists, list_json(&policy->lists[i],
							       &counts[policy->lists[i].id]));
	free(counts);
	return lists ? json_pack("{s:o}", "lists", lists) : NULL;
}
