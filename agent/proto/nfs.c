// SPDX-License-Identifier: Apache-2.0
/*
 * NFS over UDP and TCP: finds calls and answers of Sun RPC (RFC 5531), keeps what an answer must know of its
 * call. Called by sessions. Promises that what it remembers is bounded.
 */
#include "proto/nfs.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "inspect/flow.h"
#include "proto/frames.h"
#include "proto/pending.h"

#define PROGRAM_NFS 100003
#define RPC_VERSION 2
#define CALL 0
#define ANSWER 1
#define AUTH_UNIX 1
#define AUTH_GSS 6
#define GSS_DATA 0 /* RFC 2203, 5 */
#define GSS_INTEGRITY 2
#define AUTH_LEN_MAX 400 /* RFC 5531, 8.2 */
#define RECORD_MAX (8u << 20)
#define LAST_FRAGMENT 0x80000000u
#define CALL_HEAD_LEN 24
#define CALL_LEAST 48 /* of a datagram that asks for anything */
#define KEY_CALL 'c'
#define KEY_NAME 'n'

static void *nfs_open(struct session *session)
{
	struct nfs_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->session = session;
	state->is_stream = session_flow(session)->proto == IPPROTO_TCP;
	return state;
}

static void nfs_close(void *arg)
{
	memo_end(&((struct nfs_state *)arg)->memo);
	free(arg);
}

static void nfs_tx_free(struct tx *tx)
{
	file_chunks_end(&((struct nfs_tx *)tx)->chunks);
	free(tx);
}

/* --- what is remembered --- */

void nfs_name_set(struct nfs_name *name, struct slice bytes)
{
	name->len = (uint16_t)(bytes.len < NFS_NAME_MAX ? bytes.len : NFS_NAME_MAX);
	if (name->len)
		memcpy(name->b, bytes.at, name->len);
}

struct key {
	uint8_t b[1 + NFS_HANDLE_MAX];
	size_t len;
};

static struct key name_key(const struct nfs_handle *handle)
{
	struct key key = { .b = { KEY_NAME }, .len = 1 + (size_t)handle->len };

	memcpy(key.b + 1, handle->b, handle->len);
	return key;
}

bool nfs_name_get(const struct nfs_state *state, const struct nfs_handle *handle,
		  struct nfs_name *ret_name)
{
	struct key key = name_key(handle);
	struct slice value;

	if (!memo_get(&state->memo, slice(key.b, key.len), &value))
		return false;
	nfs_name_set(ret_name, value);
	return true;
}

void nfs_name_put(struct nfs_state *state, const struct nfs_handle *handle,
		  const struct nfs_name *name)
{
	struct key key = name_key(handle);

	memo_put(&state->memo, slice(key.b, key.len), slice(name->b, name->len));
}

static struct key call_key(uint32_t xid)
{
	struct key key = { .b = { KEY_CALL }, .len = 1 + sizeof(xid) };

	memcpy(key.b + 1, &xid, sizeof(xid));
	return key;
}

/* --- transactions --- */

struct nfs_tx *nfs_tx_new(struct nfs_state *state, const struct nfs_call *call, bool with_auth)
{
	struct tx *old = tx_pending_over(state->session);
	struct nfs_tx *tx = (struct nfs_tx *)tx_new(state->session, sizeof(*tx));

	if (old) {
		old->progress[FROM_CLIENT] = old->progress[FROM_SERVER] = 1;
		tx_event(old, NFS_TOO_MANY);
	}
	if (!tx)
		return NULL;
	tx->xid = call->xid;
	tx->version = call->version;
	tx->procedure = call->procedure;
	if (with_auth) {
		tx->auth = call->auth;
		tx->uid = call->uid;
		tx->gid = call->gid;
		nfs_name_set(&tx->machine, call->machine);
	}
	return tx;
}

struct nfs_tx *nfs_file_find(struct nfs_state *state, const struct nfs_handle *handle, enum side side)
{
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct nfs_tx *tx = (struct nfs_tx *)of;

