// SPDX-License-Identifier: Apache-2.0
/*
 * Transactions of SMB and what is remembered between messages: names of files and shares, what a message was
 * about. Called by the parts that read messages. Promises that both are bounded.
 */
#include <stdlib.h>

#include "base/utf16.h"
#include "proto/pending.h"
#include "proto/smb.h"

#define SHARE_IS_PIPE 1

/* --- texts --- */

void smb_text_set(struct smb_text *text, struct slice bytes)
{
	size_t len = bytes.len < SMB_NAME_MAX ? bytes.len : SMB_NAME_MAX;
	uint8_t *at = len ? malloc(len) : NULL;

	free(text->at);
	*text = (struct smb_text){ .at = at };
	if (!at)
		return;
	memcpy(at, bytes.at, len);
	text->len = len;
}

void smb_text_set_wide(struct smb_text *text, struct slice bytes)
{
	uint8_t plain[SMB_NAME_MAX];

	smb_text_set(text, slice(plain, utf16_write(bytes, plain, sizeof(plain))));
}

struct slice smb_slice(const struct smb_text *text)
{
	return slice(text->at, text->len);
}

/* --- transactions --- */

struct smb_tx *smb_tx_new(struct smb_state *state, enum smb_kind kind, const struct smb_key *key)
{
	struct tx *old = tx_pending_over(state->session);
	struct smb_tx *tx = (struct smb_tx *)tx_new(state->session, sizeof(*tx));

	if (old) {
		old->progress[FROM_CLIENT] = old->progress[FROM_SERVER] = 1;
		tx_event(old, SMB_TOO_MANY);
	}
	if (!tx)
		return NULL;
	tx->kind = kind;
	if (key)
		tx->key = *key;
	return tx;
}

void smb_tx_command(struct smb_tx *tx, uint8_t version, uint16_t command)
{
	tx->version = version;
	tx->command = command;
	tx->has_command = true;
}

void smb_tx_status(struct smb_tx *tx, uint32_t status, bool is_dos)
{
	tx->has_status = true;
	tx->status = status;
	tx->is_dos = is_dos;
}

void smb_tx_done(struct smb_tx *tx, enum side side)
{
	tx->tx.progress[side] = 1;
}

static void session_free(struct smb_tx *tx)
{
	free(tx->of.session.ntlmssp.host.at);
	free(tx->of.session.ntlmssp.user.at);
	free(tx->of.session.ntlmssp.domain.at);
	free(tx->of.session.realm.at);
	for (size_t i = 0; i < SMB_SNAMES_MAX; i++)
		free(tx->of.session.snames[i].at);
	free(tx->of.session.request.os.at);
	free(tx->of.session.request.lm.at);
	free(tx->of.session.response.os.at);
	free(tx->of.session.response.lm.at);
}

void smb_tx_free(struct tx *of)
{
	struct smb_tx *tx = (struct smb_tx *)of;

	switch (tx->kind) {
	case SMB_NEGOTIATE:
		free(tx->of.negotiate.dialects.at);
		break;
	case SMB_SESSION:
		session_free(tx);
		break;
	case SMB_TREE:
		free(tx->of.tree.share.at);
		free(tx->of.tree.request_service.at);
		free(tx->of.tree.response_service.at);
		break;
	case SMB_CREATE:
		free(tx->of.create.name.at);
		break;
	case SMB_FILE:
		free(tx->of.file.name.at);
		free(tx->of.file.share.at);
		file_chunks_end(&tx->of.file.chunks);
		break;
	case SMB_RENAME:
		free(tx->of.rename.from.at);
		free(tx->of.rename.to.at);
		break;
	case SMB_SETINFO:
		free(tx->of.setinfo.name.at);
		break;
	case SMB_DCERPC:
		dce_call_end(&tx->of.dce);
		break;
	case SMB_GENERIC:
	case SMB_IOCTL:
		break;
	}
	free(tx);
}

bool smb_key_is(const struct smb_key *a, const struct smb_key *b)
{
	return a->kind == b->kind && a->session == b->session && a->message == b->message;
}

