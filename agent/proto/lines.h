/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of protocols that are written in them: where one ends, and what it says without its end.
 */
#ifndef AGENT_PROTO_LINES_H
#define AGENT_PROTO_LINES_H

#include <strings.h>

#include "base/slice.h"

/*
 * Bytes of the line that data begins with, its end with them; of a longer one than most so many. 0: more is
 * needed, and more may come (!ends).
 */
static inline size_t line_len(struct slice data, size_t most, bool ends)
{
	size_t len = data.len < most ? data.len : most;
	const uint8_t *end = len ? memchr(data.at, '\n', len) : NULL;

	if (end)
		return (size_t)(end + 1 - data.at);
	return data.len >= most || ends ? len : 0;
}

static inline bool line_is_whole(struct slice line)
{
	return line.len && line.at[line.len - 1] == '\n';
}

/* Without what ends it. */
static inline struct slice line_text(struct slice line)
{
	while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
		line.len--;
	return line;
}

/* Letters are alike in both cases. */
static inline bool line_begins(struct slice line, const char *word)
{
	size_t len = strlen(word);

	return line.len >= len && strncasecmp((const char *)line.at, word, len) == 0;
}

/* Up to the next blank, behind blanks. */
static inline struct slice line_word(struct slice line)
{
	size_t len = 0;

	while (line.len && (line.at[0] == ' ' || line.at[0] == '\t'))
		line = slice_behind(line, 1);
	while (len < line.len && line.at[len] != ' ' && line.at[len] != '\t')
		len++;
	return slice(line.at, len);
}

#endif
