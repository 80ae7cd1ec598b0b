/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct journal, for the files that make it up: journal_open.c (file, tables, whether
 * it is whole), journal.c (entries), journal_wait.c (the one wait). journal.h is what others see.
 */
#ifndef POLICY_INSTALL_JOURNALINSIDE_H
#define POLICY_INSTALL_JOURNALINSIDE_H

#include <sqlite3.h>

#include "install/journal.h"

struct journal {
	sqlite3 *db;
	sqlite3_stmt *add, *keep; /* NULL: opened to read only */
	sqlite3_stmt *walk, *find, *highest;
};

#define JOURNAL_ENTRY_COLUMNS                                                                      \
	"generation, time, action, uid, pid, user, login, tty, ssh, message, path, hash, checks"
/* Of the table name_override: what bodies decided of names. Who asks for it makes it, if need be. */
#define JOURNAL_OVERRIDE_COLUMNS                                                                   \
	"id, tenant, name, allow, made, until, ended, reason, asked_by, allowed_by"
int journal_overrides_table(struct journal *journal);

#define JOURNAL_BUSY_MS 5000 /* another process holds the file no longer than this */

/* SQLite's codes as -errno; 0 for OK, ROW and DONE. */
int journal_errno(int code);
int journal_exec(struct journal *journal, const char *sql);
int journal_bind_text(sqlite3_stmt *stmt, int column, const char *text); /* NULL: "" */

/* Gives the SQL of this connection sha256(text): a blob of 32 bytes. Returns an SQLite code. */
int journal_functions(sqlite3 *db);

#endif
