/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages as records. Called by told. Promises the names of Suricata 7's version 2: a record for each
 * question, one for each answering message.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/bigend.h"
#include "base/digits.h"
#include "proto/dns.h"
#include "report/json.h"

enum option {
	OPTION_REQUESTS,
	OPTION_RESPONSES,
	OPTION_QUERY,
	OPTION_ANSWER,
	OPTION_DETAILED,
	OPTION_GROUPED,
	OPTION_TYPES
};

static const struct {
	uint16_t number;
	const char *name;
} types[] = {
#define DNS_TYPE(number, name, word) { number, name },
#include "proto/dnstypes.def"
#undef DNS_TYPE
};

const struct proto_option dns_options[] = {
	{ "requests", true }, { "responses", true },	    { "query", true },
	{ "answer", true },   { "formats.detailed", true }, { "formats.grouped", true },
#define DNS_TYPE(number, name, word) { "types." word, true },
#include "proto/dnstypes.def"
#undef DNS_TYPE
};
_Static_assert(sizeof(dns_options) / sizeof(dns_options[0]) == DNS_OPTION_CNT, "dns.h says how many");

static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
				      "NOTIMP",	 "REFUSED", "YXDOMAIN", "YXRRSET",
				      "NXRRSET", "NOTAUTH", "NOTZONE" };

static bool is_on(const struct json *json, unsigned int option)
{
	return json->options >> option & 1;
}

static const char *type_name(uint16_t type, char number[8])
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].number == type)
			return types[i].name;
	snprintf(number, 8, "%u", type);
	return number;
}

/* Types without a name are told unless a list of types is. */
static bool type_is_on(const struct json *json, uint16_t type)
{
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].number == type)
			return is_on(json, OPTION_TYPES + i);
	return is_on(json, OPTION_TYPES);
}

static void type_put(struct json *json, uint16_t type)
{
	char number[8];

	json_text(json, "rrtype", type_name(type, number));
}

static void name_put(struct json *json, const struct dns_tx *tx, const struct dns_rr *rr)
{
	json_bytes(json, "rrname", dns_rr_name(tx, rr));
	if (rr->name_cut)
		json_bool(json, "rrname_truncated", true);
}

/* --- data of records --- */

/* A name inside of data; false: it cannot be read. */
static bool data_name(const struct dns_tx *tx, size_t at, uint8_t name[DNS_NAME_MAX],
		      struct slice *ret, size_t *ret_end)
{
	size_t len = 0;
	bool cut;
	uint8_t event;
	int end = dns_name_read(slice(tx->message, tx->len), at, name, &len, &cut, &event);

	if (end < 0)
		return false;
	*ret = slice(name, len);
	if (ret_end)
		*ret_end = (size_t)end;
	return true;
}

static void soa_put(struct json *json, const char *key, const struct dns_tx *tx,
		    const struct dns_rr *rr)
{
	static const char *const numbers[] = { "serial", "refresh", "retry", "expire", "minimum" };
	uint8_t first[DNS_NAME_MAX], second[DNS_NAME_MAX];
	struct slice mname, rname;
	size_t end = 0;

	if (!data_name(tx, rr->data_at, first, &mname, &end) ||
	    !data_name(tx, end, second, &rname, &end) || end + 20 > tx->len)
		return;
	json_open(json, key);
	json_bytes(json, "mname", mname);
	json_bytes(json, "rname", rname);
	for (size_t i = 0; i < 5; i++)
		json_number(json, numbers[i], be32(tx->message + end + i * 4));
	json_close(json);
}

static void srv_put(struct json *json, const char *key, const struct dns_tx *tx,
		    const struct dns_rr *rr)
{
	const uint8_t *b = tx->message + rr->data_at;
	uint8_t bytes[DNS_NAME_MAX];
	struct slice name;

	if (rr->data_len < 7 || !data_name(tx, rr->data_at + 6U, bytes, &name, NULL))
		return;
	json_open(json, key);
	json_number(json, "priority", be16(b));
	json_number(json, "weight", be16(b + 2));
	json_number(json, "port", (uint64_t)b[4] << 8 | b[5]);
	json_bytes(json, "name", name);
	json_close(json);
}

