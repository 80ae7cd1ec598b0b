// SPDX-License-Identifier: Apache-2.0
/*
 * Owns a mail that is read: lines, heads, the parts between boundaries. Called by SMTP with bytes. Promises
 * that a part ends where any boundary around it stands, so that a mail that is cut or broken hides nothing.
 */
#include "base/digits.h"
#include "proto/mime.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "proto/mimeinside.h"

#define LINE_KEPT 4096 /* bytes of a line that are looked at together */
#define LINE_LONG 998 /* RFC 5322, 2.1.1 */
#define ENCODED_LONG 76 /* RFC 2045, 6.7 and 6.8 */
#define NAME_LONG 75
#define BOUNDARY_LONG 254
#define FILENAME_MAX_LEN 255
#define LEVELS_MAX 16 /* multiparts around a part */
#define FIELDS_MAX 512
#define FIELDS_LEN_MAX 262144 /* of all values of the mail's head */
#define ATTACHMENTS_MAX 1024

#define WORDS_USUAL 64
#define WORDS_MAX 256 /* each costs a try */

enum mime_reads { READS_HEAD, READS_BODY, READS_NOTHING };

struct mime_named {
	char name[NAME_LONG + 1]; /* of a field, in lower case */
	struct mime_text value;
};

struct mime {
	const struct mime_settings *settings;
	struct mime_sink sink;
	enum mime_reads reads;
	bool ended, broken;
	uint32_t odd;
	struct mime_text line; /* as far as it came */
	bool line_goes_on; /* its beginning was taken already */
	bool line_dotted;
	size_t line_len;
	struct mime_text boundary[LEVELS_MAX];
	size_t level_cnt;

	/* The field that is read; of this part, what decides what it is. */
	struct mime_named field;
	bool in_field, top_head;
	struct mime_text type, disposition, coding;

	bool in_part; /* behind a boundary, and none ended it */
	bool is_file, is_text; /* of the part */
	struct mime_decoder decoder;
	struct mime_urls urls;
	struct mime_words words;

	struct mime_named *fields; /* of the mail's own head */
	size_t field_cnt, field_cap, fields_len;
	struct mime_text *attachments;
	size_t attachment_cnt, attachment_cap;
	EVP_MD_CTX *md5; /* NULL: not asked for */
	char body_md5[33];
};

/* --- settings --- */

static void schemes_read(const struct config *config, struct mime_settings *s)
{
	const char *path = "app-layer.protocols.smtp.mime.extract-urls-schemes", *name;

	for (size_t i = 0;
	     (name = config_child(config, path, i)) && s->scheme_cnt < MIME_SCHEMES_MAX; i++) {
		char *to = s->scheme[s->scheme_cnt++];

		snprintf(to, sizeof(s->scheme[0]), "%.16s%s", name,
			 strcmp(name, "mailto") == 0 ? ":" : "://");
		for (; *to; to++)
			*to = (char)tolower((unsigned char)*to);
	}
	if (!s->scheme_cnt)
		snprintf(s->scheme[s->scheme_cnt++], sizeof(s->scheme[0]), "http://");
}

void mime_settings_read(const struct config *config, struct mime_settings *ret_settings)
{
#define PATH "app-layer.protocols.smtp.mime."
	struct mime_settings s = {
		.decode_base64 = config_bool(config, PATH "decode-base64", true),
		.decode_quoted = config_bool(config, PATH "decode-quoted-printable", true),
		.urls = config_bool(config, PATH "extract-urls", true),
		.url_schemes = config_bool(config, PATH "log-url-scheme", false),
		.body_md5 = config_bool(config, PATH "body-md5", false),
		.value_max = (uint32_t)config_number(config, PATH "header-value-depth", 2000),
	};
#undef PATH

	if (config_bool(config, "sekisho.files.archives.enabled", false))
		s.words = (uint32_t)config_number(config, "sekisho.files.archives.mail-words",
						  WORDS_USUAL);
	s.words = s.words < WORDS_MAX ? s.words : WORDS_MAX;
	schemes_read(config, &s);
	*ret_settings = s;
}

