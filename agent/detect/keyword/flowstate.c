// SPDX-License-Identifier: Apache-2.0
/*
 * Figures of the flow: its age, packets and bytes of each side; and variables that expressions captured.
 */
#include <stdlib.h>

#include "detect/keyword/content.h"
#include "detect/state.h"

struct flow_number {
	uint64_t (*get)(const struct match *match);
};

struct flow_test {
	const struct flow_number *number;
	struct number_condition condition;
};

static uint64_t age(const struct match *match)
{
	/* between two readings of a clock of seconds, as records tell it */
	return match->now_ns / 1000000000 - match->flow->first_ns / 1000000000;
}

static uint64_t pkts_toserver(const struct match *match)
{
	return match->flow->packets[FROM_CLIENT];
}

static uint64_t pkts_toclient(const struct match *match)
{
	return match->flow->packets[FROM_SERVER];
}

static uint64_t bytes_toserver(const struct match *match)
{
	return match->flow->bytes[FROM_CLIENT];
}

static uint64_t bytes_toclient(const struct match *match)
{
	return match->flow->bytes[FROM_SERVER];
}

static bool flow_test_ask(const void *arg, struct match *match)
{
	const struct flow_test *test = arg;

	return match->flow && number_holds(&test->condition, test->number->get(match));
}

static const struct test_ops flow_test_ops = {
	.word = "flow.", .ask = flow_test_ask, .free = free, .of_packet = true, .cost = 1
};

static int flow_number_read(struct draft *draft, struct slice value)
{
	struct flow_test *test = malloc(sizeof(*test));
	int err;

	if (!test)
		return refuse_memory(draft);
	test->number = draft->keyword->arg;
	err = number_condition_read(draft, value, UINT64_MAX, &test->condition);
	if (err) {
		free(test);
		return err;
	}
	return draft_test(draft, &flow_test_ops, test);
}

#define FLOW_NUMBER(symbol, says)                                                                  \
	static const struct flow_number number_##symbol = { symbol };                              \
	const struct keyword keyword_flow_##symbol = { "flow." #symbol,	 NULL,                     \
						       VALUE_ALWAYS,	 flow_number_read,         \
						       &number_##symbol, says }

FLOW_NUMBER(age, "seconds since its first packet");
FLOW_NUMBER(pkts_toserver, "packets to the server so far");
FLOW_NUMBER(pkts_toclient, "packets to the client so far");
FLOW_NUMBER(bytes_toserver, "bytes to the server so far");
FLOW_NUMBER(bytes_toclient, "bytes to the client so far");

/* --- flowvar, pktvar: what an expression captured holds these bytes --- */

struct var_test {
	bool of_flow;
	uint32_t name;
	size_t len;
	uint8_t *bytes;
};

static bool var_ask(const void *arg, struct match *match)
{
	const struct var_test *test = arg;
	struct slice value = state_var(match, test->of_flow, test->name);

	return value.at && memmem(value.at, value.len, test->bytes, test->len);
}

static void var_free(void *arg)
{
	struct var_test *test = arg;

	free(test->bytes);
	free(test);
}

static const struct test_ops var_ops = {
	.word = "flowvar", .ask = var_ask, .free = var_free, .of_packet = true, .cost = 4
};

static int var_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, name;
	struct var_test *test;
	uint8_t *bytes;
	size_t len;
	int err;

	if (!slice_next(&rest, ',', &name) || !name.len || !rest.at)
		return refuse(draft, (const char *)value.at, "flowvar:name,\"bytes\"",
			      "%s is a name and its bytes", draft->keyword->word);
	err = content_bytes(draft, value_plain(slice_trim(rest), NULL), &bytes, &len);
	if (err)
		return err;
	test = malloc(sizeof(*test));
	if (!test) {
		free(bytes);
		return refuse_memory(draft);
	}
	*test = (struct var_test){ .of_flow = !strcmp(draft->keyword->word, "flowvar"),
				   .name = words_add(&draft->parse->names[NAME_VAR], name),
				   .len = len,
				   .bytes = bytes };
	return draft_test(draft, &var_ops, test);
}

const struct keyword keyword_flowvar = {
	"flowvar", NULL, VALUE_ALWAYS,
	var_read,  NULL, "what was captured in the flow: flowvar:name,\"bytes\""
};
const struct keyword keyword_pktvar = {
	"pktvar", NULL, VALUE_ALWAYS,
	var_read, NULL, "what was captured in the packet: pktvar:name,\"bytes\""
};
