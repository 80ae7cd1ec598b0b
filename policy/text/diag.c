// SPDX-License-Identifier: Apache-2.0
/*
 * Collects and prints errors of input. Called by every reader; never fails, never loses one unsaid.
 */
#include "text/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text/escape.h"

#define SHOWN_MAX 1024 /* bytes of one text when printed */

void diag_init(struct diag *d)
{
	*d = (struct diag){};
}

void diag_free(struct diag *d)
{
	for (size_t i = 0; i < d->cnt; i++) {
		free(d->entries[i].file);
		free(d->entries[i].text);
		free(d->entries[i].hint);
	}
	free(d->entries);
	*d = (struct diag){};
}

static bool diag_grow(struct diag *d)
{
	size_t cap = d->cap ? d->cap * 2 : 8;
	struct diag_entry *entries;

	if (d->cnt < d->cap)
		return true;
	entries = realloc(d->entries, cap * sizeof(*entries));
	if (!entries)
		return false;
	d->entries = entries;
	d->cap = cap;
	return true;
}

/* Copies what is given; NULL stays NULL. */
static bool copy(const char *text, char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return !text || *ret_copy;
}

/* An error finds room where something less was said. */
static void diag_yield(struct diag *d)
{
	size_t at = d->cnt;

	while (at && d->entries[at - 1].level == DIAG_ERROR)
		at--;
	if (!at--)
		return;
	free(d->entries[at].file);
	free(d->entries[at].text);
	free(d->entries[at].hint);
	memmove(&d->entries[at], &d->entries[at + 1], (--d->cnt - at) * sizeof(*d->entries));
	d->dropped_cnt++;
}

void diag_add(struct diag *d, enum diag_level level, const char *file, uint32_t line,
	      uint32_t column, const char *hint, const char *fmt, ...)
{
	struct diag_entry entry = { .level = level, .line = line, .column = column };
	va_list args;

	if (level == DIAG_ERROR)
		d->error_cnt++;
	if (level == DIAG_ERROR && d->cnt >= DIAG_MAX)
		diag_yield(d);
	if (d->cnt >= DIAG_MAX || !diag_grow(d)) {
		d->dropped_cnt++;
		return;
	}
	va_start(args, fmt);
	if (vasprintf(&entry.text, fmt, args) < 0)
		entry.text = NULL;
	va_end(args);
	if (!entry.text || !copy(file, &entry.file) || !copy(hint, &entry.hint)) {
		free(entry.text);
		free(entry.file);
		d->dropped_cnt++;
		return;
	}
	d->entries[d->cnt++] = entry;
}

void diag_add_all(struct diag *d, const struct diag *from, enum diag_level most)
{
	for (size_t i = 0; i < from->cnt; i++) {
		const struct diag_entry *entry = &from->entries[i];

		diag_add(d, entry->level < most ? most : entry->level, entry->file, entry->line,
			 entry->column, entry->hint, "%s", entry->text);
	}
	d->dropped_cnt += from->dropped_cnt;
}

static const char *shown(const char *text, char *buffer)
{
	return text_escape(text, strlen(text), buffer, SHOWN_MAX);
}

void diag_print(const struct diag *d, FILE *out)
{
	static const char *const levels[] = { "error", "warning", "note" };
	char buffer[SHOWN_MAX];

	for (size_t i = 0; i < d->cnt; i++) {
		const struct diag_entry *entry = &d->entries[i];

		if (entry->file)
			fprintf(out, "%s:", shown(entry->file, buffer));
		if (entry->file && entry->line)
			fprintf(out, "%u:%u:", entry->line, entry->column);
		fprintf(out, "%s%s: %s\n", entry->file ? " " : "", levels[entry->level],
			shown(entry->text, buffer));
		if (entry->hint)
			fprintf(out, "  hint: %s\n", shown(entry->hint, buffer));
	}
	if (d->dropped_cnt)
		fprintf(out, "%zu more are not shown\n", d->dropped_cnt);
}
