// SPDX-License-Identifier: Apache-2.0
/*
 * Files of SMB1 ([MS-CIFS] 2.2.4): create, read, write, close, rename. Called by smb1.c.
 */
#include <stdlib.h>

#include "proto/smb1.h"

#define OPTION_DIRECTORY 0x0001u
#define OPTION_DELETE 0x1000u

/* --- create --- */

/* 2.2.4.64.1 */
bool smb1_create_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key name_key = smb1_key(m, SMB_KEY_NAME), key = smb1_key(m, SMB_KEY_GENERIC);
	struct cursor c = cursor(smb1_part(m));
	uint32_t disposition, options;
	struct smb_tx *tx;

	cursor_skip(&c, 36);
	disposition = cursor_le32(&c);
	options = cursor_le32(&c);
	cursor_skip(&c, 7);
	if (c.failed)
		return false;
	tx = smb_tx_new(state, SMB_CREATE, &key);
	if (!tx)
		return true;
	smb_tx_command(tx, 1, m->command);
	smb_tx_done(tx, FROM_CLIENT);
	smb1_text(m, &c, &tx->of.create.name);
	tx->of.create.disposition = disposition;
	tx->of.create.deletes = options & OPTION_DELETE;
	tx->of.create.is_directory = options & OPTION_DIRECTORY;
	smb_memo_put(state, &name_key, smb_slice(&tx->of.create.name));
	return true;
}

/* The number is for the name that was asked for. */
static struct smb_guid name_give(struct smb_state *state, const struct smb1_message *m,
				 struct slice fid)
{
	struct smb_key name_key = smb1_key(m, SMB_KEY_NAME);
	struct smb_guid guid = smb1_guid(m, fid);
	struct smb_text name = { .len = 0 };
	struct slice kept;

	if (!smb_memo_get(state, &name_key, &kept))
		return guid;
	smb_text_set(&name, kept);
	smb_memo_drop(state, &name_key);
	smb_name_put(state, &guid, smb_slice(&name));
	free(name.at);
	return guid;
}

/* 2.2.4.64.2 */
bool smb1_create_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx = smb_tx_of(state, 1, m->command, &key);
	struct cursor c = cursor(smb1_part(m));
	uint64_t times[4], size;
	struct smb_guid guid;
	struct slice fid;

	cursor_skip(&c, 6);
	fid = cursor_take(&c, 2);
	cursor_skip(&c, 4);
	for (size_t i = 0; i < 4; i++)
		times[i] = cursor_le64(&c);
	cursor_skip(&c, 4);
	size = cursor_le64(&c);
	if (c.failed)
		return false;
	guid = name_give(state, m, fid);
	if (!tx || tx->kind != SMB_CREATE)
		return true;
	tx->of.create.created = smb_time(times[0]);
	tx->of.create.accessed = smb_time(times[1]);
	tx->of.create.modified = smb_time(times[2]);
	tx->of.create.changed = smb_time(times[3]);
	tx->of.create.size = size;
	tx->of.create.guid = guid;
	return true;
}

/* --- read --- */

/* 2.2.4.42.1 */
bool smb1_read_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_OFFSET);
	struct cursor c = cursor(smb1_part(m));
	uint8_t words = cursor_u8(&c), value[14] = { 0 };
	struct smb_guid guid;
	struct slice low, high = { .len = 0 };

	cursor_skip(&c, 4);
	guid = smb1_guid(m, cursor_take(&c, 2));
	low = cursor_take(&c, 4);
	cursor_skip(&c, 10);
	if (words == 12)
		high = cursor_take(&c, 4);
	if (c.failed)
		return false;
	memcpy(value, low.at, 4);
	if (high.len)
		memcpy(value + 4, high.at, 4);
	memcpy(value + 8, guid.b, guid.len);
	smb_memo_put(state, &key, slice(value, sizeof(value)));
	return true;
}

static bool read_asked(struct smb_state *state, const struct smb1_message *m,
		       struct smb_guid *ret_guid, uint64_t *ret_offset)
{
	struct smb_key key = smb1_key(m, SMB_KEY_OFFSET);
	struct slice value;
	struct cursor c;

	if (!smb_memo_get(state, &key, &value) || value.len != 14)
		return false;
	c = cursor(value);
	*ret_offset = cursor_le64(&c);
	ret_guid->len = 6;
	memcpy(ret_guid->b, c.rest.at, 6);
	smb_memo_drop(state, &key);
	return true;
}

static struct smb_bytes bytes_of(const struct smb1_message *m, enum side side)
{
	return (struct smb_bytes){
		.side = side,
		.version = 1,
		.command = side == FROM_CLIENT ? SMB1_WRITE_ANDX : m->command,
		.header = smb1_key(m, SMB_KEY_HEADER),
		.share = smb1_key(m, SMB_KEY_SHARE),
		.nameless = side == FROM_CLIENT ? slice_text("<unknown>") : slice(NULL, 0),
		.is_pipe_sure = true,
	};
}

