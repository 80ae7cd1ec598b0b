// SPDX-License-Identifier: Apache-2.0
/*
 * The journal's file: opening, its tables and how they came to be, whether it is whole. Called by
 * sekishod (writes), by the CLI with the agent down (reads) and by backup.c.
 */
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/journalinside.h"
#include "text/counted.h"

#define VERSION 1 /* PRAGMA user_version; 0 was without kept texts and places */

int journal_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	default:
		return -EIO;
	}
}

int journal_exec(struct journal *journal, const char *sql)
{
	return journal_errno(sqlite3_exec(journal->db, sql, NULL, NULL, NULL));
}

static void sha256_call(sqlite3_context *context, int cnt, sqlite3_value **values)
{
	const unsigned char *text = sqlite3_value_text(values[0]);
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256(text ? text : (const unsigned char *)"",
	       text ? (size_t)sqlite3_value_bytes(values[0]) : 0, hash);
	sqlite3_result_blob(context, hash, sizeof(hash), SQLITE_TRANSIENT);
}

int journal_functions(sqlite3 *db)
{
	return sqlite3_create_function(db, "sha256", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				       sha256_call, NULL, NULL);
}

static int prepare(struct journal *journal, const char *sql, sqlite3_stmt **ret_stmt)
{
	return journal_errno(sqlite3_prepare_v3(journal->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
						ret_stmt, NULL));
}

#define FROM_ENTRY                                                                                 \
	"SELECT " JOURNAL_ENTRY_COLUMNS ", text FROM entry JOIN text ON text.id = entry.text_id"

static int readers_prepare(struct journal *journal)
{
	int err = prepare(journal, FROM_ENTRY " ORDER BY entry.id DESC LIMIT ?1", &journal->walk);

	/* the same number twice means that a state was lost: the newest is the one in force */
	if (!err)
		err = prepare(journal,
			      FROM_ENTRY " WHERE generation = ?1 ORDER BY entry.id DESC LIMIT 1",
			      &journal->find);
	return err ? err : prepare(journal, "SELECT max(generation) FROM entry", &journal->highest);
}

static int writers_prepare(struct journal *journal)
{
	int err = prepare(journal,
			  "INSERT INTO entry(" JOURNAL_ENTRY_COLUMNS ", text_id) VALUES"
			  " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
			  " (SELECT id FROM text WHERE digest = sha256(?14)))",
			  &journal->add);

	return err ? err
		   : prepare(journal,
			     "INSERT OR IGNORE INTO text(digest, text) VALUES (sha256(?1), ?1)",
			     &journal->keep);
}

/* A text is kept once, whoever starts or confirms it again. */
#define TABLES                                                                                     \
	"CREATE TABLE text ("                                                                      \
	"id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, text TEXT NOT NULL);"                \
	"CREATE TABLE entry ("                                                                     \
	"id INTEGER PRIMARY KEY AUTOINCREMENT,"                                                    \
	"generation INTEGER NOT NULL, time INTEGER NOT NULL, action TEXT NOT NULL,"                \
	"uid INTEGER NOT NULL, pid INTEGER NOT NULL, user TEXT NOT NULL,"                          \
	"login TEXT NOT NULL, tty TEXT NOT NULL, ssh TEXT NOT NULL,"                               \
	"message TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL,"                           \
	"checks TEXT NOT NULL, text_id INTEGER NOT NULL REFERENCES text(id));"                     \
	"CREATE INDEX entry_generation ON entry(generation);"                                      \
	"CREATE TABLE wait ("                                                                      \
	"id INTEGER PRIMARY KEY CHECK (id = 1),"                                                   \
	"generation INTEGER NOT NULL, former INTEGER NOT NULL,"                                    \
	"seconds INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,"                                  \
	"deadline_ns INTEGER NOT NULL, boot TEXT NOT NULL,"                                        \
	"uid INTEGER NOT NULL, user TEXT NOT NULL,"                                                \
	"by_hand INTEGER NOT NULL, by_checks INTEGER NOT NULL);"                                   \
	"PRAGMA user_version = 1;"

/* The oldest files had none. */
#define WAIT0                                                                                      \
	"CREATE TABLE IF NOT EXISTS wait(id, generation, former, seconds, deadline_ms,"            \
	" deadline_ns, boot, uid, user);"

/* What a file of version 0 held. Its wait was always for somebody. */
#define MOVE                                                                                       \
	"INSERT OR IGNORE INTO text(digest, text) SELECT sha256(text), text FROM entry0;"          \
	"INSERT INTO entry SELECT id, generation, time, action, uid, pid, user, '', '', '',"       \
	" message, path, hash, '', (SELECT t.id FROM text t WHERE t.digest = sha256(entry0.text))" \
	" FROM entry0 ORDER BY id;"                                                                \
	"INSERT INTO wait SELECT id, generation, former, seconds, deadline_ms, deadline_ns, boot," \
	" uid, user, 1, 0 FROM wait0;"                                                             \
	"DROP TABLE entry0; DROP TABLE wait0;"

