// SPDX-License-Identifier: Apache-2.0
/*
 * DCE/RPC by itself (The Open Group C706): over TCP with binds and fragments, over UDP with all in each
 * head. Called by sessions. Promises one transaction for each call, with the stubs of both sides.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/flow.h"
#include "proto/dce.h"
#include "proto/pending.h"
#include "report/json.h"

#define DATAGRAM_HEAD_LEN 80
#define FLAG1_LAST 0x02
#define FLAG1_FRAGMENT 0x04

struct dcerpc_tx {
	struct tx tx;
	struct dce_call call;
	bool lost; /* the request */
	uint8_t minor;
	/* Of datagrams: */
	bool is_datagram;
	uint8_t activity[DCE_UUID_LEN];
	uint32_t sequence;
	uint8_t iface[DCE_IFACE_KEY_LEN];
};

struct dcerpc_state {
	struct session *session;
	bool is_stream;
	bool searches[SIDES]; /* for the next message, behind a gap */
	struct dce_ifaces ifaces;
};

static void *dcerpc_open(struct session *session)
{
	struct dcerpc_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	state->is_stream = session_flow(session)->proto == IPPROTO_TCP;
	return state;
}

static void dcerpc_close(void *arg)
{
	struct dcerpc_state *state = arg;

	dce_ifaces_end(&state->ifaces);
	free(state);
}

static void dcerpc_tx_free(struct tx *tx)
{
	dce_call_end(&((struct dcerpc_tx *)tx)->call);
	free(tx);
}

/* A side that has ended will add nothing. */
static struct dcerpc_tx *call_new(struct dcerpc_state *state, uint32_t id)
{
	struct tx *old = tx_pending_over(state->session);
	struct dcerpc_tx *tx = (struct dcerpc_tx *)tx_new(state->session, sizeof(*tx));

	if (old)
		old->progress[FROM_CLIENT] = old->progress[FROM_SERVER] = 1;
	if (!tx)
		return NULL;
	tx->call.id = id;
	tx->is_datagram = !state->is_stream;
	for (int side = 0; side < SIDES; side++)
		tx->tx.progress[side] = state->session->ended[side];
	tx->lost = state->session->ended[FROM_CLIENT];
	return tx;
}

/* --- over a stream --- */

static uint8_t request_of(uint8_t response)
{
	switch (response) {
	case DCE_BINDACK:
		return DCE_BIND;
	case DCE_ALTER_RESPONSE:
		return DCE_ALTER;
	default:
		return DCE_REQUEST;
	}
}

/* The call that a message belongs to; NULL: it is the first of it. */
static struct dcerpc_tx *call_find(struct dcerpc_state *state, const struct dce_head *head,
				   bool is_request)
{
	for (struct tx *tx = tx_first(state->session); tx; tx = tx_next(tx)) {
		struct dcerpc_tx *of = (struct dcerpc_tx *)tx;

		if (of->call.id != head->call)
			continue;
		if (is_request ? !tx->progress[FROM_CLIENT] &&
					 (!of->call.has_request || of->call.request == head->type)
			       : !tx->progress[FROM_SERVER] &&
					 of->call.request == request_of(head->type))
			return of;
	}
	return NULL;
}

static struct dcerpc_tx *call_of(struct dcerpc_state *state, const struct dce_head *head,
				 bool is_request)
{
	struct dcerpc_tx *tx = call_find(state, head, is_request);

	if (!tx)
		tx = call_new(state, head->call);
	if (!tx)
		return NULL;
	tx->minor = head->minor;
	tx->call.little = head->little;
	if (is_request) {
		tx->call.request = head->type;
		tx->call.has_request = true;
	} else {
		tx->call.response = head->type;
		tx->call.has_response = true;
	}
	return tx;
}