/* --- oddities --- */

static void odd(struct mime *mime, enum mime_oddity oddity)
{
	mime->odd |= 1u << oddity;
}

static void give_up(struct mime *mime)
{
	odd(mime, MIME_BROKEN);
	mime->broken = true;
	mime->reads = READS_NOTHING;
}

/* --- fields of a head --- */

static void top_field_keep(struct mime *mime)
{
	struct mime_named *to;

	if (mime->field_cnt == FIELDS_MAX || mime->fields_len > FIELDS_LEN_MAX)
		return;
	if (mime->field_cnt == mime->field_cap) {
		size_t cap = mime->field_cap ? mime->field_cap * 2 : 16;
		struct mime_named *grown = reallocarray(mime->fields, cap, sizeof(*grown));

		if (!grown)
			return;
		mime->fields = grown;
		mime->field_cap = cap;
	}
	to = &mime->fields[mime->field_cnt++];
	*to = (struct mime_named){ .value = { .at = NULL } };
	memcpy(to->name, mime->field.name, sizeof(to->name));
	mime_text_add(&to->value, mime_text_slice(&mime->field.value), SIZE_MAX);
	mime->fields_len += to->value.len;
}

static void field_end(struct mime *mime)
{
	static const char *const names[] = { "content-type", "content-disposition",
					     "content-transfer-encoding" };
	struct mime_text *const to[] = { &mime->type, &mime->disposition, &mime->coding };

	if (!mime->in_field)
		return;
	mime->in_field = false;
	for (size_t i = 0; i < 3; i++)
		if (strcmp(mime->field.name, names[i]) == 0 && !to[i]->len)
			mime_text_add(to[i], mime_text_slice(&mime->field.value), SIZE_MAX);
	if (mime->top_head)
		top_field_keep(mime);
}

static void value_add(struct mime *mime, struct slice bytes)
{
	if (mime->in_field && !mime_text_add(&mime->field.value, bytes, mime->settings->value_max))
		odd(mime, MIME_LONG_VALUE);
}

static void field_begin(struct mime *mime, struct slice line)
{
	const uint8_t *colon = memchr(line.at, ':', line.len), *name = line.at;
	size_t len = (size_t)(colon - line.at), kept;

	if (len > NAME_LONG)
		odd(mime, MIME_LONG_NAME);
	line = slice_behind(line, len + 1);
	while (len && isspace(name[len - 1]))
		len--;
	kept = len < NAME_LONG ? len : NAME_LONG;
	for (size_t i = 0; i < kept; i++)
		mime->field.name[i] = (char)tolower(name[i]);
	mime->field.name[kept] = 0;
	mime->field.value.len = 0;
	mime->in_field = true;
	while (line.len && isspace(line.at[0]))
		line = slice_behind(line, 1);
	value_add(mime, line);
}

/* --- a part --- */

static void decoded(void *arg, struct slice bytes)
{
	struct mime *mime = arg;

	if (mime->is_file)
		mime->sink.bytes(mime->sink.arg, bytes);
	if (mime->is_text && mime->settings->urls)
		mime_urls_take(&mime->urls, bytes);
	if (mime->is_text)
		mime_words_take(&mime->words, bytes);
}

static enum mime_code code_of(const struct mime *mime)
{
	struct slice word = mime_word(mime_text_slice(&mime->coding));

	if (mime_same(word, "base64"))
		return mime->settings->decode_base64 ? CODE_BASE64 : CODE_NONE;
	if (mime_same(word, "quoted-printable"))
		return mime->settings->decode_quoted ? CODE_QUOTED : CODE_NONE;
	if (mime_same(word, "x-uuencode") || mime_same(word, "uuencode") || mime_same(word, "x-uue"))
		return CODE_UU;
	return CODE_NONE;
}

