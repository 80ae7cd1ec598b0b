// SPDX-License-Identifier: Apache-2.0
/*
 * Records in JSON, of which single members are looked for: Suricata's and our own by their kind, those of
 * proxies and servers by the names that their members usually have. Called by line.c. Pure.
 */
#include <string.h>
#include <time.h>

#include "weblog/lineinside.h"

/*
 * Where the string that a key has begins, behind its quote. Quotes in a JSON string have a backslash before
 * them, so what looks like a key is one.
 */
static const char *string_of(const struct weblog_rest *r, const char *key)
{
	size_t len = strlen(key);
	const char *at = r->at;

	while ((at = memmem(at, (size_t)(r->end - at), key, len))) {
		bool whole = at > r->at && at[-1] == '"' && at + len < r->end && at[len] == '"';

		at += len;
		if (!whole)
			continue;
		for (at++; at < r->end && (weblog_is_blank(*at) || *at == ':'); at++)
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
static struct weblog_text text_of(struct weblog_line *line, const struct weblog_rest *r,
				  const char *key)
{
	const char *at = string_of(r, key), *end;
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
static void iso_time(struct weblog_line *line, struct weblog_text text)
{
	int64_t year, month, day, hour, minute, second;
	struct tm tm;
	size_t at = 19;

	if (text.len < 19 || weblog_digits(text.text, 4, &year) != 4 ||
	    weblog_digits(text.text + 5, 2, &month) != 2 ||
	    weblog_digits(text.text + 8, 2, &day) != 2 ||
	    weblog_digits(text.text + 11, 2, &hour) != 2 ||
	    weblog_digits(text.text + 14, 2, &minute) != 2 ||
	    weblog_digits(text.text + 17, 2, &second) != 2)
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
	line->time = timegm(&tm) - weblog_offset(text.text + at, text.len - at);
	line->has_time = true;
}

/* 1286536310.075, "1286536310", milliseconds as well; or one of the two spelt forms. */
static void any_time(struct weblog_line *line, struct weblog_text text)
{
	size_t len = text.len < 10 ? text.len : 10;

	if (len > 4 && text.text[4] == '-') {
		iso_time(line, text);
	} else if (len > 2 && text.text[2] == '/') {
		weblog_clf_time(line, text.text, text.len);
	} else if (weblog_digits(text.text, len, &line->time) == 10) {
		line->has_time = true;
	}
}

/* The first of these members that is a text, and not "-". */
static struct weblog_text first_of(struct weblog_line *line, const struct weblog_rest *r,
				   const char *const *keys)
{
	for (; *keys; keys++) {
		struct weblog_text text = text_of(line, r, *keys);

		if (text.len && !weblog_text_is(text, "-"))
			return text;
	}
	return (struct weblog_text){};
}

/* A number that no quotes are around. */
static struct weblog_text number_of(const struct weblog_rest *r, const char *key)
{
	size_t len = strlen(key);
	const char *at = memmem(r->at, (size_t)(r->end - r->at), key, len), *end;

	if (!at || at == r->at || at[-1] != '"' || at + len == r->end || at[len] != '"')
		return (struct weblog_text){};
	for (at += len + 1; at < r->end && (weblog_is_blank(*at) || *at == ':'); at++)
		;
	for (end = at; end < r->end && *end >= '0' && *end <= '9'; end++)
		;
	return (struct weblog_text){ at, (size_t)(end - at) };
}

static void proxy_time(struct weblog_line *line, const struct weblog_rest *r)
{
	static const char *const texts[] = {
		"timestamp", "time_iso8601", "@timestamp", "StartUTC", "start_time", "time_local",
		"time",	     "ts",	     "msec",	   "T",	       NULL
	};
	static const char *const numbers[] = { "ts", "timestamp", "time", "msec" };
	struct weblog_text text = first_of(line, r, texts);

	for (size_t i = 0; !text.len && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		text = number_of(r, numbers[i]);
	any_time(line, text);
}

/* "GET /x HTTP/1.1" is taken apart. */
static struct weblog_text target_cut(struct weblog_text target, struct weblog_text *method)
{
	struct weblog_rest rest = { target.text, target.len ? target.text + target.len : NULL };
	struct weblog_text first = weblog_word(&rest), second = weblog_word(&rest);

	if (!second.len)
		return target;
	*method = first;
	return second;
}

/*
 * What squid, nginx, Caddy, Traefik, Envoy and AdGuard Home write, whose members whoever sets up the log may
 * name otherwise. A record with a host and no target is of a name.
 */
static enum weblog_said proxy(struct weblog_line *line, const struct weblog_rest *r)
{
	static const char *const targets[] = {
		"url",	"request_url",	"uri",	   "request_uri",  "RequestPath",
		"path", "request_path", "request", "request_line", NULL
	};
	static const char *const hosts[] = {
		"http_host",   "RequestHost", "authority", ":authority",
		"host",	       "vhost",	      "sni",	   "requested_server_name",
		"server_name", "QH",	      "domain",	   "hostname",
		NULL
	};
	static const char *const methods[] = { "method", "request_method", "RequestMethod",
					       "http_method", NULL };
	static const char *const schemes[] = { "scheme", "request_scheme", "RequestScheme", NULL };
	static const char *const clients[] = {
		"client_ip",   "remote_ip",   "ClientHost",
		"remote_addr", "client_addr", "clientip",
		"client",      "src_ip",      "downstream_remote_address",
		"IP",	       NULL
	};
	struct weblog_text method = first_of(line, r, methods), host = first_of(line, r, hosts);
	struct weblog_text target = target_cut(first_of(line, r, targets), &method);
	bool named = !target.len && host.len;
	enum weblog_said said;

	proxy_time(line, r);
	weblog_client_take(line, first_of(line, r, clients));
	said = weblog_request_take(line, method, named ? host : target, host);
	line->https |= named || weblog_text_is(first_of(line, r, schemes), "https") ||
		       memmem(r->at, (size_t)(r->end - r->at), "\"tls\":{", 7);
	return said;
}

enum weblog_said weblog_json(struct weblog_line *line, const struct weblog_rest *r)
{
	struct weblog_text type, name;

	if (r->end[-1] != '}')
		return WEBLOG_BAD;
	type = text_of(line, r, "event_type");
	if (!type.len)
		return proxy(line, r);
	any_time(line, text_of(line, r, "timestamp"));
	weblog_client_take(line, text_of(line, r, "src_ip"));
	if (weblog_text_is(type, "tls") || weblog_text_is(type, "quic")) {
		line->url = text_of(line, r, "sni");
		line->https = true;
		return line->url.len ? WEBLOG_URL : WEBLOG_OTHER;
	}
	if (weblog_text_is(type, "http"))
		return weblog_request_take(line, (struct weblog_text){}, text_of(line, r, "url"),
					   text_of(line, r, "hostname"));
	if (!weblog_text_is(type, "dns"))
		return WEBLOG_OTHER;
	name = text_of(line, r, "rrname");
	line->url = name.len ? name : text_of(line, r, "name");
	line->https = true;
	return line->url.len ? WEBLOG_URL : WEBLOG_OTHER;
}
