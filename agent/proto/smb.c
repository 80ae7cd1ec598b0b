// SPDX-License-Identifier: Apache-2.0
/*
 * SMB over TCP, bare or in NetBIOS sessions (RFC 1002, 4.3; [MS-SMB2] 2.1): finds records, hands them on by
 * their version, follows the bytes of those that are read before they are whole. Called by sessions. Promises
 * that behind a gap it goes on with the next record.
 */
#include "proto/smb.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "inspect/engine.h"
#include "proto/frames.h"

#define FRAME_HEAD_LEN 4
#define FRAME_MESSAGE 0x00
#define FRAME_REQUEST 0x81
#define FRAME_KEEPALIVE 0x85
#define PART_LEAST 512 /* bytes of a record that are read before it is whole */
#define FIRST_FRAME_MAX 256 /* of one in front of the first record */
#define FLAG1_AT 9
#define FLAG2_AT 16

/* --- settings --- */

static uint32_t setting(const struct smb_state *state, const char *name, uint32_t otherwise)
{
	const struct engine_setup *setup = state->session->setup;
	const struct config *config = setup ? setup->config : NULL;
	char path[64];
	uint64_t value;

	snprintf(path, sizeof(path), "app-layer.protocols.smb.%s", name);
	value = config_bytes(config, path, otherwise);
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void limits_read(struct smb_state *state)
{
	const uint32_t size = 16u << 20, queue_size = 64u << 20, queue_cnt = 64;

	state->limits[FROM_SERVER] = (struct smb_limits){
		setting(state, "max-read-size", size),
		setting(state, "max-read-queue-size", queue_size),
		setting(state, "max-read-queue-cnt", queue_cnt),
	};
	state->limits[FROM_CLIENT] = (struct smb_limits){
		setting(state, "max-write-size", size),
		setting(state, "max-write-queue-size", queue_size),
		setting(state, "max-write-queue-cnt", queue_cnt),
	};
}

bool smb_is_large(const struct smb_state *state, enum side side, uint32_t len)
{
	return (state->max_size[side] && len > state->max_size[side]) ||
	       (state->limits[side].size && len > state->limits[side].size);
}

uint32_t smb_time(uint64_t filetime)
{
	const uint64_t second = 10000000, from_1601 = 11644473600;

	return filetime / second > from_1601 ? (uint32_t)(filetime / second - from_1601) : 0;
}

void smb_event(struct smb_state *state, uint8_t event)
{
	struct tx *last = tx_last(state->session);

	if (last)
		tx_event(last, event);
}

/* --- the session --- */

static void *smb_open(struct session *session)
{
	struct smb_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	limits_read(state);
	return state;
}

static void smb_close(void *arg)
{
	struct smb_state *state = arg;

	memo_end(&state->memo);
	dce_ifaces_end(&state->ifaces);
	free(state->dialect_text.at);
	free(state);
}

/* --- frames --- */

static bool is_magic(const uint8_t *at)
{
	return at[0] >= 0xfd && memcmp(at + 1, "SMB", 3) == 0;
}

enum smb_frame {
	FRAME_NBSS,
	FRAME_SMB1 = 3,
	FRAME_SMB2 = 6,
	FRAME_SMB3 = 9
}; /* each: pdu, hdr, data */

static const char *const frame_names[] = {
	"nbss.pdu", "nbss.hdr",	 "nbss.data", "smb1.pdu", "smb1.hdr",  "smb1.data", "smb2.pdu",
	"smb2.hdr", "smb2.data", "smb3.pdu",  "smb3.hdr", "smb3.data", NULL,
};

/* A unit of len bytes, of which head_len are its head. */
static void frames_put(struct smb_state *state, enum smb_frame type, const uint8_t *at, size_t len,
		       size_t head_len)
{
	if (head_len > len)
		return;
	session_frame(state->session, (uint8_t)type, at, len);
	session_frame(state->session, (uint8_t)(type + 1), at, head_len);
	if (len > head_len)
		session_frame(state->session, (uint8_t)(type + 2), at + head_len, len - head_len);
}

/* Of a record that is len bytes in all, and there at least up to its first head. */
static void record_frames(struct smb_state *state, const uint8_t *frame, struct slice record,
			  size_t len)
{
	const size_t head1 = 32, head2 = 64, head3 = 52;

	frames_put(state, FRAME_NBSS, frame, FRAME_HEAD_LEN + len, FRAME_HEAD_LEN);
	if (record.len < 4 || !is_magic(record.at))
		return;
	if (record.at[0] == 0xff)
		frames_put(state, FRAME_SMB1, record.at, len, head1);
	else if (record.at[0] == 0xfd)
		frames_put(state, FRAME_SMB3, record.at, len, head3);
	while (record.len >= head2 && record.at[0] == 0xfe) {
		uint32_t next = record.at[20] | (uint32_t)record.at[21] << 8 |
				(uint32_t)record.at[22] << 16 | (uint32_t)record.at[23] << 24;
		size_t now = next >= head2 && next < len ? next : len;

		frames_put(state, FRAME_SMB2, record.at, now, head2);
		record = slice_behind(record, now);
		len -= now;
	}
}

/* --- records --- */

/* A whole record. false: it is no SMB. */
static bool record_take(struct smb_state *state, enum side side, struct slice record)
{
	bool is_well = true;

	if (record.len < 4)
		return true; /* a message without content */
	if (!is_magic(record.at))
		is_well = false;
	else if (record.at[0] == 0xff)
		is_well = smb1_record(state, side, record);
	else if (record.at[0] == 0xfe)
		while (record.len && is_well)
			is_well = smb2_record(state, side, &record);
	state->side[side].file_left = 0;
	if (!is_well)
		smb_event(state, SMB_MALFORMED);
	return is_well;
}

/* Of a record that is there in part, len bytes in all. false: it must be whole. */
static bool part_take(struct smb_state *state, enum side side, struct slice record, size_t len)
{
	bool is_read;

	if (record.len < PART_LEAST - FRAME_HEAD_LEN || !is_magic(record.at) || record.at[0] == 0xfd)
		return false;
	state->side[side].file_left = 0;
	is_read = record.at[0] == 0xff ? smb1_record_part(state, side, record)
				       : smb2_record_part(state, side, record);
	if (is_read)
		state->side[side].left = (uint32_t)(len - record.len);
	return is_read;
}

/* What waits for an answer, or the rest of one, will not get it any more; but files go on. */
static void gap_end(struct smb_state *state, enum side side)
{
	state->side[side].searches = true;
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->kind == SMB_FILE)
			continue;
		smb_tx_done(tx, FROM_CLIENT);
		if (side == FROM_SERVER)
			smb_tx_done(tx, FROM_SERVER);
	}
}

