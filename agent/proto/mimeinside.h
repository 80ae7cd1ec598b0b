/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the reader of mails, to each other.
 */
#ifndef AGENT_PROTO_MIMEINSIDE_H
#define AGENT_PROTO_MIMEINSIDE_H

#include "base/grown.h"
#include "proto/mime.h"

/* Bytes that grow up to a limit. */
struct mime_text {
	uint8_t *at;
	size_t len, cap;
};

/* As many of them as fit below max and in memory; false: not all. */
bool mime_text_add(struct mime_text *text, struct slice bytes, size_t max);
static inline struct slice mime_text_slice(const struct mime_text *text)
{
	return slice(text->at, text->len);
}

/* --- mimehead.c --- */

/* "name" of "text/plain; name=x": quotes, continuations and percent signs (RFC 2231) are resolved. */
bool mime_parameter(struct slice value, const char *name, struct mime_text *to, size_t max);
/* What stands before the parameters, without space around it. */
struct slice mime_word(struct slice value);
bool mime_same(struct slice s, const char *text); /* letters alike in both cases */
bool mime_begins(struct slice s, const char *text);

/* --- mimecode.c --- */

enum mime_code { CODE_NONE, CODE_BASE64, CODE_QUOTED, CODE_UU };

struct mime_decoder {
	enum mime_code code;
	uint8_t digits[4]; /* of base64, not yet whole */
	uint8_t digit_cnt;
	uint8_t held[4]; /* "=A" of a quoted-printable line that goes on */
	uint8_t held_len;
	uint8_t newline[2]; /* of the line before: it is content only if another line follows */
	uint8_t newline_len;
	bool uu_open; /* behind "begin", before "end" */
	uint32_t odd; /* bits of enum mime_oddity */
	void *arg;
	void (*out)(void *arg, struct slice bytes);
};

/* A piece of a line, without its end. */
void mime_decode(struct mime_decoder *decoder, struct slice piece);
/* The line ends so. */
void mime_decode_newline(struct mime_decoder *decoder, struct slice newline);
/* Nothing follows. The end of the last line is of what ends the part: a boundary, or SMTP's dot. */
void mime_decode_end(struct mime_decoder *decoder);

/* --- mimeurl.c --- */

struct mime_urls {
	const struct mime_settings *settings;
	struct mime_text line; /* of a text, until it ends */
	struct slice *urls; /* newest first, each by itself */
	size_t cnt, cap;
	uint8_t kinds;
};

void mime_urls_take(struct mime_urls *urls, struct slice bytes); /* of a text */
void mime_urls_end(struct mime_urls *urls); /* of one text */
void mime_urls_free(struct mime_urls *urls);

/* --- mimewords.c --- */

#define MIME_WORD_KEPT 96

struct mime_words {
	uint32_t most, cnt;
	struct grown list; /* each ended by a 0 */
	uint8_t word[MIME_WORD_KEPT]; /* that has not ended yet */
	uint8_t len;
	bool behind_escape;
};

void mime_words_take(struct mime_words *words, struct slice bytes); /* of a text */
void mime_words_end(struct mime_words *words); /* of one text */
void mime_words_free(struct mime_words *words);

#endif
