/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to names and records. Called by names/reader.c (DNS over TCP) and names/lookups.c (records).
 */
#include "wire/dns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bigend.h"

#define HEAD_LEN 12
#define NAME_WIRE_MAX 255
#define JUMPS_MAX 64 /* each leads to an earlier byte; a name of 127 labels needs no more */

struct number_name {
	uint16_t number;
	const char *name;
};

static const struct number_name types[] = {
	{ DNS_A, "A" },		{ DNS_NS, "NS" },     { DNS_CNAME, "CNAME" }, { DNS_SOA, "SOA" },
	{ DNS_NULL, "NULL" },	{ DNS_PTR, "PTR" },   { 13, "HINFO" },	      { DNS_MX, "MX" },
	{ DNS_TXT, "TXT" },	{ DNS_AAAA, "AAAA" }, { DNS_SRV, "SRV" },     { 35, "NAPTR" },
	{ DNS_DNAME, "DNAME" }, { DNS_OPT, "OPT" },   { 43, "DS" },	      { 44, "SSHFP" },
	{ 46, "RRSIG" },	{ 47, "NSEC" },	      { 48, "DNSKEY" },	      { 50, "NSEC3" },
	{ 52, "TLSA" },		{ DNS_SVCB, "SVCB" }, { DNS_HTTPS, "HTTPS" }, { 99, "SPF" },
	{ 252, "AXFR" },	{ DNS_ANY, "ANY" },   { 257, "CAA" },
};

const char *dns_type_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].number == type)
			return types[i].name;
	return NULL;
}

const char *dns_rcode_name(uint8_t rcode)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
					     "NOTIMP",	"REFUSED", "YXDOMAIN", "YXRRSET",
					     "NXRRSET", "NOTAUTH", "NOTZONE" };

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : NULL;
}

/* One byte of a label: a dot inside of it must not look like one between two. */
static size_t byte_put(uint8_t byte, char *out)
{
	if (byte > 0x20 && byte < 0x7f && byte != '.' && byte != '\\' && byte != '"') {
		out[0] = (char)byte;
		return 1;
	}
	out[0] = '\\';
	out[1] = (char)('0' + byte / 100);
	out[2] = (char)('0' + byte / 10 % 10);
	out[3] = (char)('0' + byte % 10);
	return 4;
}

/* Text of the name at *at, which moves behind it. out may be NULL. */
static bool name_read(const struct dns_reader *r, size_t *at, char *out)
{
	size_t from = *at, after = 0, used = 0, wire_len = 1;
	unsigned int jumps = 0;

	for (;;) {
		uint8_t len;

		if (from >= r->len)
			return false;
		len = r->bytes[from];
		if (len >= 0xc0) {
			size_t to;

			if (from + 2 > r->len || ++jumps > JUMPS_MAX)
				return false;
			to = (size_t)(len & 0x3f) << 8 | r->bytes[from + 1];
			if (to >= from)
				return false;
			after = after ? after : from + 2;
			from = to;
			continue;
		}
		if (len > 63 || from + 1 + len > r->len)
			return false;
		if (!len)
			break;
		wire_len += 1 + len;
		if (wire_len > NAME_WIRE_MAX)
			return false;
		if (out && used)
			out[used++] = '.';
		for (size_t i = 0; out && i < len; i++)
			used += byte_put(r->bytes[from + 1 + i], out + used);
		from += 1 + len;
	}
	if (out)
		out[used] = 0;
	*at = after ? after : from + 1;
	return true;
}

enum wire_read dns_begin(struct dns_reader *r, const uint8_t *bytes, size_t len)
{
	struct wire_cursor c = wire_cursor(bytes, len);

	*r = (struct dns_reader){ .bytes = bytes, .len = len, .at = HEAD_LEN };
	r->id = (uint16_t)wire_number(&c, 2);
	r->flags = (uint16_t)wire_number(&c, 2);
	for (int i = 0; i < DNS_SECTIONS; i++)
		r->cnt[i] = (uint16_t)wire_number(&c, 2);
	return c.is_short ? WIRE_BAD : WIRE_DONE;
}

