// SPDX-License-Identifier: Apache-2.0
/*
 * A list from its text: which format it has, parts for several threads, what is said of it. Called by
 * policy/install, the agent and the command line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lists/bytes.h"
#include "lists/parallel.h"
#include "names/read.h"
#include "text/counted.h"

#define GUESS_LINES 200
#define PART_BYTES 262144 /* below it no second thread is worth its while */
#define FIRST_LINES 3

static const struct {
	const char *name;
	void (*read)(struct name_reader *reader);
	unsigned int (*looks)(struct text line);
	bool split;
	const char *what;
} formats[] = {
#define NAME_FORMAT(name, split, what) { #name, name_read_##name, name_looks_##name, split, what },
#include "names/formats.def"
#undef NAME_FORMAT
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

size_t name_format_cnt(void)
{
	return FORMATS;
}

const char *name_format(size_t n, const char **ret_what)
{
	*ret_what = formats[n].what;
	return formats[n].name;
}

/* The line without a comment behind a blank, which says nothing of the format. */
static struct text before_comment(struct text line)
{
	const char *at = memmem(line.at, line.len, " #", 2);

	if (at && at > line.at)
		line.len = at - line.at;
	return line;
}

/* What may stand before the first entry in any format. */
static bool is_comment(struct text line)
{
	return line.at[0] == ';' || line.at[0] == '!' || text_starts(line, "//") ||
	       (line.at[0] == '#' && !text_starts(line, "##") && !text_starts(line, "#@#"));
}

static size_t look_at(struct text text)
{
	struct name_reader reader = { .rest = text };
	unsigned int weights[FORMATS] = {};
	size_t cnt = 0, best = 0;
	struct text line;

	while (cnt < GUESS_LINES && name_line(&reader, &line)) {
		if (!line.len || is_comment(line))
			continue;
		cnt++;
		for (size_t i = 0; i < FORMATS; i++)
			weights[i] += formats[i].looks(before_comment(line));
	}
	for (size_t i = 0; i < FORMATS; i++)
		if (weights[i] > weights[best] ||
		    (weights[i] == weights[best] && !strcmp(formats[i].name, "domains")))
			best = i;
	return best;
}

static int format_find(const char *format, struct text text, const char *name, struct diag *diag,
		       size_t *ret_n)
{
	char known[256];
	size_t len = 0;

	if (!format) {
		*ret_n = look_at(text);
		return 0;
	}
	for (size_t i = 0; i < FORMATS; i++) {
		if (!strcmp(formats[i].name, format)) {
			*ret_n = i;
			return 0;
		}
		len += snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "one of ",
				formats[i].name);
	}
	diag_add(diag, DIAG_ERROR, name, 0, 0, known, "no such format of names: %s", format);
	return -ENOENT;
}

/* Cuts the text behind line ends into at most cnt parts of about one size. */
static size_t parts_cut(struct text text, size_t cnt, struct name_reader *parts)
{
	size_t n = 0;

	while (n + 1 < cnt) {
		size_t len = text.len / (cnt - n);
		const char *end = len < text.len ? memchr(text.at + len, '\n', text.len - len) : NULL;

		if (!end)
			break;
		parts[n].rest = (struct text){ text.at, end + 1 - text.at };
		text = text_from(text, parts[n++].rest.len);
	}
	parts[n].rest = text;
	return n + 1;
}

struct reading {
	struct name_reader parts[PARALLEL_MAX];
	size_t part_cnt, thread_cnt, format;
	struct name_suffixes *suffixes;
	const char *name;
	struct diag *diag;
};

static void part_read(void *arg, size_t p)
{
	struct reading *reading = arg;
	struct name_reader *part = &reading->parts[p];

	formats[reading->format].read(part);
	part->list.line_cnt = part->line;
}

static void parts_free(struct reading *reading)
{
	for (size_t p = 0; p < PARALLEL_MAX; p++) {
		name_list_free(&reading->parts[p].list);
		free(reading->parts[p].hashes);
	}
	name_suffixes_free(reading->suffixes);
}

/* The first lines that were left out, each by itself. */
static void skips_tell(const struct reading *reading)
{
	size_t told_cnt = 0, before = 0;

	for (size_t p = 0; p < reading->part_cnt; p++) {
		const struct name_reader *part = &reading->parts[p];

		for (size_t i = 0; i < part->told_cnt && told_cnt < NAME_TOLD_MAX; i++, told_cnt++) {
			const struct name_skipped *skipped = &part->list.skips[part->told[i].skip];

			diag_add(reading->diag, DIAG_WARNING, reading->name,
				 (uint32_t)before + skipped->line, 1, NULL, "\"%s\" is left out: %s",
				 part->told[i].what, name_skip_text(skipped->skip));
		}
		before += part->list.line_cnt;
	}
}

/* How many were left out for one reason, and where the first of them stand. */
static void skip_sum_tell(const struct reading *reading, const struct name_list *list,
			  enum name_skip skip)
{
	char lines[64] = "";
	size_t len = 0, cnt = 0;

