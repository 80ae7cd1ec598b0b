/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How results look: one description of columns, a table for people, the same result as JSON for
 * programs. Promises that whatever a cell holds, it stays in its line and column: control bytes,
 * escape codes, line separators and bytes that are no UTF-8 are shown as \n, \xNN or \u{NNNN}.
 * Widths are those of the terminal (wcwidth), so the locale must be UTF-8; main.c sees to it.
 */
#ifndef POLICY_CLI_PRINT_H
#define POLICY_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum column_kind {
	COLUMN_TEXT, /* strings, lists of strings, yes and no */
	COLUMN_COUNT, /* 1,234,567 */
	COLUMN_BYTES, /* 1.2 MB */
	COLUMN_BITS, /* 130 Mbit/s; 0 is no limit */
	COLUMN_RATE, /* the same of what is, not of what may be */
	COLUMN_SECONDS, /* 2h 4m */
	COLUMN_PERCENT, /* of 0..1 */
	COLUMN_TIME, /* seconds since 1970, in local time */
};

struct column {
	const char *key; /* member of a row, "drop.reason" for a member of a member, "a|b": a, else b */
	const char *title;
	enum column_kind kind;
};

struct view {
	const char *rows; /* member of the result that holds the rows; NULL: the result is one row */
	const struct column *columns;
	size_t column_cnt;
	const char *empty; /* said when there is no row */
};
#define VIEW(member, cols, none)                                                                   \
	{                                                                                          \
		.rows = (member), .columns = (cols),                                               \
		.column_cnt = sizeof(cols) / sizeof((cols)[0]), .empty = (none)                    \
	}

/* A table, or when view->rows is NULL a line a column: "title  value". Returns 0 or -ENOMEM. */
int print_view(FILE *out, const json_t *result, const struct view *view);

/*
 * One row of a table; NULL: its titles. widths, one a column, are those of the cells so far and grow with
 * a wider one, so that rows can be printed as they come.
 */
void print_row(FILE *out, const json_t *row, const struct view *view, size_t *widths);

/* JSON, one line (pretty: indented). Everything that ends a line or steers a terminal is escaped. */
int print_json(FILE *out, const json_t *value, bool pretty);

/* Text made harmless; `len` bytes. NULL out: only measures. Returns the columns that it takes. */
size_t print_text(FILE *out, const char *text, size_t len);

/* A JSON string of bytes that may be anything. NULL when out of memory. */
json_t *print_string(const char *text);

/* A member of a row by a column's key; NULL: it has none. */
const json_t *print_member(const json_t *row, const char *path);

/* A member that is a text; "": there is none. Lives as long as the object. */
const char *print_word(const json_t *object, const char *key);

/* Makes words a member of a row, harmless as print_string() does. */
void __attribute__((format(printf, 3, 4)))
print_fact(json_t *row, const char *key, const char *fmt, ...);

/* One value as a column shows it, for sentences. Writes at most cap bytes, always ends with 0. */
void print_value(char *out, size_t cap, const json_t *value, enum column_kind kind);

#endif
