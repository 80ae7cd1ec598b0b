// SPDX-License-Identifier: Apache-2.0
/*
 * Fields of HTTP/2 as rules name them: those of http.* mean what they mean in HTTP/1, those of http2.*
 * are the frames'. Called by detection; promises that what must be put together is put together once.
 */
#include <ctype.h>

#include "proto/http2.h"

static struct http2_side *of(struct tx *tx, enum side side)
{
	return &((struct http2_tx *)tx)->side[side];
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
		return index == 0 && http2_header(of(tx, side), names[side], ret);                 \
	}

HEADER_FIELD(uri_field, ":path", "")
HEADER_FIELD(method_field, ":method", "")
HEADER_FIELD(status_field, "", ":status")
HEADER_FIELD(cookie_field, "cookie", "set-cookie")
HEADER_FIELD(agent_field, "user-agent", "")
HEADER_FIELD(accept_field, "accept", "")
HEADER_FIELD(accept_enc_field, "accept-encoding", "")
HEADER_FIELD(accept_lang_field, "accept-language", "")
HEADER_FIELD(referer_field, "referer", "")
HEADER_FIELD(connection_field, "connection", "connection")
HEADER_FIELD(length_field, "content-length", "content-length")
HEADER_FIELD(type_field, "content-type", "content-type")
HEADER_FIELD(location_field, "", "location")
HEADER_FIELD(server_field, "", "server")

static bool raw_host(const struct http2_side *side, struct slice *ret)
{
	return http2_header(side, ":authority", ret) || http2_header(side, "host", ret);
}

static bool raw_host_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	*ret_from = 0;
	return index == 0 && raw_host(of(tx, side), ret);
}

/* Without the user in front and the port behind. */
static struct slice host_alone(struct slice host)
{
	const uint8_t *at = host.len ? memrchr(host.at, '@', host.len) : NULL;
	const uint8_t *end;

	if (at)
		host = slice_behind(host, (size_t)(at + 1 - host.at));
	if (!host.len)
		return host;
	end = host.at[0] == '[' ? memchr(host.at, ']', host.len) : NULL;
	end = end ? end + 1 : memchr(host.at, ':', host.len);
	if (end && end < host.at + host.len)
		host.len = (size_t)(end - host.at);
	return host;
}

static bool host_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);
	struct slice host;

	if (!from->host_made && raw_host(from, &host)) {
		from->host_made = true;
		grown_add(&from->host, host_alone(host));
		for (size_t i = 0; i < from->host.len; i++)
			from->host.at[i] = (uint8_t)tolower(from->host.at[i]);
	}
	return field_give_empty(grown_slice(&from->host), index, ret, ret_from);
}

/* --- what HTTP/1 has as lines --- */

static bool protocol_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	return field_give_empty(slice_text("HTTP/2"), index, ret, ret_from);
}

/* There are no words behind a status any more (RFC 9113, 8.3.2). */
static bool message_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			  uint64_t *ret_from)
{
	return field_give_empty(slice("", 0), index, ret, ret_from);
}

static void request_line_make(struct http2_side *side)
{
	struct slice method, path;

	if (!http2_header(side, ":method", &method) || !http2_header(side, ":path", &path))
		return;
	grown_add(&side->line, method);
	grown_add_text(&side->line, " ");
	grown_add(&side->line, path);
	grown_add_text(&side->line, " HTTP/2\r\n");
}

static void response_line_make(struct http2_side *side)
{
	struct slice status;

	if (!http2_header(side, ":status", &status))
		return;
	grown_add_text(&side->line, "HTTP/2 ");
	grown_add(&side->line, status);
	grown_add_text(&side->line, "\r\n");
}

static bool line_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);

	if (!from->line_made && side == FROM_CLIENT)
		request_line_make(from);
	else if (!from->line_made)
		response_line_make(from);
	from->line_made = true;
	return field_give_empty(grown_slice(&from->line), index, ret, ret_from);
}

/* --- of all headers --- */

static void header_line_add(struct grown *made, const struct http2_side *side,
			    const struct http2_header *header, const char *ends)
{
	grown_add(made, http2_name(side, header));
	grown_add_text(made, ": ");
	grown_add(made, http2_value(side, header));
	grown_add_text(made, ends);
}

