// SPDX-License-Identifier: Apache-2.0
/*
 * The journal as a file: what goes in comes out, whatever bytes it holds, and what is broken is
 * refused. Works in a directory of its own below TMPDIR.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/journal.h"

struct bed {
	char dir[64], path[80];
};

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed)
		return -1;
	snprintf(bed->dir, sizeof(bed->dir), "/tmp/sekisho-journal-XXXXXX");
	if (!mkdtemp(bed->dir)) {
		free(bed);
		return -1;
	}
	snprintf(bed->path, sizeof(bed->path), "%s/journal.db", bed->dir);
	*state = bed;
	return 0;
}

static int bed_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct bed *bed = *state;
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", bed->path, suffixes[i]);
		unlink(path);
	}
	rmdir(bed->dir);
	free(bed);
	return 0;
}

static void add(struct journal *journal, uint32_t generation, const char *text)
{
	const struct journal_entry entry = {
		.generation = generation,
		.time = 1700000000 + generation,
		.action = "apply",
		.uid = 4294967294u,
		.pid = 77,
		.user = "佐賀",
		.login = "hanako",
		.tty = "pts/0",
		.ssh = "10.1.2.3 50000 192.0.2.1 22",
		.checks = "[{\"check\":\"web\"}]",
		.message = "why; DROP TABLE entry --'",
		.path = "saga.yaml",
		.text = text,
		.hash = "ab",
	};

	assert_int_equal(journal_add(journal, &entry), 0);
}

struct seen {
	uint32_t generations[8];
	uint32_t cnt, stop_after;
	char text[64];
};

static int see(const struct journal_entry *entry, void *arg)
{
	struct seen *seen = arg;

	assert_true(seen->cnt < 8);
	seen->generations[seen->cnt++] = entry->generation;
	assert_int_equal(entry->uid, 4294967294u);
	assert_int_equal(entry->time, 1700000000 + entry->generation);
	assert_string_equal(entry->user, "佐賀");
	assert_string_equal(entry->message, "why; DROP TABLE entry --'");
	assert_string_equal(entry->login, "hanako");
	assert_string_equal(entry->tty, "pts/0");
	assert_string_equal(entry->ssh, "10.1.2.3 50000 192.0.2.1 22");
	snprintf(seen->text, sizeof(seen->text), "%s", entry->text);
	return seen->stop_after && seen->cnt == seen->stop_after ? 42 : 0;
}

static void newest_first_and_limited(void **state)
{
	struct bed *bed = *state;
	struct journal *journal;
	struct seen seen = {}, two = {}, stopped = { .stop_after = 1 };

	assert_int_equal(journal_open(bed->path, &journal), 0);
	assert_int_equal(journal_walk(journal, 0, see, &seen), 0);
	assert_int_equal(seen.cnt, 0);
	for (uint32_t i = 1; i <= 4; i++)
		add(journal, i, "version: 1\n");
	assert_int_equal(journal_walk(journal, 0, see, &seen), 0);
	assert_int_equal(seen.cnt, 4);
	assert_int_equal(seen.generations[0], 4);
	assert_int_equal(seen.generations[3], 1);
	assert_int_equal(journal_walk(journal, 2, see, &two), 0);
	assert_int_equal(two.cnt, 2);
	assert_int_equal(journal_walk(journal, 0, see, &stopped), 42);
	assert_int_equal(stopped.cnt, 1);
	journal_close(journal);
}

/* A lost state starts numbering anew: the newest of a number is the one that is meant. */
static void find_is_the_newest(void **state)
{
	struct bed *bed = *state;
	struct journal *journal;
	struct seen seen = {};

	assert_int_equal(journal_open(bed->path, &journal), 0);
	assert_int_equal(journal_highest(journal), 0);
	add(journal, 1, "old");
	add(journal, 2, "other");
	add(journal, 1, "new");
	assert_int_equal(journal_find(journal, 1, see, &seen), 0);
	assert_int_equal(seen.cnt, 1);
	assert_string_equal(seen.text, "new");
	assert_int_equal(journal_highest(journal), 2);
	assert_int_equal(journal_find(journal, 9, see, &seen), -ENOENT);
	journal_close(journal);
}

