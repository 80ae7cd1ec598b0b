// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of SMB1 ([MS-CIFS], [MS-SMB]): chained commands, dialects, sessions, trees. Called by smb.c with
 * what it found. Promises that a message which cannot be read is said by an event.
 */
#include "proto/smb1.h"

#define FLAG_ANSWER 0x80
#define FLAG2_STATUS_NT 0x4000
#define FLAG2_UNICODE 0x8000
#define CHAIN_MAX 32

/* --- heads --- */

static bool message_read(struct slice record, struct smb1_message *ret)
{
	struct cursor c = cursor(record);
	struct slice magic = cursor_take(&c, 4);
	struct smb1_message m = { .record = record, .at = SMB1_HEAD_LEN };
	uint16_t flags2;

	if (magic.len != 4 || memcmp(magic.at, "\xffSMB", 4) != 0)
		return false;
	m.first = m.command = cursor_u8(&c);
	m.status = cursor_le32(&c);
	m.is_answer = cursor_u8(&c) & FLAG_ANSWER;
	flags2 = cursor_le16(&c);
	m.is_dos = !(flags2 & FLAG2_STATUS_NT);
	m.is_wide = flags2 & FLAG2_UNICODE;
	cursor_skip(&c, 12);
	m.tree = cursor_le16(&c);
	cursor_skip(&c, 2);
	m.user = cursor_le16(&c);
	m.message = cursor_le16(&c);
	*ret = m;
	return !c.failed;
}

bool smb1_at(const struct smb1_message *m, size_t offset, size_t len, struct slice *ret)
{
	if (offset > m->record.len || offset < SMB1_HEAD_LEN)
		return false;
	*ret = slice_behind(m->record, offset);
	if (ret->len > len)
		ret->len = len;
	return true;
}

struct smb_key smb1_key(const struct smb1_message *m, enum smb_key_kind kind)
{
	return (struct smb_key){
		.kind = (uint8_t)kind,
		.session = m->user,
		.tree = kind == SMB_KEY_TREE ? 0 : m->tree,
		.message = kind == SMB_KEY_SHARE ? 0 : m->message,
	};
}

struct smb_guid smb1_guid(const struct smb1_message *m, struct slice fid)
{
	struct smb_guid guid = { .len = 6 };

	if (fid.len == 2)
		memcpy(guid.b, fid.at, 2);
	guid.b[4] = (uint8_t)(m->user >> 8);
	guid.b[5] = (uint8_t)m->user;
	return guid;
}

static struct slice wide_until_zero(struct cursor *c)
{
	struct slice text = c->rest;
	size_t len = 0;

	while (text.len - len >= 2 && (text.at[len] || text.at[len + 1]))
		len += 2;
	cursor_skip(c, text.len - len >= 2 ? len + 2 : text.len);
	return slice(text.at, len);
}

void smb1_text(const struct smb1_message *m, struct cursor *c, struct smb_text *text)
{
	const uint8_t *end;
	size_t len;

	if (m->is_wide) {
		if (c->rest.len && (size_t)(c->rest.at - m->record.at) % 2)
			cursor_skip(c, 1);
		smb_text_set_wide(text, wide_until_zero(c));
		return;
	}
	end = c->rest.len ? memchr(c->rest.at, 0, c->rest.len) : NULL;
	len = end ? (size_t)(end - c->rest.at) : c->rest.len;
	smb_text_set(text, cursor_take(c, len));
	cursor_skip(c, end ? 1 : 0);
}

/* --- what is told of any message --- */

static bool is_told(uint8_t command)
{
	return command != SMB1_READ_ANDX && command != SMB1_WRITE_ANDX && command != SMB1_TRANS &&
	       command != SMB1_TRANS2;
}

void smb1_generic(struct smb_state *state, const struct smb1_message *m, bool is_odd)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx;

	if (!is_told(m->command) && !is_odd)
		return;
	tx = smb_tx_new(state, SMB_GENERIC, &key);
	if (!tx)
		return;
	smb_tx_command(tx, 1, m->command);
	smb_tx_done(tx, FROM_CLIENT);
	if (m->command == SMB1_NT_CANCEL || m->command == SMB1_TRANS2_SECONDARY ||
	    m->command == SMB1_LOCKING_ANDX)
		smb_tx_done(tx, FROM_SERVER); /* nobody answers them */
	if (is_odd)
		tx_event(&tx->tx, SMB_MALFORMED);
}

void smb1_answered(struct smb_state *state, const struct smb1_message *m, bool is_odd)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx = smb_tx_of(state, 1, m->command, &key);

	if (!tx && is_odd) {
		smb1_generic(state, m, true);
		tx = smb_tx_of(state, 1, m->command, &key);
	}
	if (!tx)
		return;
	smb_tx_done(tx, FROM_CLIENT);
	smb_tx_done(tx, FROM_SERVER);
	smb_tx_status(tx, m->status, m->is_dos);
	if (is_odd)
		tx_event(&tx->tx, SMB_MALFORMED);
}

