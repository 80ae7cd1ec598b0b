// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of SMB2 and SMB3 ([MS-SMB2]): which request an answer belongs to, dialects, sessions, trees.
 * Called by smb.c with what it found. Promises that a message which cannot be read is said by an event.
 */
#include "proto/smb2.h"

#define HEAD_LEN 64
#define FLAG_ANSWER 1
#define FLAG_ASYNC 2
#define SHARE_TYPE_PIPE 2

/* --- heads --- */

/* All of one message; *records is what is chained behind it. false: it is none. */
static bool message_read(struct slice *records, bool may_be_part, struct smb2_message *ret)
{
	struct cursor c = cursor(*records);
	struct slice magic = cursor_take(&c, 4);
	struct smb2_message m = { 0 };
	uint32_t flags, next;
	uint16_t head_len;

	if (magic.len != 4 || memcmp(magic.at, "\xfeSMB", 4) != 0)
		return false;
	head_len = cursor_le16(&c);
	cursor_skip(&c, 2);
	m.status = cursor_le32(&c);
	m.command = cursor_le16(&c);
	cursor_skip(&c, 2);
	flags = cursor_le32(&c);
	next = cursor_le32(&c);
	m.message = cursor_le64(&c);
	cursor_skip(&c, 4);
	m.tree = cursor_le32(&c);
	m.session = cursor_le64(&c);
	cursor_skip(&c, 16);
	m.is_answer = flags & FLAG_ANSWER;
	m.is_async = flags & FLAG_ASYNC;
	if (m.is_answer && m.is_async)
		m.tree = 0; /* the place has a number of its own */
	m.data = next > head_len && !may_be_part ? cursor_take(&c, next - head_len)
						 : cursor_some(&c, SIZE_MAX);
	if (c.failed)
		return false;
	*records = c.rest;
	*ret = m;
	return true;
}

struct smb_key smb2_key(const struct smb2_message *m, enum smb_key_kind kind)
{
	bool without_tree = kind == SMB_KEY_TREE || kind == SMB_KEY_NAME || kind == SMB_KEY_OFFSET;

	return (struct smb_key){
		.kind = (uint8_t)kind,
		.session = m->session,
		.tree = without_tree ? 0 : m->tree,
		.message = kind == SMB_KEY_SHARE ? 0 : m->message,
	};
}

bool smb2_is_told(uint16_t command)
{
	return command != SMB2_READ && command != SMB2_WRITE && command != SMB2_GET_INFO &&
	       command != SMB2_SET_INFO;
}

/* --- dialects --- */

/* The one of this version; else one of SMB1 that is answered by SMB2. */
static struct smb_tx *negotiate_find(struct smb_state *state)
{
	struct smb_tx *of_smb1 = NULL;

	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->kind == SMB_NEGOTIATE && tx->version == 2)
			return tx;
		if (tx->kind == SMB_NEGOTIATE && !of_smb1)
			of_smb1 = tx;
	}
	return of_smb1;
}

static bool negotiate_request(struct smb_state *state, const struct smb2_message *m)
{
	struct cursor c = cursor(m->data);
	struct slice guid, dialects;
	struct smb_tx *tx;
	uint16_t cnt;

	cursor_skip(&c, 2);
	cnt = cursor_le16(&c);
	cursor_skip(&c, 8);
	guid = cursor_take(&c, SMB_GUID_LEN);
	cursor_skip(&c, 8);
	dialects = cursor_take(&c, (size_t)cnt * 2);
	if (c.failed)
		return false;
	tx = negotiate_find(state);
	if (tx && tx->version == 2)
		return true;
	tx = smb_tx_new(state, SMB_NEGOTIATE, NULL);
	if (!tx)
		return true;
	smb_tx_command(tx, 2, SMB2_NEGOTIATE);
	smb_tx_done(tx, FROM_CLIENT);
	tx->of.negotiate.version = 2;
	tx->of.negotiate.has_client_guid = true;
	memcpy(tx->of.negotiate.client_guid, guid.at, SMB_GUID_LEN);
	smb_text_set(&tx->of.negotiate.dialects, dialects);
	return true;
}

static void sizes_check(struct smb_state *state)
{
	if (state->limits[FROM_SERVER].size &&
	    state->max_size[FROM_SERVER] > state->limits[FROM_SERVER].size)
		smb_event(state, SMB_NEGOTIATE_READ_LARGE);
	if (state->limits[FROM_CLIENT].size &&
	    state->max_size[FROM_CLIENT] > state->limits[FROM_CLIENT].size)
		smb_event(state, SMB_NEGOTIATE_WRITE_LARGE);
}