static void survives_and_is_private(void **state)
{
	struct bed *bed = *state;
	struct journal *journal, *reader;
	struct seen seen = {};
	struct stat st;

	assert_int_equal(journal_peek(bed->path, &reader), -ENOENT);
	assert_int_not_equal(access(bed->path, F_OK), 0);
	assert_int_equal(journal_open(bed->path, &journal), 0);
	add(journal, 1, "a");
	assert_int_equal(journal_peek(bed->path, &reader), 0); /* while the writer has it open */
	add(journal, 2, "b");
	assert_int_equal(journal_walk(reader, 0, see, &seen), 0);
	assert_int_equal(seen.cnt, 2);
	assert_int_equal(journal_add(reader, &(struct journal_entry){ .generation = 3 }), -EROFS);
	journal_close(reader);
	journal_close(journal);
	assert_int_equal(stat(bed->path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	assert_int_equal(journal_peek(bed->path, &reader), 0); /* and when nobody has */
	journal_close(reader);
}

static void broken_files_are_refused(void **state)
{
	struct bed *bed = *state;
	struct journal *journal = NULL;
	FILE *file = fopen(bed->path, "w");

	assert_non_null(file);
	for (int i = 0; i < 2000; i++)
		fputs("no journal ", file);
	fclose(file);
	assert_int_equal(journal_open(bed->path, &journal), -EUCLEAN);
	assert_null(journal);
	assert_int_equal(journal_open("/nonexistent/journal.db", &journal), -ENOENT);
	assert_null(journal);
}

/* One statement past the journal, as a broken disk or a stranger would. */
static void meddle(const struct bed *bed, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int64_t count(const struct bed *bed, const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int64_t number;

	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

static void a_text_is_kept_once(void **state)
{
	struct bed *bed = *state;
	struct journal *journal;
	struct seen seen = {};

	assert_int_equal(journal_open(bed->path, &journal), 0);
	for (uint32_t i = 1; i <= 5; i++)
		add(journal, i, i == 3 ? "other" : "same");
	assert_int_equal(journal_walk(journal, 0, see, &seen), 0);
	assert_int_equal(seen.cnt, 5);
	assert_string_equal(seen.text, "same");
	journal_close(journal);
	assert_int_equal(count(bed, "SELECT count(*) FROM text"), 2);
}

/* A file of version 0, with and without the table of waits. */
static void old_files_are_brought_up(void **state)
{
	static const char old[] =
		"CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, generation INTEGER NOT NULL,"
		"time INTEGER NOT NULL, action TEXT NOT NULL, uid INTEGER NOT NULL, pid INTEGER NOT NULL,"
		"user TEXT NOT NULL, message TEXT NOT NULL, path TEXT NOT NULL, text TEXT NOT NULL,"
		"hash TEXT NOT NULL); CREATE INDEX entry_generation ON entry(generation);"
		"INSERT INTO entry VALUES (1, 7, 5, 'apply', 0, 1, 'root', 'm', 'p', 'a', 'h'),"
		" (2, 8, 6, 'apply', 0, 1, 'root', 'm', 'p', 'b', 'h'),"
		" (3, 9, 7, 'rollback', 0, 1, 'root', 'm', 'p', 'a', 'h');";
	static const char old_wait[] =
		"CREATE TABLE wait (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL,"
		"former INTEGER NOT NULL, seconds INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,"
		"deadline_ns INTEGER NOT NULL, boot TEXT NOT NULL, uid INTEGER NOT NULL,"
		"user TEXT NOT NULL); INSERT INTO wait VALUES (1, 9, 8, 60, 1, 2, 'x', 0, 'root');";
	struct bed *bed = *state;
	struct journal *journal;
	struct journal_wait wait;
	char why[128] = "";

	for (int waits = 0; waits < 2; waits++) {
		unlink(bed->path);
		meddle(bed, old);
		if (waits)
			meddle(bed, old_wait);
		assert_int_equal(journal_open(bed->path, &journal), 0);
		assert_int_equal(journal_check(journal, why, sizeof(why)), 0);
		assert_int_equal(journal_highest(journal), 9);
		assert_int_equal(journal_wait_get(journal, &wait), waits ? 0 : -ENOENT);
		if (waits)
			assert_true(wait.by_hand && !wait.by_checks);
		journal_close(journal);
		assert_int_equal(count(bed, "SELECT count(*) FROM text"), 2);
		assert_int_equal(count(bed, "SELECT generation FROM entry JOIN text ON text.id = text_id"
					    " WHERE text = 'b'"),
				 8);
	}
}

static void later_versions_are_refused(void **state)
{
	struct bed *bed = *state;
	struct journal *journal = NULL;

	assert_int_equal(journal_open(bed->path, &journal), 0);
	journal_close(journal);
	journal = NULL;
	meddle(bed, "PRAGMA user_version = 2");
	assert_int_equal(journal_open(bed->path, &journal), -EPROTO);
	assert_int_equal(journal_peek(bed->path, &journal), -EPROTO);
	assert_null(journal);
}

static void check_sees_what_is_missing(void **state)
{
	static const struct {
		const char *harm, *words;
	} rows[] = {
		{ "DELETE FROM entry WHERE id = 2", "1 entry of the history is missing" },
		{ "PRAGMA foreign_keys = OFF; DELETE FROM text WHERE text = 'b'",
		  "1 entry has lost its text" },
		{ "UPDATE text SET text = 'c' WHERE text = 'b'", "1 text is not what was written" },
	};
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct journal *journal;
		char why[128] = "";

		unlink(bed->path);
		assert_int_equal(journal_open(bed->path, &journal), 0);
		add(journal, 1, "a");
		add(journal, 2, "b");
		add(journal, 3, "a");
		assert_int_equal(journal_check(journal, why, sizeof(why)), 0);
		journal_close(journal);
		meddle(bed, rows[i].harm);
		assert_int_equal(journal_open(bed->path, &journal), 0);
		assert_int_equal(journal_check(journal, why, sizeof(why)), -EUCLEAN);
		assert_string_equal(why, rows[i].words);
		journal_close(journal);
	}
}

static void entry_as_json(void **state)
{
	const struct journal_entry entry = { .action = "apply",
					     .user = "root",
					     .login = "hanako",
					     .tty = "pts/0",
					     .ssh = "2001:db8::7 50000 2001:db8::1 22",
					     .message = "\xff",
					     .path = "p",
					     .hash = "h",
					     .checks = "[1]",
					     .text = "t" };
	json_t *json = journal_entry_json(&entry, true);

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "from")),
			    "ssh 2001:db8::7, pts/0, login hanako");
	assert_string_equal(json_string_value(json_object_get(json, "message")), "(no UTF-8)");
	assert_int_equal(json_array_size(json_object_get(json, "checks")), 1);
	assert_string_equal(json_string_value(json_object_get(json, "text")), "t");
	json_decref(json);
}

