// SPDX-License-Identifier: Apache-2.0
/*
 * Files and pipes of SMB2 and SMB3 ([MS-SMB2] 2.2.13 to 2.2.40): create, read, write, close, what is set of
 * them, ioctls. Called by smb2.c.
 */
#include <stdlib.h>

#include "proto/smb2.h"

#define OPTION_DIRECTORY 0x0001u
#define OPTION_DELETE 0x1000u
#define CLASS_FILE 1
#define LEVEL_RENAME 10
#define LEVEL_DISPOSITION 13
#define FUNCTION_PIPE_TRANSCEIVE 0x0011c017u

static struct smb_guid guid_of(struct slice bytes)
{
	struct smb_guid guid = { .len = 0 };

	if (bytes.len == SMB_GUID_LEN) {
		guid.len = SMB_GUID_LEN;
		memcpy(guid.b, bytes.at, SMB_GUID_LEN);
	}
	return guid;
}

/* --- create --- */

bool smb2_create_request(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key name_key = smb2_key(m, SMB_KEY_NAME), key = smb2_key(m, SMB_KEY_GENERIC);
	struct cursor c = cursor(m->data);
	uint32_t disposition, options;
	struct slice name;
	struct smb_tx *tx;
	uint16_t name_len;

	cursor_skip(&c, 36);
	disposition = cursor_le32(&c);
	options = cursor_le32(&c);
	cursor_skip(&c, 2);
	name_len = cursor_le16(&c);
	cursor_skip(&c, 8);
	name = cursor_take(&c, name_len);
	if (c.failed)
		return false;
	tx = smb_tx_new(state, SMB_CREATE, &key);
	if (!tx)
		return true;
	smb_tx_command(tx, 2, m->command);
	smb_tx_done(tx, FROM_CLIENT);
	smb_text_set_wide(&tx->of.create.name, name);
	tx->of.create.disposition = disposition;
	tx->of.create.deletes = options & OPTION_DELETE;
	tx->of.create.is_directory = options & OPTION_DIRECTORY;
	smb_memo_put(state, &name_key, smb_slice(&tx->of.create.name));
	return true;
}

struct created {
	uint64_t created, accessed, modified, changed, size;
	struct smb_guid guid;
};

static bool created_read(struct slice data, struct created *ret)
{
	struct cursor c = cursor(data);
	struct created of;

	cursor_skip(&c, 8);
	of.created = cursor_le64(&c);
	of.accessed = cursor_le64(&c);
	of.modified = cursor_le64(&c);
	of.changed = cursor_le64(&c);
	cursor_skip(&c, 8);
	of.size = cursor_le64(&c);
	cursor_skip(&c, 8);
	of.guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	cursor_skip(&c, 8);
	*ret = of;
	return !c.failed;
}

void smb2_create_answer(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key name_key = smb2_key(m, SMB_KEY_NAME), key = smb2_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx = smb_tx_of(state, 2, m->command, &key);
	struct created of;
	uint8_t name[SMB_NAME_MAX];
	struct slice kept;

	if (!created_read(m->data, &of)) {
		if (tx)
			tx_event(&tx->tx, SMB_MALFORMED);
		return;
	}
	if (smb_memo_get(state, &name_key, &kept) && kept.len <= sizeof(name)) {
		if (kept.len)
			memcpy(name, kept.at, kept.len);
		smb_memo_drop(state, &name_key);
		smb_name_put(state, &of.guid, slice(name, kept.len));
	}
	smb_size_put(state, &of.guid, of.size);
	if (!tx)
		return;
	smb_tx_status(tx, m->status, false);
	smb_tx_done(tx, FROM_SERVER);
	if (tx->kind != SMB_CREATE)
		return;
	tx->of.create.created = smb_time(of.created);
	tx->of.create.accessed = smb_time(of.accessed);
	tx->of.create.modified = smb_time(of.modified);
	tx->of.create.changed = smb_time(of.changed);
	tx->of.create.size = of.size;
	tx->of.create.guid = of.guid;
}

/* --- close --- */

void smb2_close_request(struct smb_state *state, const struct smb2_message *m)
{
	struct cursor c = cursor(m->data);
	struct smb_guid guid;

	cursor_skip(&c, 8);
	guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	if (c.failed) {
		smb_event(state, SMB_MALFORMED);
		return;
	}
	for (int side = 0; side < SIDES; side++) {
		struct smb_tx *tx = smb_tx_file(state, &guid, (enum side)side, false);

		if (!tx)
			continue;
		smb_file_close(tx);
		smb_tx_status(tx, SMB_STATUS_SUCCESS, false);
	}
}

/* --- read --- */

