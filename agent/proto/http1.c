// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP/1: a session's connection as libhtp reads it. Called by sessions. Promises that a transaction
 * lives until all have seen it, that libhtp's memory does not grow with the age of a connection, and
 * that what it refuses ends the reading, not the flow.
 */
#include "proto/http1.h"

#include <stdlib.h>
#include <strings.h>

#include "inspect/engine.h"

#define MADE_MAX 256 /* transactions of one libhtp connection, which walks along all of them */

/* --- transactions --- */

struct http1_tx *http1_tx_of(struct http1_state *state, htp_tx_t *htp)
{
	struct http1_tx *tx;

	if (!state || state->failed)
		return NULL;
	if (state->live >= state->server->live_max) {
		state->failed = true;
		return NULL;
	}
	tx = (struct http1_tx *)tx_new(state->session, sizeof(*tx));
	if (!tx)
		return NULL;
	tx->state = state;
	tx->htp = htp;
	htp_tx_set_user_data(htp, tx);
	state->live++;
	state->made++;
	state->made_all++;
	for (uint8_t i = 0; i < state->waiting_cnt; i++)
		tx_event(&tx->tx, state->waiting[i]);
	state->waiting_cnt = 0;
	return tx;
}

/* libhtp keeps one that it does not think to be complete until the connection ends. */
static void htp_release(htp_tx_t *htp)
{
	htp_tx_set_user_data(htp, NULL);
	htp_tx_destroy(htp);
}

static void http1_tx_free(struct tx *freed)
{
	struct http1_tx *tx = (struct http1_tx *)freed;

	if (tx->htp)
		htp_release(tx->htp);
	if (tx->state)
		tx->state->live--;
	for (int side = 0; side < SIDES; side++) {
		grown_free(&tx->raw_headers[side]);
		grown_free(&tx->lines[side]);
		grown_free(&tx->names[side]);
		grown_free(&tx->start[side]);
		grown_free(&tx->body[side].kept);
	}
	grown_free(&tx->uri);
	grown_free(&tx->header);
	multipart_free(tx->multipart);
	http_decoder_free(tx->decoder);
	free(tx);
}

/* --- the connection --- */

static bool connection_open(struct http1_state *state)
{
	const struct flow *flow = session_flow(state->session);

	state->connp = htp_connp_create(state->server->cfg);
	if (!state->connp)
		return false;
	htp_connp_set_user_data(state->connp, state);
	htp_connp_open(state->connp, NULL, flow->port[FROM_CLIENT], NULL, flow->port[FROM_SERVER],
		       NULL);
	state->made = 0;
	return true;
}

/* Between two transactions a new one goes on where the old one, which has grown, was. */
static bool connection_renew(struct http1_state *state)
{
	if (state->made < MADE_MAX || state->live || state->closed[0] || state->closed[1] ||
	    htp_connp_get_in_tx(state->connp) || htp_connp_get_out_tx(state->connp))
		return true;
	htp_connp_destroy_all(state->connp);
	return connection_open(state);
}

static void http1_close(void *arg)
{
	struct http1_state *state = arg;

	if (state->connp)
		htp_connp_destroy_all(state->connp);
	http1_settings_free(state->own);
	grown_free(&state->upgrade);
	free(state);
}

static void *http1_open(struct session *session)
{
	struct http1_state *state = calloc(1, sizeof(*state));
	const struct engine_setup *setup = session->setup;
	const struct http1_settings *settings = setup ? setup->http1 : NULL;

	if (!state)
		return NULL;
	state->session = session;
	if (!settings && http1_settings_new(NULL, false, &state->own)) {
		free(state);
		return NULL;
	}
	state->server = http1_server_of(settings ? settings : state->own,
					&session_flow(session)->addr[FROM_SERVER]);
	if (!connection_open(state)) {
		http1_close(state);
		return NULL;
	}
	return state;
}

/* --- bytes --- */

static int bytes_give(struct http1_state *state, enum side side, struct slice bytes)
{
	state->given = bytes.at;
	return side == FROM_CLIENT ? htp_connp_req_data(state->connp, NULL, bytes.at, bytes.len)
				   : htp_connp_res_data(state->connp, NULL, bytes.at, bytes.len);
}

static size_t bytes_taken(struct http1_state *state, enum side side, int said, size_t len)
{
	size_t took;

	if (said != HTP_STREAM_DATA_OTHER && said != HTP_STREAM_TUNNEL)
		return len;
	took = side == FROM_CLIENT ? htp_connp_req_data_consumed(state->connp)
				   : htp_connp_res_data_consumed(state->connp);
	return took < len ? took : len;
}

/* What stands behind a CONNECT may be the first of the tunnel; empty lines are not (RFC 9112, 2.2). */
static bool is_empty(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] != '\r' && bytes.at[i] != '\n')
			return false;
	return true;
}

/* Returns the bytes taken, or INPUT_BAD. */
static int64_t bytes_read(struct http1_state *state, enum side side, struct slice bytes)
{
	size_t took = 0, now = 1;

	while (took < bytes.len && now > 0 && !state->session->becomes) {
		int said = bytes_give(state, side, slice_behind(bytes, took));

		if (said == HTP_STREAM_ERROR || said == HTP_STREAM_STOP || state->failed)
			return INPUT_BAD;
		now = bytes_taken(state, side, said, bytes.len - took);
		took += now;
		if (said == HTP_STREAM_TUNNEL) {
			state->tunnel = true;
			http1_upgrade_check(state);
			return state->session->becomes ? (int64_t)took : (int64_t)bytes.len;
		}
	}
	return (int64_t)(is_empty(slice_behind(bytes, took)) ? bytes.len : took);
}

