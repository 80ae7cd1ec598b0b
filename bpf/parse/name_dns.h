/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The question of a DNS message over UDP (RFC 1035, 4.1.2). Called by stage/name_dns.h, which needs a
 * name of plain labels whose length bytes cannot be taken for letters, and by stage/name_long.h, which
 * takes every other one. Whatever kind of message it is, what its question names is what it is about.
 */
#ifndef BPF_PARSE_NAME_DNS_H
#define BPF_PARSE_NAME_DNS_H

#include "parse/words.h"
#include "sekisho/name.h"

#define DNS_LABELS 40 /* that are walked over; ip6.arpa has 34 */
#define DNS_NAME_MAX 255 /* RFC 1035, 2.3.4: with length bytes */
#define DNS_FIXED 4 /* of a question, behind its name: type and class */

#define DNS_QR 0x80 /* first byte of flags */
#define DNS_OPCODE 0x78

struct dns_head {
	__be16 id;
	__u8 flags[2];
	__be16 cnt[4]; /* questions, answers, authorities, additional */
} __attribute__((packed));
SEK_LAYOUT(struct dns_head, 12);

/*
 * What the head says of a question: NAME_FOUND, there is one; NAME_NONE: none is asked (RFC 7873, 5.4);
 * NAME_BAD: several are, which nobody answers (RFC 9619).
 */
static __always_inline enum word_found name_dns_head(const struct dns_head *dns)
{
	if (!dns->cnt[0])
		return NAME_NONE;
	return dns->cnt[0] == bpf_htons(1) ? NAME_FOUND : NAME_BAD;
}

/*
 * payload: offset of the message, len: its bytes. Extra is the number of labels. A length byte of 0x2d
 * and more is a pointer, or reads like a letter where words are looked at.
 */
__noinline __u64 name_dns_find(struct frame_ctx *ctx, __u32 payload, __u32 len)
{
	const struct dns_head *dns = frame_at(ctx, payload, sizeof(*dns));
	__u32 off = payload + sizeof(*dns), end = payload + len, name, i;

	if (len < sizeof(*dns))
		return NAME_BAD;
	if (!dns)
		return NAME_AGENT;
	if (name_dns_head(dns) != NAME_FOUND)
		return name_dns_head(dns);
	name = off;
	for (i = 0; i < DNS_LABELS; i++) {
		const __u8 *label;

		if (off >= end)
			return NAME_BAD;
		label = word_at(ctx, off, 1);
		if (!label || *label >= '-')
			return NAME_AGENT;
		if (!*label)
			break;
		off += *label + 1;
	}
	if (i == DNS_LABELS)
		return NAME_AGENT;
	name = off - name;
	if (off + 1 + DNS_FIXED > end || name + 1 > DNS_NAME_MAX)
		return NAME_BAD;
	return name ? name_found(off - name + 1, name - 1, i) : NAME_NONE;
}

#endif
