// SPDX-License-Identifier: Apache-2.0
/*
 * Configuration of unbound: local-zone is the name and all below it, local-data the name alone. What a
 * line answers is left to the policy, but for addresses of its own where they are wanted. Pure.
 * Called by parse.c through formats.def.
 */
#include <string.h>

#include "names/read.h"

/* Types of zones by which questions go on to be resolved. */
static bool is_open(struct text type)
{
	static const char *const open[] = { "transparent", "typetransparent", "always_transparent",
					    "inform",	   "nodefault",	      "noview",
					    "ipset" };

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		if (text_is(type, open[i]))
			return true;
	return false;
}

static bool is_closed(struct text type)
{
	static const char *const closed[] = { "deny",	       "refuse",	 "static",
					      "redirect",      "always_refuse",	 "always_nxdomain",
					      "always_nodata", "always_null",	 "always_deny",
					      "inform_deny",   "inform_redirect" };

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		if (text_is(type, closed[i]))
			return true;
	return false;
}

static void zone_take(struct name_reader *reader, struct text text)
{
	struct text name = text_trim(text_word(&text)), type = text_trim(text_word(&text));
	struct name_as as = { .kind = NAME_SUFFIX, .allow = is_open(type) };

	if (text_is(type, "block_a") || text_is(type, "truncate"))
		name_skip(reader, NAME_SKIP_options, name);
	else if (!as.allow && !is_closed(type))
		name_skip(reader, NAME_SKIP_syntax, name);
	else if (text_is(name, ".") || !name.len)
		name_skip(reader, NAME_SKIP_everything, name);
	else
		name_take(reader, name, &as);
}

/* "name [TTL] [IN] TYPE DATA" in quotes. */
static void data_take(struct name_reader *reader, struct text text)
{
	struct text record = text_trim(text), name = text_word(&record), word = text_word(&record);
	struct name_as as;

	while (word.len && (text_is(word, "IN") || (word.at[0] >= '0' && word.at[0] <= '9')))
		word = text_word(&record);
	if (!text_is(word, "A") && !text_is(word, "AAAA")) {
		name_skip(reader, word.len ? NAME_SKIP_record : NAME_SKIP_syntax, name);
		return;
	}
	if (!text_is_nowhere(record) && !reader->options->own_answers) {
		name_skip(reader, NAME_SKIP_elsewhere, name);
		return;
	}
	as = name_as_address(reader, record, NAME_SELF);
	name_take(reader, name, &as);
}

/* Takes what ends in ':' off the line; a blank behind it may be missing. */
static struct text keyword_take(struct text *line)
{
	const char *colon = memchr(line->at, ':', line->len);
	struct text word = { line->at, colon ? (size_t)(colon - line->at) + 1 : 0 };

	if (!colon)
		return text_word(line);
	*line = text_from(*line, word.len);
	while (line->len && (line->at[0] == ' ' || line->at[0] == '\t'))
		*line = text_from(*line, 1);
	return word;
}

static void unbound_line(struct name_reader *reader, struct text line)
{
	struct text rest = line, word = keyword_take(&rest);

	if (text_is(word, "local-zone:"))
		zone_take(reader, rest);
	else if (text_is(word, "local-data:"))
		data_take(reader, rest);
	else if (text_is(word, "include:") || text_is(word, "include-toplevel:"))
		name_skip(reader, NAME_SKIP_directive, line);
	else
		name_skip(reader,
			  word.at[word.len - 1] == ':' ? NAME_SKIP_statement : NAME_SKIP_syntax,
			  line);
}

void name_read_unbound(struct name_reader *reader)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	struct text line;

	for (;;) {
		while (name_line_bare(reader, "local-zone: \"", "\" always_null", &suffix) ||
		       name_line_bare(reader, "local-zone: \"", "\" always_nxdomain", &suffix))
			;
		if (!name_line_entry(reader, &line))
			break;
		unbound_line(reader, line);
	}
}

unsigned int name_looks_unbound(struct text line)
{
	return text_starts(line, "local-zone:") || text_starts(line, "local-data:") ||
			       text_is(line, "server:")
		       ? 5
		       : 0;
}
