/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only way to bytes of a frame: an offset becomes a pointer after its bounds are proved.
 * Called by parse/, rewrite/ and the stages that look into payload. What lies beyond the frame's
 * first buffer, even after frame_reach(), is as good as absent (NULL).
 */
#ifndef BPF_PARSE_CURSOR_H
#define BPF_PARSE_CURSOR_H

#include <linux/if_ether.h>

#include "core/flavour.h"
#include "core/packet.h"

/* Link, tags, IPv6 header and a chain of extension headers; what begins beyond is no header. */
#define FRAME_OFFSET_MAX 0xfff

SEK_LAYOUT(struct ethhdr, ETH_HLEN);

#define TCI_VID 0x0fff

/* The len bytes at off, or NULL. Valid until a helper changes the frame. */
static __always_inline void *frame_at(const struct frame_ctx *ctx, __u32 off, __u32 len)
{
	void *data = frame_data(ctx);
	void *end = frame_end(ctx);

	if (off > FRAME_OFFSET_MAX)
		return NULL;
	barrier_var(off);
	off &= FRAME_OFFSET_MAX;
	data += off;
	return data + len > end ? NULL : data;
}

/*
 * Whether the frame goes on up to end. All buffers are counted, which is a call, only when the first
 * does not reach so far; what trails an IP packet beyond the first buffer is in no count of bytes.
 */
static __always_inline bool frame_holds(struct frame_ctx *ctx, struct packet *p, __u32 end)
{
	if (end <= p->frame_len)
		return true;
	p->frame_len = frame_len(ctx);
	return end <= p->frame_len;
}

#endif
