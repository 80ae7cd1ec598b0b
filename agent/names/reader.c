/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to a protocol, and from there to its names. Called by names/readings.c.
 */
#include "names/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bigend.h"

#define SKIP_MAX (1U << 30) /* of a body at once: numbers of TCP turn at twice that */

void reader_begin_tcp(struct reader *r, uint32_t number, bool is_dns, bool again)
{
	*r = (struct reader){ .kind = is_dns  ? READER_DNS
				      : again ? READER_TLS
					      : READER_NEW,
			      .fresh = true,
			      .again = again };
	stream_begin(&r->stream, number, HTTP1_HEAD_MAX);
}

int reader_begin_quic(struct reader *r)
{
	struct quic *quic = malloc(sizeof(*quic));

	if (!quic)
		return -ENOMEM;
	quic_begin(quic);
	*r = (struct reader){
		.kind = READER_QUIC, .proto = SEK_NAME_PROTO_QUIC, .fresh = true, .quic = quic
	};
	return 0;
}

void reader_end(struct reader *r)
{
	stream_end(&r->stream);
	if (r->http2)
		http2_end(r->http2);
	free(r->http2);
	if (r->quic)
		quic_end(r->quic);
	free(r->quic);
	*r = (struct reader){ .kind = READER_OUT };
}

size_t reader_bytes(const struct reader *r)
{
	return r->stream.cap + (r->http2 ? sizeof(*r->http2) + 65536 : 0) +
	       (r->quic ? quic_bytes(r->quic) : 0);
}

enum stream_said reader_segment(struct reader *r, uint32_t number, const uint8_t *bytes, uint32_t len)
{
	return stream_push(&r->stream, number, bytes, len);
}

static enum reader_said said(enum wire_read read)
{
	return read == WIRE_DONE   ? READER_NAME
	       : read == WIRE_MORE ? READER_MORE
	       : read == WIRE_BAD  ? READER_BAD
				   : READER_LOST;
}

/* --- TLS and QUIC --- */

static enum reader_said hello_said(struct reader *r, enum wire_read read, const struct hello *hello,
				   struct reader_name *name)
{
	if (read != WIRE_DONE)
		return said(read);
	r->fresh = false;
	name->proto = r->proto;
	name->host = hello->name;
	name->hides = hello->hides;
	return READER_NAME;
}

#define RECORD_HEAD 5
#define RECORD_HANDSHAKE 22
#define HANDSHAKE_HELLO 1
#define RECORD_CIPHERED_MAX 16640 /* RFC 8446, 5.2 */

/*
 * Behind a ClientHello: a record in front of a second one, which its server passes over. Early data, whose
 * server has asked for another ClientHello (4.2.10), change_cipher_spec, warnings. Its bytes; 0: none.
 */
static uint32_t record_between(const uint8_t *bytes, size_t len)
{
	uint32_t size;

	if (len < RECORD_HEAD || bytes[0] == RECORD_HANDSHAKE || bytes[0] < 20 || bytes[0] > 24 ||
	    bytes[1] != 3)
		return 0;
	size = (uint32_t)bytes[3] << 8 | bytes[4];
	return size && size <= RECORD_CIPHERED_MAX ? RECORD_HEAD + size : 0;
}

static void between_skip(struct reader *r)
{
	const uint8_t *bytes;
	uint32_t between;
	size_t len;

	do {
		bytes = stream_rest(&r->stream, &len);
		between = record_between(bytes, len);
		if (between)
			stream_skip(&r->stream, between);
	} while (between);
}

static enum reader_said tls_next(struct reader *r, struct reader_room *room, struct reader_name *name)
{
	struct hello hello = {};
	enum reader_said said;
	const uint8_t *bytes;
	size_t len, used = 0;

	r->proto = SEK_NAME_PROTO_TLS;
	if (r->again)
		between_skip(r);
	bytes = stream_rest(&r->stream, &len);
	if (r->again && len <= RECORD_HEAD)
		return READER_MORE;
	/* Another message: its server has not asked for a second ClientHello. */
	if (r->again && bytes[0] == RECORD_HANDSHAKE && bytes[RECORD_HEAD] != HANDSHAKE_HELLO) {
		r->kind = READER_OUT;
		return READER_END;
	}
	said = hello_said(r, hello_records(bytes, len, &room->hello, &hello, &used), &hello, name);
	if (said != READER_NAME)
		return said;
	/* On to the next one, from where its records end. */
	stream_skip(&r->stream, (uint32_t)used);
	r->kind = READER_TLS;
	r->again = true;
	return READER_NAME;
}

