// SPDX-License-Identifier: Apache-2.0
/*
 * Forms are told apart by how a line begins: '{' is JSON, a number with a point is squid's clock, a word
 * with "[" and a quoted request behind it is a web server's, anything else is a URL. Called by read.c.
 */
#include "weblog/line.h"

#include <string.h>
#include <time.h>

#include "text/address.h"
#include "weblog/lineinside.h"

struct weblog_text weblog_word(struct weblog_rest *r)
{
	struct weblog_text text;

	while (r->at < r->end && weblog_is_blank(*r->at))
		r->at++;
	text.text = r->at;
	while (r->at < r->end && !weblog_is_blank(*r->at))
		r->at++;
	text.len = (size_t)(r->at - text.text);
	return text;
}

bool weblog_text_is(struct weblog_text text, const char *what)
{
	return text.len == strlen(what) && !memcmp(text.text, what, text.len);
}

bool weblog_text_begins(struct weblog_text text, const char *with)
{
	return text.len >= strlen(with) && !strncasecmp(text.text, with, strlen(with));
}

size_t weblog_digits(const char *text, size_t len, int64_t *ret_number)
{
	int64_t number = 0;
	size_t i = 0;

	for (; i < len && i < 12 && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (text[i] - '0');
	*ret_number = number;
	return i;
}

/* Of "192.0.2.1:80" and "[2001:db8::1]:80" the address. */
static struct weblog_text without_port(struct weblog_text text)
{
	const char *end = text.len && text.text[0] == '[' ? memchr(text.text, ']', text.len)
							  : memchr(text.text, ':', text.len);

	if (!end || (text.text[0] != '[' && memrchr(text.text, ':', text.len) != end))
		return text;
	if (text.text[0] == '[')
		text.text++;
	return (struct weblog_text){ text.text, (size_t)(end - text.text) };
}

void weblog_client_take(struct weblog_line *line, struct weblog_text text)
{
	struct prefix prefix;

	if (text.len)
		text = without_port(text);
	if (text.len && !prefix_parse(text.text, text.len, &prefix, NULL) && prefix.len == 128) {
		line->client = prefix.addr;
		line->has_client = true;
	}
}

enum weblog_said weblog_request_take(struct weblog_line *line, struct weblog_text method,
				     struct weblog_text target, struct weblog_text host)
{
	if (!target.len || weblog_text_is(target, "-"))
		return WEBLOG_OTHER;
	line->url = target;
	line->https = weblog_text_is(method, "CONNECT") || weblog_text_begins(target, "https:");
	if (target.text[0] != '/' && target.text[0] != '*')
		return WEBLOG_URL;
	if (!host.len || weblog_text_is(host, "-"))
		return WEBLOG_OTHER;
	line->host = host;
	return WEBLOG_URL;
}

/* --- squid: time elapsed client code/status bytes method URL user hierarchy/peer type --- */

static bool is_squid(const char *text, size_t len)
{
	int64_t number;
	size_t n = weblog_digits(text, len, &number);

	return n >= 9 && n + 4 < len && text[n] == '.' &&
	       weblog_digits(text + n + 1, len - n - 1, &number) == 3;
}

static enum weblog_said squid(struct weblog_line *line, struct weblog_rest *r)
{
	struct weblog_text at = weblog_word(r), code, method, target;

	weblog_digits(at.text, at.len, &line->time);
	line->has_time = true;
	weblog_word(r);
	weblog_client_take(line, weblog_word(r));
	code = weblog_word(r);
	weblog_word(r);
	method = weblog_word(r);
	target = weblog_word(r);
	if (!target.len || !memchr(code.text, '/', code.len))
		return WEBLOG_BAD;
	if (weblog_text_begins(target, "error:"))
		return WEBLOG_OTHER; /* what squid could not read as a request */
	return weblog_request_take(line, method, target, (struct weblog_text){});
}

/* --- web servers: [vhost:port] client ident user [time] "request" status bytes ... --- */

int64_t weblog_offset(const char *text, size_t len)
{
	int64_t hours, minutes;
	size_t colon = len > 3 && text[3] == ':';

	if (len < 5 || (text[0] != '+' && text[0] != '-') || weblog_digits(text + 1, 2, &hours) != 2 ||
	    len < 5 + colon || weblog_digits(text + 3 + colon, 2, &minutes) != 2)
		return 0;
	return (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
}

void weblog_clf_time(struct weblog_line *line, const char *text, size_t len)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t day, year, hour, minute, second;
	struct tm tm = {};

	if (len < 20 || weblog_digits(text, 2, &day) != 2 ||
	    weblog_digits(text + 7, 4, &year) != 4 || weblog_digits(text + 12, 2, &hour) != 2 ||
	    weblog_digits(text + 15, 2, &minute) != 2 || weblog_digits(text + 18, 2, &second) != 2)
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
		line->time = timegm(&tm) - (len > 21 ? weblog_offset(text + 21, len - 21) : 0);
		line->has_time = true;
	}
}

/* The request in quotes; a quote in it has a backslash before it. */
static bool quoted(struct weblog_rest *r, struct weblog_rest *ret_inside)
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

static bool is_served(const struct weblog_rest *r)
{
	const char *open = memchr(r->at, '[', (size_t)(r->end - r->at));

	return open && open > r->at && open[-1] == ' ' &&
	       memchr(open, ']', (size_t)(r->end - open)) &&
	       memchr(open, '"', (size_t)(r->end - open));
}

static enum weblog_said served(struct weblog_line *line, struct weblog_rest *r)
{
	struct weblog_text host = {}, first = weblog_word(r), method, target;
	const char *open, *close;
	struct weblog_rest request;

	weblog_client_take(line, first);
	if (!line->has_client) { /* the combined form with the site in front */
		host = first;
		weblog_client_take(line, weblog_word(r));
	}
	open = memchr(r->at, '[', (size_t)(r->end - r->at));
	close = open ? memchr(open, ']', (size_t)(r->end - open)) : NULL;
	if (!close)
		return WEBLOG_BAD;
	weblog_clf_time(line, open + 1, (size_t)(close - open - 1));
	r->at = close;
	if (!quoted(r, &request))
		return WEBLOG_BAD;
	method = weblog_word(&request);
	target = weblog_word(&request);
	return weblog_request_take(line, method, target, host);
}

enum weblog_said weblog_line(const char *text, size_t len, struct weblog_line *line)
{
	struct weblog_rest r = { text, text + len };

	line->url = line->host = (struct weblog_text){};
	line->https = line->has_time = line->has_client = false;
	line->room_used = 0;
	while (r.at < r.end && (weblog_is_blank(r.end[-1]) || r.end[-1] == '\r'))
		r.end--;
	while (r.at < r.end && weblog_is_blank(*r.at))
		r.at++;
	if (r.at == r.end || *r.at == '#')
		return WEBLOG_NOTHING;
	if (*r.at == '{')
		return weblog_json(line, &r);
	if (is_squid(r.at, (size_t)(r.end - r.at)))
		return squid(line, &r);
	if (is_served(&r))
		return served(line, &r);
	line->url = weblog_word(&r);
	line->https = weblog_text_begins(line->url, "https:");
	return weblog_word(&r).len ? WEBLOG_BAD : WEBLOG_URL;
}
