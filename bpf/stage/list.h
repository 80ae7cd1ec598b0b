/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Address lists: is the remote end on a list that this tenant takes? Allow beats block.
 * Called by walk() for what no flow has vouched for, and by stage/flow.h when lists have changed
 * under a flow.
 */
#ifndef BPF_STAGE_LIST_H
#define BPF_STAGE_LIST_H

#include "core/config.h"
#include "core/listmaps.h"
#include "core/maps.h"
#include "core/packet.h"
#include "sekisho/event.h"

/* Number of the lowest bit; x is not 0. */
static __always_inline __u32 list_first(__u64 lists)
{
	return list_popcount((lists & -lists) - 1) & (SEK_LISTS_MAX - 1);
}

static __always_inline void list_count(const struct packet *p, __u32 list)
{
	struct sek_count *count = bpf_map_lookup_elem(&sek_list_count, &list);

	if (count) {
		count->packets += packet_frames(p);
		count->bytes += packet_wire_len(p);
	}
}

/* The allow list that beats a block list: counted, and told to a replay. */
static __always_inline void list_spare(const struct packet *p, __u32 list)
{
	struct sek_trace *trace = trace_room();

	list_count(p, list);
	if (trace)
		trace->spared = list;
}

/*
 * Whether a list refuses this remote address to this tenant. The list that decided, a blocking or
 * a sparing one, is counted; p->list is set when it blocks.
 */
static __always_inline bool list_blocks(struct packet *p, const struct sek_addr *remote,
					const struct sek_tenant *tenant)
{
	__u64 block = tenant->list_block, allow = tenant->list_allow, lists;

	if (!block)
		return false;
	lists = list_ask(remote, p->slot);
	if (!(lists & block))
		return false;
	if (lists & allow) {
		list_spare(p, list_first(lists & allow));
		return false;
	}
	p->list = list_first(lists & block);
	list_count(p, p->list);
	return true;
}

/*
 * Nobody has asked yet: a first packet; a piece ahead of its first; an ICMP error, whose flow says
 * nothing of who sends it.
 */
static __always_inline bool list_is_due(const struct packet *p)
{
	return !p->reason || p->reason == SEK_R_fragment_early || p->reason == SEK_R_related;
}

static __always_inline enum sek_verdict stage_list(struct frame_ctx *ctx, struct packet *p)
{
	const struct sek_tenant *tenant;

	if (!list_is_due(p))
		return SEK_NEXT;
	tenant = tenant_of(p);
	if (!tenant)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (list_blocks(p, p->dir == SEK_OUT ? &p->dst : &p->src, tenant))
		return packet_end(p, SEK_R_list_block, SEK_DROP);
	return SEK_NEXT;
}

#endif
