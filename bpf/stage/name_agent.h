/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet with what the agent is to read. Runs as a program of its own: see stage/steps.h.
 */
#ifndef BPF_STAGE_NAME_AGENT_H
#define BPF_STAGE_NAME_AGENT_H

#include "core/packet.h"
#include "stage/name.h"

static __always_inline enum sek_verdict stage_name_agent(struct frame_ctx *ctx, struct packet *p)
{
	return SEK_NEXT;
}

#endif
