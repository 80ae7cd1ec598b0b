// SPDX-License-Identifier: Apache-2.0
/*
 * DCE/RPC in pipes of SMB: written, read, or both at once by a transaction or an ioctl. Called by those who
 * read the records. Promises one transaction for each call.
 */
#include <stdlib.h>

#include "proto/smb.h"

#define SMB2_IOCTL 11

/* --- which pipes --- */

bool smb_pipe_is_dce(const struct smb_state *state, const struct smb_guid *guid)
{
	static const char *const services[] = { "svcctl", "srvsvc",  "atsvc",  "lsarpc",
						"samr",	  "spoolss", "winreg", "suricata::dcerpc" };
	struct slice name;

	if (!smb_name_get(state, guid, &name))
		return false;
	if (name.len > 1 && name.at[0] == '\\')
		name = slice_behind(name, 1);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (slice_is(name, services[i]))
			return true;
	return false;
}

bool smb_pipe_looks_dce(struct slice data)
{
	struct dce_head head;

	return dce_head_read(data, &head) && head.major == 5 && head.minor < 3 && head.len &&
	       head.type <= DCE_TYPE_MAX;
}

/* --- calls --- */

/* Writes and reads have messages of their own; an ioctl has its answer in the same one. */
static struct smb_tx *call_find(struct smb_state *state, uint8_t version, uint16_t command,
				const struct smb_key *key, uint32_t call)
{
	bool by_message = version == 2 && command == SMB2_IOCTL;

	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct smb_tx *tx = (struct smb_tx *)of;

		if (tx->kind == SMB_DCERPC && tx->of.dce.id == call &&
		    tx->key.session == key->session &&
		    (!by_message || tx->key.message == key->message))
			return tx;
	}
	return NULL;
}

static struct smb_tx *call_new(struct smb_state *state, uint8_t version, uint16_t command,
			       const struct smb_key *key, uint32_t call)
{
	struct smb_tx *tx = smb_tx_new(state, SMB_DCERPC, key);

	if (!tx)
		return NULL;
	smb_tx_command(tx, version, command);
	tx->of.dce.id = call;
	return tx;
}

/* --- written --- */

static bool fragment_follow(struct smb_state *state, struct smb_tx *tx, const struct dce_head *head)
{
	if (head->len < DCE_CALL_HEAD_LEN) {
		smb_event(state, SMB_MALFORMED);
		return false;
	}
	if (!tx)
		return false;
	if (!dce_fragment_add(&tx->of.dce, head, false)) {
		smb_event(state, SMB_MALFORMED);
		return false;
	}
	if (head->flags & DCE_FLAG_LAST)
		smb_tx_done(tx, FROM_CLIENT);
	return true;
}

static void request_take(struct smb_state *state, struct smb_tx *tx, const struct dce_head *head)
{
	tx->of.dce.request = head->type;
	tx->of.dce.has_request = true;
	tx->of.dce.little = head->little;
	switch (head->type) {
	case DCE_REQUEST:
		if (!dce_fragment_add(&tx->of.dce, head, false))
			tx_event(&tx->tx, SMB_MALFORMED);
		else if (!(head->flags & DCE_FLAG_LAST))
			return;
		break;
	case DCE_BIND:
		if (!dce_bind_read(head, &state->ifaces))
			tx_event(&tx->tx, SMB_MALFORMED);
		break;
	default:
		if (head->type > DCE_TYPE_MAX)
			tx_event(&tx->tx, SMB_MALFORMED);
		break;
	}
	smb_tx_done(tx, FROM_CLIENT);
}

bool smb_pipe_write(struct smb_state *state, uint8_t version, uint16_t command,
		    const struct smb_key *key, struct slice data)
{
	struct dce_head head;
	struct smb_tx *tx;

	if (!dce_head_read(data, &head)) {
		smb_event(state, SMB_MALFORMED);
		return true;
	}
	if (head.type == DCE_REQUEST && !(head.flags & DCE_FLAG_FIRST))
		return fragment_follow(state, call_find(state, version, command, key, head.call),
				       &head);
	tx = call_new(state, version, command, key, head.call);
	if (!tx)
		return false;
	if (version == 1)
		smb_tx_status(tx, SMB_STATUS_SUCCESS, false);
	request_take(state, tx, &head);
	return true;
}

