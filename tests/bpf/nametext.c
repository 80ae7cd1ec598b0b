// SPDX-License-Identifier: Apache-2.0
/*
 * Written out byte by byte, so that nothing of the readers under test is in it.
 */
#include "bpf/nametext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nametext_add(struct nametext *text, const void *bytes, size_t len)
{
	if (text->len + len > sizeof(text->b)) {
		fprintf(stderr, "nametext: too long\n");
		abort();
	}
	if (bytes)
		memcpy(text->b + text->len, bytes, len);
	else
		memset(text->b + text->len, 0, len);
	text->len += len;
}

void nametext_put16(struct nametext *text, unsigned int value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	nametext_add(text, bytes, sizeof(bytes));
}

struct nametext nametext_of(const char *string)
{
	struct nametext text = {};

	nametext_add(&text, string, strlen(string));
	return text;
}

struct nametext nametext_dns(const char *name, uint16_t type, bool edns)
{
	const uint8_t head[] = { 0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, edns };
	static const uint8_t opt[] = { 0,  0, 41, 4, 208, 0, 0, 0, 0, 0, 12, 0,
				       10, 0, 8,  1, 2,	  3, 4, 5, 6, 7, 8 };
	struct nametext text = {};

	nametext_add(&text, head, sizeof(head));
	while (*name) {
		uint8_t len = (uint8_t)strcspn(name, ".");

		nametext_add(&text, &len, 1);
		nametext_add(&text, name, len);
		name += len + (name[len] == '.');
	}
	nametext_add(&text, "", 1);
	nametext_put16(&text, type);
	nametext_put16(&text, 1);
	if (edns)
		nametext_add(&text, opt, sizeof(opt));
	return text;
}

static void extension(struct nametext *text, unsigned int type, const void *bytes, size_t len)
{
	nametext_put16(text, type);
	nametext_put16(text, (unsigned int)len);
	nametext_add(text, bytes, len);
}

static void server_name(struct nametext *text, const struct nametext_hello *hello)
{
	size_t len = strlen(hello->name), second = hello->second ? strlen(hello->second) + 3 : 0;

	nametext_put16(text, 0);
	nametext_put16(text, (unsigned int)(len + 5 + second));
	nametext_put16(text, (unsigned int)(len + 3 + second));
	nametext_add(text, &hello->name_type, 1);
	nametext_put16(text, (unsigned int)len);
	nametext_add(text, hello->name, len);
	if (hello->second) {
		nametext_add(text, "", 1);
		nametext_put16(text, (unsigned int)second - 3);
		nametext_add(text, hello->second, second - 3);
	}
}

static void extensions(struct nametext *text, const struct nametext_hello *hello)
{
	static const uint8_t versions[] = { 4, 3, 4, 3, 3 }, alpn[] = { 0, 3, 2, 'h', '2' };

	if (hello->grease)
		extension(text, 0x3a3a, "", 1);
	extension(text, 43, versions, sizeof(versions));
	if (hello->before)
		extension(text, 51, NULL, hello->before);
	if (hello->name)
		server_name(text, hello);
	extension(text, 16, alpn, sizeof(alpn));
	if (hello->ech)
		extension(text, 0xfe0d, NULL, 200);
	if (hello->after)
		extension(text, 21, NULL, hello->after);
	if (hello->grease)
		extension(text, 0xdada, "", 0);
}

struct nametext nametext_tls(const struct nametext_hello *hello)
{
	size_t session = hello->session_len ? hello->session_len - 1 : 32;
	static const uint8_t suites[] = { 0, 6, 0x3a, 0x3a, 0x13, 1, 0x13, 2, 1, 0 };
	const uint8_t session_len = (uint8_t)session;
	struct nametext body = {}, ext = {}, text = {};
	uint8_t head[4] = { 1 };

	extensions(&ext, hello);
	nametext_put16(&body, 0x0303);
	nametext_add(&body, NULL, 32);
	nametext_add(&body, &session_len, 1);
	nametext_add(&body, NULL, session);
	nametext_add(&body, suites, sizeof(suites));
	nametext_put16(&body, (unsigned int)ext.len);
	nametext_add(&body, ext.b, ext.len);
	head[2] = (uint8_t)(body.len >> 8);
	head[3] = (uint8_t)body.len;
	nametext_add(&text, "\x16\x03\x01", 3);
	nametext_put16(&text, (unsigned int)((int)(hello->split ? hello->split : body.len + 4) +
					     hello->longer));
	nametext_add(&text, head, sizeof(head));
	if (!hello->split) {
		nametext_add(&text, body.b, body.len);
		return text;
	}
	nametext_add(&text, body.b, hello->split - 4);
	nametext_add(&text, "\x16\x03\x01", 3);
	nametext_put16(&text, (unsigned int)(body.len + 4 - hello->split));
	nametext_add(&text, body.b + hello->split - 4, body.len + 4 - hello->split);
	return text;
}
