/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1 (RFC 9112) as libhtp reads it. What the files of the parser share; of others only those who
 * make an engine know it, for its settings.
 */
#ifndef AGENT_PROTO_HTTP1_H
#define AGENT_PROTO_HTTP1_H

#include <htp/htp.h>

#include "base/grown.h"
#include "proto/httpbody.h"
#include "proto/httpdecode.h"
#include "proto/proto.h"

/* --- settings: http1_settings.c --- */

/* How the traffic of some servers is read. */
struct http1_server {
	htp_cfg_t *cfg;
	struct http_body_limits body[SIDES];
	bool at_once; /* rules see each piece of a body: what they drop must not have passed */
	bool decodes_path_twice, decodes_query_twice;
	bool uri_whole; /* http.uri has the scheme, the host and the fragment too */
	uint32_t live_max; /* transactions that wait for their end */
};

struct http1_settings;

/* Of app-layer.protocols.http.libhtp. config NULL: the usual ones. Returns 0 or -ENOMEM. */
int http1_settings_new(const struct config *config, bool ips, struct http1_settings **ret_settings);
void http1_settings_free(struct http1_settings *settings);
const struct http1_server *http1_server_of(const struct http1_settings *settings,
					   const struct sek_addr *server);

/* --- a connection: http1.c --- */

enum http1_event {
	HTTP1_EVENT_NONE,
#define EVENT(id, name) HTTP1_EVENT_##id,
#include "proto/http1_events.def"
#undef EVENT
};

/* What is whole of a side. A rule's hook says "request_line" or "response_line". */
enum http1_step {
	HTTP1_LINE = 1,
	HTTP1_HEADERS,
	HTTP1_BODY,
	HTTP1_TRAILER,
	HTTP1_COMPLETE,
};

struct http1_state {
	struct session *session;
	struct http1_settings *own; /* where the engine has none */
	const struct http1_server *server;
	htp_connp_t *connp;
	uint32_t live; /* transactions that are not freed */
	uint32_t made; /* since connp was made */
	uint64_t made_all;
	const uint8_t *given; /* what libhtp reads now; NULL: a gap, or nothing */
	bool closed[SIDES], tunnel, failed;
	enum side side; /* whose bytes are read now */
	uint32_t messages; /* of libhtp */
	struct grown upgrade; /* the request that became HTTP/2, for http1_upgrade_next() */
	uint8_t waiting_cnt;
	uint8_t waiting[4]; /* events of a transaction that is not there yet */
};

struct multipart; /* http1_multipart.c */

struct http1_tx {
	struct tx tx;
	struct http1_state *state;
	htp_tx_t *htp;
	struct grown uri; /* normalised */
	struct grown raw_headers[SIDES];
	struct grown lines[SIDES], names[SIDES], start[SIDES]; /* made when they are asked for */
	bool lines_made[SIDES], names_made[SIDES], start_made[SIDES];
	struct grown header; /* one of them, as a list gives it */
	struct http_body body[SIDES];
	bool body_begun[SIDES];
	struct file *file[SIDES];
	struct multipart *multipart;
	struct http_decoder *decoder; /* of the response; NULL: libhtp decodes it, or nobody */
	uint64_t frame[SIDES]; /* ids; 0: none */
};

enum { HTTP1_FRAME_REQUEST, HTTP1_FRAME_RESPONSE };

static inline struct slice http1_text(const bstr *text)
{
	return text ? slice(bstr_ptr(text), bstr_len(text)) : slice(NULL, 0);
}

static inline const htp_table_t *http1_headers(const struct http1_tx *tx, enum side side)
{
	return side == FROM_CLIENT ? tx->htp->request_headers : tx->htp->response_headers;
}

/* The value of a header; false: it is not there. */
bool http1_header(const struct http1_tx *tx, enum side side, const char *name, struct slice *ret);
/* The libhtp transaction's own, made if it is not there; NULL: no memory, or it is over. */
struct http1_tx *http1_tx_of(struct http1_state *state, htp_tx_t *htp);

/* --- http1_upgrade.c: what HTTP/2 begins with --- */

/* An answer of 101: the connection becomes what it says, if that is read here. */
void http1_upgrade_check(struct http1_state *state);
/* The request that asked for it, of a session's former state; empty: there is none. */
struct slice http1_upgrade(const void *state);
/* Its pseudo-headers and headers one by one; false: no more. */
bool http1_upgrade_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value);
/* RFC 4648, 5, without padding. false: it is none, or no memory. */
bool http1_base64url(struct slice text, struct grown *decoded);

/* --- http1_events.c --- */

extern const char *const http1_events[];

void http1_event(struct http1_state *state, const htp_tx_t *htp, enum http1_event event);
/* What libhtp says, when it says it. */
int http1_on_message(htp_log_t *log);
/* Frees what it said up to now. */
void http1_messages_free(struct http1_state *state);
/* What its flags say of a request. */
void http1_flags_check(struct http1_tx *tx);

/* --- http1_hooks.c: what libhtp calls --- */

void http1_hooks_set(htp_cfg_t *cfg);

/* --- http1_body.c --- */

/* bytes.at NULL: so many are missing. */
void http1_body_take(struct http1_tx *tx, enum side side, struct slice bytes);
void http1_body_end(struct http1_tx *tx, enum side side, bool whole);
struct http1_range { /* Content-Range (RFC 9110, 14.4) */
	uint64_t from, to, size;
	bool has_size;
};

bool http1_range_read(struct slice value, struct http1_range *ret_range);
/* The value of a parameter of a header: filename of "attachment; filename=\"a.txt\"". */
bool http1_parameter(struct slice value, const char *name, struct slice *ret);

/* --- http1_multipart.c --- */

/* NULL: no memory. */
struct multipart *multipart_new(struct tx *tx, struct slice boundary);
/* Returns an event, or HTTP1_EVENT_NONE. */
enum http1_event multipart_take(struct multipart *multipart, struct slice bytes);
enum http1_event multipart_end(struct multipart *multipart);
void multipart_free(struct multipart *multipart);

/* --- http1_fields.c, http1_log.c --- */

#define HTTP1_FIELD_CNT 29
extern const struct field http1_fields[HTTP1_FIELD_CNT];

bool http1_log(struct tx *tx, struct json *json);
void http1_log_alert(struct tx *tx, struct json *json);
bool http1_forwarded_for(struct tx *tx, const char *header, struct slice *ret);
#define HTTP1_OPTION_CNT 58
extern const struct proto_option http1_options[HTTP1_OPTION_CNT];

#endif
