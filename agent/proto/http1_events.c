// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what is odd about HTTP/1: libhtp says it in words and flags, rules ask it by names. Called as libhtp
 * reads; promises that its messages do not pile up.
 */
#include "proto/http1.h"

#include <stdlib.h>

#define MESSAGES_MAX 512 /* of one connection that are looked at */

const char *const http1_events[] = {
#define EVENT(id, name) name,
#include "proto/http1_events.def"
#undef EVENT
	NULL,
};

static const struct {
	const char *begins;
	enum http1_event event;
} messages[] = {
	{ "GZip decompressor:", HTTP1_EVENT_GZIP_FAILED },
	{ "Request field invalid: colon missing", HTTP1_EVENT_REQUEST_NO_COLON },
	{ "Response field invalid: missing colon", HTTP1_EVENT_RESPONSE_NO_COLON },
	{ "Request chunk encoding: Invalid chunk length", HTTP1_EVENT_REQUEST_CHUNK_LEN },
	{ "Response chunk encoding: Invalid chunk length", HTTP1_EVENT_RESPONSE_CHUNK_LEN },
	{ "Invalid T-E value in request", HTTP1_EVENT_REQUEST_TRANSFER },
	{ "Invalid T-E value in response", HTTP1_EVENT_RESPONSE_TRANSFER },
	{ "Invalid C-L field in request", HTTP1_EVENT_REQUEST_LENGTH },
	{ "Invalid C-L field in response", HTTP1_EVENT_RESPONSE_LENGTH },
	{ "Already seen 100-Continue", HTTP1_EVENT_CONTINUE_TWICE },
	{ "Unable to match response to request", HTTP1_EVENT_RESPONSE_ALONE },
	{ "Invalid server port information in request", HTTP1_EVENT_REQUEST_PORT },
	{ "Request buffer over the limit", HTTP1_EVENT_REQUEST_LONG },
	{ "Request field length exceeds", HTTP1_EVENT_REQUEST_LONG },
	{ "Response the buffer limit", HTTP1_EVENT_RESPONSE_LONG },
	{ "Response field length exceeds", HTTP1_EVENT_RESPONSE_LONG },
	{ "C-T multipart/byteranges in responses not supported", HTTP1_EVENT_RESPONSE_MULTIPART },
	{ "Compression bomb:", HTTP1_EVENT_BOMB },
	{ "Request field invalid", HTTP1_EVENT_REQUEST_HEADER },
	{ "Response field invalid", HTTP1_EVENT_RESPONSE_HEADER },
	{ "Request header name is not a token", HTTP1_EVENT_REQUEST_HEADER },
	{ "Response header name is not a token", HTTP1_EVENT_RESPONSE_HEADER },
	{ "Host information in request headers required by HTTP/1.1", HTTP1_EVENT_NO_HOST },
	{ "Host information ambiguous", HTTP1_EVENT_HOST_AMBIGUOUS },
	{ "Invalid request field folding", HTTP1_EVENT_REQUEST_FOLDING },
	{ "Invalid response field folding", HTTP1_EVENT_RESPONSE_FOLDING },
	{ "Request server port=", HTTP1_EVENT_PORT_MISMATCH },
	{ "Request line: URI contains non-compliant delimiter", HTTP1_EVENT_URI_DELIMITER },
	{ "Request line: non-compliant delimiter between Method and URI",
	  HTTP1_EVENT_METHOD_DELIMITER },
	{ "Request line: leading whitespace", HTTP1_EVENT_LEADING_SPACE },
	{ "Too many response content encoding layers", HTTP1_EVENT_ENCODING_LAYERS },
	{ "Too many request headers", HTTP1_EVENT_REQUEST_HEADERS_MANY },
	{ "Too many response headers", HTTP1_EVENT_RESPONSE_HEADERS_MANY },
	{ "C-E gzip has abnormal value", HTTP1_EVENT_CONTENT_ENCODING },
	{ "C-E deflate has abnormal value", HTTP1_EVENT_CONTENT_ENCODING },
	{ "C-E unknown setting", HTTP1_EVENT_CONTENT_ENCODING },
	{ "Excessive request header repetitions", HTTP1_EVENT_REQUEST_REPETITION },
	{ "Excessive response header repetitions", HTTP1_EVENT_RESPONSE_REPETITION },
	{ "Transfer-encoding has abnormal chunked value", HTTP1_EVENT_TRANSFER_ABNORMAL },
	{ "Chunked transfer-encoding on HTTP/0.9 or HTTP/1.0", HTTP1_EVENT_CHUNKED_OLD },
	{ "Invalid response line: invalid protocol", HTTP1_EVENT_RESPONSE_PROTOCOL },
	{ "Invalid response line: invalid response status", HTTP1_EVENT_RESPONSE_STATUS },
	{ "Request line incomplete", HTTP1_EVENT_REQUEST_LINE_CUT },
	{ "Unexpected request body", HTTP1_EVENT_REQUEST_BODY },
	{ "LZMA decompressor: memory limit reached", HTTP1_EVENT_LZMA_MEMORY },
	{ "Ambiguous request C-L value", HTTP1_EVENT_REQUEST_LENGTH_TWICE },
	{ "Ambiguous response C-L value", HTTP1_EVENT_RESPONSE_LENGTH_TWICE },
	{ "Request chunk extension", HTTP1_EVENT_CHUNK_EXTENSION },
};

