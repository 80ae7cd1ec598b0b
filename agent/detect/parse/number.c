// SPDX-License-Identifier: Apache-2.0
/*
 * Conditions on a number, as all keywords of numbers write them. A range leaves out both of its ends, as
 * Suricata's does, but where the keyword says that they count.
 */
#include <ctype.h>

#include "detect/parse/inside.h"

/* What a keyword says of its numbers; at: the place that a refusal names. */
struct form {
	const char *at;
	uint64_t max;
	bool ends_count;
};

bool number_holds(const struct number_condition *condition, uint64_t number)
{
	switch (condition->kind) {
	case NUMBER_IS:
		return number == condition->a;
	case NUMBER_IS_NOT:
		return number != condition->a;
	case NUMBER_BELOW:
		return number < condition->a;
	case NUMBER_TO:
		return number <= condition->a;
	case NUMBER_ABOVE:
		return number > condition->a;
	case NUMBER_FROM:
		return number >= condition->a;
	case NUMBER_BETWEEN:
		return number > condition->a && number < condition->b;
	case NUMBER_OUTSIDE:
		return number <= condition->a || number >= condition->b;
	case NUMBER_MASK:
		return (number & condition->a) == condition->b;
	case NUMBER_NOT_MASK:
		return (number & condition->a) != condition->b;
	}
	return false;
}

uint64_t number_most(const struct number_condition *condition)
{
	switch (condition->kind) {
	case NUMBER_IS:
	case NUMBER_TO:
		return condition->a;
	case NUMBER_BELOW:
		return condition->a ? condition->a - 1 : 0;
	case NUMBER_BETWEEN:
		return condition->b - 1;
	default:
		return UINT64_MAX;
	}
}

static const struct {
	const char *sign;
	int kind;
} signs[] = {
	{ "<=", NUMBER_TO },	{ ">=", NUMBER_FROM }, { "!=", NUMBER_IS_NOT },
	{ "<", NUMBER_BELOW },	{ ">", NUMBER_ABOVE }, { "!&", NUMBER_NOT_MASK },
	{ "!", NUMBER_IS_NOT }, { "=", NUMBER_IS },    { "&", NUMBER_MASK },
};

/* "10<>20" or "10-20"; false: it is no range. */
static bool range_split(struct slice text, struct slice *ret_from, struct slice *ret_to)
{
	for (size_t i = 1; i < text.len; i++) {
		size_t sign = 0;

		if (text.at[i] == '-')
			sign = 1;
		else if (i + 1 < text.len && text.at[i] == '<' && text.at[i + 1] == '>')
			sign = 2;
		if (!sign)
			continue;
		*ret_from = slice_trim(slice(text.at, i));
		*ret_to = slice_trim(slice_behind(text, i + sign));
		return true;
	}
	return false;
}

