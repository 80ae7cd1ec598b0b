/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the step from counters to rates. Called by obj_top.c and the tests.
 * Promises that no rate is negative and that none is told of what cannot be compared.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/top_model.h"
#include "install/state.h"
#include "sekisho/verdict.h"

#define KEY_MAX 512

/* Two readings, and what of the first is looked up by name. */
struct comparison {
	const struct top_reading *now, *before;
	double seconds; /* between the two stats; 0: they cannot be compared */
	json_t *cells; /* of the stats before, by tenant, direction and reason */
};

void top_reading_free(struct top_reading *r)
{
	json_t *const parts[] = { r->status, r->stats, r->tenants, r->rates,
				  r->ports,  r->flows, r->events };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_decref(parts[i]);
	*r = (struct top_reading){ 0 };
}

static const char *word(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	return value ? value : "";
}

static double number(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

/* What is behind them is the clock's, not the gateway's. The value is not negative. */
static double thousandths(double value)
{
	return (double)(int64_t)(value * 1000 + 0.5) / 1000;
}

static void real_set(json_t *row, const char *key, double value)
{
	json_object_set_new(row, key, json_real(thousandths(value)));
}

static void members_copy(json_t *to, const json_t *from, const char *const *keys)
{
	for (; *keys; keys++)
		if (json_object_get(from, *keys))
			json_object_set(to, *keys, json_object_get(from, *keys));
}

/* The row whose member is this; NULL: there is none. */
static const json_t *row_find(const json_t *rows, const char *key, const json_t *value)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (json_equal(json_object_get(row, key), value))
			return row;
	return NULL;
}

/* Of a counter by its key: how much more it is; one that went back counts nothing. */
static double grown(const json_t *now, const json_t *before, const char *key)
{
	double more = number(now, key) - number(before, key);

	return more > 0 ? more : 0;
}

static double seconds_between(const json_t *before, uint64_t before_ns, const json_t *now,
			      uint64_t now_ns)
{
	return before && now && now_ns > before_ns ? (double)(now_ns - before_ns) / 1e9 : 0;
}

/* --- stats --- */

static void cell_key(char key[KEY_MAX], const json_t *row)
{
	snprintf(key, KEY_MAX, "%s\n%s\n%s", word(row, "tenant"), word(row, "dir"),
		 word(row, "reason"));
}

static json_t *cells_of(const json_t *stats)
{
	json_t *cells = json_object(), *row;
	char key[KEY_MAX];
	size_t i;

	json_array_foreach(json_object_get(stats, "rows"), i, row) {
		cell_key(key, row);
		json_object_set(cells, key, row);
	}
	return cells;
}

static bool is_stopped(const json_t *row)
{
	return strcmp(word(row, "verdict"), "drop") == 0 || strcmp(word(row, "verdict"), "bug") == 0;
}

/* A rejected packet is counted under the reason of its refusal. */
static bool is_rejected(const json_t *row)
{
	return strcmp(word(row, "reason"), state_reason_name(SEK_R_rule_reject)) == 0 ||
	       strcmp(word(row, "reason"), state_reason_name(SEK_R_default_reject)) == 0;
}

/* What a body did in the time between, a second. */
struct sums {
	double bits[2], packets[2]; /* passed, by out and in */
	double dropped, rejected;
};

static void sums_add(struct sums *sums, const json_t *row, double packets, double bytes)
{
	int dir = strcmp(word(row, "dir"), state_dir_name(SEK_IN)) == 0;

	if (is_rejected(row)) {
		sums->rejected += packets;
	} else if (is_stopped(row)) {
		sums->dropped += packets;
	} else {
		sums->packets[dir] += packets;
		sums->bits[dir] += bytes * 8;
	}
}

/* One reason of a body, with its rate if it has one. */
static json_t *reason_json(const json_t *row, bool compared, double packets)
{
	static const char *const keys[] = { "dir",     "verdict", "reason", "text",
					    "text_ja", "packets", NULL };
	json_t *reason = json_object();

	members_copy(reason, row, keys);
	if (compared)
		real_set(reason, "packets_per_s", packets);
	return reason;
}

/* May the counters under this name be compared? Not when they are another body's now. */
static bool is_same_body(const struct comparison *c, const json_t *tenant)
{
	const json_t *before;

	if (c->seconds == 0 || !c->now->tenants != !c->before->tenants)
		return false;
	if (!c->now->tenants)
		return true;
	before = row_find(json_object_get(c->before->tenants, "tenants"), "tenant",
			  json_object_get(tenant, "tenant"));
	return before && json_equal(json_object_get(before, "id"), json_object_get(tenant, "id"));
}

/* Adds up what the body's cells grew by; its reasons, as they are met. */
static json_t *reasons_of(const struct comparison *c, const json_t *tenant, bool compared,
			  struct sums *sums)
{
	json_t *reasons = json_array(), *row;
	char key[KEY_MAX];
	size_t i;

