// SPDX-License-Identifier: Apache-2.0
/*
 * Settings that tenants and defaults share: rate, quota, timeouts, lists, what to do by default.
 * A setting that is not given stays 0 (quotas: NOT_GIVEN) until settings_finish().
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"
#include "text/quantity.h"

/*
 * Burst: TCP waits 200 ms and more for its retransmission timer; a bucket that fills up sooner would
 * lose that time's share of the rate. And never less than this, else a packet of full size would
 * never pass.
 */
#define BURST_NS 300000000ULL
#define BURST_BYTES 3028ULL
#define BURST_PACKETS 2ULL

/* 63 tenants with these fill the table and no more. */
#define FLOWS 16384
#define HALF 2048
#define SOURCE_FLOWS 2048
#define SOURCE_HALF 256
#define SOURCE_RATE 500
#define FRAGMENTS 256

/* Seconds. RFC 5382 (TCP: 2 h 4 min), RFC 4787 (UDP: 2 min). */
static const struct sek_timeouts timeouts = {
	.tcp_syn = 20,
	.tcp_established = 7440,
	.tcp_closing = 120,
	.tcp_closed = 10,
	.udp_new = 30,
	.udp_stream = 120,
	.icmp = 10,
	.other = 120,
};

static void read_flag(struct reader *r, const struct node *value, const char *const *words,
		      uint32_t flag, struct model_tenant *tenant)
{
	int word = reader_word(r, value, words);

	if (word == 0)
		tenant->limits.flags &= ~flag;
	else if (word == 1)
		tenant->limits.flags |= flag;
}

static void read_fail(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const char *const words[] = { "open", "closed", NULL };

	read_flag(r, value, words, SEK_TENANT_FAIL_CLOSED, member);
}

static void read_fragments(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	static const char *const words[] = { "allow", "strict", NULL };

	read_flag(r, value, words, SEK_TENANT_FRAG_STRICT, member);
}

static void read_midstream(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	static const char *const words[] = { "drop", "reject", NULL };

	read_flag(r, value, words, SEK_TENANT_MID_REJECT, member);
}

/* "none" is no limit, held as 0. */
static bool is_none(const struct node *value)
{
	return value->kind == NODE_SCALAR && !strcmp(value->text, "none");
}

static void read_limit(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	if (is_none(value))
		*(uint32_t *)member = 0;
	else
		read_u32(r, value, f, member);
}

#define QUOTA(key, member_, low, high, reader_)                                                    \
	{                                                                                          \
		.name = (key), .read = (reader_), .offset = offsetof(struct sek_tenant, member_),  \
		.min = (low), .max = (high)                                                        \
	}

static void read_quota(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		QUOTA("flows", flows_max, 1, SEK_FLOWS_DEFAULT, read_u32),
		QUOTA("half_open", half_max, 1, SEK_FLOWS_DEFAULT, read_u32),
		QUOTA("source_flows", source_flows_max, 1, SEK_FLOWS_DEFAULT, read_limit),
		QUOTA("source_half_open", source_half_max, 1, SEK_FLOWS_DEFAULT, read_limit),
		QUOTA("source_rate", source_rate, 1, 10000000, read_limit),
		QUOTA("source_burst", source_burst, 1, 10000000, read_u32),
		QUOTA("fragments", fragments_max, 0, SEK_FRAG_SETS * SEK_FRAG_WAYS, read_u32),
		{},
	};

	reader_map(r, value, fields, member);
}

