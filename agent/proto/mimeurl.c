// SPDX-License-Identifier: Apache-2.0
/*
 * URLs in the texts of a mail, by their schemes. Called by mime.c. Promises each once, and no more than a
 * set number of them.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#include "proto/mimeinside.h"

#define URLS_MAX 500
#define LINE_MAX 8192 /* bytes of a text's line that are looked at together */

/* A bracket that closes an address of IPv6 is of the URL. */
static bool ends_url(uint8_t c, bool bracketed)
{
	return c <= 0x20 || c == 0x7f || memchr("\"'<>", c, 4) || (c == ']' && !bracketed);
}

/* Who would run what it leads to. */
static bool is_program(struct slice url)
{
	static const char *const ends[] = { ".exe", ".vbs", ".bin", ".cmd", ".bat", ".jar", ".js",
					    ".ps",  ".ps1", ".sh",  ".run", ".hta", ".elf" };

	for (size_t i = 0; i < url.len; i++) {
		struct slice rest = slice_behind(url, i);

		for (size_t k = 0; rest.at[0] == '.' && k < sizeof(ends) / sizeof(ends[0]); k++) {
			size_t len = strlen(ends[k]);

			if (mime_begins(rest, ends[k]) && (rest.len == len || !isalnum(rest.at[len])))
				return true;
		}
	}
	return false;
}

static uint8_t host_kind(struct slice url)
{
	char host[INET6_ADDRSTRLEN];
	uint8_t addr[16];
	size_t len = 0;
	bool six = url.len && url.at[0] == '[';

	if (six)
		url = slice_behind(url, 1);
	while (len < url.len && len < sizeof(host) - 1 &&
	       (isxdigit(url.at[len]) || url.at[len] == '.' || (six && url.at[len] == ':'))) {
		host[len] = (char)url.at[len];
		len++;
	}
	host[len] = 0;
	if (len < url.len && (isalnum(url.at[len]) || url.at[len] == '-'))
		return 0;
	if (six)
		return inet_pton(AF_INET6, host, addr) == 1 ? MIME_URL_IPV6 : 0;
	return inet_pton(AF_INET, host, addr) == 1 ? MIME_URL_IPV4 : 0;
}

static bool is_known(const struct mime_urls *urls, struct slice url)
{
	for (size_t i = 0; i < urls->cnt; i++)
		if (urls->urls[i].len == url.len && memcmp(urls->urls[i].at, url.at, url.len) == 0)
			return true;
	return false;
}

/* The last that was found stands first, as Suricata tells them. */
static void url_add(struct mime_urls *urls, struct slice url)
{
	uint8_t *copy;

	if (!url.len || urls->cnt == URLS_MAX || is_known(urls, url))
		return;
	if (urls->cnt == urls->cap) {
		size_t cap = urls->cap ? urls->cap * 2 : 8;
		struct slice *grown = reallocarray(urls->urls, cap, sizeof(*grown));

		if (!grown)
			return;
		urls->urls = grown;
		urls->cap = cap;
	}
	copy = malloc(url.len);
	if (!copy)
		return;
	memcpy(copy, url.at, url.len);
	memmove(urls->urls + 1, urls->urls, urls->cnt * sizeof(*urls->urls));
	urls->urls[0] = slice(copy, url.len);
	urls->cnt++;
}

/* A URL behind its scheme; returns how many bytes it has with that. */
static size_t url_take(struct mime_urls *urls, struct slice rest, size_t scheme)
{
	bool bracketed = rest.len > scheme && rest.at[scheme] == '[';
	size_t len = scheme;
	struct slice url;

	while (len < rest.len && !ends_url(rest.at[len], bracketed))
		len++;
	url = slice(rest.at + scheme, len - scheme);
	if (!url.len)
		return len;
	urls->kinds |= host_kind(url);
	if (is_program(url))
		urls->kinds |= MIME_URL_PROGRAM;
	url_add(urls, urls->settings->url_schemes ? slice(rest.at, len) : url);
	return len;
}

/* Scheme by scheme: that is the order in which Suricata finds them. */
static void line_look(struct mime_urls *urls, struct slice line)
{
	for (size_t i = 0; i < urls->settings->scheme_cnt; i++) {
		const char *scheme = urls->settings->scheme[i];

		for (size_t at = 0; at < line.len;) {
			struct slice rest = slice_behind(line, at);

			at += mime_begins(rest, scheme) ? url_take(urls, rest, strlen(scheme)) : 1;
		}
	}
}

void mime_urls_end(struct mime_urls *urls)
{
	line_look(urls, mime_text_slice(&urls->line));
	urls->line.len = 0;
}

void mime_urls_take(struct mime_urls *urls, struct slice bytes)
{
	while (bytes.len) {
		const uint8_t *end = memchr(bytes.at, '\n', bytes.len);
		size_t len = end ? (size_t)(end + 1 - bytes.at) : bytes.len;
		size_t room = LINE_MAX - urls->line.len;

		if (len > room)
			len = room;
		if (!mime_text_add(&urls->line, slice(bytes.at, len), LINE_MAX))
			return;
		bytes = slice_behind(bytes, len);
		if (urls->line.at[urls->line.len - 1] == '\n' || urls->line.len == LINE_MAX)
			mime_urls_end(urls);
	}
}

void mime_urls_free(struct mime_urls *urls)
{
	for (size_t i = 0; i < urls->cnt; i++)
		free((void *)urls->urls[i].at);
	free(urls->urls);
	free(urls->line.at);
}