static enum reader_said quic_said(struct reader *r, enum wire_read read, const struct hello *hello,
				  struct reader_name *name)
{
	name->version = r->quic->version;
	return hello_said(r, read, hello, name);
}

static enum reader_said quic_name_next(struct reader *r, struct reader_name *name)
{
	struct hello hello = {};

	return quic_said(r, quic_next(r->quic, &hello), &hello, name);
}

enum reader_said reader_datagram(struct reader *r, const uint8_t *bytes, uint32_t len,
				 struct reader_name *ret_name)
{
	struct reader_name name = {};
	struct hello hello = {};
	enum wire_read read;
	enum reader_said said;

	if (r->kind != READER_QUIC)
		return READER_END;
	read = quic_datagram(r->quic, bytes, len, &hello);
	said = quic_said(r, read, &hello, &name);
	if (said == READER_NAME)
		*ret_name = name;
	/* Not one Initial in it, nor before: no QUIC that begins here. */
	if (said == READER_MORE && !r->quic->opened && !r->quic->unopened)
		return READER_END;
	return said;
}

/* --- DNS over TCP --- */

/* One question each (RFC 9619); one that asks nothing (RFC 8490, 7873) has no name. */
static enum reader_said question_read(struct reader_room *room, struct reader_name *name)
{
	struct dns_reader dns;
	struct dns_item item;

	if (dns_begin(&dns, (const uint8_t *)name->message.text, name->message.len) != WIRE_DONE ||
	    dns_is_answer(&dns) || dns.cnt[DNS_QUESTION] > 1)
		return READER_BAD;
	if (!dns.cnt[DNS_QUESTION])
		return READER_NAME;
	if (dns_next(&dns, &item) != WIRE_DONE)
		return READER_BAD;
	memcpy(room->question, item.name, sizeof(room->question));
	name->host = (struct wire_text){ room->question, strlen(room->question) };
	return READER_NAME;
}

static enum reader_said dns_tcp_next(struct reader *r, struct reader_room *room,
				     struct reader_name *name)
{
	const uint8_t *bytes;
	size_t len, size;

	bytes = stream_rest(&r->stream, &len);
	if (len < 2)
		return READER_MORE;
	size = be16(bytes);
	if (len < 2 + size)
		return 2 + size > r->stream.max ? READER_LOST : READER_MORE;
	r->fresh = false;
	r->proto = name->proto = SEK_NAME_PROTO_DNS;
	name->message = (struct wire_text){ (const char *)bytes + 2, size };
	stream_skip(&r->stream, (uint32_t)(2 + size));
	return question_read(room, name);
}

/* --- HTTP --- */

static bool same_host(struct wire_text a, struct wire_text b)
{
	return a.len == b.len && (!a.len || strncasecmp(a.text, b.text, a.len) == 0);
}

/* Servers ignore Host where the target names one, or do not; so both are asked for. */
static void hosts_find(const struct http1_head *head, struct reader_name *name)
{
	struct wire_text field = http1_authority_host(head->host);

	name->host = http1_target_host(head);
	if (!name->host.len)
		name->host = field;
	else if (!same_host(name->host, field))
		name->other = field;
}

static void body_begin(struct reader *r, const struct http1_head *head)
{
	r->anew = head->connect || head->upgrade;
	r->body = head->body;
	r->chunks = (struct http1_chunks){};
	r->kind = head->chunked ? READER_CHUNKS : READER_BODY;
}

static enum reader_said request_next(struct reader *r, struct reader_name *name)
{
	struct http1_head head;
	const uint8_t *bytes;
	size_t len;
	long used;

	bytes = stream_rest(&r->stream, &len);
	used = http1_head(bytes, len, &head);
	if (used <= 0)
		return said((enum wire_read)used);
	r->fresh = false;
	stream_skip(&r->stream, (uint32_t)used);
	r->proto = name->proto = SEK_NAME_PROTO_HTTP;
	name->method = head.method;
	name->target = head.target;
	name->connect = head.connect;
	hosts_find(&head, name);
	body_begin(r, &head);
	return READER_NAME;
}

/* A body of known length is passed over, come or to come. */
static enum reader_said body_next(struct reader *r)
{
	uint32_t skip = r->body < SKIP_MAX ? (uint32_t)r->body : SKIP_MAX;
	size_t len;

