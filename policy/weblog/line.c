// SPDX-License-Identifier: Apache-2.0
/*
 * Forms are told apart by how a line begins: '{' is JSON, a number with a point is squid's clock, a word
 * with "[" and a quoted request behind it is a web server's, anything else is a URL. Called by read.c.
 */
#include "weblog/line.h"

#include <string.h>
#include <time.h>

#include "text/address.h"

/* What is left of a line. */
struct rest {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word; len 0: there is none. */
static struct weblog_text word(struct rest *r)
{
	struct weblog_text text;

	while (r->at < r->end && is_blank(*r->at))
		r->at++;
	text.text = r->at;
	while (r->at < r->end && !is_blank(*r->at))
		r->at++;
	text.len = (size_t)(r->at - text.text);
	return text;
}

static bool text_is(struct weblog_text text, const char *what)
{
	return text.len == strlen(what) && !memcmp(text.text, what, text.len);
}

static bool begins(struct weblog_text text, const char *with)
{
	return text.len >= strlen(with) && !strncasecmp(text.text, with, strlen(with));
}

/* Digits, at most 12; returns how many. */
static size_t digits(const char *text, size_t len, int64_t *ret_number)
{
	int64_t number = 0;
	size_t i = 0;

	for (; i < len && i < 12 && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (text[i] - '0');
	*ret_number = number;
	return i;
}

static void client_take(struct weblog_line *line, struct weblog_text text)
{
	struct prefix prefix;

	if (text.len && !prefix_parse(text.text, text.len, &prefix, NULL) && prefix.len == 128) {
		line->client = prefix.addr;
		line->has_client = true;
	}
}

/* "host:443" of CONNECT, an absolute URL, or a target of a host that is told elsewhere. */
static enum weblog_said request_take(struct weblog_line *line, struct weblog_text method,
				     struct weblog_text target, struct weblog_text host)
{
	if (!target.len || text_is(target, "-"))
		return WEBLOG_OTHER;
	line->url = target;
	line->https = text_is(method, "CONNECT") || begins(target, "https:");
	if (target.text[0] != '/' && target.text[0] != '*')
		return WEBLOG_URL;
	if (!host.len || text_is(host, "-"))
		return WEBLOG_OTHER;
	line->host = host;
	return WEBLOG_URL;
}

/* --- squid: time elapsed client code/status bytes method URL user hierarchy/peer type --- */

static bool is_squid(const char *text, size_t len)
{
	int64_t number;
	size_t n = digits(text, len, &number);

	return n >= 9 && n + 4 < len && text[n] == '.' &&
	       digits(text + n + 1, len - n - 1, &number) == 3;
}

static enum weblog_said squid(struct weblog_line *line, struct rest *r)
{
	struct weblog_text at = word(r), code, method, target;

	digits(at.text, at.len, &line->time);
	line->has_time = true;
	word(r);
	client_take(line, word(r));
	code = word(r);
	word(r);
	method = word(r);
	target = word(r);
	if (!target.len || !memchr(code.text, '/', code.len))
		return WEBLOG_BAD;
	if (begins(target, "error:"))
		return WEBLOG_OTHER; /* what squid could not read as a request */
	return request_take(line, method, target, (struct weblog_text){});
}

/* --- web servers: [vhost:port] client ident user [time] "request" status bytes ... --- */

static int64_t epoch(struct tm *tm, int64_t offset_s)
{
	return timegm(tm) - offset_s;
}

/* "+0900" or "+09:00" in seconds; Z is 0. */
static int64_t offset_of(const char *text, size_t len)
{
	int64_t hours, minutes;
	size_t colon = len > 3 && text[3] == ':';

	if (len < 5 || (text[0] != '+' && text[0] != '-') || digits(text + 1, 2, &hours) != 2 ||
	    len < 5 + colon || digits(text + 3 + colon, 2, &minutes) != 2)
		return 0;
	return (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
}

/* 10/Oct/2000:13:55:36 -0700 */
static void clf_time(struct weblog_line *line, const char *text, size_t len)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t day, year, hour, minute, second;
	struct tm tm = {};

	if (len < 20 || digits(text, 2, &day) != 2 || digits(text + 7, 4, &year) != 4 ||
	    digits(text + 12, 2, &hour) != 2 || digits(text + 15, 2, &minute) != 2 ||
	    digits(text + 18, 2, &second) != 2)
		return;
	for (int month = 0; month < 12; month++) {
		if (memcmp(text + 3, months + 3 * month, 3) != 0)
			continue;
		tm = (struct tm){ .tm_mday = (int)day,
				  .tm_mon = month,
				  .tm_year = (int)year - 1900,
				  .tm_hour = (int)hour,
				  .tm_min = (int)minute,
				  .tm_sec = (int)second };
		line->time = epoch(&tm, len > 21 ? offset_of(text + 21, len - 21) : 0);
		line->has_time = true;
	}
}

/* The request in quotes; a quote in it has a backslash before it. */
static bool quoted(struct rest *r, struct rest *ret_inside)
{
	const char *at = memchr(r->at, '"', (size_t)(r->end - r->at));

	if (!at)
		return false;
	ret_inside->at = ++at;
	while (at < r->end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	if (at >= r->end)
		return false;
	ret_inside->end = at;
	r->at = at + 1;
	return true;
}

static bool is_served(const struct rest *r)
{
	const char *open = memchr(r->at, '[', (size_t)(r->end - r->at));

	return open && open > r->at && open[-1] == ' ' &&
	       memchr(open, ']', (size_t)(r->end - open)) &&
	       memchr(open, '"', (size_t)(r->end - open));
}

static enum weblog_said served(struct weblog_line *line, struct rest *r)
{
	struct weblog_text host = {}, first = word(r), method, target;
	const char *open, *close;
	struct rest request;

	client_take(line, first);
	if (!line->has_client) { /* the combined form with the site in front */
		host = first;
		client_take(line, word(r));
	}
	open = memchr(r->at, '[', (size_t)(r->end - r->at));
	close = open ? memchr(open, ']', (size_t)(r->end - open)) : NULL;
	if (!close)
		return WEBLOG_BAD;
	clf_time(line, open + 1, (size_t)(close - open - 1));
	r->at = close;
	if (!quoted(r, &request))
		return WEBLOG_BAD;
	method = word(&request);
	target = word(&request);
	return request_take(line, method, target, host);
}

/* --- JSON, of which single members are looked for --- */

/*
 * Where the string that a key has begins, behind its quote. Quotes in a JSON string have a backslash before
 * them, so what looks like a key is one.
 */
static const char *json_find(const struct rest *r, const char *key)
{
	size_t len = strlen(key);
	const char *at = r->at;

	while ((at = memmem(at, (size_t)(r->end - at), key, len))) {
		bool whole = at > r->at && at[-1] == '"' && at + len < r->end && at[len] == '"';

		at += len;
		if (!whole)
			continue;
		for (at++; at < r->end && (is_blank(*at) || *at == ':'); at++)
			;
		if (at < r->end && *at == '"')
			return at + 1;
	}
	return NULL;
}

/* A character behind a backslash; 0: not one that a name or a URL has. */
static char unescaped(const char **at, const char *end)
{
	char c = **at;
	int64_t point = 0;

	++*at;
	if (c == '"' || c == '\\' || c == '/')
		return c;
	if (c != 'u')
		return 0;
	for (int i = 0; i < 4; i++, ++*at) {
		int digit = *at >= end			 ? -1
			    : **at >= '0' && **at <= '9' ? **at - '0'
			    : **at >= 'a' && **at <= 'f' ? **at - 'a' + 10
			    : **at >= 'A' && **at <= 'F' ? **at - 'A' + 10
							 : -1;

		if (digit < 0)
			return 0;
		point = point * 16 + digit;
	}
	if (point >= 0x80)
		return 0;
	return (char)point;
}

/* The string of a key; len 0: it has none. */
static struct weblog_text json_text(struct weblog_line *line, const struct rest *r, const char *key)
{
	const char *at = json_find(r, key), *end;
	struct weblog_text text = { .text = at };
	char *to = line->room + line->room_used;

	for (end = at; end && end < r->end && *end != '"' && *end != '\\'; end++)
		;
	if (!end || end >= r->end)
		return (struct weblog_text){};
	text.len = (size_t)(end - at);
	if (*end == '"')
		return text;
	text.text = to;
	while (at < r->end && *at != '"' && to < line->room + sizeof(line->room)) {
		bool escaped = *at == '\\';

		at += escaped;
		if (at == r->end)
			break;
		*to = (char)(escaped ? unescaped(&at, r->end) : *at);
		at += !escaped;
		if (!*to++)
			return (struct weblog_text){};
	}
	text.len = (size_t)(to - text.text);
	line->room_used += text.len;
	return at < r->end && *at == '"' ? text : (struct weblog_text){};
}

/* 2026-11-29T11:00:00.123456+0900 */
static void json_time(struct weblog_line *line, struct weblog_text text)
{
	int64_t year, month, day, hour, minute, second;
	struct tm tm;
	size_t at = 19;

	if (text.len < 19 || digits(text.text, 4, &year) != 4 ||
	    digits(text.text + 5, 2, &month) != 2 || digits(text.text + 8, 2, &day) != 2 ||
	    digits(text.text + 11, 2, &hour) != 2 || digits(text.text + 14, 2, &minute) != 2 ||
	    digits(text.text + 17, 2, &second) != 2)
		return;
	while (at < text.len &&
	       (text.text[at] == '.' || (text.text[at] >= '0' && text.text[at] <= '9')))
		at++;
	tm = (struct tm){ .tm_mday = (int)day,
			  .tm_mon = (int)month - 1,
			  .tm_year = (int)year - 1900,
			  .tm_hour = (int)hour,
			  .tm_min = (int)minute,
			  .tm_sec = (int)second };
	line->time = epoch(&tm, offset_of(text.text + at, text.len - at));
	line->has_time = true;
}

static enum weblog_said json(struct weblog_line *line, const struct rest *r)
{
	struct weblog_text type = json_text(line, r, "event_type"), name;

	if (r->end[-1] != '}' || !type.len)
		return WEBLOG_BAD;
	json_time(line, json_text(line, r, "timestamp"));
	client_take(line, json_text(line, r, "src_ip"));
	if (text_is(type, "tls") || text_is(type, "quic")) {
		line->url = json_text(line, r, "sni");
		line->https = true;
		return line->url.len ? WEBLOG_URL : WEBLOG_OTHER;
	}
	if (text_is(type, "http"))
		return request_take(line, (struct weblog_text){}, json_text(line, r, "url"),
				    json_text(line, r, "hostname"));
	if (!text_is(type, "dns"))
		return WEBLOG_OTHER;
	name = json_text(line, r, "rrname");
	line->url = name.len ? name : json_text(line, r, "name");
	line->https = true;
	return line->url.len ? WEBLOG_URL : WEBLOG_OTHER;
}

enum weblog_said weblog_line(const char *text, size_t len, struct weblog_line *line)
{
	struct rest r = { text, text + len };

	line->url = line->host = (struct weblog_text){};
	line->https = line->has_time = line->has_client = false;
	line->room_used = 0;
	while (r.at < r.end && (is_blank(r.end[-1]) || r.end[-1] == '\r'))
		r.end--;
	while (r.at < r.end && is_blank(*r.at))
		r.at++;
	if (r.at == r.end || *r.at == '#')
		return WEBLOG_NOTHING;
	if (*r.at == '{')
		return json(line, &r);
	if (is_squid(r.at, (size_t)(r.end - r.at)))
		return squid(line, &r);
	if (is_served(&r))
		return served(line, &r);
	line->url = word(&r);
	line->https = begins(line->url, "https:");
	return word(&r).len ? WEBLOG_BAD : WEBLOG_URL;
}
