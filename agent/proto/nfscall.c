// SPDX-License-Identifier: Apache-2.0
/*
 * What calls of NFS ask and what their answers give: names, handles, bytes of files, in versions 2 and 3.
 * Called by nfs.c; nfs4.c shares what files are made of.
 */
#include "proto/nfs.h"

#define HANDLE2_LEN 32
#define ATTRIBUTES2_LEN 68
#define ATTRIBUTES3_LEN 84
#define SIZE2_AT 20
#define CHUNKS_MAX 64

/* --- XDR (RFC 4506) --- */

struct slice nfs_bytes_read(struct cursor *c)
{
	uint32_t len = cursor_be32(c);
	struct slice bytes = cursor_take(c, len);

	cursor_skip(c, (4 - len % 4) % 4);
	return bytes;
}

/* What there is of bytes whose length is told: the end of a call may be their padding. */
struct slice nfs_data_read(struct cursor *c, uint32_t *ret_len)
{
	*ret_len = cursor_be32(c);
	return cursor_some(c, *ret_len);
}

static void handle_set(struct nfs_handle *handle, struct slice bytes)
{
	handle->len = (uint8_t)(bytes.len < NFS_HANDLE_MAX ? bytes.len : NFS_HANDLE_MAX);
	if (handle->len)
		memcpy(handle->b, bytes.at, handle->len);
}

void nfs_handle_read(struct cursor *c, uint32_t version, struct nfs_handle *handle)
{
	handle_set(handle, version == 2 ? cursor_take(c, HANDLE2_LEN) : nfs_bytes_read(c));
}

static void name_read(struct cursor *c, struct nfs_name *name)
{
	nfs_name_set(name, nfs_bytes_read(c));
}

/* --- files --- */

static struct nfs_tx *file_tx(struct nfs_state *state, const struct nfs_call *call,
			      const struct nfs_asked *asked, enum side side)
{
	struct nfs_tx *tx = nfs_file_find(state, &asked->handle, side);

	if (tx)
		return tx;
	tx = nfs_tx_new(state, call, side == FROM_SERVER);
	if (!tx)
		return NULL;
	tx->is_file = true;
	tx->side = side;
	tx->handle = asked->handle;
	tx->name = asked->name;
	return tx;
}

static void file_take(struct nfs_tx *tx, uint64_t offset, uint32_t len, struct slice data)
{
	if (!tx->file)
		tx->file = file_open(&tx->tx, tx->side, slice(tx->name.b, tx->name.len));
	if (tx->file)
		tx->file->ends_unsaid = true;
	if (tx->chunks.kept_cnt >= CHUNKS_MAX)
		file_chunks_end(&tx->chunks); /* what waits will not be waited for */
	file_chunk_begin(&tx->chunks, tx->file, offset, len);
	file_chunk_bytes(&tx->chunks, tx->file, data, 0);
}

static void file_end(struct nfs_tx *tx, uint32_t xid)
{
	file_close(tx->file, true);
	file_chunks_end(&tx->chunks);
	tx->last_xid = xid;
	tx->is_last = true;
}

/* stable: it is all there will be. */
void nfs_write_take(struct nfs_state *state, const struct nfs_call *call,
		    const struct nfs_asked *asked, bool stable, uint32_t len, struct slice data)
{
	bool is_new = !nfs_file_find(state, &asked->handle, FROM_CLIENT);
	struct nfs_tx *tx = file_tx(state, call, asked, FROM_CLIENT);

	if (!tx)
		return;
	if (!is_new)
		tx->chunk_cnt++;
	file_take(tx, asked->offset, len, data);
	if (!stable)
		return;
	file_end(tx, call->xid);
	tx->tx.progress[is_new ? FROM_CLIENT : FROM_SERVER] = 1;
}