	json_array_foreach(json_object_get(c->now->stats, "rows"), i, row) {
		const json_t *before;
		double packets = 0;

		if (strcmp(word(row, "tenant"), word(tenant, "tenant")) != 0)
			continue;
		if (compared) {
			cell_key(key, row);
			before = json_object_get(c->cells, key);
			packets = grown(row, before, "packets") / c->seconds;
			sums_add(sums, row, packets, grown(row, before, "bytes") / c->seconds);
		}
		json_array_append_new(reasons, reason_json(row, compared, packets));
	}
	return reasons;
}

/* --- bodies --- */

/* The rate as a part of the limit, of bits or of packets, whichever is nearer to it. */
static json_t *way_json(const json_t *limit, bool compared, double bits, double packets,
			double *ret_use)
{
	double most_bits = number(limit, "bits_per_s");
	double most_packets = number(limit, "packets_per_s");
	json_t *way = json_object();
	double use = 0;

	real_set(way, "limit_bits_per_s", most_bits);
	real_set(way, "limit_packets_per_s", most_packets);
	if (!compared)
		return way;
	real_set(way, "bits_per_s", bits);
	real_set(way, "packets_per_s", packets);
	if (most_bits > 0)
		use = bits / most_bits;
	if (most_packets > 0 && packets / most_packets > use)
		use = packets / most_packets;
	if (most_bits > 0 || most_packets > 0)
		real_set(way, "use", use);
	if (use > *ret_use)
		*ret_use = use;
	return way;
}

static const json_t *limit_find(const json_t *rates, const json_t *tenant, const char *dir)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(rates, "rates"), i, row)
		if (json_equal(json_object_get(row, "tenant"), json_object_get(tenant, "tenant")) &&
		    strcmp(word(row, "dir"), dir) == 0)
			return row;
	return NULL;
}

static json_t *body_json(const struct comparison *c, const json_t *tenant)
{
	static const char *const keys[] = { "id",	 "tenant",    "title",	       "flows",
					    "half_open", "flows_max", "half_open_max", NULL };
	bool compared = is_same_body(c, tenant);
	json_t *body = json_object();
	struct sums s = { 0 };
	double use = 0;

	members_copy(body, tenant, keys);
	json_object_set_new(body, "reasons", reasons_of(c, tenant, compared, &s));
	for (int dir = SEK_OUT; dir <= SEK_IN; dir++)
		json_object_set_new(
			body, dir ? "down" : "up",
			way_json(limit_find(c->now->rates, tenant, state_dir_name((uint8_t)dir)),
				 compared, s.bits[dir], s.packets[dir], &use));
	if (!compared)
		return body;
	real_set(body, "packets_per_s", s.packets[0] + s.packets[1]);
	real_set(body, "passed_per_s", s.packets[0] + s.packets[1]);
	real_set(body, "dropped_per_s", s.dropped);
	real_set(body, "rejected_per_s", s.rejected);
	real_set(body, "use", use);
	return body;
}

/* Without a policy nobody tells which bodies there are: those that were counted. */
static json_t *names_counted(const json_t *stats)
{
	json_t *tenants = json_array(), *row;
	size_t i;

	json_array_foreach(json_object_get(stats, "rows"), i, row)
		if (!row_find(tenants, "tenant", json_object_get(row, "tenant")))
			json_array_append_new(tenants, json_pack("{s:O}", "tenant",
								 json_object_get(row, "tenant")));
	return tenants;
}

static json_t *bodies_json(const struct comparison *c)
{
	json_t *tenants = c->now->tenants ? json_incref(json_object_get(c->now->tenants, "tenants"))
					  : names_counted(c->now->stats);
	json_t *bodies = json_array(), *tenant, *host = NULL;
	size_t i;

	json_array_foreach(tenants, i, tenant)
		if (json_object_get(tenant, "id") && number(tenant, "id") == 0)
			host = tenant;
		else
			json_array_append_new(bodies, body_json(c, tenant));
	if (host) /* the gateway itself is not what one looks for first */
		json_array_append_new(bodies, body_json(c, host));
	json_decref(tenants);
	return bodies;
}

/* --- the gateway as a whole --- */

static void totals_set(json_t *all, const json_t *bodies, bool compared, bool named)
{
	static const char *const keys[][2] = {
		{ "up.bits_per_s", "up_bits_per_s" },	{ "down.bits_per_s", "down_bits_per_s" },
		{ "passed_per_s", "passed_per_s" },	{ "dropped_per_s", "dropped_per_s" },
		{ "rejected_per_s", "rejected_per_s" },
	};
	double flows = 0;
	const json_t *body;
	size_t i;

	for (size_t k = 0; compared && k < sizeof(keys) / sizeof(keys[0]); k++) {
		double sum = 0;

		json_array_foreach(bodies, i, body)
			sum += json_number_value(print_member(body, keys[k][0]));
		real_set(all, keys[k][1], sum);
	}
	json_array_foreach(bodies, i, body)
		flows += number(body, "flows");
	if (named) /* else nobody tells what bodies hold */
		json_object_set_new(all, "flows", json_integer((json_int_t)flows));
}