static bool is_cookie(struct slice name, enum side side)
{
	return slice_is(name, side == FROM_CLIENT ? "cookie" : "set-cookie");
}

static bool lines_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);

	for (uint32_t i = 0; !from->lines_made && i < from->header_cnt; i++)
		if (!from->headers[i].is_update &&
		    !is_cookie(http2_name(from, &from->headers[i]), side))
			header_line_add(&from->lines, from, &from->headers[i], "\r\n");
	from->lines_made = true;
	return field_give_empty(grown_slice(&from->lines), index, ret, ret_from);
}

static bool raw_headers_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			      uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);

	for (uint32_t i = 0; !from->raw_made && i < from->header_cnt; i++)
		if (!from->headers[i].is_update)
			header_line_add(&from->raw, from, &from->headers[i], "\r\n");
	from->raw_made = true;
	return field_give_empty(grown_slice(&from->raw), index, ret, ret_from);
}

static bool names_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);

	if (!from->header_cnt)
		return false;
	if (!from->names_made) {
		grown_add_text(&from->names, "\r\n");
		for (uint32_t i = 0; i < from->header_cnt; i++) {
			if (from->headers[i].is_update)
				continue;
			grown_add(&from->names, http2_name(from, &from->headers[i]));
			grown_add_text(&from->names, "\r\n");
		}
		grown_add_text(&from->names, "\r\n");
	}
	from->names_made = true;
	return field_give_empty(grown_slice(&from->names), index, ret, ret_from);
}

/* Number index of those that are headers. */
static const struct http2_header *header_at(const struct http2_side *side, uint32_t index)
{
	for (uint32_t i = 0; i < side->header_cnt; i++)
		if (!side->headers[i].is_update && index-- == 0)
			return &side->headers[i];
	return NULL;
}

static bool header_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);
	const struct http2_header *header = header_at(from, index);

	if (!header)
		return false;
	from->header.len = 0;
	header_line_add(&from->header, from, header, "");
	return field_give_empty(grown_slice(&from->header), 0, ret, ret_from);
}

/* A colon of the name is doubled, so that the one behind the name can be told. */
static bool escaped_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			  uint64_t *ret_from)
{
	struct http2_side *from = of(tx, side);
	const struct http2_header *header = header_at(from, index);
	struct slice name;

	if (!header)
		return false;
	from->header.len = 0;
	name = http2_name(from, header);
	for (size_t i = 0; i < name.len; i++) {
		grown_add(&from->header, slice(name.at + i, 1));
		if (name.at[i] == ':')
			grown_add_text(&from->header, ":");
	}
	grown_add_text(&from->header, ": ");
	grown_add(&from->header, http2_value(from, header));
	return field_give_empty(grown_slice(&from->header), 0, ret, ret_from);
}

static bool name_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct http2_header *header = header_at(of(tx, side), index);

	return header && field_give_empty(http2_name(of(tx, side), header), 0, ret, ret_from);
}

/* --- bodies --- */

static bool body_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct http2_state *state = ((struct http2_tx *)tx)->state;

	return index == 0 && state &&
	       http_body_look(&of(tx, side)->body, &state->body[side],
			      state->at_once || tx_is_complete(tx, side), ret, ret_from);
}

/* --- of frames --- */

/* Number index of the frames that have what is asked for. */
static const struct http2_frame *frame_at(const struct tx *tx, enum side side, uint32_t index,
					  bool (*has)(const struct http2_frame *frame))
{
	const struct http2_side *from = &((const struct http2_tx *)tx)->side[side];

	for (uint32_t i = 0; i < from->frame_cnt; i++)
		if (has(&from->frames[i]) && index-- == 0)
			return &from->frames[i];
	return NULL;
}

static bool has_error(const struct http2_frame *frame)
{
	return frame->type == HTTP2_RST_STREAM || frame->type == HTTP2_GOAWAY;
}

static bool has_window(const struct http2_frame *frame)
{
	return frame->type == HTTP2_WINDOW_UPDATE;
}

static bool has_priority(const struct http2_frame *frame)
{
	return frame->has_priority;
}

static bool type_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct http2_side *from = &((const struct http2_tx *)tx)->side[side];

	if (index >= from->frame_cnt)
		return false;
	*ret = from->frames[index].type;
	return true;
}