static bool negotiate_answer(struct smb_state *state, const struct smb2_message *m)
{
	struct cursor c = cursor(m->data);
	bool is_well = m->status == SMB_STATUS_SUCCESS;
	struct slice guid = { .len = 0 };
	struct smb_tx *tx;

	cursor_skip(&c, 4);
	if (is_well) {
		state->dialect = cursor_le16(&c);
		cursor_skip(&c, 2);
		guid = cursor_take(&c, SMB_GUID_LEN);
		cursor_skip(&c, 8);
		state->max_size[FROM_SERVER] = cursor_le32(&c);
		state->max_size[FROM_CLIENT] = cursor_le32(&c);
	} else {
		state->dialect = 0;
		state->max_size[FROM_SERVER] = state->max_size[FROM_CLIENT] = 0;
	}
	if (c.failed)
		return false;
	sizes_check(state);
	tx = negotiate_find(state);
	if (!tx)
		return true;
	tx->of.negotiate.has_server_guid = guid.len == SMB_GUID_LEN;
	if (guid.len == SMB_GUID_LEN)
		memcpy(tx->of.negotiate.server_guid, guid.at, SMB_GUID_LEN);
	smb_tx_status(tx, m->status, false);
	smb_tx_done(tx, FROM_SERVER);
	return true;
}

/* --- sessions --- */

static void session_request(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key key = smb2_key(m, SMB_KEY_HEADER);
	struct smb_tx *tx;

	if (m->data.len < 24)
		return;
	tx = smb_tx_new(state, SMB_SESSION, &key);
	if (!tx)
		return;
	smb_tx_command(tx, 2, m->command);
	smb_tx_done(tx, FROM_CLIENT);
	smb_auth_read(tx, slice_behind(m->data, 24));
}

/* The first answer of a session names it. */
static void session_answer(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key key = smb2_key(m, SMB_KEY_HEADER), nameless = key;
	struct smb_tx *tx = m->session ? smb_tx_kind(state, SMB_SESSION, &key) : NULL;

	nameless.session = 0;
	if (!tx)
		tx = smb_tx_kind(state, SMB_SESSION, &nameless);
	if (!tx)
		return;
	tx->key = key;
	smb_tx_status(tx, m->status, false);
	smb_tx_done(tx, FROM_SERVER);
}

/* --- trees --- */

static bool tree_request(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key key = smb2_key(m, SMB_KEY_TREE);
	struct cursor c = cursor(m->data);
	struct smb_tx *tx;
	struct slice name;

	cursor_skip(&c, 6);
	name = cursor_take(&c, cursor_le16(&c));
	if (c.failed)
		return false;
	tx = smb_tx_new(state, SMB_TREE, &key);
	if (!tx)
		return true;
	smb_text_set_wide(&tx->of.tree.share, name);
	smb_tx_command(tx, 2, SMB2_TREE_CONNECT);
	smb_tx_done(tx, FROM_CLIENT);
	return true;
}

/* false: it cannot be read, or nothing was asked. */
static bool tree_answer(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key key = smb2_key(m, SMB_KEY_TREE);
	struct smb_key share = smb2_key(m, SMB_KEY_SHARE);
	struct smb_tx *tx = smb_tx_kind(state, SMB_TREE, &key);

	if (m->status == SMB_STATUS_SUCCESS && m->data.len < 15) {
		smb_event(state, SMB_MALFORMED);
		return false;
	}
	if (!tx)
		return m->status == SMB_STATUS_SUCCESS;
	smb_tx_status(tx, m->status, false);
	smb_tx_done(tx, FROM_SERVER);
	if (m->status != SMB_STATUS_SUCCESS)
		return true;
	tx->of.tree.type = m->data.at[2];
	tx->of.tree.is_pipe = tx->of.tree.type == SHARE_TYPE_PIPE;
	tx->key = smb2_key(m, SMB_KEY_HEADER);
	smb_share_put(state, &share, smb_slice(&tx->of.tree.share), tx->of.tree.is_pipe);
	return true;
}

static void tree_end(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key share = smb2_key(m, SMB_KEY_SHARE);

	smb_memo_drop(state, &share);
}

