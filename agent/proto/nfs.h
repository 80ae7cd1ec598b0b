/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of NFS (RFC 1094, 1813, 7530): nfs.c has calls of Sun RPC, nfscall.c what they ask, nfs4.c what
 * they ask in version 4, nfslog.c the records.
 */
#ifndef AGENT_PROTO_NFS_H
#define AGENT_PROTO_NFS_H

#include "base/cursor.h"
#include "base/memo.h"
#include "file/chunks.h"
#include "proto/proto.h"

#define NFS_HANDLE_MAX 128
#define NFS_NAME_MAX 1024
#define NFS_STABLE_FILE 2 /* what was written is on the disk (RFC 1813, 3.3.7) */

enum nfs_event { NFS_MALFORMED = 1, NFS_VERSION, NFS_TOO_MANY };

/* RFC 1813, 3.3; version 2 has other numbers for some. */
enum nfs3_procedure {
	NFS3_GETATTR = 1,
	NFS3_LOOKUP = 3,
	NFS3_ACCESS = 4,
	NFS3_READ = 6,
	NFS3_WRITE = 7,
	NFS3_CREATE = 8,
	NFS3_MKDIR = 9,
	NFS3_REMOVE = 12,
	NFS3_RMDIR = 13,
	NFS3_RENAME = 14,
	NFS3_READDIRPLUS = 17,
	NFS3_COMMIT = 21,
};

#define NFS2_LOOKUP 4
#define NFS4_CREATE 6
#define NFS4_READ 25
#define NFS4_REMOVE 28
#define NFS4_WRITE 38

struct nfs_handle {
	uint8_t len;
	uint8_t b[NFS_HANDLE_MAX];
};

struct nfs_name {
	uint16_t len;
	uint8_t b[NFS_NAME_MAX];
};

struct nfs_tx {
	struct tx tx;
	uint32_t xid, version, procedure;
	uint32_t rpc_status, status;
	uint32_t auth, uid, gid;
	struct nfs_name machine, name, to; /* to: of a rename */
	struct nfs_handle handle;
	/* Of a file that is read or written: */
	bool is_file, is_last;
	enum side side;
	uint32_t last_xid, chunk_cnt;
	struct file *file;
	struct file_chunks chunks;
};

struct nfs_state {
	struct session *session;
	bool is_stream, searches[SIDES];
	uint32_t version; /* of the first call */
	struct memo memo; /* calls by xid, names by handle */
};

/* A call, behind its head (RFC 5531, 9). */
struct nfs_call {
	uint32_t xid, version, procedure;
	uint32_t auth, uid, gid;
	struct slice machine;
	bool is_signed; /* by GSS (RFC 2203, 5.3.2): so is the answer */
	struct slice credentials; /* as they stand, with flavor and length */
	struct slice args;
};

/* What an answer must know of its call. */
struct nfs_asked {
	uint32_t version, procedure;
	bool is_signed;
	uint64_t offset;
	struct nfs_handle handle;
	struct nfs_name name;
};

struct nfs_answer {
	uint32_t xid, status; /* status: accepted or denied */
	struct slice results;
};

void nfs_name_set(struct nfs_name *name, struct slice bytes);
struct nfs_tx *nfs_tx_new(struct nfs_state *state, const struct nfs_call *call, bool with_auth);
struct nfs_tx *nfs_file_find(struct nfs_state *state, const struct nfs_handle *handle,
			     enum side side);
bool nfs_name_get(const struct nfs_state *state, const struct nfs_handle *handle,
		  struct nfs_name *ret_name);
void nfs_name_put(struct nfs_state *state, const struct nfs_handle *handle,
		  const struct nfs_name *name);

/* nfscall.c: false: it cannot be read. */
bool nfs_call_take(struct nfs_state *state, const struct nfs_call *call, struct nfs_asked *asked);
bool nfs_answer_take(struct nfs_state *state, const struct nfs_answer *answer,
		     const struct nfs_asked *asked);

/* XDR (RFC 4506): bytes behind their length, with their padding. */
struct slice nfs_bytes_read(struct cursor *c);
/* What there is of them: the end of a call may be their padding. */
struct slice nfs_data_read(struct cursor *c, uint32_t *ret_len);
void nfs_handle_read(struct cursor *c, uint32_t version, struct nfs_handle *handle);
/* What was written to a file, read from it; stable: it is all there will be. */
void nfs_write_take(struct nfs_state *state, const struct nfs_call *call,
		    const struct nfs_asked *asked, bool stable, uint32_t len, struct slice data);
void nfs_write_end(struct nfs_state *state, const struct nfs_handle *handle, uint32_t xid);
void nfs_read_take(struct nfs_state *state, const struct nfs_answer *answer,
		   const struct nfs_asked *asked, uint32_t status, bool is_last, struct slice data);
/* The transaction of a call has its answer; handle NULL: it tells none. */
void nfs_answered(struct nfs_state *state, const struct nfs_answer *answer, uint32_t status,
		  const struct nfs_handle *handle);

/* nfs4.c: the same for a compound. */
bool nfs4_call_take(struct nfs_state *state, const struct nfs_call *call, struct nfs_asked *asked);
bool nfs4_answer_take(struct nfs_state *state, const struct nfs_answer *answer,
		      const struct nfs_asked *asked);

/* nfslog.c */
bool nfs_log(struct tx *tx, struct json *json);
void nfs_log_rpc(struct tx *tx, struct json *json);
void nfs_log_alert(struct tx *tx, struct json *json);

#endif
