/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ends a TCP connection at both of its ends, from one segment of either. The frame becomes the reset
 * that goes on to the segment's receiver, as any packet goes; what goes back to its sender is made of
 * a copy. Called by the stage that refuses a name, and for each packet of a flow that was refused
 * (SEK_NAME_BLOCKED): a reset that its receiver challenges (RFC 5961, 3.2) is then followed by one
 * that is made of the challenge.
 * Promises SEK_BOTH, SEK_ANSWER (the sender alone is reset: the way on takes no copies) or SEK_DROP
 * (no reset may be sent). packet.reason is its caller's and stays.
 */
#ifndef BPF_REWRITE_RESET_BOTH_H
#define BPF_REWRITE_RESET_BOTH_H

#include "rewrite/segment.h"

/* acked: the highest number that p's receiver has acknowledged; p's own, if it is not known. */
__noinline enum sek_verdict reset_both(struct frame_ctx *ctx, struct packet *p, __u32 acked)
{
	return p ? answer_reset(ctx, p) : SEK_BUG;
}

#endif
