// SPDX-License-Identifier: Apache-2.0
/*
 * The flow table read in batches, and flows ended by hand. Called by flow.show and flow.delete, and
 * by the agent's sweep of flows that the kernel's patrol left behind.
 * Promises: memory for one batch and for what is shown, whatever the table holds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "install/gate.h"
#include "install/largest.h"
#include "install/state.h"
#include "sekisho/handoff.h"
#include "text/address.h"
#include "text/service.h"

#define BATCH_CNT 4096

/* Sees one flow, in its entry; non-zero ends the walk and is its result. */
typedef int (*flow_each)(const struct sek_flow_key *key, struct sek_flow *flow, void *arg);

struct flow_batch {
	uint32_t cap;
	struct sek_flow_key *keys;
	uint32_t *numbers;
};

/* Entries are read in place where they can be mapped, else one by one. */
struct flow_table {
	int fd, entry_fd; /* keys to numbers, numbers to entries */
	struct sek_flow *entries; /* NULL: opened for reading only, which the kernel does not map */
	uint32_t cnt;
};

static int table_open(const struct gate *gate, struct flow_table *ret_table)
{
	const struct gate_map *map = gate_find(gate, "sek_flow_entry");
	void *entries;

	if (!map)
		return -ENOENT;
	entries = mmap(NULL, map->max_entries * sizeof(struct sek_flow), PROT_READ | PROT_WRITE,
		       MAP_SHARED, map->fd, 0);
	*ret_table = (struct flow_table){ .fd = gate_map_fd(gate, "sek_flow"),
					  .entry_fd = map->fd,
					  .entries = entries == MAP_FAILED ? NULL : entries,
					  .cnt = map->max_entries };
	return 0;
}

static void table_close(const struct flow_table *table)
{
	if (table->entries)
		munmap(table->entries, table->cnt * sizeof(*table->entries));
}

static void batch_free(struct flow_batch *batch)
{
	free(batch->keys);
	free(batch->numbers);
	*batch = (struct flow_batch){};
}

static int batch_alloc(struct flow_batch *batch, uint32_t cap)
{
	batch_free(batch);
	batch->keys = calloc(cap, sizeof(*batch->keys));
	batch->numbers = calloc(cap, sizeof(*batch->numbers));
	batch->cap = cap;
	return batch->keys && batch->numbers ? 0 : -ENOMEM;
}

/* What is behind a number that was read a moment ago; an entry that changed hands since is skipped. */
static int entry_see(const struct flow_table *table, const struct sek_flow_key *key,
		     uint32_t number, flow_each each, void *arg)
{
	struct sek_flow copy, *flow = &copy;

	if (!number || number >= table->cnt)
		return 0;
	if (table->entries)
		flow = &table->entries[number];
	else if (bpf_map_lookup_elem(table->entry_fd, &number, &copy))
		return -errno;
	if (flow->flags & SEK_FLOW_GONE || memcmp(&flow->key, key, sizeof(*key)) != 0)
		return 0;
	return each(key, flow, arg);
}

static int flow_walk(const struct flow_table *table, flow_each each, void *arg)
{
	struct flow_batch batch = {};
	uint32_t token = 0, cnt;
	bool started = false;
	int err = batch_alloc(&batch, BATCH_CNT), result = 0;

	while (!err && !result) {
		uint32_t next = token;

		cnt = batch.cap;
		err = bpf_map_lookup_batch(table->fd, started ? &token : NULL, &next, batch.keys,
					   batch.numbers, &cnt, NULL);
		if (err == -ENOSPC) { /* a bucket larger than the batch */
			err = batch_alloc(&batch, batch.cap * 2);
			continue;
		}
		if (err && err != -ENOENT)
			break;
		for (uint32_t i = 0; !result && i < cnt; i++)
			result = entry_see(table, &batch.keys[i], batch.numbers[i], each, arg);
		token = next;
		started = true;
	}
	batch_free(&batch);
	return result ? result : err == -ENOENT ? 0 : err;
}