static int number_read(struct journal *journal, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? -ENOENT : journal_errno(code);
}

static int tables_make(struct journal *journal)
{
	int64_t version = 0, old = 0;
	int err = journal_exec(journal, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
					"BEGIN IMMEDIATE");

	if (err)
		return err;
	err = number_read(journal, "PRAGMA user_version", &version);
	if (!err && !version)
		err = number_read(journal,
				  "SELECT count(*) FROM sqlite_master WHERE name = 'entry'", &old);
	if (!err && version > VERSION)
		err = -EPROTO;
	if (!err && old)
		err = journal_exec(journal, WAIT0 "ALTER TABLE entry RENAME TO entry0;"
						  "DROP INDEX entry_generation;"
						  "ALTER TABLE wait RENAME TO wait0;" TABLES MOVE);
	else if (!err && !version)
		err = journal_exec(journal, TABLES);
	if (!err)
		err = journal_exec(journal, "COMMIT");
	if (err)
		journal_abort(journal);
	return err;
}

/* SQLite answers "cannot open" for all that can be wrong with a path; access(2) knows which. */
static int open_error(const char *path, int code)
{
	if ((code & 0xff) == SQLITE_CANTOPEN && access(path, R_OK))
		return -errno;
	return journal_errno(code);
}

static int db_open(const char *path, int flags, struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int code;

	if (!journal)
		return -ENOMEM;
	code = sqlite3_open_v2(path, &journal->db,
			       flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (code == SQLITE_OK)
		code = journal_functions(journal->db);
	if (code != SQLITE_OK) {
		journal_close(journal);
		code = open_error(path, code);
		return code ? code : -EIO;
	}
	sqlite3_busy_timeout(journal->db, JOURNAL_BUSY_MS);
	*ret_journal = journal;
	return 0;
}

int journal_open(const char *path, struct journal **ret_journal)
{
	struct journal *journal = NULL;
	mode_t mask = umask(0027); /* policies name addresses that are not for everybody */
	int err = db_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &journal);

	if (!err) {
		err = tables_make(journal);
		if (!err)
			err = readers_prepare(journal);
		if (!err)
			err = writers_prepare(journal);
		if (err)
			journal_close(journal);
	}
	umask(mask);
	if (!err)
		*ret_journal = journal;
	return err;
}

int journal_peek(const char *path, struct journal **ret_journal)
{
	struct journal *journal = NULL;
	int64_t version = 0;
	int err = access(path, R_OK) ? -errno : 0;

	/* a reader of WAL must be able to write the -shm file; without that right SQLite reads on */
	if (!err)
		err = db_open(path, SQLITE_OPEN_READONLY, &journal);
	if (err)
		return err;
	err = number_read(journal, "PRAGMA user_version", &version);
	if (!err && version != VERSION)
		err = -EPROTO;
	if (!err)
		err = readers_prepare(journal);
	if (err) {
		journal_close(journal);
		return err;
	}
	*ret_journal = journal;
	return 0;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	sqlite3_finalize(journal->add);
	sqlite3_finalize(journal->keep);
	sqlite3_finalize(journal->walk);
	sqlite3_finalize(journal->find);
	sqlite3_finalize(journal->highest);
	sqlite3_close(journal->db);
	free(journal);
}

/* The first row of PRAGMA integrity_check is "ok", or what is wrong. */
static int pages_check(struct journal *journal, char *why, size_t cap)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(journal->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
	const char *said = NULL;

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(stmt, 0);
	if (!said || sqlite3_stricmp(said, "ok") != 0) {
		snprintf(why, cap, "%s", said ? said : sqlite3_errmsg(journal->db));
		code = SQLITE_CORRUPT;
	}
	sqlite3_finalize(stmt);
	return journal_errno(code);
}

int journal_check(struct journal *journal, char *why, size_t cap)
{
	static const struct {
		const char *sql, *noun, *one, *many; /* how many are wrong */
	} rules[] = {
		{ "SELECT ifnull(max(id), 0) - count(*) FROM entry", "entry",
		  "of the history is missing", "of the history are missing" },
		{ "SELECT count(*) FROM entry WHERE text_id NOT IN (SELECT id FROM text)", "entry",
		  "has lost its text", "have lost their text" },
		{ "SELECT count(*) FROM text WHERE digest != sha256(text)", "text",
		  "is not what was written", "are not what was written" },
	};
	int err = pages_check(journal, why, cap);

	for (size_t i = 0; !err && i < sizeof(rules) / sizeof(rules[0]); i++) {
		int64_t wrong = 0;

		err = number_read(journal, rules[i].sql, &wrong);
		if (err) {
			snprintf(why, cap, "%s", sqlite3_errmsg(journal->db));
		} else if (wrong) {
			snprintf(why, cap, "%s %s", COUNTED(wrong, rules[i].noun),
				 by_count((uint64_t)wrong, rules[i].one, rules[i].many));
			err = -EUCLEAN;
		}
	}
	return err;
}
