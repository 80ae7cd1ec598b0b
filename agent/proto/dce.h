/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of DCE/RPC over connections (The Open Group C706, chapter 12), as TCP and pipes of SMB carry them:
 * read for both, and what both remember and tell of a call.
 */
#ifndef AGENT_PROTO_DCE_H
#define AGENT_PROTO_DCE_H

#include "base/cursor.h"
#include "proto/proto.h"

#define DCE_HEAD_LEN 16
#define DCE_CALL_HEAD_LEN 24 /* with what a request and a response have in front of their stub */
#define DCE_TYPE_MAX 20
#define DCE_FLAG_FIRST 1
#define DCE_FLAG_LAST 2

enum dce_type {
	DCE_REQUEST = 0,
	DCE_RESPONSE = 2,
	DCE_BIND = 11,
	DCE_BINDACK = 12,
	DCE_ALTER = 14,
	DCE_ALTER_RESPONSE = 15,
	DCE_AUTH3 = 16,
};

struct dce_head {
	uint8_t major, minor, type, flags;
	bool little; /* numbers have their lowest byte first */
	uint16_t len, auth_len; /* of the whole fragment; of its verifier */
	uint32_t call;
	struct slice body; /* behind the head, all that is there */
};

/* false: it is too short for a head. */
bool dce_head_read(struct slice bytes, struct dce_head *ret_head);
/* Version 5, a type and a data representation that there are. */
bool dce_head_fits(const struct dce_head *head);

/* --- interfaces --- */

#define DCE_UUID_LEN 16
#define DCE_IFACE_KEY_LEN                                                                          \
	18 /* as rules ask: the UUID as it is printed, the version, high byte first */

struct dce_iface {
	uint8_t key[DCE_IFACE_KEY_LEN];
	uint16_t major, minor, context;
	uint16_t result, reason;
	bool acked;
	uint32_t call; /* that it was asked for in */
};

#define DCE_IFACES_MAX 512

/* What a connection offers; the last ones that were bound. */
struct dce_ifaces {
	struct dce_iface *all;
	size_t cnt;
};

/* Of a bind, in place of those that were there; of an alter_context, with them. false: it cannot be read. */
bool dce_bind_read(const struct dce_head *head, struct dce_ifaces *ifaces);
/* Of their answers: what was accepted. false: it cannot be read. */
bool dce_bindack_read(const struct dce_head *head, struct dce_ifaces *ifaces);
void dce_ifaces_end(struct dce_ifaces *ifaces);
/* Number index of those that were accepted; context: only those of it, -1: of any. */
bool dce_iface_key(const struct dce_ifaces *ifaces, uint32_t index, int context, struct slice *ret);
/* An element of the list of interfaces, of a record. */
void dce_iface_log(const struct dce_iface *iface, bool with_answer, bool with_reason,
		   struct json *json);
/* As it is printed: its first three parts are numbers, in the order of the message. */
void dce_uuid_take(struct slice bytes, bool little, uint8_t *uuid);
/* "12345678-1234-abcd-ef00-0123456789ab" */
void dce_uuid_log(struct json *json, const char *name, const uint8_t *uuid);

/* --- a call --- */

struct dce_stub {
	uint8_t *bytes;
	size_t len, cap;
	uint16_t frag_cnt;
};

struct dce_call {
	uint32_t id;
	uint16_t opnum, context;
	uint8_t request, response; /* enum dce_type */
	bool has_request, has_response;
	bool little;
	struct dce_stub stub[SIDES];
};

/*
 * Adds a fragment of a request or a response. with_head: the stub of a response begins with its eight bytes
 * of head, as rules for TCP count them. false: it cannot be read.
 */
bool dce_fragment_add(struct dce_call *call, const struct dce_head *head, bool with_head);
void dce_stub_add(struct dce_stub *stub, struct slice bytes);
void dce_call_end(struct dce_call *call);
/* "REQUEST"; of a number that has no name: UNKNOWN. */
const char *dce_type_name(uint8_t type);
/* The object "req" or "res". */
void dce_stub_log(const struct dce_call *call, enum side side, bool with_opnum, struct json *json);

#endif
