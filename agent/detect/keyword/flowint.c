// SPDX-License-Identifier: Apache-2.0
/*
 * flowint: numbers that rules count in a flow.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "detect/state.h"

enum flowint_op {
	OP_SET,
	OP_ADD,
	OP_SUB,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_EQ,
	OP_NE,
	OP_ISSET,
	OP_NOTSET
};

struct flowint {
	enum flowint_op op;
	uint32_t name;
	uint32_t value;
	uint32_t other; /* name of another number that is the value; 0: value */
};

static bool value_of(const struct flowint *flowint, const struct match *match, uint32_t *ret_value)
{
	if (flowint->other)
		return state_int(match, flowint->other, ret_value);
	*ret_value = flowint->value;
	return true;
}

static bool flowint_ask(const void *arg, struct match *match)
{
	const struct flowint *flowint = arg;
	uint32_t is = 0, value;
	bool is_set = state_int(match, flowint->name, &is);

	if (flowint->op == OP_ISSET || flowint->op == OP_NOTSET)
		return is_set == (flowint->op == OP_ISSET);
	if (!is_set || !value_of(flowint, match, &value))
		return false;
	switch (flowint->op) {
	case OP_LT:
		return is < value;
	case OP_LE:
		return is <= value;
	case OP_GT:
		return is > value;
	case OP_GE:
		return is >= value;
	case OP_EQ:
		return is == value;
	default:
		return is != value;
	}
}

static void flowint_act(const void *arg, struct match *match)
{
	const struct flowint *flowint = arg;
	uint32_t is = 0, value;

	if (!value_of(flowint, match, &value))
		return;
	(void)state_int(match, flowint->name, &is);
	if (flowint->op == OP_SET)
		is = value;
	else if (flowint->op == OP_ADD)
		is += value;
	else
		is -= value;
	state_int_set(match, flowint->name, is);
}

static const struct test_ops flowint_test = {
	.word = "flowint", .ask = flowint_ask, .free = free, .of_packet = true, .cost = 3
};
static const struct act_ops flowint_act_ops = { .word = "flowint", .act = flowint_act, .free = free };

static const struct {
	const char *word;
	enum flowint_op op;
} ops[] = {
	{ "=", OP_SET }, { "+", OP_ADD },	{ "-", OP_SUB },	 { "<", OP_LT },
	{ "<=", OP_LE }, { ">", OP_GT },	{ ">=", OP_GE },	 { "==", OP_EQ },
	{ "!=", OP_NE }, { "isset", OP_ISSET }, { "notset", OP_NOTSET }, { "isnotset", OP_NOTSET },
};

static int op_find(struct draft *draft, struct slice word, enum flowint_op *ret_op)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (slice_is(word, ops[i].word)) {
			*ret_op = ops[i].op;
			return 0;
		}
	}
	return refuse(draft, (const char *)word.at, "= + - < <= > >= == != isset notset",
		      "flowint cannot do \"%.*s\"", (int)word.len, word.at);
}

static int flowint_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, name, op, number = {};
	struct words *names = &draft->parse->names[NAME_FLOWINT];
	struct flowint read = {}, *flowint;
	uint64_t said;
	int err;

	if (!slice_next(&rest, ',', &name) || !name.len || !slice_next(&rest, ',', &op))
		return refuse(draft, (const char *)value.at, "flowint:name,+,1",
			      "flowint is a name, what to do, and a number");
	err = op_find(draft, op, &read.op);
	if (err)
		return err;
	read.name = words_add(names, name);
	if (read.op != OP_ISSET && read.op != OP_NOTSET &&
	    (!slice_next(&rest, ',', &number) || !number.len))
		return refuse(draft, (const char *)op.at, "flowint:name,+,1",
			      "flowint needs a number or another name");
	if (number_parse(number, UINT32_MAX, &said))
		read.value = (uint32_t)said;
	else if (number.len && !(read.other = words_add(names, number)))
		return refuse_memory(draft);
	flowint = malloc(sizeof(*flowint));
	if (!flowint || !read.name) {
		free(flowint);
		return refuse_memory(draft);
	}
	*flowint = read;
	draft->signature->changes_flow |= read.op <= OP_SUB;
	return read.op <= OP_SUB ? draft_act(draft, &flowint_act_ops, flowint)
				 : draft_test(draft, &flowint_test, flowint);
}

const struct keyword keyword_flowint = { "flowint",    NULL, VALUE_ALWAYS,
					 flowint_read, NULL, "numbers that rules count in a flow" };