/* What the filter says it is. */
static uint64_t now_ns(const struct state_filter *filter)
{
	struct timespec ts;

	if (filter->now_ns)
		return filter->now_ns;
	clock_gettime(CLOCK_MONOTONIC, &ts); /* what bpf_ktime_get_ns() counts */
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool end_matches(const struct prefix *prefix, const struct sek_addr *addr)
{
	return !prefix->len || prefix_holds(prefix, addr);
}

static bool proto_matches(int32_t wanted, uint8_t proto)
{
	if (wanted == STATE_PROTO_ICMP)
		return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	return wanted < 0 || wanted == proto;
}

static uint32_t timeout_of(const struct sek_timeouts *t, uint8_t proto, uint8_t state)
{
	if (proto == IPPROTO_TCP)
		return state == SEK_FLOW_ESTABLISHED ? t->tcp_established
		       : state == SEK_FLOW_CLOSED    ? t->tcp_closed
		       : state >= SEK_FLOW_FIN	     ? t->tcp_closing
						     : t->tcp_syn;
	if (proto == IPPROTO_UDP)
		return state == SEK_FLOW_NEW ? t->udp_new : t->udp_stream;
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 ? t->icmp : t->other;
}

struct flow_view {
	const struct policy *policy;
	const struct state_filter *filter;
	uint64_t now_ns;
	uint64_t total, matched;
	uint32_t generation; /* live: policy is of it */
	int hands; /* sek_handoff */
	int readings, apps; /* sek_reading, sek_app */
	json_t *rows;
	struct largest largest; /* showing the largest: before they become rows */
	/* deleting */
	int flow_fd, free_fd, release_fd;
	void (*each)(const struct sek_flow_key *key, const struct sek_flow *flow, void *arg);
	void *arg;
};

static bool flow_matches(const struct flow_view *view, const struct sek_flow_key *key,
			 const struct sek_flow *flow)
{
	const struct state_filter *f = view->filter;
	int opener = !!(flow->flags & SEK_FLOW_FROM_IN);
	__be16 port = htons(f->port);

	if ((f->tenant >= 0 && f->tenant != key->tenant) || !proto_matches(f->proto, key->proto) ||
	    (f->port && port != key->port[0] && port != key->port[1]) ||
	    !end_matches(&f->src, &key->addr[opener]) || !end_matches(&f->dst, &key->addr[!opener]))
		return false;
	if (f->expired) {
		const struct model_tenant *tenant =
			view->policy ? policy_tenant_id(view->policy, key->tenant) : NULL;

		return tenant && view->now_ns > flow->last_ns &&
		       view->now_ns - flow->last_ns >
			       1000000000ull *
				       timeout_of(&tenant->limits.timeout, key->proto, flow->state);
	}
	return true;
}

static json_t *proto_json(uint8_t proto)
{
	const char *name = proto_name(proto);
	char number[8];

	snprintf(number, sizeof(number), "%u", proto);
	return json_string(name ? name : number);
}

static json_t *flags_json(uint8_t flags)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = { { SEK_FLOW_INSPECT, "inspect" },
		      { SEK_FLOW_LOG, "log" },
		      { SEK_FLOW_HALF, "half-open" },
		      { SEK_FLOW_COOKIE, "cookie" } };
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].flag)
			json_array_append_new(array, json_string(names[i].name));
	return array;
}

static double seconds_since(uint64_t now, uint64_t then)
{
	uint64_t ms = then && now > then ? (now - then) / 1000000 : 0;

	return (double)ms / 1000;
}

/* A flow that waits to ask again has its number from a policy that is not ours to name it by. */
static void rule_set(json_t *row, const struct flow_view *view, const struct model_tenant *tenant,
		     const struct sek_flow *flow)
{
	char number[8] = "";
	const char *name = NULL;

	if (flow->rule != SEK_NO_RULE)
		snprintf(number, sizeof(number), "%u", flow->rule);
	if (tenant && flow->generation == view->generation && flow->rule < tenant->rule_cnt + 2)
		name = policy_rule_name(tenant, flow->rule);
	json_object_set_new(row, "rule", json_string(name ? name : number));
}

static json_t *whom_json(uint8_t whom)
{
	static const char *const names[] = { "protocol", "rules", "records", "files", "verdict" };
	json_t *json = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (whom >> i & 1)
			json_array_append_new(json, json_string(names[i]));
	return json;
}

/* What its worker has made of the flow: its protocol, for whom it is looked at still, or why no more. */
static void reading_add(const struct flow_view *view, const struct sek_flow *flow, json_t *json)
{
	struct sek_reading reading;
	struct sek_app app = { 0 };
	uint32_t number;

	if (bpf_map_lookup_elem(view->readings, &flow->number, &reading) ||
	    reading.first_ns != flow->first_ns)
		return;
	number = reading.app;
	if (!bpf_map_lookup_elem(view->apps, &number, &app) && app.name[0])
		json_object_set_new(json, "protocol", json_stringn(app.name, strnlen(app.name, 16)));
	json_object_set_new(json, "rules", json_integer(reading.rules));
	json_object_set_new(json, "looked_at_for", whom_json(reading.whom));
	if (reading.back)
		json_object_set_new(json, "back_why",
				    json_string(state_back_name(reading.back - 1u)));
}