		if (tx->is_file && tx->side == side && tx->handle.len == handle->len &&
		    memcmp(tx->handle.b, handle->b, handle->len) == 0)
			return tx;
	}
	return NULL;
}

/* --- frames --- */

enum frame_type {
	FRAME_RPC_PDU, /* with the mark that a stream puts in front */
	FRAME_RPC_HEAD, /* of an answer: mark, xid, kind */
	FRAME_RPC_DATA,
	FRAME_RPC_CREDENTIALS,
	FRAME_NFS_PDU,
	FRAME_NFS_STATUS,
	FRAME_NFS4_PDU,
	FRAME_NFS4_HEAD,
	FRAME_NFS4_OPERATIONS,
	FRAME_NFS4_STATUS,
};

static const char *const frame_names[] = { "rpc.pdu",  "rpc.hdr",     "rpc.data", "rpc.creds",
					   "nfs.pdu",  "nfs.status",  "nfs4.pdu", "nfs4.hdr",
					   "nfs4.ops", "nfs4.status", NULL };

/* What a call asks or an answer gives: of version 4 its first words and the operations apart. */
static void content_frames(struct nfs_state *state, uint32_t version, bool is_answer,
			   struct slice bytes)
{
	struct session *session = state->session;

	if (!bytes.len)
		return;
	session_frame(session, version == 4 ? FRAME_NFS4_PDU : FRAME_NFS_PDU, bytes.at, bytes.len);
	if (is_answer && bytes.len >= 4)
		session_frame(session, version == 4 ? FRAME_NFS4_STATUS : FRAME_NFS_STATUS,
			      bytes.at, 4);
	if (version != 4 || bytes.len <= 8)
		return;
	session_frame(session, FRAME_NFS4_HEAD, bytes.at, 8);
	session_frame(session, FRAME_NFS4_OPERATIONS, bytes.at + 8, bytes.len - 8);
}

static void answer_frames(struct nfs_state *state, struct slice bytes)
{
	size_t mark = state->is_stream ? 4 : 0;

	if (bytes.len <= 8)
		return;
	session_frame(state->session, FRAME_RPC_HEAD, bytes.at - mark, mark + 8);
	session_frame(state->session, FRAME_RPC_DATA, bytes.at + 8, bytes.len - 8);
}

/* --- messages --- */

static struct slice auth_read(struct cursor *c, uint32_t *ret_flavor)
{
	uint32_t len;

	*ret_flavor = cursor_be32(c);
	len = cursor_be32(c);
	if (len > AUTH_LEN_MAX)
		c->failed = true;
	return cursor_take(c, (len + 3u) & ~3u);
}

/* RFC 5531, appendix A */
static void unix_read(struct slice body, struct nfs_call *call)
{
	struct cursor c = cursor(body);
	uint32_t len;

	cursor_skip(&c, 4);
	len = cursor_be32(&c);
	call->machine = cursor_take(&c, len);
	cursor_skip(&c, (4 - len % 4) % 4);
	call->uid = cursor_be32(&c);
	call->gid = cursor_be32(&c);
}

/* RFC 2203, 5: are the arguments signed? What is ciphered (privacy) says nothing. */
static bool gss_signs(struct slice body)
{
	struct cursor c = cursor(body);
	uint32_t procedure, service;

	cursor_skip(&c, 4);
	procedure = cursor_be32(&c);
	cursor_skip(&c, 4);
	service = cursor_be32(&c);
	return !c.failed && procedure == GSS_DATA && service == GSS_INTEGRITY;
}

