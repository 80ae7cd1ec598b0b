// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the record of HTTP/1, with Suricata's names: what is usual, what is extended, what a site lists.
 * Called by the records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "proto/http1.h"
#include "report/json.h"

#define NAME_TOLD_MAX 255 /* bytes, of a header where all or some are told */
#define VALUE_TOLD_MAX 2047

enum option {
	OPTION_EXTENDED,
	OPTION_ALL_BOTH,
	OPTION_ALL_REQUEST,
	OPTION_ALL_RESPONSE,
	OPTION_FIRST_HEADER
};

/* Headers that a site may list: as its settings name them, as messages do. */
#define LISTED(HEADER)                                                                             \
	HEADER("accept", "Accept")                                                                 \
	HEADER("accept-charset", "Accept-Charset")                                                 \
	HEADER("accept-encoding", "Accept-Encoding")                                               \
	HEADER("accept-language", "Accept-Language")                                               \
	HEADER("accept-datetime", "Accept-Datetime")                                               \
	HEADER("authorization", "Authorization")                                                   \
	HEADER("cache-control", "Cache-Control")                                                   \
	HEADER("cookie", "Cookie")                                                                 \
	HEADER("from", "From")                                                                     \
	HEADER("max-forwards", "Max-Forwards")                                                     \
	HEADER("origin", "Origin")                                                                 \
	HEADER("pragma", "Pragma")                                                                 \
	HEADER("proxy-authorization", "Proxy-Authorization")                                       \
	HEADER("range", "Range")                                                                   \
	HEADER("te", "TE")                                                                         \
	HEADER("via", "Via")                                                                       \
	HEADER("x-requested-with", "X-Requested-With")                                             \
	HEADER("dnt", "DNT")                                                                       \
	HEADER("x-forwarded-proto", "X-Forwarded-Proto")                                           \
	HEADER("x-authenticated-user", "X-Authenticated-User")                                     \
	HEADER("x-flash-version", "X-Flash-Version")                                               \
	HEADER("accept-range", "Accept-Range")                                                     \
	HEADER("age", "Age")                                                                       \
	HEADER("allow", "Allow")                                                                   \
	HEADER("connection", "Connection")                                                         \
	HEADER("content-encoding", "Content-Encoding")                                             \
	HEADER("content-language", "Content-Language")                                             \
	HEADER("content-length", "Content-Length")                                                 \
	HEADER("content-location", "Content-Location")                                             \
	HEADER("content-md5", "Content-MD5")                                                       \
	HEADER("content-range", "Content-Range")                                                   \
	HEADER("content-type", "Content-Type")                                                     \
	HEADER("date", "Date")                                                                     \
	HEADER("etag", "ETag")                                                                     \
	HEADER("etags", "ETag")                                                                    \
	HEADER("expires", "Expires")                                                               \
	HEADER("last-modified", "Last-Modified")                                                   \
	HEADER("link", "Link")                                                                     \
	HEADER("location", "Location")                                                             \
	HEADER("proxy-authenticate", "Proxy-Authenticate")                                         \
	HEADER("referer", "Referer")                                                               \
	HEADER("refresh", "Refresh")                                                               \
	HEADER("retry-after", "Retry-After")                                                       \
	HEADER("server", "Server")                                                                 \
	HEADER("set-cookie", "Set-Cookie")                                                         \
	HEADER("trailer", "Trailer")                                                               \
	HEADER("transfer-encoding", "Transfer-Encoding")                                           \
	HEADER("upgrade", "Upgrade")                                                               \
	HEADER("vary", "Vary")                                                                     \
	HEADER("warning", "Warning")                                                               \
	HEADER("www-authenticate", "WWW-Authenticate")                                             \
	HEADER("true-client-ip", "True-Client-IP")                                                 \
	HEADER("org-src-ip", "Org-Src-IP")                                                         \
	HEADER("x-bluecoat-via", "X-BlueCoat-Via")

static const char *const listed[] = {
#define HEADER(name, header) header,
	LISTED(HEADER)
#undef HEADER
};

#define LISTED_CNT (sizeof(listed) / sizeof(listed[0]))

const struct proto_option http1_options[HTTP1_OPTION_CNT] = {
	[OPTION_EXTENDED] = { "extended", false },
	[OPTION_ALL_BOTH] = { "dump-all-headers=both", false },
	[OPTION_ALL_REQUEST] = { "dump-all-headers=request", false },
	[OPTION_ALL_RESPONSE] = { "dump-all-headers=response", false },
#define HEADER(name, header) { "custom." name, false },
	LISTED(HEADER)
#undef HEADER
};

_Static_assert(OPTION_FIRST_HEADER + LISTED_CNT == HTTP1_OPTION_CNT, "each has its option");

static bool is_on(const struct json *json, unsigned int option)
{
	return json->options >> option & 1;
}

static void text_put(struct json *json, const char *name, const bstr *text)
{
	if (text)
		json_bytes(json, name, http1_text(text));
}

static void header_put(struct json *json, const char *name, const struct http1_tx *tx,
		       enum side side, const char *header)
{
	struct slice value;

	if (http1_header(tx, side, header, &value))
		json_bytes(json, name, value);
}

/* --- what is usual --- */

static void type_put(struct json *json, const struct http1_tx *tx)
{
	struct slice type;
	const uint8_t *end;

	if (!http1_header(tx, FROM_SERVER, "Content-Type", &type))
		return;
	end = type.len ? memchr(type.at, ';', type.len) : NULL;
	if (end)
		type.len = (size_t)(end - type.at);
	json_bytes(json, "http_content_type", type);
}