/* --- messages --- */

static void generic_new(struct smb_state *state, const struct smb2_message *m, bool is_odd)
{
	struct smb_key key = smb2_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx;

	if (!smb2_is_told(m->command)) {
		if (is_odd)
			smb_event(state, SMB_MALFORMED);
		return;
	}
	tx = smb_tx_new(state, SMB_GENERIC, &key);
	if (!tx)
		return;
	smb_tx_command(tx, 2, m->command);
	smb_tx_done(tx, FROM_CLIENT);
	if (is_odd)
		tx_event(&tx->tx, SMB_MALFORMED);
}

static void request_take(struct smb_state *state, const struct smb2_message *m)
{
	bool is_told = true;

	switch (m->command) {
	case SMB2_NEGOTIATE:
		is_told = negotiate_request(state, m);
		break;
	case SMB2_SESSION_SETUP:
		session_request(state, m);
		break;
	case SMB2_TREE_CONNECT:
		is_told = tree_request(state, m);
		break;
	case SMB2_CREATE:
		is_told = smb2_create_request(state, m);
		break;
	case SMB2_READ:
		smb2_read_request(state, m);
		break;
	case SMB2_WRITE:
		smb2_write_request(state, m);
		break;
	case SMB2_SET_INFO:
		smb2_setinfo_request(state, m);
		break;
	case SMB2_IOCTL:
		smb2_ioctl_request(state, m);
		break;
	default:
		if (m->command == SMB2_TREE_DISCONNECT)
			tree_end(state, m);
		if (m->command == SMB2_CLOSE)
			smb2_close_request(state, m);
		generic_new(state, m, false);
		return;
	}
	if (!is_told)
		generic_new(state, m, true);
}

/* What a request of any kind learns of its answer. */
static void answer_generic(struct smb_state *state, const struct smb2_message *m, bool is_odd)
{
	struct smb_key key = smb2_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx = smb_tx_of(state, 2, m->command, &key);

	if (!tx)
		return;
	if (m->status != SMB_STATUS_PENDING)
		smb_tx_done(tx, FROM_SERVER);
	smb_tx_status(tx, m->status, false);
	if (is_odd)
		tx_event(&tx->tx, SMB_MALFORMED);
}

static void answer_take(struct smb_state *state, const struct smb2_message *m)
{
	switch (m->command) {
	case SMB2_NEGOTIATE:
		if (!negotiate_answer(state, m))
			smb_event(state, SMB_MALFORMED);
		break;
	case SMB2_SESSION_SETUP:
		session_answer(state, m);
		break;
	case SMB2_TREE_CONNECT:
		if (!tree_answer(state, m))
			answer_generic(state, m, false);
		break;
	case SMB2_IOCTL:
		smb2_ioctl_answer(state, m);
		break;
	case SMB2_CREATE:
		if (m->status == SMB_STATUS_SUCCESS)
			smb2_create_answer(state, m);
		else
			answer_generic(state, m, false);
		break;
	case SMB2_READ:
		smb2_read_answer(state, m);
		break;
	default:
		if (m->command == SMB2_TREE_DISCONNECT)
			tree_end(state, m);
		answer_generic(state, m, false);
		break;
	}
}

bool smb2_record(struct smb_state *state, enum side side, struct slice *records)
{
	struct smb2_message m;

	if (!message_read(records, false, &m))
		return false;
	if (m.is_answer == (side == FROM_SERVER)) {
		if (m.is_answer)
			answer_take(state, &m);
		else
			request_take(state, &m);
	} else {
		smb_event(state, m.is_answer ? SMB_RESPONSE_TO_SERVER : SMB_REQUEST_TO_CLIENT);
	}
	return true;
}

bool smb2_record_part(struct smb_state *state, enum side side, struct slice record)
{
	struct smb2_message m;
	struct smb_key share;
	struct slice name;
	bool is_pipe = false;

	if (!message_read(&record, true, &m) || m.is_answer != (side == FROM_SERVER) ||
	    m.command != (m.is_answer ? SMB2_READ : SMB2_WRITE))
		return false;
	share = smb2_key(&m, SMB_KEY_SHARE);
	if (smb_share_get(state, &share, &name, &is_pipe) && is_pipe)
		return false;
	if (m.is_answer)
		smb2_read_answer(state, &m);
	else
		smb2_write_request(state, &m);
	return true;
}
