/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP on the wire (RFC 792, RFC 4443): linux/icmp.h would bring libc's sockets with it. Used by
 * parse/transport.h to read and by rewrite/answer.h to write.
 */
#ifndef BPF_PARSE_ICMP_H
#define BPF_PARSE_ICMP_H

#include "core/bpf.h"

enum icmp_type {
	ICMP_ECHOREPLY = 0,
	ICMP_DEST_UNREACH = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETERPROB = 12,
	ICMP_TIMESTAMP = 13, /* this and the next five ask and answer with an id, as echo does */
	ICMP_ADDRESSREPLY = 18,
};
#define ICMP_NET_UNREACH 0
#define ICMP_PROHIBITED 13 /* RFC 1812, 5.2.7.1 */

enum icmp6_type {
	ICMP6_DEST_UNREACH = 1,
	ICMP6_ECHO = 128, /* below: errors */
	ICMP6_ECHO_REPLY = 129,
	ICMP6_MLD_QUERY = 130,
	ICMP6_MLD_DONE = 132,
	ICMP6_ROUTER_SOLICIT = 133,
	ICMP6_ND_REDIRECT = 137,
	ICMP6_MLD2_REPORT = 143,
};
#define ICMP6_NO_ROUTE 0
#define ICMP6_PROHIBITED 1

struct icmp_head {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be16 id;
	__be16 rest;
};
SEK_LAYOUT(struct icmp_head, 8);

#endif
