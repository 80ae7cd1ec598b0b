// SPDX-License-Identifier: Apache-2.0
/*
 * Regular expressions, one a line (UT1's "expressions", Pi-hole's "regex", squid's url_regex). They are kept
 * as they are: the agent compiles them, and says so of those that it cannot. Pure. Called by parse.c through
 * formats.def.
 */
#include <string.h>

#include "names/read.h"

/*
 * Pi-hole's settings behind an expression: what is answered is the policy's, but an expression for some types
 * of questions alone, or for what it does not match, is another one. False: it is that.
 */
static bool settings_cut(struct text *line)
{
	const char *reply;

	if (memmem(line->at, line->len, ";querytype=", 11) ||
	    memmem(line->at, line->len, ";invert", 7))
		return false;
	reply = memmem(line->at, line->len, ";reply=", 7);
	if (reply)
		line->len = reply - line->at;
	return true;
}

static void expression_take(struct name_reader *reader, struct text line)
{
	/* squid: from here on with regard to case, or without. */
	if (text_is(line, "-i") || text_is(line, "+i"))
		name_skip(reader, NAME_SKIP_statement, line);
	else if (!settings_cut(&line))
		name_skip(reader, NAME_SKIP_options, line);
	else
		name_take_regex(reader, line, false);
}

void name_read_expressions(struct name_reader *reader)
{
	struct text line;

	while (name_line(reader, &line))
		if (line.len && line.at[0] != '#' && line.at[0] != '!')
			expression_take(reader, line);
}

unsigned int name_looks_expressions(struct text line)
{
	bool group = memchr(line.at, '(', line.len) && memchr(line.at, ')', line.len);

	if (line.at[0] == '/' || line.at[0] == '|' || memchr(line.at, '"', line.len))
		return 0;
	if (line.at[0] == '^' || line.at[0] == '(')
		return 4;
	return (group && memchr(line.at, '|', line.len)) || memmem(line.at, line.len, "\\.", 2) ? 4
												: 0;
}