static void sshfp_put(struct json *json, const char *key, const struct dns_tx *tx,
		      const struct dns_rr *rr)
{
	const uint8_t *b = tx->message + rr->data_at;
	char text[3 * 64];
	size_t len = 0;

	if (rr->data_len < 3)
		return;
	for (size_t i = 2; i < rr->data_len && len + 3 < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%02x", len ? ":" : "",
					b[i]);
	json_open(json, key);
	json_bytes(json, "fingerprint", slice(text, len));
	json_number(json, "algo", b[0]);
	json_number(json, "type", b[1]);
	json_close(json);
}

static bool address_put(struct json *json, const char *key, const struct dns_tx *tx,
			const struct dns_rr *rr)
{
	struct sek_addr addr = { .b = { [10] = 0xff, 0xff } };

	if (rr->type == 1 && rr->data_len == 4)
		memcpy(addr.b + 12, tx->message + rr->data_at, 4);
	else if (rr->type == 28 && rr->data_len == 16)
		memcpy(addr.b, tx->message + rr->data_at, 16);
	else
		return false;
	json_address(json, key, &addr, rr->type == 1 ? 4 : 6);
	return true;
}

static void data_name_put(struct json *json, const char *key, const struct dns_tx *tx,
			  const struct dns_rr *rr)
{
	uint8_t bytes[DNS_NAME_MAX];
	struct slice name;
	size_t skip = rr->type == 15 ? 2 : 0; /* MX: the preference */

	if (rr->data_len > skip && data_name(tx, rr->data_at + skip, bytes, &name, NULL))
		json_bytes(json, key, name);
}

/* The value under key, which NULL makes an element of a list; what has no words is left out. */
static void data_put(struct json *json, const char *key, const struct dns_tx *tx,
		     const struct dns_rr *rr, struct slice text)
{
	bool in_list = !key;

	switch (rr->type) {
	case 1:
	case 28:
		address_put(json, key, tx, rr);
		break;
	case 2:
	case 5:
	case 12:
	case 15:
		data_name_put(json, key, tx, rr);
		break;
	case 10:
	case 16:
		json_bytes(json, key, text);
		break;
	case 6:
		soa_put(json, in_list ? NULL : "soa", tx, rr);
		break;
	case 33:
		srv_put(json, in_list ? NULL : "srv", tx, rr);
		break;
	case 44:
		sshfp_put(json, in_list ? NULL : "sshfp", tx, rr);
		break;
	default:
		break;
	}
}

/* TXT holds strings, each of which is told by itself; all else has one value. false: there are no more. */
static bool value_next(const struct dns_tx *tx, const struct dns_rr *rr, size_t *at, struct slice *ret)
{
	const uint8_t *data = tx->message + rr->data_at;
	size_t len;

	if (rr->type != 16) {
		*ret = slice(data, rr->data_len);
		return (*at)++ == 0;
	}
	if (*at >= rr->data_len)
		return false;
	len = data[*at];
	if (len > rr->data_len - *at - 1U)
		len = rr->data_len - *at - 1U;
	*ret = slice(data + *at + 1, len);
	*at += 1 + len;
	return true;
}

static void detailed_put(struct json *json, const char *key, const struct dns_tx *tx,
			 enum dns_part part)
{
	const struct dns_rr *rr;

	json_list(json, key);
	for (size_t i = 0; (rr = dns_rr(tx, part, i)); i++) {
		struct slice value;
		size_t at = 0;

		while (value_next(tx, rr, &at, &value)) {
			json_open(json, NULL);
			name_put(json, tx, rr);
			type_put(json, rr->type);
			json_number(json, "ttl", rr->ttl);
			data_put(json, "rdata", tx, rr, value);
			json_close(json);
		}
	}
	json_close(json);
}

static bool has_words(uint16_t type)
{
	return type == 1 || type == 2 || type == 5 || type == 6 || type == 10 || type == 12 ||
	       type == 15 || type == 16 || type == 28 || type == 33 || type == 44;
}

/* All answers of one type. */
static void group_put(struct json *json, const struct dns_tx *tx, size_t first)
{
	const struct dns_rr *of = dns_rr(tx, DNS_PART_ANSWER, first), *rr;
	char number[8];

	json_list(json, type_name(of->type, number));
	for (size_t i = first; (rr = dns_rr(tx, DNS_PART_ANSWER, i)); i++) {
		struct slice value;
		size_t at = 0;

		while (rr->type == of->type && value_next(tx, rr, &at, &value))
			data_put(json, NULL, tx, rr, value);
	}
	json_close(json);
}

