/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of SMB1: smb1.c has messages and sessions, smb1file.c files, smb1trans.c transactions. */
#ifndef AGENT_PROTO_SMB1_H
#define AGENT_PROTO_SMB1_H

#include "proto/smb.h"

#define SMB1_HEAD_LEN 32

/* [MS-CIFS] 2.2.2.1 */
enum smb1_command {
	SMB1_CLOSE = 0x04,
	SMB1_RENAME = 0x07,
	SMB1_WRITE = 0x0b,
	SMB1_LOCKING_ANDX = 0x24,
	SMB1_TRANS = 0x25,
	SMB1_WRITE_AND_CLOSE = 0x2c,
	SMB1_OPEN_ANDX = 0x2d,
	SMB1_READ_ANDX = 0x2e,
	SMB1_WRITE_ANDX = 0x2f,
	SMB1_TRANS2 = 0x32,
	SMB1_TRANS2_SECONDARY = 0x33,
	SMB1_TREE_DISCONNECT = 0x71,
	SMB1_NEGOTIATE = 0x72,
	SMB1_SESSION_SETUP_ANDX = 0x73,
	SMB1_LOGOFF_ANDX = 0x74,
	SMB1_TREE_CONNECT_ANDX = 0x75,
	SMB1_NT_CREATE_ANDX = 0xa2,
	SMB1_NT_CANCEL = 0xa4,
	SMB1_NONE = 0xff,
};

struct smb1_message {
	bool is_answer, is_dos, is_wide; /* is_dos: its status; is_wide: its texts are UTF-16 */
	uint8_t first; /* command of the message as a whole */
	uint8_t command; /* of the part that is read: commands may be chained */
	uint32_t status;
	uint16_t tree, user, message;
	struct slice record; /* from the head on: offsets count from there */
	size_t at; /* where the part begins */
};

static inline struct slice smb1_part(const struct smb1_message *m)
{
	return slice_behind(m->record, m->at);
}

/* Bytes by their offset in the record; what is there of them. false: they begin beyond it. */
bool smb1_at(const struct smb1_message *m, size_t offset, size_t len, struct slice *ret);
struct smb_key smb1_key(const struct smb1_message *m, enum smb_key_kind kind);
/* A file's number is the session's own. */
struct smb_guid smb1_guid(const struct smb1_message *m, struct slice fid);
/* The next text, ended by zero or the end, as UTF-8; UTF-16 begins at an even place. */
void smb1_text(const struct smb1_message *m, struct cursor *c, struct smb_text *text);
/* A transaction for a message of which nothing else is told, if that is one to be told of, or odd. */
void smb1_generic(struct smb_state *state, const struct smb1_message *m, bool is_odd);
/* What a request of any kind learns of its answer. */
void smb1_answered(struct smb_state *state, const struct smb1_message *m, bool is_odd);

/* Files. A request: false: it cannot be read. */
bool smb1_create_request(struct smb_state *state, const struct smb1_message *m);
bool smb1_create_answer(struct smb_state *state, const struct smb1_message *m);
bool smb1_read_request(struct smb_state *state, const struct smb1_message *m);
void smb1_read_answer(struct smb_state *state, const struct smb1_message *m);
void smb1_write_request(struct smb_state *state, const struct smb1_message *m);
bool smb1_close_request(struct smb_state *state, const struct smb1_message *m);
void smb1_close_answer(struct smb_state *state, const struct smb1_message *m);
bool smb1_rename_request(struct smb_state *state, const struct smb1_message *m);

/* Transactions of SMB1. */
void smb1_trans_request(struct smb_state *state, const struct smb1_message *m);
void smb1_trans_answer(struct smb_state *state, const struct smb1_message *m);
bool smb1_trans2_request(struct smb_state *state, const struct smb1_message *m);

#endif