	stream_rest(&r->stream, &len);
	if (r->body && !r->stream.end && !r->stream.at && r->body >= SKIP_MAX && !len)
		return READER_MORE; /* as far ahead as can be told */
	stream_skip(&r->stream, skip);
	r->body -= skip;
	if (!r->body)
		r->kind = r->anew ? READER_NEW : READER_HTTP1;
	return READER_MORE;
}

static enum reader_said chunks_next(struct reader *r)
{
	const uint8_t *bytes;
	size_t len;
	long used;

	bytes = stream_rest(&r->stream, &len);
	used = http1_chunks(&r->chunks, bytes, len);
	if (used < 0)
		return READER_BAD;
	stream_skip(&r->stream, (uint32_t)used);
	if (r->chunks.where == HTTP1_CHUNK_DONE)
		r->kind = r->anew ? READER_NEW : READER_HTTP1;
	return READER_MORE;
}

static enum reader_said http2_open(struct reader *r)
{
	r->http2 = malloc(sizeof(*r->http2));
	if (!r->http2)
		return READER_LOST;
	if (http2_begin(r->http2)) {
		free(r->http2);
		r->http2 = NULL;
		return READER_LOST;
	}
	stream_skip(&r->stream, HTTP2_PREFACE_LEN);
	r->kind = READER_HTTP2;
	return READER_MORE;
}

static enum reader_said http2_next(struct reader *r, struct reader_name *name)
{
	struct http2 *h = r->http2;
	enum wire_read read;
	const uint8_t *bytes;
	size_t len, used = 0;

	bytes = stream_rest(&r->stream, &len);
	read = http2_take(h, bytes, len, &used);
	stream_skip(&r->stream, (uint32_t)used);
	if (read != WIRE_DONE)
		return said(read);
	r->fresh = false;
	if (!h->method_len)
		return READER_MORE; /* trailers */
	r->proto = name->proto = SEK_NAME_PROTO_HTTP;
	name->method = (struct wire_text){ h->method, h->method_len };
	name->target = (struct wire_text){ h->path, h->path_len };
	name->host = http1_authority_host((struct wire_text){ h->authority, h->authority_len });
	name->other = http1_authority_host((struct wire_text){ h->host, h->host_len });
	name->connect = h->method_len == 7 && !memcmp(h->method, "CONNECT", 7);
	if (!name->host.len || same_host(name->host, name->other)) {
		name->host = name->host.len ? name->host : name->other;
		name->other.len = 0;
	}
	return READER_NAME;
}

/* --- what it is --- */

static enum reader_said kind_find(struct reader *r)
{
	const uint8_t *bytes;
	size_t len;

	bytes = stream_rest(&r->stream, &len);
	if (!len)
		return READER_MORE;
	if (bytes[0] == 0x16) {
		r->kind = READER_TLS;
		return READER_MORE;
	}
	switch (http1_first(bytes, len)) {
	case HTTP1_REQUEST:
		r->kind = READER_HTTP1;
		return READER_MORE;
	case HTTP1_PREFACE:
		return http2_open(r);
	case HTTP1_SHORT:
		return READER_MORE;
	default:
		r->kind = READER_OUT;
		return READER_END;
	}
}

static enum reader_said kind_next(struct reader *r, struct reader_room *room, struct reader_name *name)
{
	switch (r->kind) {
	case READER_NEW:
		return kind_find(r);
	case READER_TLS:
		return tls_next(r, room, name);
	case READER_DNS:
		return dns_tcp_next(r, room, name);
	case READER_HTTP1:
		return request_next(r, name);
	case READER_BODY:
		return body_next(r);
	case READER_CHUNKS:
		return chunks_next(r);
	case READER_HTTP2:
		return http2_next(r, name);
	case READER_QUIC:
		return quic_name_next(r, name);
	default:
		return READER_END;
	}
}

enum reader_said reader_next(struct reader *r, struct reader_room *room, struct reader_name *ret_name)
{
	struct reader_name name = {};
	enum reader_said said;
	enum reader_kind kind;
	uint32_t next;

	/* As long as it gets on: a change of kind, or bytes that are read. */
	do {
		kind = r->kind;
		next = stream_next(&r->stream);
		said = kind_next(r, room, &name);
	} while (said == READER_MORE && (kind != r->kind || next != stream_next(&r->stream)));
	if (said == READER_NAME)
		*ret_name = name;
	return said;
}
