// SPDX-License-Identifier: Apache-2.0
/*
 * Reads messages of DCE/RPC over connections. Called by the parsers of DCE/RPC and of SMB, which found where
 * a message begins. Promises that a stub is bounded; what goes beyond is counted by its fragments alone.
 */
#include "base/digits.h"
#include "proto/dce.h"

#include <stdio.h>
#include <stdlib.h>

#include "report/json.h"

#define STUB_MAX (1u << 20)
#define STUB_FIRST 256
#define SYNTAX_LEN 20

bool dce_head_read(struct slice bytes, struct dce_head *ret_head)
{
	struct cursor c = cursor(bytes);
	struct dce_head head = { .major = cursor_u8(&c) };
	uint8_t format;

	head.minor = cursor_u8(&c);
	head.type = cursor_u8(&c);
	head.flags = cursor_u8(&c);
	format = cursor_u8(&c);
	head.little = format & 0x10;
	cursor_skip(&c, 3);
	head.len = head.little ? cursor_le16(&c) : cursor_be16(&c);
	head.auth_len = head.little ? cursor_le16(&c) : cursor_be16(&c);
	head.call = head.little ? cursor_le32(&c) : cursor_be32(&c);
	head.body = c.rest;
	if (c.failed)
		return false;
	*ret_head = head;
	return true;
}

bool dce_head_fits(const struct dce_head *head)
{
	return head->major == 5 && head->minor <= 1 && head->type <= DCE_TYPE_MAX &&
	       head->len >= DCE_HEAD_LEN;
}

static uint16_t number16(struct cursor *c, const struct dce_head *head)
{
	return head->little ? cursor_le16(c) : cursor_be16(c);
}

/* --- interfaces --- */

void dce_uuid_take(struct slice bytes, bool little, uint8_t *uuid)
{
	static const uint8_t turned[8] = { 3, 2, 1, 0, 5, 4, 7, 6 };

	for (size_t i = 0; i < bytes.len && i < DCE_UUID_LEN; i++)
		uuid[i] = bytes.at[little && i < sizeof(turned) ? turned[i] : i];
}

static void iface_take(struct cursor *c, const struct dce_head *head, struct dce_iface *iface)
{
	uint16_t first, second;
	uint8_t syntax_cnt;
	struct slice uuid;

	iface->context = number16(c, head);
	syntax_cnt = cursor_u8(c);
	cursor_skip(c, 1);
	uuid = cursor_take(c, DCE_UUID_LEN);
	first = number16(c, head);
	second = number16(c, head);
	iface->major = head->little ? first : second; /* one number of 32 bits, the major one low */
	iface->minor = head->little ? second : first;
	cursor_skip(c, (size_t)syntax_cnt * SYNTAX_LEN);
	if (c->failed)
		return;
	dce_uuid_take(uuid, head->little, iface->key);
	iface->key[DCE_UUID_LEN] = (uint8_t)(iface->major >> 8);
	iface->key[DCE_UUID_LEN + 1] = (uint8_t)iface->major;
}

/* An alter_context adds to what was bound. */
static bool ifaces_room(struct dce_ifaces *ifaces, size_t cnt, bool adds)
{
	size_t old = adds && ifaces->cnt + cnt <= DCE_IFACES_MAX ? ifaces->cnt : 0;
	struct dce_iface *all = reallocarray(ifaces->all, old + cnt + 1, sizeof(*all));

	if (!all)
		return false;
	ifaces->all = all;
	ifaces->cnt = old;
	return true;
}

bool dce_bind_read(const struct dce_head *head, struct dce_ifaces *ifaces)
{
	struct cursor c = cursor(head->body);
	uint8_t cnt;

	cursor_skip(&c, 8);
	cnt = cursor_u8(&c);
	cursor_skip(&c, 3);
	if (c.failed || !ifaces_room(ifaces, cnt, head->type == DCE_ALTER))
		return false;
	for (size_t i = 0; i < cnt && !c.failed; i++) {
		struct dce_iface iface = { .call = head->call };

		iface_take(&c, head, &iface);
		if (!c.failed)
			ifaces->all[ifaces->cnt++] = iface;
	}
	return !c.failed;
}

/* Number index of those that this call asked for. */
static struct dce_iface *iface_asked(struct dce_ifaces *ifaces, uint32_t call, size_t index)
{
	for (size_t i = 0; i < ifaces->cnt; i++)
		if (ifaces->all[i].call == call && index-- == 0)
			return &ifaces->all[i];
	return NULL;
}