void read_seconds(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a time");
	uint64_t ns;
	char shown[60];

	if (!text)
		return;
	if (quantity_parse_time(text, &ns))
		reader_error(r, value, "as in 30s, 2m or 2h4m", "\"%s\" is no time",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
	else if (ns % 1000000000 || ns < 1000000000 || ns > 604800ULL * 1000000000)
		reader_error(r, value, NULL, "%s must be whole seconds, 1s to 7d", f->name);
	else
		*(uint32_t *)member = (uint32_t)(ns / 1000000000);
}

#define TIMEOUT(member_)                                                                           \
	{                                                                                          \
		.name = #member_, .read = read_seconds,                                            \
		.offset = offsetof(struct sek_timeouts, member_)                                   \
	}

static void read_timeouts(struct reader *r, const struct node *value, const struct field *f,
			  void *member)
{
	static const struct field fields[] = {
		TIMEOUT(tcp_syn),    TIMEOUT(tcp_established), TIMEOUT(tcp_closing),
		TIMEOUT(tcp_closed), TIMEOUT(udp_new),	       TIMEOUT(udp_stream),
		TIMEOUT(icmp),	     TIMEOUT(other),	       {},
	};

	reader_map(r, value, fields, member);
}

#define RATE_BITS_MIN 8000ULL
#define RATE_BITS_MAX 1000000000000ULL

/* Not given is 0 and no limit is 0; so "none" must be told from what defaults say: NO_LIMIT. */
#define NO_LIMIT UINT64_MAX

static void read_bits(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a rate");
	uint64_t bits;
	char shown[60];

	if (!text)
		return;
	if (is_none(value))
		*(uint64_t *)member = NO_LIMIT;
	else if (quantity_parse_rate(text, &bits))
		reader_error(r, value, "bits per second, as in 64k, 130M or 1.5G",
			     "\"%s\" is no rate",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
	else if (bits < RATE_BITS_MIN || bits > RATE_BITS_MAX)
		reader_error(r, value, "none is no limit", "%s must be 8k to 1T bits per second",
			     f->name);
	else
		*(uint64_t *)member = bits;
}

static void read_packet_rate(struct reader *r, const struct node *value, const struct field *f,
			     void *member)
{
	if (is_none(value))
		*(uint64_t *)member = NO_LIMIT;
	else
		read_u64(r, value, f, member);
}

static void read_burst(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a time");
	struct sek_rate *rate = member;
	uint64_t ns;

	if (!text)
		return;
	if (quantity_parse_time(text, &ns) || ns < 1000000 || ns > 10000000000ULL) {
		reader_error(r, value, "how long a body may send ahead of its rate, as in 50ms",
			     "a burst must be a time, 1ms to 10s");
		return;
	}
	for (int dir = 0; dir < 2; dir++)
		rate[dir].burst_ns = rate[dir].packet_burst_ns = ns;
}

static void read_rate(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const size_t up = SEK_OUT * sizeof(struct sek_rate), down = SEK_IN * sizeof(struct sek_rate);
	const struct field fields[] = {
		{ .name = "up",
		  .read = read_bits,
		  .offset = up + offsetof(struct sek_rate, bits_per_s) },
		{ .name = "down",
		  .read = read_bits,
		  .offset = down + offsetof(struct sek_rate, bits_per_s) },
		{ .name = "up_packets",
		  .read = read_packet_rate,
		  .min = 1,
		  .max = 1000000000,
		  .offset = up + offsetof(struct sek_rate, packets_per_s) },
		{ .name = "down_packets",
		  .read = read_packet_rate,
		  .min = 1,
		  .max = 1000000000,
		  .offset = down + offsetof(struct sek_rate, packets_per_s) },
		{ .name = "burst", .read = read_burst },
		{},
	};

	reader_map(r, value, fields, member);
}

/* One direction of "default": a word, or {action, log}. */
static void read_default_dir(struct reader *r, const struct node *value, const struct field *f,
			     void *member)
{
	static const char *const words[] = { "accept", "drop", "reject", "inspect", NULL };
	static const enum sek_action actions[] = { SEK_ACCEPT, SEK_REFUSE, SEK_REJECT, SEK_INSPECT };
	struct model_tenant *tenant = member;
	enum sek_dir dir = f->min ? SEK_IN : SEK_OUT;
	const struct node *action = value;
	bool log = false;
	int word;

	if (value->kind == NODE_MAP) {
		const struct field log_field = { .name = "log" };

		action = node_find(value, "action");
		for (const struct node *key = value->first; key; key = key->next)
			if (strcmp(key->text, "action") != 0 && strcmp(key->text, "log") != 0)
				reader_error(r, key, "known keys: action, log",
					     "unknown key \"%s\"", key->text);
		if (node_find(value, "log"))
			read_bool(r, node_find(value, "log"), &log_field, &log);
		if (!action) {
			reader_error(r, value, NULL, "\"action\" is missing");
			return;
		}
	}
	word = reader_word(r, action, words);
	if (word < 0)
		return;
	tenant->default_action[dir] = actions[word];
	tenant->default_log[dir] = log;
}

void read_default(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		{ .name = "out", .read = read_default_dir, .min = 0 },
		{ .name = "in", .read = read_default_dir, .min = 1 },
		{},
	};

	reader_map(r, value, fields, member);
}

/* Lists of one kind that a tenant takes. */
struct taking {
	struct model_tenant *tenant;
	bool allow;
	uint64_t mask;
};

static void take_list(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "the name of a list");
	const struct model_list *list;
	struct taking *taking = arg;
	struct suggest near;

	if (!text)
		return;
	list = policy_list(r->policy, text);
	if (policy_name_list(r->policy, text)) {
		reader_error(r, item, "those are taken in names: {block: …, allow: …}",
			     "\"%s\" is a list of names, not of addresses", text);
	} else if (!list) {
		suggest_start(&near, text);
		for (size_t i = 0; i < r->policy->list_cnt; i++)
			if (r->policy->lists[i].name)
				suggest_offer(&near, r->policy->lists[i].name);
		reader_unknown(r, item, &near, "lists are named in the section of that name", "list");
	} else if (list->allow != taking->allow) {
		reader_error(r, item, taking->allow ? "it goes to block:" : "it goes to allow:",
			     "\"%s\" is a list of kind %s", list->name,
			     list->allow ? "allow" : "block");
	} else {
		taking->mask |= 1ULL << list->id;
	}
}

