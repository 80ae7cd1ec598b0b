/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting only. Called by report/records.c for the record file and for event.list.
 */
#include "report/eve.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "install/state.h"
#include "report/eveline.h"

static bool is_flow(const struct sek_event *e)
{
	return e->cause == SEK_CAUSE_FLOW_START || e->cause == SEK_CAUSE_FLOW_END;
}

/* FNV-1a over what both directions share. */
uint64_t eve_flow_id(const struct sek_event *e)
{
	bool turn = is_flow(e) ? e->flow_flags & SEK_FLOW_FROM_IN : e->dir == SEK_IN;
	struct sek_flow_key key = { .tenant = e->tenant, .proto = e->proto };
	uint64_t hash = 0xcbf29ce484222325ULL;
	const unsigned char *b = (const unsigned char *)&key;

	key.addr[turn] = e->src;
	key.addr[!turn] = e->dst;
	key.port[turn] = e->sport;
	key.port[!turn] = e->dport;
	for (size_t i = 0; i < sizeof(key); i++)
		hash = (hash ^ b[i]) * 0x100000001b3ULL;
	return (hash ^ hash >> 53) & ((1ULL << 53) - 1);
}

static const char *verdict_word(uint8_t verdict)
{
	static const char *const words[] = { "pass", "pass", "pass", "drop", "reject", "bug" };

	return verdict < sizeof(words) / sizeof(words[0]) ? words[verdict] : "unknown";
}

/* Suricata's words for a flow's state. */
static const char *flow_word(uint8_t state)
{
	switch (state) {
	case SEK_FLOW_NEW:
	case SEK_FLOW_SYN:
	case SEK_FLOW_SYN_ACK:
		return "new";
	case SEK_FLOW_STREAM:
	case SEK_FLOW_ESTABLISHED:
		return "established";
	default:
		return "closed";
	}
}

static void put_flow(struct line *l, const struct sek_event *e, int64_t offset)
{
	int to_server = e->flow_flags & SEK_FLOW_FROM_IN ? SEK_IN : SEK_OUT;
	bool forced = strcmp(state_reason_verdict(e->reason), "drop") == 0;

	line_put(l,
		 ",\"flow\":{\"pkts_toserver\":%" PRIu64 ",\"pkts_toclient\":%" PRIu64
		 ",\"bytes_toserver\":%" PRIu64 ",\"bytes_toclient\":%" PRIu64,
		 (uint64_t)e->packets[to_server], (uint64_t)e->packets[!to_server],
		 (uint64_t)e->bytes[to_server], (uint64_t)e->bytes[!to_server]);
	line_time(l, ",\"start\":", (int64_t)e->first_ns + offset);
	line_time(l, ",\"end\":", (int64_t)e->last_ns + offset);
	line_put(l, ",\"age\":%" PRIu64 ",\"state\":\"%s\",\"alerted\":false",
		 (uint64_t)(e->last_ns > e->first_ns ? (e->last_ns - e->first_ns) / 1000000000 : 0),
		 flow_word(e->state));
	if (e->cause == SEK_CAUSE_FLOW_END)
		line_string(l, "reason", forced ? state_reason_name(e->reason) : "timeout");
	line_put(l, "}");
	if (e->proto == 6)
		line_string(l, "tcp_state", state_flow_state_name(e->state));
}

static void put_drop(struct line *l, const struct sek_event *e)
{
	static const char *const flags[] = { "fin", "syn", "rst", "psh", "ack", "urg" };

	line_put(l, ",\"drop\":{\"len\":%u", e->len);
	if (e->proto == 6)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			line_put(l, ",\"%s\":%s", flags[i], e->tcp_flags >> i & 1 ? "true" : "false");
	line_string(l, "reason", state_reason_name(e->reason));
	line_string(l, "text", state_reason_text(e->reason, false));
	line_put(l, "}");
}