static bool call_read(struct slice bytes, struct nfs_call *ret)
{
	struct cursor c = cursor(bytes);
	struct nfs_call call = { .xid = cursor_be32(&c) };
	uint32_t unused;
	struct slice auth;

	if (cursor_be32(&c) != CALL || cursor_be32(&c) != RPC_VERSION ||
	    cursor_be32(&c) != PROGRAM_NFS)
		return false;
	call.version = cursor_be32(&c);
	call.procedure = cursor_be32(&c);
	call.credentials = c.rest;
	auth = auth_read(&c, &call.auth);
	call.credentials.len -= c.rest.len;
	auth_read(&c, &unused);
	if (c.failed)
		return false;
	if (call.auth == AUTH_UNIX)
		unix_read(auth, &call);
	call.is_signed = call.auth == AUTH_GSS && gss_signs(auth);
	call.args = c.rest;
	*ret = call;
	return true;
}

static bool answer_read(struct slice bytes, struct nfs_answer *ret)
{
	struct cursor c = cursor(bytes);
	struct nfs_answer answer = { .xid = cursor_be32(&c) };
	uint32_t unused;

	if (cursor_be32(&c) != ANSWER)
		return false;
	answer.status = cursor_be32(&c);
	if (answer.status == 0) {
		auth_read(&c, &unused);
		cursor_skip(&c, 4);
	}
	answer.results = c.rest;
	*ret = answer;
	return !c.failed;
}

static void request_take(struct nfs_state *state, const struct nfs_call *call)
{
	struct nfs_asked asked = { .version = call->version,
				   .procedure = call->procedure,
				   .is_signed = call->is_signed };
	struct key key = call_key(call->xid);

	if (!state->version)
		state->version = call->version;
	session_frame(state->session, FRAME_RPC_CREDENTIALS, call->credentials.at,
		      call->credentials.len);
	content_frames(state, call->version, false, call->args);
	if (!nfs_call_take(state, call, &asked))
		session_event(state->session, NFS_MALFORMED);
	memo_put(&state->memo, slice(key.b, key.len), slice(&asked, sizeof(asked)));
}

static void response_take(struct nfs_state *state, const struct nfs_answer *answer)
{
	struct key key = call_key(answer->xid);
	struct nfs_asked asked;
	struct slice kept;

	if (!memo_get(&state->memo, slice(key.b, key.len), &kept) || kept.len != sizeof(asked))
		return;
	memcpy(&asked, kept.at, sizeof(asked));
	memo_drop(&state->memo, slice(key.b, key.len));
	content_frames(state, asked.version, true, answer->results);
	if (!nfs_answer_take(state, answer, &asked))
		session_event(state->session, NFS_MALFORMED);
}

static bool is_message(struct slice bytes)
{
	struct cursor c = cursor(slice_behind(bytes, 4));

	return cursor_be32(&c) <= ANSWER && !c.failed;
}

/* false: it is none of RPC. */
static bool message_take(struct nfs_state *state, enum side side, struct slice bytes)
{
	size_t mark = state->is_stream ? 4 : 0;
	struct nfs_answer answer;
	struct nfs_call call;

	session_frame(state->session, FRAME_RPC_PDU, bytes.at - mark, mark + bytes.len);
	if (side == FROM_CLIENT && call_read(bytes, &call)) {
		request_take(state, &call);
		return true;
	}
	if (side == FROM_CLIENT || !answer_read(bytes, &answer))
		return is_message(bytes); /* other programs, and what a server asks of its client */
	answer_frames(state, bytes);
	response_take(state, &answer);
	return true;
}

/* --- streams --- */

static bool record_begins(enum side side, struct slice bytes)
{
	struct cursor c = cursor(bytes);
	uint32_t mark = cursor_be32(&c);

	cursor_skip(&c, 4);
	if (!(mark & LAST_FRAGMENT) || (mark & ~LAST_FRAGMENT) > RECORD_MAX)
		return false;
	if (side == FROM_SERVER)
		return cursor_be32(&c) == ANSWER && cursor_be32(&c) <= 1 && !c.failed;
	return cursor_be32(&c) == CALL && cursor_be32(&c) == RPC_VERSION &&
	       cursor_be32(&c) == PROGRAM_NFS;
}

