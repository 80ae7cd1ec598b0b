// SPDX-License-Identifier: Apache-2.0
/*
 * byte_jump: goes as far as a number in the buffer says.
 */
#include <stdlib.h>

#include "detect/keyword/bytes.h"

struct byte_jump {
	struct byte_place place;
	uint32_t multiplier;
	bool align, from_beginning, from_end;
	struct byte_number post_offset;
};

static enum clause_says byte_jump_ask(const struct clause *clause, struct match *match)
{
	const struct byte_jump *jump = clause->arg;
	uint64_t number = 0;
	int64_t to, after;
	size_t end;

	if (match->again == CLAUSE_ONCE)
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	if (jump->place.cnt.number == 0 && !jump->place.cnt.var && !jump->place.is_text) {
		/* nothing is read: the jump is the post_offset alone, from the place that is named */
		if (!byte_place_at(&jump->place, match, &end))
			return CLAUSE_NO;
	} else if (!byte_place_read(&jump->place, match, &number, &end)) {
		return CLAUSE_NO;
	}
	if (number > INT32_MAX)
		return CLAUSE_NO;
	number *= jump->multiplier;
	if (jump->align)
		number = (number + 3) & ~(uint64_t)3;
	after = byte_number(&jump->post_offset, match);
	if (after > INT32_MAX || after < -(int64_t)INT32_MAX)
		return CLAUSE_NO;
	to = (int64_t)number + after;
	if (jump->from_beginning)
		to -= (int64_t)match->buffer_from;
	else
		to += (int64_t)(jump->from_end ? match->buffer.len : end);
	if (to < 0)
		to = 0; /* before the beginning is the beginning, as sites know it */
	if ((uint64_t)to > match->buffer.len)
		return CLAUSE_NO; /* to behind the last byte it may go */
	match->at = (uint32_t)to;
	return CLAUSE_YES;
}

static const struct clause_ops byte_jump_ops = { .word = "byte_jump",
						 .ask = byte_jump_ask,
						 .free = free };

static int multiplier_read(struct draft *draft, struct slice word, struct byte_jump *jump)
{
	struct slice rest = slice_trim(slice_behind(word, strlen("multiplier")));
	uint64_t number;

	if (!number_parse(rest, UINT16_MAX, &number) || !number)
		return refuse(draft, (const char *)word.at, "multiplier 2",
			      "\"%.*s\" multiplies by nothing", (int)word.len, word.at);
	jump->multiplier = (uint32_t)number;
	return 1;
}

static int jump_word(struct draft *draft, struct slice word, struct byte_jump *jump)
{
	if (slice_is(word, "align"))
		jump->align = true;
	else if (slice_is(word, "from_beginning"))
		jump->from_beginning = true;
	else if (slice_is(word, "from_end"))
		jump->from_end = true;
	else if (slice_starts(word, "multiplier"))
		return multiplier_read(draft, word, jump);
	else if (slice_starts(word, "post_offset")) {
		int err = byte_number_parse(draft,
					    slice_trim(slice_behind(word, strlen("post_offset"))),
					    &jump->post_offset);

		return err ? err : 1;
	} else {
		return byte_word_parse(draft, word, &jump->place);
	}
	return 1;
}

static int byte_jump_parse(struct draft *draft, struct slice value, struct byte_jump *jump)
{
	struct slice rest = value, cnt, offset, word;
	int err;

	if (!slice_next(&rest, ',', &cnt) || !slice_next(&rest, ',', &offset))
		return refuse(draft, (const char *)value.at, "byte_jump:2,0,relative",
			      "byte_jump is bytes and offset");
	err = byte_number_parse(draft, cnt, &jump->place.cnt);
	if (!err)
		err = byte_number_parse(draft, offset, &jump->place.offset);
	while (!err && slice_next(&rest, ',', &word)) {
		int is = jump_word(draft, word, jump);

		if (!is)
			return refuse(
				draft, (const char *)word.at,
				"relative, multiplier, align, from_beginning, from_end, post_offset, string",
				"byte_jump has no word \"%.*s\"", (int)word.len, word.at);
		err = is < 0 ? is : 0;
	}
	if (!err && (jump->place.cnt.number || jump->place.cnt.var))
		err = byte_place_check(draft, value, &jump->place);
	return err;
}

static int byte_jump_read(struct draft *draft, struct slice value)
{
	struct byte_jump read = { .multiplier = 1 }, *jump;
	int err = byte_jump_parse(draft, value, &read);

	if (err)
		return err;
	jump = malloc(sizeof(*jump));
	if (!jump)
		return refuse_memory(draft);
	*jump = read;
	return draft_clause(draft, &byte_jump_ops, jump);
}

const struct keyword keyword_byte_jump = {
	"byte_jump",	NULL, VALUE_ALWAYS,
	byte_jump_read, NULL, "goes as far as a number says: byte_jump:2,0,relative"
};
