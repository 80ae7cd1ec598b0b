// SPDX-License-Identifier: Apache-2.0
/*
 * Pieces of a keyword's value. Called by all keywords; pure.
 */
#include <ctype.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

struct slice slice_trim(struct slice text)
{
	while (text.len && isspace(text.at[0]))
		text = slice_behind(text, 1);
	while (text.len && isspace(text.at[text.len - 1]))
		text.len--;
	return text;
}

bool slice_next(struct slice *rest, char separator, struct slice *ret_piece)
{
	const uint8_t *end;

	if (!rest->at)
		return false;
	end = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
	if (!end) {
		*ret_piece = slice_trim(*rest);
		*rest = slice(NULL, 0);
		return true;
	}
	*ret_piece = slice_trim(slice(rest->at, (size_t)(end - rest->at)));
	*rest = slice_behind(*rest, (size_t)(end - rest->at) + 1);
	return true;
}

bool slice_same(struct slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp((const char *)text.at, word, text.len) == 0;
}

bool slice_starts(struct slice text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text.len >= len && memcmp(text.at, prefix, len) == 0;
}

struct slice value_plain(struct slice value, bool *ret_negated)
{
	bool negated = value.len && value.at[0] == '!';

	if (negated)
		value = slice_trim(slice_behind(value, 1));
	if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"') {
		value = slice_behind(value, 1);
		value.len--;
	}
	if (ret_negated)
		*ret_negated = negated;
	return value;
}

int value_quoted(struct draft *draft, struct slice value, struct slice *ret_inner, bool *ret_negated)
{
	bool negated;
	struct slice inner = value_plain(value, &negated);

	if (negated && !ret_negated)
		return refuse(draft, (const char *)value.at, NULL, "%s cannot be negated",
			      draft->keyword->word);
	if (inner.at == value.at || inner.at[-1] != '"')
		return refuse(draft, (const char *)value.at, "write it in quotes: \"...\"",
			      "%s asks for a text in quotes", draft->keyword->word);
	if (ret_negated)
		*ret_negated = negated;
	*ret_inner = inner;
	return 0;
}

char *slice_copy(struct slice text)
{
	char *copy = malloc(text.len + 1);

	if (!copy)
		return NULL;
	if (text.len)
		memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	return copy;
}

static int digit_of(uint8_t c, unsigned int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && isxdigit(c))
		return tolower(c) - 'a' + 10;
	return -1;
}

bool number_parse(struct slice text, uint64_t max, uint64_t *ret_number)
{
	unsigned int base = 10;
	uint64_t number = 0;

	if (text.len > 2 && text.at[0] == '0' && (text.at[1] == 'x' || text.at[1] == 'X')) {
		base = 16;
		text = slice_behind(text, 2);
	}
	if (!text.len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.at[i], base);

		if (digit < 0 || __builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, (unsigned int)digit, &number) || number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

bool signed_parse(struct slice text, int64_t *ret_number)
{
	bool minus = text.len && text.at[0] == '-';
	uint64_t number;

	if (text.len && (text.at[0] == '-' || text.at[0] == '+'))
		text = slice_behind(text, 1);
	if (!number_parse(text, INT64_MAX, &number))
		return false;
	*ret_number = minus ? -(int64_t)number : (int64_t)number;
	return true;
}
