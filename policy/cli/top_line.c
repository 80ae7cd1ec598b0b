/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what one line of the screen holds. Called by top_page.c; painted by top_screen.c.
 * Promises that no cell is wider or narrower than its column.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli/print.h"
#include "cli/top_line.h"
#include "text/escape.h"

#define SAID_MAX 1024

struct top_line *top_line_add(struct top_lines *lines)
{
	struct top_line *line;

	if (lines->cnt == lines->cap) {
		size_t cap = lines->cap ? lines->cap * 2 : 64;

		line = realloc(lines->lines, cap * sizeof(*line));
		if (!line)
			return NULL;
		lines->lines = line;
		lines->cap = cap;
	}
	line = &lines->lines[lines->cnt++];
	line->width = lines->width;
	line->columns = 0;
	line->len = line->span_cnt = 0;
	line->text[0] = 0;
	return line;
}

void top_lines_free(struct top_lines *lines)
{
	free(lines->lines);
	*lines = (struct top_lines){ .width = lines->width };
}

int top_columns(const char *text)
{
	return (int)print_text(NULL, text, strlen(text));
}

/* Bytes of text that fit into so many columns. */
static size_t fitting(const char *text, int columns, int *ret_used)
{
	size_t len = strlen(text), at = 0;
	int used = 0;

	while (at < len) {
		uint32_t point = 0;
		size_t n = utf8_decode(text + at, len - at, &point);
		int width = n ? wcwidth((wchar_t)point) : -1;

		if (width < 0 || used + width > columns)
			break;
		used += width;
		at += n;
	}
	*ret_used = used;
	return at;
}

/* Puts bytes that are harmless and fit; more than a line holds is left out. */
static void put(struct top_line *line, enum top_style style, const char *bytes, size_t len,
		int columns)
{
	struct top_span *span;

	if (len == 0 || line->len + len >= sizeof(line->text))
		return;
	span = line->span_cnt ? &line->spans[line->span_cnt - 1] : NULL;
	if (!span || span->style != style) {
		if (line->span_cnt == TOP_SPANS_MAX)
			return;
		span = &line->spans[line->span_cnt++];
		*span = (struct top_span){ .start = (uint16_t)line->len, .style = (uint8_t)style };
	}
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
	line->text[line->len] = 0;
	span->len = (uint16_t)(span->len + len);
	line->columns += columns;
}

static void put_blanks(struct top_line *line, enum top_style style, int cnt)
{
	while (cnt-- > 0)
		put(line, style, " ", 1, 1);
}

/* Harmless text, cut to so many columns; returns those that it took. */
static int put_cut(struct top_line *line, enum top_style style, const char *text, int columns)
{
	int used = 0;
	size_t len = fitting(text, columns, &used);

	if (text[len]) {
		len = fitting(text, columns - 1, &used);
		put(line, style, text, len, used);
		put(line, style, "~", 1, 1);
		return used + 1;
	}
	put(line, style, text, len, used);
	return used;
}

/* What print_text() makes of it; the caller frees. NULL: no memory. */
static char *harmless(const char *text)
{
	char *clean = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return NULL;
	print_text(out, text, strlen(text));
	if (fclose(out) != 0) {
		free(clean);
		return NULL;
	}
	return clean;
}

void top_cell(struct top_line *line, enum top_style style, int width, bool right, const char *text)
{
	char *clean = line ? harmless(text) : NULL;
	int columns, blanks;

	if (!clean)
		return;
	if (width > line->width - line->columns)
		width = line->width - line->columns;
	columns = top_columns(clean);
	blanks = width > columns ? width - columns : 0;
	if (width > 0) {
		int end = line->columns + width;

		if (right)
			put_blanks(line, style, blanks);
		put_cut(line, style, clean, end - line->columns);
		put_blanks(line, style, end - line->columns);
	}
	free(clean);
}

void top_say(struct top_line *line, enum top_style style, const char *fmt, ...)
{
	char text[SAID_MAX], *clean;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clean = line ? harmless(text) : NULL;
	if (clean && line->columns < line->width)
		put_cut(line, style, clean, line->width - line->columns);
	free(clean);
}

void top_fill(struct top_line *line, enum top_style style, int column)
{
	if (!line)
		return;
	if (column < 0 || column > line->width)
		column = line->width;
	put_blanks(line, style, column - line->columns);
}

void top_bar(struct top_line *line, int width, double part)
{
	enum top_style style = part >= 0.95 ? TOP_BAD : part >= 0.7 ? TOP_WARN : TOP_GOOD;
	int inner = width - 2, full;

	if (!line || width < 3 || width > line->width - line->columns)
		return;
	if (part < 0) {
		put_blanks(line, TOP_PLAIN, width);
		return;
	}
	full = part >= 1 ? inner : (int)(part * inner + 0.5);
	if (part > 0.001 && full == 0)
		full = 1;
	put(line, TOP_FAINT, "[", 1, 1);
	for (int i = 0; i < full; i++)
		put(line, style, "|", 1, 1);
	put_blanks(line, TOP_PLAIN, inner - full);
	put(line, TOP_FAINT, "]", 1, 1);
}

char *top_number(double value, char to[16])
{
	static const char units[] = " kMGTPE";
	size_t i = 0;

	while (value >= 999.5 && i + 2 < sizeof(units)) {
		value /= 1000;
		i++;
	}
	if (i == 0)
		snprintf(to, 16, value < 9.95 && value != (double)(int)value ? "%.1f" : "%.0f",
			 value);
	else
		snprintf(to, 16, "%.*f%c",
			 value >= 99.95	  ? 0
			 : value >= 9.995 ? 1
					  : 2,
			 value, units[i]);
	return to;
}