static void attachment_keep(struct mime *mime, struct slice name)
{
	struct mime_text *grown;

	if (mime->attachment_cnt == ATTACHMENTS_MAX)
		return;
	if (mime->attachment_cnt == mime->attachment_cap) {
		size_t cap = mime->attachment_cap ? mime->attachment_cap * 2 : 8;

		grown = reallocarray(mime->attachments, cap, sizeof(*grown));
		if (!grown)
			return;
		mime->attachments = grown;
		mime->attachment_cap = cap;
	}
	grown = &mime->attachments[mime->attachment_cnt++];
	*grown = (struct mime_text){ .at = NULL };
	mime_text_add(grown, name, SIZE_MAX);
}

/* A part with a name is a file, whether it says that it is an attachment or not. */
static void file_look(struct mime *mime)
{
	struct mime_text name = { .at = NULL };

	mime->is_file = mime_parameter(mime_text_slice(&mime->disposition), "filename", &name,
				       FILENAME_MAX_LEN) ||
			mime_parameter(mime_text_slice(&mime->type), "name", &name, FILENAME_MAX_LEN);
	if (mime->is_file) {
		if (name.len > FILENAME_MAX_LEN) {
			odd(mime, MIME_LONG_FILENAME);
			name.len = FILENAME_MAX_LEN;
		}
		attachment_keep(mime, mime_text_slice(&name));
		mime->sink.begin(mime->sink.arg, mime_text_slice(&name));
	}
	free(name.at);
}

static void head_begin(struct mime *mime)
{
	mime->reads = READS_HEAD;
	mime->in_field = false;
	mime->type.len = mime->disposition.len = mime->coding.len = 0;
}

/* What stands in front of the parts and behind them: some readers show it, so it is a text. */
static void between_begin(struct mime *mime)
{
	mime->reads = READS_BODY;
	mime->in_part = mime->is_file = false;
	mime->is_text = true;
	mime->decoder = (struct mime_decoder){ .arg = mime, .out = decoded };
}

/* False: it is none that can be read. */
static bool multipart_begin(struct mime *mime)
{
	struct mime_text *boundary = &mime->boundary[mime->level_cnt];

	if (mime->level_cnt == LEVELS_MAX ||
	    !mime_parameter(mime_text_slice(&mime->type), "boundary", boundary,
			    mime->settings->value_max) ||
	    !boundary->len)
		return false;
	if (boundary->len > BOUNDARY_LONG) {
		odd(mime, MIME_LONG_BOUNDARY);
		give_up(mime);
		return true;
	}
	mime->level_cnt++;
	between_begin(mime);
	return true;
}

static void body_begin(struct mime *mime)
{
	struct slice type;

	field_end(mime);
	type = mime_word(mime_text_slice(&mime->type));
	mime->top_head = false;
	mime->reads = READS_BODY;
	mime->is_file = mime->is_text = false;
	mime->decoder = (struct mime_decoder){ .code = code_of(mime), .arg = mime, .out = decoded };
	if (mime_begins(type, "multipart/") && multipart_begin(mime))
		return;
	file_look(mime);
	if (mime_begins(type, "message/rfc822") && mime->decoder.code == CODE_NONE && !mime->is_file) {
		head_begin(mime);
		return;
	}
	mime->is_text = !mime->is_file &&
			(!type.len || mime_begins(type, "text/") || mime_begins(type, "message/"));
}

static void part_end(struct mime *mime)
{
	if (mime->reads == READS_HEAD)
		field_end(mime);
	if (mime->reads == READS_BODY) {
		mime_decode_end(&mime->decoder);
		mime->odd |= mime->decoder.odd;
	}
	mime_urls_end(&mime->urls);
	mime_words_end(&mime->words);
	if (mime->is_file)
		mime->sink.end(mime->sink.arg);
	mime->is_file = mime->is_text = false;
}

/* --- boundaries --- */

