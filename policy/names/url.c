// SPDX-License-Identifier: Apache-2.0
/*
 * URLs in one spelling. Called by the readers of lists, the agent and the command line. Pure.
 */
#include "names/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "names/read.h"

#define BAD(reason) (-(NAME_SKIP_##reason + 1))

/* The target on its way out. */
struct target {
	char *to;
	size_t len, cap;
	bool cut; /* more than there is room for */
};

static void put(struct target *target, char c)
{
	if (target->len < target->cap)
		target->to[target->len++] = c;
	else
		target->cut = true;
}

static void put_encoded(struct target *target, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	put(target, '%');
	put(target, digits[c >> 4]);
	put(target, digits[c & 15]);
}

static unsigned int hex_of(unsigned char c)
{
	return (unsigned int)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The next byte of text, decoded; a '%' that encodes nothing is a byte like any other. */
static unsigned char byte_take(struct text *text, bool *ret_encoded)
{
	const unsigned char *at = (const unsigned char *)text->at;
	size_t len = 1;
	unsigned char c = *at;

	*ret_encoded = false;
	if (c == '%' && text->len >= 3 && isxdigit(at[1]) && isxdigit(at[2])) {
		c = (unsigned char)(hex_of(at[1]) << 4 | hex_of(at[2]));
		*ret_encoded = true;
		len = 3;
	}
	*text = (struct text){ text->at + len, text->len - len };
	return c;
}

/* A part of the path has ended at target->len; it began at from. "." and nothing go, ".." takes one more. */
static void part_end(struct target *target, size_t from)
{
	const char *part = target->to + from;
	size_t len = target->len - from;

	if (len == 2 && part[0] == '.' && part[1] == '.') {
		target->len = from;
		if (from > 1) {
			target->len--;
			while (target->to[target->len - 1] != '/')
				target->len--;
		}
	} else if (len == 1 && part[0] == '.') {
		target->len = from;
	} else if (len) {
		put(target, '/');
	}
}

/* Of a part that the path ends with. */
static void part_last(struct target *target, size_t from)
{
	const char *part = target->to + from;
	size_t len = target->len - from;

	if (len && len <= 2 && part[0] == '.' && part[len - 1] == '.')
		part_end(target, from);
}

static void path_put(struct target *target, struct text path)
{
	size_t from;
	bool encoded;

	put(target, '/');
	from = target->len;
	while (path.len && !target->cut) {
		unsigned char c = byte_take(&path, &encoded);

		/* Some servers take an encoded slash for one, and some take '\' for one. */
		if (c == '/' || c == '\\') {
			part_end(target, from);
			from = target->len;
		} else if (c <= ' ' || c >= 0x7f || c == '%' || c == '?' || c == '#') {
			put_encoded(target, c);
		} else {
			put(target, (char)c);
		}
	}
	part_last(target, from);
}

static void query_put(struct target *target, struct text query)
{
	bool encoded;

	put(target, '?');
	while (query.len && !target->cut) {
		unsigned char c = byte_take(&query, &encoded);

		/* Encoded, these are part of a value; as they are they part values. */
		if (c <= ' ' || c >= 0x7f || c == '%' || c == '#' || (encoded && strchr("&=+;", c)))
			put_encoded(target, c);
		else
			put(target, (char)c);
	}
}

/* What stands behind the host, to its fragment. */
static int target_put(struct text text, struct url *url)
{
	struct target target = { .to = url->target, .cap = sizeof(url->target) - 1 };
	const char *end = memchr(text.at, '#', text.len);
	struct text query = {};

	if (end)
		text.len = end - text.at;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return BAD(url);
	end = memchr(text.at, '?', text.len);
	if (end) {
		query = (struct text){ end + 1, text.len - (end + 1 - text.at) };
		text.len = end - text.at;
	}
	path_put(&target, text);
	url->path_len = (uint16_t)target.len;
	if (end)
		query_put(&target, query);
	if (target.cut)
		return BAD(too_long);
	url->target_len = (uint16_t)target.len;
	url->target[target.len] = 0;
	return 0;
}

static int port_read(struct text text, uint16_t *ret_port)
{
	unsigned int port = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (!isdigit((unsigned char)text.at[i]))
			return BAD(url);
		port = port * 10 + (text.at[i] - '0');
		if (port > 65535)
			return BAD(url);
	}
	*ret_port = (uint16_t)port;
	return 0;
}

int url_host(const char *host, size_t host_len, struct name *ret_host, bool *ret_address)
{
	struct text text = { host, host_len };
	char plain[1024];
	size_t len = 0;
	bool encoded;

	if (!text.len || text.len > sizeof(plain))
		return BAD(url);
	while (text.len)
		plain[len++] = (char)byte_take(&text, &encoded);
	return name_of_host(plain, len, ret_host, ret_address);
}