size_t eve_event(const struct sek_event *e, const struct eve_names *names, int64_t offset, char *out)
{
	struct line l = { .out = out };

	line_time(&l, "{\"timestamp\":", (int64_t)e->now_ns + offset);
	line_put(&l, ",\"flow_id\":%" PRIu64, eve_flow_id(e));
	line_string(&l, "in_iface", names->port);
	line_string(&l, "event_type",
		    e->cause == SEK_CAUSE_FLOW_END     ? "flow"
		    : e->cause == SEK_CAUSE_FLOW_START ? "flow_start"
						       : "drop");
	if (e->vlan)
		line_put(&l, ",\"vlan\":[%u]", e->vlan);
	line_tuple(&l, e);
	line_string(&l, "tenant", names->tenant);
	line_put(&l, ",\"policy\":%u", e->generation);
	line_string(&l, "direction", state_dir_name(e->dir));
	line_string(&l, "verdict", is_flow(e) ? "pass" : verdict_word(e->verdict));
	line_string(&l, "rule", names->rule);
	line_string(&l, "list", names->list);
	if (is_flow(e))
		put_flow(&l, e, offset);
	else
		put_drop(&l, e);
	line_put(&l, "}\n");
	return l.used;
}

size_t eve_loss(const char *cause, const struct sek_event_stat *total, uint64_t suppressed_new,
		uint64_t lost_new, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	line_time(&l, "{\"timestamp\":", real_ns);
	line_put(&l, ",\"event_type\":\"stats\",\"stats\":{\"events\":{");
	line_put(&l, "\"cause\":\"%s\"", cause);
	line_put(&l,
		 ",\"offered\":%" PRIu64 ",\"written\":%" PRIu64 ",\"suppressed\":%" PRIu64
		 ",\"lost\":%" PRIu64 ",\"suppressed_new\":%" PRIu64 ",\"lost_new\":%" PRIu64 "}}}\n",
		 (uint64_t)total->offered, (uint64_t)total->written, (uint64_t)total->suppressed,
		 (uint64_t)total->lost, suppressed_new, lost_new);
	return l.used;
}

size_t eve_change(const struct eve_change *c, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	line_time(&l, "{\"timestamp\":", real_ns);
	line_put(&l, ",\"event_type\":\"policy\",\"policy\":%u", c->generation);
	line_string(&l, "action", c->action);
	line_put(&l, ",\"uid\":%u,\"pid\":%d", c->uid, c->pid);
	line_string(&l, "user", c->user);
	line_string(&l, "login", c->login);
	line_string(&l, "tty", c->tty);
	line_string(&l, "ssh", c->ssh);
	line_string(&l, "message", c->message);
	line_string(&l, "path", c->path);
	line_put(&l, "}\n");
	return l.used;
}

size_t eve_check(const struct eve_check *c, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	line_time(&l, "{\"timestamp\":", real_ns);
	line_put(&l, ",\"event_type\":\"check\",\"policy\":%u", c->generation);
	line_string(&l, "check", c->check);
	line_string(&l, "asks", c->asks);
	line_put(&l, ",\"passed\":%s,\"attempts\":%u,\"ms\":%u", c->passed ? "true" : "false",
		 c->attempts, c->ms);
	line_string(&l, "said", c->said);
	line_put(&l, "}\n");
	return l.used;
}

size_t eve_flood(const struct eve_flood *f, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	line_time(&l, "{\"timestamp\":", real_ns);
	line_put(&l, ",\"event_type\":\"synflood\",\"policy\":%u", f->generation);
	line_string(&l, "tenant", f->tenant);
	line_string(&l, "state", f->over ? "over" : "begun");
	line_put(&l, ",\"half_open\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"opened\":%" PRIu64 "}\n",
		 f->half_open, f->answered, f->opened);
	return l.used;
}

size_t eve_object(const char *type, const json_t *members, int64_t real_ns, char *out)
{
	struct line l = { .out = out };
	size_t len;

	line_time(&l, "{\"timestamp\":", real_ns);
	line_put(&l, ",\"event_type\":\"%s\",", type);
	/* the object's own braces: the first is the comma's, the last is the line's */
	len = json_dumpb(members, l.out + l.used - 1, EVE_LINE_MAX - l.used, JSON_COMPACT);
	if (len < 3 || len > EVE_LINE_MAX - l.used)
		return 0;
	l.out[l.used - 1] = ',';
	l.used += len - 1;
	line_put(&l, "\n");
	return l.used;
}
