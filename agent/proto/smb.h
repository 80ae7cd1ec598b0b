/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of SMB to each other ([MS-CIFS], [MS-SMB2]): what a connection remembers, its transactions, and
 * who reads what. smb.c finds messages, smb1.c and smb2.c read them, smbfile.c has what both do with files
 * and pipes, smblog.c the records.
 */
#ifndef AGENT_PROTO_SMB_H
#define AGENT_PROTO_SMB_H

#include "base/cursor.h"
#include "base/memo.h"
#include "file/chunks.h"
#include "proto/dce.h"

#define SMB_GUID_LEN 16
#define SMB_NAME_MAX 4096 /* bytes of a name that are kept */

enum smb_event {
	SMB_INTERNAL = 1,
	SMB_MALFORMED,
	SMB_RECORD_OVERFLOW,
	SMB_BAD_NTLMSSP_REQUEST,
	SMB_BAD_NTLMSSP_RESPONSE,
	SMB_DUPLICATE_NEGOTIATE,
	SMB_BAD_DIALECTS,
	SMB_FILE_OVERLAP,
	SMB_NEGOTIATE_READ_LARGE,
	SMB_NEGOTIATE_WRITE_LARGE,
	SMB_READ_REQUEST_LARGE,
	SMB_READ_RESPONSE_LARGE,
	SMB_READ_QUEUE_SIZE,
	SMB_READ_QUEUE_CNT,
	SMB_WRITE_LARGE,
	SMB_WRITE_QUEUE_SIZE,
	SMB_WRITE_QUEUE_CNT,
	SMB_REQUEST_TO_CLIENT,
	SMB_RESPONSE_TO_SERVER,
	SMB_NTLMSSP_ORDER,
	SMB_TOO_MANY,
};

#define SMB_STATUS_SUCCESS 0u
#define SMB_STATUS_PENDING 0x103u
#define SMB_STATUS_OVERFLOW 0x80000005u /* more of it follows */
#define SMB_STATUS_EOF 0xc0000011u

/* --- names of things --- */

/* What a message belongs to; what is asked for by kind: see enum smb_key_kind. */
struct smb_key {
	uint64_t session, message;
	uint32_t tree;
	uint8_t kind;
	uint8_t guid_len;
	uint8_t guid[SMB_GUID_LEN + 2];
};

enum smb_key_kind {
	SMB_KEY_GENERIC = 1, /* a message and its answer */
	SMB_KEY_HEADER, /* the same, of transactions with a content of their own */
	SMB_KEY_TREE, /* of a tree that is asked for: it has no number yet */
	SMB_KEY_SHARE, /* of a tree: its name */
	SMB_KEY_NAME, /* of a create: the name that was asked for */
	SMB_KEY_GUID, /* of a message: the file that it is of */
	SMB_KEY_OFFSET, /* of a read: file and offset */
	SMB_KEY_FILE, /* of a file: its name */
	SMB_KEY_SIZE, /* of a file: its size when it was opened */
	SMB_KEY_FRAGMENT, /* of a pipe: what it has begun to say */
};

/* A file: 16 bytes of SMB2; of SMB1 its two and the session's four. */
struct smb_guid {
	uint8_t len;
	uint8_t b[SMB_GUID_LEN];
};

/* Bytes that a transaction owns. */
struct smb_text {
	uint8_t *at;
	size_t len;
};

/* --- transactions --- */

enum smb_kind {
	SMB_GENERIC,
	SMB_NEGOTIATE,
	SMB_SESSION,
	SMB_TREE,
	SMB_CREATE,
	SMB_FILE,
	SMB_RENAME,
	SMB_SETINFO,
	SMB_IOCTL,
	SMB_DCERPC,
};

#define SMB_SNAMES_MAX 8

struct smb_ntlmssp {
	struct smb_text host, user, domain;
	bool has_version;
	uint8_t major, minor, revision;
	uint16_t build;
};

/* Of who speaks (SMB1). */
struct smb_host {
	bool known;
	struct smb_text os, lm;
};

struct smb_tx {
	struct tx tx;
	enum smb_kind kind;
	uint8_t version; /* 1, 2; 0: not said */
	uint16_t command;
	bool has_command, has_status, is_dos;
	uint32_t status;
	struct smb_key key;
	union {
		struct {
			uint8_t version;
			bool has_client_guid, has_server_guid;
			uint8_t client_guid[SMB_GUID_LEN], server_guid[SMB_GUID_LEN];
			struct smb_text dialects; /* 1: texts, each ended by 0; 2: numbers */
		} negotiate;
		struct {
			bool has_ntlmssp, has_kerberos;
			struct smb_ntlmssp ntlmssp;
			struct smb_text realm, snames[SMB_SNAMES_MAX];
			struct smb_host request, response;
		} session;
		struct {
			struct smb_text share, request_service, response_service;
			bool is_pipe;
			uint8_t type;
		} tree;
		struct {
			struct smb_text name;
			uint32_t disposition, created, accessed, modified, changed;
			bool deletes, is_directory;
			uint64_t size;
			struct smb_guid guid;
		} create;
		struct {
			enum side side;
			struct smb_guid guid;
			struct smb_text name, share;
			struct file *file;
			struct file_chunks chunks;
		} file;
		struct {
			struct smb_guid guid;
			struct smb_text from, to;
		} rename;
		struct {
			struct smb_guid guid;
			struct smb_text name;
			uint16_t subcommand, level;
			bool deletes;
		} setinfo;
		struct {
			uint32_t function;
		} ioctl;
		struct dce_call dce;
	} of;
};

/* --- a connection --- */

struct smb_limits {
	uint32_t size, queue_size, queue_cnt; /* 0: none */
};

