/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own log: one line a message on standard error, in systemd's "<level>" form when the
 * journal reads it. Whatever a message holds, it stays one line without control characters.
 */
#ifndef AGENT_BASE_LOG_H
#define AGENT_BASE_LOG_H

#include "text/diag.h"

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* Messages above this level are left out; the start value is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)

/* Every entry of a diag as a line of its own, behind the words of "about". */
void log_diag(const char *about, const struct diag *diag);

#endif
