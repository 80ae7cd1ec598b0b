// SPDX-License-Identifier: Apache-2.0
/*
 * byte_extract and byte_math: a number of the buffer becomes a variable that later keywords use.
 */
#include <stdlib.h>

#include "detect/keyword/bytes.h"

struct byte_extract {
	struct byte_place place;
	uint8_t var;
	uint32_t multiplier, align; /* byte_extract; 0: none */
	uint32_t mask; /* byte_math: of what was computed */
	char op; /* byte_math: + - * / l(eft) r(ight); 0: none */
	struct byte_number value;
	bool has_value;
};

static bool compute(const struct byte_extract *extract, uint64_t value, uint64_t *number)
{
	switch (extract->op) {
	case '+':
		*number += value;
		return true;
	case '-':
		*number -= value;
		return true;
	case '*':
		*number *= value;
		return true;
	case '/':
		if (!value)
			return false;
		*number /= value;
		return true;
	case 'l':
		*number = value < 64 ? *number << value : 0;
		return true;
	case 'r':
		*number = value < 64 ? *number >> value : 0;
		return true;
	default:
		return true;
	}
}

static enum clause_says byte_extract_ask(const struct clause *clause, struct match *match)
{
	const struct byte_extract *extract = clause->arg;
	uint64_t number;
	size_t end;

	if (match->again == CLAUSE_ONCE || !byte_place_read(&extract->place, match, &number, &end))
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	if (extract->multiplier)
		number *= extract->multiplier;
	if (extract->align)
		number = (number + extract->align - 1) / extract->align * extract->align;
	if (!compute(extract, (uint64_t)byte_number(&extract->value, match), &number))
		return CLAUSE_NO;
	match->vars[extract->var - 1] = byte_masked(number, extract->mask);
	match->at = (uint32_t)end;
	return CLAUSE_YES;
}

static const struct clause_ops byte_extract_ops = { .word = "byte_extract",
						    .ask = byte_extract_ask,
						    .free = free };

static int var_add(struct draft *draft, struct slice name, uint8_t *ret_var)
{
	uint8_t var = 0;
	int64_t number;

	if (name.len && !signed_parse(name, &number))
		var = draft_var_add(draft, name);
	if (!var)
		return refuse(draft, (const char *)name.at, NULL,
			      "\"%.*s\" cannot be a variable, or there are more than %d",
			      (int)name.len, name.at, MATCH_VARS_MAX);
	*ret_var = var;
	return 0;
}

static int extract_word(struct draft *draft, struct slice word, struct byte_extract *extract)
{
	struct slice rest = word, key;
	uint64_t number = 0;
	uint32_t *to = NULL;

	slice_next(&rest, ' ', &key);
	if (slice_is(key, "multiplier"))
		to = &extract->multiplier;
	else if (slice_is(key, "align"))
		to = &extract->align;
	if (!to)
		return byte_word_parse(draft, word, &extract->place);
	if (!number_parse(slice_trim(rest), UINT16_MAX, &number) || !number ||
	    (to == &extract->align && number != 2 && number != 4))
		return refuse(draft, (const char *)word.at, "multiplier 2; align 2 or align 4",
			      "\"%.*s\" says no number that fits", (int)word.len, word.at);
	*to = (uint32_t)number;
	return 1;
}

static int byte_extract_parse(struct draft *draft, struct slice value, struct byte_extract *extract)
{
	struct slice rest = value, cnt, offset, name, word;
	int err;

	if (!slice_next(&rest, ',', &cnt) || !slice_next(&rest, ',', &offset) ||
	    !slice_next(&rest, ',', &name))
		return refuse(draft, (const char *)value.at, "byte_extract:2,0,name,relative",
			      "byte_extract is bytes, offset, name");
	err = byte_number_parse(draft, cnt, &extract->place.cnt);
	if (!err)
		err = byte_number_parse(draft, offset, &extract->place.offset);
	while (!err && slice_next(&rest, ',', &word)) {
		int is = extract_word(draft, word, extract);

		if (!is)
			return refuse(
				draft, (const char *)word.at,
				"relative, multiplier, align, big, little, string, hex, dec, oct, dce",
				"byte_extract has no word \"%.*s\"", (int)word.len, word.at);
		err = is < 0 ? is : 0;
	}
	if (!err)
		err = byte_place_check(draft, value, &extract->place);
	return err ? err : var_add(draft, name, &extract->var);
}

