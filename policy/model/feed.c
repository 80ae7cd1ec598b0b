// SPDX-License-Identifier: Apache-2.0
/*
 * Subscriptions: the keys of a list that say where it is published and how it is kept new. Called by the
 * readers of both kinds of lists; fetching is the agent's.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"

#define REFRESH_S 86400
#define REFRESH_LEAST_S 300
#define MAX_BYTES (256ULL << 20)

static bool is_url(const char *text)
{
	const char *host = !strncmp(text, "https://", 8)  ? text + 8
			   : !strncmp(text, "http://", 7) ? text + 7
							  : NULL;

	if (!host || !*host || *host == '/' || strlen(text) > 2048)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == '"')
			return false;
	return true;
}

void read_feed_url(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a URL");
	char **url = member, shown[100];

	if (!text)
		return;
	if (!is_url(text)) {
		reader_error(r, value, "as in https://lists.example/malware.txt, without blanks",
			     "\"%s\" is no URL of http or https",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
		return;
	}
	free(*url);
	*url = reader_copy(r, text);
}

void read_feed_sum(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a SHA-256 sum or its URL");
	char **sum = member;

	if (!text)
		return;
	if (!is_url(text) && (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)) {
		reader_error(r, value, "64 hexadecimal digits, or the URL of a file of sums",
			     "this is no SHA-256 sum");
		return;
	}
	free(*sum);
	*sum = reader_copy(r, text);
}

/* What speaks of a subscription where there is none would be waited for in vain. */
static void without_url(struct reader *r, const struct node *item)
{
	static const char *const keys[] = { "refresh", "max",	   "sha256",  "signature",
					    "proxy",   "insecure", "private", "reserved" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (node_find(item, keys[i]))
			reader_error(r, node_find(item, keys[i]),
				     "where it is published: url: https://…",
				     "\"%s\" without a url", keys[i]);
}

static bool is_plain(const char *url)
{
	return url && !strncmp(url, "http://", 7);
}

static void ways_check(struct reader *r, const struct node *item, const struct model_feed *feed)
{
	bool proven = feed->sha256 || feed->signature;

	if ((is_plain(feed->url) || is_plain(feed->sha256) || is_plain(feed->signature)) &&
	    !feed->insecure)
		reader_error(r, node_find(item, "url"), "https://…, or insecure: yes",
			     "http without TLS is used only where insecure says so");
	else if (is_plain(feed->url) && (!proven || is_plain(feed->sha256)) && !feed->signature)
		reader_say(r, DIAG_WARNING, node_find(item, "url"), "https://, sha256: or signature:",
			   "whoever is on the way can change what this list says");
}

void feed_check(struct reader *r, const struct node *item, struct model_feed *feed)
{
	if (!node_find(item, "url")) {
		without_url(r, item);
		return;
	}
	if (node_find(item, "source"))
		reader_error(r, node_find(item, "source"), "keep the one that is meant",
			     "a list is read from a source or fetched from a url, not both");
	if (!feed->signature != !feed->key)
		reader_error(r, item, "signature: URL of the signature; key: file of the public key",
			     "a signature and its key go together");
	if (feed->refresh_s && feed->refresh_s < REFRESH_LEAST_S)
		reader_error(r, node_find(item, "refresh"), "lists change daily, few hourly",
			     "a list is not asked for more often than every 5m");
	ways_check(r, item, feed);
	if (!feed->refresh_s)
		feed->refresh_s = REFRESH_S;
	if (!feed->max_bytes)
		feed->max_bytes = MAX_BYTES;
}

void feed_free(struct model_feed *feed)
{
	free(feed->url);
	free(feed->sha256);
	free(feed->signature);
	free(feed->key);
	free(feed->proxy);
}
