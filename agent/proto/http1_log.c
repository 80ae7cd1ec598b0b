// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the record of HTTP/1, with Suricata's names: what is usual, what is extended, what a site lists.
 * Called by the records.
 */
#include <stdlib.h>
#include <strings.h>

#include "proto/http1.h"
#include "report/json.h"

#define HEADER_TOLD_MAX 256 /* bytes of a name or a value, where all headers are told */

enum option {
	OPTION_EXTENDED,
	OPTION_ALL_BOTH,
	OPTION_ALL_REQUEST,
	OPTION_ALL_RESPONSE,
	OPTION_FIRST_HEADER
};

/* Headers that a site may list; the name in records, the header, who sends it. */
#define LISTED(HEADER)                                                                             \
	HEADER("accept", "Accept", FROM_CLIENT)                                                    \
	HEADER("accept_charset", "Accept-Charset", FROM_CLIENT)                                    \
	HEADER("accept_encoding", "Accept-Encoding", FROM_CLIENT)                                  \
	HEADER("accept_language", "Accept-Language", FROM_CLIENT)                                  \
	HEADER("accept_datetime", "Accept-Datetime", FROM_CLIENT)                                  \
	HEADER("authorization", "Authorization", FROM_CLIENT)                                      \
	HEADER("cache_control", "Cache-Control", FROM_CLIENT)                                      \
	HEADER("cookie", "Cookie", FROM_CLIENT)                                                    \
	HEADER("from", "From", FROM_CLIENT)                                                        \
	HEADER("max_forwards", "Max-Forwards", FROM_CLIENT)                                        \
	HEADER("origin", "Origin", FROM_CLIENT)                                                    \
	HEADER("pragma", "Pragma", FROM_CLIENT)                                                    \
	HEADER("proxy_authorization", "Proxy-Authorization", FROM_CLIENT)                          \
	HEADER("range", "Range", FROM_CLIENT)                                                      \
	HEADER("te", "TE", FROM_CLIENT)                                                            \
	HEADER("via", "Via", FROM_CLIENT)                                                          \
	HEADER("x_requested_with", "X-Requested-With", FROM_CLIENT)                                \
	HEADER("dnt", "DNT", FROM_CLIENT)                                                          \
	HEADER("x_forwarded_proto", "X-Forwarded-Proto", FROM_CLIENT)                              \
	HEADER("x_authenticated_user", "X-Authenticated-User", FROM_CLIENT)                        \
	HEADER("x_flash_version", "X-Flash-Version", FROM_CLIENT)                                  \
	HEADER("accept_range", "Accept-Range", FROM_SERVER)                                        \
	HEADER("age", "Age", FROM_SERVER)                                                          \
	HEADER("allow", "Allow", FROM_SERVER)                                                      \
	HEADER("connection", "Connection", FROM_SERVER)                                            \
	HEADER("content_encoding", "Content-Encoding", FROM_SERVER)                                \
	HEADER("content_language", "Content-Language", FROM_SERVER)                                \
	HEADER("content_length", "Content-Length", FROM_SERVER)                                    \
	HEADER("content_location", "Content-Location", FROM_SERVER)                                \
	HEADER("content_md5", "Content-MD5", FROM_SERVER)                                          \
	HEADER("content_range", "Content-Range", FROM_SERVER)                                      \
	HEADER("content_type", "Content-Type", FROM_SERVER)                                        \
	HEADER("date", "Date", FROM_SERVER)                                                        \
	HEADER("etag", "ETag", FROM_SERVER)                                                        \
	HEADER("etags", "ETag", FROM_SERVER)                                                       \
	HEADER("expires", "Expires", FROM_SERVER)                                                  \
	HEADER("last_modified", "Last-Modified", FROM_SERVER)                                      \
	HEADER("link", "Link", FROM_SERVER)                                                        \
	HEADER("location", "Location", FROM_SERVER)                                                \
	HEADER("proxy_authenticate", "Proxy-Authenticate", FROM_SERVER)                            \
	HEADER("referrer", "Referer", FROM_CLIENT)                                                 \
	HEADER("refresh", "Refresh", FROM_SERVER)                                                  \
	HEADER("retry_after", "Retry-After", FROM_SERVER)                                          \
	HEADER("server", "Server", FROM_SERVER)                                                    \
	HEADER("set_cookie", "Set-Cookie", FROM_SERVER)                                            \
	HEADER("trailer", "Trailer", FROM_SERVER)                                                  \
	HEADER("transfer_encoding", "Transfer-Encoding", FROM_SERVER)                              \
	HEADER("upgrade", "Upgrade", FROM_SERVER)                                                  \
	HEADER("vary", "Vary", FROM_SERVER)                                                        \
	HEADER("warning", "Warning", FROM_SERVER)                                                  \
	HEADER("www_authenticate", "WWW-Authenticate", FROM_SERVER)                                \
	HEADER("true_client_ip", "True-Client-IP", FROM_CLIENT)                                    \
	HEADER("org_src_ip", "Org-Src-IP", FROM_CLIENT)                                            \
	HEADER("x_bluecoat_via", "X-BlueCoat-Via", FROM_CLIENT)

