// SPDX-License-Identifier: Apache-2.0
/*
 * A list of frames for each direction of a flow that waits. Called by worker.c in its thread. Promises that
 * no frame of a direction overtakes another.
 */
#include "inline/hold.h"

#include <stdlib.h>
#include <string.h>

struct held_frame {
	struct held_frame *next;
	uint64_t number; /* of waits that its side had been given when it came */
	struct sek_note note;
	uint32_t len;
	uint8_t bytes[];
};

struct held_flow {
	struct flow *flow;
	struct held_flow *older, *newer; /* of all */
	bool is_back; /* with the kernel: remembered until it ends */
	struct sek_note note; /* of its first frame here: which one it is for the kernel */
	struct held_frame *first[SIDES], **end[SIDES];
};

struct hold {
	struct hold_parts parts;
	struct hold_tally tally;
	uint64_t of_tenant[SEK_TENANTS_MAX];
	struct held_flow *first;
};

struct hold *hold_new(const struct hold_parts *parts)
{
	struct hold *hold = calloc(1, sizeof(*hold));

	if (hold)
		hold->parts = *parts;
	return hold;
}

void hold_free(struct hold *hold)
{
	free(hold);
}

static uint64_t *tenant_bytes(struct hold *hold, const struct sek_note *note)
{
	return &hold->of_tenant[note->tenant % SEK_TENANTS_MAX];
}

static struct held_flow *flow_held(struct hold *hold, struct flow *flow, const struct sek_note *note)
{
	struct held_flow *held = flow->held;

	if (held)
		return held;
	held = calloc(1, sizeof(*held));
	if (!held)
		return NULL;
	held->note = *note;
	held->flow = flow;
	held->newer = hold->first;
	if (held->newer)
		held->newer->older = held;
	hold->first = held;
	for (int side = 0; side < SIDES; side++)
		held->end[side] = &held->first[side];
	flow->held = held;
	return held;
}

static void frame_put(struct hold *hold, struct held_flow *held,
		      const struct inspect_verdict *verdict, const struct sek_note *note,
		      const uint8_t *bytes, uint32_t len)
{
	uint64_t *of_tenant = tenant_bytes(hold, note);
	struct held_frame *frame = NULL;

	if (hold->tally.bytes + len <= hold->parts.max && *of_tenant + len <= hold->parts.tenant_max)
		frame = malloc(sizeof(*frame) + len);
	if (!frame) {
		hold->tally.full++;
		return;
	}
	frame->next = NULL;
	frame->number = verdict->flow->wait_cnt[verdict->side];
	frame->note = *note;
	frame->len = len;
	memcpy(frame->bytes, bytes, len);
	*held->end[verdict->side] = frame;
	held->end[verdict->side] = &frame->next;
	hold->tally.held++;
	hold->tally.frames++;
	hold->tally.bytes += len;
	if (hold->tally.most < hold->tally.bytes)
		hold->tally.most = hold->tally.bytes;
	*of_tenant += len;
}

bool hold_takes(struct hold *hold, const struct inspect_verdict *verdict,
		const struct sek_note *note, const uint8_t *bytes, uint32_t len)
{
	struct flow *flow = verdict->flow;
	struct held_flow *held = flow ? flow->held : NULL;

	if (!flow || (!(held && held->first[verdict->side]) &&
		      flow_waits_from(flow, verdict->side) == WAIT_NONE))
		return false;
	held = flow_held(hold, flow, note);
	if (held)
		frame_put(hold, held, verdict, note, bytes, len);
	else
		hold->tally.full++;
	return true;
}

static struct held_frame *frame_take(struct hold *hold, struct held_flow *held, int side)
{
	struct held_frame *frame = held->first[side];

	held->first[side] = frame->next;
	if (!frame->next)
		held->end[side] = &held->first[side];
	hold->tally.frames--;
	hold->tally.bytes -= frame->len;
	*tenant_bytes(hold, &frame->note) -= frame->len;
	return frame;
}

static void side_let_go(struct hold *hold, struct flow *flow, int side, uint64_t below)
{
	struct held_flow *held = flow->held;

	while (held->first[side] && held->first[side]->number < below) {
		struct held_frame *frame = frame_take(hold, held, side);

		hold->parts.send(hold->parts.arg, frame->bytes, frame->len, &frame->note,
				 flow->state == FLOW_BYPASSED);
		free(frame);
		held->is_back |= flow->state == FLOW_BYPASSED;
	}
}

static void flow_falls(struct hold *hold, struct flow *flow)
{
	struct held_flow *held = flow->held;

	for (int side = 0; side < SIDES; side++)
		while (held->first[side])
			free(frame_take(hold, held, side));
	hold->parts.block(hold->parts.arg, &held->note,
			  flow->fate & (FATE_REJECT_SRC | FATE_REJECT_DST));
}

static void flow_let_go(struct hold *hold, struct flow *flow)
{
	struct held_flow *held = flow->held;

	*(held->older ? &held->older->newer : &hold->first) = held->newer;
	if (held->newer)
		held->newer->older = held->older;
	free(held);
	flow->held = NULL;
}

void hold_review(struct hold *hold, struct flow *flow, bool ends)
{
	struct held_flow *held = flow->held;

	if (!held)
		return;
	if (flow->fate & FATE_DROP)
		flow_falls(hold, flow);
	else
		for (int side = 0; side < SIDES; side++)
			side_let_go(hold, flow, side,
				    ends ? WAIT_NONE : flow_waits_from(flow, (enum side)side));
	if (held->first[FROM_CLIENT] || held->first[FROM_SERVER])
		return;
	if (ends || (!flow->waiting && !held->is_back))
		flow_let_go(hold, flow);
}

void hold_back(struct hold *hold, struct flow *flow, const struct sek_note *note)
{
	struct held_flow *held = flow_held(hold, flow, note);

	if (held) /* without memory it stays the kernel's */
		held->is_back = true;
}

void hold_recall(struct hold *hold,
		 void (*call)(void *arg, struct flow *flow, const struct sek_note *note), void *arg)
{
	for (struct held_flow *held = hold->first, *next; held; held = next) {
		const struct sek_note note = held->note;

		next = held->newer;
		if (held->is_back)
			call(arg, held->flow, &note);
	}
}

struct hold_tally hold_tally(const struct hold *hold)
{
	return hold->tally;
}
