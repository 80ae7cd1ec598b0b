/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a worker has found out of a flow, written to this very flow. A program, because the entry can end
 * and be another flow's at any moment. Run by policy/install/handoff.c with BPF_PROG_TEST_RUN.
 */
#ifndef BPF_STAGE_HAND_ORDER_H
#define BPF_STAGE_HAND_ORDER_H

#include "core/handmaps.h"

/* Its next packet ends it at both ends: see stage/name_refuse.h. */
static __always_inline void hand_reset(struct sek_flow *flow)
{
	flow->name.reason = SEK_R_inspect_block;
	WRITE_ONCE(flow->name.state, SEK_NAME_BLOCKED);
}

/* 0; -ENOENT: that flow is over; -ESTALE: it is not with a worker any more. */
SEC("syscall")
int sek_hand_order(struct sek_hand_order *order)
{
	struct sek_flow *flow = flowtable_entry(order->number);
	struct sek_handoff *hand;

	if (!flow || flow->flags & SEK_FLOW_GONE || flow->first_ns != order->first_ns)
		return -ENOENT;
	hand = hand_of(flow);
	if (!hand)
		return -ENOENT;
	if (hand->state != SEK_HANDOFF_WORKER && hand->state != SEK_HANDOFF_BACK)
		return -ESTALE;
	if (order->state == SEK_HANDOFF_WORKER && order->dirs) {
		hand->back &= ~order->dirs;
		hand->quiet &= ~order->dirs;
		return 0;
	}
	if (order->state == SEK_HANDOFF_DROP && order->reset)
		hand_reset(flow);
	if (order->state == SEK_HANDOFF_BACK) {
		hand->back |= order->dirs & ~order->quiet;
		hand->quiet |= order->quiet;
	} else if (order->state == SEK_HANDOFF_WORKER) {
		hand->back = hand->quiet = 0;
	}
	if (order->dirs & 1 << SEK_OUT)
		WRITE_ONCE(hand->upto[SEK_OUT], order->upto[SEK_OUT]);
	if (order->dirs & 1 << SEK_IN)
		WRITE_ONCE(hand->upto[SEK_IN], order->upto[SEK_IN]);
	WRITE_ONCE(hand->state, order->state);
	return 0;
}

#endif