static const struct {
	const char *name, *header;
	enum side side;
} listed[] = {
#define HEADER(name, header, side) { name, header, side },
	LISTED(HEADER)
#undef HEADER
};

#define LISTED_CNT (sizeof(listed) / sizeof(listed[0]))

const struct proto_option http1_options[HTTP1_OPTION_CNT] = {
	[OPTION_EXTENDED] = { "extended", false },
	[OPTION_ALL_BOTH] = { "dump-all-headers=both", false },
	[OPTION_ALL_REQUEST] = { "dump-all-headers=request", false },
	[OPTION_ALL_RESPONSE] = { "dump-all-headers=response", false },
#define HEADER(name, header, side) { "custom." name, false },
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

static void listed_put(struct json *json, const struct http1_tx *tx)
{
	for (size_t i = 0; i < LISTED_CNT; i++)
		if (is_on(json, OPTION_FIRST_HEADER + (unsigned int)i))
			header_put(json, listed[i].name, tx, listed[i].side, listed[i].header);
}

static struct slice cut(struct slice text)
{
	if (text.len > HEADER_TOLD_MAX)
		text.len = HEADER_TOLD_MAX;
	return text;
}

static void headers_put(struct json *json, const char *name, const htp_table_t *headers)
{
	size_t cnt = headers ? htp_table_size(headers) : 0;

	json_list(json, name);
	for (size_t i = 0; i < cnt; i++) {
		const htp_header_t *header = htp_table_get_index(headers, i, NULL);

		json_open(json, NULL);
		json_bytes(json, "name", cut(http1_text(header->name)));
		json_bytes(json, "value", cut(http1_text(header->value)));
		json_close(json);
	}
	json_close(json);
}

bool http1_log(struct tx *tx, struct json *json)
{
	const struct http1_tx *http = (const struct http1_tx *)tx;

	usual_put(json, http);
	if (is_on(json, OPTION_EXTENDED))
		extended_put(json, http);
	listed_put(json, http);
	if (is_on(json, OPTION_ALL_BOTH) || is_on(json, OPTION_ALL_REQUEST))
		headers_put(json, "request_headers", http->htp->request_headers);
	if (is_on(json, OPTION_ALL_BOTH) || is_on(json, OPTION_ALL_RESPONSE))
		headers_put(json, "response_headers", http->htp->response_headers);
	return true;
}

void http1_log_alert(struct tx *tx, struct json *json)
{
	const struct http1_tx *http = (const struct http1_tx *)tx;

	json_open(json, "http");
	usual_put(json, http);
	extended_put(json, http);
	json_close(json);
}

bool http1_forwarded_for(struct tx *tx, const char *header, struct slice *ret)
{
	return http1_header((const struct http1_tx *)tx, FROM_CLIENT, header, ret) && ret->len;
}
