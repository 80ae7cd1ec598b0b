// SPDX-License-Identifier: Apache-2.0
/*
 * modbus: function 8, subfunction 4; modbus: access write coils, address 500, value >200; modbus: unit 10.
 * The parser gives what a request asks as numbers, in the order of enum asked.
 */
#include <ctype.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

enum asked { UNIT, FUNCTION, SUBFUNCTION, CATEGORY, ACCESS, ADDRESS, QUANTITY, VALUE, ASKED_CNT };

#define ACCESS_READ 1
#define ACCESS_WRITE 2

struct modbus_test {
	struct source source;
	struct {
		bool is_asked;
		struct number_condition condition;
	} asked[ASKED_CNT];
	bool category_negated;
	uint8_t categories, accesses; /* of accesses all, of categories one must be there */
};

static bool modbus_ask(const void *arg, struct match *match)
{
	const struct modbus_test *test = arg;
	const struct field *field = test->source.fields[0].field;
	uint64_t number[ASKED_CNT] = { 0 };

	if (!match->tx || test->source.fields[0].proto != match->tx->proto ||
	    !field->sides[match->side])
		return false;
	for (uint32_t i = 0; i < ASKED_CNT; i++)
		if (!field->number(match->tx, match->side, i, &number[i]))
			return false;
	if (test->categories && ((number[CATEGORY] & test->categories) != 0) == test->category_negated)
		return false;
	if ((number[ACCESS] & test->accesses) != test->accesses)
		return false;
	for (int i = 0; i < ASKED_CNT; i++) {
		if (!test->asked[i].is_asked)
			continue;
		if (i == ADDRESS && number[i] != SIZE_MAX && number[QUANTITY] != SIZE_MAX) {
			bool any = false;

			for (uint64_t at = 0; !any && at < number[QUANTITY]; at++)
				any = number_holds(&test->asked[i].condition,
						   number[ADDRESS] + at + 1);
			if (!any)
				return false;
		} else if (number[i] == SIZE_MAX ||
			   !number_holds(&test->asked[i].condition, number[i])) {
			return false;
		}
	}
	return true;
}

static const struct test_ops modbus_ops = {
	.word = "modbus", .ask = modbus_ask, .free = free, .needs_tx = true, .cost = 3
};

static const struct {
	const char *word;
	uint8_t bits;
} categories[] = {
	{ "assigned", 1 }, { "unassigned", 2 }, { "public", 3 },
	{ "user", 4 },	   { "reserved", 8 },	{ "all", 15 },
}, accesses[] = {
	{ "read", ACCESS_READ }, { "write", ACCESS_WRITE }, { "discretes", 4 },
	{ "coils", 8 },		 { "input", 16 },	    { "holding", 32 },
};

static int number_read(struct draft *draft, struct slice text, enum asked asked,
		       struct modbus_test *test)
{
	test->asked[asked].is_asked = true;
	return number_condition_read(draft, text, UINT16_MAX, &test->asked[asked].condition);
}

static int function_read(struct draft *draft, struct slice text, struct modbus_test *test)
{
	struct slice word = value_plain(text, &test->category_negated);

	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
		if (!slice_same(word, categories[i].word))
			continue;
		test->categories = categories[i].bits;
		return 0;
	}
	test->category_negated = false;
	return number_read(draft, text, FUNCTION, test);
}

/* "write coils" */
static int access_read(struct draft *draft, struct slice text, struct modbus_test *test)
{
	struct slice rest = text, word;

	while (slice_next(&rest, ' ', &word)) {
		size_t i = 0;

		if (!word.len)
			continue;
		while (i < sizeof(accesses) / sizeof(accesses[0]) &&
		       !slice_same(word, accesses[i].word))
			i++;
		if (i == sizeof(accesses) / sizeof(accesses[0]))
			return refuse(draft, (const char *)word.at,
				      "read or write, and discretes, coils, input or holding",
				      "modbus has no access \"%.*s\"", (int)word.len, word.at);
		test->accesses |= accesses[i].bits;
	}
	return 0;
}

static int piece_read(struct draft *draft, struct slice piece, struct modbus_test *test)
{
	struct slice rest = piece, word;

	slice_next(&rest, ' ', &word);
	rest = rest.at ? slice_trim(rest) : slice(piece.at, 0);
	if (slice_same(word, "function"))
		return function_read(draft, rest, test);
	if (slice_same(word, "subfunction"))
		return number_read(draft, rest, SUBFUNCTION, test);
	if (slice_same(word, "access"))
		return access_read(draft, rest, test);
	if (slice_same(word, "unit"))
		return number_read(draft, rest, UNIT, test);
	if (slice_same(word, "address"))
		return number_read(draft, rest, ADDRESS, test);
	if (slice_same(word, "value"))
		return number_read(draft, rest, VALUE, test);
	return refuse(draft, (const char *)word.at, draft->keyword->says,
		      "modbus has no word \"%.*s\"", (int)word.len, word.at);
}

static int modbus_read(struct draft *draft, struct slice value)
{
	struct modbus_test read = { .categories = 0 }, *test;
	struct slice rest = value, piece;
	int err = source_of_keyword(draft, "modbus", true, &read.source);

	while (!err && slice_next(&rest, ',', &piece))
		err = piece_read(draft, slice_trim(piece), &read);
	if (err)
		return err;
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	*test = read;
	return draft_test(draft, &modbus_ops, test);
}

const struct keyword keyword_modbus = { "modbus",    NULL, VALUE_ALWAYS,
					modbus_read, NULL, "function 8; access write coils; unit 10" };