/*
 * Who has a flow that is to be inspected: a worker, the kernel again (back: so in these directions), nobody.
 */
static json_t *inspection_json(const struct flow_view *view, const struct sek_flow *flow)
{
	static const char *const states[] = { [SEK_HANDOFF_NONE] = "new",
					      [SEK_HANDOFF_WORKER] = "worker",
					      [SEK_HANDOFF_BACK] = "back",
					      [SEK_HANDOFF_UNSEEN] = "unseen",
					      [SEK_HANDOFF_DROP] = "blocked" };
	struct sek_handoff hand;
	json_t *back, *json;

	if (bpf_map_lookup_elem(view->hands, &flow->number, &hand) ||
	    hand.first_ns != flow->first_ns || hand.state > SEK_HANDOFF_DROP)
		return json_null();
	back = json_array();
	for (int dir = SEK_OUT; dir <= SEK_IN; dir++)
		if (hand.back >> dir & 1)
			json_array_append_new(back, json_string(state_dir_name(dir)));
	json = json_pack("{s:s,s:i,s:I,s:I,s:o}", "state", states[hand.state], "worker",
			 (int)hand.worker, "handed_out", (json_int_t)hand.sent[SEK_OUT],
			 "handed_in", (json_int_t)hand.sent[SEK_IN], "back", back);
	if (json)
		reading_add(view, flow, json);
	return json;
}

static json_t *flow_json(const struct flow_view *view, const struct sek_flow_key *key,
			 const struct sek_flow *flow)
{
	const struct model_tenant *tenant =
		view->policy ? policy_tenant_id(view->policy, key->tenant) : NULL;
	int opener = !!(flow->flags & SEK_FLOW_FROM_IN);
	char src[PREFIX_TEXT_MAX], dst[PREFIX_TEXT_MAX], id[8];
	json_t *row;

	snprintf(id, sizeof(id), "%u", key->tenant);
	row = json_pack("{s:s,s:s,s:o,s:s,s:i,s:s,s:i,s:s,s:f,s:f}", "tenant",
			tenant ? tenant->name : id, "dir",
			state_dir_name(opener ? SEK_IN : SEK_OUT), "proto", proto_json(key->proto),
			"src", address_print(&key->addr[opener], src), "sport",
			(int)ntohs(key->port[opener]), "dst",
			address_print(&key->addr[!opener], dst), "dport",
			(int)ntohs(key->port[!opener]), "state", state_flow_state_name(flow->state),
			"age_s", seconds_since(view->now_ns, flow->first_ns), "idle_s",
			seconds_since(view->now_ns, flow->last_ns));
	if (!row)
		return NULL;
	for (int dir = SEK_OUT; dir <= SEK_IN; dir++) {
		json_object_set_new(row, dir ? "packets_in" : "packets_out",
				    json_integer((json_int_t)flow->packets[dir]));
		json_object_set_new(row, dir ? "bytes_in" : "bytes_out",
				    json_integer((json_int_t)flow->bytes[dir]));
	}
	rule_set(row, view, tenant, flow);
	json_object_set_new(row, "generation", json_integer(flow->generation));
	json_object_set_new(row, "flags", flags_json(flow->flags));
	if (flow->flags & SEK_FLOW_INSPECT)
		json_object_set_new(row, "inspection", inspection_json(view, flow));
	return row;
}

static int flow_show(const struct sek_flow_key *key, struct sek_flow *flow, void *arg)
{
	struct flow_view *view = arg;

	view->total++;
	if (!flow_matches(view, key, flow))
		return 0;
	view->matched++;
	if (view->filter->largest) {
		largest_offer(&view->largest, flow);
		return 0;
	}
	if (view->filter->limit && json_array_size(view->rows) >= view->filter->limit)
		return 0;
	return json_array_append_new(view->rows, flow_json(view, key, flow)) ? -ENOMEM : 0;
}

static int largest_rows(struct flow_view *view)
{
	int err = 0;

	largest_sort(&view->largest);
	for (uint32_t i = 0; !err && i < view->largest.cnt; i++) {
		const struct sek_flow *flow = &view->largest.flows[i].flow;

		if (json_array_append_new(view->rows, flow_json(view, &flow->key, flow)))
			err = -ENOMEM;
	}
	return err;
}

