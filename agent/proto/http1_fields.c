// SPDX-License-Identifier: Apache-2.0
/*
 * Fields of HTTP/1 as rules name them. Called by detection; promises that what must be put together of
 * several headers is put together once.
 */
#include "proto/http1.h"

#include <strings.h>

#include "inspect/flow.h"

static const struct http1_tx *of(const struct tx *tx)
{
	return (const struct http1_tx *)tx;
}

bool http1_header(const struct http1_tx *tx, enum side side, const char *name, struct slice *ret)
{
	const htp_table_t *headers = http1_headers(tx, side);
	const htp_header_t *header = headers ? htp_table_get_c(headers, name) : NULL;

	if (!header || !header->value)
		return false;
	*ret = http1_text(header->value);
	return true;
}

static const htp_header_t *header_at(const struct http1_tx *tx, enum side side, size_t i)
{
	const htp_table_t *headers = http1_headers(tx, side);

	return headers && i < htp_table_size(headers) ? htp_table_get_index(headers, i, NULL) : NULL;
}

/* --- of the first line --- */

#define TEXT_FIELD(symbol, client, server)                                                         \
	static bool symbol(struct tx *tx, enum side side, uint32_t index, struct slice *ret,       \
			   uint64_t *ret_from)                                                     \
	{                                                                                          \
		const htp_tx_t *htp = of(tx)->htp;                                                 \
                                                                                                   \
		return field_give_empty(http1_text(side == FROM_CLIENT ? (client) : (server)),     \
					index, ret, ret_from);                                     \
	}

TEXT_FIELD(method_field, htp->request_method, NULL)
TEXT_FIELD(raw_uri_field, htp->request_uri, NULL)
TEXT_FIELD(protocol_field, htp->request_protocol, htp->response_protocol)
TEXT_FIELD(line_field, htp->request_line, htp->response_line)
TEXT_FIELD(status_field, NULL, htp->response_status)
TEXT_FIELD(message_field, NULL, htp->response_message)
TEXT_FIELD(host_field, htp->request_hostname, NULL)

static bool uri_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const struct http1_tx *http = of(tx);

	/* of CONNECT, whose URI is no path, it is empty */
	return field_give_empty(http->uri.len ? grown_slice(&http->uri) : slice("", 0), index, ret,
				ret_from) &&
	       http->htp->parsed_uri;
}

static bool raw_host_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	const htp_uri_t *uri = of(tx)->htp->parsed_uri;
	struct slice host = { .at = NULL };

	if (uri && uri->hostname)
		host = http1_text(uri->hostname);
	else if (!http1_header(of(tx), FROM_CLIENT, "Host", &host))
		return false;
	return field_give_empty(host, index, ret, ret_from);
}

/* --- of one header --- */

/* By whose side it is: what a client and a server call it. */
#define HEADER_FIELD(symbol, client, server)                                                       \
	static bool symbol(struct tx *tx, enum side side, uint32_t index, struct slice *ret,       \
			   uint64_t *ret_from)                                                     \
	{                                                                                          \
		static const char *const names[SIDES] = {                                          \
			[FROM_CLIENT] = (client), [FROM_SERVER] = (server)                         \
		};                                                                                 \
                                                                                                   \
		*ret_from = 0;                                                                     \
		return index == 0 && http1_header(of(tx), side, names[side], ret);                 \
	}

HEADER_FIELD(cookie_field, "Cookie", "Set-Cookie")
HEADER_FIELD(agent_field, "User-Agent", "")
HEADER_FIELD(accept_field, "Accept", "")
HEADER_FIELD(accept_enc_field, "Accept-Encoding", "")
HEADER_FIELD(accept_lang_field, "Accept-Language", "")
HEADER_FIELD(referer_field, "Referer", "")
HEADER_FIELD(connection_field, "Connection", "Connection")
HEADER_FIELD(length_field, "Content-Length", "Content-Length")
HEADER_FIELD(type_field, "Content-Type", "Content-Type")
HEADER_FIELD(location_field, "", "Location")
HEADER_FIELD(server_field, "", "Server")

/* --- of all headers --- */

