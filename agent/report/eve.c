/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting only. Called by agent.c for the record file and for event.list. Every string passes
 * escape_json() with a bound, so a hostile name can neither break a line nor fill it.
 */
#include "report/eve.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "install/state.h"
#include "text/escape.h"
#include "text/service.h"

#define STRING_MAX 600 /* bytes of one escaped string; eight of them fit a line */

struct line {
	char *out;
	size_t used;
};

static void put(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *fmt, ...)
{
	size_t room = EVE_LINE_MAX - l->used;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(l->out + l->used, room, fmt, args);
	va_end(args);
	if (n > 0)
		l->used += (size_t)n < room ? (size_t)n : room - 1;
}

/*
 * Text as the inside of a JSON string (RFC 8259); bytes that are no UTF-8 become U+FFFD, what does
 * not fit is cut at a whole character. Returns the bytes written.
 */
static size_t escape_json(const char *text, char *out, size_t cap)
{
	size_t used = 0, len = strlen(text);

	for (size_t i = 0; i < len;) {
		char piece[16];
		uint32_t point = 0;
		size_t n = utf8_decode(text + i, len - i, &point), piece_len;

		if (!n) {
			/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a length */
			memcpy(piece, "\xef\xbf\xbd", 3);
			piece_len = 3;
		} else if (point == '"' || point == '\\') {
			piece[0] = '\\';
			piece[1] = (char)point;
			piece_len = 2;
		} else if (utf8_is_control(point)) {
			piece_len = (size_t)snprintf(piece, sizeof(piece), "\\u%04x", point);
		} else {
			memcpy(piece, text + i, n);
			piece_len = n;
		}
		if (used + piece_len > cap)
			break;
		memcpy(out + used, piece, piece_len);
		used += piece_len;
		i += n ? n : 1;
	}
	return used;
}

/* ,"name":"value"; NULL is written as "". */
static void put_string(struct line *l, const char *name, const char *value)
{
	size_t room;

	put(l, ",\"%s\":\"", name);
	room = EVE_LINE_MAX - l->used;
	l->used += escape_json(value ? value : "", l->out + l->used,
			       room < STRING_MAX ? room : STRING_MAX);
	put(l, "\"");
}

static void put_time(struct line *l, const char *head, int64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / 1000000000);
	char text[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	put(l, "%s\"%s.%06" PRId64 "+0000\"", head, text, real_ns % 1000000000 / 1000);
}

static void put_address(struct line *l, const char *name, const struct sek_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN] = "";

	if (!memcmp(addr->b, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, addr->b + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr->b, text, sizeof(text));
	put(l, ",\"%s\":\"%s\"", name, text);
}

static bool is_flow(const struct sek_event *e)
{
	return e->cause == SEK_CAUSE_FLOW_START || e->cause == SEK_CAUSE_FLOW_END;
}

