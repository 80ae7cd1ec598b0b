// SPDX-License-Identifier: Apache-2.0
/*
 * Regular expressions, one a line (UT1's "expressions", Pi-hole's "regex"). They are kept as they are: the
 * agent compiles them, and says so of those that it cannot. Pure. Called by parse.c through formats.def.
 */
#include <string.h>

#include "names/read.h"

void name_read_expressions(struct name_reader *reader)
{
	struct text line;

	while (name_line(reader, &line))
		if (line.len && line.at[0] != '#' && line.at[0] != '!')
			name_take_regex(reader, line, false);
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