void smb2_read_request(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key key = smb2_key(m, SMB_KEY_OFFSET);
	struct cursor c = cursor(m->data);
	uint8_t value[8 + SMB_GUID_LEN];
	struct slice guid, offset;
	uint32_t len;

	cursor_skip(&c, 4);
	len = cursor_le32(&c);
	offset = cursor_take(&c, 8);
	guid = cursor_take(&c, SMB_GUID_LEN);
	cursor_skip(&c, 16);
	if (c.failed) {
		smb_event(state, SMB_MALFORMED);
		return;
	}
	if (smb_is_large(state, FROM_SERVER, len)) {
		smb_event(state, SMB_READ_REQUEST_LARGE);
		return;
	}
	memcpy(value, offset.at, 8);
	memcpy(value + 8, guid.at, SMB_GUID_LEN);
	smb_memo_put(state, &key, slice(value, sizeof(value)));
}

/* What was asked for by this number; false: nobody saw it. */
static bool read_asked(struct smb_state *state, const struct smb2_message *m,
		       struct smb_guid *ret_guid, uint64_t *ret_offset)
{
	struct smb_key key = smb2_key(m, SMB_KEY_OFFSET);
	struct slice value;
	struct cursor c;

	if (!smb_memo_get(state, &key, &value))
		return false;
	c = cursor(value);
	*ret_offset = cursor_le64(&c);
	*ret_guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	smb_memo_drop(state, &key);
	return !c.failed;
}

static void read_end(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_guid guid;
	struct smb_tx *tx;
	uint64_t offset;

	if (!read_asked(state, m, &guid, &offset))
		return;
	tx = smb_tx_file(state, &guid, FROM_SERVER, true);
	if (!tx)
		return;
	file_close(tx->of.file.file, true);
	smb_tx_status(tx, m->status, false);
	smb_tx_done(tx, FROM_CLIENT);
}

static struct smb_bytes bytes_of(const struct smb2_message *m, enum side side)
{
	return (struct smb_bytes){
		.side = side,
		.version = 2,
		.command = m->command,
		.status = m->status,
		.header = smb2_key(m, SMB_KEY_HEADER),
		.share = smb2_key(m, SMB_KEY_SHARE),
		.nameless = side == FROM_SERVER ? slice_text("<unknown>") : slice(NULL, 0),
		.probes = true,
	};
}

void smb2_read_answer(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_bytes bytes = bytes_of(m, FROM_SERVER);
	struct cursor c = cursor(m->data);

	if (m->status == SMB_STATUS_EOF) {
		read_end(state, m);
		return;
	}
	if (m->status != SMB_STATUS_SUCCESS && m->status != SMB_STATUS_OVERFLOW)
		return;
	cursor_skip(&c, 4);
	bytes.len = cursor_le32(&c);
	cursor_skip(&c, 8);
	bytes.data = cursor_some(&c, bytes.len);
	if (c.failed)
		smb_event(state, SMB_MALFORMED);
	else if (smb_is_large(state, FROM_SERVER, bytes.len))
		smb_event(state, SMB_READ_RESPONSE_LARGE);
	else if (read_asked(state, m, &bytes.guid, &bytes.offset))
		smb_bytes_take(state, &bytes);
}

/* --- write --- */

void smb2_write_request(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_bytes bytes = bytes_of(m, FROM_CLIENT);
	struct cursor c = cursor(m->data);

	cursor_skip(&c, 4);
	bytes.len = cursor_le32(&c);
	bytes.offset = cursor_le64(&c);
	bytes.guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	cursor_skip(&c, 16);
	bytes.data = cursor_some(&c, bytes.len);
	if (c.failed)
		smb_event(state, SMB_MALFORMED);
	else if (smb_is_large(state, FROM_CLIENT, bytes.len))
		smb_event(state, SMB_WRITE_LARGE);
	else
		smb_bytes_take(state, &bytes);
}

/* --- what is set of a file --- */

static struct slice name_of(const struct smb_state *state, const struct smb2_message *m,
			    const struct smb_guid *guid)
{
	struct smb_key key = smb2_key(m, SMB_KEY_NAME);
	struct slice name = slice_text("<unknown>");

	if (smb_name_get(state, guid, &name) || !key.message)
		return name;
	key.message--; /* of the create that it is chained to */
	smb_memo_get(state, &key, &name);
	return name;
}

static struct smb_tx *set_tx_new(struct smb_state *state, const struct smb2_message *m,
				 enum smb_kind kind)
{
	struct smb_key key = smb2_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx = smb_tx_new(state, kind, &key);

	if (!tx)
		return NULL;
	smb_tx_command(tx, 2, SMB2_SET_INFO);
	smb_tx_done(tx, FROM_CLIENT);
	return tx;
}

