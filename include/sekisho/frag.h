/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Datagrams in pieces. sek_frag is cut into equal parts, one a tenant, so a body's fragments can
 * only ever displace its own. Index: (tenant * SEK_FRAG_SETS + set).
 */
#ifndef SEKISHO_FRAG_H
#define SEKISHO_FRAG_H

#include "sekisho/base.h"
#include "sekisho/limits.h"
#include <linux/bpf.h>

#define SEK_FRAG_RANGES 16

struct sek_frag {
	struct sek_addr src, dst;
	__u32 id;     /* IPv4: 16 bits and the protocol above; IPv6: 32 bits */
	__u8 verdict; /* 0: first not seen; else enum sek_verdict of the first */
	__u8 reason;
	__u8 dir;            /* enum sek_dir of the first */
	__u8 flags;          /* SEK_FRAG_* */
	__u64 until_ns;      /* the entry is free after this */
	__be16 sport, dport; /* of the first */
	__u16 end;           /* of the datagram in units of 8, once the last is seen; else 0 */
	__u16 unit;          /* size of all pieces but the last, in units of 8; 0: none seen */
	__u16 range[SEK_FRAG_RANGES][2]; /* covered, [from, to) in units of 8; to 0: none */
	__u32 number;                    /* SEK_FRAG_INSPECT: of the entry of the first's flow */
	__u32 pad;
};
#define SEK_FRAG_INSPECT 0x01 /* the first went to be inspected: so do the others */
#define SEK_FRAG_REPLY 0x02   /* it went against the direction in which its flow was opened */
#define SEK_FRAG_UNSEEN 0x04  /* of those before the first, one passed that no worker has seen */

struct sek_frag_set {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct sek_frag way[SEK_FRAG_WAYS];
};

#endif