/* false: it is more than libhtp reads over. */
static bool gap_read(struct http1_state *state, enum side side, uint64_t lost)
{
	int said = bytes_give(state, side, slice(NULL, lost));

	return said != HTP_STREAM_ERROR && said != HTP_STREAM_STOP && !state->failed;
}

static void side_close(struct http1_state *state, enum side side)
{
	state->given = NULL;
	if (state->closed[side])
		return;
	state->closed[side] = true;
	if (side == FROM_CLIENT)
		htp_connp_req_close(state->connp, NULL);
	else
		htp_connp_close(state->connp, NULL);
}

static int64_t some_read(struct http1_state *state, const struct proto_in *in)
{
	int64_t took = 0;

	if (in->lost && !gap_read(state, in->side, in->lost))
		return INPUT_BAD;
	if (in->data.len && !state->session->becomes)
		took = bytes_read(state, in->side, in->data);
	if (took >= 0 && in->ends && !state->session->becomes)
		side_close(state, in->side);
	return took;
}

static int64_t http1_input(void *arg, const struct proto_in *in)
{
	struct http1_state *state = arg;
	int64_t took;

	if (state->tunnel)
		return (int64_t)in->data.len;
	if (!connection_renew(state))
		return INPUT_BAD;
	state->side = in->side;
	took = some_read(state, in);
	http1_messages_free(state);
	if (took < 0)
		state->failed = true;
	return took;
}

/* --- what it is --- */

static const char *const methods[] = {
	"GET",
	"PUT",
	"POST",
	"HEAD",
	"TRACE",
	"OPTIONS",
	"CONNECT",
	"DELETE",
	"PATCH",
	"COPY",
	"MOVE",
	"LOCK",
	"UNLOCK",
	"CHECKOUT",
	"CHECKIN",
	"UPDATE",
	"LABEL",
	"REPORT",
	"MERGE",
	"MKCOL",
	"PROPFIND",
	"PROPPATCH",
	"INVALID",
	"UNCHECKOUT",
	"MKWORKSPACE",
	"MKACTIVITY",
	"VERSION-CONTROL",
	"BASELINE-CONTROL",
};

static enum proto_guess begins_guess(struct slice first, const char *word, const char *ends)
{
	size_t len = strlen(word), both = first.len < len ? first.len : len;

	if (strncasecmp((const char *)first.at, word, both) != 0)
		return GUESS_NO;
	if (first.len <= len)
		return first.len == len && !ends ? GUESS_YES : GUESS_MORE;
	return !ends || strchr(ends, first.at[len]) ? GUESS_YES : GUESS_NO;
}

static enum proto_guess request_guess(struct slice first)
{
	bool more = false;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		enum proto_guess guess = begins_guess(first, methods[i], " \t");

		if (guess == GUESS_YES)
			return guess;
		more = more || guess == GUESS_MORE;
	}
	return more ? GUESS_MORE : GUESS_NO;
}

static enum proto_guess response_guess(struct slice first)
{
	static const char *const versions[] = { "HTTP/0.9", "HTTP/1.0", "HTTP/1.1" };
	bool more = false;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		enum proto_guess guess = begins_guess(first, versions[i], NULL);

		if (guess == GUESS_YES)
			return guess;
		more = more || guess == GUESS_MORE;
	}
	return more ? GUESS_MORE : GUESS_NO;
}

static enum proto_guess http1_guess(enum side side, struct slice first)
{
	enum proto_guess guess = side == FROM_CLIENT ? request_guess(first) : response_guess(first);

	if (guess != GUESS_NO || !first.len)
		return guess;
	guess = side == FROM_CLIENT ? response_guess(first) : request_guess(first);
	return guess == GUESS_YES ? GUESS_YES_TURNED : guess;
}

static const char *const request_steps[] = {
	"request_started", "request_line",    "request_headers",
	"request_body",	   "request_trailer", "request_complete",
};
static const char *const response_steps[] = {
	"response_started", "response_line",	"response_headers",
	"response_body",    "response_trailer", "response_complete",
};

static const char *const frames[] = {
	[HTTP1_FRAME_REQUEST] = "request", [HTTP1_FRAME_RESPONSE] = "response", NULL
};

const struct proto proto_http1 = {
	.name = "http",
	.leads_on = true,
	.eve_name = "http",
	.over = PROTO_OVER_TCP,
	.carries_files = true,
	.guess = http1_guess,
	.open = http1_open,
	.close = http1_close,
	.tx_free = http1_tx_free,
	.input = http1_input,
	.frames = frames,
	.steps = { HTTP1_COMPLETE, HTTP1_COMPLETE },
	.step_names = { request_steps, response_steps },
	.fields = http1_fields,
	.field_cnt = HTTP1_FIELD_CNT,
	.events = http1_events,
	.log = http1_log,
	.log_alert = http1_log_alert,
	.loud_events = true,
	.log_tx_id = true,
	.options = http1_options,
	.option_cnt = HTTP1_OPTION_CNT,
	.forwarded_for = http1_forwarded_for,
};
