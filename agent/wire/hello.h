/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS ClientHello (RFC 8446, 4.1.2), as TLS records carry it and as QUIC does, and the name in it.
 */
#ifndef AGENT_WIRE_HELLO_H
#define AGENT_WIRE_HELLO_H

#include "wire/wire.h"

#define HELLO_MAX 16384 /* bytes of one that is held */

struct hello {
	struct wire_text name; /* of server_name; len 0: it has none */
	bool hides; /* it has the ech extension, as GREASE or in earnest: name is the outer one */
};

/* bytes: handshake messages. ret_hello: slices of bytes. */
enum wire_read hello_read(const uint8_t *bytes, size_t len, struct hello *ret_hello);

/* Bytes of the message that hello_read() has read. */
static inline uint32_t hello_len(const uint8_t *bytes)
{
	return 4 + ((uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3]);
}

/* Room for what records hold. */
struct hello_room {
	uint8_t bytes[HELLO_MAX + 4];
};

/* bytes: TLS records, from the first. ret_hello: slices of room. *ret_used: bytes of its records. */
enum wire_read hello_records(const uint8_t *bytes, size_t len, struct hello_room *room,
			     struct hello *ret_hello, size_t *ret_used);

#endif
