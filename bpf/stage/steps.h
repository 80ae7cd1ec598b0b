/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of steps.def: each takes the packet over from the walk, asks its stage and goes the rest
 * of the way. Included by the entry file of each flavour; loaded and put in place by policy/install.
 */
#ifndef BPF_STAGE_STEPS_H
#define BPF_STAGE_STEPS_H

#include "stage/name_agent.h"
#include "stage/name_dns.h"
#include "stage/name_ech.h"
#include "stage/name_http.h"
#include "stage/name_leads.h"
#include "stage/name_long.h"
#include "stage/name_tls.h"
#include "stage/walk.h"

#define SEK_STEP(number, stage, program, tc_program)                                               \
	SEC(FRAME_STEP_SECTION)                                                                    \
	int FRAME_STEP(program, tc_program)(struct frame_ctx * ctx)                                \
	{                                                                                          \
		return walk_step(ctx, stage_##stage);                                              \
	}
#include "sekisho/steps.def"
#undef SEK_STEP

#endif