/* host:port, with or without a user in front. */
static int authority_read(struct text text, struct url *url)
{
	const char *at = memrchr(text.at, '@', text.len), *colon;
	struct text port = {};
	int err;

	if (at)
		text = (struct text){ at + 1, text.len - (at + 1 - text.at) };
	at = text.len && text.at[0] == '[' ? memchr(text.at, ']', text.len) : text.at;
	if (!at)
		return BAD(url);
	colon = memchr(at, ':', text.len - (at - text.at));
	if (colon) {
		port = (struct text){ colon + 1, text.len - (colon + 1 - text.at) };
		text.len = colon - text.at;
	}
	err = port_read(port, &url->port);
	return err ? err : url_host(text.at, text.len, &url->host, &url->address);
}

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

static size_t scheme_len(struct text text)
{
	size_t len = 0;

	if (!text.len || !isalpha((unsigned char)text.at[0]))
		return 0;
	while (len < text.len && (isalnum((unsigned char)text.at[len]) ||
				  (text.at[len] && strchr("+-.", text.at[len]))))
		len++;
	return len < text.len && text.at[len] == ':' ? len : 0;
}

/* Takes the scheme off. Browsers read http:host, http:/host and http:\\host all as http://host. */
static int scheme_take(struct text *text, uint16_t *ret_port)
{
	size_t len = scheme_len(*text), at = len + 1;
	bool http = len == 4 && !strncasecmp(text->at, "http", 4);
	bool https = len == 5 && !strncasecmp(text->at, "https", 5);

	*ret_port = 0;
	if (!len)
		at = 0;
	else if (!http && !https)
		return at + 1 < text->len && is_slash(text->at[at]) && is_slash(text->at[at + 1])
			       ? BAD(scheme)
			       : 0;
	if (http || https)
		*ret_port = http ? 80 : 443;
	if (!len && (text->len < 2 || !is_slash(text->at[0]) || !is_slash(text->at[1])))
		return 0;
	while (at < text->len && is_slash(text->at[at]))
		at++;
	*text = (struct text){ text->at + at, text->len - at };
	return 0;
}

/* Scheme and host; what is left of the text is the target. */
static int site_read(struct text *text, struct url *url)
{
	struct text authority;
	uint16_t usual;
	int err;

	err = scheme_take(text, &usual);
	if (err)
		return err;
	authority = (struct text){ text->at, 0 };
	while (authority.len < text->len && !is_slash(text->at[authority.len]) &&
	       text->at[authority.len] != '?' && text->at[authority.len] != '#')
		authority.len++;
	*text = (struct text){ text->at + authority.len, text->len - authority.len };
	err = authority_read(authority, url);
	url->scheme = usual != 0;
	if (url->port == usual || (!usual && (url->port == 80 || url->port == 443)))
		url->port = 0;
	return err;
}

/* A path's own first slash is not an empty part of it. */
static struct text behind_slash(struct text text)
{
	if (text.len && is_slash(text.at[0]))
		return (struct text){ text.at + 1, text.len - 1 };
	return text;
}

int url_normalise(const char *written, size_t len, struct url *ret_url)
{
	struct text text = text_trim((struct text){ written, len });
	int err = site_read(&text, ret_url);

	return err ? err : target_put(behind_slash(text), ret_url);
}

int url_of_request(const char *host, size_t host_len, const char *target, size_t target_len,
		   struct url *ret_url)
{
	struct text text = { target, target_len };
	int err;

	if (text_is(text, "*"))
		text.len = 0; /* OPTIONS: no page */
	if (text.len && !is_slash(target[0])) {
		/* Absolute form, or CONNECT's host:port. */
		return url_normalise(target, target_len, ret_url);
	}
	ret_url->scheme = false;
	err = authority_read(text_trim((struct text){ host, host_len }), ret_url);
	if (ret_url->port == 80 || ret_url->port == 443)
		ret_url->port = 0;
	return err ? err : target_put(behind_slash(text), ret_url);
}

bool url_without_parameters(const struct url *url, struct url *ret_url)
{
	struct text path = { url->target + 1, 0 };
	char plain[URL_TARGET_MAX] = "";
	bool parameters = false, cut = false;

	if (!memchr(url->target, ';', url->path_len))
		return false;
	for (size_t i = 1; i < url->path_len; i++) {
		char c = url->target[i];

		parameters = c == ';' || (parameters && c != '/');
		cut |= parameters;
		if (!parameters)
			plain[path.len++] = c;
	}
	for (size_t i = url->path_len; i < url->target_len; i++)
		plain[path.len++] = url->target[i];
	*ret_url = *url;
	path.at = plain;
	return cut && !target_put(path, ret_url);
}
