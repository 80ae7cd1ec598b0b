/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clauses of a part, asked in their order and with going back. Called by who has a buffer; it
 * ends after MATCH_STEPS_MAX steps at the latest.
 */
#include "detect/asking.h"

/* Whether another place of the clause in front can change what the clauses behind it say. */
static bool depend_on_place(const struct clause *clauses, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const struct content *content = clauses[i].arg;

		if (!clauses[i].is_content)
			return true; /* it may be relative, or read what was extracted there */
		if (content->has_distance || content->has_within || content->offset_var ||
		    content->depth_var)
			return true;
		if (!content->negated)
			return false; /* what follows counts from here */
	}
	return false;
}

static bool clauses_hold(struct match *match, const struct clause *clauses, uint32_t cnt)
{
	uint32_t from = match->at, end = match->end;
	uint64_t again = 0;

	if (!cnt)
		return match->end >= match->end_min;
	do {
		if (++match->steps > MATCH_STEPS_MAX)
			return false;
		match->at = from;
		match->again = again;
		if (clauses->ops->ask(clauses, match) == CLAUSE_NO)
			return false;
		again = match->again;
		match->end = match->at > end ? match->at : end;
		if (clauses_hold(match, clauses + 1, cnt - 1))
			return true;
		/* what asks for the whole buffer says the same wherever this one lies */
	} while (again && again != CLAUSE_ONCE &&
		 (match->end_min || depend_on_place(clauses + 1, cnt - 1)));
	return false;
}

bool match_clauses(struct match *match, const struct clause *clauses, uint32_t cnt, uint32_t end_min)
{
	match->end_min = end_min;
	match->at = 0;
	match->again = 0;
	match->steps = 0;
	match->end = 0;
	return clauses_hold(match, clauses, cnt);
}

bool match_inner(struct match *match, const struct clause *clauses, uint32_t cnt, struct slice bytes)
{
	struct slice buffer = match->buffer;
	uint64_t from = match->buffer_from, again = match->again;
	bool is_begin = match->is_begin, is_end = match->is_end, holds;
	uint32_t at = match->at, end = match->end, end_min = match->end_min;

	match->buffer = bytes;
	match->buffer_from = 0;
	match->is_begin = match->is_end = true;
	match->at = 0;
	match->again = 0;
	match->end_min = 0;
	holds = clauses_hold(match, clauses, cnt);
	match->buffer = buffer;
	match->buffer_from = from;
	match->is_begin = is_begin;
	match->is_end = is_end;
	match->at = at;
	match->again = again;
	match->end = end;
	match->end_min = end_min;
	return holds;
}

uint8_t *match_room(struct match *match, size_t len)
{
	return room_get(&match->detect->rule_room, len);
}
