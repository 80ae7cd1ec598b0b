/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A DNS answer to a body whose profile strips Encrypted ClientHello. Runs as a program of its own (see
 * stage/steps.h), in front of the one that tells the agent of answers.
 */
#ifndef BPF_STAGE_NAME_ECH_H
#define BPF_STAGE_NAME_ECH_H

#include "core/packet.h"
#include "rewrite/strip_ech.h"
#include "stage/name.h"

static __always_inline enum sek_verdict stage_name_ech(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_flow *flow = name_flow(p);
	enum sek_verdict verdict;

	if (!flow)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	verdict = strip_ech(ctx, p);
	if (verdict != SEK_NEXT || !(flow->name.flags & SEK_NAME_REPLIES))
		return verdict;
	p->step = SEK_STEP_name_dns;
	return SEK_GO_ON;
}

#endif
