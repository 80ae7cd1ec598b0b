// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers in bytes. Called by byte_test, byte_jump, byte_extract and byte_math; never reads outside
 * of the buffer.
 */
#include "detect/keyword/bytes.h"

#include <ctype.h>
#include <stdlib.h>

#define TEXT_MAX 23 /* digits of 64 bits in octal */

int64_t byte_number(const struct byte_number *number, const struct match *match)
{
	return number->var ? (int64_t)match->vars[number->var - 1] : number->number;
}

/* How far a number in text may go that does not say its length. */
static size_t text_len(struct slice text)
{
	return text.len < TEXT_MAX ? text.len : TEXT_MAX;
}

static bool text_read(const struct byte_place *place, struct slice text, uint64_t *ret_number,
		      size_t *ret_len)
{
	char copy[TEXT_MAX + 1];
	char *end;

	if (text.len > TEXT_MAX)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	*ret_number = strtoull(copy, &end, place->base);
	*ret_len = (size_t)(end - copy);
	return end != copy;
}

static uint64_t bytes_read(struct slice bytes, bool is_little)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | bytes.at[is_little ? bytes.len - 1 - i : i];
	return number;
}

/* DCE/RPC says by bit 4 of a message's fifth byte which end comes first; the parser tells it as a number. */
static bool dce_is_little(const struct match *match)
{
	struct source source;
	uint64_t is_little = 1;

	if (!match->tx || !source_of_fields(slice_text("dcerpc.little_endian"), true, &source))
		return true;
	for (uint8_t i = 0; i < source.field_cnt; i++)
		if (source.fields[i].proto == match->tx->proto)
			(void)source.fields[i].field->number(match->tx, match->side, 0, &is_little);
	return is_little;
}

bool byte_place_at(const struct byte_place *place, const struct match *match, size_t *ret_at)
{
	int64_t at = byte_number(&place->offset, match);

	at += place->is_relative ? (int64_t)match->at : -(int64_t)match->buffer_from;
	if (at < 0 || (uint64_t)at > match->buffer.len)
		return false;
	*ret_at = (size_t)at;
	return true;
}

uint64_t byte_masked(uint64_t number, uint32_t mask)
{
	return mask ? (number & mask) >> __builtin_ctz(mask) : number;
}

bool byte_place_read(const struct byte_place *place, const struct match *match,
		     uint64_t *ret_number, size_t *ret_end)
{
	int64_t cnt = byte_number(&place->cnt, match);
	uint64_t number;
	struct slice bytes;
	size_t at, len;

	if (!byte_place_at(place, match, &at) || cnt < 0 || (uint64_t)cnt > match->buffer.len - at)
		return false;
	bytes = slice(match->buffer.at + at, (size_t)cnt);
	if (place->is_text) {
		if (!cnt)
			bytes.len = text_len(slice_behind(match->buffer, at));
		if (!text_read(place, bytes, &number, &len))
			return false;
	} else {
		if (cnt > 8)
			return false;
		number = bytes_read(bytes, place->is_dce ? dce_is_little(match) : place->is_little);
		len = bytes.len;
	}
	*ret_number = byte_masked(number, place->mask);
	*ret_end = at + len;
	return true;
}

int byte_number_parse(struct draft *draft, struct slice text, struct byte_number *ret_number)
{
	struct byte_number number = {};

	if (!signed_parse(text, &number.number)) {
		number.var = draft_var_find(draft, text);
		if (!number.var)
			return refuse(draft, (const char *)text.at,
				      "a number, or a name that byte_extract or byte_math gave",
				      "%s: \"%.*s\" is no number and no variable",
				      draft->keyword->word, (int)text.len, text.at);
	}
	*ret_number = number;
	return 0;
}

static int mask_parse(struct draft *draft, struct slice word, struct byte_place *place)
{
	struct slice rest = slice_trim(slice_behind(word, strlen("bitmask")));
	uint64_t mask;

	if (!number_parse(rest, UINT32_MAX, &mask) || !mask)
		return refuse(draft, (const char *)word.at, "bitmask 0x0f", "\"%.*s\" is no mask",
			      (int)word.len, word.at);
	place->mask = (uint32_t)mask;
	return 1;
}

int byte_word_parse(struct draft *draft, struct slice word, struct byte_place *place)
{
	static const struct {
		const char *word;
		uint8_t base;
	} bases[] = { { "hex", 16 }, { "dec", 10 }, { "oct", 8 } };

	if (slice_is(word, "relative"))
		place->is_relative = true;
	else if (slice_is(word, "little"))
		place->is_little = true;
	else if (slice_is(word, "string"))
		place->is_text = true;
	else if (slice_is(word, "dce"))
		place->is_dce = true;
	else if (slice_starts(word, "bitmask"))
		return mask_parse(draft, word, place);
	else if (!slice_is(word, "big")) {
		for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
			if (slice_is(word, bases[i].word)) {
				place->base = bases[i].base;
				return 1;
			}
		}
		return 0;
	}
	return 1;
}

int byte_place_check(struct draft *draft, struct slice value, const struct byte_place *place)
{
	int64_t max = place->is_text ? TEXT_MAX : 8;

	if (place->base && !place->is_text)
		return refuse(draft, (const char *)value.at, "add string",
			      "%s: hex, dec and oct are of texts", draft->keyword->word);
	if (!place->cnt.var && (place->cnt.number < !place->is_text || place->cnt.number > max))
		return refuse(draft, (const char *)value.at,
			      "1 to 8 bytes; with string up to 23 digits, 0 for as many as there are",
			      "%s cannot read %lld bytes", draft->keyword->word,
			      (long long)place->cnt.number);
	return 0;
}
