// SPDX-License-Identifier: Apache-2.0
/*
 * Hits of rules: cleared for a new generation, carried over from the one before, shown. The program
 * counts per CPU; what a rule had before stands beside it, written here alone, so that nobody writes
 * where the program counts. Called by install_prepare(), by the agent after a commit, and for acl.hits.
 */
#include "install/hits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compile/pair.h"
#include "install/gate.h"
#include "install/state.h"

/* A run of rules of one tenant and generation, in both maps. */
struct run {
	const struct gate *gate;
	uint32_t from, cnt;
};

static struct run run_of(const struct gate *gate, uint32_t generation, uint32_t tenant, size_t cnt)
{
	return (struct run){ gate, sek_hit_index(generation, tenant, 0), (uint32_t)cnt };
}

/* A batch is read from behind a key on. */
static int run_read(const struct run *run, const char *map, void *values)
{
	uint32_t behind = run->from - 1, cnt = run->cnt, *keys = calloc(cnt + 1, sizeof(*keys));
	int err = keys ? bpf_map_lookup_batch(gate_map_fd(run->gate, map), run->from ? &behind : NULL,
					      &behind, keys, values, &cnt, NULL)
		       : -ENOMEM;

	free(keys);
	if (err == -ENOENT) /* the end of the map */
		err = 0;
	return err ? err : cnt == run->cnt ? 0 : -EIO;
}

static int run_write(const struct run *run, const char *map, const void *values)
{
	uint32_t cnt = run->cnt, *keys = calloc(cnt + 1, sizeof(*keys));
	int err = keys ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < run->cnt; i++)
		keys[i] = run->from + i;
	if (!err)
		err = bpf_map_update_batch(gate_map_fd(run->gate, map), keys, values, &cnt, NULL);
	free(keys);
	return err ? err : cnt == run->cnt ? 0 : -EIO;
}

static int cpu_cnt(void)
{
	return libbpf_num_possible_cpus();
}

/* What was before and what all CPUs have counted since. */
static int run_sum(const struct run *run, struct sek_hit_base *sums)
{
	int cpus = cpu_cnt(), err = cpus < 0 ? cpus : 0;
	struct sek_hit *cells = calloc(run->cnt + 1, (cpus > 0 ? cpus : 1) * sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	if (!err)
		err = run_read(run, "sek_hit_base", sums);
	if (!err)
		err = run_read(run, "sek_hit", cells);
	for (size_t i = 0; !err && i < run->cnt * (size_t)cpus; i++) {
		struct sek_hit_base *sum = &sums[i / (size_t)cpus];

		sum->hits += cells[i].hits;
		if (cells[i].last_ns > sum->last_ns)
			sum->last_ns = cells[i].last_ns;
	}
	free(cells);
	return err;
}

static int run_clear(const struct run *run)
{
	int cpus = cpu_cnt(), err = cpus < 0 ? cpus : 0;
	struct sek_hit *cells = calloc(run->cnt + 1, (cpus > 0 ? cpus : 1) * sizeof(*cells));
	struct sek_hit_base *bases = calloc(run->cnt + 1, sizeof(*bases));

	if (!cells || !bases)
		err = -ENOMEM;
	for (uint32_t i = 0; !err && i < run->cnt; i++)
		bases[i].since_s = (uint64_t)time(NULL);
	if (!err)
		err = run_write(run, "sek_hit", cells);
	if (!err)
		err = run_write(run, "sek_hit_base", bases);
	free(cells);
	free(bases);
	return err;
}

int hits_clear(const struct gate *gate, const struct image *image, uint32_t generation,
	       struct diag *diag)
{
	int err = 0;

	for (uint32_t id = 0; id < SEK_TENANTS_MAX && !err; id++) {
		const struct run run = run_of(gate, generation, id, image->tenants[id].rule_cnt);

		err = run.cnt ? run_clear(&run) : 0;
	}
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the counters of rules cannot be cleared: %s; the live policy is untouched",
			 strerror(-err));
	return err;
}

