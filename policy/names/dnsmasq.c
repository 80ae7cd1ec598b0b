// SPDX-License-Identifier: Apache-2.0
/*
 * Configuration of dnsmasq: address=/name/, local=/name/, server=/name/ are the name and all below it.
 * What a line answers is left to the policy, but for addresses of its own where they are wanted. Pure.
 * Called by parse.c through formats.def.
 */
#include <string.h>

#include "names/read.h"

/* What stands behind the last slash. */
enum means { BLOCKS, ALLOWS, ANSWERS, LEADS };

static enum means value_means(struct name_reader *reader, bool address, struct text value)
{
	if (!value.len)
		return BLOCKS;
	if (text_is(value, "#"))
		return address ? BLOCKS : ALLOWS;
	if (!address || !text_is_prefix(value))
		return LEADS;
	if (text_is_nowhere(value))
		return BLOCKS;
	return reader->options->own_answers ? ANSWERS : LEADS;
}

static void one_take(struct name_reader *reader, struct text name, struct text value, enum means means)
{
	struct name_as as = { .kind = NAME_SUFFIX, .allow = means == ALLOWS };

	if (text_is(name, "#"))
		name_skip(reader, NAME_SKIP_everything, name);
	else if (means == LEADS)
		name_skip(reader, NAME_SKIP_elsewhere, name);
	else {
		if (means == ANSWERS)
			as = name_as_address(reader, value, NAME_SUFFIX);
		if (text_starts(name, "*."))
			as.kind = NAME_BELOW;
		name_take(reader, text_from(name, text_starts(name, "*.") ? 2 : name.at[0] == '.'),
			  &as);
	}
}

/* "/name/name/value". */
static void names_take(struct name_reader *reader, struct text text, bool address)
{
	const char *last = memrchr(text.at, '/', text.len), *slash;
	struct text value = text_from(text, last + 1 - text.at), whole = text;
	enum means means = value_means(reader, address, value);
	bool named = false;

	for (text = text_from(text, 1); text.at < last; text = text_from(text, slash + 1 - text.at)) {
		slash = memchr(text.at, '/', text.len);
		if (slash == text.at)
			continue;
		named = true;
		one_take(reader, (struct text){ text.at, slash - text.at }, value, means);
	}
	/* "//": names without a dot, which are those of the place. */
	if (!named)
		name_skip(reader, NAME_SKIP_local, whole);
}

/* Takes "key=" or "key =" off the line; false: it is another one. */
static bool key_take(struct text *line, const char *key)
{
	struct text rest = text_from(*line, text_starts(*line, key) ? strlen(key) : 0);

	if (rest.len == line->len)
		return false;
	rest = text_trim(rest);
	if (!rest.len || rest.at[0] != '=')
		return false;
	*line = text_trim(text_from(rest, 1));
	return true;
}

/* A line that is not so plain as most. */
static void setting_take(struct name_reader *reader, struct text line)
{
	static const char *const keys[] = { "address", "local", "server" };
	struct text rest = line;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!key_take(&rest, keys[i]))
			continue;
		rest = text_word(&rest);
		if (!rest.len || rest.at[0] != '/')
			name_skip(reader, NAME_SKIP_statement, line); /* server=192.0.2.1 */
		else if (!memchr(rest.at + 1, '/', rest.len - 1))
			name_skip(reader, NAME_SKIP_syntax, line);
		else
			names_take(reader, rest, i == 0);
		return;
	}
	name_skip(reader,
		  text_starts(line, "conf-") || text_starts(line, "servers-file")
			  ? NAME_SKIP_directive
			  : NAME_SKIP_statement,
		  line);
}

void name_read_dnsmasq(struct name_reader *reader)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	struct text line;

	for (;;) {
		while (name_line_bare(reader, "address=/", "/#", &suffix) ||
		       name_line_bare(reader, "address=/", "/0.0.0.0", &suffix) ||
		       name_line_bare(reader, "address=/", "/", &suffix) ||
		       name_line_bare(reader, "local=/", "/", &suffix) ||
		       name_line_bare(reader, "server=/", "/", &suffix))
			;
		if (!name_line(reader, &line))
			break;
		if (line.len && line.at[0] != '#')
			setting_take(reader, line);
	}
}

unsigned int name_looks_dnsmasq(struct text line)
{
	return text_starts(line, "address=/") || text_starts(line, "local=/") ||
			       text_starts(line, "server=/")
		       ? 5
		       : 0;
}
