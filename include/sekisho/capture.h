/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Live capture: which frames are told whole, and what is told of each. The filter is written by the
 * agent while somebody captures; the frame is kept as it arrived, the verdict added at its end.
 */
#ifndef SEKISHO_CAPTURE_H
#define SEKISHO_CAPTURE_H

#include "sekisho/base.h"
#include "sekisho/limits.h"

#define SEK_CAPTURE_BYTES 16384 /* of a frame, at most; a value of each CPU holds them */

#define SEK_CAPTURE_TENANT 0x01 /* the fields that count */
#define SEK_CAPTURE_PROTO 0x02
#define SEK_CAPTURE_REASON 0x04

/* sek_capture[0]. The filter is written while until_ns is 0. */
struct sek_capture {
	__u64 until_ns; /* 0: off. A loan: the agent moves it on, so a dead agent's capture ends */
	__u64 reasons[SEK_REASONS_MAX / 64];
	__u32 session; /* told with each frame, so that those of the one before are known */
	__u32 snaplen; /* bytes of a frame, at most SEK_CAPTURE_BYTES */
	__u32 budget;  /* frames a second, each CPU */
	__u16 tenant;
	__be16 port;    /* of either end; 0: any */
	__u8 protos[2]; /* one of them */
	__u8 fields;    /* SEK_CAPTURE_* */
	__u8 pad[5];
	struct sek_addr addr[2], mask[2]; /* of both ends, either the source; a mask of 0: any */
};
SEK_LAYOUT(struct sek_capture, 8 + 16 + 16 + 8 + 64);

/* One record of the ring buffer sek_cap_ring: this, then len bytes of the frame. */
struct sek_captured {
	__u64 now_ns; /* when it came */
	__u32 wire_len;
	__u32 len;
	__u32 session;
	__u32 generation;
	__be16 tag_type; /* of a tag that stood beside the frame; 0: none */
	__be16 tag_tci;
	__u16 tenant;
	__u16 rule; /* SEK_NO_RULE: none decided */
	__u16 list; /* SEK_NO_LIST: none decided */
	__u16 port;
	__u8 verdict; /* enum sek_verdict */
	__u8 reason;  /* enum sek_reason */
	__u8 dir;     /* enum sek_dir */
	__u8 pad;
};
SEK_LAYOUT(struct sek_captured, 40);

/* sek_cap_room, per CPU: the frame that is on its way; head.len 0: none. sek_cap_stat: the account. */
struct sek_cap_room {
	struct sek_captured head;
	__u8 bytes[SEK_CAPTURE_BYTES];
};

#endif