static bool error_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct http2_frame *frame = frame_at(tx, side, index, has_error);

	*ret = frame ? frame->value : 0;
	return frame;
}

static bool window_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct http2_frame *frame = frame_at(tx, side, index, has_window);

	*ret = frame ? frame->value : 0;
	return frame;
}

static bool priority_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct http2_frame *frame = frame_at(tx, side, index, has_priority);

	*ret = frame ? frame->priority : 0;
	return frame;
}

static bool update_number(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct http2_side *from = &((const struct http2_tx *)tx)->side[side];

	for (uint32_t i = 0; i < from->header_cnt; i++) {
		if (!from->headers[i].is_update || index-- != 0)
			continue;
		*ret = from->headers[i].size_update;
		return true;
	}
	return false;
}

static bool setting_number(const struct tx *tx, enum side side, uint32_t index, uint16_t id,
			   uint64_t *ret)
{
	const struct http2_side *from = &((const struct http2_tx *)tx)->side[side];

	for (uint32_t i = 0; i < from->setting_cnt; i++) {
		if (from->settings[i].id != id || index-- != 0)
			continue;
		*ret = from->settings[i].value;
		return true;
	}
	return false;
}

#define SETTING(symbol, id)                                                                        \
	static bool symbol(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)     \
	{                                                                                          \
		return setting_number(tx, side, index, id, ret);                                   \
	}

SETTING(table_setting, 1)
SETTING(push_setting, 2)
SETTING(streams_setting, 3)
SETTING(window_setting, 4)
SETTING(frame_setting, 5)
SETTING(list_setting, 6)

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
#define NOW                                                                                        \
	{                                                                                          \
		0, 0                                                                               \
	}
#define HEADERS                                                                                    \
	{                                                                                          \
		HTTP2_STEP_HEADERS, HTTP2_STEP_HEADERS                                             \
	}
#define ENDS                                                                                       \
	{                                                                                          \
		HTTP2_STEP_COMPLETE, HTTP2_STEP_COMPLETE                                           \
	}

#define LINE HEADERS
#define BODY ENDS
#define WHOLE ENDS
/* The path is not decoded: it is what it was. */
#define raw_uri_field uri_field

/* clang-format off */
const struct field http2_fields[HTTP2_FIELD_CNT] = {
#define HTTP_FIELD(name, kind, sides, step, function, what)                                        \
	{ name, kind, sides, step, function, NULL, what },
#include "proto/httpfields.def"
#undef HTTP_FIELD
	{ "http2.header_name", FIELD_LIST, BOTH, HEADERS, name_field, NULL, "each name of a header" },
	{ "http2.header", FIELD_LIST, BOTH, HEADERS, escaped_field, NULL, "name:: value" },
	{ "http2.frametype", FIELD_NUMBER, BOTH, NOW, NULL, type_number, "SETTINGS, HEADERS" },
	{ "http2.errorcode", FIELD_NUMBER, BOTH, NOW, NULL, error_number, "RST_STREAM, GOAWAY" },
	{ "http2.priority", FIELD_NUMBER, BOTH, NOW, NULL, priority_number, "weight as on the wire" },
	{ "http2.window", FIELD_NUMBER, BOTH, NOW, NULL, window_number, "size of WINDOW_UPDATE" },
	{ "http2.size_update", FIELD_NUMBER, BOTH, NOW, NULL, update_number, "size of HPACK's table" },
	{ "http2.settings.header_table_size", FIELD_NUMBER, BOTH, NOW, NULL, table_setting, "a setting" },
	{ "http2.settings.enable_push", FIELD_NUMBER, BOTH, NOW, NULL, push_setting, "a setting" },
	{ "http2.settings.max_concurrent_streams", FIELD_NUMBER, BOTH, NOW, NULL, streams_setting, "one" },
	{ "http2.settings.initial_window_size", FIELD_NUMBER, BOTH, NOW, NULL, window_setting, "a setting" },
	{ "http2.settings.max_frame_size", FIELD_NUMBER, BOTH, NOW, NULL, frame_setting, "a setting" },
	{ "http2.settings.max_header_list_size", FIELD_NUMBER, BOTH, NOW, NULL, list_setting, "a setting" },
};
/* clang-format on */
