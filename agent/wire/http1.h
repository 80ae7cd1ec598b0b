/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of HTTP/1 (RFC 9112): heads, and where their bodies end. What that text calls an error is one
 * here, so that no server can see another request than we do.
 */
#ifndef AGENT_WIRE_HTTP1_H
#define AGENT_WIRE_HTTP1_H

#include "wire/wire.h"

#define HTTP1_HEAD_MAX 65536

struct http1_head {
	struct wire_text method, target, host;
	bool has_host;
	bool chunked;
	bool connect; /* what follows is for somebody else, if the server agrees */
	bool upgrade; /* what follows may be another protocol */
	uint64_t body; /* bytes, where it is not chunked */
};

/* What the first bytes of a connection are. */
enum http1_first {
	HTTP1_SHORT, /* cannot be told yet */
	HTTP1_REQUEST, /* a request line of HTTP/1 */
	HTTP1_PREFACE, /* of HTTP/2 */
	HTTP1_OTHER, /* no HTTP that names a host */
};
enum http1_first http1_first(const uint8_t *bytes, size_t len);

/*
 * The head that bytes begin with; empty lines in front are passed over. Returns its bytes, or enum
 * wire_read below WIRE_DONE. ret_head: slices of bytes.
 */
long http1_head(const uint8_t *bytes, size_t len, struct http1_head *ret_head);

/* The host that a request is for, where its target or CONNECT says so. len 0: it does not. */
struct wire_text http1_target_host(const struct http1_head *head);
/* The host of an authority: without userinfo and port, brackets kept. */
struct wire_text http1_authority_host(struct wire_text authority);

/* A chunked body, byte after byte. */
enum http1_chunk {
	HTTP1_CHUNK_SIZE,
	HTTP1_CHUNK_EXTENSION,
	HTTP1_CHUNK_SIZE_LF,
	HTTP1_CHUNK_DATA,
	HTTP1_CHUNK_DATA_CR,
	HTTP1_CHUNK_DATA_LF,
	HTTP1_CHUNK_LINE, /* the trailer: a line begins */
	HTTP1_CHUNK_IN_LINE,
	HTTP1_CHUNK_LINE_LF,
	HTTP1_CHUNK_END_LF,
	HTTP1_CHUNK_DONE,
};
struct http1_chunks {
	enum http1_chunk where;
	uint8_t digits;
	uint32_t line; /* bytes of extensions and trailers */
	uint64_t left;
};
/* Returns the bytes that were taken, or WIRE_BAD; chunks->where tells whether it is over. */
long http1_chunks(struct http1_chunks *chunks, const uint8_t *bytes, size_t len);

#endif