/* --- read --- */

static bool error_take(struct smb_state *state, const struct smb_bytes *bytes)
{
	struct smb_tx *tx = smb_tx_of(state, bytes->version, bytes->command, &bytes->header);

	if (!tx)
		return false;
	smb_tx_status(tx, bytes->status, false);
	smb_tx_done(tx, FROM_SERVER);
	return true;
}

static void bindack_take(struct smb_state *state, const struct smb_bytes *bytes,
			 const struct dce_head *head)
{
	struct smb_tx *tx =
		call_find(state, bytes->version, bytes->command, &bytes->header, head->call);

	if (!tx) {
		struct dce_ifaces none = { .cnt = 0 };

		if (!dce_bindack_read(head, &none))
			smb_event(state, SMB_MALFORMED);
		return;
	}
	if (!dce_bindack_read(head, &state->ifaces)) {
		smb_event(state, SMB_MALFORMED);
		return;
	}
	tx->of.dce.response = DCE_BINDACK;
	tx->of.dce.has_response = true;
	smb_tx_status(tx, bytes->status, false);
	smb_tx_done(tx, FROM_SERVER);
}

static void answer_take(struct smb_tx *tx, const struct smb_bytes *bytes, const struct dce_head *head)
{
	if (head->type == DCE_RESPONSE && !dce_fragment_add(&tx->of.dce, head, false)) {
		tx_event(&tx->tx, SMB_MALFORMED);
		return;
	}
	if (head->type > DCE_TYPE_MAX)
		tx_event(&tx->tx, SMB_MALFORMED);
	tx->of.dce.response = head->type;
	tx->of.dce.has_response = true;
	tx->of.dce.little = head->little;
	smb_tx_status(tx, bytes->status, false);
	if (head->type != DCE_RESPONSE || head->flags & DCE_FLAG_LAST)
		smb_tx_done(tx, FROM_SERVER);
}

/* A message that is whole, or all that there will be of it. */
static void message_take(struct smb_state *state, const struct smb_bytes *bytes,
			 const struct dce_head *head)
{
	struct smb_tx *tx;

	if (head->type == DCE_BINDACK) {
		bindack_take(state, bytes, head);
		return;
	}
	tx = call_find(state, bytes->version, bytes->command, &bytes->header, head->call);
	if (!tx)
		tx = call_new(state, bytes->version, bytes->command, &bytes->header, head->call);
	if (tx)
		answer_take(tx, bytes, head);
}

/* With what was read before: a pipe's message may need more than one read. */
static uint8_t *message_join(struct smb_state *state, const struct smb_key *key, struct slice data,
			     size_t *ret_len)
{
	struct slice before = { .len = 0 };
	uint8_t *all;

	smb_memo_get(state, key, &before);
	all = malloc(before.len + data.len + 1);
	if (!all)
		return NULL;
	if (before.len)
		memcpy(all, before.at, before.len);
	if (data.len)
		memcpy(all + before.len, data.at, data.len);
	*ret_len = before.len + data.len;
	smb_memo_drop(state, key);
	return all;
}

bool smb_pipe_read(struct smb_state *state, const struct smb_bytes *bytes)
{
	struct smb_key key = { .kind = SMB_KEY_FRAGMENT,
			       .session = bytes->header.session,
			       .tree = bytes->header.tree,
			       .guid_len = bytes->guid.len };
	bool is_part = bytes->status == SMB_STATUS_OVERFLOW;
	struct dce_head head;
	uint8_t *all;
	size_t len;

	if (bytes->status != SMB_STATUS_SUCCESS && !is_part)
		return error_take(state, bytes);
	memcpy(key.guid, bytes->guid.b, bytes->guid.len);
	all = message_join(state, &key, bytes->data, &len);
	if (!all)
		return false;
	if (!len) {
		free(all);
		return false;
	}
	if (!dce_head_read(slice(all, len), &head))
		smb_event(state, SMB_MALFORMED);
	else if (is_part && len < head.len)
		smb_memo_put(state, &key, slice(all, len));
	else
		message_take(state, bytes, &head);
	free(all);
	return true;
}
