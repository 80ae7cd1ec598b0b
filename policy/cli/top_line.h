/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of cells for a terminal, without a terminal: each cell takes just the columns that it was
 * given, whatever stands in it, and each line at most those of the screen. Only letters of ASCII are
 * drawn with: others may be one column or two wide, as the terminal is set.
 */
#ifndef POLICY_CLI_TOP_LINE_H
#define POLICY_CLI_TOP_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum top_style {
	TOP_PLAIN,
	TOP_STRONG, /* names, sums */
	TOP_FAINT, /* zeros, limits, what is known anyway */
	TOP_HEAD, /* a bar over the whole width */
	TOP_CHOSEN, /* title of the column that rows are sorted by */
	TOP_GOOD, /* far from a limit */
	TOP_WARN, /* near to it */
	TOP_BAD, /* at it; gone; lost */
	TOP_STYLE_CNT,
};

#define TOP_SPANS_MAX 96
#define TOP_LINE_BYTES 4096

struct top_line {
	int width, columns; /* of the screen; taken so far */
	size_t len, span_cnt;
	struct top_span {
		uint16_t start, len; /* bytes of text */
		uint8_t style; /* enum top_style */
	} spans[TOP_SPANS_MAX];
	char text[TOP_LINE_BYTES]; /* UTF-8, no control bytes */
};

struct top_lines {
	struct top_line *lines;
	size_t cnt, cap;
	int width;
};

/* A new empty line of lines->width columns; the pointer holds until the next. NULL: no memory. */
struct top_line *top_line_add(struct top_lines *lines);
void top_lines_free(struct top_lines *lines);

/* All of these do nothing on a line of NULL. */

/* Text from anywhere in `width` columns: made harmless, cut with '~', filled up with blanks. */
void top_cell(struct top_line *line, enum top_style style, int width, bool right, const char *text);
/* The same in as many columns as it takes. */
void top_say(struct top_line *line, enum top_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Blanks up to a column, or to the end of the line (-1). */
void top_fill(struct top_line *line, enum top_style style, int column);
/* "[||||    ]" in `width` columns, 3 or more: a part of a whole, its style by how much; below 0: blanks. */
void top_bar(struct top_line *line, int width, double part);

#define TOP_NUMBER_WIDTH 5
/* 0, 0.4, 987, 9.87k, 98.7M, 987G: at most five columns. Returns to. */
char *top_number(double value, char to[16]);

/* The columns that harmless text takes. */
int top_columns(const char *text);

#endif
