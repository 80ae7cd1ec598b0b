// SPDX-License-Identifier: Apache-2.0
/*
 * Values of a mail's fields (RFC 2045, 5.1; RFC 2231). Called by mime.c. Promises that any bytes have some
 * answer, found in one pass for each parameter that is asked for.
 */
#include "proto/mimeinside.h"

#include <ctype.h>
#include <stdlib.h>

#define PIECES_MAX 64 /* of a parameter in several */

bool mime_text_add(struct mime_text *text, struct slice bytes, size_t max)
{
	size_t room = text->len < max ? max - text->len : 0;
	size_t len = bytes.len < room ? bytes.len : room;
	size_t cap = text->cap ? text->cap : 64;

	while (cap < text->len + len)
		cap *= 2;
	if (len && cap != text->cap) {
		uint8_t *at = realloc(text->at, cap);

		if (!at)
			return false;
		text->at = at;
		text->cap = cap;
	}
	if (len)
		memcpy(text->at + text->len, bytes.at, len);
	text->len += len;
	return len == bytes.len;
}

bool mime_begins(struct slice s, const char *text)
{
	size_t len = strlen(text);

	if (s.len < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (tolower(s.at[i]) != text[i])
			return false;
	return true;
}

bool mime_same(struct slice s, const char *text)
{
	return s.len == strlen(text) && mime_begins(s, text);
}

static struct slice trimmed(struct slice s)
{
	while (s.len && isspace(s.at[0]))
		s = slice_behind(s, 1);
	while (s.len && isspace(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* Up to the next ';' that no quotes hold; *rest goes behind it. */
static struct slice part_next(struct slice *rest)
{
	bool quoted = false;
	size_t len = 0;

	for (; len < rest->len; len++) {
		uint8_t c = rest->at[len];

		if (c == '\\' && quoted && len + 1 < rest->len)
			len++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == ';' && !quoted)
			break;
	}
	struct slice part = slice(rest->at, len);

	*rest = slice_behind(*rest, len + 1);
	return trimmed(part);
}

struct slice mime_word(struct slice value)
{
	return part_next(&value);
}

/* name, name*, name*0, name*0*: what follows the name tells which piece it is of. */
struct piece {
	uint32_t number;
	bool is_numbered, is_percent;
	struct slice value;
};

static bool piece_read(struct slice part, const char *name, struct piece *ret)
{
	const uint8_t *equals = part.len ? memchr(part.at, '=', part.len) : NULL;
	struct piece piece = { .number = 0 };
	struct slice key;

	if (!equals)
		return false;
	key = trimmed(slice(part.at, (size_t)(equals - part.at)));
	piece.value = trimmed(slice_behind(part, (size_t)(equals - part.at) + 1));
	if (!mime_begins(key, name))
		return false;
	key = slice_behind(key, strlen(name));
	if (key.len && key.at[0] == '*') {
		key = slice_behind(key, 1);
		piece.is_numbered = key.len && isdigit(key.at[0]);
		while (key.len && isdigit(key.at[0]) && piece.number < 1000) {
			piece.number = piece.number * 10 + (uint32_t)(key.at[0] - '0');
			key = slice_behind(key, 1);
		}
		piece.is_percent = !piece.is_numbered || (key.len && key.at[0] == '*');
		if (key.len && key.at[0] == '*')
			key = slice_behind(key, 1);
	}
	*ret = piece;
	return key.len == 0;
}

/* Of a digit that is one. */
static uint8_t hex(uint8_t c)
{
	return (uint8_t)(isdigit(c) ? c - '0' : (tolower(c) - 'a' + 10) & 15);
}

static bool percents_add(struct mime_text *to, struct slice value, size_t max)
{
	bool whole = true;

	for (size_t i = 0; i < value.len && whole; i++) {
		uint8_t c = value.at[i];

		if (c == '%' && i + 2 < value.len && isxdigit(value.at[i + 1]) &&
		    isxdigit(value.at[i + 2])) {
			c = (uint8_t)(hex(value.at[i + 1]) << 4 | hex(value.at[i + 2]));
			i += 2;
		}
		whole = mime_text_add(to, slice(&c, 1), max);
	}
	return whole;
}

static bool quoted_add(struct mime_text *to, struct slice value, size_t max)
{
	bool whole = true;

	value = slice_behind(value, 1);
	for (size_t i = 0; i < value.len && whole && value.at[i] != '"'; i++) {
		if (value.at[i] == '\\' && i + 1 < value.len)
			i++;
		whole = mime_text_add(to, slice(value.at + i, 1), max);
	}
	return whole;
}

/* The set of characters and the language in front of the text of the first piece. */
static struct slice charset_skip(struct slice value)
{
	const uint8_t *first = value.len ? memchr(value.at, '\'', value.len) : NULL;
	struct slice rest = first ? slice_behind(value, (size_t)(first - value.at) + 1) : value;
	const uint8_t *second = first && rest.len ? memchr(rest.at, '\'', rest.len) : NULL;

	return second ? slice_behind(rest, (size_t)(second - rest.at) + 1) : value;
}

static bool piece_add(struct mime_text *to, const struct piece *piece, size_t max)
{
	if (piece->is_percent)
		return percents_add(to, piece->number ? piece->value : charset_skip(piece->value),
				    max);
	if (piece->value.len && piece->value.at[0] == '"')
		return quoted_add(to, piece->value, max);
	return mime_text_add(to, piece->value, max);
}

/* The piece with the least number above after; -1: from the first on. */
static bool piece_next(struct slice value, const char *name, int64_t after, struct piece *ret)
{
	struct piece piece;
	bool found = false;

	part_next(&value);
	while (value.len) {
		if (!piece_read(part_next(&value), name, &piece) || piece.number <= after ||
		    (found && piece.number >= ret->number))
			continue;
		*ret = piece;
		found = true;
	}
	return found;
}

bool mime_parameter(struct slice value, const char *name, struct mime_text *to, size_t max)
{
	struct piece piece = { .number = 0 };
	bool found = false;
	int64_t after = -1;

	to->len = 0;
	for (size_t i = 0; i < PIECES_MAX && piece_next(value, name, after, &piece); i++) {
		found = true;
		after = piece.number;
		if (!piece_add(to, &piece, max + 1) || !piece.is_numbered)
			break;
	}
	return found;
}
