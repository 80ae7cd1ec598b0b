/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel takes a direction of a flow back where none of its frames is under way. A sender that a worker
 * is the bottleneck of keeps some under way for as long as it sends. So of such a flow the other direction is
 * called back and waits here for a moment: without acknowledgements the sender's window runs out, what is
 * under way leaves, the kernel takes over, and what waited goes on in its order. Of one thread.
 */
#ifndef AGENT_INLINE_BRAKE_H
#define AGENT_INLINE_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/handoff.h"

#define BRAKE_FLOWS 16 /* at once; others stay with the worker as long as they are many */
#define BRAKE_AFTER 512 /* frames of a direction that came though it was decided */
#define BRAKE_NS                                                                                   \
	100000000ull /* of waiting, at most: half of what a TCP waits before it sends again (RFC 6298) */
#define BRAKE_PAUSE_NS 1000000000ull /* before the same flow is braked again */
#define BRAKE_BYTES (1u << 20) /* that wait, of all flows */

struct brake;

/* What becomes of a frame that waited, as of any that passes. */
struct brake_frame {
	struct sek_note note;
	bool over, quiet;
	uint8_t why; /* enum sek_back_why */
	uint32_t len;
	const uint8_t *bytes;
};

struct brake_parts {
	/* Frames of the direction other than the note's are to come again. False: they will not. */
	bool (*recall)(void *arg, const struct sek_note *note);
	/* Has the kernel the note's direction, or is that flow over? */
	bool (*is_back)(void *arg, const struct sek_note *note);
	void (*send)(void *arg, const struct brake_frame *frame);
	void *arg;
};

/* NULL: no memory. */
struct brake *brake_new(const struct brake_parts *parts);
/* What still waits is sent. NULL is none. */
void brake_free(struct brake *brake);

/* A frame passed whose direction is decided. */
void brake_passed(struct brake *brake, const struct sek_note *note, uint64_t now_ns);
/* Whether the frame waits, of which a copy is kept; else it is the caller's to send. */
bool brake_takes(struct brake *brake, const struct brake_frame *frame);
/* What waits of the note's flow goes at once. */
void brake_let_go(struct brake *brake, const struct sek_note *note);
/* Behind each turn of the worker: what need not wait any more goes. */
void brake_turn(struct brake *brake, uint64_t now_ns);
/* Something waits, and a turn soon is wanted. */
bool brake_waits(const struct brake *brake);

#endif
