/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resets that a worker sends itself, in place of a segment that a rule rejects: so both ends know at once,
 * not when one of them sends again. How frames of a flow leave is remembered from those that left. Of one
 * thread.
 */
#ifndef AGENT_INLINE_RESET_H
#define AGENT_INLINE_RESET_H

#include <stddef.h>
#include <stdint.h>

#include "inline/segment.h"
#include "sekisho/handoff.h"

#define RESET_FRAME_MAX (SEGMENT_LINK_MAX + 40 + 20)

struct resets;

struct reset_frame {
	uint8_t bytes[RESET_FRAME_MAX];
	uint32_t len;
	uint16_t out_port;
};

/* NULL: no memory. */
struct resets *resets_new(void);
void resets_free(struct resets *resets);

/* A frame of a flow that leaves; a piece whose flow is not known is none. */
void resets_keep(struct resets *resets, const struct sek_note *note, const uint8_t *frame,
		 uint32_t len);
/*
 * What both ends of a segment's connection are to be told in its place: to its receiver, as if its sender
 * did, and to its sender, where the other direction has been seen. Returns how many frames, 0 to 2; 0: no
 * TCP.
 */
size_t resets_make(const struct resets *resets, const struct sek_note *note, const uint8_t *frame,
		   uint32_t len, struct reset_frame ret_frames[2]);

#endif