bool dce_bindack_read(const struct dce_head *head, struct dce_ifaces *ifaces)
{
	struct cursor c = cursor(head->body);
	uint16_t address_len;
	uint8_t cnt;

	cursor_skip(&c, 8);
	address_len = number16(&c, head);
	cursor_skip(&c, address_len);
	cursor_skip(&c, (4 - (address_len + 2u) % 4) % 4);
	cnt = cursor_u8(&c);
	cursor_skip(&c, 3);
	for (size_t i = 0; i < cnt && !c.failed; i++) {
		uint16_t result = number16(&c, head), reason = number16(&c, head);
		struct dce_iface *iface = iface_asked(ifaces, head->call, i);

		cursor_skip(&c, SYNTAX_LEN);
		if (c.failed || !iface)
			continue;
		iface->result = result;
		iface->reason = reason;
		iface->acked = true;
	}
	return !c.failed;
}

void dce_ifaces_end(struct dce_ifaces *ifaces)
{
	free(ifaces->all);
	*ifaces = (struct dce_ifaces){ .cnt = 0 };
}

bool dce_iface_key(const struct dce_ifaces *ifaces, uint32_t index, int context, struct slice *ret)
{
	for (size_t i = 0; i < ifaces->cnt; i++) {
		const struct dce_iface *iface = &ifaces->all[i];

		if (!iface->acked || iface->result || (context >= 0 && iface->context != context))
			continue;
		if (index-- == 0) {
			*ret = slice(iface->key, sizeof(iface->key));
			return true;
		}
	}
	return false;
}

void dce_uuid_log(struct json *json, const char *name, const uint8_t *uuid)
{
	char text[37], *to = text;

	for (size_t i = 0; i < DCE_UUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		to = hex_write(&uuid[i], 1, 0, to);
	}
	*to = 0;
	json_text(json, name, text);
}

void dce_iface_log(const struct dce_iface *iface, bool with_answer, bool with_reason,
		   struct json *json)
{
	char version[16];

	snprintf(version, sizeof(version), "%u.%u", iface->major, iface->minor);
	json_open(json, NULL);
	dce_uuid_log(json, "uuid", iface->key);
	json_text(json, "version", version);
	if (with_answer && iface->acked) {
		json_number(json, "ack_result", iface->result);
		if (with_reason)
			json_number(json, "ack_reason", iface->reason);
	}
	json_close(json);
}

/* --- a call --- */

void dce_stub_add(struct dce_stub *stub, struct slice bytes)
{
	size_t cap = stub->cap ? stub->cap : STUB_FIRST;
	uint8_t *room = stub->bytes;

	if (stub->frag_cnt < UINT16_MAX)
		stub->frag_cnt++;
	if (!bytes.len || bytes.len > STUB_MAX - stub->len)
		return;
	while (cap < stub->len + bytes.len)
		cap *= 2;
	if (cap != stub->cap)
		room = realloc(stub->bytes, cap);
	if (!room)
		return;
	stub->bytes = room;
	stub->cap = cap;
	memcpy(stub->bytes + stub->len, bytes.at, bytes.len);
	stub->len += bytes.len;
}

bool dce_fragment_add(struct dce_call *call, const struct dce_head *head, bool with_head)
{
	bool is_request = head->type == DCE_REQUEST;
	struct cursor c = cursor(head->body);
	uint16_t context, opnum;
	struct slice stub;

	cursor_skip(&c, 4);
	context = number16(&c, head);
	opnum = number16(&c, head);
	if (head->len < DCE_CALL_HEAD_LEN)
		return false;
	stub = cursor_take(&c, head->len - DCE_CALL_HEAD_LEN);
	if (c.failed)
		return false;
	if (with_head && !is_request)
		stub = slice(head->body.at, head->len - DCE_HEAD_LEN);
	if (is_request && !call->stub[FROM_CLIENT].frag_cnt) {
		call->context = context;
		call->opnum = opnum;
	}
	call->little = head->little;
	dce_stub_add(&call->stub[is_request ? FROM_CLIENT : FROM_SERVER], stub);
	return true;
}

void dce_call_end(struct dce_call *call)
{
	free(call->stub[FROM_CLIENT].bytes);
	free(call->stub[FROM_SERVER].bytes);
}

const char *dce_type_name(uint8_t type)
{
	static const char *const names[] = {
		"REQUEST",   "PING",	 "RESPONSE",	  "FAULT",
		"WORKING",   "NOCALL",	 "REJECT",	  "ACK",
		"CL_CANCEL", "FACK",	 "CANCEL_ACK",	  "BIND",
		"BINDACK",   "BINDNAK",	 "ALTER_CONTEXT", "ALTER_CONTEXT_RESP",
		"AUTH3",     "SHUTDOWN", "CO_CANCEL",	  "ORPHANED",
		"RTS",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "UNKNOWN";
}

void dce_stub_log(const struct dce_call *call, enum side side, bool with_opnum, struct json *json)
{
	json_open(json, side == FROM_CLIENT ? "req" : "res");
	if (with_opnum)
		json_number(json, "opnum", call->opnum);
	json_number(json, "frag_cnt", call->stub[side].frag_cnt);
	json_number(json, "stub_data_size", call->stub[side].len);
	json_close(json);
}
