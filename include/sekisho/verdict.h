/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a stage answers and how a packet ends.
 * A stage returns SEK_NEXT to go on; anything else is final and finish() carries it out.
 */
#ifndef SEKISHO_VERDICT_H
#define SEKISHO_VERDICT_H

#include "sekisho/base.h"

enum sek_verdict {
	SEK_NEXT = 0,      /* this stage has no objection */
	SEK_FORWARD = 1,   /* out by packet.out_port (devmap redirect) */
	SEK_STACK = 2,     /* up to the kernel's own stack, unmodified */
	SEK_DROP = 3,      /* end, counted under its reason */
	SEK_ANSWER = 4,    /* the frame was rewritten to an answer; back out where it came from */
	SEK_BUG = 5,       /* our own mistake: XDP_ABORTED */
	SEK_BOTH = 6,      /* a reset, on by packet.out_port and back out where it came from */
	SEK_GO_ON = 7,     /* no end: the walk goes on in the program packet.step */
	SEK_TO_WORKER = 8, /* to a worker of inspection, which sends it out by packet.out_port */
};

enum sek_dir {
	SEK_OUT = 0, /* from the body to the Internet */
	SEK_IN = 1,  /* from the Internet to the body */
};

/* Programs that the walk goes on in: places in sek_step. */
enum sek_step {
#define SEK_STEP(number, stage, program, tc_program) SEK_STEP_##stage = (number),
#include "sekisho/steps.def"
#undef SEK_STEP
};
#define SEK_STEPS_MAX 16

/* Reason numbers: one row of reasons.def each, never reused. */
enum sek_reason {
#define SEK_REASON(number, name, verdict, en, ja) SEK_R_##name = (number),
#include "sekisho/reasons.def"
#undef SEK_REASON
};

#endif
