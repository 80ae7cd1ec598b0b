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
	struct text value = text_from(text, last + 1 - text.at);
	enum means means = value_means(reader, address, value);

	for (text = text_from(text, 1); text.at < last; text = text_from(text, slash + 1 - text.at)) {
		slash = memchr(text.at, '/', text.len);
		if (slash > text.at)
			one_take(reader, (struct text){ text.at, slash - text.at }, value, means);
	}
}

void name_read_dnsmasq(struct name_reader *reader)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	static const char *const keys[] = { "address=/", "local=/", "server=/" };
	struct text line, rest;

	for (;;) {
		while (name_line_bare(reader, "address=/", "/#", &suffix) ||
		       name_line_bare(reader, "address=/", "/0.0.0.0", &suffix) ||
		       name_line_bare(reader, "address=/", "/", &suffix) ||
		       name_line_bare(reader, "local=/", "/", &suffix) ||
		       name_line_bare(reader, "server=/", "/", &suffix))
			;
		if (!name_line(reader, &line))
			break;
		if (!line.len || line.at[0] == '#')
			continue;
		rest = line;
		line = text_word(&rest);
		for (size_t i = 0; i < 3; i++) {
			size_t len = strlen(keys[i]) - 1;

			if (!text_starts(line, keys[i]) ||
			    !memchr(line.at + len + 1, '/', line.len - len - 1))
				continue;
			names_take(reader, text_from(line, len), i == 0);
			line.len = 0;
		}
		if (text_starts(line, "conf-") || text_starts(line, "servers-file"))
			name_skip(reader, NAME_SKIP_directive, line);
		else if (line.len)
			name_skip(reader, NAME_SKIP_statement, line);
	}
}

unsigned int name_looks_dnsmasq(struct text line)
{
	return text_starts(line, "address=/") || text_starts(line, "local=/") ||
			       text_starts(line, "server=/")
		       ? 5
		       : 0;
}
