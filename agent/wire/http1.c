/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads and bodies. Called by names/reader.c, which holds the bytes.
 */
#include "wire/http1.h"

#include <string.h>
#include <strings.h>

#define LEADING_MAX 16 /* bytes of empty lines in front of a request (RFC 9112, 2.2 asks for one) */
#define CHUNK_LINE_MAX 16384
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static bool is_token(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool text_is(struct wire_text text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.text, word, text.len) == 0;
}

static bool text_begins(struct wire_text text, const char *word)
{
	return text.len >= strlen(word) && strncasecmp(text.text, word, strlen(word)) == 0;
}

static struct wire_text text_trim(struct wire_text text)
{
	while (text.len && (*text.text == ' ' || *text.text == '\t')) {
		text.text++;
		text.len--;
	}
	while (text.len && (text.text[text.len - 1] == ' ' || text.text[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* Cuts text at the first of this byte; false: it has none. */
static bool text_cut(struct wire_text *text, char at, struct wire_text *ret_front)
{
	const char *found = text->len ? memchr(text->text, at, text->len) : NULL;

	if (!found)
		return false;
	*ret_front = (struct wire_text){ text->text, (size_t)(found - text->text) };
	text->len -= ret_front->len + 1;
	text->text = found + 1;
	return true;
}

/* One element of a comma list, trimmed. */
static bool list_next(struct wire_text *list, struct wire_text *ret_element)
{
	if (!list->len)
		return false;
	if (!text_cut(list, ',', ret_element)) {
		*ret_element = *list;
		list->len = 0;
	}
	*ret_element = text_trim(*ret_element);
	return true;
}

/* --- what a connection begins with --- */

/* Servers that are lenient cut a line at any of these (RFC 9112, 3), or at what they call white space. */
static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || (c >= 0x1c && c < 0x20);
}

/*
 * A request line, well made or not: servers are lenient in many ways, so it is enough that a version of
 * HTTP comes behind a blank. One of HTTP/0.9 has none.
 */
static bool line_is_request(const uint8_t *line, size_t len)
{
	struct wire_text text = { (const char *)line, len };

	for (size_t i = 1; i + 5 <= len; i++)
		if (is_blank(line[i - 1]) &&
		    text_begins((struct wire_text){ text.text + i, len - i }, "HTTP/"))
			return true;
	return len > 4 && !memcmp(line, "GET ", 4) && !memchr(line + 4, ' ', len - 4);
}

enum http1_first http1_first(const uint8_t *bytes, size_t len)
{
	size_t at = 0, method;

	if (len && !memcmp(bytes, PREFACE, len < strlen(PREFACE) ? len : strlen(PREFACE)))
		return len < strlen(PREFACE) ? HTTP1_SHORT : HTTP1_PREFACE;
	/* However much is in front of it, which some servers pass over: http1_head() refuses that. */
	while (at < len && (bytes[at] == '\r' || bytes[at] == '\n' || is_blank(bytes[at])))
		at++;
	if (at == len)
		return len < HTTP1_HEAD_MAX ? HTTP1_SHORT : HTTP1_REQUEST;
	for (method = at; method < len && is_token(bytes[method]); method++)
		;
	if (method == len)
		return len < HTTP1_HEAD_MAX ? HTTP1_SHORT : HTTP1_OTHER;
	if (method == at || !is_blank(bytes[method]))
		return HTTP1_OTHER;
	for (size_t end = method; end < len; end++) {
		if (bytes[end] == '\n')
			return line_is_request(bytes + at, end - at) ? HTTP1_REQUEST : HTTP1_OTHER;
		if (bytes[end] < 0x20 && bytes[end] != '\r' && !is_blank(bytes[end]))
			return HTTP1_OTHER;
	}
	return len < HTTP1_HEAD_MAX ? HTTP1_SHORT : HTTP1_OTHER;
}

/* --- a head --- */

static bool request_line(struct wire_text line, struct http1_head *head)
{
	if (!text_cut(&line, ' ', &head->method) || !head->method.len ||
	    !text_cut(&line, ' ', &head->target) || !head->target.len)
		return false;
	for (size_t i = 0; i < head->method.len; i++)
		if (!is_token((uint8_t)head->method.text[i]))
			return false;
	for (size_t i = 0; i < head->target.len; i++)
		if ((uint8_t)head->target.text[i] <= 0x20 || head->target.text[i] == 0x7f)
			return false;
	/* The version's letters are as they are written (RFC 9112, 2.3); 0 and 1 are its minor numbers. */
	if (line.len != 8 || memcmp(line.text, "HTTP/1.", 7) != 0 || line.text[7] < '0' ||
	    line.text[7] > '9')
		return false;
	head->connect = head->method.len == 7 && !memcmp(head->method.text, "CONNECT", 7);
	return true;
}

/* Digits only; a list of the same number is that number (RFC 9112, 6.3). */
static bool content_length(struct wire_text value, bool again, uint64_t *length)
{
	struct wire_text element;

	if (!value.len)
		return false;
	while (list_next(&value, &element)) {
		uint64_t number = 0;

		if (!element.len || element.len > 18)
			return false;
		for (size_t i = 0; i < element.len; i++) {
			if (element.text[i] < '0' || element.text[i] > '9')
				return false;
			number = number * 10 + (uint64_t)(element.text[i] - '0');
		}
		if (again && number != *length)
			return false;
		*length = number;
		again = true;
	}
	return true;
}

struct fields {
	bool length, encoding;
};

/* What a host is written with; anything else might be read in two ways. */
static bool host_is_plain(struct wire_text host)
{
	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = (uint8_t)host.text[i];

		if (c <= 0x20 || c >= 0x7f || strchr("/\\@?#,\"<>", c))
			return false;
	}
	return host.len <= 512;
}

static bool field_take(struct wire_text name, struct wire_text value, struct fields *seen,
		       struct http1_head *head)
{
	struct wire_text element;

	if (text_is(name, "host")) {
		if (head->has_host || !host_is_plain(value))
			return false;
		head->has_host = true;
		head->host = value;
	} else if (text_is(name, "content-length")) {
		if (!content_length(value, seen->length, &head->body))
			return false;
		seen->length = true;
	} else if (text_is(name, "transfer-encoding")) {
		/* The last one frames the body; a server that does not know the others may guess. */
		while (list_next(&value, &element)) {
			if (head->chunked)
				return false;
			head->chunked = text_is(element, "chunked");
		}
		seen->encoding = true;
	} else if (text_is(name, "upgrade")) {
		head->upgrade = true;
	}
	return true;
}

static bool field_line(struct wire_text line, struct fields *seen, struct http1_head *head)
{
	struct wire_text name;

	/* A folded line, no colon, a blank before it: all of them 400 (RFC 9112, 5). */
	if (!text_cut(&line, ':', &name) || !name.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_token((uint8_t)name.text[i]))
			return false;
	return field_take(name, text_trim(line), seen, head);
}

static bool head_is_sound(const struct http1_head *head, const struct fields *seen, bool old)
{
	if (!head->has_host && !old)
		return false;
	if (seen->encoding && (seen->length || !head->chunked || old))
		return false;
	return true;
}

/* The line at *at without its CRLF. A line feed alone, a carriage return alone, a 0: WIRE_BAD. */
static enum wire_read line_next(const uint8_t *bytes, size_t len, size_t *at,
				struct wire_text *ret_line)
{
	const uint8_t *end = memchr(bytes + *at, '\n', len - *at);
	size_t size;

	if (!end)
		return WIRE_MORE;
	size = (size_t)(end - (bytes + *at));
	if (!size || end[-1] != '\r')
		return WIRE_BAD;
	*ret_line = (struct wire_text){ (const char *)bytes + *at, size - 1 };
	if (memchr(ret_line->text, '\r', ret_line->len) || memchr(ret_line->text, 0, ret_line->len))
		return WIRE_BAD;
	*at += size + 1;
	return WIRE_DONE;
}

static long head_read(const uint8_t *bytes, size_t len, size_t at, struct http1_head *head)
{
	struct fields seen = {};
	struct wire_text line;
	enum wire_read read = line_next(bytes, len, &at, &line);

	if (read == WIRE_DONE && !request_line(line, head))
		read = WIRE_BAD;
	while (read == WIRE_DONE) {
		read = line_next(bytes, len, &at, &line);
		if (read != WIRE_DONE)
			break;
		if (!line.len)
			return head_is_sound(head, &seen,
					     head->target.text[head->target.len + 8] == '0')
				       ? (long)at
				       : WIRE_BAD;
		if (!field_line(line, &seen, head))
			read = WIRE_BAD;
	}
	return read;
}

long http1_head(const uint8_t *bytes, size_t len, struct http1_head *ret_head)
{
	struct http1_head head = {};
	size_t at = 0;
	long read;

	while (at + 1 < len && bytes[at] == '\r' && bytes[at + 1] == '\n' && at < LEADING_MAX)
		at += 2;
	if (at == len || (at + 1 == len && bytes[at] == '\r'))
		return WIRE_MORE;
	if (!is_token(bytes[at]))
		return WIRE_BAD;
	read = head_read(bytes, len, at, &head);
	if (read == WIRE_MORE)
		return len < HTTP1_HEAD_MAX ? WIRE_MORE : WIRE_OVER;
	if (read > 0)
		*ret_head = head;
	return read;
}

/* --- hosts --- */

struct wire_text http1_authority_host(struct wire_text authority)
{
	struct wire_text front, host = authority;
	const char *end;

	while (text_cut(&host, '@', &front))
		;
	if (host.len && host.text[0] == '[') {
		end = memchr(host.text, ']', host.len);
		if (end)
			host.len = (size_t)(end - host.text) + 1;
		return host;
	}
	if (text_cut(&host, ':', &front))
		return front;
	return host;
}

struct wire_text http1_target_host(const struct http1_head *head)
{
	struct wire_text rest = head->target, front;
	size_t end;

	if (head->connect)
		return http1_authority_host(rest);
	if (rest.text[0] == '/' || !text_cut(&rest, ':', &front) || rest.len < 2 ||
	    rest.text[0] != '/' || rest.text[1] != '/')
		return (struct wire_text){};
	rest.text += 2;
	rest.len -= 2;
	for (end = 0; end < rest.len && !strchr("/?#\\", rest.text[end]); end++)
		;
	rest.len = end;
	return http1_authority_host(rest);
}

/* --- chunks --- */

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 9112, 7.1: digits, then a line's end or extensions; nothing else. */
static bool size_byte(struct http1_chunks *k, uint8_t c)
{
	int digit = hex_value(c);

	if (digit >= 0) {
		if (++k->digits > 15)
			return false;
		k->left = k->left << 4 | (uint64_t)digit;
		return true;
	}
	if (!k->digits)
		return false;
	if (c == '\r')
		k->where = HTTP1_CHUNK_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		k->where = HTTP1_CHUNK_EXTENSION;
	else
		return false;
	return true;
}

static bool frame_byte(struct http1_chunks *k, uint8_t c)
{
	switch (k->where) {
	case HTTP1_CHUNK_SIZE:
		return size_byte(k, c);
	case HTTP1_CHUNK_EXTENSION:
		if (c == '\r')
			k->where = HTTP1_CHUNK_SIZE_LF;
		return c != '\n' && ++k->line < CHUNK_LINE_MAX;
	case HTTP1_CHUNK_SIZE_LF:
		k->where = k->left ? HTTP1_CHUNK_DATA : HTTP1_CHUNK_LINE;
		return c == '\n';
	case HTTP1_CHUNK_DATA_CR:
		k->where = HTTP1_CHUNK_DATA_LF;
		return c == '\r';
	case HTTP1_CHUNK_DATA_LF:
		k->where = HTTP1_CHUNK_SIZE;
		k->digits = 0;
		return c == '\n';
	case HTTP1_CHUNK_LINE:
		k->where = c == '\r' ? HTTP1_CHUNK_END_LF : HTTP1_CHUNK_IN_LINE;
		return c != '\n';
	case HTTP1_CHUNK_IN_LINE:
		if (c == '\r')
			k->where = HTTP1_CHUNK_LINE_LF;
		return c != '\n' && ++k->line < CHUNK_LINE_MAX;
	case HTTP1_CHUNK_LINE_LF:
		k->where = HTTP1_CHUNK_LINE;
		return c == '\n';
	case HTTP1_CHUNK_END_LF:
		k->where = HTTP1_CHUNK_DONE;
		return c == '\n';
	default:
		return false;
	}
}

long http1_chunks(struct http1_chunks *k, const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && k->where != HTTP1_CHUNK_DONE) {
		if (k->where == HTTP1_CHUNK_DATA) {
			size_t take = k->left < len - at ? (size_t)k->left : len - at;

			at += take;
			k->left -= take;
			if (!k->left)
				k->where = HTTP1_CHUNK_DATA_CR;
			continue;
		}
		if (!frame_byte(k, bytes[at++]))
			return WIRE_BAD;
	}
	return (long)at;
}
