// SPDX-License-Identifier: Apache-2.0
/*
 * What is made of a buffer's bytes before they are asked: hashes, letters, spaces, encodings. Each
 * stands behind the name of its buffer.
 */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

static int transform_add(struct draft *draft, const struct transform_kind *kind, void *arg,
			 struct slice text)
{
	const struct source *source;
	int err = source_transformed(draft, draft->source, kind, arg, text, &source);
	if (!err)
		draft_source_is(draft, source);
	return err;
}

/* Of those that take no value; draft->keyword->arg is the kind. */
static int plain_read(struct draft *draft, struct slice value)
{
	int err = draft_source_must(draft);

	return err ? err : transform_add(draft, draft->keyword->arg, NULL, slice(value.at, 0));
}

/* --- hashes: 16, 20 or 32 bytes --- */

static size_t digest(const EVP_MD *md, struct slice in, uint8_t *to)
{
	unsigned int len = 0;

	return EVP_Digest(in.len ? in.at : (const uint8_t *)"", in.len, to, &len, md, NULL) ? len : 0;
}

static size_t to_md5(const void *arg, struct slice in, uint8_t *to)
{
	return digest(EVP_md5(), in, to);
}

static size_t to_sha1(const void *arg, struct slice in, uint8_t *to)
{
	return digest(EVP_sha1(), in, to);
}

static size_t to_sha256(const void *arg, struct slice in, uint8_t *to)
{
	return digest(EVP_sha256(), in, to);
}

/* --- letters and spaces --- */

static size_t to_lowercase(const void *arg, struct slice in, uint8_t *to)
{
	for (size_t i = 0; i < in.len; i++)
		to[i] = (uint8_t)tolower(in.at[i]);
	return in.len;
}

static size_t to_uppercase(const void *arg, struct slice in, uint8_t *to)
{
	for (size_t i = 0; i < in.len; i++)
		to[i] = (uint8_t)toupper(in.at[i]);
	return in.len;
}

static size_t strip_whitespace(const void *arg, struct slice in, uint8_t *to)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++)
		if (!isspace(in.at[i]))
			to[len++] = in.at[i];
	return len;
}

/* The first of each run of spaces stays. */
static size_t compress_whitespace(const void *arg, struct slice in, uint8_t *to)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++)
		if (!isspace(in.at[i]) || i == 0 || !isspace(in.at[i - 1]))
			to[len++] = in.at[i];
	return len;
}

/* "example.org" as ".example.org", so that a suffix with its dot is a whole domain. */
static size_t dotprefix(const void *arg, struct slice in, uint8_t *to)
{
	to[0] = '.';
	if (in.len)
		memcpy(to + 1, in.at, in.len);
	return in.len + 1;
}

/* Names of header lines in small letters, values as they are. */
static size_t header_lowercase(const void *arg, struct slice in, uint8_t *to)
{
	bool in_name = true;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];

		to[i] = in_name ? (uint8_t)tolower(c) : c;
		if (c == ':')
			in_name = false;
		else if (c == '\n')
			in_name = true;
	}
	return in.len;
}

/* HTTP/2's own headers (":path") taken out. */
static size_t strip_pseudo_headers(const void *arg, struct slice in, uint8_t *to)
{
	size_t len = 0;

	while (in.len) {
		const uint8_t *end = memchr(in.at, '\n', in.len);
		size_t line = end ? (size_t)(end - in.at) + 1 : in.len;

		if (in.at[0] != ':') {
			memcpy(to + len, in.at, line);
			len += line;
		}
		in = slice_behind(in, line);
	}
	return len;
}

static int hex_digit(uint8_t c)
{
	if (!isxdigit(c))
		return -1;
	return c <= '9' ? c - '0' : tolower(c) - 'a' + 10;
}

/* %41 and + as the bytes that they stand for; a % with no two digits stays. */
static size_t url_decode(const void *arg, struct slice in, uint8_t *to)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int high = -1, low = -1;

		if (in.at[i] == '%' && i + 2 < in.len) {
			high = hex_digit(in.at[i + 1]);
			low = hex_digit(in.at[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			to[len++] = (uint8_t)(high << 4 | low);
			i += 2;
		} else {
			to[len++] = in.at[i] == '+' ? ' ' : in.at[i];
		}
	}
	return len;
}

/* --- xor --- */

struct xor_key {
	uint8_t len;
	uint8_t bytes[255];
};

static size_t xor
	(const void *arg, struct slice in, uint8_t *to) {
		const struct xor_key *key = arg;

		for (size_t i = 0; i < in.len; i++)
			to[i] = in.at[i] ^ key->bytes[i % key->len];
		return in.len;
	}

	static const struct transform_kind xor_kind = { .word = "xor", .apply = xor, .free = free };

static int xor_read(struct draft *draft, struct slice value)
{
	struct slice text = value_plain(value, NULL);
	struct xor_key *key;
	int err = draft_source_must(draft);

	if (err)
		return err;
	key = calloc(1, sizeof(*key));
	if (!key)
		return refuse_memory(draft);
	for (size_t i = 0; text.len % 2 == 0 && i + 1 < text.len && key->len < 255; i += 2) {
		int high = hex_digit(text.at[i]), low = hex_digit(text.at[i + 1]);

		if (high < 0 || low < 0)
			break;
		key->bytes[key->len++] = (uint8_t)(high << 4 | low);
	}
	if (!key->len || (size_t)key->len * 2 != text.len) {
		free(key);
		return refuse(draft, (const char *)value.at, "xor:\"0d0ac8ff\", up to 255 bytes",
			      "\"%.*s\" is no key in hexadecimal", (int)text.len, text.at);
	}
	return transform_add(draft, &xor_kind, key, text);
}

#define TRANSFORM(symbol, says)                                                                    \
	static const struct transform_kind symbol##_kind = { .word = #symbol, .apply = (symbol) }; \
	const struct keyword keyword_##symbol = { #symbol,    NULL,	      VALUE_NEVER,         \
						  plain_read, &symbol##_kind, says }

TRANSFORM(to_md5, "the buffer's MD5, 16 bytes");
TRANSFORM(to_sha1, "the buffer's SHA-1, 20 bytes");
TRANSFORM(to_sha256, "the buffer's SHA-256, 32 bytes");
TRANSFORM(to_lowercase, "in small letters");
TRANSFORM(to_uppercase, "in capital letters");
TRANSFORM(strip_whitespace, "without spaces");
TRANSFORM(compress_whitespace, "each run of spaces as one");
TRANSFORM(dotprefix, "with a dot in front");
TRANSFORM(header_lowercase, "names of header lines in small letters");
TRANSFORM(strip_pseudo_headers, "without the headers that HTTP/2 adds");
TRANSFORM(url_decode, "with %41 as the byte that it stands for");

const struct keyword keyword_xor = { "xor",    NULL, VALUE_ALWAYS,
				     xor_read, NULL, "each byte with a key: xor:\"0d0ac8ff\"" };