/* false: it is no DCE/RPC. */
static bool message_take(struct dcerpc_state *state, const struct dce_head *head)
{
	bool is_call = head->type == DCE_REQUEST || head->type == DCE_RESPONSE;
	bool is_request = head->type == DCE_REQUEST || head->type == DCE_BIND ||
			  head->type == DCE_ALTER;
	struct dcerpc_tx *tx;

	switch (head->type) {
	case DCE_BIND:
	case DCE_ALTER:
		if (!dce_bind_read(head, &state->ifaces))
			return false;
		break;
	case DCE_BINDACK:
	case DCE_ALTER_RESPONSE:
		if (!dce_bindack_read(head, &state->ifaces))
			return false;
		break;
	case DCE_REQUEST:
	case DCE_RESPONSE:
		break;
	default:
		return true; /* faults, cancels and their kin tell of no call's content */
	}
	tx = call_of(state, head, is_request);
	if (!tx)
		return false;
	if (is_call && !dce_fragment_add(&tx->call, head, true))
		return false;
	if (!is_call || head->flags & DCE_FLAG_LAST)
		tx->tx.progress[is_request ? FROM_CLIENT : FROM_SERVER] = 1;
	return true;
}

/* What is under way stays as it is: nothing follows, or nobody knows what was lost. */
static void requests_end(struct dcerpc_state *state, enum side side)
{
	for (struct tx *tx = tx_first(state->session); tx; tx = tx_next(tx)) {
		if (!tx->progress[FROM_CLIENT])
			((struct dcerpc_tx *)tx)->lost = true;
		tx->progress[FROM_CLIENT] = 1;
		if (side == FROM_SERVER)
			tx->progress[FROM_SERVER] = 1;
	}
}

/* A message's beginning: two bytes of version. The last byte may be the first of them. */
static size_t message_search(struct dcerpc_state *state, enum side side, struct slice bytes)
{
	for (size_t i = 0; i + 1 < bytes.len; i++)
		if (bytes.at[i] == 5 && bytes.at[i + 1] == 0) {
			state->searches[side] = false;
			return i;
		}
	return bytes.len ? bytes.len - 1 : 0;
}

static int64_t stream_input(struct dcerpc_state *state, const struct proto_in *in)
{
	struct slice rest = in->data;
	struct dce_head head;

	if (in->lost) {
		requests_end(state, in->side);
		state->searches[in->side] = true;
	}
	if (state->searches[in->side])
		rest = slice_behind(rest, message_search(state, in->side, rest));
	while (!state->searches[in->side] && dce_head_read(rest, &head)) {
		if (!dce_head_fits(&head))
			return INPUT_BAD;
		if (rest.len < head.len)
			break;
		head.body.len = (size_t)head.len - DCE_HEAD_LEN;
		if (!message_take(state, &head))
			return INPUT_BAD;
		rest = slice_behind(rest, head.len);
	}
	if (!in->ends)
		return (int64_t)(in->data.len - rest.len);
	requests_end(state, in->side);
	return (int64_t)in->data.len;
}

/* --- in datagrams --- */

struct datagram {
	uint8_t type, flags;
	bool little;
	uint8_t activity[DCE_UUID_LEN], iface[DCE_IFACE_KEY_LEN];
	uint32_t sequence;
	uint16_t opnum;
	struct slice stub;
};

/* C706, 12.5.1. false: it is no DCE/RPC. */
static bool datagram_read(struct slice bytes, struct datagram *ret)
{
	struct cursor c = cursor(bytes);
	struct datagram d = { 0 };
	uint8_t version = cursor_u8(&c), flags2, format[2];
	uint32_t iface_version;
	uint16_t len;

	d.type = cursor_u8(&c);
	d.flags = cursor_u8(&c);
	flags2 = cursor_u8(&c);
	format[0] = cursor_u8(&c);
	format[1] = cursor_u8(&c);
	d.little = format[0] & 0x10;
	cursor_skip(&c, 2 + DCE_UUID_LEN);
	dce_uuid_take(cursor_take(&c, DCE_UUID_LEN), d.little, d.iface);
	dce_uuid_take(cursor_take(&c, DCE_UUID_LEN), d.little, d.activity);
	cursor_skip(&c, 4);
	iface_version = d.little ? cursor_le32(&c) : cursor_be32(&c);
	d.iface[DCE_UUID_LEN] = (uint8_t)(iface_version >> 8);
	d.iface[DCE_UUID_LEN + 1] = (uint8_t)iface_version;
	d.sequence = d.little ? cursor_le32(&c) : cursor_be32(&c);
	d.opnum = d.little ? cursor_le16(&c) : cursor_be16(&c);
	cursor_skip(&c, 4);
	len = d.little ? cursor_le16(&c) : cursor_be16(&c);
	cursor_skip(&c, 4);
	d.stub = c.rest;
	if (c.failed || version != 4 || flags2 & 0xfc || format[0] & 0xee || format[1] > 3)
		return false;
	if (d.stub.len > len)
		d.stub.len = len;
	*ret = d;
	return d.stub.len == len;
}