static void put_proto(struct line *l, uint8_t proto)
{
	const char *name = proto_record_name(proto);

	if (name)
		put(l, ",\"proto\":\"%s\"", name);
	else
		put(l, ",\"proto\":\"%03u\"", proto);
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

static void put_tuple(struct line *l, const struct sek_event *e)
{
	bool ports = e->proto == 6 || e->proto == 17 || e->proto == 132;

	put_address(l, "src_ip", &e->src);
	if (ports)
		put(l, ",\"src_port\":%u", ntohs(e->sport));
	put_address(l, "dest_ip", &e->dst);
	if (ports)
		put(l, ",\"dest_port\":%u", ntohs(e->dport));
	put_proto(l, e->proto);
	if (e->proto == 1 || e->proto == 58)
		put(l, ",\"icmp_type\":%u,\"icmp_code\":%u", e->icmp_type, e->icmp_code);
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

	put(l,
	    ",\"flow\":{\"pkts_toserver\":%" PRIu64 ",\"pkts_toclient\":%" PRIu64
	    ",\"bytes_toserver\":%" PRIu64 ",\"bytes_toclient\":%" PRIu64,
	    (uint64_t)e->packets[to_server], (uint64_t)e->packets[!to_server],
	    (uint64_t)e->bytes[to_server], (uint64_t)e->bytes[!to_server]);
	put_time(l, ",\"start\":", (int64_t)e->first_ns + offset);
	put_time(l, ",\"end\":", (int64_t)e->last_ns + offset);
	put(l, ",\"age\":%" PRIu64 ",\"state\":\"%s\",\"alerted\":false",
	    (uint64_t)(e->last_ns > e->first_ns ? (e->last_ns - e->first_ns) / 1000000000 : 0),
	    flow_word(e->state));
	if (e->cause == SEK_CAUSE_FLOW_END)
		put_string(l, "reason", forced ? state_reason_name(e->reason) : "timeout");
	put(l, "}");
	if (e->proto == 6)
		put_string(l, "tcp_state", state_flow_state_name(e->state));
}

static void put_drop(struct line *l, const struct sek_event *e)
{
	static const char *const flags[] = { "fin", "syn", "rst", "psh", "ack", "urg" };

	put(l, ",\"drop\":{\"len\":%u", e->len);
	if (e->proto == 6)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			put(l, ",\"%s\":%s", flags[i], e->tcp_flags >> i & 1 ? "true" : "false");
	put_string(l, "reason", state_reason_name(e->reason));
	put_string(l, "text", state_reason_text(e->reason, false));
	put(l, "}");
}

size_t eve_event(const struct sek_event *e, const struct eve_names *names, int64_t offset, char *out)
{
	struct line l = { .out = out };

	put_time(&l, "{\"timestamp\":", (int64_t)e->now_ns + offset);
	put(&l, ",\"flow_id\":%" PRIu64, eve_flow_id(e));
	put_string(&l, "in_iface", names->port);
	put_string(&l, "event_type",
		   e->cause == SEK_CAUSE_FLOW_END     ? "flow"
		   : e->cause == SEK_CAUSE_FLOW_START ? "flow_start"
						      : "drop");
	if (e->vlan)
		put(&l, ",\"vlan\":[%u]", e->vlan);
	put_tuple(&l, e);
	put_string(&l, "tenant", names->tenant);
	put(&l, ",\"policy\":%u", e->generation);
	put_string(&l, "direction", state_dir_name(e->dir));
	put_string(&l, "verdict", is_flow(e) ? "pass" : verdict_word(e->verdict));
	put_string(&l, "rule", names->rule);
	put_string(&l, "list", names->list);
	if (is_flow(e))
		put_flow(&l, e, offset);
	else
		put_drop(&l, e);
	put(&l, "}\n");
	return l.used;
}

size_t eve_loss(const char *cause, const struct sek_event_stat *total, uint64_t suppressed_new,
		uint64_t lost_new, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	put_time(&l, "{\"timestamp\":", real_ns);
	put(&l, ",\"event_type\":\"stats\",\"stats\":{\"events\":{");
	put(&l, "\"cause\":\"%s\"", cause);
	put(&l,
	    ",\"offered\":%" PRIu64 ",\"written\":%" PRIu64 ",\"suppressed\":%" PRIu64
	    ",\"lost\":%" PRIu64 ",\"suppressed_new\":%" PRIu64 ",\"lost_new\":%" PRIu64 "}}}\n",
	    (uint64_t)total->offered, (uint64_t)total->written, (uint64_t)total->suppressed,
	    (uint64_t)total->lost, suppressed_new, lost_new);
	return l.used;
}

size_t eve_change(const struct eve_change *c, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	put_time(&l, "{\"timestamp\":", real_ns);
	put(&l, ",\"event_type\":\"policy\",\"policy\":%u", c->generation);
	put_string(&l, "action", c->action);
	put(&l, ",\"uid\":%u,\"pid\":%d", c->uid, c->pid);
	put_string(&l, "user", c->user);
	put_string(&l, "login", c->login);
	put_string(&l, "tty", c->tty);
	put_string(&l, "ssh", c->ssh);
	put_string(&l, "message", c->message);
	put_string(&l, "path", c->path);
	put(&l, "}\n");
	return l.used;
}

size_t eve_check(const struct eve_check *c, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	put_time(&l, "{\"timestamp\":", real_ns);
	put(&l, ",\"event_type\":\"check\",\"policy\":%u", c->generation);
	put_string(&l, "check", c->check);
	put_string(&l, "asks", c->asks);
	put(&l, ",\"passed\":%s,\"attempts\":%u,\"ms\":%u", c->passed ? "true" : "false",
	    c->attempts, c->ms);
	put_string(&l, "said", c->said);
	put(&l, "}\n");
	return l.used;
}

size_t eve_flood(const struct eve_flood *f, int64_t real_ns, char *out)
{
	struct line l = { .out = out };

	put_time(&l, "{\"timestamp\":", real_ns);
	put(&l, ",\"event_type\":\"synflood\",\"policy\":%u", f->generation);
	put_string(&l, "tenant", f->tenant);
	put_string(&l, "state", f->over ? "over" : "begun");
	put(&l, ",\"half_open\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"opened\":%" PRIu64 "}\n",
	    f->half_open, f->answered, f->opened);
	return l.used;
}