static const struct journal_wait a_wait = {
	.generation = 12,
	.former = 11,
	.seconds = 60,
	.deadline_ms = 1700000060000,
	.deadline_ns = 160000000000,
	.boot = "01234567-89ab-cdef-0123-456789abcdef",
	.uid = 4294967294u,
	.user = "佐賀",
	.by_checks = true,
};

/* An entry and its wait go together. */
static void transaction_is_all_or_none(void **state)
{
	struct bed *bed = *state;
	struct journal *journal;
	struct journal_wait wait;

	assert_int_equal(journal_open(bed->path, &journal), 0);
	assert_int_equal(journal_begin(journal), 0);
	add(journal, 1, "a");
	assert_int_equal(journal_wait_set(journal, &a_wait), 0);
	journal_abort(journal);
	journal_abort(journal); /* nothing is begun */
	assert_int_equal(journal_highest(journal), 0);
	assert_int_equal(journal_wait_get(journal, &wait), -ENOENT);
	assert_int_equal(journal_begin(journal), 0);
	add(journal, 1, "a");
	assert_int_equal(journal_wait_set(journal, &a_wait), 0);
	assert_int_equal(journal_commit(journal), 0);
	journal_close(journal);
	assert_int_equal(journal_peek(bed->path, &journal), 0);
	assert_int_equal(journal_highest(journal), 1);
	assert_int_equal(journal_wait_get(journal, &wait), 0);
	assert_true(wait.by_checks && !wait.by_hand);
	assert_int_equal(journal_begin(journal), -EROFS);
	journal_close(journal);
}