static struct dcerpc_tx *datagram_call(struct dcerpc_state *state, const struct datagram *d,
				       enum side side)
{
	struct dcerpc_tx *of;

	for (struct tx *tx = tx_first(state->session); tx; tx = tx_next(tx)) {
		of = (struct dcerpc_tx *)tx;
		if (of->sequence == d->sequence && !tx->progress[side] &&
		    memcmp(of->activity, d->activity, sizeof(of->activity)) == 0)
			return of;
	}
	of = call_new(state, 0);
	if (!of)
		return NULL;
	of->sequence = d->sequence;
	memcpy(of->activity, d->activity, sizeof(of->activity));
	memcpy(of->iface, d->iface, sizeof(of->iface));
	return of;
}

static bool datagram_take(struct dcerpc_state *state, struct slice bytes)
{
	struct dcerpc_tx *tx;
	struct datagram d;
	enum side side;

	if (!datagram_read(bytes, &d) || (d.type != DCE_REQUEST && d.type != DCE_RESPONSE))
		return false;
	side = d.type == DCE_REQUEST ? FROM_CLIENT : FROM_SERVER;
	tx = datagram_call(state, &d, side);
	if (!tx)
		return false;
	tx->call.little = d.little;
	if (side == FROM_CLIENT) {
		tx->call.has_request = true;
		tx->call.opnum = d.opnum;
	} else {
		tx->call.has_response = true;
		tx->call.response = DCE_RESPONSE;
	}
	dce_stub_add(&tx->call.stub[side], d.stub);
	if (!(d.flags & FLAG1_FRAGMENT) || d.flags & FLAG1_LAST)
		tx->tx.progress[side] = 1;
	return true;
}

static int64_t dcerpc_input(void *arg, const struct proto_in *in)
{
	struct dcerpc_state *state = arg;

	if (state->is_stream)
		return stream_input(state, in);
	return datagram_take(state, in->data) ? (int64_t)in->data.len : INPUT_BAD;
}

/* --- what it is --- */

static enum proto_guess sided(bool is_request, enum side side)
{
	return is_request == (side == FROM_CLIENT) ? GUESS_YES : GUESS_YES_TURNED;
}

static enum proto_guess dcerpc_guess(enum side side, struct slice first)
{
	struct dce_head head;
	struct datagram d;

	if (first.len < 2)
		return first.len && first.at[0] == 5 ? GUESS_MORE : GUESS_NO;
	if (first.at[0] == 5 && first.at[1] == 0 && first.len < DCE_HEAD_LEN)
		return GUESS_MORE;
	if (first.at[0] == 4 && first.at[1] == DCE_REQUEST && datagram_read(first, &d))
		return sided(true, side);
	if (first.at[0] != 5 || first.at[1] != 0 || !dce_head_read(first, &head) ||
	    !dce_head_fits(&head) || first.at[4] & 0xee || first.at[5] > 3)
		return GUESS_NO;
	return sided(head.type == DCE_REQUEST || head.type == DCE_BIND || head.type == DCE_ALTER ||
			     head.type == DCE_AUTH3,
		     side);
}

/* --- fields --- */