struct smb_state {
	struct session *session;
	struct memo memo;
	uint16_t dialect; /* of SMB2; 0: not said */
	struct smb_text dialect_text; /* of SMB1 */
	uint32_t max_size[SIDES]; /* negotiated: of a write by the client, of a read by the server */
	struct smb_limits limits[SIDES];
	struct dce_ifaces ifaces;
	struct {
		uint32_t left; /* bytes of a record that were not there when it was read */
		uint32_t file_left; /* of them, those of a file */
		struct smb_guid guid; /* of that file */
		bool searches; /* for the next record, behind a gap */
	} side[SIDES];
};

/* --- smb.c --- */

/* More than was agreed on, or than the settings allow, of what that side sends. */
bool smb_is_large(const struct smb_state *state, enum side side, uint32_t len);
/* Seconds since 1970 of a file's time (100 ns since 1601); 0: before that. */
uint32_t smb_time(uint64_t filetime);
/* An event of the last transaction, if there is one. */
void smb_event(struct smb_state *state, uint8_t event);

/* --- smbtx.c: transactions and memory --- */

void smb_text_set(struct smb_text *text, struct slice bytes);
/* Of UTF-16 with the low byte first, as UTF-8, without zeros; what is none becomes U+FFFD. */
void smb_text_set_wide(struct smb_text *text, struct slice bytes);
struct slice smb_slice(const struct smb_text *text);

struct smb_tx *smb_tx_new(struct smb_state *state, enum smb_kind kind, const struct smb_key *key);
void smb_tx_command(struct smb_tx *tx, uint8_t version, uint16_t command);
void smb_tx_status(struct smb_tx *tx, uint32_t status, bool is_dos);
void smb_tx_done(struct smb_tx *tx, enum side side);
void smb_tx_free(struct tx *tx);
/* The one that a message answers: of a command, any kind. NULL: none. */
struct smb_tx *smb_tx_of(struct smb_state *state, uint8_t version, uint16_t command,
			 const struct smb_key *key);
/* The first of a kind, with this key; key NULL: any. */
struct smb_tx *smb_tx_kind(struct smb_state *state, enum smb_kind kind, const struct smb_key *key);
/* Of a file that a side sends; only_open: and that is not closed. */
struct smb_tx *smb_tx_file(struct smb_state *state, const struct smb_guid *guid, enum side side,
			   bool only_open);
/* Of the same message; answers that come late do not say their tree. */
bool smb_key_is(const struct smb_key *a, const struct smb_key *b);

void smb_memo_put(struct smb_state *state, const struct smb_key *key, struct slice value);
bool smb_memo_get(const struct smb_state *state, const struct smb_key *key, struct slice *ret_value);
void smb_memo_drop(struct smb_state *state, const struct smb_key *key);
/* A file's name, by its number. */
void smb_name_put(struct smb_state *state, const struct smb_guid *guid, struct slice name);
bool smb_name_get(const struct smb_state *state, const struct smb_guid *guid, struct slice *ret_name);
/* How large a file is that was opened, in line; 0: nobody said it. */
void smb_size_put(struct smb_state *state, const struct smb_guid *guid, uint64_t size);
uint64_t smb_size_get(const struct smb_state *state, const struct smb_guid *guid);
/* A share's name; *ret_is_pipe: it has pipes, no files. */
void smb_share_put(struct smb_state *state, const struct smb_key *key, struct slice name,
		   bool is_pipe);
bool smb_share_get(const struct smb_state *state, const struct smb_key *key, struct slice *ret_name,
		   bool *ret_is_pipe);

/* --- smbfile.c: bytes of files and pipes, of both versions --- */

struct smb_bytes {
	enum side side; /* who sends them */
	uint8_t version;
	uint16_t command;
	uint32_t status;
	struct smb_key header, share;
	struct smb_guid guid;
	uint64_t offset;
	uint32_t len; /* of all of it; data has what is there */
	struct slice data;
	struct slice nameless; /* what a file is called that has no name */
	bool probes; /* where no share is known, it may be a pipe */
	bool is_pipe_sure; /* a pipe of a known share always carries DCE/RPC */
};

/* Of a read's answer or a write. */
void smb_bytes_take(struct smb_state *state, const struct smb_bytes *bytes);
/* What follows of a record that was read in part. Returns how much was taken. */
size_t smb_bytes_more(struct smb_state *state, enum side side, struct slice data, uint64_t lost);
void smb_file_close(struct smb_tx *tx);

/* --- smbpipe.c: DCE/RPC in pipes --- */

bool smb_pipe_is_dce(const struct smb_state *state, const struct smb_guid *guid);
bool smb_pipe_looks_dce(struct slice data);
/* What was written to a pipe. false: nothing came of it. */
bool smb_pipe_write(struct smb_state *state, uint8_t version, uint16_t command,
		    const struct smb_key *key, struct slice data);
/* What was read of one. */
bool smb_pipe_read(struct smb_state *state, const struct smb_bytes *bytes);

/* --- smb1.c, smb2.c: records. false: it is none. --- */

bool smb1_record(struct smb_state *state, enum side side, struct slice record);
bool smb2_record(struct smb_state *state, enum side side, struct slice *records);
/* Whether a record that is there in part is one of a file's bytes, and was read as that. */
bool smb1_record_part(struct smb_state *state, enum side side, struct slice record);
bool smb2_record_part(struct smb_state *state, enum side side, struct slice record);

/* --- smbauth.c --- */

void smb_auth_read(struct smb_tx *tx, struct slice blob);

/* --- smblog.c --- */

bool smb_log(struct tx *tx, struct json *json);

#endif
