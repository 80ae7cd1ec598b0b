/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS message (RFC 1035): its head, then its questions and records one at a time.
 */
#ifndef AGENT_WIRE_DNS_H
#define AGENT_WIRE_DNS_H

#include "wire/wire.h"

/* A name in text, its last dot left out: each of 253 bytes may become \DDD. */
#define DNS_NAME_TEXT 1024
#define DNS_DATA_TEXT 512

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_NULL = 10,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
	DNS_ANY = 255,
};

#define DNS_RCODE_NXDOMAIN 3

enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

struct dns_reader {
	const uint8_t *bytes;
	size_t len, at;
	uint16_t id, flags; /* as on the wire: QR is 0x8000 */
	uint16_t cnt[DNS_SECTIONS];
	uint16_t done;
	uint8_t section;
};

struct dns_item {
	enum dns_section section;
	char name[DNS_NAME_TEXT]; /* as it came: case is kept */
	uint16_t type, class;
	uint32_t ttl_s; /* not of a question */
	size_t data_off, data_len;
};

/* WIRE_DONE or WIRE_BAD. */
enum wire_read dns_begin(struct dns_reader *reader, const uint8_t *bytes, size_t len);
/* WIRE_DONE: an item; WIRE_MORE: there is none left; WIRE_BAD: what follows cannot be read. */
enum wire_read dns_next(struct dns_reader *reader, struct dns_item *ret_item);

/* What a record says, as a zone file writes it, ended by 0; "" where we have no words for its type. */
void dns_data_text(const struct dns_reader *reader, const struct dns_item *item,
		   char out[DNS_DATA_TEXT]);
/* Where CNAME, DNAME, SVCB and HTTPS lead to; false: nowhere else. */
bool dns_target(const struct dns_reader *reader, const struct dns_item *item,
		char ret_name[DNS_NAME_TEXT]);

/* "A", "HTTPS", ...; NULL: it has no name that we know. */
const char *dns_type_name(uint16_t type);
const char *dns_rcode_name(uint8_t rcode);

static inline bool dns_is_answer(const struct dns_reader *reader)
{
	return reader->flags & 0x8000;
}

static inline uint8_t dns_rcode(const struct dns_reader *reader)
{
	return reader->flags & 0xf;
}

#endif
