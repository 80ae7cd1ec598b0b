/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way to the block page for bodies behind a bridge, which has no addresses: a frame for the page leaves
 * by an interface of the gateway's own (SEK_PORT_PAGE) with a seat's address in place of its sender's, and
 * what the page answers to that address goes back to whom the seat belongs. Seats are given by the kernel
 * program, read by the agent to know whom it talks to.
 */
#ifndef SEKISHO_PAGE_H
#define SEKISHO_PAGE_H

#include "sekisho/base.h"
#include "sekisho/limits.h"

/* Of sek_out and sek_tx; no port of a policy has this number. */
#define SEK_PORT_PAGE 0

/* Tenant t has sek_page_seat[t * SEK_PAGE_SEATS] and what follows: none takes another's. */
#define SEK_PAGE_SEATS 1024
#define SEK_PAGE_WAYS 4                 /* places that a client may have */
#define SEK_PAGE_IDLE_NS 10000000000ULL /* a seat that nobody used for so long may be given away */

/*
 * Seat n is 240.83.0.0 + n, in the class that nobody has (RFC 1112, 4), and 64:ff9b:1:5ec::n, in the prefix
 * for translations of one's own (RFC 8215). Neither is seen on any wire.
 */
#define SEK_PAGE_SEAT4 0xf0530000U
#define SEK_PAGE_SEAT4_LEN 16
#define SEK_PAGE_SEAT6_0 0x0064ff9bU
#define SEK_PAGE_SEAT6_1 0x000105ecU
#define SEK_PAGE_SEAT6_LEN 112

/* Link addresses of the interface's two ends: the host's, and the one that frames go in by. */
#define SEK_PAGE_MAC                                                                               \
	{                                                                                          \
		0x02, 0x5e, 0xc1, 0x50, 0x00, 0x01                                                 \
	}
#define SEK_PAGE_MAC_FAR                                                                           \
	{                                                                                          \
		0x02, 0x5e, 0xc1, 0x50, 0x00, 0x02                                                 \
	}

/* used_ns is taken first, by one who compares it; the rest is whole when the first frame leaves. */
struct sek_page_seat {
	struct sek_addr client;
	__u64 used_ns;           /* of the clock that never jumps; 0: nobody's */
	__u16 port, vlan, outer; /* where the client is */
	__u16 pad;
	__u8 client_mac[6];
	__u8 router_mac[6]; /* that the client sent to, and is answered from */
	__u32 pad2;
};
SEK_LAYOUT(struct sek_page_seat, 48);

#endif