json_t *state_flows(const struct gate *gate, const struct policy *policy,
		    const struct state_filter *filter, struct diag *diag)
{
	struct flow_view view = { .policy = policy,
				  .filter = filter,
				  .now_ns = now_ns(filter),
				  .generation = gate_generation(gate),
				  .hands = gate_map_fd(gate, "sek_handoff"),
				  .readings = gate_map_fd(gate, "sek_reading"),
				  .apps = gate_map_fd(gate, "sek_app"),
				  .rows = json_array() };
	struct flow_table table;
	int err = filter->largest ? largest_init(&view.largest, filter->limit) : 0;

	if (!err)
		err = table_open(gate, &table);
	if (!err) {
		err = flow_walk(&table, flow_show, &view);
		table_close(&table);
	}
	if (!err && filter->largest)
		err = largest_rows(&view);
	largest_free(&view.largest);
	if (err) {
		json_decref(view.rows);
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "sek_flow cannot be read: %s",
			 strerror(-err));
		return NULL;
	}
	return json_pack("{s:I,s:I,s:I,s:o}", "shown", (json_int_t)json_array_size(view.rows),
			 "matched", (json_int_t)view.matched, "total", (json_int_t)view.total,
			 "flows", view.rows);
}

/* What the flow held, back to its tenant and its source, by the kernel's own hand. 0 or -errno. */
static int quota_return(int release_fd, const struct sek_flow *flow)
{
	struct sek_release ended = { .key = flow->key,
				     .from_in = !!(flow->flags & SEK_FLOW_FROM_IN),
				     .half = !!(flow->flags & SEK_FLOW_HALF) };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &ended, .ctx_size_in = sizeof(ended));

	return bpf_prog_test_run_opts(release_fd, &run);
}

/*
 * Takes an entry for this thread alone, as the kernel program's flow_turn() does: who sets
 * SEK_FLOW_GONE ends the flow. Copies its last state, which then is nobody else's: should the entry
 * have changed hands since it was matched, it is that flow which ends. false: it is ending by itself.
 */
static bool entry_take(struct sek_flow *flow, struct sek_flow *ret_last)
{
	uint8_t flags, last;
	uint32_t *word = (uint32_t *)(void *)&flow->rule, seen, gone;

	_Static_assert(offsetof(struct sek_flow, rule) % 4 == 0 &&
			       offsetof(struct sek_flow, flags) == offsetof(struct sek_flow, rule) + 3,
		       "rule, state and flags are one aligned word");
	seen = __atomic_load_n(word, __ATOMIC_RELAXED);
	do {
		memcpy(&flags, (const char *)&seen + 3, sizeof(flags));
		if (flags & SEK_FLOW_GONE)
			return false;
		last = flags;
		flags = SEK_FLOW_GONE | (flags & ~SEK_FLOW_HALF);
		gone = seen;
		memcpy((char *)&gone + 3, &flags, sizeof(flags));
	} while (!__atomic_compare_exchange_n(word, &seen, gone, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	*ret_last = *flow;
	ret_last->flags = last;
	return true;
}

static int flow_end(const struct sek_flow_key *key, struct sek_flow *flow, void *arg)
{
	struct flow_view *view = arg;
	struct sek_flow last;
	int err;

	if (!flow_matches(view, key, flow) || !entry_take(flow, &last))
		return 0;
	err = bpf_map_delete_elem(view->flow_fd, &last.key);
	if (!err)
		err = quota_return(view->release_fd, &last);
	if (!err)
		err = bpf_map_update_elem(view->free_fd, NULL, &last.number, BPF_ANY);
	if (err)
		return err;
	view->matched++;
	if (view->each)
		view->each(&last.key, &last, view->arg);
	return 0;
}

int state_flow_delete(const struct gate *gate, const struct policy *policy,
		      const struct state_filter *filter,
		      void (*each)(const struct sek_flow_key *key, const struct sek_flow *flow,
				   void *arg),
		      void *arg, uint64_t *ret_deleted, struct diag *diag)
{
	struct flow_view view = { .policy = policy,
				  .filter = filter,
				  .now_ns = now_ns(filter),
				  .each = each,
				  .arg = arg,
				  .flow_fd = gate_map_fd(gate, "sek_flow"),
				  .free_fd = gate_map_fd(gate, "sek_flow_free"),
				  .release_fd = gate_release_fd(gate) };
	struct flow_table table;
	int err;

	if (view.release_fd < 0) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "sekishod can; start it",
			 "quotas cannot be given back from here, so no flow was deleted");
		return view.release_fd;
	}
	err = table_open(gate, &table);
	if (!err) {
		err = table.entries ? flow_walk(&table, flow_end, &view) : -EPERM;
		table_close(&table);
	}
	if (err) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "deleting stopped after %llu flows: %s",
			 (unsigned long long)view.matched, strerror(-err));
		return err;
	}
	*ret_deleted = view.matched;
	return 0;
}