void nfs_read_take(struct nfs_state *state, const struct nfs_answer *answer,
		   const struct nfs_asked *asked, uint32_t status, bool is_last, struct slice data)
{
	struct nfs_tx *tx = nfs_file_find(state, &asked->handle, FROM_SERVER);
	const struct nfs_call call = { .xid = answer->xid,
				       .version = asked->version,
				       .procedure = asked->version < 4 ? NFS3_READ : NFS4_READ };

	if (tx)
		tx->chunk_cnt++;
	else
		tx = file_tx(state, &call, asked, FROM_SERVER);
	if (!tx)
		return;
	file_take(tx, asked->offset, (uint32_t)data.len, data);
	if (!is_last)
		return;
	file_end(tx, answer->xid);
	tx->rpc_status = answer->status;
	tx->status = status;
	tx->tx.progress[FROM_CLIENT] = tx->tx.progress[FROM_SERVER] = 1;
}

void nfs_write_end(struct nfs_state *state, const struct nfs_handle *handle, uint32_t xid)
{
	struct nfs_tx *tx = nfs_file_find(state, handle, FROM_CLIENT);

	if (!tx)
		return;
	tx->chunk_cnt += tx->version < 4;
	file_end(tx, xid);
	tx->tx.progress[FROM_CLIENT] = 1;
}

/* --- calls of versions 2 and 3 --- */

static bool read_asked(struct nfs_state *state, const struct nfs_call *call, struct cursor *c,
		       struct nfs_asked *asked)
{
	nfs_handle_read(c, call->version, &asked->handle);
	asked->offset = call->version == 2 ? cursor_be32(c) : cursor_be64(c);
	if (c->failed)
		return false;
	nfs_name_get(state, &asked->handle, &asked->name);
	file_tx(state, call, asked, FROM_SERVER);
	return true;
}

static bool write_asked(struct nfs_state *state, const struct nfs_call *call, struct cursor *c,
			struct nfs_asked *asked)
{
	struct slice data;
	uint32_t len;
	bool stable;

	nfs_handle_read(c, call->version, &asked->handle);
	asked->offset = cursor_be64(c);
	cursor_skip(c, 4);
	stable = cursor_be32(c) == NFS_STABLE_FILE;
	data = nfs_data_read(c, &len);
	if (c->failed)
		return false;
	nfs_name_get(state, &asked->handle, &asked->name);
	nfs_write_take(state, call, asked, stable, len, data);
	return true;
}

static bool takes_name(const struct nfs_call *call)
{
	if (call->version == 2)
		return call->procedure == NFS2_LOOKUP ||
		       (call->procedure >= 9 && call->procedure <= 11) || call->procedure == 14 ||
		       call->procedure == 15;
	switch (call->procedure) {
	case NFS3_LOOKUP:
	case NFS3_CREATE:
	case NFS3_MKDIR:
	case NFS3_REMOVE:
	case NFS3_RMDIR:
	case NFS3_RENAME:
		return true;
	default:
		return false;
	}
}

static bool has_handle(const struct nfs_call *call)
{
	return call->version == 3 &&
	       (call->procedure == NFS3_GETATTR || call->procedure == NFS3_ACCESS ||
		call->procedure == NFS3_READDIRPLUS);
}

/* Calls that are told by a transaction of their own. */
static bool plain_take(struct nfs_state *state, const struct nfs_call *call, struct cursor *c,
		       struct nfs_asked *asked)
{
	struct nfs_name to = { .len = 0 };
	struct nfs_handle to_handle;
	bool is_lookup = call->procedure == NFS3_LOOKUP && call->version == 3;
	struct nfs_tx *tx;

	if (takes_name(call)) {
		nfs_handle_read(c, call->version, &asked->handle);
		name_read(c, &asked->name);
		if (call->version == 3 && call->procedure == NFS3_RENAME) {
			nfs_handle_read(c, call->version, &to_handle);
			name_read(c, &to);
		}
	} else if (has_handle(call)) {
		nfs_handle_read(c, call->version, &asked->handle);
		nfs_name_get(state, &asked->handle, &asked->name);
	}
	if (is_lookup)
		asked->handle.len = 0; /* the answer has the file's own */
	tx = nfs_tx_new(state, call, true);
	if (!tx)
		return true;
	tx->name = asked->name;
	tx->handle = asked->handle;
	tx->to = to;
	tx->tx.progress[FROM_CLIENT] = 1;
	return !c->failed;
}