static int extract_place(struct draft *draft, const struct byte_extract *read)
{
	struct byte_extract *extract = malloc(sizeof(*extract));

	if (!extract)
		return refuse_memory(draft);
	*extract = *read;
	return draft_clause(draft, &byte_extract_ops, extract);
}

static int byte_extract_read(struct draft *draft, struct slice value)
{
	struct byte_extract read = {};
	int err = byte_extract_parse(draft, value, &read);

	return err ? err : extract_place(draft, &read);
}

static int oper_read(struct draft *draft, struct slice text, struct byte_extract *math)
{
	if (slice_is(text, "<<"))
		math->op = 'l';
	else if (slice_is(text, ">>"))
		math->op = 'r';
	else if (text.len == 1 && memchr("+-*/", text.at[0], 4))
		math->op = (char)text.at[0];
	else
		return refuse(draft, (const char *)text.at, "+ - * / << >>",
			      "byte_math cannot do \"%.*s\"", (int)text.len, text.at);
	return 1;
}

/* One "key value" of byte_math. As byte_word_parse(). */
static int math_word(struct draft *draft, struct slice word, struct byte_extract *math,
		     struct slice *ret_name)
{
	struct slice value = word, key;
	struct byte_number *to = NULL;
	int err;

	slice_next(&value, ' ', &key);
	value = slice_trim(value);
	if (slice_is(key, "bytes"))
		to = &math->place.cnt;
	else if (slice_is(key, "offset"))
		to = &math->place.offset;
	else if (slice_is(key, "rvalue"))
		to = &math->value;
	math->has_value |= to == &math->value;
	if (to) {
		err = byte_number_parse(draft, value, to);
		return err ? err : 1;
	}
	if (slice_is(key, "oper"))
		return oper_read(draft, value, math);
	if (slice_is(key, "result")) {
		*ret_name = value;
		return 1;
	}
	if (slice_is(key, "endian"))
		return byte_word_parse(draft, value, &math->place);
	if (slice_is(key, "string")) {
		math->place.is_text = true;
		return value.len ? byte_word_parse(draft, value, &math->place) : 1;
	}
	return byte_word_parse(draft, word, &math->place);
}

static int byte_math_read(struct draft *draft, struct slice value)
{
	struct byte_extract read = {};
	struct slice rest = value, word, name = {};
	int err;

	while (slice_next(&rest, ',', &word)) {
		int is = math_word(draft, word, &read, &name);

		if (is < 0)
			return is;
		if (!is)
			return refuse(draft, (const char *)word.at,
				      "bytes, offset, oper, rvalue, result, relative, endian, string",
				      "byte_math has no word \"%.*s\"", (int)word.len, word.at);
	}
	if (read.op == '/' && read.has_value && !read.value.number && !read.value.var)
		return refuse(draft, (const char *)value.at, NULL, "byte_math divides by 0");
	if (!read.op || !name.at || !read.has_value)
		return refuse(draft, (const char *)value.at,
			      "byte_math:bytes 1, offset 0, oper +, rvalue 4, result name",
			      "byte_math lacks oper, rvalue or result");
	read.mask = read.place.mask;
	read.place.mask = 0;
	err = byte_place_check(draft, value, &read.place);
	if (!err)
		err = var_add(draft, name, &read.var);
	return err ? err : extract_place(draft, &read);
}

const struct keyword keyword_byte_extract = {
	"byte_extract",	   NULL, VALUE_ALWAYS,
	byte_extract_read, NULL, "keeps a number: byte_extract:2,0,name"
};
const struct keyword keyword_byte_math = {
	"byte_math",	NULL, VALUE_ALWAYS,
	byte_math_read, NULL, "computes: byte_math:bytes 1, offset 0, oper +, rvalue 4, result name"
};
