/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent has found out of a flow, written to the entry that packets ask. A program, because
 * nobody else may write there: the entry can end and be another flow's at any moment.
 * Run by policy/install/nameorder.c with BPF_PROG_TEST_RUN.
 */
#ifndef BPF_STAGE_NAME_ORDER_H
#define BPF_STAGE_NAME_ORDER_H

#include "core/flowtable.h"
#include "core/namemaps.h"

/*
 * The agent has spoken of the connection with this sum. By one that the server gave itself it was known
 * before; by a new one its server is yet to tell its own.
 */
static __always_inline void name_order_id(struct sek_flow_name *name, __u32 sum)
{
	if (!sum || sum == name->start || sum == name->next)
		return;
	name->start = sum;
	name->next = 0;
}

/* 0; -ENOENT: that flow is over; -ESTALE: names are looked at no more, or each packet is by itself. */
SEC("syscall")
int sek_name_order(struct sek_name_order *order)
{
	struct sek_flow *flow = flowtable_entry(order->number);
	struct sek_flow_key key = order->key;
	__u8 state = order->name.state;

	if (!flow || flow->flags & SEK_FLOW_GONE || flow->first_ns != order->first_ns ||
	    !flowtable_same(&flow->key, &key))
		return -ENOENT;
	if (flow->name.state == SEK_NAME_OFF || flow->name.state == SEK_NAME_EACH)
		return -ESTALE;
	flow->name.copies = 0;
	WRITE_ONCE(flow->heard_ns, order->heard_ns);
	if (state == SEK_NAME_OFF)
		return 0;
	flow->name.proto = order->name.proto;
	flow->name.list = order->name.list;
	flow->name.reason = order->name.reason;
	if (state == SEK_NAME_QUIC) {
		name_order_id(&flow->name, order->name.start);
	} else {
		flow->name.start = order->name.start;
		flow->name.next = order->name.next;
	}
	flow->name.flags |= SEK_NAME_VOUCHED;
	WRITE_ONCE(flow->name.state, state);
	return 0;
}

#endif