struct smb_tx *smb_tx_of(struct smb_state *state, uint8_t version, uint16_t command,
			 const struct smb_key *key)
{
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->has_command && tx->version == version && tx->command == command &&
		    smb_key_is(&tx->key, key))
			return tx;
	}
	return NULL;
}

struct smb_tx *smb_tx_kind(struct smb_state *state, enum smb_kind kind, const struct smb_key *key)
{
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->kind == kind && (!key || smb_key_is(&tx->key, key)))
			return tx;
	}
	return NULL;
}

static bool guid_is(const struct smb_guid *a, const struct smb_guid *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

static bool is_open(const struct smb_tx *tx)
{
	return !tx->of.file.file || tx->of.file.file->state == FILE_OPENED;
}

struct smb_tx *smb_tx_file(struct smb_state *state, const struct smb_guid *guid, enum side side,
			   bool only_open)
{
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->kind == SMB_FILE && tx->of.file.side == side &&
		    guid_is(&tx->of.file.guid, guid) && (!only_open || is_open(tx)))
			return tx;
	}
	return NULL;
}

/* --- memory --- */

_Static_assert(sizeof(struct smb_key) == 40, "a key has no bytes that nobody sets");

static struct slice key_bytes(const struct smb_key *key)
{
	return slice(key, sizeof(*key));
}

void smb_memo_put(struct smb_state *state, const struct smb_key *key, struct slice value)
{
	memo_put(&state->memo, key_bytes(key), value);
}

bool smb_memo_get(const struct smb_state *state, const struct smb_key *key, struct slice *ret_value)
{
	return memo_get(&state->memo, key_bytes(key), ret_value);
}

void smb_memo_drop(struct smb_state *state, const struct smb_key *key)
{
	memo_drop(&state->memo, key_bytes(key));
}

static struct smb_key file_key(const struct smb_guid *guid)
{
	struct smb_key key = { .kind = SMB_KEY_FILE, .guid_len = guid->len };

	memcpy(key.guid, guid->b, guid->len);
	return key;
}

void smb_name_put(struct smb_state *state, const struct smb_guid *guid, struct slice name)
{
	struct smb_key key = file_key(guid);

	smb_memo_put(state, &key, name);
}

bool smb_name_get(const struct smb_state *state, const struct smb_guid *guid, struct slice *ret_name)
{
	struct smb_key key = file_key(guid);

	return smb_memo_get(state, &key, ret_name);
}

void smb_size_put(struct smb_state *state, const struct smb_guid *guid, uint64_t size)
{
	struct smb_key key = file_key(guid);

	key.kind = SMB_KEY_SIZE;
	if (state->session->waits)
		smb_memo_put(state, &key, slice(&size, sizeof(size)));
}

uint64_t smb_size_get(const struct smb_state *state, const struct smb_guid *guid)
{
	struct smb_key key = file_key(guid);
	struct slice value;
	uint64_t size = 0;

	key.kind = SMB_KEY_SIZE;
	if (smb_memo_get(state, &key, &value) && value.len == sizeof(size))
		memcpy(&size, value.at, sizeof(size));
	return size;
}

void smb_share_put(struct smb_state *state, const struct smb_key *key, struct slice name, bool is_pipe)
{
	uint8_t value[1 + SMB_NAME_MAX];
	size_t len = name.len < SMB_NAME_MAX ? name.len : SMB_NAME_MAX;

	value[0] = is_pipe ? SHARE_IS_PIPE : 0;
	if (len)
		memcpy(value + 1, name.at, len);
	smb_memo_put(state, key, slice(value, 1 + len));
}

bool smb_share_get(const struct smb_state *state, const struct smb_key *key, struct slice *ret_name,
		   bool *ret_is_pipe)
{
	struct slice value;

	if (!smb_memo_get(state, key, &value) || !value.len)
		return false;
	*ret_is_pipe = value.at[0] == SHARE_IS_PIPE;
	*ret_name = slice_behind(value, 1);
	return true;
}
