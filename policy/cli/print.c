/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns all that the command prints of results. Called by every object.
 * Promises that a cell stays in its line and column, whatever its bytes are.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "cli/print.h"
#include "text/counted.h"
#include "text/escape.h"

#define CELL_MAX 4096
#define PATH_MAX_LEN 64

/* May this stand in a line as it is? What a terminal obeys may not, nor what it does not show. */
static bool is_plain(uint32_t point)
{
	if (utf8_is_control(point) || point == 0xad || point == 0xfeff)
		return false;
	return !(point >= 0x200b && point <= 0x200f) && !(point >= 0x2060 && point <= 0x206f) &&
	       !(point >= 0xe0000 && point < 0xe0080);
}

/* What stands for a code point that may not be shown. Returns the columns, all ASCII. */
static size_t print_escape(FILE *out, uint32_t point)
{
	char text[16];
	int len;

	if (point == '\n' || point == '\t' || point == '\r')
		len = snprintf(text, sizeof(text), "\\%c",
			       point == '\n'   ? 'n'
			       : point == '\t' ? 't'
					       : 'r');
	else if (point < 0x80)
		len = snprintf(text, sizeof(text), "\\x%02x", point);
	else
		len = snprintf(text, sizeof(text), "\\u{%04x}", point);
	if (out)
		fputs(text, out);
	return (size_t)len;
}

size_t print_text(FILE *out, const char *text, size_t len)
{
	size_t columns = 0;

	while (len > 0) {
		uint32_t point = 0;
		size_t n = utf8_decode(text, len, &point);
		int width = n ? wcwidth((wchar_t)point) : -1;

		if (n == 0) {
			if (out)
				fprintf(out, "\\x%02x", (unsigned char)*text);
			columns += 4;
			n = 1;
		} else if (!is_plain(point) || width < 0) {
			columns += print_escape(out, point);
		} else {
			if (out)
				fwrite(text, 1, n, out);
			columns += (size_t)width;
		}
		text += n;
		len -= n;
	}
	return columns;
}

json_t *print_string(const char *text)
{
	size_t size = 0;
	char *buf = NULL;
	FILE *out;
	json_t *string = json_string(text);

	if (string)
		return string;
	out = open_memstream(&buf, &size);
	if (!out)
		return NULL;
	print_text(out, text, strlen(text));
	if (fclose(out) == 0)
		string = json_string(buf);
	free(buf);
	return string;
}

const char *print_word(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

void print_fact(json_t *row, const char *key, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	json_object_set_new(row, key, print_string(text ? text : ""));
	free(text);
}

/* JSON text is valid UTF-8, and what may not be plain is inside strings only. */
static void print_json_text(FILE *out, const char *text, size_t len)
{
	while (len > 0) {
		uint32_t point = 0;
		size_t n = utf8_decode(text, len, &point);

		if (n == 0)
			n = 1;
		if (point == '\n' || is_plain(point))
			fwrite(text, 1, n, out);
		else if (point < 0x10000)
			fprintf(out, "\\u%04x", point);
		else
			fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((point - 0x10000) >> 10),
				0xdc00 + ((point - 0x10000) & 0x3ff));
		text += n;
		len -= n;
	}
}

int print_json(FILE *out, const json_t *value, bool pretty)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) |
					       (pretty ? JSON_INDENT(2) : JSON_COMPACT));

	if (!text)
		return -ENOMEM;
	print_json_text(out, text, strlen(text));
	fputc('\n', out);
	free(text);
	return 0;
}

static void scaled_text(char *out, size_t cap, double value, const char *unit)
{
	static const char *const prefix[] = { "", "k", "M", "G", "T", "P" };
	size_t i = 0;

	while (value >= 999.5 && i + 1 < sizeof(prefix) / sizeof(prefix[0])) {
		value /= 1000;
		i++;
	}
	snprintf(out, cap, i == 0 || value >= 99.95 ? "%.0f %s%s" : "%.3g %s%s", value, prefix[i],
		 unit);
}

