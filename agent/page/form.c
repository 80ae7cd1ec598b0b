/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads hostile bytes. Called by page.c. Promises: no state, no allocation, every result bounded.
 */
#include "page/form.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text/escape.h"

/* --- Host --- */

static bool host_letter(char c, bool bracketed)
{
	if (bracketed)
		return isxdigit((unsigned char)c) || c == ':' || c == '.';
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

static bool port_good(const char *text)
{
	if (!*text)
		return true;
	return *text == ':' && strlen(text) <= 6 && text[1 + strspn(text + 1, "0123456789")] == 0;
}

int page_host_read(const char *text, char ret_host[PAGE_HOST_MAX])
{
	bool bracketed = *text == '[';
	char host[PAGE_HOST_MAX];
	size_t len = 0;

	text += bracketed;
	for (; host_letter(*text, bracketed); text++) {
		if (len + 1 >= sizeof(host))
			return -EINVAL;
		host[len++] = (char)tolower((unsigned char)*text);
	}
	if (bracketed && *text++ != ']')
		return -EINVAL;
	if (len && host[len - 1] == '.')
		len--;
	host[len] = 0;
	if (!len || host[0] == '.' || strstr(host, "..") || host[len - 1] == '.' || !port_good(text))
		return -EINVAL;
	memcpy(ret_host, host, len + 1);
	return 0;
}

/* --- Accept-Language --- */

/* A weight in thousandths: ";q=0.8" is 800; none is 1000, one that cannot be read 0. */
static int weight_read(const char *text)
{
	int weight = 0, unit = 100;

	text += strspn(text, " \t");
	if (*text != ';')
		return 1000;
	text += 1 + strspn(text + 1, " \t");
	if ((*text != 'q' && *text != 'Q') || text[1] != '=')
		return 0;
	if (text[2] == '1')
		return 1000;
	if (text[2] != '0' || text[3] != '.')
		return 0;
	for (text += 4; isdigit((unsigned char)*text) && unit; text++, unit /= 10)
		weight += (*text - '0') * unit;
	return weight;
}

static bool is_language(const char *range, const char *language)
{
	return !strncasecmp(range, language, 2) && !isalnum((unsigned char)range[2]);
}

bool page_likes_japanese(const char *accept_language)
{
	int japanese = 0, english = 0;

	for (const char *at = accept_language; at && *at; at = strchr(at, ',')) {
		int weight;

		at += strspn(at, ", \t");
		weight = weight_read(at + strcspn(at, ",; \t"));
		if (is_language(at, "ja") && weight > japanese)
			japanese = weight;
		else if (is_language(at, "en") && weight > english)
			english = weight;
	}
	return japanese && japanese >= english;
}

/* --- a form --- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Decodes one value into out (cap bytes with the closing 0). Returns how many bytes it would have, or -1
 * when it is no encoding or has a 0.
 */
static long value_decode(const char *value, size_t len, char *out, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		int byte = (unsigned char)value[i];

		if (byte == '+') {
			byte = ' ';
		} else if (byte == '%') {
			if (len - i < 3 || hex_value(value[i + 1]) < 0 || hex_value(value[i + 2]) < 0)
				return -1;
			byte = hex_value(value[i + 1]) << 4 | hex_value(value[i + 2]);
			i += 2;
		}
		if (!byte)
			return -1;
		if (used + 1 < cap)
			out[used] = (char)byte;
		used++;
	}
	out[used + 1 < cap ? used : cap - 1] = 0;
	return (long)used;
}

/* Line ends and tabs become blanks; what is no UTF-8 or obeyed by a terminal goes. */
static void comment_clean(char *text)
{
	size_t len = strlen(text), used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t point = 0;
		size_t n = utf8_decode(text + i, len - i, &point);

		if (n && (point == '\n' || point == '\t'))
			text[used++] = ' ';
		else if (n && !utf8_is_control(point))
			for (size_t k = 0; k < n; k++)
				text[used++] = text[i + k];
		i += n ? n : 1;
	}
	text[used] = 0;
}

static bool issued_read(const char *text, uint64_t *ret_issued)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 12 || text[digits])
		return false;
	*ret_issued = strtoull(text, NULL, 10);
	return true;
}

enum { FIELD_REFERENCE = 1, FIELD_TOKEN = 2, FIELD_ISSUED = 4, FIELD_COMMENT = 8 };

/* One field. Returns its FIELD_* or 0. */
static int field_read(const char *name, size_t name_len, const char *value, size_t len,
		      struct page_form *form)
{
	char text[65] = "";
	long decoded;

	if (name_len == 7 && !memcmp(name, "comment", 7)) {
		if (value_decode(value, len, form->comment, sizeof(form->comment)) < 0)
			return 0;
		comment_clean(form->comment);
		return FIELD_COMMENT;
	}
	decoded = value_decode(value, len, text, sizeof(text));
	if (decoded < 0 || (size_t)decoded >= sizeof(text))
		return 0;
	if (name_len == 9 && !memcmp(name, "reference", 9))
		return page_reference_read(text, form->reference) ? FIELD_REFERENCE : 0;
	if (name_len == 6 && !memcmp(name, "issued", 6))
		return issued_read(text, &form->issued) ? FIELD_ISSUED : 0;
	if (name_len != 5 || memcmp(name, "token", 5) != 0)
		return 0;
	memcpy(form->token, text, sizeof(form->token));
	return FIELD_TOKEN;
}

int page_form_read(const char *body, size_t len, struct page_form *ret_form)
{
	struct page_form form = {};
	int seen = 0;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(body + at, '&', len - at);
		size_t field_len = end ? (size_t)(end - body) - at : len - at;
		const char *equals = memchr(body + at, '=', field_len);
		size_t name_len = equals ? (size_t)(equals - body) - at : field_len;
		int field;

		if (!equals)
			return -EINVAL;
		field = field_read(body + at, name_len, equals + 1, field_len - name_len - 1, &form);
		if (!field || seen & field)
			return -EINVAL;
		seen |= field;
		at += field_len + 1;
	}
	if ((seen & ~FIELD_COMMENT) != (FIELD_REFERENCE | FIELD_TOKEN | FIELD_ISSUED))
		return -EINVAL;
	*ret_form = form;
	return 0;
}

/* --- references and paths --- */

bool page_reference_read(const char *text, char ret_reference[10])
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* page_token_reference() */
	char reference[10] = "";

	for (size_t i = 0; i < 9; i++) {
		int c = toupper((unsigned char)text[i]);

		if (i == 4 ? c != '-' : !c || !strchr(letters, c))
			return false;
		reference[i] = (char)c;
	}
	if (text[9])
		return false;
	memcpy(ret_reference, reference, sizeof(reference));
	return true;
}

void page_path_read(const char *path, char ret_path[PAGE_PATH_MAX])
{
	size_t len = 0;

	while (path[len] > ' ' && path[len] < 0x7f && len + 1 < PAGE_PATH_MAX)
		len++;
	if (path[0] != '/' || (path[len] && len + 1 < PAGE_PATH_MAX)) {
		path = "/";
		len = 1;
	}
	memcpy(ret_path, path, len);
	ret_path[len] = 0;
}
