// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers that protocols have as fields: "mqtt.qos:1", "dns.opcode:!0". One test for all of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

struct field_test {
	struct source source;
	struct number_condition condition;
};

static bool of_field(const struct field *field, const struct match *match,
		     const struct number_condition *condition)
{
	for (int side = 0; side < SIDES; side++) {
		uint64_t number;

		if (!field->sides[side])
			continue;
		for (uint32_t i = 0; field->number(match->tx, side, i, &number); i++)
			if (number_holds(condition, number))
				return true;
	}
	return false;
}

static bool field_test_ask(const void *arg, struct match *match)
{
	const struct field_test *test = arg;

	for (uint8_t i = 0; match->tx && i < test->source.field_cnt; i++)
		if (test->source.fields[i].proto == match->tx->proto &&
		    of_field(test->source.fields[i].field, match, &test->condition))
			return true;
	return false;
}

static const struct test_ops field_test_ops = {
	.word = "field", .ask = field_test_ask, .free = free, .needs_tx = true, .cost = 2
};

int number_field_read(struct draft *draft, struct slice word, struct slice value)
{
	struct field_test read, *test;
	int err;

	if (!source_of_fields(word, true, &read.source))
		return -ENOENT;
	err = number_condition_read(draft, value_plain(value, NULL), UINT64_MAX, &read.condition);
	if (!err)
		err = draft_of_apps(draft, source_apps(&read.source), draft->keyword_at);
	if (err)
		return err;
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	*test = read;
	return draft_test(draft, &field_test_ops, test);
}

const struct keyword keyword_of_field = {
	"a protocol's field", NULL, VALUE_MAYBE, NULL, NULL, "a buffer or a number of a protocol"
};
