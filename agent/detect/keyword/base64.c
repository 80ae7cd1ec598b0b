// SPDX-License-Identifier: Apache-2.0
/*
 * base64_decode: decodes what lies in the buffer and asks the contents behind base64_data of it. They are
 * taken out of the rule's parts when it is finished, and are this clause's own.
 */
#include "base/digits.h"
#include "detect/keyword/base64.h"

#include <stdlib.h>

#include "detect/state.h"

#define DECODED_MAX 65536

struct base64 {
	uint32_t bytes, offset; /* bytes 0: to the end */
	bool is_relative;
	enum base64_manner manner;
	struct part inner;
};

size_t base64_decode(struct slice in, enum base64_manner manner, uint8_t *to)
{
	uint32_t group = 0;
	unsigned int cnt = 0;
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int value = base64_digit(in.at[i], "+/");

		if (in.at[i] == '=')
			break;
		if (value < 0 && manner == BASE64_RFC2045)
			continue; /* section 6.8: other characters are passed over */
		if (value < 0 && manner == BASE64_RFC4648 && in.at[i] == ' ')
			continue;
		if (value < 0)
			break;
		group = group << 6 | (uint32_t)value;
		if (++cnt % 4)
			continue;
		to[len++] = (uint8_t)(group >> 16);
		to[len++] = (uint8_t)(group >> 8);
		to[len++] = (uint8_t)group;
	}
	if (cnt % 4 >= 2)
		to[len++] = (uint8_t)(group >> (cnt % 4 == 2 ? 4 : 10));
	if (cnt % 4 == 3)
		to[len++] = (uint8_t)(group >> 2);
	return len;
}

static enum clause_says base64_ask(const struct clause *clause, struct match *match)
{
	const struct base64 *base64 = clause->arg;
	struct slice in;
	uint8_t *to;
	size_t len;

	if (match->again == CLAUSE_ONCE)
		return CLAUSE_NO;
	match->again = CLAUSE_ONCE;
	in = slice_behind(match->buffer,
			  (size_t)base64->offset + (base64->is_relative ? match->at : 0));
	if (base64->bytes && in.len > base64->bytes)
		in.len = base64->bytes;
	if (in.len > DECODED_MAX)
		in.len = DECODED_MAX;
	to = in.len ? match_room(match, in.len / 4 * 3 + 4) : NULL;
	if (!to)
		return CLAUSE_NO;
	len = base64_decode(in, base64->manner, to);
	if (!len)
		return CLAUSE_NO;
	match->base64 = slice(to, len);
	if (!base64->inner.clause_cnt)
		return CLAUSE_YES;
	return match_inner(match, base64->inner.clauses, base64->inner.clause_cnt, match->base64)
		       ? CLAUSE_YES
		       : CLAUSE_NO;
}

static void base64_free(void *arg)
{
	struct base64 *base64 = arg;

	for (uint32_t i = 0; i < base64->inner.clause_cnt; i++)
		if (base64->inner.clauses[i].ops->free)
			base64->inner.clauses[i].ops->free(base64->inner.clauses[i].arg);
	free(base64->inner.clauses);
	free(base64);
}

static void base64_prepare(void *arg)
{
	const struct base64 *base64 = arg;

	for (uint32_t i = 0; i < base64->inner.clause_cnt; i++)
		if (base64->inner.clauses[i].ops->prepare)
			base64->inner.clauses[i].ops->prepare(base64->inner.clauses[i].arg);
}

const struct clause_ops base64_ops = {
	.word = "base64_decode", .ask = base64_ask, .prepare = base64_prepare, .free = base64_free
};

void base64_take(const struct clause *clause, const struct part *inner)
{
	struct base64 *base64 = clause->arg;

	base64->inner = *inner;
}

static int base64_word(struct draft *draft, struct slice word, struct base64 *base64)
{
	struct slice value = word, key;
	uint32_t *to = NULL;
	uint64_t number;

	if (!word.len)
		return 0;
	slice_next(&value, ' ', &key);
	if (slice_is(word, "relative"))
		base64->is_relative = true;
	else if (slice_is(key, "bytes"))
		to = &base64->bytes;
	else if (slice_is(key, "offset"))
		to = &base64->offset;
	else
		return refuse(draft, (const char *)word.at, "bytes 100, offset 4, relative",
			      "base64_decode has no word \"%.*s\"", (int)word.len, word.at);
	if (!to)
		return 0;
	if (!number_parse(slice_trim(value), UINT16_MAX, &number))
		return refuse(draft, (const char *)word.at, "bytes 100, offset 4, relative",
			      "\"%.*s\" says no number", (int)word.len, word.at);
	*to = (uint32_t)number;
	return 0;
}

static int base64_decode_read(struct draft *draft, struct slice value)
{
	struct base64 *base64 = calloc(1, sizeof(*base64));
	struct slice rest = value, word;
	int err = 0;

	if (!base64)
		return refuse_memory(draft);
	base64->manner = BASE64_RFC4648;
	while (!err && slice_next(&rest, ',', &word))
		err = base64_word(draft, word, base64);
	if (err) {
		free(base64);
		return err;
	}
	return draft_clause(draft, &base64_ops, base64);
}

/* --- from_base64: the same as a transform, of a whole buffer --- */

static size_t from_base64(const void *arg, struct slice in, uint8_t *to)
{
	const struct base64 *base64 = arg;

	in = slice_behind(in, base64->offset);
	if (base64->bytes && in.len > base64->bytes)
		in.len = base64->bytes;
	return base64_decode(in, base64->manner, to);
}

static const struct transform_kind from_base64_kind = { .word = "from_base64",
							.apply = from_base64,
							.free = free };

static int from_base64_word(struct draft *draft, struct slice word, struct base64 *base64)
{
	static const struct {
		const char *word;
		enum base64_manner manner;
	} modes[] = { { "rfc4648", BASE64_RFC4648 },
		      { "rfc2045", BASE64_RFC2045 },
		      { "strict", BASE64_STRICT } };
	struct slice value = word, key;

	slice_next(&value, ' ', &key);
	if (!slice_is(key, "mode"))
		return base64_word(draft, word, base64);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (slice_same(slice_trim(value), modes[i].word)) {
			base64->manner = modes[i].manner;
			return 0;
		}
	}
	return refuse(draft, (const char *)word.at, "mode rfc4648, mode rfc2045 or mode strict",
		      "\"%.*s\" is no mode", (int)word.len, word.at);
}

static int from_base64_read(struct draft *draft, struct slice value)
{
	struct base64 *base64;
	const struct source *source;
	struct slice rest = value, word;
	int err = draft_source_must(draft);

	if (err)
		return err;
	base64 = calloc(1, sizeof(*base64));
	if (!base64)
		return refuse_memory(draft);
	while (!err && slice_next(&rest, ',', &word))
		err = from_base64_word(draft, word, base64);
	if (err) {
		free(base64);
		return err;
	}
	err = source_transformed(draft, draft->source, &from_base64_kind, base64, value, &source);
	if (!err)
		draft_source_is(draft, source);
	return err;
}

const struct keyword keyword_base64_decode = {
	"base64_decode",    NULL, VALUE_MAYBE,
	base64_decode_read, NULL, "decodes for base64_data: bytes 100, relative"
};
const struct keyword keyword_from_base64 = { "from_base64",    NULL, VALUE_MAYBE,
					     from_base64_read, NULL, "what the buffer is in base64" };