static const struct top_order by_packets = { "packets", "packets_per_s", false };

static void reason_add(json_t *sum, const json_t *row, const char *key)
{
	if (json_is_integer(json_object_get(row, key)))
		json_object_set_new(sum, key,
				    json_integer((json_int_t)(number(sum, key) + number(row, key))));
	else if (json_object_get(row, key))
		real_set(sum, key, number(sum, key) + number(row, key));
}

/* Why packets were stopped, over all bodies; the most a second first. */
static json_t *stopped_json(const json_t *bodies)
{
	static const char *const keys[] = { "verdict", "reason", "text", "text_ja", NULL };
	json_t *sums = json_array(), *body, *row;
	size_t i, k;

	json_array_foreach(bodies, i, body)
		json_array_foreach(json_object_get(body, "reasons"), k, row) {
			json_t *sum;

			if (!is_stopped(row))
				continue;
			sum = (json_t *)row_find(sums, "reason", json_object_get(row, "reason"));
			if (!sum) {
				sum = json_object();
				members_copy(sum, row, keys);
				json_array_append_new(sums, sum);
			}
			reason_add(sum, row, "packets");
			reason_add(sum, row, "packets_per_s");
		}
	top_sort(sums, &by_packets, false);
	return sums;
}

/* --- ports --- */

/* What the kernel lost at the interface, beside the gateway's program. */
static double kernel_lost(const json_t *port)
{
	const json_t *kernel = json_object_get(port, "kernel");

	return number(kernel, "rx_dropped") + number(kernel, "rx_errors") +
	       number(kernel, "tx_dropped") + number(kernel, "tx_errors");
}

static void port_rates_set(json_t *row, const json_t *port, const json_t *before, double seconds)
{
	double lost = kernel_lost(port) - kernel_lost(before);

	real_set(row, "bits_per_s", grown(port, before, "bytes") * 8 / seconds);
	real_set(row, "packets_per_s", grown(port, before, "packets") / seconds);
	real_set(row, "dropped_per_s", grown(port, before, "dropped") / seconds);
	if (json_object_get(port, "kernel") && json_object_get(before, "kernel"))
		real_set(row, "kernel_dropped_per_s", lost > 0 ? lost / seconds : 0);
}

static json_t *ports_json(const struct top_reading *before, const struct top_reading *now)
{
	static const char *const keys[] = {
		"port",	   "id",      "side",	"mode",	     "link",
		"hook",	   "state",   "driver", "interface", "speed_bits_per_s",
		"dropped", "problem", NULL
	};
	double seconds = seconds_between(before->ports, before->ports_ns, now->ports, now->ports_ns);
	json_t *ports = json_array(), *port;
	size_t i;

	json_array_foreach(json_object_get(now->ports, "ports"), i, port) {
		const json_t *was = seconds > 0 ? row_find(json_object_get(before->ports, "ports"),
							   "port", json_object_get(port, "port"))
						: NULL;
		json_t *row = json_object();

		members_copy(row, port, keys);
		if (json_object_get(port, "kernel"))
			json_object_set_new(row, "kernel_dropped",
					    json_integer((json_int_t)kernel_lost(port)));
		if (was && json_equal(json_object_get(was, "id"), json_object_get(port, "id")))
			port_rates_set(row, port, was, seconds);
		json_array_append_new(ports, row);
	}
	return ports;
}

/* --- one body: its flows, and what blocked --- */

static bool is_same_flow(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "sport", "dport", "src", "dst", "proto", "dir" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return false;
	return number(a, "age_s") >= number(b, "age_s");
}

static const json_t *flow_find(const json_t *flows, const json_t *flow)
{
	const json_t *other;
	size_t i;

	json_array_foreach(flows, i, other)
		if (is_same_flow(flow, other))
			return other;
	return NULL;
}

/* A flow that began since the reading before has all its bytes of this time. */
static json_t *flow_rated(const json_t *flow, const json_t *flows_before, double seconds)
{
	const json_t *before = seconds > 0 ? flow_find(flows_before, flow) : NULL;
	json_t *rated = json_copy((json_t *)flow);
	double up, down;

	if (seconds == 0 || (!before && number(flow, "age_s") > seconds))
		return rated;
	up = grown(flow, before, "bytes_out") * 8 / seconds;
	down = grown(flow, before, "bytes_in") * 8 / seconds;
	real_set(rated, "up_bits_per_s", up);
	real_set(rated, "down_bits_per_s", down);
	real_set(rated, "bits_per_s", up + down);
	return rated;
}