static void read_taking(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	struct model_tenant *tenant = member;
	struct taking taking = { .tenant = tenant, .allow = f->min };

	if (!node_is_null(value))
		reader_each(r, value, take_list, &taking);
	*(taking.allow ? &tenant->list_allow : &tenant->list_block) = taking.mask;
}

void read_subscription(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		{ .name = "block", .read = read_taking, .min = 0 },
		{ .name = "allow", .read = read_taking, .min = 1 },
		{},
	};

	reader_map(r, value, fields, member);
}

const struct field settings_fields[] = {
	{ .name = "rate", .read = read_rate, .offset = offsetof(struct model_tenant, limits.rate) },
	{ .name = "quota", .read = read_quota, .offset = offsetof(struct model_tenant, limits) },
	{ .name = "timeouts",
	  .read = read_timeouts,
	  .offset = offsetof(struct model_tenant, limits.timeout) },
	{ .name = "fail", .read = read_fail },
	{ .name = "fragments", .read = read_fragments },
	{ .name = "midstream", .read = read_midstream },
	{ .name = "protect", .read = read_protect },
	{ .name = "lists", .read = read_subscription },
	{ .name = "names", .read = read_names },
	{ .name = "inspect", .read = read_inspect },
	{ .name = "default", .read = read_default },
	{ .name = "rules", .read = read_rules },
	{},
};

void settings_start(struct model_tenant *tenant)
{
	struct sek_tenant *l = &tenant->limits;

	l->flows_max = l->half_max = l->source_flows_max = l->source_half_max = NOT_GIVEN;
	l->source_rate = l->source_burst = l->fragments_max = NOT_GIVEN;
	tenant->default_action[SEK_OUT] = SEK_REJECT;
	tenant->default_action[SEK_IN] = SEK_REFUSE;
	inspect_start(&tenant->inspect);
}

void settings_inherit(struct reader *r, const struct model_tenant *from, struct model_tenant *to)
{
	to->limits = from->limits;
	to->list_block = from->list_block;
	to->list_allow = from->list_allow;
	memcpy(to->default_action, from->default_action, sizeof(to->default_action));
	memcpy(to->default_log, from->default_log, sizeof(to->default_log));
	names_inherit(r, &from->names, &to->names);
	inspect_inherit(r, &from->inspect, &to->inspect);
}

