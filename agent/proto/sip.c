// SPDX-License-Identifier: Apache-2.0
/*
 * SIP over UDP (RFC 3261): the first lines of requests and responses. Called by sessions. Promises one
 * transaction for each message.
 */
#include <ctype.h>
#include <stdlib.h>

#include "proto/frames.h"
#include "proto/lines.h"
#include "report/json.h"

#define FIRST_LINE_MAX 8192

enum sip_event { EVENT_INCOMPLETE = 1, EVENT_INVALID };
#define STEP_DONE 1

static const char *const methods[] = {
	"REGISTER", "INVITE",	 "ACK",	   "BYE",     "CANCEL",	 "UPDATE", "REFER",
	"PRACK",    "SUBSCRIBE", "NOTIFY", "PUBLISH", "MESSAGE", "INFO",   "OPTIONS",
};

struct sip_tx {
	struct tx tx;
	bool is_response;
	uint8_t *line; /* the first of the message, without its end */
	size_t len;
	struct slice first, second, third; /* its words: method, URI, version; version, code, reason */
};

static void *sip_open(struct session *session)
{
	return session;
}

static void sip_tx_free(struct tx *tx)
{
	free(((struct sip_tx *)tx)->line);
	free(tx);
}

static bool is_response(struct slice data)
{
	return data.len >= 4 && memcmp(data.at, "SIP/", 4) == 0;
}

/* Up to the next blank, which goes too. */
static struct slice word_take(struct slice *rest)
{
	const uint8_t *blank = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
	size_t len = blank ? (size_t)(blank - rest->at) : rest->len;
	struct slice word = slice(rest->at, len);

	*rest = slice_behind(*rest, len + 1);
	return word;
}

static bool is_version(struct slice word)
{
	return word.len == 7 && memcmp(word.at, "SIP/", 4) == 0 && isdigit(word.at[4]) &&
	       word.at[5] == '.' && isdigit(word.at[6]);
}

static bool is_code(struct slice word)
{
	return word.len == 3 && isdigit(word.at[0]) && isdigit(word.at[1]) && isdigit(word.at[2]);
}

static bool line_read(struct sip_tx *tx)
{
	struct slice rest = slice(tx->line, tx->len);

	tx->first = word_take(&rest);
	tx->second = word_take(&rest);
	tx->third = rest;
	if (tx->is_response)
		return is_version(tx->first) && is_code(tx->second);
	return tx->first.len && tx->second.len && is_version(tx->third);
}

/* Blanks and line ends that hold a port of NAT open (RFC 5626, 4.4.1). */
static bool is_keepalive(struct slice data)
{
	for (size_t i = 0; i < data.len; i++)
		if (!isspace(data.at[i]) && data.at[i])
			return false;
	return true;
}

/* The message, its first line, its fields, what it carries behind an empty line. */
enum {
	FRAME_PDU,
	FRAME_LINE,
	FRAME_HEADERS,
	FRAME_BODY,
	FRAMES_OF_KIND = 3,
};
static const char *const frames[] = {
	"pdu",		 "request.line",     "request.headers", "request.body",
	"response.line", "response.headers", "response.body",	NULL
};

static void frames_make(struct session *session, struct slice data, size_t line, bool is_response)
{
	uint8_t kind = is_response ? FRAMES_OF_KIND : 0;
	struct slice rest = slice_behind(data, line);
	const uint8_t *end = memmem(rest.at, rest.len, "\r\n\r\n", 4);
	size_t head = end ? (size_t)(end + 2 - rest.at) : rest.len, body = end ? head + 2 : head;

	session_frame(session, FRAME_LINE + kind, data.at, line);
	session_frame(session, FRAME_HEADERS + kind, rest.at, head);
	if (rest.len > body)
		session_frame(session, FRAME_BODY + kind, rest.at + body, rest.len - body);
}

