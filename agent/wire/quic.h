/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientHellos in a client's QUIC Initial packets, of version 1 (RFC 9000, 9001) and 2 (RFC 9369):
 * their keys are made of what they carry openly. Between two ports there may be many connections, each
 * with keys and a stream of its own.
 */
#ifndef AGENT_WIRE_QUIC_H
#define AGENT_WIRE_QUIC_H

#include "wire/hello.h"
#include "wire/stream.h"

#define QUIC_V1 0x00000001U
#define QUIC_V2 0x6b3343cfU
#define QUIC_ID_MAX 20
#define QUIC_DATAGRAM_MAX 4096 /* of one that is deciphered: a copy has no more */

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

#define QUIC_CONNECTIONS 8 /* of one flow, that are held at once */

/* One connection, as its client's Initials come. */
struct quic_connection {
	struct stream crypto; /* by offset; read up to where its last whole ClientHello ends */
	uint32_t version;
	uint64_t largest; /* packet number seen */
	struct quic_keys keys;
	bool touched; /* by the last datagram */
};

struct quic {
	struct quic_connection connection[QUIC_CONNECTIONS]; /* the oldest first */
	uint32_t cnt;
	uint32_t version; /* of the one whose name was read last */
	uint32_t opened, unopened; /* Initials that could be deciphered, and could not */
};

void quic_begin(struct quic *quic);
void quic_end(struct quic *quic);

/*
 * Takes one datagram. WIRE_DONE: ret_hello is a ClientHello of one of its connections, in slices that
 * live until the next datagram; quic_next() has the others. WIRE_MORE: none is whole. WIRE_BAD also
 * when the same place of a stream came with other bytes, or when too many connections were begun and
 * not gone on with.
 */
enum wire_read quic_datagram(struct quic *quic, const uint8_t *bytes, size_t len,
			     struct hello *ret_hello);
enum wire_read quic_next(struct quic *quic, struct hello *ret_hello);

/* Whether the last datagram was of connections all of whose ClientHellos were read. */
bool quic_is_read(const struct quic *quic);
/* Whether that holds for all connections. */
bool quic_is_settled(const struct quic *quic);
/* Whether one of them misses something that is in front of what came. */
bool quic_has_gap(const struct quic *quic);
size_t quic_bytes(const struct quic *quic); /* that it holds */

/*
 * What a client, a server ciphers its Initials with, by the destination id of the client's first
 * packet. false: also when the version is none whose keys are known (1, 2, drafts from 23 on).
 */
bool quic_client_keys(uint32_t version, const uint8_t *id, size_t id_len, struct quic_keys *ret_keys);
bool quic_server_keys(uint32_t version, const uint8_t *id, size_t id_len, struct quic_keys *ret_keys);

/* A packet that is ciphered, in its datagram. */
struct quic_place {
	const uint8_t *bytes;
	size_t len; /* of the whole packet */
	size_t number_off; /* of the packet number in it */
	const uint8_t *id;
	size_t id_len;
	uint32_t version;
};

/*
 * Deciphers into copy, of QUIC_DATAGRAM_MAX bytes: with other keys the same bytes may be tried again.
 * largest is the largest number of a packet so far, and becomes this one's. ret_frames: a part of copy.
 */
bool quic_place_open(const struct quic_keys *keys, uint64_t *largest,
		     const struct quic_place *place, uint8_t *copy, struct wire_cursor *ret_frames);
/* A number of 1, 2, 4 or 8 bytes (RFC 9000, 16). */
uint64_t quic_varint(struct wire_cursor *c);
/* Behind the type of an ACK frame (RFC 9000, 19.3). */
void quic_ack_pass(struct wire_cursor *c, bool ecn);

/* len bytes of text and a tag behind it: deciphered in place. head is what is sealed with it. */
bool quic_open(const struct quic_keys *keys, uint64_t number, const uint8_t *head, size_t head_len,
	       uint8_t *text, size_t len);
/* The mask of a header, by the 16 bytes of its sample. */
bool quic_mask(const struct quic_keys *keys, const uint8_t *sample, uint8_t mask[16]);

#endif