bool nfs_call_take(struct nfs_state *state, const struct nfs_call *call, struct nfs_asked *asked)
{
	struct cursor c = cursor(call->args);

	if (call->version == 4)
		return call->procedure == 0 || nfs4_call_take(state, call, asked);
	if (call->version != 2 && call->version != 3) {
		session_event(state->session, NFS_VERSION);
		return true;
	}
	if (call->procedure == NFS3_READ)
		return read_asked(state, call, &c, asked);
	if (call->version == 3 && call->procedure == NFS3_WRITE)
		return write_asked(state, call, &c, asked);
	if (call->version == 3 && call->procedure == NFS3_COMMIT) {
		nfs_handle_read(&c, 3, &asked->handle);
		nfs_write_end(state, &asked->handle, call->xid);
		return !c.failed;
	}
	return plain_take(state, call, &c, asked);
}

/* --- answers --- */

void nfs_answered(struct nfs_state *state, const struct nfs_answer *answer, uint32_t status,
		  const struct nfs_handle *handle)
{
	for (struct tx *of = tx_first(state->session); of; of = tx_next(of)) {
		struct nfs_tx *tx = (struct nfs_tx *)of;

		if (tx->xid != answer->xid)
			continue;
		tx->rpc_status = answer->status;
		tx->status = status;
		if (!tx->handle.len && handle)
			tx->handle = *handle;
		tx->tx.progress[FROM_SERVER] = 1;
		return;
	}
}

static bool read_answered(struct nfs_state *state, const struct nfs_answer *answer,
			  const struct nfs_asked *asked)
{
	struct cursor c = cursor(answer->results), attributes;
	uint32_t status = cursor_be32(&c), len, size = 0;
	bool is_last = false;
	struct slice data;

	if (asked->version == 3) {
		if (cursor_be32(&c))
			cursor_skip(&c, ATTRIBUTES3_LEN);
		if (status == 0) {
			cursor_skip(&c, 4);
			is_last = cursor_be32(&c);
		}
	} else if (status == 0) {
		attributes = cursor(cursor_take(&c, ATTRIBUTES2_LEN));
		cursor_skip(&attributes, SIZE2_AT);
		size = cursor_be32(&attributes);
	}
	if (status) {
		nfs_answered(state, answer, status, NULL);
		return !c.failed;
	}
	data = nfs_data_read(&c, &len);
	if (c.failed)
		return false;
	if (asked->version == 2)
		is_last = size == asked->offset + len;
	nfs_read_take(state, answer, asked, status, is_last, data);
	return true;
}

/* The handle of what was looked up or made. */
static bool handle_answered(struct nfs_state *state, const struct nfs_answer *answer,
			    const struct nfs_asked *asked)
{
	bool may_be_missing = asked->version == 3 && asked->procedure == NFS3_CREATE;
	struct cursor c = cursor(answer->results);
	struct nfs_handle handle = { .len = 0 };
	uint32_t status = cursor_be32(&c);

	if (status == 0 && (!may_be_missing || cursor_be32(&c)))
		nfs_handle_read(&c, asked->version, &handle);
	if (c.failed)
		return false;
	if (handle.len)
		nfs_name_put(state, &handle, &asked->name);
	nfs_answered(state, answer, status, handle.len ? &handle : NULL);
	return true;
}

bool nfs_answer_take(struct nfs_state *state, const struct nfs_answer *answer,
		     const struct nfs_asked *asked)
{
	struct cursor c = cursor(answer->results);
	uint32_t lookup = asked->version == 2 ? NFS2_LOOKUP : NFS3_LOOKUP;

	if (asked->version == 4 && asked->procedure)
		return !answer->results.len || nfs4_answer_take(state, answer, asked);
	if (asked->version < 4 && asked->procedure == NFS3_READ)
		return read_answered(state, answer, asked);
	if (asked->procedure == lookup || (asked->version == 3 && asked->procedure == NFS3_CREATE))
		return handle_answered(state, answer, asked);
	nfs_answered(state, answer, c.rest.len >= 4 ? cursor_be32(&c) : 0, NULL);
	return true;
}