static void wait_is_kept(void **state)
{
	struct bed *bed = *state;
	struct journal *journal;
	struct journal_wait wait, later = a_wait;

	assert_int_equal(journal_open(bed->path, &journal), 0);
	assert_int_equal(journal_wait_get(journal, &wait), -ENOENT);
	assert_int_equal(journal_wait_end(journal), 0);
	assert_int_equal(journal_wait_set(journal, &a_wait), 0);
	journal_close(journal);

	assert_int_equal(journal_open(bed->path, &journal), 0);
	assert_int_equal(journal_wait_get(journal, &wait), 0);
	assert_int_equal(wait.generation, 12);
	assert_int_equal(wait.former, 11);
	assert_int_equal(wait.seconds, 60);
	assert_int_equal(wait.deadline_ms, a_wait.deadline_ms);
	assert_int_equal(wait.deadline_ns, a_wait.deadline_ns);
	assert_string_equal(wait.boot, a_wait.boot);
	assert_int_equal(wait.uid, 4294967294u);
	assert_string_equal(wait.user, "佐賀");
	later.generation = 13; /* there is one only */
	assert_int_equal(journal_wait_set(journal, &later), 0);
	assert_int_equal(journal_wait_get(journal, &wait), 0);
	assert_int_equal(wait.generation, 13);
	assert_int_equal(journal_wait_end(journal), 0);
	assert_int_equal(journal_wait_get(journal, &wait), -ENOENT);
	journal_close(journal);
}

static void wait_is_read_only_for_readers(void **state)
{
	struct bed *bed = *state;
	struct journal *journal, *reader;
	struct journal_wait wait;

	assert_int_equal(journal_open(bed->path, &journal), 0);
	assert_int_equal(journal_peek(bed->path, &reader), 0);
	assert_int_equal(journal_wait_set(reader, &a_wait), -EROFS);
	assert_int_equal(journal_wait_set(journal, &a_wait), 0);
	assert_int_equal(journal_wait_get(reader, &wait), 0);
	assert_int_equal(journal_wait_end(reader), -EROFS);
	journal_close(reader);
	journal_close(journal);
}

/* Of the same boot: the wall clock may jump anywhere. */
static void wait_of_this_boot(void **state)
{
	struct journal_now now = { .mono_ns = 100000000000,
				   .boot = "01234567-89ab-cdef-0123-456789abcdef" };
	const int64_t jumps[] = { 0, 1700000000000, 1700000061000, INT64_MAX };

	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		now.real_ms = jumps[i];
		now.mono_ns = 100000000000;
		assert_int_equal(journal_wait_left(&a_wait, &now), 60000);
		now.mono_ns = 159500000000;
		assert_int_equal(journal_wait_left(&a_wait, &now), 500);
		now.mono_ns = 160000000000;
		assert_int_equal(journal_wait_left(&a_wait, &now), 0);
		now.mono_ns = UINT64_MAX;
		assert_int_equal(journal_wait_left(&a_wait, &now), 0);
	}
	journal_now(&now);
	assert_int_equal(strlen(now.boot), 36);
}

/* Of another boot: the wall clock, and never more than was given. */
static void wait_of_another_boot(void **state)
{
	struct journal_now now = { .real_ms = 1700000059000, .mono_ns = 1, .boot = "other" };

	assert_int_equal(journal_wait_left(&a_wait, &now), 1000);
	now.real_ms = 1700000060000;
	assert_int_equal(journal_wait_left(&a_wait, &now), 0);
	now.real_ms = INT64_MAX;
	assert_int_equal(journal_wait_left(&a_wait, &now), 0);
	now.real_ms = 0; /* no battery: 1970 */
	assert_int_equal(journal_wait_left(&a_wait, &now), 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_first_and_limited, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(find_is_the_newest, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(survives_and_is_private, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(broken_files_are_refused, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(a_text_is_kept_once, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(old_files_are_brought_up, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(later_versions_are_refused, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(check_sees_what_is_missing, bed_up, bed_down),
		cmocka_unit_test(entry_as_json),
		cmocka_unit_test_setup_teardown(transaction_is_all_or_none, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(wait_is_kept, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(wait_is_read_only_for_readers, bed_up, bed_down),
		cmocka_unit_test(wait_of_this_boot),
		cmocka_unit_test(wait_of_another_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
