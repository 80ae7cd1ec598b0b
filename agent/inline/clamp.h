/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends of an inspected connection are told no larger segments than a worker can be handed: what is longer
 * than a buffer cannot be inspected.
 */
#ifndef AGENT_INLINE_CLAMP_H
#define AGENT_INLINE_CLAMP_H

#include <stdint.h>

#include "sekisho/handoff.h"

/* A SYN's maximum segment size becomes this, if it is larger. What is no SYN, or has none, stays as it is. */
void clamp_segment_size(uint8_t *frame, uint32_t len);

#endif
