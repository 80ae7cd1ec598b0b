// SPDX-License-Identifier: Apache-2.0
/*
 * Entries of the journal: a table that is appended to and never changed. Called by sekishod (writes)
 * and by the CLI with the agent down (reads). One thread at a time uses a struct journal.
 * Promises: an entry is on the disk when journal_add() returns 0 outside of a transaction, or when
 * journal_commit() does; a reader never blocks the writer.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "install/journalinside.h"

int journal_begin(struct journal *journal)
{
	return journal->add ? journal_exec(journal, "BEGIN IMMEDIATE") : -EROFS;
}

int journal_commit(struct journal *journal)
{
	return journal_exec(journal, "COMMIT");
}

/* SQLite may have gone back by itself, as on a full disk. */
void journal_abort(struct journal *journal)
{
	if (!sqlite3_get_autocommit(journal->db))
		journal_exec(journal, "ROLLBACK");
}

int journal_bind_text(sqlite3_stmt *stmt, int column, const char *text)
{
	return sqlite3_bind_text(stmt, column, text ? text : "", -1, SQLITE_STATIC);
}

static int text_keep(struct journal *journal, const char *text)
{
	int code = journal_bind_text(journal->keep, 1, text);

	if (code == SQLITE_OK)
		code = sqlite3_step(journal->keep);
	sqlite3_reset(journal->keep);
	sqlite3_clear_bindings(journal->keep);
	return journal_errno(code);
}

static int entry_keep(struct journal *journal, const struct journal_entry *entry)
{
	const char *const texts[] = { entry->user, entry->login,   entry->tty,
				      entry->ssh,  entry->message, entry->path,
				      entry->hash, entry->checks,  entry->text };
	sqlite3_stmt *stmt = journal->add;
	int code = sqlite3_bind_int64(stmt, 1, entry->generation);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 2, entry->time);
	if (code == SQLITE_OK)
		code = journal_bind_text(stmt, 3, entry->action);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 4, entry->uid);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 5, entry->pid);
	for (int i = 0; code == SQLITE_OK && i < 9; i++)
		code = journal_bind_text(stmt, 6 + i, texts[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return journal_errno(code);
}

int journal_add(struct journal *journal, const struct journal_entry *entry)
{
	bool own = sqlite3_get_autocommit(journal->db);
	int err = journal->add ? 0 : -EROFS;

	if (!err && own)
		err = journal_begin(journal);
	if (err)
		return err;
	err = text_keep(journal, entry->text);
	if (!err)
		err = entry_keep(journal, entry);
	if (!err && own)
		err = journal_commit(journal);
	if (err && own)
		journal_abort(journal);
	return err;
}

/* The strings live until the statement's next step. */
static void row_read(sqlite3_stmt *stmt, struct journal_entry *entry)
{
	const char **const texts[] = { &entry->user, &entry->login,   &entry->tty,
				       &entry->ssh,  &entry->message, &entry->path,
				       &entry->hash, &entry->checks,  &entry->text };

	entry->generation = (uint32_t)sqlite3_column_int64(stmt, 0);
	entry->time = sqlite3_column_int64(stmt, 1);
	entry->action = (const char *)sqlite3_column_text(stmt, 2);
	entry->uid = (uint32_t)sqlite3_column_int64(stmt, 3);
	entry->pid = (int32_t)sqlite3_column_int64(stmt, 4);
	for (int i = 0; i < 9; i++)
		*texts[i] = (const char *)sqlite3_column_text(stmt, 5 + i);
}

/* Calls for each row; -ENOENT when there was none. */
static int rows_each(sqlite3_stmt *stmt, int64_t argument,
		     int (*each)(const struct journal_entry *entry, void *arg), void *arg)
{
	struct journal_entry entry;
	int code = sqlite3_bind_int64(stmt, 1, argument), result = 0;
	bool any = false;

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(stmt);
		if (code != SQLITE_ROW)
			break;
		any = true;
		row_read(stmt, &entry);
		result = each(&entry, arg);
		if (result)
			break;
	}
	sqlite3_reset(stmt);
	if (result)
		return result;
	return any || journal_errno(code) ? journal_errno(code) : -ENOENT;
}

int journal_walk(struct journal *journal, uint32_t limit,
		 int (*each)(const struct journal_entry *entry, void *arg), void *arg)
{
	int err = rows_each(journal->walk, limit ? (int64_t)limit : -1, each, arg);

	return err == -ENOENT ? 0 : err;
}

int journal_find(struct journal *journal, uint32_t generation,
		 int (*found)(const struct journal_entry *entry, void *arg), void *arg)
{
	return rows_each(journal->find, generation, found, arg);
}

uint32_t journal_highest(struct journal *journal)
{
	sqlite3_stmt *stmt = journal->highest;
	uint32_t highest = 0;

	if (sqlite3_step(stmt) == SQLITE_ROW)
		highest = (uint32_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return highest;
}
