// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of URLs. 107.172.238.16/8 is a page of that host, not a network. Pure.
 * Called by parse.c through formats.def.
 */
#include <string.h>

#include "names/read.h"

void name_read_urls(struct name_reader *reader)
{
	struct text line, rest, word;

	while (name_line_entry(reader, &line)) {
		rest = line;
		word = text_trim(text_word(&rest));
		if (memchr(word.at, '/', word.len))
			name_take_url(reader, word, NULL);
		else
			domains_line(reader, line);
	}
}

unsigned int name_looks_urls(struct text line)
{
	struct text word = text_word(&line), host = word;
	const char *slash = memchr(word.at, '/', word.len);

	if (!slash || slash == word.at)
		return 0;
	host.len = slash - word.at;
	if (text_starts(word, "http://") || text_starts(word, "https://"))
		return 3;
	return memchr(host.at, '.', host.len) && !memchr(host.at, '|', host.len) &&
			       !memchr(host.at, '=', host.len) && text_is_name(host)
		       ? 2
		       : 0;
}