static enum http1_event message_event(const htp_log_t *log)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (strncmp(log->msg, messages[i].begins, strlen(messages[i].begins)) == 0)
			return messages[i].event;
	return HTTP1_EVENT_NONE;
}

/* The transaction that libhtp reads now, or the newest. */
static struct http1_tx *tx_now(struct http1_state *state, const htp_tx_t *htp)
{
	if (!htp)
		htp = state->side == FROM_CLIENT ? htp_connp_get_in_tx(state->connp)
						 : htp_connp_get_out_tx(state->connp);
	if (htp)
		return htp_tx_get_user_data(htp);
	return (struct http1_tx *)tx_last(state->session);
}

void http1_event(struct http1_state *state, const htp_tx_t *htp, enum http1_event event)
{
	struct http1_tx *tx = tx_now(state, htp);

	if (tx)
		tx_event(&tx->tx, (uint8_t)event);
	else if (state->waiting_cnt < sizeof(state->waiting))
		state->waiting[state->waiting_cnt++] = (uint8_t)event;
}

int http1_on_message(htp_log_t *log)
{
	struct http1_state *state = htp_connp_get_user_data(log->connp);
	enum http1_event event;

	if (!state)
		return HTP_OK;
	if (++state->messages < MESSAGES_MAX)
		event = message_event(log);
	else
		event = state->messages == MESSAGES_MAX ? HTTP1_EVENT_WARNINGS_MANY
							: HTTP1_EVENT_NONE;
	if (event != HTTP1_EVENT_NONE)
		http1_event(state, log->tx, event);
	return HTP_OK;
}

/* The list is libhtp's and would live as long as the connection. */
void http1_messages_free(struct http1_state *state)
{
	htp_conn_t *conn = htp_connp_get_connection(state->connp);
	htp_log_t *log;

	htp_connp_clear_error(state->connp);
	while ((log = htp_list_shift(conn->messages))) {
		free((void *)log->msg);
		free(log);
	}
}

void http1_flags_check(struct http1_tx *tx)
{
	static const struct {
		uint64_t flag;
		enum http1_event event;
	} flags[] = {
		{ HTP_REQUEST_INVALID_T_E, HTTP1_EVENT_REQUEST_TRANSFER },
		{ HTP_REQUEST_INVALID_C_L, HTTP1_EVENT_REQUEST_LENGTH },
		{ HTP_HOST_MISSING, HTTP1_EVENT_NO_HOST },
		{ HTP_HOST_AMBIGUOUS, HTTP1_EVENT_HOST_AMBIGUOUS },
		{ HTP_HOSTU_INVALID, HTTP1_EVENT_URI_HOST },
		{ HTP_HOSTH_INVALID, HTTP1_EVENT_HEADER_HOST },
	};
	const htp_tx_t *htp = tx->htp;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (htp->flags & flags[i].flag)
			tx_event(&tx->tx, (uint8_t)flags[i].event);
	if (htp->request_auth_type == HTP_AUTH_UNRECOGNIZED)
		tx_event(&tx->tx, HTTP1_EVENT_AUTH);
	if (htp->is_protocol_0_9 && htp->request_method_number == HTP_M_UNKNOWN &&
	    (htp->request_protocol_number == HTP_PROTOCOL_INVALID ||
	     htp->request_protocol_number == HTP_PROTOCOL_UNKNOWN))
		tx_event(&tx->tx, HTTP1_EVENT_REQUEST_LINE);
}
