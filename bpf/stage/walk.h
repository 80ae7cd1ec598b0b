/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of contents: one packet's way through the gateway, in order. Every stage either has no
 * objection (SEK_NEXT) or ends the packet; finish() is the only exit. Called by the entry program of
 * each flavour, once a packet, and by the programs of steps.h, which take some of them over.
 */
#ifndef BPF_STAGE_WALK_H
#define BPF_STAGE_WALK_H

#include "core/config.h"
#include "core/maps.h"
#include "core/namemaps.h"
#include "core/packet.h"
#include "core/steps.h"
#include "parse/frame.h"
#include "stage/sanity.h"
#include "stage/control.h"
#include "stage/tenant.h"
#include "stage/fragment.h"
#include "stage/flow.h"
#include "stage/recall.h"
#include "stage/list.h"
#include "stage/policy.h"
#include "stage/syncookie.h"
#include "stage/admit.h"
#include "stage/name.h"
#include "stage/rate.h"
#include "stage/steer.h"
#include "stage/inspect.h"
#include "report/finish.h"

/* The one macro that hides control flow; it lives beside its only user. */
#define NEXT(stage)                                                                                \
	do {                                                                                       \
		enum sek_verdict v = (stage);                                                      \
		if (v != SEK_NEXT)                                                                 \
			return v;                                                                  \
	} while (0)

/* clang-format off */
/* A packet that no flow was recalled for. */
static __always_inline enum sek_verdict walk_unknown(struct frame_ctx *ctx, struct packet *p)
{
	NEXT(stage_tenant(ctx, p));   /* whose is it; spoofed sources end here */
	NEXT(stage_fragment(ctx, p)); /* pieces share the verdict of the first */
	NEXT(stage_flow(ctx, p));     /* known and current: its verdict stands, on to names */
	NEXT(stage_room(p));          /* a tenant without room for one more flow: none is asked about */
	NEXT(stage_list(ctx, p));     /* allow and block lists */
	NEXT(stage_policy(ctx, p));   /* the first rule that matches */
	NEXT(stage_syncookie(ctx, p)); /* a guarded server's clients prove that they receive */
	return stage_admit(ctx, p);   /* quotas, then a flow with its verdict */
}

static __always_inline enum sek_verdict walk(struct frame_ctx *ctx, struct packet *p)
{
	NEXT(parse_frame(ctx, p));    /* which port, which tags, which headers; broken ones end here */
	NEXT(stage_sanity(ctx, p));   /* martian, land, impossible flags */
	NEXT(stage_control(ctx, p));  /* ARP, ND, DHCP on the link, LLDP, STP: by the port's mode */
	NEXT(stage_recall(ctx, p));   /* as one before it: its flow's verdict, on to names */
	if (!p->reason)
		NEXT(walk_unknown(ctx, p));
	return stage_name(ctx, p);    /* which holds a name to be read goes on in another program */
}

/* What is left of every way, be it in another program. */
static __always_inline enum sek_verdict walk_out(struct frame_ctx *ctx, struct packet *p)
{
	enum sek_verdict verdict;

	NEXT(stage_rate(ctx, p));     /* the tenant's rate; ECN mark before drop */
	verdict = stage_steer(ctx, p); /* out by bridge or route, or up to the stack */
	return stage_inspect(ctx, p, verdict); /* or to a worker, which sends it out */
}
/* clang-format on */

/* From the verdict so far to the hook's action. */
static __always_inline int walk_rest(struct frame_ctx *ctx, struct packet *p, enum sek_verdict verdict)
{
	if (verdict == SEK_GO_ON)
		verdict = step_go(ctx, p); /* back only if it could not */
	if (verdict == SEK_NEXT)
		verdict = walk_out(ctx, p);
	fragment_settle(p, verdict); /* the other pieces of this datagram end as it did */
	return finish(ctx, p, verdict);
}

/* The whole of a program: the hook's action for this frame. */
static __always_inline int walk_frame(struct frame_ctx *ctx)
{
	struct packet p = {};
	enum sek_verdict verdict;

	if (capture_is_on())
		capture_keep(ctx); /* before anything is rewritten */
	verdict = walk(ctx, &p);
	if (verdict == SEK_GO_ON)
		verdict = step_keep(&p);
	return walk_rest(ctx, &p, verdict);
}

/* The whole of a program that others go on in. */
static __always_inline int
walk_step(struct frame_ctx *ctx, enum sek_verdict (*stage)(struct frame_ctx *ctx, struct packet *p))
{
	struct packet *p = step_room();

	return p ? walk_rest(ctx, p, stage(ctx, p)) : FRAME_BUG;
}

#endif
