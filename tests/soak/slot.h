/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a storm's packets are numbered, as both compilers see it: the source's Ethernet address is
 * 02:5e and the number. Bridges pass it untouched, whatever the packet is above it.
 * Included by the sinks' program and by the tools of tests/soak.
 */
#ifndef TESTS_SOAK_SLOT_H
#define TESTS_SOAK_SLOT_H

#include <linux/types.h>

#define SOAK_MARK 0x5e /* second byte of a numbered packet's source address */
#define SOAK_FLOOD 0x5f /* of a flood's packet, which has no number */
#define SOAK_SLOTS (1 << 20) /* a number's slot is used again after so many packets */

/* Both ends: the bodies' and the Internet's. */
enum soak_side { SOAK_LAN = 0, SOAK_WAN = 1 };

struct soak_slot {
	__u32 number;
	__u16 len; /* of the frame */
	__u8 to; /* enum soak_side */
	__u8 seen;
};

/* What a side's sink met, by side. */
struct soak_sum {
	__u64 numbered; /* as sent, at the right side */
	__u64 strays; /* numbered, and on the wrong side, of another length or of no slot */
	__u64 flood;
	__u64 others;
};

#endif
