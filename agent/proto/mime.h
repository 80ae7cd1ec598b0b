/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail as its bytes come (RFC 5322, RFC 2045 to 2049): fields of its head, files that it carries, URLs of
 * its texts. Fed by SMTP and its kind, in pieces of any size; what is kept of it is bounded.
 */
#ifndef AGENT_PROTO_MIME_H
#define AGENT_PROTO_MIME_H

#include "base/slice.h"

struct config; /* base/config.h */
struct mime;

#define MIME_SCHEMES_MAX 16

struct mime_settings {
	bool decode_base64, decode_quoted, urls, url_schemes, body_md5;
	uint32_t value_max; /* bytes of a field's value that are kept */
	uint32_t words; /* of its texts that are kept, as passwords of what it carries */
	char scheme[MIME_SCHEMES_MAX][24]; /* of URLs that are told: "http://" */
	size_t scheme_cnt;
};

/* What was odd in it; a bit each in mime_odd. */
enum mime_oddity {
	MIME_BROKEN, /* it cannot be read any further */
	MIME_MALFORMED,
	MIME_BAD_BASE64,
	MIME_BAD_QUOTED,
	MIME_LONG_LINE,
	MIME_LONG_ENCODED_LINE,
	MIME_LONG_NAME,
	MIME_LONG_VALUE,
	MIME_LONG_BOUNDARY,
	MIME_LONG_FILENAME,
};

/* Who takes the files of a mail, one after the other. */
struct mime_sink {
	void *arg;
	void (*begin)(void *arg, struct slice name);
	void (*bytes)(void *arg, struct slice bytes);
	void (*end)(void *arg);
};

/* Of app-layer.protocols.smtp.mime; config may be NULL. */
void mime_settings_read(const struct config *config, struct mime_settings *ret_settings);

/* settings must stay; NULL: no memory. */
struct mime *mime_new(const struct mime_settings *settings, const struct mime_sink *sink);
/* Bytes that follow, as they were before they were sent: without the dots of SMTP. */
void mime_bytes(struct mime *mime, struct slice bytes);
/* SMTP put a dot in front of the line that follows: a body's MD5, as Suricata tells it, is with it. */
void mime_dot(struct mime *mime);
void mime_lost(struct mime *mime); /* bytes are missing here */
void mime_end(struct mime *mime); /* the mail is whole */
void mime_free(struct mime *mime);

uint32_t mime_odd(const struct mime *mime); /* bits of enum mime_oddity, so far */
const char *mime_status(const struct mime *mime); /* as records say it: PARSE_DONE */
/* Value number index of a field of the mail's own head, the last one first; name in lower case. */
bool mime_field(const struct mime *mime, const char *name, uint32_t index, struct slice *ret);
bool mime_attachment(const struct mime *mime, uint32_t index, struct slice *ret);
bool mime_url(const struct mime *mime, uint32_t index, struct slice *ret);
enum mime_url_kind { MIME_URL_IPV4 = 1, MIME_URL_IPV6 = 2, MIME_URL_PROGRAM = 4 };
uint8_t mime_url_kinds(const struct mime *mime); /* of all its URLs together */
/* Words of its texts so far, each ended by a 0. */
struct slice mime_words(const struct mime *mime);
const char *mime_body_md5(const struct mime *mime); /* hexadecimal, where asked for and ended; else "" */

#endif