/* The next record behind a gap; some bytes stay, since it may begin in them. */
static struct slice record_search(struct smb_state *state, enum side side, struct slice bytes)
{
	const size_t need = FRAME_HEAD_LEN + 4;

	for (size_t i = 0; i + need <= bytes.len; i++)
		if (bytes.at[i] == FRAME_MESSAGE && is_magic(bytes.at + i + FRAME_HEAD_LEN)) {
			state->side[side].searches = false;
			return slice_behind(bytes, i);
		}
	return bytes.len < need ? bytes : slice_behind(bytes, bytes.len - need + 1);
}

/* What belongs to a record that was read in part. */
static struct slice left_take(struct smb_state *state, const struct proto_in *in)
{
	uint32_t left = state->side[in->side].left;

	if (in->lost > left)
		gap_end(state, in->side);
	if (!left)
		return in->data;
	return slice_behind(in->data, smb_bytes_more(state, in->side, in->data, in->lost));
}

static int64_t smb_input(void *arg, const struct proto_in *in)
{
	struct smb_state *state = arg;
	struct slice rest = left_take(state, in);

	if (state->side[in->side].searches)
		rest = record_search(state, in->side, rest);
	while (!state->side[in->side].searches && rest.len >= FRAME_HEAD_LEN) {
		size_t len = (size_t)rest.at[1] << 16 | (size_t)rest.at[2] << 8 | rest.at[3];
		struct slice record = slice_behind(rest, FRAME_HEAD_LEN);
		bool is_message = rest.at[0] == FRAME_MESSAGE;

		if (record.len < len) {
			if (!is_message || !part_take(state, in->side, record, len))
				break;
			record_frames(state, rest.at, record, len);
			rest.len = 0;
			break;
		}
		record.len = len;
		record_frames(state, rest.at, record, len);
		if (is_message && !record_take(state, in->side, record))
			return INPUT_BAD;
		rest = slice_behind(rest, FRAME_HEAD_LEN + len);
	}
	return in->ends ? (int64_t)in->data.len : (int64_t)(in->data.len - rest.len);
}

/* --- what it is --- */

static enum proto_guess record_guess(enum side side, struct slice record)
{
	bool is_answer;

	if (record.len < 4)
		return GUESS_MORE;
	if (!is_magic(record.at))
		return GUESS_NO;
	if (record.at[0] == 0xff && record.len > FLAG1_AT)
		is_answer = record.at[FLAG1_AT] & 0x80;
	else if (record.at[0] == 0xfe && record.len > FLAG2_AT)
		is_answer = record.at[FLAG2_AT] & 1;
	else
		return GUESS_YES;
	return is_answer == (side == FROM_SERVER) ? GUESS_YES : GUESS_YES_TURNED;
}

static enum proto_guess smb_guess(enum side side, struct slice first)
{
	size_t len;

	if (first.len < FRAME_HEAD_LEN)
		return first.len && (first.at[0] == FRAME_MESSAGE || first.at[0] == FRAME_REQUEST)
			       ? GUESS_MORE
			       : GUESS_NO;
	len = (size_t)first.at[1] << 16 | (size_t)first.at[2] << 8 | first.at[3];
	if (first.at[0] >= FRAME_REQUEST && first.at[0] <= FRAME_KEEPALIVE && len < FIRST_FRAME_MAX) {
		first = slice_behind(first, FRAME_HEAD_LEN + len);
		if (first.len < FRAME_HEAD_LEN + 4)
			return GUESS_MORE;
	}
	if (first.at[0] != FRAME_MESSAGE)
		return GUESS_NO;
	return record_guess(side, slice_behind(first, FRAME_HEAD_LEN));
}

