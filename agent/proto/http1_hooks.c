// SPDX-License-Identifier: Apache-2.0
/*
 * What libhtp calls as it reads a message: the steps of its transaction, its headers as they stood, its
 * URI. Promises that each step is only ever gone forward.
 */
#include "proto/frames.h"
#include "proto/http1.h"

#define RAW_MAX (1u << 20) /* bytes of one side's headers that are kept as they stood */

static struct http1_tx *tx_of(htp_tx_t *htp)
{
	struct http1_tx *tx = htp_tx_get_user_data(htp);

	return tx ? tx : http1_tx_of(htp_connp_get_user_data(htp->connp), htp);
}

static void step(struct http1_tx *tx, enum side side, enum http1_step reached)
{
	if (tx->tx.progress[side] < reached)
		tx->tx.progress[side] = (uint8_t)reached;
}

/* --- the URI --- */

static void part_add(struct grown *uri, const char *before, const bstr *part, const char *behind)
{
	if (!part)
		return;
	grown_add_text(uri, before);
	grown_add(uri, http1_text(part));
	grown_add_text(uri, behind);
}

static void place_add(struct grown *uri, const htp_uri_t *from)
{
	part_add(uri, "", from->scheme, "://");
	if (from->username || from->password) {
		part_add(uri, "", from->username, "");
		part_add(uri, ":", from->password, "");
		grown_add_text(uri, "@");
	}
	part_add(uri, "", from->hostname, "");
	part_add(uri, ":", from->port, "");
}

/* libhtp leaves the query as it stands; rules see it decoded. */
static void query_add(const struct http1_tx *tx, struct grown *uri, const bstr *query)
{
	bstr *decoded = bstr_dup(query);
	uint64_t flags = 0;

	if (!decoded)
		return;
	htp_urldecode_inplace(tx->htp->cfg, HTP_DECODER_URLENCODED, decoded, &flags);
	part_add(uri, "?", decoded, "");
	bstr_free(decoded);
}

static void uri_make(struct http1_tx *tx)
{
	const htp_uri_t *from = tx->htp->parsed_uri;
	bool whole = tx->state->server->uri_whole;

	tx->uri.len = 0;
	if (!from)
		return;
	if (whole)
		place_add(&tx->uri, from);
	part_add(&tx->uri, "", from->path, "");
	if (from->query)
		query_add(tx, &tx->uri, from->query);
	if (whole)
		part_add(&tx->uri, "#", from->fragment, "");
}

static void decode_again(struct http1_tx *tx, bstr *part)
{
	size_t before = part ? bstr_len(part) : 0;
	uint64_t flags = 0;

	if (!part)
		return;
	if (htp_urldecode_inplace(tx->htp->cfg, HTP_DECODER_URLENCODED, part, &flags) == HTP_OK &&
	    bstr_len(part) < before)
		tx_event(&tx->tx, HTTP1_EVENT_DOUBLE_ENCODED);
}

static int on_uri(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (tx && htp->parsed_uri && tx->state->server->decodes_query_twice)
		decode_again(tx, htp->parsed_uri->query);
	if (tx && htp->parsed_uri && tx->state->server->decodes_path_twice)
		decode_again(tx, htp->parsed_uri->path);
	return HTP_OK;
}

/* --- steps --- */

/* --- frames: a message as it is on the wire --- */

/* Where libhtp is in what it was given; NULL: in a gap, or it is asked of the other side. */
static const uint8_t *reading_at(const struct http1_state *state, enum side side)
{
	size_t read = side == FROM_CLIENT ? htp_connp_req_data_consumed(state->connp)
					  : htp_connp_res_data_consumed(state->connp);

	return state->given && state->side == side ? state->given + read : NULL;
}

static void frame_begin(struct http1_tx *tx, enum side side, uint8_t type)
{
	const uint8_t *at = tx ? reading_at(tx->state, side) : NULL;
	struct frame *frame;

	if (!at || tx->frame[side])
		return;
	frame = session_frame(tx->state->session, type, at, FRAME_LEN_UNKNOWN);
	frame_of_tx(frame, &tx->tx);
	tx->frame[side] = frame ? frame->id : 0;
}

static void frame_end(struct http1_tx *tx, enum side side)
{
	const struct session *session = tx->state->session;
	const uint8_t *at = reading_at(tx->state, side);
	struct frame *frame = tx->frame[side] ? frame_find(session, tx->frame[side]) : NULL;

	if (frame && at)
		frame_len_is(frame, session->now_from + (uint64_t)(at - session->now_data.at) -
					    frame->from);
}

