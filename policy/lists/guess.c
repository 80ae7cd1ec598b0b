// SPDX-License-Identifier: Apache-2.0
/*
 * Which format a list has, from its first lines. Pure. Called by read.c when nobody says it.
 */
#include <string.h>

#include "lists/mikrotik.h"

#define GUESS_LINES 200

static bool is_loopback(struct text word)
{
	static const char *const names[] = { "0.0.0.0", "127.0.0.1", "::1", "::" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (word.len == strlen(names[i]) && !memcmp(word.at, names[i], word.len))
			return true;
	return false;
}

static bool looks_hosts(struct text word, struct text rest)
{
	struct text second = text_word(&rest);

	return is_loopback(word) && text_is_name(second);
}

/* A scheme, or a path behind a name. */
static bool looks_url(struct text word)
{
	const char *slash = memchr(word.at, '/', word.len);

	if (memmem(word.at, word.len, "://", 3))
		return true;
	return slash && text_is_name((struct text){ word.at, slash - word.at });
}

/* Separators, and not only one behind each word as in "10.0.0.0/8,". */
static bool looks_csv(struct text line)
{
	for (size_t i = 0; i + 1 < line.len; i++)
		if (line.at[i] == ',' || line.at[i] == ';' || line.at[i] == '|')
			return true;
	return false;
}

/* "create SET TYPE", "add SET ENTRY". */
static bool looks_ipset(struct text word, struct text rest)
{
	text_word(&rest);
	return rest.len && ((word.len == 3 && !memcmp(word.at, "add", 3)) ||
			    (word.len == 6 && !memcmp(word.at, "create", 6)));
}

const char *format_guess(struct text text)
{
	struct list_reader reader = { .rest = text };
	size_t hosts = 0, url = 0, csv = 0, ipset = 0, mikrotik = 0, cnt = 0;
	struct text line, word;

	while (cnt < GUESS_LINES && reader_entry(&reader, &line)) {
		if (!cnt && (line.at[0] == '{' || line.at[0] == '['))
			return "json";
		cnt++;
		mikrotik += mikrotik_looks(line);
		csv += looks_csv(line);
		word = text_word(&line);
		ipset += looks_ipset(word, line);
		hosts += looks_hosts(word, line);
		url += looks_url(word);
	}
	if (mikrotik * 2 > cnt)
		return "mikrotik";
	if (ipset == cnt && cnt)
		return "ipset";
	/* Few lines decide for hosts and url: addresses that stand alone are at home there too. */
	if (hosts * 4 > cnt)
		return "hosts";
	if (csv * 2 > cnt)
		return "csv";
	if (url * 10 > cnt)
		return "url";
	return "plain";
}