/* --- dialects --- */

/* Texts, each behind a byte of format, and ended by 0. Returns false if one is odd. */
static bool dialects_take(struct smb_text *dialects, struct slice list)
{
	struct cursor c = cursor(list);
	uint8_t kept[SMB_NAME_MAX];
	bool are_well = true;
	size_t len = 0;

	for (;;) {
		struct slice dialect = cursor_until(&c, 0);

		if (c.failed)
			break;
		are_well = are_well && dialect.len > 1;
		if (!dialect.len || len + dialect.len > sizeof(kept))
			continue;
		memcpy(kept + len, dialect.at + 1, dialect.len - 1);
		len += dialect.len - 1;
		kept[len++] = 0;
	}
	smb_text_set(dialects, slice(kept, len));
	return are_well;
}

/* Number index of them; false: there are not as many. */
static bool dialect_at(const struct smb_text *dialects, uint16_t index, struct slice *ret)
{
	struct cursor c = cursor(smb_slice(dialects));

	for (uint16_t i = 0;; i++) {
		*ret = cursor_until(&c, 0);
		if (c.failed || i == index)
			return !c.failed;
	}
}

static struct smb_tx *negotiate_find(struct smb_state *state)
{
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->kind == SMB_NEGOTIATE && tx->version == 1)
			return tx;
	}
	return NULL;
}

static bool negotiate_request(struct smb_state *state, const struct smb1_message *m)
{
	struct slice part = smb1_part(m);
	struct smb_tx *tx = negotiate_find(state);

	if (part.len < 4)
		return false;
	if (tx) {
		tx_event(&tx->tx, SMB_DUPLICATE_NEGOTIATE);
		return true;
	}
	tx = smb_tx_new(state, SMB_NEGOTIATE, NULL);
	if (!tx)
		return true;
	smb_tx_command(tx, 1, SMB1_NEGOTIATE);
	smb_tx_done(tx, FROM_CLIENT);
	tx->of.negotiate.version = 1;
	if (!dialects_take(&tx->of.negotiate.dialects, slice_behind(part, 3)))
		tx_event(&tx->tx, SMB_BAD_DIALECTS);
	return true;
}

/* [MS-CIFS] 2.2.4.52.2: one word, or 13, or 17 with extended security. */
static bool negotiated_read(const struct smb1_message *m, uint16_t *ret_index, struct slice *ret_guid)
{
	struct cursor c = cursor(smb1_part(m));
	uint8_t words = cursor_u8(&c);

	*ret_index = 0;
	*ret_guid = slice(NULL, 0);
	if (!words)
		return !c.failed;
	*ret_index = cursor_le16(&c);
	if (words != 17)
		return !c.failed;
	cursor_skip(&c, 32);
	if (cursor_le16(&c) >= SMB_GUID_LEN)
		*ret_guid = cursor_take(&c, SMB_GUID_LEN);
	return !c.failed;
}

static bool negotiate_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_tx *tx = negotiate_find(state);
	struct slice guid, dialect;
	uint16_t index;

	if (!negotiated_read(m, &index, &guid))
		return false;
	if (!tx)
		return true;
	smb_tx_status(tx, m->status, m->is_dos);
	smb_tx_done(tx, FROM_SERVER);
	if (guid.len) {
		tx->of.negotiate.has_server_guid = true;
		memcpy(tx->of.negotiate.server_guid, guid.at, SMB_GUID_LEN);
	}
	if (dialect_at(&tx->of.negotiate.dialects, index, &dialect))
		smb_text_set(&state->dialect_text, dialect);
	else
		tx_event(&tx->tx, SMB_BAD_DIALECTS);
	return true;
}

/* --- sessions --- */

static void host_take(const struct smb1_message *m, struct cursor *c, struct smb_host *host)
{
	host->known = true;
	smb1_text(m, c, &host->os);
	smb1_text(m, c, &host->lm);
}