/* Bytes of "kb"; 0: there is no such unit. */
static uint64_t unit_of(struct slice text)
{
	static const struct {
		const char *word;
		uint64_t bytes;
	} units[] = {
		{ "kb", 1 << 10 },  { "mb", 1 << 20 },	{ "gb", 1 << 30 },
		{ "kib", 1 << 10 }, { "mib", 1 << 20 }, { "gib", 1 << 30 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_same(text, units[i].word))
			return units[i].bytes;
	return 0;
}

/* 100, 0x64, 10kb. */
static bool amount_parse(struct slice text, uint64_t max, uint64_t *ret_number)
{
	uint64_t number, unit;
	size_t digits = 0;

	if (number_parse(text, max, ret_number))
		return true;
	while (digits < text.len && isdigit(text.at[digits]))
		digits++;
	unit = unit_of(slice_trim(slice_behind(text, digits)));
	if (!unit || !number_parse(slice(text.at, digits), max, &number) || number > max / unit)
		return false;
	*ret_number = number * unit;
	return true;
}

static int wrong_number(struct draft *draft, const struct form *form, struct slice text)
{
	return refuse(draft, form->at,
		      "write 10, !10, >10, >=10, <10, <=10 or 10<>20; both ends of a range lie outside",
		      "%s: \"%.*s\" is no condition on a number, or one that is too large",
		      draft->keyword->word, (int)text.len, text.at);
}

static int range_read(struct draft *draft, const struct form *form, struct slice text, bool negated,
		      struct number_condition *condition)
{
	struct slice from, to;

	if (!range_split(text, &from, &to) || !amount_parse(from, form->max, &condition->a) ||
	    !amount_parse(to, form->max, &condition->b))
		return wrong_number(draft, form, text);
	if (form->ends_count && condition->a == 0) {
		condition->a = condition->b;
		condition->kind = negated ? NUMBER_ABOVE : NUMBER_TO;
		return 0;
	}
	if (form->ends_count) {
		condition->a--;
		condition->b++;
	}
	if (condition->b < 2 || condition->a > condition->b - 2)
		return refuse(draft, form->at, "both ends of a range lie outside: 4<>8 is 5, 6 and 7",
			      "%s: no number lies in the range \"%.*s\"", draft->keyword->word,
			      (int)text.len, text.at);
	condition->kind = negated ? NUMBER_OUTSIDE : NUMBER_BETWEEN;
	return 0;
}

static int mask_read(struct draft *draft, const struct form *form, struct slice text,
		     struct number_condition *condition)
{
	struct slice rest = text, mask, value;

	slice_next(&rest, '=', &mask);
	if (!number_parse(mask, form->max, &condition->a))
		return wrong_number(draft, form, text);
	if (!slice_next(&rest, '=', &value))
		condition->b = condition->a;
	else if (!number_parse(value, form->max, &condition->b))
		return wrong_number(draft, form, text);
	return 0;
}

/* "<0", ">255" of a byte, a value that lies outside of its mask. */
static int never_holds(struct draft *draft, const struct form *form, struct slice text,
		       const struct number_condition *condition)
{
	bool is_never = (condition->kind == NUMBER_BELOW && condition->a == 0) ||
			(condition->kind == NUMBER_ABOVE && condition->a == form->max) ||
			(condition->kind == NUMBER_MASK && condition->b & ~condition->a);

	return is_never ? refuse(draft, form->at, NULL, "%s: no number from 0 to %llu is %.*s",
				 draft->keyword->word, (unsigned long long)form->max, (int)text.len,
				 text.at)
			: 0;
}

static int condition_of(struct draft *draft, const struct form *form, struct slice text,
			struct number_condition *ret_condition)
{
	struct number_condition condition = { .kind = NUMBER_IS };
	struct slice whole = slice_trim(text), number = whole, from, to;
	int err = 0;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!slice_starts(whole, signs[i].sign))
			continue;
		condition.kind = signs[i].kind;
		number = slice_trim(slice_behind(whole, strlen(signs[i].sign)));
		break;
	}
	if (condition.kind == NUMBER_MASK || condition.kind == NUMBER_NOT_MASK)
		err = mask_read(draft, form, number, &condition);
	else if ((condition.kind == NUMBER_IS || condition.kind == NUMBER_IS_NOT) &&
		 range_split(number, &from, &to))
		err = range_read(draft, form, number, condition.kind == NUMBER_IS_NOT, &condition);
	else if (!amount_parse(number, form->max, &condition.a))
		err = wrong_number(draft, form, whole);
	if (!err)
		err = never_holds(draft, form, whole, &condition);
	if (!err)
		*ret_condition = condition;
	return err;
}

int number_condition_of(struct draft *draft, const char *at, struct slice text, uint64_t max,
			struct number_condition *ret_condition)
{
	return condition_of(draft, &(struct form){ at, max, false }, text, ret_condition);
}

int number_condition_with_ends(struct draft *draft, const char *at, struct slice text, uint64_t max,
			       struct number_condition *ret_condition)
{
	return condition_of(draft, &(struct form){ at, max, true }, text, ret_condition);
}

int number_condition_read(struct draft *draft, struct slice text, uint64_t max,
			  struct number_condition *ret_condition)
{
	return number_condition_of(draft, (const char *)text.at, text, max, ret_condition);
}