/* The innermost that the line begins with, from 1; 0: none. */
static size_t boundary_find(const struct mime *mime, struct slice line)
{
	if (!mime_begins(line, "--"))
		return 0;
	line = slice_behind(line, 2);
	for (size_t level = mime->level_cnt; level; level--) {
		const struct mime_text *boundary = &mime->boundary[level - 1];

		if (line.len >= boundary->len && memcmp(line.at, boundary->at, boundary->len) == 0)
			return level;
	}
	return 0;
}

static bool boundary_take(struct mime *mime, struct slice line)
{
	size_t level = boundary_find(mime, line);

	if (!level)
		return false;
	part_end(mime);
	line = slice_behind(line, 2 + mime->boundary[level - 1].len);
	if (mime_begins(line, "--")) {
		mime->level_cnt = level - 1;
		between_begin(mime);
		return true;
	}
	mime->level_cnt = level;
	mime->in_part = true;
	mime->top_head = false;
	head_begin(mime);
	return true;
}

/* --- lines --- */

static void head_line(struct mime *mime, struct slice line, bool goes_on)
{
	bool is_field = line.len && line.at[0] != ' ' && line.at[0] != '\t' && line.at[0] != ':' &&
			memchr(line.at, ':', line.len);

	/* what is no field goes on with the one before, as Suricata has it */
	if (goes_on || (line.len && !is_field)) {
		if (!mime->in_field && !goes_on)
			odd(mime, MIME_MALFORMED);
		value_add(mime, line);
		return;
	}
	field_end(mime);
	if (line.len)
		field_begin(mime, line);
	else
		body_begin(mime);
}

static void body_line(struct mime *mime, struct slice line, struct slice newline)
{
	if (mime->decoder.code != CODE_NONE && mime->line_len > ENCODED_LONG)
		odd(mime, MIME_LONG_ENCODED_LINE);
	mime_decode(&mime->decoder, line);
	if (newline.len)
		mime_decode_newline(&mime->decoder, newline);
	mime->odd |= mime->decoder.odd;
}

/* A line, or a piece of a long one; only the last piece has its end. */
static void line_take(struct mime *mime, struct slice whole)
{
	struct slice line = whole, newline;
	bool goes_on = mime->line_goes_on;

	if (line.len && line.at[line.len - 1] == '\n')
		line.len--;
	if (line.len < whole.len && line.len && line.at[line.len - 1] == '\r')
		line.len--;
	newline = slice_behind(whole, line.len);
	mime->line_goes_on = newline.len == 0;
	mime->line_len = (goes_on ? mime->line_len : 0) + line.len;
	if (mime->md5 && !mime->top_head) {
		EVP_DigestUpdate(mime->md5, ".", mime->line_dotted);
		EVP_DigestUpdate(mime->md5, whole.at, whole.len);
	}
	mime->line_dotted = false;
	if (mime->line_len > LINE_LONG)
		odd(mime, MIME_LONG_LINE);
	if (!goes_on && mime->reads != READS_NOTHING && boundary_take(mime, line))
		return;
	if (mime->reads == READS_HEAD)
		head_line(mime, line, goes_on);
	else if (mime->reads == READS_BODY)
		body_line(mime, line, newline);
}

/* --- all of it --- */

struct mime *mime_new(const struct mime_settings *settings, const struct mime_sink *sink)
{
	struct mime *mime = calloc(1, sizeof(*mime));

	if (!mime)
		return NULL;
	mime->settings = settings;
	mime->sink = *sink;
	mime->top_head = true;
	mime->urls.settings = settings;
	mime->words.most = settings->words;
	if (settings->body_md5) {
		mime->md5 = EVP_MD_CTX_new();
		if (!mime->md5 || !EVP_DigestInit_ex(mime->md5, EVP_md5(), NULL)) {
			mime_free(mime);
			return NULL;
		}
	}
	return mime;
}

