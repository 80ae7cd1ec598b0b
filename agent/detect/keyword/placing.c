// SPDX-License-Identifier: Apache-2.0
/*
 * Modifiers of the content in front of them: where it may lie, how its letters count, which of the
 * contents is looked for first.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "detect/keyword/content.h"

#define PLACE_MAX 65535 /* as far as a packet goes */
#define AWAY_MAX 1048576 /* from what was found before, in both directions: in a body */

static int content_of(struct draft *draft, struct content **ret_content)
{
	*ret_content = draft_content(draft);
	if (*ret_content)
		return 0;
	return refuse(draft, draft->keyword_at, "it stands behind the content that it is about",
		      "%s without a content in front of it", draft->keyword->word);
}

static int said_twice(struct draft *draft)
{
	return refuse(draft, draft->keyword_at, "leave one of them out",
		      "%s is said twice of one content", draft->keyword->word);
}

/* A number, or the name of a variable. */
static int place_read(struct draft *draft, struct slice value, bool may_be_negative,
		      int32_t *ret_number, uint8_t *ret_var)
{
	int64_t number;
	uint8_t var;

	if (signed_parse(value, &number)) {
		if (number > (may_be_negative ? AWAY_MAX : PLACE_MAX) ||
		    number < (may_be_negative ? -AWAY_MAX : 0))
			return refuse(draft, (const char *)value.at, NULL,
				      "%s:%.*s is further than is looked", draft->keyword->word,
				      (int)value.len, value.at);
		*ret_number = (int32_t)number;
		return 0;
	}
	var = draft_var_find(draft, value);
	if (!var)
		return refuse(draft, (const char *)value.at,
			      "a number, or a name that byte_extract or byte_math gave",
			      "%s: there is no variable \"%.*s\"", draft->keyword->word,
			      (int)value.len, value.at);
	*ret_var = var;
	return 0;
}

static int nocase_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	content->nocase = true;
	for (uint16_t i = 0; i < content->len; i++)
		content->bytes[i] = (uint8_t)tolower(content->bytes[i]);
	return 0;
}

static int depth_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (content->has_depth || content->starts)
		return said_twice(draft);
	err = place_read(draft, value, false, &content->depth, &content->depth_var);
	if (err)
		return err;
	if (!content->depth_var && content->depth < content->len)
		return refuse(draft, (const char *)value.at, "make depth as long as the content",
			      "a content of %u bytes never lies in the first %d", content->len,
			      content->depth);
	content->has_depth = true;
	return 0;
}

static int offset_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (content->has_offset || content->starts)
		return said_twice(draft);
	err = place_read(draft, value, false, &content->offset, &content->offset_var);
	content->has_offset = !err;
	return err;
}

static int distance_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (content->has_distance || content->starts)
		return said_twice(draft);
	err = place_read(draft, value, true, &content->distance, &content->distance_var);
	content->has_distance = !err;
	content->is_relative |= !err;
	return err;
}

static int within_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (content->has_within || content->starts)
		return said_twice(draft);
	err = place_read(draft, value, true, &content->within, &content->within_var);
	if (err)
		return err;
	if (!content->within_var && content->within < content->len)
		return refuse(draft, (const char *)value.at, "make within as long as the content",
			      "a content of %u bytes never lies within %d", content->len,
			      content->within);
	content->has_within = true;
	content->is_relative = true;
	return 0;
}

static int startswith_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (content->starts || content->has_depth || content->has_offset || content->is_relative)
		return refuse(draft, draft->keyword_at,
			      "startswith stands for depth; leave the others out",
			      "startswith beside another place of the same content");
	content->starts = content->has_depth = true;
	content->depth = content->len;
	return 0;
}

static int endswith_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (content->ends)
		return said_twice(draft);
	content->ends = true;
	return 0;
}

static int rawbytes_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (!err)
		content->is_raw = true;
	return err;
}

static int chop_read(struct draft *draft, struct slice value, struct content *content)
{
	struct slice rest = value, from, len;
	uint64_t offset, cnt;

	if (!slice_next(&rest, ',', &from) || !slice_next(&rest, ',', &len) || rest.at ||
	    !number_parse(from, UINT16_MAX, &offset) || !number_parse(len, UINT16_MAX, &cnt) ||
	    !cnt || offset + cnt > content->len)
		return refuse(draft, (const char *)value.at,
			      "fast_pattern, fast_pattern:only, or fast_pattern:offset,length",
			      "\"%.*s\" is no piece of the content", (int)value.len, value.at);
	content->fast_chop = true;
	content->chop_offset = (uint16_t)offset;
	content->chop_len = (uint16_t)cnt;
	return 0;
}

static int fast_pattern_read(struct draft *draft, struct slice value)
{
	struct content *content;
	int err = content_of(draft, &content);

	if (err)
		return err;
	if (draft->has_fast)
		return refuse(draft, draft->keyword_at, "choose one content",
			      "fast_pattern is said twice");
	draft->has_fast = true;
	if (slice_is(value, "only"))
		content->fast_only = true;
	else if (value.len)
		err = chop_read(draft, value, content);
	content->fast = !err;
	return err;
}

static int replace_read(struct draft *draft, struct slice value)
{
	struct content *content;
	struct slice inner = {};
	size_t len = 0;
	uint8_t *bytes = NULL;
	int err = content_of(draft, &content);

	if (!err)
		err = value_quoted(draft, value, &inner, NULL);
	if (!err)
		err = content_bytes(draft, inner, &bytes, &len);
	if (err)
		return err;
	if (len != content->len || content->negated || content->replaces ||
	    draft->parts[draft->content_part].part.source != &source_payload) {
		free(bytes);
		return refuse(draft, (const char *)value.at,
			      "only payload is replaced, once, by as many bytes",
			      "replace does not fit the content in front of it");
	}
	content->replaces = true;
	content->replacement = bytes;
	draft->wants_packet = true;
	return 0;
}

const struct keyword keyword_nocase = { "nocase",    NULL, VALUE_NEVER,
					nocase_read, NULL, "letters alike in both cases" };
const struct keyword keyword_depth = {
	"depth",    NULL, VALUE_ALWAYS,
	depth_read, NULL, "it lies in so many first bytes, from offset on"
};
const struct keyword keyword_offset = { "offset",    NULL, VALUE_ALWAYS,
					offset_read, NULL, "it begins behind so many bytes" };
const struct keyword keyword_distance = { "distance",	NULL,
					  VALUE_ALWAYS, distance_read,
					  NULL,		"so many bytes behind what was found before" };
const struct keyword keyword_within = {
	"within",    NULL, VALUE_ALWAYS,
	within_read, NULL, "it ends in so many bytes behind what was found before"
};
const struct keyword keyword_startswith = { "startswith",    NULL, VALUE_NEVER,
					    startswith_read, NULL, "the buffer begins with it" };
const struct keyword keyword_endswith = { "endswith",	 NULL, VALUE_NEVER,
					  endswith_read, NULL, "the buffer ends with it" };
const struct keyword keyword_rawbytes = { "rawbytes",	 NULL, VALUE_NEVER,
					  rawbytes_read, NULL, "bytes as they came" };
const struct keyword keyword_fast_pattern = { "fast_pattern",	 NULL, VALUE_MAYBE,
					      fast_pattern_read, NULL, "look for this content first" };
const struct keyword keyword_replace = { "replace",    NULL, VALUE_ALWAYS,
					 replace_read, NULL, "put other bytes in its place" };
