/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's one writer. Called from everywhere in the agent; a line is one write(), so lines of
 * threads do not mix.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text/escape.h"

static enum log_level level_max = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	level_max = level;
}

static size_t line_head(enum log_level level, char *out, size_t cap)
{
	struct timespec now;
	struct tm tm;

	if (getenv("JOURNAL_STREAM"))
		return (size_t)snprintf(out, cap, "<%d>", level);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[2048], line[4096];
	va_list args;
	size_t used;
	int n;

	if (level > level_max)
		return;
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0)
		return;
	used = line_head(level, line, 64);
	if (level <= LOG_LEVEL_WARNING)
		used += (size_t)snprintf(line + used, 64,
					 "%s: ", level == LOG_LEVEL_WARNING ? "warning" : "error");
	text_escape(text, strlen(text), line + used, sizeof(line) - used - 1);
	used += strlen(line + used);
	line[used++] = '\n';
	/* There is nowhere to tell that the log itself cannot be written. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

void log_diag(const char *about, const struct diag *diag)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

	for (size_t i = 0; i < diag->cnt; i++) {
		const struct diag_entry *e = &diag->entries[i];

		if (e->line)
			log_write(levels[e->level], "%s: %s:%u:%u: %s%s%s", about, e->file, e->line,
				  e->column, e->text, e->hint ? "; " : "", e->hint ? e->hint : "");
		else
			log_write(levels[e->level], "%s: %s%s%s", about, e->text,
				  e->hint ? "; " : "", e->hint ? e->hint : "");
	}
	if (diag->dropped_cnt)
		log_warn("%s: %zu more messages are not shown", about, diag->dropped_cnt);
}