enum wire_read dns_next(struct dns_reader *r, struct dns_item *item)
{
	struct wire_cursor c;

	while (r->section < DNS_SECTIONS && r->done == r->cnt[r->section]) {
		r->section++;
		r->done = 0;
	}
	if (r->section == DNS_SECTIONS)
		return WIRE_MORE;
	if (!name_read(r, &r->at, item->name))
		return WIRE_BAD;
	r->done++;
	c = wire_cursor(r->bytes + r->at, r->len - r->at);
	item->section = (enum dns_section)r->section;
	item->type = (uint16_t)wire_number(&c, 2);
	item->class = (uint16_t)wire_number(&c, 2);
	item->ttl_s = 0;
	item->data_off = item->data_len = 0;
	if (item->section != DNS_QUESTION) {
		item->ttl_s = wire_number(&c, 4);
		item->data_len = wire_number(&c, 2);
		item->data_off = (size_t)(c.at - r->bytes);
		wire_bytes(&c, item->data_len);
	}
	r->at = (size_t)(c.at - r->bytes);
	return c.is_short ? WIRE_BAD : WIRE_DONE;
}

/* A name in a record's data, so far from its beginning; it may lead out of it by a pointer only. */
static bool data_name(const struct dns_reader *r, const struct dns_item *item, size_t off, char *out)
{
	size_t at = item->data_off + off;

	return off < item->data_len && name_read(r, &at, out) &&
	       at <= item->data_off + item->data_len;
}

bool dns_target(const struct dns_reader *r, const struct dns_item *item, char ret_name[DNS_NAME_TEXT])
{
	switch (item->type) {
	case DNS_CNAME:
	case DNS_DNAME:
		return data_name(r, item, 0, ret_name) && ret_name[0];
	case DNS_SVCB:
	case DNS_HTTPS:
		/* "." is the owner itself (RFC 9460, 2.5). */
		return data_name(r, item, 2, ret_name) && ret_name[0];
	default:
		return false;
	}
}

/* The strings of a TXT record, one behind the other. */
static void txt_text(const uint8_t *data, size_t len, char out[DNS_DATA_TEXT])
{
	size_t used = 0;

	for (size_t at = 0; at < len; at += 1 + data[at])
		for (size_t i = 0; i < data[at] && at + 1 + i < len; i++) {
			uint8_t byte = data[at + 1 + i];

			if (used + 5 > DNS_DATA_TEXT)
				return;
			if (byte >= 0x20 && byte < 0x7f && byte != '\\')
				out[used++] = (char)byte;
			else
				used += byte_put(byte, out + used);
			out[used] = 0;
		}
}

void dns_data_text(const struct dns_reader *r, const struct dns_item *item, char out[DNS_DATA_TEXT])
{
	const uint8_t *data = r->bytes + item->data_off;
	char name[DNS_NAME_TEXT];

	out[0] = 0;
	switch (item->type) {
	case DNS_A:
	case DNS_AAAA:
		if (item->data_len == (item->type == DNS_A ? 4 : 16))
			inet_ntop(item->type == DNS_A ? AF_INET : AF_INET6, data, out, DNS_DATA_TEXT);
		break;
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_NS:
	case DNS_PTR:
	case DNS_SOA:
		if (data_name(r, item, 0, name))
			snprintf(out, DNS_DATA_TEXT, "%.*s", DNS_DATA_TEXT - 1, name);
		break;
	case DNS_MX:
	case DNS_SVCB:
	case DNS_HTTPS:
		if (data_name(r, item, 2, name))
			snprintf(out, DNS_DATA_TEXT, "%u %.*s", be16(data), DNS_DATA_TEXT - 8,
				 name[0] ? name : ".");
		break;
	case DNS_TXT:
		txt_text(data, item->data_len, out);
		break;
	default:
		break;
	}
}
