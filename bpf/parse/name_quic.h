/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where in a datagram an Initial of QUIC may be (RFC 9000, 12.2 and 17.2; RFC 9369, 3.2): packets with
 * long headers can share a datagram, one behind the other. Called by stage/name_quic.h and, for the
 * first bytes alone, by stage/name.h. Reads across buffers, with calls: only few packets of a flow have
 * such a header.
 */
#ifndef BPF_PARSE_NAME_QUIC_H
#define BPF_PARSE_NAME_QUIC_H

#include "parse/words.h"

#include <bpf/bpf_endian.h>

#define NAME_PORT_QUIC 443
#define QUIC_HEAD 5 /* first byte and version */
#define QUIC_LONG 0x80
#define QUIC_FIXED                                                                                 \
	0x40 /* of the versions below, and left out by some of their clients (RFC 9287) */
#define QUIC_TYPE 0x30
#define QUIC_V1 0x00000001
#define QUIC_V2 0x6b3343cf
#define QUIC_RETRY 3 /* has no length */
#define QUIC_ID_MAX 20
#define QUIC_PACKETS 4 /* of a datagram: there are three kinds that may stand in front of another */

struct quic_head {
	__u8 first;
	__be32 version;
	__u8 id_len;
} __attribute__((packed));

static __always_inline bool quic_is_known(__u32 version)
{
	return version == QUIC_V1 || version == QUIC_V2;
}

/* Its type, as version 1 numbers them: 0 is an Initial. */
static __always_inline __u32 quic_type(__u8 first, __u32 version)
{
	return ((first & QUIC_TYPE) / 0x10 - (version == QUIC_V2)) & 3;
}

/* It begins with a long header of a version that can be read, or of any on the port where QUIC is. */
static __always_inline bool quic_begins(struct frame_ctx *ctx, const struct packet *p)
{
	const __u8 *first = frame_at(ctx, p->payload, 1);
	struct quic_head head;

	if (first && !(*first & QUIC_LONG))
		return false; /* most packets, without a call */
	if (p->payload_len < QUIC_HEAD || frame_load(ctx, p->payload, &head, QUIC_HEAD) ||
	    !(head.first & QUIC_LONG))
		return false;
	return quic_is_known(bpf_ntohl(head.version)) ||
	       (head.first & QUIC_FIXED && p->dport == bpf_htons(NAME_PORT_QUIC));
}

/*
 * Bytes of the packet at off, neither Initial nor Retry, with what it has in front of its length; 0:
 * broken.
 */
static __always_inline __u32 quic_packet_len(struct frame_ctx *ctx, __u32 off, __u32 id_len)
{
	__u32 at = off + sizeof(struct quic_head) + id_len;
	__u8 source_len, first, rest[3] = {};

	if (frame_load(ctx, at, &source_len, sizeof(source_len)))
		return 0;
	at += 1 + source_len;
	if (frame_load(ctx, at, &first, sizeof(first)))
		return 0;
	at += 1;
	switch (first >> 6) { /* RFC 9000, 16 */
	case 0:
		return at + first - off;
	case 1:
		if (frame_load(ctx, at, rest, 1))
			return 0;
		return at + 1 + ((first & 0x3f) << 8 | rest[0]) - off;
	case 2:
		if (frame_load(ctx, at, rest, 3))
			return 0;
		return at + 3 + (rest[0] << 16 | rest[1] << 8 | rest[2]) - off;
	default:
		return 0;
	}
}

/*
 * Of the datagram in the len bytes at off. NAME_FOUND: it begins with an Initial, whose destination id
 * is there; NAME_NONE: there is none in it; NAME_AGENT: there may be one, but not in front; NAME_BAD:
 * the version is none that is known here.
 */
__noinline __u64 name_quic_find(struct frame_ctx *ctx, __u32 off, __u32 len)
{
	struct quic_head head;

	for (__u32 i = 0; i < QUIC_PACKETS; i++) {
		__u32 version, type, used;

		if (len < sizeof(head) || frame_load(ctx, off, &head, sizeof(head)) ||
		    !(head.first & QUIC_LONG))
			return NAME_NONE; /* what has a short one takes all that is left */
		version = bpf_ntohl(head.version);
		if (!quic_is_known(version))
			return i ? NAME_AGENT : NAME_BAD;
		type = quic_type(head.first, version);
		if (type == QUIC_RETRY)
			return NAME_NONE; /* no client's */
		if (!type && (i || head.id_len > QUIC_ID_MAX || sizeof(head) + head.id_len > len))
			return NAME_AGENT;
		if (!type)
			return name_found(off + sizeof(head), head.id_len, 0);
		used = quic_packet_len(ctx, off, head.id_len);
		if (!used || used >= len)
			return NAME_NONE;
		off += used;
		len -= used;
	}
	return NAME_AGENT;
}

/*
 * Of an answer: the id that its server will be called by, which its Initial tells. NAME_NONE: it is no
 * Initial.
 */
__noinline __u64 name_quic_server(struct frame_ctx *ctx, __u32 off)
{
	struct quic_head head;
	__u8 source_len;
	__u32 version;

	if (frame_load(ctx, off, &head, sizeof(head)) || !(head.first & QUIC_LONG))
		return NAME_NONE;
	version = bpf_ntohl(head.version);
	off += sizeof(head) + head.id_len;
	if (!quic_is_known(version) || quic_type(head.first, version) ||
	    frame_load(ctx, off, &source_len, sizeof(source_len)) || source_len > QUIC_ID_MAX)
		return NAME_NONE;
	return name_found(off + 1, source_len, 0);
}

#endif
