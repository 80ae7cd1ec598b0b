// SPDX-License-Identifier: Apache-2.0
/*
 * Line formats: plain (netset, DROP, ranges, netmasks), ipset, hosts, url. Pure.
 * Called by read.c through formats.def.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "lists/read.h"

/* "a-b" in one word, or "a - b" in three. */
static bool range_split(struct text word, struct text rest, struct text *ret_from, struct text *ret_to)
{
	const char *dash = memchr(word.at, '-', word.len);
	struct text next = rest;

	if (dash && dash > word.at && dash < word.at + word.len - 1) {
		*ret_from = (struct text){ word.at, dash - word.at };
		*ret_to = (struct text){ dash + 1, word.len - (*ret_from).len - 1 };
		return true;
	}
	if (rest.len < 3 || rest.at[0] != '-' || !isspace((unsigned char)rest.at[1]))
		return false;
	text_word(&next);
	*ret_from = word;
	*ret_to = text_word(&next);
	return true;
}

/* "first last length", as DShield publishes its /24s. */
static bool range_columns(struct text word, struct text rest, struct text *ret_to)
{
	struct text last = text_word(&rest), length = text_word(&rest);

	if (memchr(word.at, '/', word.len) || memchr(last.at, '/', last.len))
		return false;
	if (!length.len || length.len > 2 || !isdigit((unsigned char)length.at[0]))
		return false;
	*ret_to = last;
	return text_is_prefix(word) && text_is_prefix(last);
}

/* The length that an IPv4 netmask such as 255.255.240.0 stands for; -1: none, or one below /8. */
static int netmask_len(struct text word)
{
	struct prefix mask;
	uint32_t bits;

	if (prefix_parse(word.at, word.len, &mask, NULL) != PREFIX_OK || mask.len != 128 ||
	    !address_is_v4(&mask.addr))
		return -1;
	bits = ~be32toh(mask.addr.w[3]);
	return bits & (bits + 1) || bits >> 24 ? -1 : 32 - __builtin_popcount(bits);
}

/* "10.0.0.0/255.0.0.0" in one word, or with a blank in two. */
static bool netmask_take(struct list_reader *reader, struct text word, struct text rest)
{
	const char *slash = memchr(word.at, '/', word.len);
	char text[PREFIX_TEXT_MAX];
	int len;

	if (slash)
		rest = (struct text){ slash + 1, word.len - (size_t)(slash + 1 - word.at) };
	else
		rest = text_word(&rest);
	if (slash)
		word.len = (size_t)(slash - word.at);
	len = rest.len < 7 ? -1 : netmask_len(rest);
	if (len < 0 || word.len > INET_ADDRSTRLEN || !memchr(word.at, '.', word.len))
		return false;
	snprintf(text, sizeof(text), "%.*s/%d", (int)word.len, word.at, len);
	reader_prefix(reader, (struct text){ text, strlen(text) });
	return true;
}

/* One line, whatever stands on it. */
static void plain_line(struct list_reader *reader, struct text line)
{
	struct text word = text_word(&line), from, to;

	while (word.len > 1 && word.at[word.len - 1] == ',')
		word.len--;
	word = text_trim(word);
	if (text_is_name(word))
		reader->set.skipped_cnt++;
	else if (range_split(word, line, &from, &to))
		reader_range(reader, from, to);
	else if (range_columns(word, line, &to))
		reader_range(reader, word, to);
	else if (!netmask_take(reader, word, line))
		reader_prefix(reader, word);
}

/* "create SET hash:net ..." describes a set; "add SET ENTRY[,PORT...] ..." is one entry. */
void read_ipset(struct list_reader *reader)
{
	struct text line, word;
	const char *comma;

	while (reader_entry(reader, &line)) {
		word = text_word(&line);
		if (word.len != 3 || memcmp(word.at, "add", 3) != 0) {
			if (word.len != 6 || memcmp(word.at, "create", 6) != 0)
				reader_bad(reader, word, "not a line of ipset save");
			continue;
		}
		text_word(&line);
		word = text_word(&line);
		comma = memchr(word.at, ',', word.len);
		if (comma) {
			/* With a port or an interface it is less than all of the address. */
			reader->set.skipped_cnt++;
			continue;
		}
		plain_line(reader, word);
	}
}

void read_plain(struct list_reader *reader)
{
	struct text line;

	for (;;) {
		/* Most lists of a million lines hold nothing else. */
		while (reader_bare(reader))
			;
		if (!reader_entry(reader, &line))
			break;
		plain_line(reader, line);
	}
}

void read_hosts(struct list_reader *reader)
{
	struct text line, word;

	while (reader_entry(reader, &line)) {
		word = text_word(&line);
		if (!text_is_prefix(word) || !line.len) {
			reader_bad(reader, word, "not a line of a hosts file");
			continue;
		}
		while (line.len) {
			word = text_word(&line);
			if (text_is_prefix(word) && !memchr(word.at, '/', word.len))
				reader_prefix(reader, word);
			else
				reader->set.skipped_cnt++;
		}
	}
}

/* The host of scheme://user@host:port/path, and whether there is more than that host. */
static struct text url_host(struct text url, bool *ret_path)
{
	const char *at = memmem(url.at, url.len, "://", 3), *slash;
	struct text host = url;

	if (at)
		host = (struct text){ at + 3, url.len - (at + 3 - url.at) };
	slash = memchr(host.at, '/', host.len);
	*ret_path = slash && slash < host.at + host.len - 1;
	if (slash)
		host.len = slash - host.at;
	if (host.len > 2 && host.at[0] == '[') {
		at = memchr(host.at, ']', host.len);
		*ret_path |= !at || at != host.at + host.len - 1;
		return at ? (struct text){ host.at + 1, at - host.at - 1 } : host;
	}
	return host;
}

/*
 * A URL with a path, a port or a user is no address: blocking all of the address would block its
 * other pages. 192.0.2.1/8 is the page "8" there, and no network.
 */
void read_url(struct list_reader *reader)
{
	struct text line, host;
	bool path;

	while (reader_entry(reader, &line)) {
		host = url_host(text_word(&line), &path);
		if (!path && text_is_prefix(host))
			reader_prefix(reader, host);
		else
			reader->set.skipped_cnt++;
	}
}
