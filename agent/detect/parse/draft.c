// SPDX-License-Identifier: Apache-2.0
/*
 * The draft of one rule: what keywords put into it, and the words when one is refused. Called by
 * all of parse/ and the keywords; whatever happens, draft_free() frees what was given to it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

#define SAID_MAX 512

/* Line and column of an offset: continued lines are lines of their own. */
static void place_of(const struct draft *draft, size_t offset, uint32_t *ret_line,
		     uint32_t *ret_column)
{
	uint32_t line = draft->line_number;
	size_t start = 0;

	if (offset > draft->line.len)
		offset = draft->line.len;
	for (size_t i = 0; i < offset; i++) {
		if (draft->line.at[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	*ret_line = line;
	*ret_column = (uint32_t)(offset - start) + 1;
}

/* What cannot be counted for want of memory is said all the same. */
static void refusal_count(struct parse *parse, struct slice said)
{
	uint32_t number = words_add(&parse->refusal_texts, said);

	if (!number ||
	    parse_room(&parse->refusals, &parse->refusal_cap, number, sizeof(*parse->refusals)))
		return;
	parse->refusals[number - 1].says = words_at(&parse->refusal_texts, number);
	parse->refusals[number - 1].cnt++;
}

int refuse(struct draft *draft, const char *at, const char *hint, const char *fmt, ...)
{
	char said[SAID_MAX];
	uint32_t line, column;
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	refusal_count(draft->parse, slice_text(said));
	place_of(draft, at ? (size_t)(at - draft->text) : 0, &line, &column);
	diag_add(draft->parse->diag, DIAG_ERROR, draft->file, line, column, hint, "%s", said);
	return -EINVAL;
}

int refuse_memory(struct draft *draft)
{
	refuse(draft, NULL, NULL, "no memory for this rule");
	return -ENOMEM;
}

int parse_room(void *table, uint32_t *cap, uint32_t number, size_t size)
{
	void **at = table;
	uint32_t wanted = *cap ? *cap : 8;
	uint8_t *bytes;

	if (number <= *cap)
		return 0;
	while (wanted < number)
		wanted *= 2;
	bytes = reallocarray(*at, wanted, size);
	if (!bytes)
		return -ENOMEM;
	memset(bytes + *cap * size, 0, (wanted - *cap) * size);
	*at = bytes;
	*cap = wanted;
	return 0;
}

static bool source_is_list(const struct source *source)
{
	return source->kind == SOURCE_FILE_NUMBER_OR_NAME ||
	       (source->kind == SOURCE_FIELD && source->fields[0].field->kind == FIELD_LIST);
}

static int part_new(struct draft *draft, const struct source *source)
{
	if (draft->part_cnt == DRAFT_PARTS_MAX)
		return refuse(draft, draft->keyword_at, NULL,
			      "a rule has at most %d buffers, this one has more", DRAFT_PARTS_MAX);
	draft->parts[draft->part_cnt] = (struct draft_part){ .part = { .source = source } };
	return (int)draft->part_cnt++;
}

int draft_part(struct draft *draft, const struct source *source)
{
	for (uint32_t i = 0; i < draft->part_cnt; i++)
		if (draft->parts[i].part.source == source)
			return (int)i;
	return part_new(draft, source);
}

/* Each naming of a list is a value of its own, but for modifiers behind contents. */
static int part_of_sticky(struct draft *draft)
{
	int part;

	if (draft->part_now >= 0)
		return draft->part_now;
	if (source_is_list(draft->source ? draft->source : &source_payload))
		part = part_new(draft, draft->source);
	else
		part = draft_part(draft, draft->source ? draft->source : &source_payload);
	if (part >= 0) {
		draft->part_now = part;
		draft->source_used = true;
	}
	return part;
}

static void clause_free(const struct clause_ops *ops, void *arg)
{
	if (ops->free)
		ops->free(arg);
}

int draft_clause_in(struct draft *draft, uint32_t part, const struct clause_ops *ops, void *arg)
{
	struct draft_part *to = &draft->parts[part];

	if (parse_room(&to->part.clauses, &to->clause_cap, to->part.clause_cnt + 1,
		       sizeof(*to->part.clauses))) {
		clause_free(ops, arg);
		return refuse_memory(draft);
	}
	to->part.clauses[to->part.clause_cnt++] = (struct clause){ .ops = ops, .arg = arg };
	draft->source_used |= to->part.source == draft->source;
	return 0;
}

int draft_clause(struct draft *draft, const struct clause_ops *ops, void *arg)
{
	int part = part_of_sticky(draft);

	if (part < 0) {
		clause_free(ops, arg);
		return part;
	}
	return draft_clause_in(draft, (uint32_t)part, ops, arg);
}

int draft_test(struct draft *draft, const struct test_ops *ops, void *arg)
{
	struct signature *signature = draft->signature;

	if (parse_room(&signature->tests, &draft->test_cap, signature->test_cnt + 1,
		       sizeof(*signature->tests))) {
		if (ops->free)
			ops->free(arg);
		return refuse_memory(draft);
	}
	signature->tests[signature->test_cnt++] = (struct test){ .ops = ops, .arg = arg };
	return 0;
}

int draft_act(struct draft *draft, const struct act_ops *ops, void *arg)
{
	struct signature *signature = draft->signature;

	if (parse_room(&signature->acts, &draft->act_cap, signature->act_cnt + 1,
		       sizeof(*signature->acts))) {
		if (ops->free)
			ops->free(arg);
		return refuse_memory(draft);
	}
	signature->acts[signature->act_cnt++] = (struct act){ .ops = ops, .arg = arg };
	return 0;
}

struct content *draft_content(struct draft *draft)
{
	if (draft->content_part < 0)
		return NULL;
	return draft->parts[draft->content_part].part.clauses[draft->content_clause].arg;
}

static int source_unused(struct draft *draft)
{
	return refuse(draft, draft->source_at, "ask it for a content, or leave it out",
		      "%s is named, and nothing is asked of it", draft->source->name);
}

int draft_sticky(struct draft *draft, const struct source *source)
{
	if (draft->source && !draft->source_used)
		return source_unused(draft);
	draft->source = source == &source_payload ? NULL : source;
	draft->source_at = draft->keyword_at;
	draft->source_used = source == &source_payload;
	draft->part_now = -1;
	return 0;
}

int draft_source_must(struct draft *draft)
{
	if (draft->source)
		return 0;
	return refuse(draft, draft->keyword_at, "it stands behind the name of a buffer",
		      "%s without a buffer in front of it", draft->keyword->word);
}

void draft_source_is(struct draft *draft, const struct source *source)
{
	draft->source = source;
	draft->source_used = false;
	draft->part_now = -1;
}

int draft_move_content(struct draft *draft, const struct source *source)
{
	struct draft_part *from;
	struct clause clause;
	int to, err;

	if (draft->content_part < 0)
		return refuse(draft, draft->keyword_at,
			      "it stands behind the content that it is about",
			      "%s without a content in front of it", draft->keyword->word);
	from = &draft->parts[draft->content_part];
	if (from->part.source != &source_payload)
		return refuse(draft, draft->keyword_at,
			      "name the buffer once, in front of its contents",
			      "%s: its content is of %s already", draft->keyword->word,
			      from->part.source->name);
	to = draft_part(draft, source);
	if (to < 0)
		return to;
	from = &draft->parts[draft->content_part];
	clause = from->part.clauses[draft->content_clause];
	memmove(&from->part.clauses[draft->content_clause],
		&from->part.clauses[draft->content_clause + 1],
		(--from->part.clause_cnt - (uint32_t)draft->content_clause) * sizeof(clause));
	err = draft_clause_in(draft, (uint32_t)to, clause.ops, clause.arg);
	if (err) {
		draft->content_part = -1;
		return err;
	}
	draft->content_part = to;
	draft->content_clause = (int32_t)draft->parts[to].part.clause_cnt - 1;
	draft->parts[to].part.clauses[draft->content_clause].is_content = true;
	return 0;
}

int draft_of_apps(struct draft *draft, uint64_t apps, const char *at)
{
	struct signature *signature = draft->signature;
	uint64_t left = signature->apps ? signature->apps & apps : apps;

	if (!left)
		return refuse(draft, at, "a rule is about one protocol; write one rule for each",
			      "%s is of another protocol than the rule, or than what stands before it",
			      draft->keyword ? draft->keyword->word : "this");
	signature->apps = left;
	return 0;
}

uint8_t draft_var_find(const struct draft *draft, struct slice name)
{
	for (uint32_t i = 0; i < draft->var_cnt; i++)
		if (slice_is(name, draft->vars[i]))
			return (uint8_t)(i + 1);
	return 0;
}

uint8_t draft_var_add(struct draft *draft, struct slice name)
{
	uint8_t number = draft_var_find(draft, name);

	if (number)
		return number;
	if (draft->var_cnt == MATCH_VARS_MAX || !name.len || name.len >= DRAFT_VAR_MAX)
		return 0;
	memcpy(draft->vars[draft->var_cnt], name.at, name.len);
	draft->vars[draft->var_cnt][name.len] = 0;
	return (uint8_t)++draft->var_cnt;
}

static void part_free(struct part *part)
{
	for (uint32_t i = 0; i < part->clause_cnt; i++)
		clause_free(part->clauses[i].ops, part->clauses[i].arg);
	free(part->clauses);
}

void draft_free(struct draft *draft)
{
	for (uint32_t i = 0; i < draft->part_cnt; i++)
		part_free(&draft->parts[i].part);
	draft->part_cnt = 0;
	signature_free(draft->signature);
	draft->signature = NULL;
}

void signature_free(struct signature *signature)
{
	if (!signature)
		return;
	for (uint32_t i = 0; i < signature->part_cnt; i++)
		part_free(&signature->parts[i]);
	for (uint32_t i = 0; i < signature->test_cnt; i++)
		if (signature->tests[i].ops->free)
			signature->tests[i].ops->free(signature->tests[i].arg);
	for (uint32_t i = 0; i < signature->act_cnt; i++)
		if (signature->acts[i].ops->free)
			signature->acts[i].ops->free(signature->acts[i].arg);
	free(signature->parts);
	free(signature->tests);
	free(signature->acts);
	free(signature->suppressions);
	free((void *)signature->rule.metadata);
	free((void *)signature->rule.references);
	free((char *)signature->rule.text);
	free(signature);
}
