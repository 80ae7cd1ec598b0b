/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What answers_test.c asks of answers.h, and what it is told.
 */
#ifndef TESTS_BPF_ANSWERS_ASK_H
#define TESTS_BPF_ANSWERS_ASK_H

#include "sekisho/base.h"

struct answers_ask {
	/* of a question */
	struct sek_addr ip6;
	__be32 ip4;
	__u32 ttl_s;
	__u16 name_len;
	__u8 has, how;
	__u32 on; /* in place of an answer */

	/* of a reset */
	__u32 acked_known, acked;

	/* of both */
	__u16 port, peer, port_flags;

	/* told */
	__be16 tag_type, tag_tci; /* of the tag beside the frame that left */
	__u32 verdict, reason;
	__u16 ip_len, payload_len; /* of what goes on */
};

#endif
