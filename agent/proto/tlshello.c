// SPDX-License-Identifier: Apache-2.0
/*
 * ClientHello and ServerHello, as far as what is odd about them still lets them be read. Called by tls.c and
 * quic.c; promises slices of what it was given and no memory of its own.
 */
#include "base/bigend.h"
#include "proto/tls.h"
#include "wire/wire.h"

#define EXT_NAME 0
#define EXT_GROUPS 10
#define EXT_FORMATS 11
#define EXT_ALGORITHMS 13
#define EXT_ALPN 16
#define EXT_TICKET 35
#define EXT_EARLY_DATA 42
#define EXT_VERSIONS 43
#define SESSION_MAX 32
#define NAME_MAX_LEN 255

/* SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3). */
static const uint8_t retry_random[TLS_RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

bool tls_ext_next(struct slice *rest, uint16_t *ret_type, struct slice *ret_body)
{
	struct wire_cursor c = wire_cursor(rest->at, rest->len), body;
	uint16_t type;

	if (!rest->len)
		return false;
	type = (uint16_t)wire_number(&c, 2);
	body = wire_part(&c, 2);
	if (c.is_short)
		return false;
	*ret_type = type;
	*ret_body = slice(body.at, wire_left(&body));
	*rest = slice(c.at, wire_left(&c));
	return true;
}

/* A list behind its own length of so many bytes; what is not whole is none. */
static struct slice list_of(struct slice body, size_t len_len)
{
	struct wire_cursor c = wire_cursor(body.at, body.len), list = wire_part(&c, len_len);

	return list.is_short ? slice(NULL, 0) : slice(list.at, wire_left(&list));
}

bool tls_alpn_at(struct slice list, uint32_t index, struct slice *ret)
{
	struct wire_cursor c = wire_cursor(list.at, list.len);

	while (wire_left(&c)) {
		struct wire_cursor name = wire_part(&c, 1);

		if (name.is_short)
			return false;
		if (index-- == 0) {
			*ret = slice(name.at, wire_left(&name));
			return true;
		}
	}
	return false;
}

static void event_add(struct tls_hello *hello, enum tls_event event)
{
	if (hello->event_cnt < sizeof(hello->event))
		hello->event[hello->event_cnt++] = (uint8_t)event;
}

/* RFC 6066, 3. The first name counts. */
static void name_read(struct tls_hello *hello, struct slice body)
{
	struct wire_cursor c = wire_cursor(body.at, body.len), name;

	if (!body.len)
		return; /* a server's answer */
	if (hello->name.len) {
		event_add(hello, TLS_MANY_NAMES);
		return;
	}
	wire_number(&c, 2);
	if (wire_number(&c, 1) != 0) {
		event_add(hello, TLS_BAD_NAME_TYPE);
		return;
	}
	name = wire_part(&c, 2);
	if (name.is_short || wire_left(&name) > NAME_MAX_LEN || !wire_left(&name)) {
		event_add(hello, TLS_BAD_NAME_LENGTH);
		return;
	}
	hello->name = slice(name.at, wire_left(&name));
}

static void versions_read(struct tls_hello *hello, enum side side, struct slice body)
{
	hello->has_versions = true;
	if (side == FROM_CLIENT)
		hello->versions = list_of(body, 1);
	else if (body.len >= 2)
		hello->chosen = be16(body.at);
}

static void ext_read(struct tls_hello *hello, enum side side, uint16_t type, struct slice body)
{
	switch (type) {
	case EXT_NAME:
		name_read(hello, body);
		break;
	case EXT_GROUPS:
		hello->groups = list_of(body, 2);
		break;
	case EXT_FORMATS:
		hello->formats = list_of(body, 1);
		break;
	case EXT_ALGORITHMS:
		hello->algorithms = list_of(body, 2);
		break;
	case EXT_ALPN:
		hello->alpn = list_of(body, 2);
		break;
	case EXT_TICKET:
		hello->has_ticket = body.len > 0;
		break;
	case EXT_EARLY_DATA:
		hello->has_early_data = true;
		break;
	case EXT_VERSIONS:
		versions_read(hello, side, body);
		break;
	default:
		break;
	}
}

/* What is left of extensions when one of them is cut is not read. */
static void exts_read(struct tls_hello *hello, enum side side, struct wire_cursor *c)
{
	struct wire_cursor all;
	struct slice rest, body;
	uint16_t type;

	if (wire_left(c) < 2)
		return;
	all = wire_part(c, 2);
	if (all.is_short) {
		event_add(hello, TLS_BAD_HANDSHAKE);
		return;
	}
	hello->exts = slice(all.at, wire_left(&all));
	rest = hello->exts;
	while (tls_ext_next(&rest, &type, &body))
		ext_read(hello, side, type, body);
	if (rest.len)
		event_add(hello, TLS_BAD_HANDSHAKE);
}

bool tls_hello_read(struct slice body, enum side side, struct tls_hello *ret_hello)
{
	struct wire_cursor c = wire_cursor(body.at, body.len), session, suites;
	struct tls_hello hello = { .version = (uint16_t)wire_number(&c, 2) };
	bool no_session = side == FROM_SERVER && hello.version >= TLS_V_13 &&
			  hello.version < 0x7f16; /* drafts before 22 left it out */

	hello.random = slice(wire_bytes(&c, TLS_RANDOM_LEN), TLS_RANDOM_LEN);
	if (!no_session) {
		session = wire_part(&c, 1);
		if (session.is_short || wire_left(&session) > SESSION_MAX)
			return false;
		hello.session = slice(session.at, wire_left(&session));
	}
	if (side == FROM_SERVER) {
		hello.cipher = (uint16_t)wire_number(&c, 2);
		if (!no_session)
			wire_number(&c, 1);
		hello.is_retry = !c.is_short &&
				 memcmp(hello.random.at, retry_random, TLS_RANDOM_LEN) == 0;
	} else {
		suites = wire_part(&c, 2);
		hello.ciphers = slice(suites.at, suites.is_short ? 0 : wire_left(&suites));
		wire_part(&c, 1);
	}
	if (c.is_short)
		return false;
	exts_read(&hello, side, &c);
	*ret_hello = hello;
	return true;
}