static int on_request_start(htp_tx_t *htp)
{
	frame_begin(tx_of(htp), FROM_CLIENT, HTTP1_FRAME_REQUEST);
	return HTP_OK;
}

static int on_request_line(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (!tx)
		return HTP_OK;
	uri_make(tx);
	http1_flags_check(tx);
	step(tx, FROM_CLIENT, HTTP1_LINE);
	return HTP_OK;
}

static int on_request_headers(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (!tx)
		return HTP_OK;
	http1_flags_check(tx);
	step(tx, FROM_CLIENT, HTTP1_HEADERS);
	return HTP_OK;
}

static int on_request_complete(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (!tx)
		return HTP_OK;
	http1_flags_check(tx);
	http1_body_end(tx, FROM_CLIENT, true);
	frame_end(tx, FROM_CLIENT);
	step(tx, FROM_CLIENT, HTTP1_COMPLETE);
	return HTP_OK;
}

static int on_response_line(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (!tx)
		return HTP_OK;
	htp->seen_100continue = 0; /* any number of them may come (RFC 9110, 15.2) */
	step(tx, FROM_SERVER, HTTP1_LINE);
	return HTP_OK;
}

static int on_response_start(htp_tx_t *htp)
{
	frame_begin(tx_of(htp), FROM_SERVER, HTTP1_FRAME_RESPONSE);
	return HTP_OK;
}

static int on_response_headers(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (tx)
		step(tx, FROM_SERVER, HTTP1_HEADERS);
	return HTP_OK;
}

/* Behind it the connection is a tunnel (RFC 9110, 9.3.6), for a client that asks nothing before. */
static void connect_check(struct http1_tx *tx)
{
	int status = tx->htp->response_status_number;

	if (tx->htp->request_method_number == HTP_M_CONNECT && status >= 200 && status < 300 &&
	    tx->state->made_all == 1) {
		session_becomes(tx->state->session, PROTO_UNKNOWN);
		step(tx, FROM_CLIENT, HTTP1_COMPLETE);
	}
}

static int on_response_complete(htp_tx_t *htp)
{
	struct http1_tx *tx = tx_of(htp);

	if (!tx)
		return HTP_OK;
	http1_body_end(tx, FROM_SERVER, true);
	frame_end(tx, FROM_SERVER);
	step(tx, FROM_SERVER, HTTP1_COMPLETE);
	connect_check(tx);
	return HTP_OK;
}

/* --- bytes --- */

static void raw_add(htp_tx_data_t *data, enum side side)
{
	struct http1_tx *tx = tx_of(data->tx);
	size_t left;

	if (!tx || !data->data)
		return;
	left = RAW_MAX - tx->raw_headers[side].len;
	grown_add(&tx->raw_headers[side], slice(data->data, data->len < left ? data->len : left));
}

static int on_request_raw(htp_tx_data_t *data)
{
	raw_add(data, FROM_CLIENT);
	return HTP_OK;
}

static int on_response_raw(htp_tx_data_t *data)
{
	raw_add(data, FROM_SERVER);
	return HTP_OK;
}

static int on_request_body(htp_tx_data_t *data)
{
	struct http1_tx *tx = tx_of(data->tx);

	if (tx && data->len)
		http1_body_take(tx, FROM_CLIENT, slice(data->data, data->len));
	return HTP_OK;
}

static int on_response_body(htp_tx_data_t *data)
{
	struct http1_tx *tx = tx_of(data->tx);

	if (tx && data->len)
		http1_body_take(tx, FROM_SERVER, slice(data->data, data->len));
	return HTP_OK;
}

void http1_hooks_set(htp_cfg_t *cfg)
{
	htp_config_register_log(cfg, http1_on_message);
	htp_config_register_request_start(cfg, on_request_start);
	htp_config_register_request_uri_normalize(cfg, on_uri);
	htp_config_register_request_line(cfg, on_request_line);
	htp_config_register_request_header_data(cfg, on_request_raw);
	htp_config_register_request_trailer_data(cfg, on_request_raw);
	htp_config_register_request_headers(cfg, on_request_headers);
	htp_config_register_request_body_data(cfg, on_request_body);
	htp_config_register_request_complete(cfg, on_request_complete);
	htp_config_register_response_start(cfg, on_response_start);
	htp_config_register_response_line(cfg, on_response_line);
	htp_config_register_response_header_data(cfg, on_response_raw);
	htp_config_register_response_trailer_data(cfg, on_response_raw);
	htp_config_register_response_headers(cfg, on_response_headers);
	htp_config_register_response_body_data(cfg, on_response_body);
	htp_config_register_response_complete(cfg, on_response_complete);
}
