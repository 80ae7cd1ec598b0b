/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker remembers of flows: those that the kernel took back, and frames that wait for the verdict
 * of a file (file/waits.h): copies, so that no buffer of a ring waits with them; bounded by worker and by
 * body. A frame for which there is no room is dropped, never sent on: its sender sends it again. Of one
 * thread.
 */
#ifndef AGENT_INLINE_HOLD_H
#define AGENT_INLINE_HOLD_H

#include "inspect/inspector.h"
#include "sekisho/handoff.h"

struct hold;

struct hold_parts {
	uint64_t max, tenant_max; /* bytes */
	/* A frame whose turn has come; over: nothing of its flow is looked at any more. */
	void (*send)(void *arg, const uint8_t *bytes, uint32_t len, const struct sek_note *note,
		     bool over);
	/* The flow falls, and what was held of it; resets: its ends are told. */
	void (*block)(void *arg, const struct sek_note *note, bool resets);
	void *arg;
};

struct hold_tally {
	uint64_t held; /* frames ever */
	uint64_t full; /* frames that found no room */
	uint64_t frames, bytes; /* now */
	uint64_t most; /* bytes at once */
};

/* NULL: no memory. */
struct hold *hold_new(const struct hold_parts *parts);
/* Flows must have been let go: hold_review() with ends. */
void hold_free(struct hold *hold);

/* Whether the frame waits, or waited and is gone; else it is the caller's to send. */
bool hold_takes(struct hold *hold, const struct inspect_verdict *verdict,
		const struct sek_note *note, const uint8_t *bytes, uint32_t len);
/* What may go of the flow goes; of one that is to fall, nothing. ends: all that is left may. */
void hold_review(struct hold *hold, struct flow *flow, bool ends);
/*
 * The kernel has, or is to have, the flow of this frame back: it is remembered until it ends, since other
 * rules may want it again.
 */
void hold_back(struct hold *hold, struct flow *flow, const struct sek_note *note);
/* Calls with each flow that was remembered so, and a frame's note of it; that flow may end meanwhile. */
void hold_recall(struct hold *hold,
		 void (*call)(void *arg, struct flow *flow, const struct sek_note *note), void *arg);
struct hold_tally hold_tally(const struct hold *hold);

#endif
