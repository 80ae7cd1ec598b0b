// SPDX-License-Identifier: Apache-2.0
/*
 * Transactions of SMB1 ([MS-CIFS] 2.2.4.33, 2.2.4.46): calls through pipes, and what is set of files. Called
 * by smb1.c.
 */
#include <stdlib.h>

#include "proto/smb1.h"

#define SETUP_PIPE_WORDS 16
#define SET_PATH_INFO 6
#define SET_FILE_INFO 8
#define LEVEL_RENAME 1010
#define LEVEL_DISPOSITION 1013

/* --- through pipes --- */

/* 2.2.5.6.1: the setup has the function and the pipe's number. */
struct trans {
	bool has_pipe;
	struct smb_guid guid;
	struct slice data;
};

static bool trans_read(const struct smb1_message *m, struct trans *ret)
{
	struct cursor c = cursor(smb1_part(m));
	uint8_t words = cursor_u8(&c), setup_cnt;
	uint16_t data_len, data_offset;
	struct trans of = { .has_pipe = false };

	cursor_skip(&c, 22);
	data_len = cursor_le16(&c);
	data_offset = cursor_le16(&c);
	setup_cnt = cursor_u8(&c);
	cursor_skip(&c, 1);
	if (words == SETUP_PIPE_WORDS && setup_cnt == 2 && data_len) {
		cursor_skip(&c, 2);
		of.guid = smb1_guid(m, cursor_take(&c, 2));
		of.has_pipe = true;
	}
	if (c.failed || (data_len && !smb1_at(m, data_offset, data_len, &of.data)) ||
	    of.data.len < data_len)
		return false;
	*ret = of;
	return true;
}

void smb1_trans_request(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GUID), header = smb1_key(m, SMB_KEY_HEADER);
	struct trans of;

	if (!trans_read(m, &of)) {
		smb1_generic(state, m, true);
		return;
	}
	if (!of.has_pipe)
		return;
	smb_memo_put(state, &key, slice(of.guid.b, of.guid.len));
	if (smb_pipe_is_dce(state, &of.guid))
		smb_pipe_write(state, 1, m->command, &header, of.data);
}

/* 2.2.4.33.2 */
static bool trans_said(const struct smb1_message *m, struct slice *ret_data)
{
	struct cursor c = cursor(smb1_part(m));
	uint8_t words = cursor_u8(&c);
	uint16_t len, offset;

	*ret_data = slice(NULL, 0);
	if (!words)
		return !c.failed;
	cursor_skip(&c, 12);
	len = cursor_le16(&c);
	offset = cursor_le16(&c);
	return !c.failed && (!len || (smb1_at(m, offset, len, ret_data) && ret_data->len == len));
}

void smb1_trans_answer(struct smb_state *state, const struct smb1_message *m)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GUID);
	struct smb_bytes bytes = {
		.side = FROM_SERVER,
		.version = 1,
		.command = m->command,
		.status = m->status,
		.header = smb1_key(m, SMB_KEY_HEADER),
		.guid = { .len = 6 },
	};
	struct slice kept;
	bool is_well = trans_said(m, &bytes.data);

	bytes.len = (uint32_t)bytes.data.len;
	if (is_well && smb_memo_get(state, &key, &kept) && kept.len == bytes.guid.len) {
		memcpy(bytes.guid.b, kept.at, kept.len);
		smb_memo_drop(state, &key);
		if (smb_pipe_is_dce(state, &bytes.guid))
			smb_pipe_read(state, &bytes);
	}
	smb1_answered(state, m, !is_well);
}

/* --- what is set of a file --- */

struct setting {
	uint16_t subcommand, level;
	struct smb_guid guid; /* len 0: it is set by name */
	struct smb_text name;
	struct slice data;
};

/* 2.2.6.7.1, 2.2.6.9.1. false: it cannot be read. */
static bool params_read(const struct smb1_message *m, struct slice params, struct setting *set)
{
	struct cursor c = cursor(params);
	struct slice fid;

	if (set->subcommand == SET_PATH_INFO) {
		set->level = cursor_le16(&c);
		cursor_skip(&c, 4);
		smb1_text(m, &c, &set->name);
		return !c.failed;
	}
	fid = cursor_take(&c, 2);
	set->level = cursor_le16(&c);
	if (c.failed)
		return false;
	set->guid = smb1_guid(m, fid);
	return true;
}

static struct smb_tx *set_tx_new(struct smb_state *state, const struct smb1_message *m,
				 enum smb_kind kind)
{
	struct smb_key key = smb1_key(m, SMB_KEY_GENERIC);
	struct smb_tx *tx = smb_tx_new(state, kind, &key);

	if (!tx)
		return NULL;
	smb_tx_command(tx, 1, SMB1_TRANS2);
	smb_tx_done(tx, FROM_CLIENT);
	return tx;
}

static bool rename_set(struct smb_state *state, const struct smb1_message *m,
		       const struct setting *set, struct slice from)
{
	struct cursor c = cursor(set->data);
	struct smb_tx *tx;
	struct slice to;

	cursor_skip(&c, 8);
	to = cursor_take(&c, cursor_le32(&c));
	if (c.failed)
		return false;
	tx = set_tx_new(state, m, SMB_RENAME);
	if (!tx)
		return true;
	tx->of.rename.guid = set->guid;
	smb_text_set(&tx->of.rename.from, from);
	smb_text_set_wide(&tx->of.rename.to, to);
	return true;
}

static bool disposition_set(struct smb_state *state, const struct smb1_message *m,
			    const struct setting *set, struct slice name)
{
	struct smb_tx *tx;

	if (!set->data.len)
		return false;
	tx = set_tx_new(state, m, SMB_SETINFO);
	if (!tx)
		return true;
	tx->of.setinfo.guid = set->guid;
	tx->of.setinfo.subcommand = set->subcommand;
	tx->of.setinfo.level = set->level;
	tx->of.setinfo.deletes = set->data.at[0] & 1;
	smb_text_set(&tx->of.setinfo.name, name);
	return true;
}

static bool set_take(struct smb_state *state, const struct smb1_message *m, struct setting *set,
		     struct slice params)
{
	struct slice name = slice_text("<unknown>");

	if (!params_read(m, params, set))
		return false;
	if (set->subcommand == SET_PATH_INFO)
		name = smb_slice(&set->name);
	else
		smb_name_get(state, &set->guid, &name);
	if (set->level == LEVEL_RENAME)
		return rename_set(state, m, set, name);
	if (set->level == LEVEL_DISPOSITION)
		return disposition_set(state, m, set, name);
	return true;
}

bool smb1_trans2_request(struct smb_state *state, const struct smb1_message *m)
{
	struct cursor c = cursor(smb1_part(m));
	uint16_t params_len, params_offset, data_len, data_offset;
	struct setting set = { .level = 0 };
	struct slice params;
	bool is_well;

	cursor_skip(&c, 19);
	params_len = cursor_le16(&c);
	params_offset = cursor_le16(&c);
	data_len = cursor_le16(&c);
	data_offset = cursor_le16(&c);
	cursor_skip(&c, 2);
	set.subcommand = cursor_le16(&c);
	if (c.failed)
		return false;
	if (set.subcommand != SET_PATH_INFO && set.subcommand != SET_FILE_INFO)
		return true;
	if (!smb1_at(m, params_offset, params_len, &params) ||
	    !smb1_at(m, data_offset, data_len, &set.data))
		return false;
	is_well = set_take(state, m, &set, params);
	free(set.name.at);
	return is_well;
}
