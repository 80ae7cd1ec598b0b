// SPDX-License-Identifier: Apache-2.0
/*
 * Rules on frames. Called by detect.c for each packet of a flow that has some; promises that a rule matches a
 * frame once, and that a frame which grows is asked again only when it has doubled, or ends.
 */
#include "proto/frames.h"

#include "detect/asking.h"
#include "detect/costs.h"
#include "detect/exchange.h"

/* Bytes from one place to another of those that came; index: which piece it is. */
static bool piece_holds(struct detect *detect, const struct part *part, const struct frame *frame,
			uint32_t from, uint32_t to, uint32_t index)
{
	struct match *match = &detect->match;
	struct slice bytes = slice(frame->bytes + from, to - from);

	if (!buffer_transform(detect, part->source, match->side, index, &bytes))
		return false;
	match->buffer = bytes;
	match->buffer_from = part->source->transform_cnt || !from ? 0 : from + frame->lost;
	match->is_begin = !from;
	match->is_end = to == frame->have && frame->have + frame->lost == frame->len;
	return match_clauses(match, part->clauses, part->clause_cnt, 0);
}

/* What stands in front of a hole does not meet what is behind it. */
static bool part_holds(struct detect *detect, const struct part *part, const struct frame *frame)
{
	uint32_t first = frame->lost ? frame->lost_at : frame->have;

	if (part->source->kind != SOURCE_FRAME)
		return true;
	if (part->source->frame_proto != frame->proto || part->source->frame_type != frame->type)
		return false;
	return (first && piece_holds(detect, part, frame, 0, first, 0)) ||
	       (first < frame->have && piece_holds(detect, part, frame, first, frame->have, 1));
}

static bool parts_hold(struct detect *detect, const struct signature *s, const struct frame *frame)
{
	for (uint32_t i = 0; i < s->part_cnt; i++)
		if (!part_holds(detect, &s->parts[i], frame))
			return false;
	return true;
}

static bool was_found(const struct frame *frame, uint32_t number)
{
	for (uint8_t i = 0; i < frame->found_cnt; i++)
		if (frame->found[i] == number)
			return true;
	return false;
}

static void rule_ask(struct detect *detect, uint32_t number, struct frame *frame)
{
	const struct asked *asked = &detect->ruleset->asked[number];
	const struct signature *s = asked->signature;

	if (was_found(frame, number) || !rule_header_holds(detect, asked))
		return;
	rule_begin(detect, s, NULL);
	if (!rule_tests_hold(s, &detect->match, false) || !parts_hold(detect, s, frame))
		return;
	if (frame->found_cnt < FRAME_FOUND_MAX)
		frame->found[frame->found_cnt++] = number;
	else
		frame->asked = true; /* what was found could be found again */
	detect->match.frame = frame;
	rule_found(detect, s, detect->match.packet->proto == 6);
	detect->match.frame = NULL;
}

static bool is_due(const struct frame *frame, enum side side)
{
	if (frame->side != side || frame->asked || !frame->have)
		return false;
	return frame->ended || frame->have >= 2 * frame->asked_len;
}

static void rules_ask(struct detect *detect, struct frame *frame)
{
	const struct rule_list *rules = &detect->ruleset->of_frames;

	for (uint32_t i = 0; i < rules->cnt; i++) {
		uint64_t begin = costs_begin(detect);

		rule_ask(detect, rules->numbers[i], frame);
		costs_end(detect, rules->numbers[i], begin);
	}
}

void frames_ask(struct detect *detect, struct packet *packet)
{
	for (struct frame *frame = packet->flow->session.frames; frame; frame = frame->next) {
		frame_follow(detect->ruleset, frame);
		if (is_due(frame, packet->side)) {
			detect->pass++;
			room_empty(&detect->pass_room);
			frame->asked_len = frame->have;
			rules_ask(detect, frame);
		}
		frame->asked |= frame->ended && frame->side == packet->side;
	}
}
