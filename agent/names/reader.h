/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one flow asks for: its opener's bytes in, names out, whatever protocol they are of. Pure; who
 * decides about the names is asked between them.
 */
#ifndef AGENT_NAMES_READER_H
#define AGENT_NAMES_READER_H

#include "sekisho/flow.h"
#include "wire/dns.h"
#include "wire/hello.h"
#include "wire/http1.h"
#include "wire/http2.h"
#include "wire/quic.h"
#include "wire/stream.h"

enum reader_kind {
	READER_NEW, /* what comes next will tell */
	READER_TLS,
	READER_DNS, /* over TCP */
	READER_HTTP1, /* a request is next */
	READER_BODY, /* bytes of a request that are not read */
	READER_CHUNKS,
	READER_HTTP2,
	READER_QUIC, /* Initials, of as many connections as come */
	READER_OUT, /* nothing that follows is read */
};

struct reader {
	enum reader_kind kind;
	enum sek_name_proto proto; /* of what was read last */
	bool anew; /* behind this request may come another protocol */
	bool fresh; /* nothing was read yet */
	bool again; /* TLS: a ClientHello was read before, and another one need not come */
	uint64_t body; /* READER_BODY: bytes left */
	struct http1_chunks chunks;
	struct stream stream;
	struct http2 *http2;
	struct quic *quic;
};

/* Room that all readers of a thread share. */
struct reader_room {
	struct hello_room hello;
	char question[DNS_NAME_TEXT];
};

enum reader_said {
	READER_BAD = -2, /* an error of its protocol */
	READER_LOST = -1, /* more than is held, or pieces that are missing: it cannot be read on */
	READER_MORE = 0,
	READER_NAME = 1,
	READER_END = 2, /* nothing that follows is read; what was is all there is */
};

/* One name. Slices live until the next byte is given. */
struct reader_name {
	enum sek_name_proto proto;
	struct wire_text host; /* len 0: it has none */
	struct wire_text other; /* another host that the same request names; len 0: none */
	struct wire_text method, target;
	struct wire_text message; /* DNS: with head and all */
	bool connect;
	bool hides; /* TLS, QUIC: ech is there */
	uint32_t version; /* QUIC */
};

/* number: of the first byte that is to be read. again: behind a ClientHello. */
void reader_begin_tcp(struct reader *reader, uint32_t number, bool is_dns, bool again);
int reader_begin_quic(struct reader *reader); /* 0 or -ENOMEM */
void reader_end(struct reader *reader);

/* A segment. Anything but STREAM_TAKEN: it was not taken. */
enum stream_said reader_segment(struct reader *reader, uint32_t number, const uint8_t *bytes,
				uint32_t len);
/* What TCP's bytes say now, or the datagrams so far. After READER_NAME it is asked again. */
enum reader_said reader_next(struct reader *reader, struct reader_room *room,
			     struct reader_name *ret_name);
/* A datagram. After READER_NAME reader_next() is asked. READER_END: it is none of QUIC's. */
enum reader_said reader_datagram(struct reader *reader, const uint8_t *bytes, uint32_t len,
				 struct reader_name *ret_name);

/* Bytes that it holds. */
size_t reader_bytes(const struct reader *reader);

/* It stands between two requests or records, and can be forgotten: what comes next begins a new one. */
static inline bool reader_is_between(const struct reader *reader)
{
	return (reader->kind == READER_HTTP1 || (reader->kind == READER_TLS && reader->again)) &&
	       reader->stream.at == reader->stream.end && !stream_has_gap(&reader->stream);
}

#endif
