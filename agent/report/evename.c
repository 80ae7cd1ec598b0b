/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting only. Called by names/records.c.
 */
#include "report/evename.h"

#include <inttypes.h>
#include <string.h>

#include "install/state.h"
#include "report/eveline.h"
#include "sekisho/verdict.h"

#define ANSWER_ROOM 1400 /* of one record of an answer, at most */

/* What the reader of a record wants to know first: did it get through? */
static const char *verdict_of(const struct eve_name *n)
{
	if (strcmp(state_reason_verdict(n->event.reason), "drop") != 0)
		return "pass";
	return n->how == SEK_NAME_SILENCE ? "drop" : "reject";
}

static void begin(struct line *l, const struct eve_name *n, const char *type, int64_t offset)
{
	line_time(l, "{\"timestamp\":", (int64_t)n->event.now_ns + offset);
	line_put(l, ",\"flow_id\":%" PRIu64, eve_flow_id(&n->event));
	line_string(l, "event_type", type);
	line_tuple(l, &n->event);
	line_string(l, "tenant", n->tenant);
	line_put(l, ",\"policy\":%u", n->event.generation);
	line_string(l, "direction", state_dir_name(n->event.dir));
}

static const char *how_word(uint8_t how)
{
	static const char *const words[] = { "",	"nxdomain", "nodata", "sinkhole",
					     "silence", "tcp",	    "local",  "" };

	return how < sizeof(words) / sizeof(words[0]) ? words[how] : "nxdomain";
}

/* Which list and entry decided. */
static void decided(struct line *l, const struct eve_name *n)
{
	line_string(l, "verdict", verdict_of(n));
	line_string(l, "list", n->list);
	line_string(l, "category", n->category);
	line_put(l, ",\"name\":{\"reason\":\"%s\"", state_reason_name(n->event.reason));
	line_string(l, "group", n->group);
	line_string(l, "suffix", n->suffix);
	line_string(l, "how", how_word(n->how));
	line_put(l, "}");
}

static void put_type(struct line *l, uint16_t type)
{
	const char *name = dns_type_name(type);

	if (name)
		line_put(l, ",\"rrtype\":\"%s\"", name);
	else
		line_put(l, ",\"rrtype\":\"TYPE%u\"", type); /* RFC 3597 */
}

/* The head's flags, as Suricata writes those of an answer. */
static void put_flags(struct line *l, const struct dns_reader *dns)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} flags[] = {
		{ 0x8000, "qr" }, { 0x0400, "aa" }, { 0x0200, "tc" }, { 0x0100, "rd" }, { 0x0080, "ra" }
	};

	line_put(l, ",\"flags\":\"%x\"", dns->flags);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (dns->flags & flags[i].bit)
			line_put(l, ",\"%s\":true", flags[i].name);
}

static void put_answer(struct line *l, const struct dns_reader *dns, const struct dns_item *item,
		       bool first)
{
	char data[DNS_DATA_TEXT];

	dns_data_text(dns, item, data);
	line_put(l, "%s{\"ttl\":%u", first ? ",\"answers\":[" : ",", item->ttl_s);
	line_string(l, "rrname", item->name);
	put_type(l, item->type);
	if (data[0])
		line_string(l, "rdata", data);
	line_put(l, "}");
}

/* Records of the answer section; how many there were more is said. */
static bool put_answers(struct line *l, struct dns_reader *dns, struct dns_item *item)
{
	uint32_t cnt = 0, more = 0;
	enum wire_read read;

	while ((read = dns_next(dns, item)) == WIRE_DONE && item->section == DNS_ANSWER) {
		if (cnt == EVE_ANSWERS_MAX || EVE_LINE_MAX - l->used < 2 * ANSWER_ROOM) {
			more++;
			continue;
		}
		put_answer(l, dns, item, !cnt++);
	}
	if (cnt)
		line_put(l, "]");
	if (more)
		line_put(l, ",\"answers_left_out\":%u", more);
	return read != WIRE_BAD;
}

bool eve_dns(const struct eve_name *name, const uint8_t *message, size_t len, int64_t offset,
	     char *out, size_t *ret_len)
{
	struct line l = { .out = out };
	struct dns_reader dns;
	struct dns_item item;

	if (dns_begin(&dns, message, len) != WIRE_DONE || dns_next(&dns, &item) != WIRE_DONE ||
	    item.section != DNS_QUESTION)
		return false;
	begin(&l, name, "dns", offset);
	decided(&l, name);
	line_put(&l, ",\"dns\":{%s\"type\":\"%s\",\"id\":%u",
		 dns_is_answer(&dns) ? "\"version\":2," : "",
		 dns_is_answer(&dns) ? "answer" : "query", dns.id);
	if (dns_is_answer(&dns))
		put_flags(&l, &dns);
	line_string(&l, "rrname", item.name);
	put_type(&l, item.type);
	if (!dns_is_answer(&dns)) {
		line_put(&l, ",\"tx_id\":0,\"opcode\":%u}}\n", dns.flags >> 11 & 0xf);
	} else {
		const char *rcode = dns_rcode_name(dns_rcode(&dns));

		line_put(&l, ",\"opcode\":%u", dns.flags >> 11 & 0xf);
		if (rcode)
			line_put(&l, ",\"rcode\":\"%s\"", rcode);
		else
			line_put(&l, ",\"rcode\":\"RCODE%u\"", dns_rcode(&dns));
		if (!put_answers(&l, &dns, &item))
			line_put(&l, ",\"cut_short\":true");
		line_put(&l, "}}\n");
	}
	*ret_len = l.used;
	return true;
}

static void put_quic_version(struct line *l, uint32_t version)
{
	if (version == 1)
		line_put(l, ",\"quic\":{\"version\":\"1\"");
	else
		line_put(l, ",\"quic\":{\"version\":\"%s\"",
			 version == 0x6b3343cf ? "v2" : "unknown");
}

size_t eve_request(const struct eve_name *name, const struct eve_request *r, int64_t offset, char *out)
{
	static const char *const types[] = { "none", "dns", "tls", "http", "quic" };
	struct line l = { .out = out };

	begin(&l, name, types[r->proto < 5 ? r->proto : 0], offset);
	decided(&l, name);
	if (r->proto == SEK_NAME_PROTO_HTTP) {
		line_put(&l, ",\"http\":{\"http_port\":%u", __builtin_bswap16(name->event.dport));
		line_string(&l, "hostname", r->host);
		line_string(&l, "url", r->url);
		if (r->method)
			line_string(&l, "http_method", r->method);
	} else {
		if (r->proto == SEK_NAME_PROTO_QUIC)
			put_quic_version(&l, r->version);
		else
			line_put(&l, ",\"tls\":{\"ech\":%s", r->hides ? "true" : "false");
		line_string(&l, "sni", r->host);
	}
	line_put(&l, "}}\n");
	return l.used;
}

size_t eve_name_anomaly(const struct eve_name *name, const struct eve_anomaly *a, int64_t offset,
			char *out)
{
	struct line l = { .out = out };

	begin(&l, name, "anomaly", offset);
	line_put(&l, ",\"anomaly\":{\"type\":\"applayer\",\"layer\":\"name\"");
	line_string(&l, "event", a->event);
	line_string(&l, "name", a->name);
	line_string(&l, "text", a->text);
	if (a->score)
		line_put(&l, ",\"score\":%" PRIu64, a->score);
	line_put(&l, "}}\n");
	return l.used;
}
