// SPDX-License-Identifier: Apache-2.0
/*
 * content: bytes that a buffer must have, or must not. Asked by match.c; keeps a struct content.
 */
#include "detect/keyword/content.h"

#include <ctype.h>
#include <stdlib.h>

#define NOT_FOUND UINT32_MAX

/* Where to look, in the buffer at hand: from the first to the one behind the last byte. */
struct bounds {
	int64_t from, to;
};

static int64_t number_of(const struct match *match, int32_t said, uint8_t var)
{
	return var ? (int64_t)(match->vars[var - 1] & INT64_MAX) : said;
}

/* What byte_math computed may be below 0: a distance goes back then. */
static int64_t distance_of(const struct match *match, const struct content *content)
{
	return content->distance_var ? (int32_t)match->vars[content->distance_var - 1]
				     : content->distance;
}

static struct bounds content_bounds(const struct content *content, const struct match *match)
{
	struct bounds bounds = { .from = 0, .to = (int64_t)match->buffer.len };
	int64_t whole = (int64_t)match->buffer_from;
	int64_t offset =
		content->has_offset ? number_of(match, content->offset, content->offset_var) : 0;
	int64_t depth = number_of(match, content->depth, content->depth_var);
	int64_t at = match->at, distance = 0, limit = INT64_MAX;

	if (!content->is_relative) {
		bounds.from = offset - whole;
		if (content->has_depth)
			limit = offset + depth - whole;
	} else {
		if (content->has_distance)
			distance = distance_of(match, content);
		bounds.from = at + distance;
		if (content->has_within)
			limit = at + distance +
				number_of(match, content->within, content->within_var);
		if (content->has_depth && at + depth < limit)
			limit = at + depth;
		if (content->has_offset && offset > bounds.from)
			bounds.from = offset;
	}
	if (bounds.from < 0)
		bounds.from = 0;
	if (limit < bounds.to)
		bounds.to = limit;
	return bounds;
}

static bool same_nocase(const uint8_t *a, const uint8_t *lower, uint16_t len)
{
	for (uint16_t i = 0; i < len; i++)
		if (tolower(a[i]) != lower[i])
			return false;
	return true;
}

static uint32_t find_nocase(const struct content *content, const uint8_t *in, size_t len)
{
	uint8_t first = content->bytes[0], upper = (uint8_t)toupper(first);
	size_t last = len - content->len, at = 0;

	while (at <= last) {
		const uint8_t *low = memchr(in + at, first, last - at + 1), *high = NULL;

		if (upper != first)
			high = memchr(in + at, upper,
				      low ? (size_t)(low - (in + at)) : last - at + 1);
		if (high)
			low = high;
		if (!low)
			return NOT_FOUND;
		if (same_nocase(low, content->bytes, content->len))
			return (uint32_t)(low - in);
		at = (size_t)(low - in) + 1;
	}
	return NOT_FOUND;
}

/* The first place in [from, to) that holds all of it; NOT_FOUND. */
static uint32_t content_find(const struct content *content, const struct match *match,
			     struct bounds bounds)
{
	const uint8_t *in = match->buffer.at, *found;
	uint32_t at;

	if (bounds.to - bounds.from < content->len)
		return NOT_FOUND;
	in += bounds.from;
	if (content->nocase) {
		at = find_nocase(content, in, (size_t)(bounds.to - bounds.from));
		return at == NOT_FOUND ? at : at + (uint32_t)bounds.from;
	}
	found = memmem(in, (size_t)(bounds.to - bounds.from), content->bytes, content->len);
	return found ? (uint32_t)(found - match->buffer.at) : NOT_FOUND;
}

enum clause_says content_ask(const struct clause *clause, struct match *match)
{
	const struct content *content = clause->arg;
	struct bounds bounds = content_bounds(content, match);
	uint32_t at;

	if (match->again == CLAUSE_ONCE)
		return CLAUSE_NO;
	if ((int64_t)match->again > bounds.from)
		bounds.from = (int64_t)match->again;
	if (content->ends && bounds.from < (int64_t)match->buffer.len - content->len)
		bounds.from = (int64_t)match->buffer.len - content->len;
	at = content_find(content, match, bounds);
	if (at != NOT_FOUND && content->ends && at + content->len != match->buffer.len)
		at = NOT_FOUND;
	if (content->negated) {
		match->again = CLAUSE_ONCE;
		return at == NOT_FOUND ? CLAUSE_YES : CLAUSE_NO;
	}
	if (at == NOT_FOUND)
		return CLAUSE_NO;
	match->at = at + content->len;
	match->again = (uint64_t)at + 1;
	return CLAUSE_YES;
}

static void content_free(void *arg)
{
	struct content *content = arg;

	free(content->bytes);
	free(content->replacement);
	free(content);
}

const struct clause_ops content_ops = { .word = "content", .ask = content_ask, .free = content_free };

int content_make(struct draft *draft, struct slice text, bool negated, struct content **ret_content)
{
	struct content *content;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int err = content_bytes(draft, text, &bytes, &len);

	if (err)
		return err;
	content = calloc(1, sizeof(*content));
	if (!content) {
		free(bytes);
		return refuse_memory(draft);
	}
	content->bytes = bytes;
	content->len = (uint16_t)len;
	content->negated = negated;
	*ret_content = content;
	return 0;
}

static int content_new(struct draft *draft, struct slice value, struct content **ret_content)
{
	struct slice inner = {};
	bool negated = false;
	int err = value_quoted(draft, value, &inner, &negated);

	return err ? err : content_make(draft, inner, negated, ret_content);
}

void content_is_last(struct draft *draft, uint32_t part)
{
	struct part *in = &draft->parts[part].part;

	in->clauses[in->clause_cnt - 1].is_content = true;
	draft->content_part = (int32_t)part;
	draft->content_clause = (int32_t)in->clause_cnt - 1;
}

static int content_read(struct draft *draft, struct slice value)
{
	struct content *content = NULL;
	int err = content_new(draft, value, &content);

	if (!err)
		err = draft_clause(draft, &content_ops, content);
	if (!err)
		content_is_last(draft, (uint32_t)draft->part_now);
	return err;
}

/* uricontent:"x"; is content:"x"; http_uri; */
static int uricontent_read(struct draft *draft, struct slice value)
{
	const struct source *source = NULL;
	struct content *content = NULL;
	int part, err = source_find(draft, slice_text("http.uri"), &source);

	if (err)
		return err;
	part = draft_part(draft, source);
	if (part < 0)
		return part;
	err = content_new(draft, value, &content);
	if (!err)
		err = draft_clause_in(draft, (uint32_t)part, &content_ops, content);
	if (!err)
		content_is_last(draft, (uint32_t)part);
	return err;
}

const struct keyword keyword_content = { "content",    NULL,
					 VALUE_ALWAYS, content_read,
					 NULL,	       "bytes that are there: content:\"GET |20|\"" };
const struct keyword keyword_uricontent = { "uricontent", NULL,
					    VALUE_ALWAYS, uricontent_read,
					    NULL,	  "the old way to say content of http.uri" };
