/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_step and its like: programs that a walk goes on in, each verified apart, and the room where
 * the packet waits on its way. Nothing comes between on this CPU. Filled by policy/install; pinned,
 * since the kernel empties such an array when nobody outside it holds it.
 */
#ifndef BPF_CORE_STEPS_H
#define BPF_CORE_STEPS_H

#include "core/maps.h"
#include "core/packet.h"

/* Each serves programs of one kind, as a devmap does: see sek_tx_joined. */
#define STEPS_MAP(name)                                                                            \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY);                                             \
		__uint(max_entries, SEK_STEPS_MAX);                                                \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(__u32));                                                 \
	} name SEC(".maps")

STEPS_MAP(sek_step);
STEPS_MAP(sek_step_joined);
STEPS_MAP(sek_step_tc);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} sek_step_room SEC(".maps");

static __always_inline struct packet *step_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_step_room, &zero);
}

/* Puts a packet where the step finds it. */
static __always_inline enum sek_verdict step_keep(const struct packet *p)
{
	struct packet *room = step_room();

	if (!room)
		return SEK_BUG;
	*room = *p;
	return SEK_GO_ON;
}

/* Without the program that should have read its name a packet is as one that waits for the agent. */
static __always_inline enum sek_verdict step_lost(struct packet *p)
{
	const struct sek_tenant *tenant = tenant_of(p);

	if (!tenant || tenant->flags & SEK_TENANT_FAIL_CLOSED)
		return packet_end(p, SEK_R_name_wait, SEK_DROP);
	return packet_end(p, SEK_R_name_pending, SEK_NEXT);
}

/* Goes on in the program p->step, with the packet that was kept; back only if it is not there. */
static __always_inline enum sek_verdict step_go(struct frame_ctx *ctx, struct packet *p)
{
	switch (p->step) { /* a jump to a number that is known is a direct one */
#define SEK_STEP(number, stage, program, tc_program)                                               \
	case number:                                                                               \
		bpf_tail_call_static(ctx, &FRAME_STEPS, number);                                   \
		break;
#include "sekisho/steps.def"
#undef SEK_STEP
	}
	return step_lost(p);
}

#endif