static void grouped_put(struct json *json, const struct dns_tx *tx)
{
	uint64_t seen = 0; /* types with words are below 64 */
	const struct dns_rr *rr;

	json_open(json, "grouped");
	for (size_t i = 0; (rr = dns_rr(tx, DNS_PART_ANSWER, i)); i++) {
		if (!has_words(rr->type) || seen >> rr->type & 1)
			continue;
		seen |= UINT64_C(1) << rr->type;
		group_put(json, tx, i);
	}
	json_close(json);
}

/* --- records --- */

static void query_put(struct json *json, const struct dns_tx *tx, const struct dns_rr *rr)
{
	json_text(json, "type", "query");
	json_number(json, "id", tx->id);
	name_put(json, tx, rr);
	type_put(json, rr->type);
	json_number(json, "tx_id", tx->tx.id);
	if (tx->flags & 0x0040)
		json_bool(json, "z", true);
	json_number(json, "opcode", tx->flags >> 11 & 15);
}

static void flags_put(struct json *json, uint16_t flags)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} names[] = { { 0x8000, "qr" }, { 0x0400, "aa" }, { 0x0200, "tc" },
		      { 0x0100, "rd" }, { 0x0080, "ra" }, { 0x0040, "z" } };
	char digits[4], *at = hex_write((const uint8_t[]){ flags >> 8, flags & 0xff }, 2, 0, digits);
	const char *from = digits;

	while (from < at - 1 && *from == '0')
		from++;
	json_bytes(json, "flags", slice(from, (size_t)(at - from)));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit)
			json_bool(json, names[i].name, true);
	json_number(json, "opcode", flags >> 11 & 15);
}

static void rcode_put(struct json *json, uint16_t code)
{
	char number[8];
	const char *name = number;

	if (code < sizeof(rcodes) / sizeof(rcodes[0]))
		name = rcodes[code];
	else
		snprintf(number, sizeof(number), "%u", code);
	json_text(json, "rcode", name);
}

static void answer_put(struct json *json, const struct dns_tx *tx)
{
	const struct dns_rr *query = dns_rr(tx, DNS_PART_QUERY, 0);

	json_number(json, "version", 2);
	json_text(json, "type", "answer");
	json_number(json, "id", tx->id);
	flags_put(json, tx->flags);
	if (query) {
		name_put(json, tx, query);
		type_put(json, query->type);
	}
	rcode_put(json, tx->flags & 15);
	if (tx->cnt[DNS_PART_ANSWER] && is_on(json, OPTION_DETAILED))
		detailed_put(json, "answers", tx, DNS_PART_ANSWER);
	if (tx->cnt[DNS_PART_ANSWER] && is_on(json, OPTION_GROUPED))
		grouped_put(json, tx);
	if (tx->cnt[DNS_PART_AUTHORITY])
		detailed_put(json, "authorities", tx, DNS_PART_AUTHORITY);
}

uint32_t dns_log_cnt(const struct tx *tx)
{
	const struct dns_tx *dns = (const struct dns_tx *)tx;

	return dns->is_answer ? 1 : dns->cnt[DNS_PART_QUERY];
}

bool dns_log(struct tx *tx, struct json *json)
{
	const struct dns_tx *dns = (const struct dns_tx *)tx;
	const struct dns_rr *query = dns_rr(dns, DNS_PART_QUERY, json->part);

	if (dns->is_answer ? !is_on(json, OPTION_RESPONSES) || !is_on(json, OPTION_ANSWER)
			   : !is_on(json, OPTION_REQUESTS) || !is_on(json, OPTION_QUERY))
		return false;
	if (query && !type_is_on(json, query->type))
		return false;
	if (dns->is_answer) {
		answer_put(json, dns);
		return true;
	}
	json_number(json, "version", 2);
	if (query)
		query_put(json, dns, query);
	return query;
}

void dns_log_alert(struct tx *tx, struct json *json)
{
	const struct dns_tx *dns = (const struct dns_tx *)tx;
	const struct dns_rr *query;

	json_open(json, "dns");
	json_number(json, "version", 2);
	if (dns->is_answer) {
		json_open(json, "answer");
		answer_put(json, dns);
		json_close(json);
	} else if (dns->cnt[DNS_PART_QUERY]) {
		json_list(json, "query");
		for (size_t i = 0; (query = dns_rr(dns, DNS_PART_QUERY, i)); i++) {
			json_open(json, NULL);
			query_put(json, dns, query);
			json_close(json);
		}
		json_close(json);
	}
	json_close(json);
}
