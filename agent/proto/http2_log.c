// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the record of HTTP/2, with Suricata's names: a stream's headers, and what its frames said. Called
 * by the records.
 */
#include <stdio.h>

#include "proto/http2.h"
#include "report/json.h"

static const char *error_word(uint32_t error)
{
	static const char *const words[] = {
		"NoError",
		"ProtocolError",
		"InternalError",
		"FlowControlError",
		"SettingsTimeout",
		"StreamClosed",
		"FrameSizeError",
		"RefusedStream",
		"Cancel",
		"CompressionError",
		"ConnectError",
		"EnhanceYourCalm",
		"InadequateSecurity",
		"Http11Required",
	};

	return error < sizeof(words) / sizeof(words[0]) ? words[error] : NULL;
}

static const char *setting_word(uint16_t id)
{
	static const char *const words[] = {
		"SETTINGSHEADERTABLESIZE",   "SETTINGSENABLEPUSH",   "SETTINGSMAXCONCURRENTSTREAMS",
		"SETTINGSINITIALWINDOWSIZE", "SETTINGSMAXFRAMESIZE", "SETTINGSMAXHEADERLISTSIZE",
	};

	return id && id <= sizeof(words) / sizeof(words[0]) ? words[id - 1] : NULL;
}

/* --- headers --- */

static bool headers_put(struct json *json, const char *name, const struct http2_side *side)
{
	if (!side->header_cnt)
		return false;
	json_list(json, name);
	for (uint32_t i = 0; i < side->header_cnt; i++) {
		const struct http2_header *header = &side->headers[i];

		json_open(json, NULL);
		if (header->is_update) {
			json_number(json, "table_size_update", header->size_update);
		} else {
			json_bytes(json, "name", http2_name(side, header));
			json_bytes(json, "value", http2_value(side, header));
		}
		json_close(json);
	}
	json_close(json);
	return true;
}

static void text_put(struct json *json, const char *name, const struct http2_side *side,
		     const char *header)
{
	struct slice value;

	if (http2_header(side, header, &value))
		json_bytes(json, name, value);
}

static void number_put(struct json *json, const char *name, const struct http2_side *side,
		       const char *header)
{
	uint64_t number = 0;
	struct slice value;

	if (!http2_header(side, header, &value) || !value.len || value.len > 18)
		return;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return;
		number = number * 10 + (uint64_t)(value.at[i] - '0');
	}
	json_number(json, name, number);
}

/* What HTTP/1 tells too, by the same names. */
static void common_put(struct json *json, const struct http2_tx *tx)
{
	const struct http2_side *client = &tx->side[FROM_CLIENT], *server = &tx->side[FROM_SERVER];
	struct slice value;

	text_put(json, "http_method", client, ":method");
	text_put(json, "url", client, ":path");
	text_put(json, "hostname", client,
		 http2_header(client, "host", &value) ? "host" : ":authority");
	text_put(json, "http_user_agent", client, "user-agent");
	number_put(json, "status", server, ":status");
	number_put(json, "length", http2_header(server, "content-length", &value) ? server : client,
		   "content-length");
}

/* --- frames --- */

static bool settings_put(struct json *json, const struct http2_side *side)
{
	if (!side->setting_cnt)
		return false;
	json_list(json, "settings");
	for (uint32_t i = 0; i < side->setting_cnt; i++) {
		const char *word = setting_word(side->settings[i].id);
		char unknown[48];

		snprintf(unknown, sizeof(unknown), "SETTINGSUNKNOWN(%u)", side->settings[i].id);
		json_open(json, NULL);
		json_text(json, "settings_id", word ? word : unknown);
		json_number(json, "settings_value", side->settings[i].value);
		json_close(json);
	}
	json_close(json);
	return true;
}

static bool frame_put(struct json *json, const struct http2_frame *frame)
{
	const char *word;
	char number[16];

	switch (frame->type) {
	case HTTP2_GOAWAY:
	case HTTP2_RST_STREAM:
		word = error_word(frame->value);
		snprintf(number, sizeof(number), "%u", frame->value);
		json_text(json, "error_code", word ? word : number);
		return true;
	default:
		if (frame->has_priority)
			json_number(json, "priority", frame->priority);
		return frame->has_priority;
	}
}

static bool side_put(struct json *json, const char *name, const struct http2_side *side)
{
	bool any;

	json_open(json, name);
	any = settings_put(json, side);
	for (uint32_t i = 0; i < side->frame_cnt; i++) {
		if (frame_put(json, &side->frames[i])) {
			any = true;
			break;
		}
	}
	json_close(json);
	return any;
}

bool http2_log(struct tx *tx, struct json *json)
{
	const struct http2_tx *http2 = (const struct http2_tx *)tx;
	bool any;

	json_text(json, "version", "2");
	any = headers_put(json, "request_headers", &http2->side[FROM_CLIENT]);
	any |= headers_put(json, "response_headers", &http2->side[FROM_SERVER]);
	common_put(json, http2);
	json_open(json, "http2");
	json_number(json, "stream_id", http2->stream);
	any |= side_put(json, "request", &http2->side[FROM_CLIENT]);
	any |= side_put(json, "response", &http2->side[FROM_SERVER]);
	json_close(json);
	return any;
}

bool http2_forwarded_for(struct tx *tx, const char *header, struct slice *ret)
{
	return http2_header(&((const struct http2_tx *)tx)->side[FROM_CLIENT], header, ret) &&
	       ret->len;
}
