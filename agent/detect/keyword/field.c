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
	uint64_t number;

	for (uint32_t i = 0;
	     field->sides[match->side] && field->number(match->tx, match->side, i, &number); i++)
		if (number_holds(condition, number))
			return true;
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

static const struct {
	const char *field, *word;
	uint64_t number;
	bool above; /* all that are larger */
} field_words[] = {
#define FIELD_WORD(field, word, number) { field, word, number, false },
#define FIELD_ABOVE(field, word, number) { field, word, number, true },
#include "detect/parse/fieldwords.def"
#undef FIELD_ABOVE
#undef FIELD_WORD
};

/* Those of NFS have both ends in their ranges. */
static bool ends_count(struct slice field)
{
	return slice_is(field, "nfs_procedure") || slice_is(field, "nfs.version") ||
	       slice_is(field, "nfs_version");
}

/* A word that stands for the number, or a condition. */
static int field_condition_read(struct draft *draft, struct slice field, struct slice value,
				struct number_condition *ret_condition)
{
	bool negated;
	struct slice word = value_plain(value, &negated);

	for (size_t i = 0; i < sizeof(field_words) / sizeof(field_words[0]); i++) {
		if (!slice_is(field, field_words[i].field) || !slice_same(word, field_words[i].word))
			continue;
		*ret_condition = (struct number_condition){ .a = field_words[i].number };
		if (field_words[i].above)
			ret_condition->kind = negated ? NUMBER_TO : NUMBER_ABOVE;
		else
			ret_condition->kind = negated ? NUMBER_IS_NOT : NUMBER_IS;
		return 0;
	}
	return (ends_count(field) ? number_condition_with_ends : number_condition_of)(
		draft, (const char *)value.at, negated ? value : word, number_max(field),
		ret_condition);
}

int number_field_read(struct draft *draft, struct slice word, struct slice value)
{
	struct field_test read, *test;
	int err;

	if (!source_of_fields(word, true, &read.source))
		return -ENOENT;
	err = field_condition_read(draft, word, value, &read.condition);
	if (!err)
		err = draft_of_apps(draft, source_apps(&read.source), draft->keyword_at);
	if (err)
		return err;
	draft_asks_number(draft, word, &read.source);
	test = malloc(sizeof(*test));
	if (!test)
		return refuse_memory(draft);
	*test = read;
	return draft_test(draft, &field_test_ops, test);
}

const struct keyword keyword_of_field = {
	"a protocol's field", NULL, VALUE_MAYBE, NULL, NULL, "a buffer or a number of a protocol"
};