	for (size_t n = 0; n < list->skip_cnt && cnt < FIRST_LINES; n++)
		if (list->skips[n].skip == skip)
			len += snprintf(lines + len, sizeof(lines) - len, "%s%u", cnt++ ? ", " : "",
					list->skips[n].line);
	diag_add(reading->diag, DIAG_NOTE, reading->name, 0, 0, NULL,
		 "%zu left out (line %s%s): %s", list->skip_cnts[skip], lines,
		 list->skip_cnts[skip] > cnt ? ", ..." : "", name_skip_text(skip));
}

static void list_tell(const struct reading *reading, const struct name_list *list)
{
	skips_tell(reading);
	for (size_t skip = 0; skip < NAME_SKIP_CNT; skip++)
		if (list->skip_cnts[skip])
			skip_sum_tell(reading, list, skip);
	if (list->duplicate_cnt)
		diag_add(reading->diag, DIAG_NOTE, reading->name, 0, 0, NULL,
			 "%s %s there more than once", COUNTED(list->duplicate_cnt, "entry"),
			 by_count(list->duplicate_cnt, "is", "are"));
	if (list->port_cnt)
		diag_add(reading->diag, DIAG_NOTE, reading->name, 0, 0, NULL,
			 "%s %s a port, which is not looked at: the page is meant on any",
			 COUNTED(list->port_cnt, "URL"), by_count(list->port_cnt, "has", "have"));
}

static void suffixes_open(struct reading *reading, const struct name_read_options *options)
{
	int err;

	if (options->public_suffixes)
		return;
	err = name_suffixes_open(options->suffix_file, &reading->suffixes);
	if (err)
		diag_add(reading->diag, DIAG_WARNING, reading->name, 0, 0,
			 "install the package publicsuffix",
			 "entries are not looked at for public suffixes, of which there is no list: %s",
			 strerror(-err));
}

static int parts_make(struct reading *reading, struct text text,
		      const struct name_read_options *options)
{
	size_t cnt = reading->thread_cnt;
	struct name_seed seed;
	int err = name_seed_draw(&seed);

	/* Answers are numbered as they come. */
	if (!formats[reading->format].split || options->own_answers)
		cnt = 1;
	if (cnt > text.len / PART_BYTES + 1)
		cnt = text.len / PART_BYTES + 1;
	reading->part_cnt = parts_cut(text, cnt < PARALLEL_MAX ? cnt : PARALLEL_MAX, reading->parts);
	for (size_t p = 0; p < reading->part_cnt; p++) {
		struct name_reader *part = &reading->parts[p];

		part->headed = text_starts(text, "[");
		part->options = options;
		part->suffixes = reading->suffixes;
		part->seed = seed;
	}
	return err;
}

static int list_make(struct reading *reading, struct text text,
		     const struct name_read_options *options, struct name_list *ret_list)
{
	int err = parts_make(reading, text, options);

	if (!err)
		parallel_run(reading->part_cnt, reading->thread_cnt, part_read, reading);
	for (size_t p = 0; p < reading->part_cnt && !err; p++)
		err = reading->parts[p].err;
	if (!err)
		err = name_merge(reading->parts, reading->part_cnt, reading->thread_cnt, ret_list);
	if (err)
		diag_add(reading->diag, DIAG_ERROR, reading->name, 0, 0, NULL,
			 "the list cannot be held: %s", strerror(-err));
	return err;
}

int name_list_parse(const char *at, size_t len, const char *name,
		    const struct name_read_options *options, struct name_list *ret_list,
		    struct diag *diag)
{
	static const struct name_read_options usual;
	struct reading reading = { .name = name, .diag = diag };
	struct text text = { at, len };
	struct name_list list;
	int err;

	options = options ? options : &usual;
	if (text_starts(text, "\xef\xbb\xbf"))
		text = text_from(text, 3);
	err = format_find(options->format, text, name, diag, &reading.format);
	if (err)
		return err;
	if (list_bytes_look(text.at, text.len, name, diag))
		return -EBADMSG;
	reading.thread_cnt = options->thread_cnt ? options->thread_cnt : parallel_cpus();
	suffixes_open(&reading, options);
	err = list_make(&reading, text, options, &list);
	if (!err) {
		list.format = formats[reading.format].name;
		list_tell(&reading, &list);
		if (!list.cnt && !list.regex_cnt && list.skip_cnt) {
			diag_add(diag, DIAG_ERROR, name, 0, 0, NULL,
				 "nothing in it can be taken as names or URLs (format %s)",
				 list.format);
			name_list_free(&list);
			err = -ENODATA;
		}
	}
	parts_free(&reading);
	if (!err)
		*ret_list = list;
	return err;
}

int name_list_read(const char *path, const struct name_read_options *options,
		   struct name_list *ret_list, struct diag *diag)
{
	char *text = NULL;
	size_t len = 0;
	int err = list_bytes(path, &text, &len);

	if (err) {
		diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "cannot read the list: %s",
			 list_bytes_error(err));
		return err;
	}
	err = name_list_parse(text, len, path, options, ret_list, diag);
	free(text);
	return err;
}

void name_list_free(struct name_list *list)
{
	free(list->entries);
	free(list->text);
	free(list->answers);
	free(list->regexes);
	free(list->skips);
	*list = (struct name_list){};
}