/* [MS-CIFS] 2.2.4.53.1, [MS-SMB] 2.2.4.6.1: 12 words with extended security, 13 without. */
static void session_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_HEADER);
	struct cursor c = cursor(smb1_part(m));
	uint8_t words = cursor_u8(&c);
	struct smb_text unused = { .len = 0 };
	uint16_t blob_len, more_len = 0;
	struct smb_tx *tx;
	struct slice blob;

	cursor_skip(&c, 14);
	blob_len = cursor_le16(&c);
	if (words == 13)
		more_len = cursor_le16(&c);
	cursor_skip(&c, 8 + 2);
	blob = cursor_take(&c, (size_t)blob_len + more_len);
	if (c.failed)
		return;
	key.tree = 0;
	tx = smb_tx_new(state, SMB_SESSION, &key);
	if (!tx)
		return;
	smb_tx_command(tx, 1, m->command);
	smb_tx_done(tx, FROM_CLIENT);
	if (words == 13) { /* account and domain */
		smb1_text(m, &c, &unused);
		smb1_text(m, &c, &unused);
	} else {
		smb_auth_read(tx, blob);
	}
	smb_text_set(&unused, slice(NULL, 0));
	host_take(m, &c, &tx->of.session.request);
}

static bool session_said(const struct smb1_message *m, struct cursor *c)
{
	uint8_t words = cursor_u8(c);
	uint16_t blob_len = 0;

	if (words)
		cursor_skip(c, 6);
	if (words >= 4)
		blob_len = cursor_le16(c);
	cursor_skip(c, 2);
	cursor_skip(c, blob_len);
	return !c->failed;
}

/* The first answer of a session names it. */
static void session_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_HEADER), nameless = key;
	struct smb_tx *tx = m->user ? smb_tx_kind(state, SMB_SESSION, &key) : NULL;
	struct cursor c = cursor(smb1_part(m));

	nameless.session = 0;
	if (!tx)
		tx = smb_tx_kind(state, SMB_SESSION, &nameless);
	if (!tx)
		return;
	if (session_said(m, &c))
		host_take(m, &c, &tx->of.session.response);
	else
		tx_event(&tx->tx, SMB_MALFORMED);
	tx->key = key;
	smb_tx_status(tx, m->status, m->is_dos);
	smb_tx_done(tx, FROM_SERVER);
}

/* --- trees --- */

static bool tree_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_TREE);
	struct cursor c = cursor(smb1_part(m));
	struct smb_text path = { .len = 0 };
	struct slice service;
	struct smb_tx *tx;
	uint16_t password_len;

	cursor_skip(&c, 7);
	password_len = cursor_le16(&c);
	cursor_skip(&c, 2 + (size_t)password_len);
	if (c.failed)
		return false;
	tx = smb_tx_new(state, SMB_TREE, &key);
	if (!tx)
		return true;
	smb1_text(m, &c, &path);
	smb_text_set(&tx->of.tree.share, slice_behind(smb_slice(&path), path.len > 1 ? 1 : 0));
	smb_text_set(&path, slice(NULL, 0));
	service = cursor_until(&c, 0);
	smb_text_set(&tx->of.tree.request_service, service);
	smb_tx_command(tx, 1, SMB1_TREE_CONNECT_ANDX);
	smb_tx_done(tx, FROM_CLIENT);
	if (c.failed)
		tx_event(&tx->tx, SMB_MALFORMED);
	return true;
}

static bool tree_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_TREE), share = smb1_key(m, SMB_KEY_SHARE);
	struct smb_tx *tx = smb_tx_kind(state, SMB_TREE, &key);
	bool is_well = m->status == SMB_STATUS_SUCCESS;
	struct cursor c = cursor(smb1_part(m));
	struct slice service;
	uint8_t words = cursor_u8(&c);

	cursor_skip(&c, (size_t)words * 2 + 2);
	service = cursor_until(&c, 0);
	if (is_well && c.failed)
		return false;
	if (!tx)
		return true;
	smb_tx_status(tx, m->status, m->is_dos);
	smb_tx_done(tx, FROM_SERVER);
	if (!is_well)
		return true;
	tx->of.tree.is_pipe = slice_is(service, "IPC");
	smb_text_set(&tx->of.tree.response_service, service);
	tx->key = smb1_key(m, SMB_KEY_HEADER);
	smb_share_put(state, &share, smb_slice(&tx->of.tree.share), tx->of.tree.is_pipe);
	return true;
}

static void tree_end(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key share = smb1_key(m, SMB_KEY_SHARE);

	smb_memo_drop(state, &share);
}

/* --- messages --- */