static void seconds_text(char *out, size_t cap, double value)
{
	unsigned long s = value > 0 ? (unsigned long)value : 0;

	if (value < 10)
		snprintf(out, cap, "%.1fs", value);
	else if (s < 60)
		snprintf(out, cap, "%lus", s);
	else if (s < 3600)
		snprintf(out, cap, "%lum %lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, cap, "%luh %lum", s / 3600, s / 60 % 60);
	else
		snprintf(out, cap, "%lud %luh", s / 86400, s / 3600 % 24);
}

static void time_text(char *out, size_t cap, double value)
{
	time_t t = (time_t)value;
	struct tm tm;

	if (t == 0 || !localtime_r(&t, &tm) || !strftime(out, cap, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, cap, "-");
}

static void number_text(char *out, size_t cap, double value, enum column_kind kind)
{
	char count[COUNT_TEXT_MAX];

	switch (kind) {
	case COLUMN_COUNT:
		snprintf(out, cap, "%s",
			 count_print(count, (int64_t)(value < 0 ? value - 0.5 : value + 0.5)));
		break;
	case COLUMN_BYTES:
		scaled_text(out, cap, value, "B");
		break;
	case COLUMN_BITS:
		if (value == 0)
			snprintf(out, cap, "no limit");
		else
			scaled_text(out, cap, value, "bit/s");
		break;
	case COLUMN_RATE:
		scaled_text(out, cap, value, "bit/s");
		break;
	case COLUMN_SECONDS:
		seconds_text(out, cap, value);
		break;
	case COLUMN_PERCENT:
		snprintf(out, cap, "%.0f %%", value * 100);
		break;
	case COLUMN_TIME:
		time_text(out, cap, value);
		break;
	case COLUMN_TEXT:
		snprintf(out, cap, "%.15g", value);
		break;
	}
}

/* Lists of strings become "a, b"; lists and objects of others their JSON. */
static void list_text(char *out, size_t cap, const json_t *list)
{
	const json_t *item;
	size_t i, len = 0;

	out[0] = 0;
	json_array_foreach(list, i, item) {
		char cell[256];

		print_value(cell, sizeof(cell), item, COLUMN_TEXT);
		if (len + strlen(cell) + 8 > cap) {
			snprintf(out + len, cap - len, ", …");
			return;
		}
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? ", " : "", cell);
	}
	if (len == 0)
		snprintf(out, cap, "-");
}

void print_value(char *out, size_t cap, const json_t *value, enum column_kind kind)
{
	char *text;

	if (json_is_string(value))
		snprintf(out, cap, "%s", json_string_length(value) ? json_string_value(value) : "-");
	else if (json_is_number(value))
		number_text(out, cap, json_number_value(value), kind);
	else if (json_is_boolean(value))
		snprintf(out, cap, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		list_text(out, cap, value);
	else if (json_is_object(value) && (text = json_dumps(value, JSON_COMPACT))) {
		snprintf(out, cap, "%s", text);
		free(text);
	} else {
		snprintf(out, cap, "-");
	}
}

const json_t *print_member(const json_t *row, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "|");
		const json_t *at = row;
		char part[PATH_MAX_LEN], *save = NULL;

		if (len < sizeof(part)) {
			memcpy(part, path, len);
			part[len] = 0;
			for (char *key = strtok_r(part, ".", &save); key;
			     key = strtok_r(NULL, ".", &save))
				at = json_object_get(at, key);
			if (at)
				return at;
		}
		path += len + (path[len] == '|');
	}
	return NULL;
}

static bool is_right(enum column_kind kind)
{
	return kind != COLUMN_TEXT && kind != COLUMN_TIME;
}

static void pad(FILE *out, size_t columns)
{
	while (columns-- > 0)
		fputc(' ', out);
}

/* The last cell of a line has no blanks behind it. */
static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
	size_t len = strlen(text), used = print_text(NULL, text, len);

	if (right)
		pad(out, width > used ? width - used : 0);
	print_text(out, text, len);
	if (!right && !last)
		pad(out, width > used ? width - used : 0);
	fputs(last ? "\n" : "  ", out);
}

/* A cell as the column shows it; two passes make the same. */
static void cell_text(char *out, size_t cap, const json_t *row, const struct column *column)
{
	print_value(out, cap, print_member(row, column->key), column->kind);
}

void print_row(FILE *out, const json_t *row, const struct view *view, size_t *widths)
{
	char cell[CELL_MAX];

	for (size_t c = 0; c < view->column_cnt; c++) {
		const struct column *column = &view->columns[c];
		size_t used;

		if (row)
			cell_text(cell, sizeof(cell), row, column);
		else
			snprintf(cell, sizeof(cell), "%s", column->title);
		used = print_text(NULL, cell, strlen(cell));
		widths[c] = used > widths[c] ? used : widths[c];
		print_cell(out, cell, widths[c], is_right(column->kind), c + 1 == view->column_cnt);
	}
}

static int print_table(FILE *out, const json_t *rows, const struct view *view)
{
	size_t *width = calloc(view->column_cnt, sizeof(*width)), i;
	char cell[CELL_MAX];
	const json_t *row;

	if (!width)
		return -ENOMEM;
	for (size_t c = 0; c < view->column_cnt; c++)
		width[c] = print_text(NULL, view->columns[c].title, strlen(view->columns[c].title));
	json_array_foreach(rows, i, row)
		for (size_t c = 0; c < view->column_cnt; c++) {
			size_t used;

			cell_text(cell, sizeof(cell), row, &view->columns[c]);
			used = print_text(NULL, cell, strlen(cell));
			width[c] = used > width[c] ? used : width[c];
		}
	print_row(out, NULL, view, width);
	json_array_foreach(rows, i, row)
		print_row(out, row, view, width);
	free(width);
	return 0;
}

static void print_record(FILE *out, const json_t *row, const struct view *view)
{
	size_t width = 0;
	char cell[CELL_MAX];

	for (size_t c = 0; c < view->column_cnt; c++) {
		size_t used =
			print_text(NULL, view->columns[c].title, strlen(view->columns[c].title));

		width = used > width ? used : width;
	}
	for (size_t c = 0; c < view->column_cnt; c++) {
		cell_text(cell, sizeof(cell), row, &view->columns[c]);
		print_cell(out, view->columns[c].title, width, false, false);
		print_cell(out, cell, 0, false, true);
	}
}

int print_view(FILE *out, const json_t *result, const struct view *view)
{
	const json_t *rows = view->rows ? json_object_get(result, view->rows) : NULL;

	if (!view->rows) {
		print_record(out, result, view);
		return 0;
	}
	if (json_array_size(rows) == 0) {
		fprintf(out, "%s\n", view->empty);
		return 0;
	}
	return print_table(out, rows, view);
}