void mime_bytes(struct mime *mime, struct slice bytes)
{
	while (bytes.len && !mime->ended) {
		const uint8_t *end = memchr(bytes.at, '\n', bytes.len);
		size_t len = end ? (size_t)(end + 1 - bytes.at) : bytes.len;

		if (!mime->line.len && (end || len >= LINE_KEPT)) {
			line_take(mime, slice(bytes.at, len));
			bytes = slice_behind(bytes, len);
			continue;
		}
		if (len > LINE_KEPT - mime->line.len)
			len = LINE_KEPT - mime->line.len;
		if (!mime_text_add(&mime->line, slice(bytes.at, len), LINE_KEPT)) {
			give_up(mime);
			return;
		}
		bytes = slice_behind(bytes, len);
		if (mime->line.len == LINE_KEPT || mime->line.at[mime->line.len - 1] == '\n') {
			line_take(mime, mime_text_slice(&mime->line));
			mime->line.len = 0;
		}
	}
}

void mime_dot(struct mime *mime)
{
	mime->line_dotted = true;
}

void mime_lost(struct mime *mime)
{
	mime->line.len = 0;
	mime->line_goes_on = true;
}

static void md5_end(struct mime *mime)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!mime->md5 || !EVP_DigestFinal_ex(mime->md5, sum, &len))
		return;
	if (len * 2 < sizeof(mime->body_md5))
		hex_write(sum, len, 0, mime->body_md5);
}

void mime_end(struct mime *mime)
{
	bool had_body;

	if (mime->ended)
		return;
	if (mime->line.len)
		line_take(mime, mime_text_slice(&mime->line));
	if (mime->in_part)
		odd(mime, MIME_MALFORMED); /* its last boundary is missing */
	had_body = !mime->top_head && !mime->broken;
	if (mime->reads == READS_HEAD && mime->top_head)
		body_begin(mime); /* a mail of a head alone */
	part_end(mime);
	if (had_body)
		md5_end(mime);
	mime->ended = true;
}

void mime_free(struct mime *mime)
{
	if (!mime)
		return;
	for (size_t i = 0; i < mime->field_cnt; i++)
		free(mime->fields[i].value.at);
	for (size_t i = 0; i < mime->attachment_cnt; i++)
		free(mime->attachments[i].at);
	for (size_t i = 0; i < LEVELS_MAX; i++)
		free(mime->boundary[i].at);
	free(mime->fields);
	free(mime->attachments);
	free(mime->line.at);
	free(mime->field.value.at);
	free(mime->type.at);
	free(mime->disposition.at);
	free(mime->coding.at);
	mime_urls_free(&mime->urls);
	mime_words_free(&mime->words);
	EVP_MD_CTX_free(mime->md5);
	free(mime);
}

/* --- what is told --- */

uint32_t mime_odd(const struct mime *mime)
{
	return mime->odd;
}

const char *mime_status(const struct mime *mime)
{
	if (mime->broken)
		return "PARSE_ERROR";
	if (mime->ended)
		return "PARSE_DONE";
	if (mime->reads == READS_BODY)
		return "BODY_STARTED";
	return mime->in_field ? "HEADER_STARTED" : "HEADER_READY";
}

bool mime_field(const struct mime *mime, const char *name, uint32_t index, struct slice *ret)
{
	for (size_t i = mime->field_cnt; i; i--) {
		if (strcmp(mime->fields[i - 1].name, name) != 0 || index--)
			continue;
		*ret = mime_text_slice(&mime->fields[i - 1].value);
		return true;
	}
	return false;
}

bool mime_attachment(const struct mime *mime, uint32_t index, struct slice *ret)
{
	if (index >= mime->attachment_cnt)
		return false;
	*ret = mime_text_slice(&mime->attachments[index]);
	return true;
}

bool mime_url(const struct mime *mime, uint32_t index, struct slice *ret)
{
	if (index >= mime->urls.cnt)
		return false;
	*ret = mime->urls.urls[index];
	return true;
}

struct slice mime_words(const struct mime *mime)
{
	return grown_slice(&mime->words.list);
}

uint8_t mime_url_kinds(const struct mime *mime)
{
	return mime->urls.kinds;
}

const char *mime_body_md5(const struct mime *mime)
{
	return mime->body_md5;
}