static int64_t sip_input(void *state, const struct proto_in *in)
{
	size_t len = line_len(in->data, FIRST_LINE_MAX, true);
	struct slice line = slice(in->data.at, len), text = line_text(line);
	struct sip_tx *tx;

	session_frame(state, FRAME_PDU, in->data.at, in->data.len);
	if (is_keepalive(in->data))
		return (int64_t)in->data.len;
	tx = (struct sip_tx *)tx_new(state, sizeof(*tx));
	if (!tx)
		return INPUT_BAD;
	tx->tx.one_sided = true;
	tx->tx.progress[in->side] = STEP_DONE;
	tx->is_response = is_response(text);
	tx->line = malloc(text.len ? text.len : 1);
	if (!tx->line)
		return INPUT_BAD;
	if (text.len)
		memcpy(tx->line, text.at, text.len);
	tx->len = text.len;
	if (!line_is_whole(line))
		tx_event(&tx->tx, EVENT_INCOMPLETE);
	else if (!line_read(tx))
		tx_event(&tx->tx, EVENT_INVALID);
	else
		frames_make(state, in->data, len, tx->is_response);
	return (int64_t)in->data.len;
}

static enum proto_guess sip_guess(enum side side, struct slice first)
{
	if (first.len >= 7 && is_version(slice(first.at, 7)))
		return side == FROM_CLIENT ? GUESS_YES_TURNED : GUESS_YES;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t len = strlen(methods[i]);

		if (first.len > len && memcmp(first.at, methods[i], len) == 0 && first.at[len] == ' ')
			return GUESS_YES;
	}
	return GUESS_NO;
}

/* --- fields --- */

static bool give(struct slice value, bool there, struct slice *ret, uint64_t *ret_from)
{
	*ret_from = 0;
	*ret = value;
	return there && value.len;
}

#define SIP_FIELD(symbol, of_response, value)                                                       \
	static bool symbol(struct tx *tx, enum side side, uint32_t index, struct slice *ret,        \
			   uint64_t *ret_from)                                                      \
	{                                                                                           \
		const struct sip_tx *sip = (const struct sip_tx *)tx;                               \
                                                                                                    \
		return give(value, index == 0 && sip->is_response == (of_response), ret, ret_from); \
	}
SIP_FIELD(method_field, false, sip->first)
SIP_FIELD(uri_field, false, sip->second)
SIP_FIELD(request_line_field, false, slice(sip->line, sip->len))
SIP_FIELD(code_field, true, sip->second)
SIP_FIELD(reason_field, true, sip->third)
SIP_FIELD(response_line_field, true, slice(sip->line, sip->len))
SIP_FIELD(version_field, sip->is_response, sip->is_response ? sip->first : sip->third)
#undef SIP_FIELD

#define MESSAGE_FIELD(name, client, server, ask, says)                                             \
	{                                                                                          \
		name, FIELD_BYTES, { client, server }, { STEP_DONE, STEP_DONE }, ask, NULL, says   \
	}

static const struct field fields[] = {
	MESSAGE_FIELD("sip.method", true, false, method_field, "method of a request"),
	MESSAGE_FIELD("sip.uri", true, false, uri_field, "URI of a request"),
	MESSAGE_FIELD("sip.request_line", true, false, request_line_field, "first line of a request"),
	MESSAGE_FIELD("sip.stat_code", false, true, code_field, "code of a response"),
	MESSAGE_FIELD("sip.stat_msg", false, true, reason_field, "reason of a response"),
	MESSAGE_FIELD("sip.response_line", false, true, response_line_field,
		      "first line of a response"),
	MESSAGE_FIELD("sip.protocol", true, true, version_field, "version of the protocol: SIP/2.0"),
};

static const char *const events[] = { "incomplete_data", "invalid_data", NULL };

static bool sip_log(struct tx *tx, struct json *json)
{
	const struct sip_tx *sip = (const struct sip_tx *)tx;

	if (!sip->first.len)
		return false;
	if (sip->is_response) {
		json_bytes(json, "version", sip->first);
		json_bytes(json, "code", sip->second);
		json_bytes(json, "reason", sip->third);
		json_bytes(json, "response_line", slice(sip->line, sip->len));
	} else {
		json_bytes(json, "method", sip->first);
		json_bytes(json, "uri", sip->second);
		json_bytes(json, "version", sip->third);
		json_bytes(json, "request_line", slice(sip->line, sip->len));
	}
	return true;
}

const struct proto proto_sip = {
	.name = "sip",
	.eve_name = "sip",
	.over = PROTO_OVER_UDP,
	.asked_by_chunks = true,
	.guess = sip_guess,
	.open = sip_open,
	.tx_free = sip_tx_free,
	.input = sip_input,
	.frames = frames,
	.steps = { STEP_DONE, STEP_DONE },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = sip_log,
	.log_by_packet = true,
};