static void range_put(struct json *json, const struct http1_tx *tx)
{
	struct http1_range range;
	struct slice value;

	if (!http1_header(tx, FROM_SERVER, "Content-Range", &value))
		return;
	json_open(json, "content_range");
	json_bytes(json, "raw", value);
	if (http1_range_read(value, &range)) {
		json_number(json, "start", range.from);
		json_number(json, "end", range.to);
		if (range.has_size)
			json_number(json, "size", range.size);
	}
	json_close(json);
}

static void usual_put(struct json *json, const struct http1_tx *tx)
{
	const htp_tx_t *htp = tx->htp;

	text_put(json, "hostname", htp->request_hostname);
	if (htp->request_port_number >= 0)
		json_number(json, "http_port", (uint64_t)htp->request_port_number);
	text_put(json, "url", htp->request_uri);
	header_put(json, "http_user_agent", tx, FROM_CLIENT, "User-Agent");
	header_put(json, "xff", tx, FROM_CLIENT, "X-Forwarded-For");
	type_put(json, tx);
	range_put(json, tx);
}

/* --- what is extended --- */

static void status_put(struct json *json, const struct http1_tx *tx)
{
	struct slice status = http1_text(tx->htp->response_status);
	uint64_t number = 0;

	if (!tx->htp->response_status)
		return;
	for (size_t i = 0; i < status.len && i < 9 && status.at[i] >= '0' && status.at[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(status.at[i] - '0');
	json_number(json, "status", number);
	if (number >= 300 && number < 400)
		header_put(json, "redirect", tx, FROM_SERVER, "Location");
}

static void extended_put(struct json *json, const struct http1_tx *tx)
{
	header_put(json, "http_refer", tx, FROM_CLIENT, "Referer");
	text_put(json, "http_method", tx->htp->request_method);
	text_put(json, "protocol", tx->htp->request_protocol);
	status_put(json, tx);
	json_number(json, "length",
		    tx->htp->response_message_len > 0 ? (uint64_t)tx->htp->response_message_len : 0);
}

/* --- what sites ask for --- */

/* The referrer has a field of its own among what is extended. */
static bool is_listed(const struct json *json, struct slice name)
{
	for (size_t i = 0; i < LISTED_CNT; i++)
		if (is_on(json, OPTION_FIRST_HEADER + (unsigned int)i) &&
		    name.len == strlen(listed[i]) &&
		    strncasecmp((const char *)name.at, listed[i], name.len) == 0)
			return !is_on(json, OPTION_EXTENDED) || strcmp(listed[i], "Referer") != 0;
	return false;
}

static struct slice cut(struct slice text, size_t most)
{
	if (text.len > most)
		text.len = most;
	return text;
}

/* All headers of a side, or those that are listed; there may be none. */
static void headers_put(struct json *json, const char *name, const htp_table_t *headers, bool all)
{
	const struct json_mark mark = json_mark(json);
	size_t cnt = headers ? htp_table_size(headers) : 0;
	bool any = false;

	json_list(json, name);
	for (size_t i = 0; i < cnt; i++) {
		const htp_header_t *header = htp_table_get_index(headers, i, NULL);

		if (!all && !is_listed(json, http1_text(header->name)))
			continue;
		any = true;
		json_open(json, NULL);
		json_bytes(json, "name", cut(http1_text(header->name), NAME_TOLD_MAX));
		json_bytes(json, "value", cut(http1_text(header->value), VALUE_TOLD_MAX));
		json_close(json);
	}
	if (any)
		json_close(json);
	else
		json_back(json, mark);
}

bool http1_log(struct tx *tx, struct json *json)
{
	const struct http1_tx *http = (const struct http1_tx *)tx;

	usual_put(json, http);
	if (is_on(json, OPTION_EXTENDED))
		extended_put(json, http);
	if (json->options & ~(UINT64_C(1) << OPTION_EXTENDED)) {
		headers_put(json, "request_headers", http->htp->request_headers,
			    is_on(json, OPTION_ALL_BOTH) || is_on(json, OPTION_ALL_REQUEST));
		headers_put(json, "response_headers", http->htp->response_headers,
			    is_on(json, OPTION_ALL_BOTH) || is_on(json, OPTION_ALL_RESPONSE));
	}
	return true;
}

/* What is kept of a message's body. */
static void body_put(struct json *json, const struct http1_tx *tx, enum side side, const char *name)
{
	struct slice body = grown_slice(&tx->body[side].kept);
	char printable[64];

	if (!body.len)
		return;
	snprintf(printable, sizeof(printable), "%s_printable", name);
	if (json->body_printable)
		json_printable(json, printable, body);
	if (json->body_base64)
		json_base64(json, name, body);
}

void http1_log_alert(struct tx *tx, struct json *json)
{
	const struct http1_tx *http = (const struct http1_tx *)tx;

	json_open(json, "http");
	usual_put(json, http);
	extended_put(json, http);
	body_put(json, http, FROM_CLIENT, "http_request_body");
	body_put(json, http, FROM_SERVER, "http_response_body");
	json_close(json);
}

bool http1_forwarded_for(struct tx *tx, const char *header, struct slice *ret)
{
	return http1_header((const struct http1_tx *)tx, FROM_CLIENT, header, ret) && ret->len;
}
