/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The server name of a TLS ClientHello (RFC 8446, 4.1.2; RFC 6066, 3), in one record at the start of a
 * segment. Called by stage/name_tls.h. Reads on up to the segment's end: a name in front of it is found
 * though the message goes on behind it. Of ECH this is the outer name.
 */
#ifndef BPF_PARSE_NAME_TLS_H
#define BPF_PARSE_NAME_TLS_H

#include "parse/words.h"
#include "sekisho/name.h"

#define TLS_HANDSHAKE 22
#define TLS_CLIENT_HELLO 1
#define TLS_EXTENSIONS 40 /* that are walked over; browsers send some 20 */
#define TLS_EXT_HEAD 4
#define TLS_SESSION_BYTES 32

/* Record, message, and what of the message has one place. */
struct tls_hello {
	__u8 type, major, minor;
	__u8 record[2];
	__u8 message, size[3];
	__u8 version[2], random[32];
	__u8 session;
} __attribute__((packed));
SEK_LAYOUT(struct tls_hello, 44);

struct tls_server_name {
	__u8 ext[2], ext_len[2];
	__u8 list_len[2];
	__u8 type, name_len[2];
} __attribute__((packed));
SEK_LAYOUT(struct tls_server_name, 9);

static __always_inline __u32 tls_get16(const __u8 *at)
{
	return (__u32)at[0] << 8 | at[1];
}

/* One ClientHello that fills its record: not in pieces, nothing behind it. */
static __always_inline bool tls_is_hello(const struct tls_hello *hello)
{
	__u32 size = (__u32)hello->size[0] << 16 | tls_get16(hello->size + 1);

	return hello->type == TLS_HANDSHAKE && hello->major == 3 &&
	       hello->message == TLS_CLIENT_HELLO && size + 4 == tls_get16(hello->record) &&
	       hello->session <= TLS_SESSION_BYTES;
}

/* Offset of the extensions' length, behind session, cipher suites and compressions; 0: not here. */
static __always_inline __u32 tls_extensions(struct frame_ctx *ctx, __u32 off, __u32 end)
{
	const __u8 *at = word_at(ctx, off, 2);

	if (!at)
		return 0;
	off += 2 + tls_get16(at);
	if (off >= end)
		return 0;
	at = word_at(ctx, off, 1);
	if (!at)
		return 0;
	off += 1 + *at;
	return off + 2 > end ? 0 : off;
}

/* The only name, a host's, of the extension at off. */
static __always_inline __u64 tls_server_name(struct frame_ctx *ctx, __u32 off, __u32 end)
{
	const struct tls_server_name *sni = word_at(ctx, off, sizeof(*sni));
	__u32 len;

	if (!sni)
		return NAME_AGENT;
	len = tls_get16(sni->name_len);
	if (sni->type || !len || len > SEK_NAME_BYTES || tls_get16(sni->list_len) != len + 3 ||
	    tls_get16(sni->ext_len) != len + 5 || off + sizeof(*sni) + len > end)
		return NAME_AGENT;
	return name_found(off + sizeof(*sni), len, 0);
}

/* payload: offset of the segment's bytes, len: how many. */
__noinline __u64 name_tls_find(struct frame_ctx *ctx, __u32 payload, __u32 len)
{
	const struct tls_hello *hello = frame_at(ctx, payload, sizeof(*hello));
	__u32 end = payload + len, off, last, i;
	const __u8 *at;

	if (end > FRAME_OFFSET_MAX)
		end = FRAME_OFFSET_MAX;
	if (len < sizeof(*hello) || !hello || !tls_is_hello(hello))
		return NAME_AGENT;
	last = payload + 5 + tls_get16(hello->record);
	off = tls_extensions(ctx, payload + sizeof(*hello) + hello->session, end);
	at = word_at(ctx, off, 2);
	if (!off || !at)
		return NAME_AGENT;
	off += 2;
	if (off + tls_get16(at) != last)
		return NAME_AGENT;
	if (end > last)
		end = last;
	for (i = 0; i < TLS_EXTENSIONS; i++) {
		__u32 head;

		if (off + TLS_EXT_HEAD > end) /* the rest is in the next segment, or nowhere */
			return off == last ? NAME_NONE : NAME_AGENT;
		at = word_at(ctx, off, TLS_EXT_HEAD);
		if (!at)
			return NAME_AGENT;
		head = bpf_ntohl(*(const __be32 *)at); /* type and length */
		if (!(head >> 16))
			return tls_server_name(ctx, off, end);
		off += TLS_EXT_HEAD + (__u16)head;
	}
	return NAME_AGENT;
}

#endif
