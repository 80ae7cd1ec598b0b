// SPDX-License-Identifier: Apache-2.0
/*
 * byte_test: compares a number in the buffer.
 */
#include <stdlib.h>

#include "detect/keyword/bytes.h"

struct byte_test {
	struct byte_place place;
	bool negated;
	char op; /* < > = & ^; l, g: or equal */
	struct byte_number value;
};

static bool holds(const struct byte_test *test, uint64_t number, uint64_t value)
{
	switch (test->op) {
	case '<':
		return number < value;
	case 'l':
		return number <= value;
	case '>':
		return number > value;
	case 'g':
		return number >= value;
	case '&':
		return (number & value) != 0;
	case '^':
		return (number ^ value) != 0;
	default:
		return number == value;
	}
}

static enum clause_says byte_test_ask(const struct clause *clause, struct match *match)
{
	const struct byte_test *test = clause->arg;
	uint64_t number;
	size_t end;

	if (match->again == CLAUSE_ONCE || !byte_place_read(&test->place, match, &number, &end))
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	return holds(test, number, (uint64_t)byte_number(&test->value, match)) != test->negated
		       ? CLAUSE_YES
		       : CLAUSE_NO;
}

static const struct clause_ops byte_test_ops = { .word = "byte_test",
						 .ask = byte_test_ask,
						 .free = free };

static int op_read(struct draft *draft, struct slice text, struct byte_test *test)
{
	struct slice op = text;

	if (op.len && op.at[0] == '!') {
		test->negated = true;
		op = slice_trim(slice_behind(op, 1));
	}
	if (!op.len && test->negated)
		test->op = '=';
	else if (slice_is(op, "<=") || slice_is(op, ">="))
		test->op = op.at[0] == '<' ? 'l' : 'g';
	else if (op.len == 1 && memchr("<>=&^", op.at[0], 5))
		test->op = (char)op.at[0];
	else
		return refuse(draft, (const char *)text.at,
			      "< > = <= >= & ^, with ! in front to negate",
			      "byte_test cannot compare by \"%.*s\"", (int)text.len, text.at);
	return 0;
}

static int byte_test_parse(struct draft *draft, struct slice value, struct byte_test *test)
{
	struct slice rest = value, cnt, op, number, offset, word;
	uint64_t large;
	int err;

	if (!slice_next(&rest, ',', &cnt) || !slice_next(&rest, ',', &op) ||
	    !slice_next(&rest, ',', &number) || !slice_next(&rest, ',', &offset))
		return refuse(draft, (const char *)value.at, "byte_test:2,>,100,0,relative",
			      "byte_test is bytes, operator, value, offset");
	err = byte_number_parse(draft, cnt, &test->place.cnt);
	if (!err)
		err = op_read(draft, op, test);
	if (!err && number_parse(number, UINT64_MAX, &large))
		test->value.number = (int64_t)large; /* compared as it is, all 64 bits */
	else if (!err)
		err = byte_number_parse(draft, number, &test->value);
	if (!err)
		err = byte_number_parse(draft, offset, &test->place.offset);
	while (!err && slice_next(&rest, ',', &word)) {
		int is = byte_word_parse(draft, word, &test->place);

		if (!is)
			return refuse(draft, (const char *)word.at,
				      "relative, big, little, string, hex, dec, oct, dce, bitmask",
				      "byte_test has no word \"%.*s\"", (int)word.len, word.at);
		err = is < 0 ? is : 0;
	}
	return err ? err : byte_place_check(draft, value, &test->place);
}

static int byte_test_read(struct draft *draft, struct slice value)
{
	struct byte_test read = {}, *test;
	int err = byte_test_parse(draft, value, &read);

	if (err)
		return err;
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	*test = read;
	return draft_clause(draft, &byte_test_ops, test);
}

const struct keyword keyword_byte_test = {
	"byte_test",	NULL, VALUE_ALWAYS,
	byte_test_read, NULL, "compares a number: byte_test:2,>,100,0,relative"
};
