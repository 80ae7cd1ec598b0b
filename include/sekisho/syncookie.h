/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SYN cookies: the secrets they are made with, and what a cookie says. Secrets are written by
 * policy/install and outlive the program, so that an upgrade costs no client its connection.
 */
#ifndef SEKISHO_SYNCOOKIE_H
#define SEKISHO_SYNCOOKIE_H

#include "sekisho/base.h"

/*
 * sek_cookie[0] and [1]: the secret in force and the one before. Of a cookie's period, the newer one
 * that was in force when it began. since_ns lies ahead when it is written, so nobody reads half.
 */
struct sek_cookie {
	__u64 key[2];
	__u64 since_ns; /* of the clock that never jumps */
};
SEK_LAYOUT(struct sek_cookie, 24);

#define SEK_COOKIE_PERIOD_SHIFT 36 /* 69 s: a cookie is good in its period and the next */

/*
 * A cookie is the sequence number of the SYN-ACK:
 *   mac 23 | period & 1 | size 3 | SACK 1 | window scale 4 (15: none)
 * The mac is of SipHash-2-4 over struct sek_cookie_text with the low nine bits in it.
 */
#define SEK_COOKIE_MAC 0xfffffe00U
#define SEK_COOKIE_PERIOD 0x100
#define SEK_COOKIE_TERMS 0xff
#define SEK_COOKIE_MSS_SHIFT 5
#define SEK_COOKIE_SACK 0x10
#define SEK_COOKIE_SCALE 0x0f

struct sek_cookie_text {
	struct sek_addr client, server;
	__be16 client_port, server_port;
	__u32 isn; /* the client's, host byte order */
	__u32 period;
	__u16 low; /* the cookie's low nine bits */
	__u16 tenant;
};
SEK_LAYOUT(struct sek_cookie_text, 48);

#endif
