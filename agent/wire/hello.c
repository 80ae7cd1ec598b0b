/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records to handshake bytes to the ClientHello to its name. Called by names/reader.c and wire/quic.c.
 */
#include "wire/hello.h"

#include <string.h>

#define RECORD_HANDSHAKE 22
#define RECORD_MAX 16384 /* of plain text (RFC 8446, 5.1) */
#define CLIENT_HELLO 1
#define EXT_SERVER_NAME 0
#define EXT_ECH 0xfe0d
#define NAME_HOST 0

/* RFC 6066, 3: one name of a type, A-labels. What no host name has may be anything to who reads it. */
static enum wire_read server_name(struct wire_cursor ext, struct hello *hello)
{
	struct wire_cursor list = wire_part(&ext, 2), name = {};

	if (list.is_short || wire_left(&ext) || !wire_left(&list))
		return WIRE_BAD;
	if (wire_number(&list, 1) != NAME_HOST)
		return WIRE_BAD;
	name = wire_part(&list, 2);
	if (name.is_short || !wire_left(&name) || wire_left(&list))
		return WIRE_BAD;
	hello->name = (struct wire_text){ (const char *)name.at, wire_left(&name) };
	if (hello->name.len > 255)
		return WIRE_BAD;
	for (const uint8_t *b = name.at; b < name.end; b++)
		if (*b <= 0x20 || *b >= 0x7f || *b == '/' || *b == '@')
			return WIRE_BAD;
	return WIRE_DONE;
}

/* Each extension once (RFC 8446, 4.2): of two names a server may take the other one. */
static enum wire_read extensions(struct wire_cursor all, struct hello *hello)
{
	uint64_t seen[65536 / 64] = {};

	while (wire_left(&all)) {
		uint32_t type = wire_number(&all, 2);
		struct wire_cursor ext = wire_part(&all, 2);

		if (ext.is_short || seen[type / 64] >> (type % 64) & 1)
			return WIRE_BAD;
		seen[type / 64] |= 1ULL << (type % 64);
		if (type == EXT_ECH)
			hello->hides = true;
		if (type == EXT_SERVER_NAME && server_name(ext, hello) != WIRE_DONE)
			return WIRE_BAD;
	}
	return WIRE_DONE;
}

static enum wire_read body_read(struct wire_cursor body, struct hello *hello)
{
	struct wire_cursor session, suites, methods, exts;

	if (wire_number(&body, 1) != 3) /* legacy_version: SSL 3.0 and all that came after */
		return WIRE_BAD;
	wire_bytes(&body, 1 + 32);
	session = wire_part(&body, 1);
	suites = wire_part(&body, 2);
	methods = wire_part(&body, 1);
	if (body.is_short || wire_left(&session) > 32 || wire_left(&suites) < 2 ||
	    wire_left(&suites) % 2 || !wire_left(&methods))
		return WIRE_BAD;
	if (!wire_left(&body))
		return WIRE_DONE; /* TLS 1.2 and older may do without extensions */
	exts = wire_part(&body, 2);
	if (exts.is_short || wire_left(&body))
		return WIRE_BAD;
	return extensions(exts, hello);
}

enum wire_read hello_read(const uint8_t *bytes, size_t len, struct hello *ret_hello)
{
	struct wire_cursor c = wire_cursor(bytes, len), body;
	struct hello hello = {};
	enum wire_read read;

	if (!len)
		return WIRE_MORE;
	if (bytes[0] != CLIENT_HELLO)
		return WIRE_BAD;
	if (len < 4)
		return WIRE_MORE;
	wire_bytes(&c, 1);
	if ((uint32_t)(bytes[1] << 16 | bytes[2] << 8 | bytes[3]) > HELLO_MAX)
		return WIRE_OVER;
	body = wire_part(&c, 3);
	if (body.is_short)
		return WIRE_MORE;
	read = body_read(body, &hello);
	if (read == WIRE_DONE)
		*ret_hello = hello;
	return read;
}

enum wire_read hello_records(const uint8_t *bytes, size_t len, struct hello_room *room,
			     struct hello *ret_hello, size_t *ret_used)
{
	size_t at = 0, held = 0;
	enum wire_read read;

	while (at < len) {
		const uint8_t *record = bytes + at;
		size_t left = len - at, size, take;

		if (record[0] != RECORD_HANDSHAKE || (left > 1 && record[1] != 3))
			return WIRE_BAD;
		if (left < 5)
			break;
		size = (size_t)record[3] << 8 | record[4];
		if (!size || size > RECORD_MAX)
			return WIRE_BAD;
		take = size < left - 5 ? size : left - 5;
		if (take > sizeof(room->bytes) - held)
			take = sizeof(room->bytes) - held;
		memcpy(room->bytes + held, record + 5, take);
		held += take;
		at += 5 + size;
		/* Looked at each time: what follows a whole ClientHello is no longer ours to judge. */
		read = hello_read(room->bytes, held, ret_hello);
		if (read == WIRE_DONE)
			*ret_used = at;
		if (read != WIRE_MORE)
			return read;
	}
	return hello_read(room->bytes, held, ret_hello);
}