static bool stub_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct dce_stub *stub = &((struct dcerpc_tx *)tx)->call.stub[side];

	*ret_from = 0;
	*ret = slice(stub->bytes, stub->len);
	return index == 0 && stub->len;
}

static bool iface_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	const struct dcerpc_tx *of = (struct dcerpc_tx *)tx;
	const struct dcerpc_state *state = tx->session->state;

	*ret_from = 0;
	if (!of->call.has_request || of->call.request != DCE_REQUEST)
		return false;
	if (!of->is_datagram)
		return dce_iface_key(&state->ifaces, index, of->call.context, ret);
	*ret = slice(of->iface, sizeof(of->iface));
	return index == 0;
}

static bool opnum_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	const struct dce_call *call = &((const struct dcerpc_tx *)tx)->call;

	*ret = call->opnum;
	return index == 0 && call->has_request && call->request == DCE_REQUEST;
}

static bool little_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct dcerpc_tx *)tx)->call.little;
	return index == 0;
}

static const struct field fields[] = {
	{ "dcerpc.stub_data",
	  FIELD_BYTES,
	  { true, true },
	  { 1, 1 },
	  stub_field,
	  NULL,
	  "what a call gives and gets" },
	{ "dcerpc.iface",
	  FIELD_LIST,
	  { true, true },
	  { 0, 0 },
	  iface_field,
	  NULL,
	  "the interfaces that the call may be of" },
	{ "dcerpc.opnum",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  opnum_field,
	  "the operation that is called" },
	{ "dcerpc.little_endian",
	  FIELD_NUMBER,
	  { true, true },
	  { 0, 0 },
	  NULL,
	  little_field,
	  "1: numbers have their lowest byte first" },
};

/* --- records --- */

static void ifaces_log(const struct dcerpc_tx *tx, struct json *json)
{
	const struct dcerpc_state *state = tx->tx.session->state;
	struct json_mark mark = json_mark(json);
	bool any = false;

	json_list(json, "interfaces");
	for (size_t i = 0; state && i < state->ifaces.cnt; i++) {
		const struct dce_iface *iface = &state->ifaces.all[i];

		if (iface->call != tx->call.id)
			continue;
		dce_iface_log(iface, true, false, json);
		any = true;
	}
	if (any)
		json_close(json);
	else
		json_back(json, mark);
}

static void request_log(const struct dcerpc_tx *tx, struct json *json)
{
	if (tx->lost || !tx->call.has_request) {
		json_text(json, "request", "REQUEST_LOST");
		return;
	}
	json_text(json, "request", dce_type_name(tx->call.request));
	if (tx->call.request == DCE_REQUEST)
		dce_stub_log(&tx->call, FROM_CLIENT, true, json);
	if (!tx->is_datagram && tx->call.request == DCE_BIND)
		ifaces_log(tx, json);
}

static bool dcerpc_log(struct tx *of, struct json *json)
{
	const struct dcerpc_tx *tx = (struct dcerpc_tx *)of;
	char version[8];

	request_log(tx, json);
	json_text(json, "response",
		  tx->call.has_response ? dce_type_name(tx->call.response) : "UNREPLIED");
	if (tx->call.has_response && tx->call.response == DCE_RESPONSE)
		dce_stub_log(&tx->call, FROM_SERVER, false, json);
	if (tx->is_datagram) {
		dce_uuid_log(json, "activityuuid", tx->activity);
		json_number(json, "seqnum", tx->sequence);
		json_text(json, "rpc_version", "4.0");
		return true;
	}
	json_number(json, "call_id", tx->call.id);
	snprintf(version, sizeof(version), "5.%u", tx->minor);
	json_text(json, "rpc_version", version);
	return true;
}

const struct proto proto_dcerpc = {
	.name = "dcerpc",
	.eve_name = "dcerpc",
	.over = PROTO_OVER_TCP | PROTO_OVER_UDP,
	.guess = dcerpc_guess,
	.open = dcerpc_open,
	.close = dcerpc_close,
	.tx_free = dcerpc_tx_free,
	.input = dcerpc_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.log = dcerpc_log,
};