/* The rule that is the same now; SIZE_MAX: none is. The defaults stand behind the others. */
static size_t same_before(const struct pairing *p, size_t rule)
{
	size_t now_cnt = p->now->rule_cnt, was;

	if (rule >= now_cnt) {
		size_t dir = rule - now_cnt;

		return p->was->default_action[dir] == p->now->default_action[dir]
			       ? p->was->rule_cnt + dir
			       : SIZE_MAX;
	}
	was = p->b[rule].other;
	return was != SIZE_MAX && !strcmp(p->a[was].spelling, p->b[rule].spelling) ? was : SIZE_MAX;
}

static int tenant_carry(const struct pairing *p, const struct run *from, const struct run *to)
{
	struct sek_hit_base *was = calloc(from->cnt + 1, sizeof(*was));
	struct sek_hit_base *now = calloc(to->cnt + 1, sizeof(*now));
	int err = was && now ? run_sum(from, was) : -ENOMEM;

	if (!err)
		err = run_read(to, "sek_hit_base", now);
	for (size_t i = 0; !err && i < to->cnt; i++) {
		size_t like = same_before(p, i);

		if (like != SIZE_MAX)
			now[i] = was[like];
	}
	if (!err)
		err = run_write(to, "sek_hit_base", now);
	free(was);
	free(now);
	return err;
}

int install_hits_carry(const struct gate *gate, const struct policy *before, uint32_t from,
		       const struct policy *after, uint32_t to)
{
	int err = 0;

	for (size_t i = 0; i < after->tenant_cnt && !err; i++) {
		const struct model_tenant *now = &after->tenants[i];
		const struct model_tenant *was = policy_tenant(before, now->name);
		struct pairing pairing;

		if (!was)
			continue;
		err = pairing_make(&pairing, was, now);
		if (!err) {
			const struct run a = run_of(gate, from, was->id, was->rule_cnt + 2);
			const struct run b = run_of(gate, to, now->id, now->rule_cnt + 2);

			err = tenant_carry(&pairing, &a, &b);
		}
		pairing_free(&pairing);
	}
	return err;
}

static json_t *hit_json(const struct model_tenant *tenant, uint16_t rule,
			const struct sek_hit_base *hit, uint64_t now_ns)
{
	json_t *row = json_pack("{s:s,s:i,s:s,s:I,s:I}", "tenant", tenant->name, "n", rule, "rule",
				policy_rule_name(tenant, rule), "hits", (json_int_t)hit->hits,
				"since", (json_int_t)hit->since_s);
	uint64_t ago_s = hit->last_ns < now_ns ? (now_ns - hit->last_ns) / 1000000000 : 0;

	if (row && hit->last_ns)
		json_object_set_new(row, "last", json_integer(time(NULL) - (json_int_t)ago_s));
	return row;
}

static int tenant_hits(const struct gate *gate, const struct model_tenant *tenant, json_t *rows)
{
	const struct run run = run_of(gate, gate_generation(gate), tenant->id, tenant->rule_cnt + 2);
	struct sek_hit_base *hits = calloc(run.cnt, sizeof(*hits));
	uint64_t now_ns = gate_now_ns();
	int err = hits ? run_sum(&run, hits) : -ENOMEM;

	for (uint16_t i = 0; !err && i < run.cnt; i++)
		json_array_append_new(rows, hit_json(tenant, i, &hits[i], now_ns));
	free(hits);
	return err;
}

json_t *state_rule_hits(const struct gate *gate, const struct policy *policy, struct diag *diag)
{
	json_t *rows = json_array();
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; policy && i < policy->tenant_cnt && !err; i++)
		err = tenant_hits(gate, &policy->tenants[i], rows);
	if (!policy)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "apply one: sekisho policy apply FILE",
			 "there is no policy whose rules could be shown");
	else if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the counters of rules cannot be read: %s", strerror(-err));
	if (policy && !err)
		return json_pack("{s:I,s:o}", "generation", (json_int_t)gate_generation(gate),
				 "rules", rows);
	json_decref(rows);
	return NULL;
}