/* [MS-FSCC] 2.4.43. false: it cannot be read. */
static bool rename_set(struct smb_state *state, const struct smb2_message *m,
		       const struct smb_guid *guid, struct slice data)
{
	struct slice name = slice_text("<unknown>"), to;
	struct cursor c = cursor(data);
	struct smb_tx *tx;

	cursor_skip(&c, 16);
	to = cursor_take(&c, cursor_le32(&c));
	if (c.failed)
		return false;
	smb_name_get(state, guid, &name);
	tx = set_tx_new(state, m, SMB_RENAME);
	if (!tx)
		return true;
	tx->of.rename.guid = *guid;
	smb_text_set(&tx->of.rename.from, name);
	smb_text_set_wide(&tx->of.rename.to, to);
	return true;
}

static void disposition_set(struct smb_state *state, const struct smb2_message *m,
			    const struct smb_guid *guid, bool deletes)
{
	struct smb_tx *tx = set_tx_new(state, m, SMB_SETINFO);

	if (!tx)
		return;
	tx->of.setinfo.guid = *guid;
	tx->of.setinfo.subcommand = CLASS_FILE;
	tx->of.setinfo.level = LEVEL_DISPOSITION;
	tx->of.setinfo.deletes = deletes;
	smb_text_set(&tx->of.setinfo.name, name_of(state, m, guid));
}

void smb2_setinfo_request(struct smb_state *state, const struct smb2_message *m)
{
	struct cursor c = cursor(m->data);
	uint8_t class, level;
	struct smb_guid guid;
	struct slice data;
	uint32_t len;

	cursor_skip(&c, 2);
	class = cursor_u8(&c);
	level = cursor_u8(&c);
	len = cursor_le32(&c);
	cursor_skip(&c, 8);
	guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	data = cursor_take(&c, len);
	if (!c.failed && class == CLASS_FILE && level == LEVEL_DISPOSITION && data.len)
		disposition_set(state, m, &guid, data.at[0] & 1);
	else if (c.failed || (class == CLASS_FILE && level == LEVEL_RENAME &&
			      !rename_set(state, m, &guid, data)))
		smb_event(state, SMB_MALFORMED);
}

/* --- ioctl --- */

void smb2_ioctl_request(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_key key = smb2_key(m, SMB_KEY_HEADER);
	struct cursor c = cursor(m->data);
	struct smb_guid guid;
	uint32_t function, len;
	struct slice data;
	struct smb_tx *tx;

	cursor_skip(&c, 4);
	function = cursor_le32(&c);
	guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	cursor_skip(&c, 4);
	len = cursor_le32(&c);
	cursor_skip(&c, 24);
	data = cursor_take(&c, len);
	if (!c.failed && function == FUNCTION_PIPE_TRANSCEIVE && smb_pipe_is_dce(state, &guid)) {
		smb_pipe_write(state, 2, SMB2_IOCTL, &key, data);
		return;
	}
	tx = smb_tx_new(state, c.failed ? SMB_GENERIC : SMB_IOCTL, &key);
	if (!tx)
		return;
	smb_tx_command(tx, 2, SMB2_IOCTL);
	smb_tx_done(tx, FROM_CLIENT);
	if (c.failed)
		tx_event(&tx->tx, SMB_MALFORMED);
	else
		tx->of.ioctl.function = function;
}

static void ioctl_status(struct smb_state *state, const struct smb2_message *m, bool is_odd)
{
	struct smb_key key = smb2_key(m, SMB_KEY_HEADER);
	struct smb_tx *tx = smb_tx_of(state, 2, SMB2_IOCTL, &key);

	if (!tx)
		return;
	smb_tx_status(tx, m->status, false);
	if (m->status != SMB_STATUS_PENDING)
		smb_tx_done(tx, FROM_SERVER);
	if (is_odd && m->status == SMB_STATUS_SUCCESS)
		tx_event(&tx->tx, SMB_MALFORMED);
}

void smb2_ioctl_answer(struct smb_state *state, const struct smb2_message *m)
{
	struct smb_bytes bytes = bytes_of(m, FROM_SERVER);
	struct cursor c = cursor(m->data);
	uint32_t function, in_len, out_len;
	struct smb_guid guid;

	cursor_skip(&c, 4);
	function = cursor_le32(&c);
	guid = guid_of(cursor_take(&c, SMB_GUID_LEN));
	cursor_skip(&c, 4);
	in_len = cursor_le32(&c);
	cursor_skip(&c, 4);
	out_len = cursor_le32(&c);
	cursor_skip(&c, 8);
	cursor_skip(&c, in_len);
	bytes.data = cursor_take(&c, out_len);
	bytes.len = out_len;
	if (!c.failed && function == FUNCTION_PIPE_TRANSCEIVE && smb_pipe_is_dce(state, &guid))
		smb_pipe_read(state, &bytes);
	else
		ioctl_status(state, m, c.failed);
}
