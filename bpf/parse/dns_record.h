/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records of a DNS message, one behind the other (RFC 1035, 4.1.3). Called by rewrite/strip_ech.h and
 * stage/name_leads.h, and written by rewrite/answer_dns.h.
 */
#ifndef BPF_PARSE_DNS_RECORD_H
#define BPF_PARSE_DNS_RECORD_H

#include "parse/name_dns.h"

#define DNS_LABELS_MAX 128 /* of any name */
#define DNS_RECORDS 40 /* of a message that are looked at */
#define DNS_POINTER 0xc0 /* of a length byte: the name goes on elsewhere */

#define DNS_A 1
#define DNS_CNAME 5
#define DNS_AAAA 28
#define DNS_OPT 41
#define DNS_SVCB 64 /* RFC 9460 */
#define DNS_HTTPS 65

/* A record whose name is the question's, its data behind it. */
struct dns_record {
	__be16 name, type, class;
	__be32 ttl;
	__be16 len;
} __attribute__((packed));
SEK_LAYOUT(struct dns_record, 12);

/* Behind the name at off; 0: it does not end within the message. */
__noinline __u32 dns_behind_name(struct frame_ctx *ctx, __u32 off, __u32 end)
{
	for (__u32 i = 0; i < DNS_LABELS_MAX; i++) {
		const __u8 *len = frame_at(ctx, off, 1);

		if (!len || off >= end)
			return 0;
		if (!*len)
			return off + 1;
		if (*len >= DNS_POINTER)
			return off + 2;
		off += *len + 1;
	}
	return 0;
}

/* Where a record's data is; it is not understood: data is 0. */
struct dns_data {
	__u32 data, end; /* offsets in the frame */
	__be16 type;
};

/* The record at off of a message that ends at end: any name in front, not that of struct dns_record alone. */
static __always_inline struct dns_data dns_record_at(struct frame_ctx *ctx, __u32 off, __u32 end)
{
	const struct dns_record *record = NULL;
	struct dns_data none = {}, found;

	off = dns_behind_name(ctx, off, end);
	if (off > sizeof(record->name))
		record = frame_at(ctx, off - sizeof(record->name), sizeof(*record));
	if (!record)
		return none;
	found.data = off + sizeof(*record) - sizeof(record->name);
	found.end = found.data + bpf_ntohs(record->len);
	found.type = record->type;
	return found.end > end ? none : found;
}

/* Where the first record of the message at off begins, behind a question or none; 0: it is not understood. */
static __always_inline __u32 dns_records_at(struct frame_ctx *ctx, const struct dns_head *head,
					    __u32 off, __u32 end)
{
	off += sizeof(*head);
	if (!head->cnt[0])
		return off;
	off = dns_behind_name(ctx, off, end);
	return off ? off + DNS_FIXED : 0;
}

#endif
