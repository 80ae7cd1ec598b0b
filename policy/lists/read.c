// SPDX-License-Identifier: Apache-2.0
/*
 * Reads published lists into sets of entries: one bad line costs that line and is told.
 * Called by policy/install/lists.c, the command line and the fuzzer. list_read() reads a file
 * (gzip or not), everything else is pure.
 */
#include "lists/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lists/bytes.h"
#include "lists/range.h"
#include "lists/set.h"
#include "text/counted.h"

#define TOLD_MAX 20

static const struct {
	const char *name;
	void (*read)(struct list_reader *reader);
} formats[] = {
#define LIST_FORMAT(name, reader, what) { #name, reader },
#include "lists/formats.def"
#undef LIST_FORMAT
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct text text_strip(struct text text)
{
	while (text.len && is_blank(text.at[0]))
		text = (struct text){ text.at + 1, text.len - 1 };
	while (text.len && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

struct text text_trim(struct text text)
{
	text = text_strip(text);
	if (text.len >= 2 && (text.at[0] == '"' || text.at[0] == '\'') &&
	    text.at[text.len - 1] == text.at[0])
		text = text_strip((struct text){ text.at + 1, text.len - 2 });
	return text;
}

bool reader_line(struct list_reader *reader, struct text *ret_line)
{
	struct text *rest = &reader->rest;
	const char *end;
	size_t len;

	if (!rest->len)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	len = end ? (size_t)(end - rest->at) : rest->len;
	*ret_line = text_strip((struct text){ rest->at, len });
	len += end ? 1 : 0;
	*rest = (struct text){ rest->at + len, rest->len - len };
	reader->line++;
	return true;
}

/* Length of the line before its comment. */
static size_t comment_at(struct text line)
{
	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];

		if (i && !is_blank(line.at[i - 1]))
			continue;
		if (c == '#' || c == ';' || c == '!')
			return i;
		if (c == '/' && i + 1 < line.len && line.at[i + 1] == '/')
			return i;
	}
	return line.len;
}

bool reader_entry(struct list_reader *reader, struct text *ret_line)
{
	struct text line;

	while (!reader->err && reader_line(reader, &line)) {
		line.len = comment_at(line);
		line = text_strip(line);
		if (!line.len)
			continue;
		*ret_line = line;
		return true;
	}
	return false;
}

struct text text_word(struct text *line)
{
	struct text word = { line->at, 0 };

	while (word.len < line->len && !is_blank(line->at[word.len]))
		word.len++;
	*line = text_strip((struct text){ line->at + word.len, line->len - word.len });
	return word;
}

/* True while complaints are still told one by one; counts this one. */
static bool reader_tells(struct list_reader *reader)
{
	return reader->told_cnt++ < TOLD_MAX;
}

void reader_bad(struct list_reader *reader, struct text what, const char *why)
{
	reader->set.bad_cnt++;
	if (reader_tells(reader))
		diag_add(reader->diag, DIAG_WARNING, reader->name, reader->line, 1, NULL,
			 "\"%.*s\" is left out: %s", (int)(what.len < 60 ? what.len : 60), what.at,
			 why);
}

static void reader_take(struct list_reader *reader, const struct prefix *prefix)
{
	struct list_entry entry = { .prefix = *prefix };

	if (!reader->err)
		reader->err = list_set_add(&reader->set, &reader->cap, &entry);
}

bool reader_bare(struct list_reader *reader)
{
	struct text *rest = &reader->rest;
	struct prefix prefix;
	bool fixed;
	size_t len = prefix_scan(rest->at, rest->len, &prefix, &fixed);

	if (!len || fixed || reader->err)
		return false;
	if (len + 1 < rest->len && rest->at[len] == '\r')
		len++;
	if (len < rest->len && rest->at[len++] != '\n')
		return false;
	*rest = (struct text){ rest->at + len, rest->len - len };
	reader->line++;
	reader_take(reader, &prefix);
	return true;
}

void reader_prefix(struct list_reader *reader, struct text word)
{
	char corrected[PREFIX_TEXT_MAX];
	struct prefix prefix;
	bool fixed;
	enum prefix_error error = prefix_parse(word.at, word.len, &prefix, &fixed);

	if (error) {
		reader_bad(reader, word, prefix_error_text(error));
		return;
	}
	if (fixed) {
		reader->set.fixed_cnt++;
		if (reader_tells(reader)) {
			diag_add(reader->diag, DIAG_WARNING, reader->name, reader->line, 1, NULL,
				 "%.*s has host bits set; taken as %s", (int)word.len, word.at,
				 prefix_print(&prefix, corrected));
		}
	}
	reader_take(reader, &prefix);
}

void reader_range(struct list_reader *reader, struct text from, struct text to)
{
	struct prefix prefixes[RANGE_PREFIXES_MAX];
	struct prefix first, last;
	int cnt = -EINVAL;

	from = text_strip(from);
	to = text_strip(to);
	if (prefix_parse(from.at, from.len, &first, NULL) == PREFIX_OK && first.len == 128 &&
	    prefix_parse(to.at, to.len, &last, NULL) == PREFIX_OK && last.len == 128)
		cnt = range_prefixes(&first.addr, &last.addr, prefixes);
	if (cnt < 0)
		reader_bad(reader, from, "not the beginning of a range of one family");
	for (int i = 0; i < cnt; i++)
		reader_take(reader, &prefixes[i]);
}

bool text_is_prefix(struct text word)
{
	struct prefix prefix;

	return prefix_parse(word.at, word.len, &prefix, NULL) == PREFIX_OK;
}

bool text_is_name(struct text word)
{
	bool letter = false;

	for (size_t i = 0; i < word.len; i++) {
		unsigned char c = word.at[i];

		if (c == ':')
			return false;
		if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
			letter = true;
		if (c >= 0x80)
			letter = true;
	}
	return letter;
}

static void reader_report(struct list_reader *reader, size_t written_cnt)
{
	const struct list_set *set = &reader->set;

	if (reader->told_cnt > TOLD_MAX)
		diag_add(reader->diag, DIAG_WARNING, reader->name, 0, 0, NULL,
			 "%s left out or corrected as well",
			 COUNTED(reader->told_cnt - TOLD_MAX, "line"));
	if (set->skipped_cnt)
		diag_add(reader->diag, DIAG_NOTE, reader->name, 0, 0,
			 "an address list holds addresses; names need a list of names",
			 "%s skipped: names or URLs, not addresses",
			 COUNTED(set->skipped_cnt, "entry"));
	if (set->duplicate_cnt)
		diag_add(reader->diag, DIAG_NOTE, reader->name, 0, 0, NULL,
			 "%zu of %s %s there more than once", set->duplicate_cnt,
			 COUNTED(written_cnt, "entry"), by_count(set->duplicate_cnt, "is", "are"));
}

int list_parse(const char *text, size_t len, const char *name, const char *format,
	       struct list_set *ret_set, struct diag *diag)
{
	struct list_reader reader = { .rest = { text, len }, .name = name, .diag = diag };
	size_t written_cnt, i;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		reader.rest = (struct text){ text + 3, len - 3 };
	if (!format)
		format = format_guess(reader.rest);
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, format))
			break;
	if (i == sizeof(formats) / sizeof(formats[0])) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, "one of plain, ipset, hosts, csv, json, url",
			 "no such list format: %s", format);
		return -ENOENT;
	}
	if (list_bytes_look(reader.rest.at, reader.rest.len, name, diag))
		return -EBADMSG;
	formats[i].read(&reader);
	if (reader.err) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, NULL, "out of memory");
		list_set_free(&reader.set);
		return reader.err;
	}
	written_cnt = reader.set.cnt;
	list_set_sort(&reader.set);
	reader_report(&reader, written_cnt);
	if (!reader.set.cnt && reader.set.bad_cnt + reader.set.skipped_cnt) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, NULL,
			 "nothing in it can be read as addresses (format %s)", format);
		list_set_free(&reader.set);
		return -ENODATA;
	}
	*ret_set = reader.set;
	return 0;
}

int list_read(const char *path, const char *format, struct list_set *ret_set, struct diag *diag)
{
	char *text = NULL;
	size_t len = 0;
	int err = list_bytes(path, &text, &len);

	if (err) {
		diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "cannot read the list: %s",
			 list_bytes_error(err));
		return err;
	}
	err = list_parse(text, len, path, format, ret_set, diag);
	free(text);
	return err;
}
