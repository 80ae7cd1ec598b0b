// SPDX-License-Identifier: Apache-2.0
/*
 * dataset and datarep: is the whole buffer in a set, and how is it reputed there. Sets are datasets.c's.
 */
#include "detect/keyword/dataset.h"

#include <stdlib.h>

#include "detect/state.h"

enum dataset_command { COMMAND_ISSET, COMMAND_ISNOTSET, COMMAND_SET, COMMAND_UNSET };

struct dataset_clause {
	struct dataset *dataset;
	enum dataset_command command;
};

static bool add(struct dataset *dataset, const struct match *match)
{
	int added = dataset_add(dataset, match->buffer);

	if (added < 0)
		state_short(match);
	return added > 0;
}

static enum clause_says dataset_ask(const struct clause *clause, struct match *match)
{
	const struct dataset_clause *asked = clause->arg;
	struct dataset *dataset = asked->dataset;
	bool holds;

	if (match->again == CLAUSE_ONCE || !match->buffer.len)
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	if (dataset->is_changing)
		state_await(match);
	switch (asked->command) {
	case COMMAND_ISSET:
		holds = dataset_has(dataset, match->buffer, NULL);
		break;
	case COMMAND_ISNOTSET:
		holds = !dataset_has(dataset, match->buffer, NULL);
		break;
	case COMMAND_SET:
		holds = add(dataset, match);
		break;
	default:
		holds = dataset_remove(dataset, match->buffer);
		break;
	}
	return holds ? CLAUSE_YES : CLAUSE_NO;
}

static const struct clause_ops dataset_ops = { .word = "dataset", .ask = dataset_ask, .free = free };

static int buffer_must(struct draft *draft)
{
	if (draft->source)
		return 0;
	return refuse(draft, draft->keyword_at, "name the buffer in front of it",
		      "%s without a buffer", draft->keyword->word);
}

static int dataset_read(struct draft *draft, struct slice value)
{
	static const char *const commands[] = { "isset", "isnotset", "set", "unset" };
	struct dataset_clause read = {}, *clause;
	struct slice rest = value, command, name;
	int i, err = buffer_must(draft);

	if (err)
		return err;
	slice_next(&rest, ',', &command);
	for (i = 0; i < 4 && !slice_is(command, commands[i]); i++)
		;
	if (i == 4 || !slice_next(&rest, ',', &name) || !name.len)
		return refuse(draft, (const char *)value.at,
			      "dataset:isset,name,type string,load names.lst",
			      "dataset: isset, isnotset, set or unset, then a name");
	read.command = (enum dataset_command)i;
	read.dataset = dataset_get(draft->parse, name);
	if (!read.dataset)
		return refuse_memory(draft);
	read.dataset->is_changing |= read.command == COMMAND_SET || read.command == COMMAND_UNSET;
	err = dataset_ready(draft, read.dataset, rest, false);
	if (err)
		return err;
	clause = malloc(sizeof(*clause));
	if (!clause)
		return refuse_memory(draft);
	*clause = read;
	return draft_clause(draft, &dataset_ops, clause);
}

/* --- datarep --- */

struct datarep_clause {
	struct dataset *dataset;
	struct number_condition condition;
};

static enum clause_says datarep_ask(const struct clause *clause, struct match *match)
{
	const struct datarep_clause *asked = clause->arg;
	uint16_t reputation = 0;

	if (match->again == CLAUSE_ONCE)
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	if (asked->dataset->is_changing)
		state_await(match);
	return dataset_has(asked->dataset, match->buffer, &reputation) &&
			       number_holds(&asked->condition, reputation)
		       ? CLAUSE_YES
		       : CLAUSE_NO;
}

static const struct clause_ops datarep_ops = { .word = "datarep", .ask = datarep_ask, .free = free };

static int datarep_read(struct draft *draft, struct slice value)
{
	struct slice rest = value, name, op, number;
	struct datarep_clause read = {}, *clause;
	uint64_t limit;
	int err = buffer_must(draft);

	if (err)
		return err;
	if (!slice_next(&rest, ',', &name) || !name.len || !slice_next(&rest, ',', &op) ||
	    !slice_next(&rest, ',', &number) || !number_parse(number, UINT16_MAX, &limit))
		return refuse(draft, (const char *)value.at,
			      "datarep:name,>,100,load names.rep,type string",
			      "datarep is a name, < > or =, and a number");
	read.condition = (struct number_condition){ .a = limit };
	if (slice_is(op, ">"))
		read.condition.kind = NUMBER_ABOVE;
	else if (slice_is(op, "<"))
		read.condition.kind = NUMBER_BELOW;
	else if (!slice_is(op, "=") && !slice_is(op, "=="))
		return refuse(draft, (const char *)op.at,
			      "< > or =", "datarep cannot compare by \"%.*s\"", (int)op.len, op.at);
	read.dataset = dataset_get(draft->parse, name);
	if (!read.dataset)
		return refuse_memory(draft);
	err = dataset_ready(draft, read.dataset, rest, true);
	if (err)
		return err;
	clause = malloc(sizeof(*clause));
	if (!clause)
		return refuse_memory(draft);
	*clause = read;
	return draft_clause(draft, &datarep_ops, clause);
}

const struct keyword keyword_dataset = {
	"dataset",    NULL, VALUE_ALWAYS,
	dataset_read, NULL, "the buffer is in a set: dataset:isset,name,type string,load names.lst"
};
const struct keyword keyword_datarep = {
	"datarep",    NULL,
	VALUE_ALWAYS, datarep_read,
	NULL,	      "how the buffer is reputed: datarep:name,>,100,load names.rep,type string"
};
