/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON into memory that grows, as fast as bytes can be copied: a record costs more than its
 * packet if each number goes through printf. Whatever is given, what comes out is valid JSON (RFC 8259)
 * in one line.
 */
#ifndef AGENT_REPORT_JSON_H
#define AGENT_REPORT_JSON_H

#include "base/slice.h"
#include "sekisho/base.h"

#define JSON_DEPTH_MAX 16
#define JSON_SECOND_LEN                                                                            \
	21 /* of a time in front of its fraction, with the quote that it begins with */

struct json {
	char *bytes;
	size_t len, cap;
	bool short_of_memory; /* what was written is not whole; it must not be used */
	bool is_lent; /* bytes are the caller's, and do not grow */
	uint8_t depth;
	bool follows[JSON_DEPTH_MAX]; /* a comma is due */
	char ends[JSON_DEPTH_MAX]; /* what closes it */
	/* The second that was written last: most times are of the same. */
	uint64_t second;
	char second_text[JSON_SECOND_LEN];
	/* For a protocol's log(): */
	uint64_t options; /* which of its proto.options are on, a bit each */
	uint32_t part; /* number of the record, where a transaction has several (proto.log_cnt) */
	bool body_base64, body_printable; /* of log_alert(): bodies of messages are told so */
};

/* A place to go back to, when what was begun turns out to be not worth telling. */
struct json_mark {
	size_t len;
	uint8_t depth;
	bool follows;
};

void json_begin(struct json *json); /* one object is open; memory is kept from the record before */
/* The same in room of the caller's, who frees nothing: what does not fit makes it short of memory. */
void json_begin_in(struct json *json, char *room, size_t cap);
void json_end(struct json *json); /* closes it */
void json_free(struct json *json);

/* An object; name NULL: an element of a list. (json_object() is jansson's.) */
void json_open(struct json *json, const char *name);
void json_list(struct json *json, const char *name);
void json_close(struct json *json); /* the innermost of both */

struct json_mark json_mark(const struct json *json);
/* Forgets what was written since, in objects and lists that were begun since. */
void json_back(struct json *json, struct json_mark mark);

void json_number(struct json *json, const char *name, uint64_t value);
void json_signed(struct json *json, const char *name, int64_t value);
void json_bool(struct json *json, const char *name, bool value);
void json_text(struct json *json, const char *name, const char *value);
/* Bytes as text: where they are no UTF-8, each above 127 is written as "\xff", as Suricata does. */
void json_bytes(struct json *json, const char *name, struct slice value);
/*
 * Words of anybody: what a terminal obeys is escaped, bytes that are no UTF-8 become U+FFFD, and no more than
 * max bytes are written between the quotes. NULL is "".
 */
void json_foreign(struct json *json, const char *name, const char *value, size_t max);
/* What can be printed of bytes, lines among it; others are dots. */
void json_printable(struct json *json, const char *name, struct slice value);
void json_base64(struct json *json, const char *name, struct slice value);
/* The same behind a prefix of plain ASCII, in one string. */
void json_base64_behind(struct json *json, const char *name, const char *prefix, struct slice value);
void json_newline(struct json *json); /* behind a record that was ended */
void json_hex(struct json *json, const char *name, struct slice value);
/*
 * 192.0.2.1, 2001:0db8:0000:0000:0000:0000:0000:0001: all digits of IPv6, as Suricata writes it. family 6:
 * what looks like a mapped IPv4 address stood in a header of IPv6, and is told so; 0: as it looks.
 */
void json_address(struct json *json, const char *name, const struct sek_addr *addr, uint8_t family);
/* 2016-01-13T13:13:48.123456+0000 */
void json_time(struct json *json, const char *name, uint64_t time_ns);

#endif