/* false: nothing is told of it yet; *ret_odd: because it cannot be read. */
static bool request_take(struct smb_state *state, const struct smb1_message *m, bool *ret_odd)
{
	switch (m->command) {
	case SMB1_NEGOTIATE:
		return !(*ret_odd = !negotiate_request(state, m));
	case SMB1_SESSION_SETUP_ANDX:
		session_request(state, m);
		return true;
	case SMB1_TREE_CONNECT_ANDX:
		return !(*ret_odd = !tree_request(state, m));
	case SMB1_TREE_DISCONNECT:
		tree_end(state, m);
		return false;
	case SMB1_NT_CREATE_ANDX:
		return !(*ret_odd = !smb1_create_request(state, m));
	case SMB1_READ_ANDX:
		*ret_odd = !smb1_read_request(state, m);
		return false;
	case SMB1_WRITE_ANDX:
	case SMB1_WRITE:
	case SMB1_WRITE_AND_CLOSE:
		smb1_write_request(state, m);
		return true;
	case SMB1_CLOSE:
		*ret_odd = !smb1_close_request(state, m);
		return false;
	case SMB1_RENAME:
		return !(*ret_odd = !smb1_rename_request(state, m));
	case SMB1_TRANS:
		smb1_trans_request(state, m);
		return true;
	case SMB1_TRANS2:
		*ret_odd = !smb1_trans2_request(state, m);
		return !*ret_odd;
	default:
		return false;
	}
}

/* A session that is left is not named in the answer. */
static void logoff_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_tx *tx = (struct smb_tx *)tx_last(state->session);

	if (!tx || tx->version != 1 || tx->command != SMB1_LOGOFF_ANDX)
		return;
	smb_tx_status(tx, m->status, m->is_dos);
	smb_tx_done(tx, FROM_SERVER);
}

static void answer_take(struct smb_state *state, const struct smb1_message *m)
{
	bool is_odd = false;

	switch (m->command) {
	case SMB1_NEGOTIATE:
		is_odd = !negotiate_answer(state, m);
		break;
	case SMB1_SESSION_SETUP_ANDX:
		session_answer(state, m);
		return;
	case SMB1_TREE_CONNECT_ANDX:
		is_odd = !tree_answer(state, m);
		break;
	case SMB1_LOGOFF_ANDX:
		logoff_answer(state, m);
		return;
	case SMB1_READ_ANDX:
		smb1_read_answer(state, m);
		return;
	case SMB1_TRANS:
		smb1_trans_answer(state, m);
		return;
	case SMB1_NT_CREATE_ANDX:
		if (m->status == SMB_STATUS_SUCCESS)
			is_odd = !smb1_create_answer(state, m);
		break;
	case SMB1_CLOSE:
		smb1_close_answer(state, m);
		break;
	case SMB1_TREE_DISCONNECT:
		tree_end(state, m);
		break;
	default:
		break;
	}
	smb1_answered(state, m, is_odd);
}

static bool is_chained(uint8_t command)
{
	switch (command) {
	case SMB1_LOCKING_ANDX:
	case SMB1_OPEN_ANDX:
	case SMB1_READ_ANDX:
	case SMB1_WRITE_ANDX:
	case SMB1_SESSION_SETUP_ANDX:
	case SMB1_LOGOFF_ANDX:
	case SMB1_TREE_CONNECT_ANDX:
	case SMB1_NT_CREATE_ANDX:
		return true;
	default:
		return false;
	}
}

/* The command behind this one; always farther on. */
static bool next_part(struct smb1_message *m)
{
	struct cursor c = cursor(smb1_part(m));
	uint8_t command;
	uint16_t offset;

	if (!is_chained(m->command))
		return false;
	cursor_skip(&c, 1);
	command = cursor_u8(&c);
	cursor_skip(&c, 1);
	offset = cursor_le16(&c);
	if (c.failed || command == SMB1_NONE || offset <= m->at || offset >= m->record.len)
		return false;
	m->command = command;
	m->at = offset;
	return true;
}

bool smb1_record(struct smb_state *state, enum side side, struct slice record)
{
	struct smb1_message m;
	int parts = 0;

	if (!message_read(record, &m))
		return false;
	if (m.is_answer != (side == FROM_SERVER)) {
		smb_event(state, m.is_answer ? SMB_RESPONSE_TO_SERVER : SMB_REQUEST_TO_CLIENT);
		return true;
	}
	do {
		bool is_odd = false;

		if (m.is_answer)
			answer_take(state, &m);
		else if (!request_take(state, &m, &is_odd))
			smb1_generic(state, &m, is_odd);
	} while (++parts < CHAIN_MAX && next_part(&m));
	return true;
}

bool smb1_record_part(struct smb_state *state, enum side side, struct slice record)
{
	struct smb1_message m;
	struct smb_key share;
	struct slice name;
	bool is_pipe;

	if (!message_read(record, &m) || m.is_answer != (side == FROM_SERVER) ||
	    m.command != (m.is_answer ? SMB1_READ_ANDX : SMB1_WRITE_ANDX))
		return false;
	share = smb1_key(&m, SMB_KEY_SHARE);
	if (smb_share_get(state, &share, &name, &is_pipe) && is_pipe)
		return false;
	if (m.is_answer)
		smb1_read_answer(state, &m);
	else
		smb1_write_request(state, &m);
	return true;
}
