/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting only. Called by report/records.c for the record file and for event.list.
 */
#include "report/eve.h"

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

static void put_flow(struct json *json, const struct sek_event *e, int64_t offset)
{
	int to_server = e->flow_flags & SEK_FLOW_FROM_IN ? SEK_IN : SEK_OUT;
	bool forced = strcmp(state_reason_verdict(e->reason), "drop") == 0;

	json_open(json, "flow");
	json_number(json, "pkts_toserver", e->packets[to_server]);
	json_number(json, "pkts_toclient", e->packets[!to_server]);
	json_number(json, "bytes_toserver", e->bytes[to_server]);
	json_number(json, "bytes_toclient", e->bytes[!to_server]);
	json_time(json, "start", e->first_ns + (uint64_t)offset);
	json_time(json, "end", e->last_ns + (uint64_t)offset);
	json_number(json, "age",
		    e->last_ns > e->first_ns ? (e->last_ns - e->first_ns) / 1000000000 : 0);
	json_text(json, "state", flow_word(e->state));
	json_bool(json, "alerted", false);
	if (e->cause == SEK_CAUSE_FLOW_END)
		line_string(json, "reason", forced ? state_reason_name(e->reason) : "timeout");
	json_close(json);
	if (e->proto == 6)
		line_string(json, "tcp_state", state_flow_state_name(e->state));
}

static void put_drop(struct json *json, const struct sek_event *e)
{
	static const char *const flags[] = { "fin", "syn", "rst", "psh", "ack", "urg" };

	json_open(json, "drop");
	json_number(json, "len", e->len);
	if (e->proto == 6)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			json_bool(json, flags[i], e->tcp_flags >> i & 1);
	line_string(json, "reason", state_reason_name(e->reason));
	line_string(json, "text", state_reason_text(e->reason, false));
	json_close(json);
}

size_t eve_event(const struct sek_event *e, const struct eve_names *names, int64_t offset, char *out)
{
	struct json json;

	line_begin(&json, out, (int64_t)e->now_ns + offset);
	json_number(&json, "flow_id", eve_flow_id(e));
	line_string(&json, "in_iface", names->port);
	json_text(&json, "event_type",
		  e->cause == SEK_CAUSE_FLOW_END     ? "flow"
		  : e->cause == SEK_CAUSE_FLOW_START ? "flow_start"
						     : "drop");
	if (e->vlan) {
		json_list(&json, "vlan");
		json_number(&json, NULL, e->vlan);
		json_close(&json);
	}
	line_tuple(&json, e);
	line_string(&json, "tenant", names->tenant);
	json_number(&json, "policy", e->generation);
	line_string(&json, "direction", state_dir_name(e->dir));
	json_text(&json, "verdict", is_flow(e) ? "pass" : verdict_word(e->verdict));
	line_string(&json, "rule", names->rule);
	line_string(&json, "list", names->list);
	if (is_flow(e))
		put_flow(&json, e, offset);
	else
		put_drop(&json, e);
	return line_end(&json);
}

size_t eve_loss(const char *cause, const struct sek_event_stat *total, uint64_t suppressed_new,
		uint64_t lost_new, int64_t real_ns, char *out)
{
	struct json json;

	line_begin(&json, out, real_ns);
	json_text(&json, "event_type", "stats");
	json_open(&json, "stats");
	json_open(&json, "events");
	line_string(&json, "cause", cause);
	json_number(&json, "offered", total->offered);
	json_number(&json, "written", total->written);
	json_number(&json, "suppressed", total->suppressed);
	json_number(&json, "lost", total->lost);
	json_number(&json, "suppressed_new", suppressed_new);
	json_number(&json, "lost_new", lost_new);
	return line_end(&json);
}

size_t eve_change(const struct eve_change *c, int64_t real_ns, char *out)
{
	struct json json;

	line_begin(&json, out, real_ns);
	json_text(&json, "event_type", "policy");
	json_number(&json, "policy", c->generation);
	line_string(&json, "action", c->action);
	json_number(&json, "uid", c->uid);
	json_signed(&json, "pid", c->pid);
	line_string(&json, "user", c->user);
	line_string(&json, "login", c->login);
	line_string(&json, "tty", c->tty);
	line_string(&json, "ssh", c->ssh);
	line_string(&json, "message", c->message);
	line_string(&json, "path", c->path);
	return line_end(&json);
}

size_t eve_check(const struct eve_check *c, int64_t real_ns, char *out)
{
	struct json json;

	line_begin(&json, out, real_ns);
	json_text(&json, "event_type", "check");
	json_number(&json, "policy", c->generation);
	line_string(&json, "check", c->check);
	line_string(&json, "asks", c->asks);
	json_bool(&json, "passed", c->passed);
	json_number(&json, "attempts", c->attempts);
	json_number(&json, "ms", c->ms);
	line_string(&json, "said", c->said);
	return line_end(&json);
}

size_t eve_flood(const struct eve_flood *f, int64_t real_ns, char *out)
{
	struct json json;

	line_begin(&json, out, real_ns);
	json_text(&json, "event_type", "synflood");
	json_number(&json, "policy", f->generation);
	line_string(&json, "tenant", f->tenant);
	json_text(&json, "state", f->over ? "over" : "begun");
	json_number(&json, "half_open", f->half_open);
	json_number(&json, "answered", f->answered);
	json_number(&json, "opened", f->opened);
	return line_end(&json);
}

size_t eve_object(const char *type, const json_t *members, int64_t real_ns, char *out)
{
	struct json json;
	size_t len, room;

	line_begin(&json, out, real_ns);
	json_text(&json, "event_type", type);
	room = json.cap - json.len;
	len = json_dumpb(members, json.bytes + json.len, room, JSON_COMPACT);
	if (len < 3 || len > room)
		return 0;
	/* the object's own braces: the first is a comma's place, the last is the line's */
	json.bytes[json.len] = ',';
	json.len += len - 1;
	return line_end(&json);
}
