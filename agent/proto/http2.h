/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 (RFC 9113): what the files of the parser share. A stream is a transaction; each frame of the
 * connection as a whole (stream 0) is one of its own.
 */
#ifndef AGENT_PROTO_HTTP2_H
#define AGENT_PROTO_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "base/grown.h"
#include "proto/httpbody.h"
#include "proto/httpdecode.h"
#include "proto/proto.h"

enum http2_frame_type {
	HTTP2_DATA,
	HTTP2_HEADERS,
	HTTP2_PRIORITY,
	HTTP2_RST_STREAM,
	HTTP2_SETTINGS,
	HTTP2_PUSH_PROMISE,
	HTTP2_PING,
	HTTP2_GOAWAY,
	HTTP2_WINDOW_UPDATE,
	HTTP2_CONTINUATION,
	HTTP2_FRAME_TYPES
};

enum http2_flag {
	HTTP2_END_STREAM = 0x01,
	HTTP2_ACK = 0x01,
	HTTP2_END_HEADERS = 0x04,
	HTTP2_PADDED = 0x08,
	HTTP2_WITH_PRIORITY = 0x20,
};

enum http2_event {
	HTTP2_EVENT_NONE,
#define EVENT(id, name) HTTP2_EVENT_##id,
#include "proto/http2_events.def"
#undef EVENT
};

enum http2_step { HTTP2_STEP_HEADERS = 1, HTTP2_STEP_DATA, HTTP2_STEP_COMPLETE };

struct http2_head {
	uint32_t len, stream;
	uint8_t type, flags;
};

struct http2_setting {
	uint16_t id;
	uint32_t value;
};

/* A frame as rules and records ask for it. */
struct http2_frame {
	uint8_t type;
	bool has_priority;
	uint8_t priority; /* weight as on the wire, one less than it means */
	uint32_t value; /* error, size of a window */
	uint32_t setting_cnt, setting_at; /* in the side's settings */
};

/* A header, or an update of the table's size that stood in front of one. */
struct http2_header {
	uint32_t at, name_len, value_len; /* name and value, in the side's text */
	uint32_t size_update;
	bool is_update;
};

struct http2_side {
	struct grown text; /* names and values, one behind the other */
	struct http2_header *headers;
	uint32_t header_cnt, header_cap;
	struct http2_frame *frames;
	uint32_t frame_cnt, frame_cap;
	struct http2_setting *settings;
	uint32_t setting_cnt, setting_cap;
	struct grown lines, raw, names, line, host, header, name; /* made when they are asked for */
	bool lines_made, raw_made, names_made, line_made, host_made;
	struct http_body body;
	bool body_begun;
	struct http_decoder *decoder;
	struct file *file;
};

struct http2_state;

struct http2_tx {
	struct tx tx;
	struct http2_state *state;
	struct http2_tx *next_stream; /* in its bucket */
	uint32_t stream;
	struct http2_side side[SIDES];
};

#define HTTP2_BUCKETS 256

struct http2_state {
	struct session *session;
	struct http2_tx *streams[HTTP2_BUCKETS];
	uint32_t stream_cnt;
	struct {
		nghttp2_hd_inflater *inflater;
		bool greeted; /* the client's preface is behind us */
		uint32_t skip; /* bytes of a frame that are not looked at */
		struct http2_head data; /* a DATA frame that goes on */
		uint32_t data_left, pad_left;
		uint32_t block_stream; /* whose header block goes on; 0: none */
		bool block_ends_stream;
		struct grown block;
	} side[SIDES];
	struct http_body_limits body[SIDES];
	bool at_once;
};

/* --- http2.c --- */

void http2_event(struct http2_state *state, enum http2_event event);
void http2_step_make(struct http2_tx *tx, enum side side, enum http2_step step);
/* The stream's transaction, made if it is not there; 0: a new one. NULL: too many, or no memory. */
struct http2_tx *http2_stream(struct http2_state *state, uint32_t stream);
/* A frame that is remembered; NULL: too many of them, or no memory. */
struct http2_frame *http2_frame_add(struct http2_side *side, uint8_t type);

/* --- http2_frames.c --- */

extern const char *const http2_events[];

/* A frame that is whole, but for DATA. */
void http2_frame_take(struct http2_state *state, enum side side, const struct http2_head *head,
		      struct slice payload);
/* The payload of a SETTINGS frame. */
void http2_settings_take(struct http2_tx *tx, enum side side, struct slice payload);

/* --- http2_headers.c --- */

void http2_block_take(struct http2_state *state, struct http2_tx *tx, enum side side,
		      struct slice block);
bool http2_header_add(struct http2_side *side, struct slice name, struct slice value);
/* The first of that name, in small letters. */
bool http2_header(const struct http2_side *side, const char *name, struct slice *ret);
static inline struct slice http2_name(const struct http2_side *side, const struct http2_header *header)
{
	return slice(side->text.at + header->at, header->name_len);
}
static inline struct slice http2_value(const struct http2_side *side,
				       const struct http2_header *header)
{
	return slice(side->text.at + header->at + header->name_len, header->value_len);
}

/* --- http2_body.c --- */

void http2_body_take(struct http2_tx *tx, enum side side, struct slice bytes);
void http2_body_end(struct http2_tx *tx, enum side side, bool whole);

/* --- http2_fields.c, http2_log.c --- */

#define HTTP2_FIELD_CNT 41
extern const struct field http2_fields[HTTP2_FIELD_CNT];

bool http2_log(struct tx *tx, struct json *json);
bool http2_forwarded_for(struct tx *tx, const char *header, struct slice *ret);

#endif
