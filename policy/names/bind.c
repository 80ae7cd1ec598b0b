// SPDX-License-Identifier: Apache-2.0
/*
 * Configuration of BIND: a zone that the server answers for itself is the name and all below it. What its
 * file says is not known here, and left to the policy. Pure. Called by parse.c through formats.def.
 */
#include <string.h>

#include "names/read.h"

/* A statement up to the brace that closes it, over as many lines as it has. */
struct statement {
	struct text text;
	bool closed;
};

/* How deep in braces it is behind the line. */
static void depth_follow(struct text line, int *depth)
{
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++) {
		quoted ^= line.at[i] == '"';
		if (!quoted && (line.at[i] == '#' || text_starts(text_from(line, i), "//")))
			return;
		if (!quoted && (line.at[i] == '{' || line.at[i] == '}'))
			*depth += line.at[i] == '{' ? 1 : -1;
	}
}

static bool is_remark(struct text line)
{
	return !line.len || line.at[0] == '#' || text_starts(line, "//") ||
	       text_starts(line, "/*") || text_starts(line, "*");
}

/* One that lacks its last brace takes no zone behind it along. */
static bool is_next(const struct name_reader *reader)
{
	return text_starts(reader->rest, "zone \"");
}

/* From its first line on; lines stand one behind the other in the list. */
static struct statement statement_take(struct name_reader *reader, struct text line)
{
	struct statement statement = { .text = line };
	int depth = 0;

	depth_follow(line, &depth);
	while ((depth > 0 || !memchr(statement.text.at, ';', statement.text.len)) &&
	       !is_next(reader) && name_line(reader, &line)) {
		if (!is_remark(line))
			depth_follow(line, &depth);
		statement.text.len = (size_t)(line.at - statement.text.at) + line.len;
	}
	statement.closed = depth <= 0;
	return statement;
}

static bool is_end(char c)
{
	return strchr(" \t\r\n{};", c) != NULL;
}

/* The next word, in quotes or not; braces and semicolons stand between words. */
static struct text word_next(struct text *text)
{
	struct text word;
	size_t len = 0;

	while (text->len && is_end(text->at[0]))
		*text = text_from(*text, 1);
	if (text->len && text->at[0] == '"') {
		*text = text_from(*text, 1);
		while (len < text->len && text->at[len] != '"')
			len++;
		word = (struct text){ text->at, len };
		*text = text_from(*text, len < text->len ? len + 1 : len);
		return word;
	}
	while (len < text->len && !is_end(text->at[len]))
		len++;
	word = (struct text){ text->at, len };
	*text = text_from(*text, len);
	return word;
}

/* Whose type says that the server has the zone's data. */
static bool is_own(struct text type)
{
	return text_is(type, "master") || text_is(type, "primary") || text_is(type, "redirect");
}

static void zone_take(struct name_reader *reader, const struct statement *statement)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	struct text rest = statement->text, name, word, type = { NULL, 0 };

	word_next(&rest);
	name = word_next(&rest);
	while (!type.len && (word = word_next(&rest)).len)
		if (text_is(word, "type"))
			type = word_next(&rest);
	if (!statement->closed || !type.len)
		name_skip(reader, NAME_SKIP_syntax, statement->text);
	else if (text_is(type, "hint"))
		name_skip(reader, NAME_SKIP_statement, name);
	else if (!is_own(type))
		name_skip(reader, NAME_SKIP_elsewhere, name);
	else if (text_is(name, ".") || !name.len)
		name_skip(reader, NAME_SKIP_everything, name);
	else if (name_is_local(name.at, name.len))
		name_skip(reader, NAME_SKIP_local, name);
	else
		name_take(reader, name, &suffix);
}

void name_read_bind(struct name_reader *reader)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	struct statement statement;
	struct text line;

	for (;;) {
		while (name_line_bare(reader, "zone \"",
				      "\" { type master; notify no; file \"null.zone.file\"; };",
				      &suffix))
			;
		if (!name_line(reader, &line))
			break;
		/* A view has zones of its own. */
		if (is_remark(line) || line.at[0] == '}' || text_starts(line, "view"))
			continue;
		statement = statement_take(reader, line);
		if (text_starts(line, "zone"))
			zone_take(reader, &statement);
		else
			name_skip(reader,
				  text_starts(line, "include") ? NAME_SKIP_directive
							       : NAME_SKIP_statement,
				  line);
	}
}

unsigned int name_looks_bind(struct text line)
{
	return (text_starts(line, "zone \"") || text_starts(line, "zone ")) &&
			       memchr(line.at, '{', line.len)
		       ? 5
		       : 0;
}
