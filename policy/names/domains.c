// SPDX-License-Identifier: Apache-2.0
/*
 * Plain lists of names, where publishers mean a name and all that is below it (UT1, squidGuard, feeds of
 * registered names), with what strays into them: lines of hosts files, URLs, rules of browsers. Pure.
 * Called by parse.c through formats.def.
 */
#include <string.h>

#include "names/read.h"

static const struct name_as suffix = { .kind = NAME_SUFFIX };

/* What V2Ray's lists say of a name in front of it; false: nothing. */
static bool marked_take(struct name_reader *reader, struct text word)
{
	static const struct name_as self = { .kind = NAME_SELF };

	if (text_starts(word, "domain:"))
		name_take(reader, text_from(word, 7), &suffix);
	else if (text_starts(word, "full:"))
		name_take(reader, text_from(word, 5), &self);
	else if (text_starts(word, "regexp:"))
		name_take_regex(reader, text_from(word, 7), false);
	else if (text_starts(word, "keyword:"))
		name_skip(reader, NAME_SKIP_pattern, word);
	else if (text_starts(word, "include:"))
		name_skip(reader, NAME_SKIP_directive, word);
	else
		return false;
	return true;
}

/* One word that is to be a name. */
static void word_take(struct name_reader *reader, struct text word)
{
	static const struct name_as self = { .kind = NAME_SELF }, below = { .kind = NAME_BELOW };

	if (text_starts(word, "*."))
		name_take(reader, text_from(word, 2), &below);
	else if (text_starts(word, "="))
		name_take(reader, text_from(word, 1), &self);
	else if (name_is_local(word.at, word.len))
		name_skip(reader, NAME_SKIP_local, word);
	else
		name_take(reader, text_starts(word, ".") ? text_from(word, 1) : word, &suffix);
}

/* "name:8080", which is what can be read of the host. */
static bool has_port(struct text word)
{
	const char *colon = memchr(word.at, ':', word.len);
	size_t digits = colon ? (size_t)(word.at + word.len - colon) - 1 : 0;

	for (size_t i = 1; i <= digits; i++)
		if (colon[i] < '0' || colon[i] > '9')
			return false;
	return digits && colon > word.at;
}

/* A second column may hold a number or a date; behind what else stands there it is a word of a text. */
static bool is_column(struct text rest)
{
	return !rest.len || (rest.at[0] >= '0' && rest.at[0] <= '9');
}

void domains_line(struct name_reader *reader, struct text line)
{
	struct text rest, word;

	if (text_starts(line, "||") || text_starts(line, "@@")) {
		adblock_line(reader, line);
		return;
	}
	if (text_starts(line, ".Include<")) {
		name_skip(reader, NAME_SKIP_directive, line);
		return;
	}
	rest = line_before_hash(line);
	word = text_word(&rest);
	while (word.len > 1 && word.at[word.len - 1] == ',')
		word.len--;
	word = text_trim(word);
	if ((!rest.len || rest.at[0] == '@') && marked_take(reader, word))
		return;
	if (text_is_prefix(word)) {
		if (text_is_name(text_word(&rest)))
			hosts_line(reader, line);
		else
			name_skip(reader, NAME_SKIP_address, word);
	} else if (!is_column(rest)) {
		/* dnscrypt-proxy's "name @hours" */
		name_skip(reader, rest.at[0] == '@' ? NAME_SKIP_hours : NAME_SKIP_syntax, line);
	} else if (memmem(word.at, word.len, "://", 3) || memchr(word.at, '/', word.len) ||
		   has_port(word)) {
		name_take_url(reader, word, NULL);
	} else {
		word_take(reader, word);
	}
}

void name_read_domains(struct name_reader *reader)
{
	struct text line;

	for (;;) {
		while (name_line_bare(reader, "", "", &suffix))
			;
		if (!name_line_entry(reader, &line))
			break;
		domains_line(reader, line);
	}
}

unsigned int name_looks_domains(struct text line)
{
	struct text word = text_word(&line);

	if (!text_is_name(word))
		return 0;
	for (size_t i = 0; i < word.len; i++)
		if (strchr("/\\|^$()[]{}<>=#*\",;", word.at[i]))
			return 0;
	return 1;
}
