/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of NFS (RFC 1094, 1813, 7530): nfs.c has calls of Sun RPC, nfscall.c what they ask, nfslog.c the
 * records.
 */
#ifndef AGENT_PROTO_NFS_H
#define AGENT_PROTO_NFS_H

#include "base/cursor.h"
#include "base/memo.h"
#include "file/chunks.h"
#include "proto/proto.h"

#define NFS_HANDLE_MAX 128
#define NFS_NAME_MAX 1024

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
	struct slice args;
};

/* What an answer must know of its call. */
struct nfs_asked {
	uint32_t version, procedure;
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

/* nfslog.c */
bool nfs_log(struct tx *tx, struct json *json);
void nfs_log_rpc(struct tx *tx, struct json *json);
void nfs_log_alert(struct tx *tx, struct json *json);

#endif