static void fill_u32(uint32_t *value, uint32_t empty, uint32_t filling)
{
	if (*value == empty)
		*value = filling;
}

static void quota_finish(struct reader *r, const struct node *at, struct sek_tenant *l)
{
	fill_u32(&l->flows_max, NOT_GIVEN, FLOWS);
	fill_u32(&l->half_max, NOT_GIVEN, l->flows_max < 8 * HALF ? (l->flows_max + 7) / 8 : HALF);
	fill_u32(&l->source_flows_max, NOT_GIVEN,
		 l->flows_max < SOURCE_FLOWS ? l->flows_max : SOURCE_FLOWS);
	fill_u32(&l->source_half_max, NOT_GIVEN,
		 l->half_max < SOURCE_HALF ? l->half_max : SOURCE_HALF);
	fill_u32(&l->source_rate, NOT_GIVEN, SOURCE_RATE);
	fill_u32(&l->source_burst, NOT_GIVEN, l->source_rate);
	fill_u32(&l->fragments_max, NOT_GIVEN, FRAGMENTS);
	if (l->half_max > l->flows_max)
		reader_error(r, at, NULL, "half_open is %u of %u flows; it must not be more",
			     l->half_max, l->flows_max);
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* (units << 20) / rate, to the nearest. units is 8e9 for bits, 1e9 for packets. */
static uint64_t cost_q20(uint64_t units, uint64_t rate)
{
	return ((units << 20) + rate / 2) / rate;
}

static void rate_finish(struct reader *r, const struct node *at, struct sek_rate *rate)
{
	const char *hint = "a packet of full size must fit into the burst";

	if (rate->bits_per_s == NO_LIMIT)
		rate->bits_per_s = 0;
	if (rate->packets_per_s == NO_LIMIT)
		rate->packets_per_s = 0;
	if (rate->bits_per_s) {
		uint64_t least = BURST_BYTES * 8000000000ULL / rate->bits_per_s;

		if (rate->burst_ns && rate->burst_ns < least / 2)
			reader_say(r, DIAG_WARNING, at, hint,
				   "a burst of %llu ms is too short at %llu bit/s; raised to %llu ms",
				   (unsigned long long)(rate->burst_ns / 1000000),
				   (unsigned long long)rate->bits_per_s,
				   (unsigned long long)(least / 1000000));
		rate->burst_ns = more(rate->burst_ns ? rate->burst_ns : BURST_NS, least);
		rate->ns_per_byte_q20 = cost_q20(8000000000ULL, rate->bits_per_s);
	} else {
		rate->burst_ns = 0;
	}
	if (rate->packets_per_s) {
		rate->packet_burst_ns = more(rate->packet_burst_ns ? rate->packet_burst_ns : BURST_NS,
					     BURST_PACKETS * 1000000000ULL / rate->packets_per_s);
		rate->ns_per_packet_q20 = cost_q20(1000000000ULL, rate->packets_per_s);
	} else {
		rate->packet_burst_ns = 0;
	}
}

static void timeouts_finish(struct sek_timeouts *t)
{
	fill_u32(&t->tcp_syn, 0, timeouts.tcp_syn);
	fill_u32(&t->tcp_established, 0, timeouts.tcp_established);
	fill_u32(&t->tcp_closing, 0, timeouts.tcp_closing);
	fill_u32(&t->tcp_closed, 0, timeouts.tcp_closed);
	fill_u32(&t->udp_new, 0, timeouts.udp_new);
	fill_u32(&t->udp_stream, 0, timeouts.udp_stream);
	fill_u32(&t->icmp, 0, timeouts.icmp);
	fill_u32(&t->other, 0, timeouts.other);
}

void settings_finish(struct reader *r, const struct node *at, struct model_tenant *tenant)
{
	tenant->limits.flags |= SEK_TENANT_USED;
	quota_finish(r, at, &tenant->limits);
	protect_finish(&tenant->limits);
	timeouts_finish(&tenant->limits.timeout);
	for (int dir = 0; dir < 2; dir++)
		rate_finish(r, at, &tenant->limits.rate[dir]);
}
