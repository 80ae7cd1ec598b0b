// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes that SMB reads and writes, of both versions: to the file of their transaction, or to what a pipe
 * carries. Called by those who read the records. Promises that pieces which wait are within the limits.
 */
#include "proto/smb.h"

static void file_key_set(struct smb_tx *tx, const struct smb_bytes *bytes)
{
	smb_tx_command(tx, bytes->version, bytes->command);
	tx->of.file.side = bytes->side;
	tx->of.file.guid = bytes->guid;
	if (bytes->version == 2) {
		tx->key = bytes->header;
		tx->key.message = 0;
	}
}

/* The transaction of a file that is read or written; one for each direction. NULL: no memory. */
static struct smb_tx *file_tx_new(struct smb_state *state, const struct smb_bytes *bytes,
				  struct slice share)
{
	struct slice name = bytes->nameless;
	struct smb_tx *tx = smb_tx_new(state, SMB_FILE, NULL);

	if (!tx)
		return NULL;
	file_key_set(tx, bytes);
	smb_name_get(state, &bytes->guid, &name);
	smb_text_set(&tx->of.file.name, name);
	smb_text_set(&tx->of.file.share, share);
	return tx;
}

/* false: as much waits as may wait. */
static bool queue_has_room(struct smb_state *state, const struct smb_bytes *bytes,
			   const struct file_chunks *chunks)
{
	const struct smb_limits *limits = &state->limits[bytes->side];
	bool reads = bytes->side == FROM_SERVER;

	if (limits->queue_size && chunks->kept + bytes->len > limits->queue_size) {
		smb_event(state, reads ? SMB_READ_QUEUE_SIZE : SMB_WRITE_QUEUE_SIZE);
		return false;
	}
	if (limits->queue_cnt && chunks->kept_cnt >= limits->queue_cnt) {
		smb_event(state, reads ? SMB_READ_QUEUE_CNT : SMB_WRITE_QUEUE_CNT);
		return false;
	}
	return true;
}

/*
 * In line a file that is read is judged with its last byte, for then its reader has it; what is written, and
 * what nobody told the size of, by what follows.
 */
static struct file *file_begin(struct smb_state *state, struct smb_tx *tx,
			       const struct smb_bytes *bytes)
{
	struct file *file = file_open(&tx->tx, bytes->side, smb_slice(&tx->of.file.name));

	if (!file || !state->session->waits)
		return file;
	if (bytes->side == FROM_SERVER)
		file->expected = smb_size_get(state, &bytes->guid);
	file->ends_unsaid = !file->expected;
	if (bytes->offset) /* it is read on from there */
		tx->of.file.chunks.tracked = bytes->offset;
	file_origin(file, slice(NULL, 0), smb_slice(&tx->of.file.name), bytes->offset);
	return file;
}

/* Some of its bytes came. */
static void file_look(const struct smb_state *state, struct smb_tx *tx)
{
	struct file *file = tx->of.file.file;

	if (state->session->waits && file && file->expected &&
	    tx->of.file.chunks.tracked >= file->expected)
		file_close(file, true);
}

static void file_take(struct smb_state *state, struct smb_tx *tx, const struct smb_bytes *bytes)
{
	struct file_chunks *chunks = &tx->of.file.chunks;
	uint32_t here = bytes->data.len < bytes->len ? (uint32_t)bytes->data.len : bytes->len;
	bool overlaps = bytes->offset < chunks->tracked;

	if (!queue_has_room(state, bytes, chunks))
		return;
	if (!tx->of.file.file)
		tx->of.file.file = file_begin(state, tx, bytes);
	file_chunk_begin(chunks, tx->of.file.file, bytes->offset, bytes->len);
	file_chunk_bytes(chunks, tx->of.file.file, slice(bytes->data.at, here), 0);
	file_look(state, tx);
	state->side[bytes->side].file_left = bytes->len - here;
	state->side[bytes->side].guid = bytes->guid;
	if (overlaps)
		smb_event(state, SMB_FILE_OVERLAP);
}

/* Without a tree's answer nobody knows what a share is; its content may tell. */
static bool pipe_is_found(struct smb_state *state, const struct smb_bytes *bytes)
{
	const struct slice word = slice_text("suricata::dcerpc");

	if (!smb_pipe_looks_dce(bytes->data))
		return false;
	smb_share_put(state, &bytes->share, word, true);
	if (!smb_pipe_is_dce(state, &bytes->guid))
		smb_name_put(state, &bytes->guid, word);
	return true;
}

static void pipe_take(struct smb_state *state, const struct smb_bytes *bytes)
{
	if (!bytes->is_pipe_sure && !smb_pipe_is_dce(state, &bytes->guid))
		return;
	if (bytes->side == FROM_SERVER)
		smb_pipe_read(state, bytes);
	else
		smb_pipe_write(state, bytes->version, bytes->command, &bytes->header, bytes->data);
}

void smb_bytes_take(struct smb_state *state, const struct smb_bytes *bytes)
{
	struct smb_tx *tx = smb_tx_file(state, &bytes->guid, bytes->side, true);
	struct slice share = { .len = 0 };
	bool is_pipe = false;

	if (tx) {
		file_take(state, tx, bytes);
		return;
	}
	smb_share_get(state, &bytes->share, &share, &is_pipe);
	if (bytes->probes && !share.len && !is_pipe)
		is_pipe = pipe_is_found(state, bytes);
	if (is_pipe) {
		pipe_take(state, bytes);
		return;
	}
	tx = file_tx_new(state, bytes, share);
	if (tx)
		file_take(state, tx, bytes);
}

size_t smb_bytes_more(struct smb_state *state, enum side side, struct slice data, uint64_t lost)
{
	uint32_t left = state->side[side].left, file_left = state->side[side].file_left;
	uint32_t gap = lost < left ? (uint32_t)lost : left;
	size_t here = data.len < left - gap ? data.len : left - gap;
	uint32_t file_gap = gap < file_left ? gap : file_left;
	size_t file_here = here < file_left - file_gap ? here : file_left - file_gap;
	struct smb_tx *tx = NULL;

	if (file_left)
		tx = smb_tx_file(state, &state->side[side].guid, side, true);
	if (tx) {
		file_chunk_bytes(&tx->of.file.chunks, tx->of.file.file, slice(data.at, file_here),
				 file_gap);
		file_look(state, tx);
	}
	state->side[side].left = left - gap - (uint32_t)here;
	state->side[side].file_left =
		state->side[side].left ? file_left - file_gap - (uint32_t)file_here : 0;
	return here;
}

void smb_file_close(struct smb_tx *tx)
{
	file_close(tx->of.file.file, true);
	file_chunks_end(&tx->of.file.chunks);
	smb_tx_done(tx, FROM_CLIENT);
	smb_tx_done(tx, FROM_SERVER);
}
