// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of *.name for resolvers (dnscrypt-proxy and the like), which take the name as well as what is
 * below it. Pure. Called by parse.c through formats.def.
 */
#include "names/read.h"

void name_read_wildcard(struct name_reader *reader)
{
	static const struct name_as suffix = { .kind = NAME_SUFFIX };
	struct text line;

	for (;;) {
		while (name_line_bare(reader, "*.", "", &suffix))
			;
		if (!name_line_entry(reader, &line))
			break;
		domains_line(reader, text_starts(line, "*.") ? text_from(line, 1) : line);
	}
}

unsigned int name_looks_wildcard(struct text line)
{
	struct text word = text_word(&line);

	return text_starts(word, "*.") && text_is_name(word) ? 2 : 0;
}
