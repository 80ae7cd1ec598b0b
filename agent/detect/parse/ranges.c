// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of addresses and ports as sets. Called by addresses.c and ports.c; what is read is whole or
 * refused.
 */
#include "detect/parse/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16 /* lists in lists, variables in variables */

struct reading {
	struct draft *draft;
	const struct range_kind *kind;
	struct slice place; /* in the rule: where words of what is wrong point to */
	unsigned int depth;
	bool in_variable, has_negated;
};

int range_list_add(struct ranges *ranges, wide from, wide to)
{
	if (ranges->cnt == ranges->cap) {
		uint32_t cap = ranges->cap ? ranges->cap * 2 : 8;
		struct range *at = reallocarray(ranges->at, cap, sizeof(*at));

		if (!at)
			return -ENOMEM;
		ranges->at = at;
		ranges->cap = cap;
	}
	ranges->at[ranges->cnt++] = (struct range){ .from = from, .to = to };
	return 0;
}

void range_list_free(struct ranges *ranges)
{
	free(ranges->at);
	*ranges = (struct ranges){};
}

static int range_order(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* Sorts, and makes one of those that overlap or touch. */
static void range_list_settle(struct ranges *ranges)
{
	uint32_t kept = 0;

	if (!ranges->cnt)
		return;
	qsort(ranges->at, ranges->cnt, sizeof(*ranges->at), range_order);
	for (uint32_t i = 1; i < ranges->cnt; i++) {
		struct range *last = &ranges->at[kept];
		const struct range *next = &ranges->at[i];

		if (next->from <= last->to || next->from - 1 == last->to) {
			if (next->to > last->to)
				last->to = next->to;
		} else {
			ranges->at[++kept] = *next;
		}
	}
	ranges->cnt = kept + 1;
}

/* What of a lies outside of b; both are settled. */
static int range_list_without(const struct ranges *a, const struct ranges *b, struct ranges *ret_left)
{
	for (uint32_t i = 0; i < a->cnt; i++) {
		wide from = a->at[i].from, to = a->at[i].to;
		bool is_left = true;

		for (uint32_t k = 0; k < b->cnt && is_left; k++) {
			const struct range *hole = &b->at[k];

			if (hole->to < from || hole->from > to)
				continue;
			if (hole->from > from && range_list_add(ret_left, from, hole->from - 1))
				return -ENOMEM;
			is_left = hole->to < to;
			from = hole->to + 1;
		}
		if (is_left && range_list_add(ret_left, from, to))
			return -ENOMEM;
	}
	return 0;
}

/* Where the comma at this level is; its end when there is none. */
static size_t element_end(struct slice list)
{
	int depth = 0;
	size_t i;

	for (i = 0; i < list.len; i++) {
		if (list.at[i] == '[')
			depth++;
		else if (list.at[i] == ']')
			depth--;
		else if (list.at[i] == ',' && depth == 0)
			break;
	}
	return i;
}

static int wrong(const struct reading *reading, struct slice text, const char *hint, const char *what)
{
	const char *at = (const char *)(reading->in_variable ? reading->place.at : text.at);

	return refuse(reading->draft, at, hint, "\"%.*s\": %s", (int)text.len, text.at, what);
}

static int list_read(struct reading *reading, struct slice list, struct ranges *ret_ranges);

static int variable_read(struct reading *reading, struct slice text, struct ranges *ret_ranges)
{
	struct slice name = slice_behind(text, 1);
	const char *value = variable_find(reading->draft->parse, reading->kind->groups, name);
	bool was_in = reading->in_variable;
	int err;

	if (!value)
		return wrong(reading, text, "set it in the settings, under vars",
			     "there is no such variable");
	if (!was_in)
		reading->place = text;
	reading->in_variable = true;
	err = list_read(reading, slice_trim(slice_text(value)), ret_ranges);
	reading->in_variable = was_in;
	return err;
}

static int element_read(struct reading *reading, struct slice text, struct ranges *ret_ranges)
{
	const char *hint = NULL;
	int err;

	if (!text.len)
		return wrong(reading, text, NULL, "an element is missing");
	if (text.at[0] == '$')
		return variable_read(reading, text, ret_ranges);
	if (slice_same(text, "any"))
		return range_list_add(ret_ranges, 0, reading->kind->max);
	if (text.at[0] == '[') {
		if (text.at[text.len - 1] != ']')
			return wrong(reading, text, "close it with ]", "a list without end");
		return list_read(reading, slice_trim(slice(text.at + 1, text.len - 2)), ret_ranges);
	}
	err = reading->kind->element(text, ret_ranges, &hint);
	if (err == -EINVAL)
		return wrong(reading, text, hint,
			     reading->kind->max > UINT16_MAX ? "it is no address" : "it is no port");
	return err;
}

/* One element with its sign, into the set of those that belong or of those that do not. */
static int signed_read(struct reading *reading, struct slice text, struct ranges *yes,
		       struct ranges *no)
{
	bool negated = false;

	while (text.len && text.at[0] == '!') {
		negated = !negated;
		text = slice_trim(slice_behind(text, 1));
	}
	reading->has_negated |= negated;
	return element_read(reading, text, negated ? no : yes);
}

static int list_settle(const struct reading *reading, struct ranges *yes, struct ranges *no,
		       struct ranges *ret_ranges)
{
	/* only negations: all but these */
	if (!yes->cnt && no->cnt && range_list_add(yes, 0, reading->kind->max))
		return -ENOMEM;
	range_list_settle(yes);
	range_list_settle(no);
	return range_list_without(yes, no, ret_ranges);
}

static int list_read(struct reading *reading, struct slice list, struct ranges *ret_ranges)
{
	struct ranges yes = {}, no = {};
	int err = 0;

	if (++reading->depth > DEPTH_MAX)
		return wrong(reading, list, "does a variable name itself?", "too deep");
	do {
		size_t end = element_end(list);

		err = signed_read(reading, slice_trim(slice(list.at, end)), &yes, &no);
		if (end == list.len)
			break;
		list = slice_behind(list, end + 1);
	} while (!err);
	if (!err)
		err = list_settle(reading, &yes, &no, ret_ranges);
	range_list_free(&yes);
	range_list_free(&no);
	reading->depth--;
	return err;
}

int range_list_make(struct draft *draft, const struct range_kind *kind, struct slice text,
		    struct ranges *ret_ranges)
{
	struct reading reading = { .draft = draft, .kind = kind, .place = text };
	struct ranges ranges = {};
	int err = list_read(&reading, text, &ranges);

	if (err == -ENOMEM)
		err = refuse_memory(draft);
	if (err) {
		range_list_free(&ranges);
		return err;
	}
	range_list_settle(&ranges);
	ranges.has_negated = reading.has_negated;
	*ret_ranges = ranges;
	return 0;
}

int range_list_read(struct draft *draft, const struct range_kind *kind, struct slice text,
		    struct ranges *ret_ranges)
{
	int err = range_list_make(draft, kind, text, ret_ranges);

	if (err || ret_ranges->cnt)
		return err;
	range_list_free(ret_ranges);
	return refuse(draft, (const char *)text.at, NULL, "\"%.*s\" leaves no %s", (int)text.len,
		      text.at, kind->what);
}

static void *set_at(const struct range_sets *sets, const struct range_kind *kind, uint32_t number)
{
	return *(uint8_t **)sets->sets + (number - 1) * kind->set_size;
}

/* Into the place behind the last. */
static int set_add(const struct range_sets *sets, const struct range_kind *kind, struct slice text,
		   const struct ranges *ranges)
{
	uint32_t number = sets->texts->cnt + 1;
	void *set;

	if (parse_room(sets->sets, sets->cap, number, kind->set_size))
		return -ENOMEM;
	set = set_at(sets, kind, number);
	if (kind->set_make(ranges, set))
		return -ENOMEM;
	if (words_add(sets->texts, text))
		return 0;
	kind->set_free(set);
	return -ENOMEM;
}

int range_set_read(struct draft *draft, const struct range_kind *kind,
		   const struct range_sets *sets, struct slice text, void *ret_set)
{
	uint32_t number = words_find(sets->texts, text);
	struct ranges ranges;
	int err;

	if (!number) {
		err = range_list_read(draft, kind, text, &ranges);
		if (err)
			return err;
		err = set_add(sets, kind, text, &ranges);
		range_list_free(&ranges);
		if (err)
			return refuse_memory(draft);
		number = sets->texts->cnt;
	}
	memcpy(ret_set, set_at(sets, kind, number), kind->set_size);
	return 0;
}