/* --- fields --- */

static bool give(const struct smb_text *text, uint32_t index, struct slice *ret, uint64_t *ret_from)
{
	*ret_from = 0;
	*ret = smb_slice(text);
	return index == 0 && text->len;
}

static bool tree_field(struct tx *of, uint32_t index, struct slice *ret, uint64_t *ret_from,
		       bool pipes)
{
	const struct smb_tx *tx = (struct smb_tx *)of;

	return tx->kind == SMB_TREE && tx->of.tree.is_pipe == pipes &&
	       give(&tx->of.tree.share, index, ret, ret_from);
}

static bool share_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	return tree_field(tx, index, ret, ret_from, false);
}

static bool pipe_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return tree_field(tx, index, ret, ret_from, true);
}

static bool user_field(struct tx *of, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct smb_tx *tx = (struct smb_tx *)of;

	return tx->kind == SMB_SESSION && tx->of.session.has_ntlmssp &&
	       give(&tx->of.session.ntlmssp.user, index, ret, ret_from);
}

static bool domain_field(struct tx *of, enum side side, uint32_t index, struct slice *ret,
			 uint64_t *ret_from)
{
	const struct smb_tx *tx = (struct smb_tx *)of;

	return tx->kind == SMB_SESSION && tx->of.session.has_ntlmssp &&
	       give(&tx->of.session.ntlmssp.domain, index, ret, ret_from);
}

static bool version_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct smb_tx *)tx)->version;
	return index == 0 && *ret;
}

static bool stub_field(struct tx *of, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct smb_tx *tx = (struct smb_tx *)of;
	const struct dce_stub *stub = &tx->of.dce.stub[side];

	*ret_from = 0;
	if (tx->kind != SMB_DCERPC || index || !stub->len)
		return false;
	*ret = slice(stub->bytes, stub->len);
	return true;
}

/* Of calls, not of what binds them. */
static bool is_call(const struct smb_tx *tx)
{
	return tx->kind == SMB_DCERPC && tx->of.dce.has_request && tx->of.dce.request == DCE_REQUEST;
}

static bool iface_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			uint64_t *ret_from)
{
	const struct smb_state *state = tx->session->state;

	*ret_from = 0;
	return is_call((struct smb_tx *)tx) && dce_iface_key(&state->ifaces, index, -1, ret);
}

static bool opnum_field(const struct tx *of, enum side side, uint32_t index, uint64_t *ret)
{
	const struct smb_tx *tx = (const struct smb_tx *)of;

	if (index || !is_call(tx))
		return false;
	*ret = tx->of.dce.opnum;
	return true;
}

static bool little_field(const struct tx *of, enum side side, uint32_t index, uint64_t *ret)
{
	const struct smb_tx *tx = (const struct smb_tx *)of;

	if (index || tx->kind != SMB_DCERPC)
		return false;
	*ret = tx->of.dce.little;
	return true;
}

static const struct field fields[] = {
	{ "smb.share",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  share_field,
	  NULL,
	  "share that is connected to: \\\\server\\share" },
	{ "smb.named_pipe",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  pipe_field,
	  NULL,
	  "share of pipes that is connected to: \\\\server\\IPC$" },
	{ "smb.ntlmssp_user",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  user_field,
	  NULL,
	  "user who opens a session by NTLMSSP" },
	{ "smb.ntlmssp_domain",
	  FIELD_BYTES,
	  { true, false },
	  { 1, 1 },
	  domain_field,
	  NULL,
	  "domain of that user" },
	{ "smb.version", FIELD_NUMBER, { true, true }, { 0, 0 }, NULL, version_field, "1, or 2 (SMB3 too)" },
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

/* As enum smb_event. */
static const char *const events[] = {
	"internal_error",
	"malformed_data",
	"record_overflow",
	"malformed_ntlmssp_request",
	"malformed_ntlmssp_response",
	"duplicate_negotiate",
	"negotiate_malformed_dialects",
	"file_overlap",
	"negotiate_max_read_size_too_large",
	"negotiate_max_write_size_too_large",
	"read_request_too_large",
	"read_response_too_large",
	"read_queue_size_exceeded",
	"read_queue_cnt_exceeded",
	"write_request_too_large",
	"write_queue_size_exceeded",
	"write_queue_cnt_exceeded",
	"request_to_client",
	"response_to_server",
	"unusual_ntlmssp_order",
	"too_many_transactions",
	NULL,
};

const struct proto proto_smb = {
	.name = "smb",
	.eve_name = "smb",
	.over = PROTO_OVER_TCP,
	.carries_files = true,
	.asked_by_chunks = true,
	.guess = smb_guess,
	.open = smb_open,
	.close = smb_close,
	.tx_free = smb_tx_free,
	.input = smb_input,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = smb_log,
	.frames = frame_names,
};