static bool is_cookie(const htp_header_t *header, enum side side)
{
	const char *name = side == FROM_CLIENT ? "Cookie" : "Set-Cookie";
	struct slice is = http1_text(header->name);

	return is.len == strlen(name) && strncasecmp((const char *)is.at, name, is.len) == 0;
}

static void header_add(struct grown *made, const htp_header_t *header, const char *ends)
{
	grown_add(made, http1_text(header->name));
	grown_add_text(made, ": ");
	grown_add(made, http1_text(header->value));
	grown_add_text(made, ends);
}

/* Those of a request may be asked while its server has not answered: each side is made by itself. */
static bool lines_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	struct http1_tx *http = (struct http1_tx *)tx;
	const htp_header_t *header;
	size_t i = 0;

	for (; !http->lines_made[side] && (header = header_at(http, side, i)); i++)
		if (!is_cookie(header, side))
			header_add(&http->lines[side], header, "\r\n");
	http->lines_made[side] = true;
	return field_give_empty(grown_slice(&http->lines[side]), index, ret, ret_from);
}

static bool names_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	struct http1_tx *http = (struct http1_tx *)tx;
	struct grown *names = &http->names[side];
	const htp_header_t *header;

	if (!header_at(http, side, 0))
		return false;
	if (!http->names_made[side]) {
		grown_add_text(names, "\r\n");
		for (size_t i = 0; (header = header_at(http, side, i)); i++) {
			grown_add(names, http1_text(header->name));
			grown_add_text(names, "\r\n");
		}
		grown_add_text(names, "\r\n");
	}
	http->names_made[side] = true;
	return field_give_empty(grown_slice(names), index, ret, ret_from);
}

static bool start_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	struct http1_tx *http = (struct http1_tx *)tx;
	struct grown *start = &http->start[side];
	const bstr *line = side == FROM_CLIENT ? http->htp->request_line : http->htp->response_line;
	const htp_header_t *header;

	if (!line)
		return false;
	if (!http->start_made[side]) {
		grown_add(start, http1_text(line));
		grown_add_text(start, "\r\n");
		for (size_t i = 0; (header = header_at(http, side, i)); i++)
			header_add(start, header, "\r\n");
		if (header_at(http, side, 0))
			grown_add_text(start, "\r\n");
	}
	http->start_made[side] = true;
	return field_give_empty(grown_slice(start), index, ret, ret_from);
}

static bool raw_headers_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			      uint64_t *ret_from)
{
	return field_give_empty(grown_slice(&of(tx)->raw_headers[side]), index, ret, ret_from);
}

static bool header_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	struct http1_tx *http = (struct http1_tx *)tx;
	const htp_header_t *header = header_at(http, side, index);

	if (!header)
		return false;
	http->header.len = 0;
	header_add(&http->header, header, "");
	return field_give_empty(grown_slice(&http->header), 0, ret, ret_from);
}

/* --- bodies --- */

static bool body_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	struct http1_tx *http = (struct http1_tx *)tx;
	const struct http1_server *server = http->state->server;

	return index == 0 &&
	       http_body_look(&http->body[side], &server->body[side],
			      server->at_once || tx_is_complete(tx, side), ret, ret_from);
}

#define CLIENT                                                                                     \
	{                                                                                          \
		true, false                                                                        \
	}
#define SERVER                                                                                     \
	{                                                                                          \
		false, true                                                                        \
	}
#define BOTH                                                                                       \
	{                                                                                          \
		true, true                                                                         \
	}
#define LINE                                                                                       \
	{                                                                                          \
		HTTP1_LINE, HTTP1_LINE                                                             \
	}
#define WHOLE LINE
#define HEADERS                                                                                    \
	{                                                                                          \
		HTTP1_HEADERS, HTTP1_HEADERS                                                       \
	}
#define BODY                                                                                       \
	{                                                                                          \
		HTTP1_BODY, HTTP1_BODY                                                             \
	}

/* clang-format off */
const struct field http1_fields[HTTP1_FIELD_CNT] = {
#define HTTP_FIELD(name, kind, sides, step, function, what)                                        \
	{ name, kind, sides, step, function, NULL, what },
#include "proto/httpfields.def"
#undef HTTP_FIELD
	{ "http.start", FIELD_BYTES, BOTH, HEADERS, start_field, NULL, "first line and headers" },
};
/* clang-format on */