/* Behind a gap. What may be the beginning of a record stays. */
static struct slice record_search(struct nfs_state *state, enum side side, struct slice bytes)
{
	while (bytes.len >= CALL_HEAD_LEN) {
		if (record_begins(side, bytes)) {
			state->searches[side] = false;
			break;
		}
		bytes = slice_behind(bytes, 1);
	}
	return bytes;
}

static int64_t stream_take(struct nfs_state *state, const struct proto_in *in)
{
	struct slice rest = in->data;

	if (in->lost)
		state->searches[in->side] = true;
	if (state->searches[in->side])
		rest = record_search(state, in->side, rest);
	while (!state->searches[in->side] && rest.len >= 4) {
		struct cursor c = cursor(rest);
		size_t len = cursor_be32(&c) & ~LAST_FRAGMENT;

		if (len > RECORD_MAX)
			return INPUT_BAD;
		if (c.rest.len < len)
			break;
		if (!message_take(state, in->side, slice(c.rest.at, len)))
			return INPUT_BAD;
		rest = slice_behind(rest, 4 + len);
	}
	return in->ends ? (int64_t)in->data.len : (int64_t)(in->data.len - rest.len);
}

static int64_t nfs_input(void *arg, const struct proto_in *in)
{
	struct nfs_state *state = arg;

	if (state->is_stream)
		return stream_take(state, in);
	return message_take(state, in->side, in->data) ? (int64_t)in->data.len : INPUT_BAD;
}

/* --- what it is --- */

static bool is_call(struct slice bytes)
{
	struct nfs_call call;
	struct cursor c = cursor(slice_behind(bytes, 4));

	if (cursor_be32(&c) != CALL || cursor_be32(&c) != RPC_VERSION)
		return false;
	return call_read(bytes, &call) && call.version >= 2 && call.version <= 4 &&
	       call.procedure < 64;
}

static enum proto_guess nfs_guess(enum side side, struct slice first)
{
	bool has_mark = record_begins(FROM_CLIENT, first);

	if ((!has_mark && first.len < CALL_LEAST) ||
	    !is_call(has_mark ? slice_behind(first, 4) : first))
		return GUESS_NO;
	return side == FROM_CLIENT ? GUESS_YES : GUESS_YES_TURNED;
}

/* --- fields --- */

static bool procedure_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct nfs_tx *)tx)->procedure;
	return index == 0;
}

static bool version_field(const struct tx *tx, enum side side, uint32_t index, uint64_t *ret)
{
	*ret = ((const struct nfs_tx *)tx)->version;
	return index == 0;
}

static const struct field fields[] = {
	{ "nfs_procedure",
	  FIELD_NUMBER,
	  { true, false },
	  { 0, 0 },
	  NULL,
	  procedure_field,
	  "what is asked: 6 read, 7 write (version 3)" },
	{ "nfs_version", FIELD_NUMBER, { true, false }, { 0, 0 }, NULL, version_field, "2, 3 or 4" },
	{ "nfs.version", FIELD_NUMBER, { true, false }, { 0, 0 }, NULL, version_field, "2, 3 or 4" },
};

static const char *const events[] = { "malformed_data", "non_existing_version",
				      "too_many_transactions", NULL };

const struct proto proto_nfs = {
	.name = "nfs",
	.eve_name = "nfs",
	.over = PROTO_OVER_TCP | PROTO_OVER_UDP,
	.carries_files = true,
	.guess = nfs_guess,
	.answers_vary = true,
	.open = nfs_open,
	.close = nfs_close,
	.tx_free = nfs_tx_free,
	.input = nfs_input,
	.frames = frame_names,
	.steps = { 1, 1 },
	.fields = fields,
	.field_cnt = sizeof(fields) / sizeof(fields[0]),
	.events = events,
	.log = nfs_log,
	.log_more = nfs_log_rpc,
	.log_by_packet = true,
	.log_alert = nfs_log_alert,
};
