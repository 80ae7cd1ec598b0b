/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting only. Called by names/records.c.
 */
#include "report/evename.h"

#include <stdio.h>
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

static void begin(struct json *json, const struct eve_name *n, const char *type, int64_t offset,
		  char *out)
{
	line_begin(json, out, (int64_t)n->event.now_ns + offset);
	json_number(json, "flow_id", eve_flow_id(&n->event));
	line_string(json, "event_type", type);
	line_tuple(json, &n->event);
	line_string(json, "tenant", n->tenant);
	json_number(json, "policy", n->event.generation);
	line_string(json, "direction", state_dir_name(n->event.dir));
}

static const char *how_word(uint8_t how)
{
	static const char *const words[] = { "",	"nxdomain", "nodata", "sinkhole",
					     "silence", "tcp",	    "local",  "" };

	return how < sizeof(words) / sizeof(words[0]) ? words[how] : "nxdomain";
}

/* Which list and entry decided. */
static void decided(struct json *json, const struct eve_name *n)
{
	line_string(json, "verdict", verdict_of(n));
	line_string(json, "list", n->list);
	line_string(json, "category", n->category);
	json_open(json, "name");
	line_string(json, "reason", state_reason_name(n->event.reason));
	line_string(json, "group", n->group);
	line_string(json, "suffix", n->suffix);
	line_string(json, "how", how_word(n->how));
	json_close(json);
}

/* A number that has no name is written behind a word, as RFC 3597 does with types. */
static void put_named(struct json *json, const char *name, const char *value, const char *word,
		      uint16_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%s%u", word, number);
	json_text(json, name, value ? value : text);
}

/* The head's flags, as Suricata writes those of an answer. */
static void put_flags(struct json *json, const struct dns_reader *dns)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} flags[] = {
		{ 0x8000, "qr" }, { 0x0400, "aa" }, { 0x0200, "tc" }, { 0x0100, "rd" }, { 0x0080, "ra" }
	};
	char hex[8];

	snprintf(hex, sizeof(hex), "%x", dns->flags);
	json_text(json, "flags", hex);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (dns->flags & flags[i].bit)
			json_bool(json, flags[i].name, true);
}

static void put_answer(struct json *json, const struct dns_reader *dns, const struct dns_item *item)
{
	char data[DNS_DATA_TEXT];

	dns_data_text(dns, item, data);
	json_open(json, NULL);
	json_number(json, "ttl", item->ttl_s);
	line_string(json, "rrname", item->name);
	put_named(json, "rrtype", dns_type_name(item->type), "TYPE", item->type);
	if (data[0])
		line_string(json, "rdata", data);
	json_close(json);
}

/* Records of the answer section; how many there were more is said. */
static bool put_answers(struct json *json, struct dns_reader *dns, struct dns_item *item)
{
	uint32_t cnt = 0, more = 0;
	enum wire_read read;

	while ((read = dns_next(dns, item)) == WIRE_DONE && item->section == DNS_ANSWER) {
		if (cnt == EVE_ANSWERS_MAX || json->cap - json->len < 2 * ANSWER_ROOM) {
			more++;
			continue;
		}
		if (!cnt++)
			json_list(json, "answers");
		put_answer(json, dns, item);
	}
	if (cnt)
		json_close(json);
	if (more)
		json_number(json, "answers_left_out", more);
	return read != WIRE_BAD;
}

bool eve_dns(const struct eve_name *name, const uint8_t *message, size_t len, int64_t offset,
	     char *out, size_t *ret_len)
{
	struct json json;
	struct dns_reader dns;
	struct dns_item item;
	bool is_answer;

	if (dns_begin(&dns, message, len) != WIRE_DONE || dns_next(&dns, &item) != WIRE_DONE ||
	    item.section != DNS_QUESTION)
		return false;
	is_answer = dns_is_answer(&dns);
	begin(&json, name, "dns", offset, out);
	decided(&json, name);
	json_open(&json, "dns");
	if (is_answer)
		json_number(&json, "version", 2);
	json_text(&json, "type", is_answer ? "answer" : "query");
	json_number(&json, "id", dns.id);
	if (is_answer)
		put_flags(&json, &dns);
	line_string(&json, "rrname", item.name);
	put_named(&json, "rrtype", dns_type_name(item.type), "TYPE", item.type);
	if (!is_answer)
		json_number(&json, "tx_id", 0);
	json_number(&json, "opcode", dns.flags >> 11 & 0xf);
	if (is_answer) {
		put_named(&json, "rcode", dns_rcode_name(dns_rcode(&dns)), "RCODE", dns_rcode(&dns));
		if (!put_answers(&json, &dns, &item))
			json_bool(&json, "cut_short", true);
	}
	*ret_len = line_end(&json);
	return true;
}

static const char *quic_version(uint32_t version)
{
	if (version == 1)
		return "1";
	return version == 0x6b3343cf ? "v2" : "unknown";
}

size_t eve_request(const struct eve_name *name, const struct eve_request *r, int64_t offset, char *out)
{
	static const char *const types[] = { "none", "dns", "tls", "http", "quic" };
	struct json json;

	begin(&json, name, types[r->proto < 5 ? r->proto : 0], offset, out);
	decided(&json, name);
	if (r->proto == SEK_NAME_PROTO_HTTP) {
		json_open(&json, "http");
		json_number(&json, "http_port", __builtin_bswap16(name->event.dport));
		line_string(&json, "hostname", r->host);
		line_string(&json, "url", r->url);
		if (r->method)
			line_string(&json, "http_method", r->method);
	} else {
		bool is_quic = r->proto == SEK_NAME_PROTO_QUIC;

		json_open(&json, is_quic ? "quic" : "tls");
		if (is_quic)
			json_text(&json, "version", quic_version(r->version));
		else
			json_bool(&json, "ech", r->hides);
		line_string(&json, "sni", r->host);
	}
	return line_end(&json);
}

size_t eve_name_anomaly(const struct eve_name *name, const struct eve_anomaly *a, int64_t offset,
			char *out)
{
	struct json json;

	begin(&json, name, "anomaly", offset, out);
	json_open(&json, "anomaly");
	json_text(&json, "type", "applayer");
	json_text(&json, "layer", "name");
	line_string(&json, "event", a->event);
	line_string(&json, "name", a->name);
	line_string(&json, "text", a->text);
	if (a->score)
		json_number(&json, "score", a->score);
	return line_end(&json);
}
