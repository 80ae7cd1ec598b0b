/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of list formats share: the input cut into lines, and one place where entries
 * and complaints go. Used by read.c and by one file for each format.
 */
#ifndef POLICY_LISTS_READ_H
#define POLICY_LISTS_READ_H

#include "lists/lists.h"

/* A piece of the input; not ended by 0. */
struct text {
	const char *at;
	size_t len;
};

struct list_reader {
	struct text rest; /* what is not read yet */
	uint32_t line; /* number of the last line given out */
	const char *name; /* of the file, for diag */
	struct diag *diag;
	struct list_set set;
	size_t cap; /* of set.entries */
	size_t told_cnt; /* lines complained about, told or not */
	int err; /* -ENOMEM once there was none */
};

/* The next line without its end (LF, CRLF), blanks around trimmed; false at the end of the input. */
bool reader_line(struct list_reader *reader, struct text *ret_line);

/* Like reader_line(), without comments (# ; ! // at the start or behind a blank) and empty lines. */
bool reader_entry(struct list_reader *reader, struct text *ret_line);

/* Takes the next line if it is a prefix of a usual form and nothing else, quickly; else takes nothing. */
bool reader_bare(struct list_reader *reader);

/* Takes the next word, up to a blank, off the line; empty at its end. */
struct text text_word(struct text *line);

/* Blanks, and one pair of quotes around what is left, taken off. */
struct text text_trim(struct text text);

/* Cuts a line at its separators outside quotes. Columns beyond the most are left out. */
#define TEXT_COLUMNS_MAX 64
size_t text_columns(struct text line, char separator, struct text columns[TEXT_COLUMNS_MAX]);

/* Takes an address or prefix as an entry; says what is wrong with it otherwise. */
void reader_prefix(struct list_reader *reader, struct text word);

/* Takes a range. */
void reader_range(struct list_reader *reader, struct text from, struct text to);

/* Whether this is an address or prefix; nothing is taken or said. */
bool text_is_prefix(struct text word);

/* Whether this can only be a name: letters, and no colon. */
bool text_is_name(struct text word);

/* A line that cannot be read: counted and told. */
void reader_bad(struct list_reader *reader, struct text what, const char *why);

void read_plain(struct list_reader *reader);
void read_ipset(struct list_reader *reader);
void read_hosts(struct list_reader *reader);
void read_csv(struct list_reader *reader);
void read_json(struct list_reader *reader);
void read_url(struct list_reader *reader);
void read_mikrotik(struct list_reader *reader);

/* The name of the format that the first lines look like. */
const char *format_guess(struct text text);

#endif
