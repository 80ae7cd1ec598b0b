/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of SMB2 and SMB3 to each other: smb2.c has messages and sessions, smb2file.c files and pipes. */
#ifndef AGENT_PROTO_SMB2_H
#define AGENT_PROTO_SMB2_H

#include "proto/smb.h"

enum smb2_command {
	SMB2_NEGOTIATE,
	SMB2_SESSION_SETUP,
	SMB2_LOGOFF,
	SMB2_TREE_CONNECT,
	SMB2_TREE_DISCONNECT,
	SMB2_CREATE,
	SMB2_CLOSE,
	SMB2_FLUSH,
	SMB2_READ,
	SMB2_WRITE,
	SMB2_LOCK,
	SMB2_IOCTL,
	SMB2_CANCEL,
	SMB2_KEEPALIVE,
	SMB2_FIND,
	SMB2_CHANGE_NOTIFY,
	SMB2_GET_INFO,
	SMB2_SET_INFO,
	SMB2_OPLOCK_BREAK,
};

/* [MS-SMB2] 2.2.1 */
struct smb2_message {
	bool is_answer, is_async;
	uint16_t command;
	uint32_t status, tree;
	uint64_t message, session;
	struct slice data; /* behind the head */
};

struct smb_key smb2_key(const struct smb2_message *m, enum smb_key_kind kind);
/* What is not told by a transaction of its own is by one of its content, or not at all. */
bool smb2_is_told(uint16_t command);

/* Requests: whether a transaction was made for them. An event: none was, and this is why. */
bool smb2_create_request(struct smb_state *state, const struct smb2_message *m);
void smb2_close_request(struct smb_state *state, const struct smb2_message *m);
void smb2_read_request(struct smb_state *state, const struct smb2_message *m);
void smb2_write_request(struct smb_state *state, const struct smb2_message *m);
void smb2_setinfo_request(struct smb_state *state, const struct smb2_message *m);
void smb2_ioctl_request(struct smb_state *state, const struct smb2_message *m);

/* Answers. */
void smb2_create_answer(struct smb_state *state, const struct smb2_message *m);
void smb2_read_answer(struct smb_state *state, const struct smb2_message *m);
void smb2_ioctl_answer(struct smb_state *state, const struct smb2_message *m);

#endif