static json_t *flows_json(const struct top_reading *before, const struct top_reading *now)
{
	static const struct top_order by_bits = { "bits", "bits_per_s", false };
	double seconds = seconds_between(before->flows, before->flows_ns, now->flows, now->flows_ns);
	json_t *flows = json_array(), *flow;
	size_t i;

	json_array_foreach(json_object_get(now->flows, "flows"), i, flow)
		json_array_append_new(
			flows, flow_rated(flow, json_object_get(before->flows, "flows"), seconds));
	top_sort(flows, &by_bits, false);
	return flows;
}

static json_t *blocked_by(const json_t *event)
{
	const char *kind = word(event, "list")[0] ? "list" : "rule";

	return json_sprintf("%s %s", kind, word(event, kind));
}

static json_t *blocked_find(json_t *blocked, const json_t *by, const json_t *reason)
{
	json_t *row;
	size_t i;

	json_array_foreach(blocked, i, row)
		if (json_equal(json_object_get(row, "by"), by) &&
		    json_equal(json_object_get(row, "reason"), reason))
			return row;
	return NULL;
}

/* The rules and lists of the last refusals; what of them came last is at the end of events. */
static json_t *blocked_json(const json_t *events)
{
	static const struct top_order by_events = { "events", "events", false };
	json_t *blocked = json_array(), *event;
	size_t i;

	json_array_foreach(json_object_get(events, "events"), i, event) {
		json_t *drop = json_object_get(event, "drop"), *by, *row;

		if (!drop)
			continue;
		by = blocked_by(event);
		row = blocked_find(blocked, by, json_object_get(drop, "reason"));
		if (!row) {
			row = json_object();
			json_object_set(row, "by", by);
			json_object_set(row, "reason", json_object_get(drop, "reason"));
			json_array_append_new(blocked, row);
		}
		json_object_set_new(row, "events",
				    json_integer((json_int_t)number(row, "events") + 1));
		json_object_set(row, "last", json_object_get(event, "timestamp"));
		json_object_set(row, "src", json_object_get(event, "src_ip"));
		json_object_set(row, "dst", json_object_get(event, "dest_ip"));
		json_decref(by);
	}
	top_sort(blocked, &by_events, false);
	return blocked;
}

json_t *top_rates(const struct top_reading *before, const struct top_reading *now)
{
	static const struct top_reading nothing;
	struct comparison c = { .now = now };
	json_t *all = json_object(), *bodies;

	if (!before)
		before = &nothing;
	c.before = before;
	c.seconds = seconds_between(before->stats, before->stats_ns, now->stats, now->stats_ns);
	if (c.seconds > 0 && number(now->stats, "packets") < number(before->stats, "packets"))
		c.seconds = 0; /* they began anew */
	c.cells = c.seconds > 0 ? cells_of(before->stats) : NULL;
	json_object_set_new(all, "interval_s",
			    c.seconds > 0 ? json_real(thousandths(c.seconds)) : json_null());
	if (now->stats)
		json_object_set(all, "generation", json_object_get(now->stats, "generation"));
	bodies = bodies_json(&c);
	totals_set(all, bodies, c.seconds > 0, now->tenants != NULL);
	json_object_set_new(all, "tenants", bodies);
	json_object_set_new(all, "reasons", stopped_json(bodies));
	if (now->ports)
		json_object_set_new(all, "ports", ports_json(before, now));
	if (now->flows)
		json_object_set_new(all, "flows_top", flows_json(before, now));
	if (now->events)
		json_object_set_new(all, "blocked", blocked_json(now->events));
	json_decref(c.cells);
	return all;
}

/* --- order --- */

/* Does b belong before a? Rows without the member come last. */
static bool is_later(const json_t *a, const json_t *b, const struct top_order *order, bool reverse)
{
	const json_t *x = print_member(a, order->key), *y = print_member(b, order->key);
	int sign;

	if (!x || !y)
		return !x && y;
	if (order->text)
		sign = strcmp(json_string_value(x) ? json_string_value(x) : "",
			      json_string_value(y) ? json_string_value(y) : "");
	else
		sign = json_number_value(x) < json_number_value(y)   ? 1
		       : json_number_value(x) > json_number_value(y) ? -1
								     : 0;
	return reverse ? sign < 0 : sign > 0;
}

/* By insertion: there are few rows, nearly in order, and equal ones keep their places. */
void top_sort(json_t *rows, const struct top_order *order, bool reverse)
{
	for (size_t i = 1; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		size_t at = i;

		while (at > 0 && is_later(json_array_get(rows, at - 1), row, order, reverse))
			at--;
		if (at == i)
			continue;
		json_incref(row);
		json_array_remove(rows, i);
		json_array_insert_new(rows, at, row);
	}
}