/* 2.2.4.42.2. false: it cannot be read. */
static bool read_said(const struct smb1_message *m, struct smb_bytes *bytes)
{
	struct cursor c = cursor(smb1_part(m));
	uint16_t low, offset;
	uint32_t high;

	cursor_skip(&c, 11);
	low = cursor_le16(&c);
	offset = cursor_le16(&c);
	high = cursor_le32(&c);
	cursor_skip(&c, 8);
	bytes->len = high << 16 | low;
	return !c.failed && smb1_at(m, offset, bytes->len, &bytes->data);
}

void smb1_read_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_bytes bytes = bytes_of(m, FROM_SERVER);
	bool is_odd = false;

	if (m->status == SMB_STATUS_SUCCESS) {
		is_odd = !read_said(m, &bytes);
		if (!is_odd && read_asked(state, m, &bytes.guid, &bytes.offset))
			smb_bytes_take(state, &bytes);
	}
	smb1_answered(state, m, is_odd);
}

/* --- write --- */

/* 2.2.4.43.1 */
static bool write_andx_said(const struct smb1_message *m, struct smb_bytes *bytes)
{
	struct cursor c = cursor(smb1_part(m));
	uint8_t words = cursor_u8(&c);
	uint16_t high, low, offset;

	cursor_skip(&c, 4);
	bytes->guid = smb1_guid(m, cursor_take(&c, 2));
	bytes->offset = cursor_le32(&c);
	cursor_skip(&c, 8);
	high = cursor_le16(&c);
	low = cursor_le16(&c);
	offset = cursor_le16(&c);
	if (words == 14)
		bytes->offset |= (uint64_t)cursor_le32(&c) << 32;
	bytes->len = (uint32_t)high << 16 | low;
	return !c.failed && smb1_at(m, offset, bytes->len, &bytes->data);
}

/* 2.2.4.12.1 */
static bool write_said(const struct smb1_message *m, struct smb_bytes *bytes)
{
	struct cursor c = cursor(smb1_part(m));

	cursor_skip(&c, 1);
	bytes->guid = smb1_guid(m, cursor_take(&c, 2));
	cursor_skip(&c, 2);
	bytes->offset = cursor_le32(&c);
	cursor_skip(&c, 5);
	bytes->len = cursor_le16(&c);
	bytes->data = cursor_take(&c, bytes->len);
	return !c.failed;
}

/* 2.2.4.40.1: the bytes are the last ones. */
static bool write_and_close_said(const struct smb1_message *m, struct smb_bytes *bytes)
{
	struct cursor c = cursor(smb1_part(m));
	uint16_t cnt;

	cursor_skip(&c, 1);
	bytes->guid = smb1_guid(m, cursor_take(&c, 2));
	bytes->len = cursor_le16(&c);
	bytes->offset = cursor_le32(&c);
	cursor_skip(&c, 4);
	cnt = cursor_le16(&c);
	if (cnt > bytes->len)
		cursor_skip(&c, cnt - bytes->len);
	bytes->data = cursor_take(&c, bytes->len);
	return !c.failed;
}

static void file_end(struct smb_state *state, const struct smb_guid *guid, enum side side)
{
	struct smb_tx *tx = smb_tx_file(state, guid, side, true);

	if (tx)
		smb_file_close(tx);
}

void smb1_write_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_bytes bytes = bytes_of(m, FROM_CLIENT);
	bool is_well;

	if (m->command == SMB1_WRITE_ANDX)
		is_well = write_andx_said(m, &bytes);
	else if (m->command == SMB1_WRITE)
		is_well = write_said(m, &bytes);
	else
		is_well = write_and_close_said(m, &bytes);
	if (is_well)
		smb_bytes_take(state, &bytes);
	if (is_well && m->command == SMB1_WRITE_AND_CLOSE)
		file_end(state, &bytes.guid, FROM_CLIENT);
	smb1_generic(state, m, !is_well);
}

/* --- close, rename --- */

bool smb1_close_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GUID);
	struct cursor c = cursor(smb1_part(m));
	struct smb_guid guid;

	cursor_skip(&c, 1);
	guid = smb1_guid(m, cursor_take(&c, 2));
	if (c.failed)
		return false;
	smb_memo_put(state, &key, slice(guid.b, guid.len));
	file_end(state, &guid, FROM_CLIENT);
	return true;
}

/* Before its answer a read may still be under way. */
void smb1_close_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GUID);
	struct smb_guid guid = { .len = 6 };
	struct slice kept;

	if (!smb_memo_get(state, &key, &kept) || kept.len != guid.len)
		return;
	memcpy(guid.b, kept.at, guid.len);
	smb_memo_drop(state, &key);
	file_end(state, &guid, FROM_SERVER);
}

/* 2.2.4.8.1 */
bool smb1_rename_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GENERIC);
	struct cursor c = cursor(smb1_part(m));
	struct smb_tx *tx;

	cursor_skip(&c, 6);
	if (c.failed)
		return false;
	tx = smb_tx_new(state, SMB_RENAME, &key);
	if (!tx)
		return true;
	smb_tx_command(tx, 1, SMB1_RENAME);
	smb_tx_done(tx, FROM_CLIENT);
	smb1_text(m, &c, &tx->of.rename.from);
	cursor_skip(&c, 1);
	smb1_text(m, &c, &tx->of.rename.to);
	if (c.failed)
		tx_event(&tx->tx, SMB_MALFORMED);
	return true;
}
