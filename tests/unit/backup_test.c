// SPDX-License-Identifier: Apache-2.0
/*
 * Backups as files: what goes in comes out, every broken one is refused and changes nothing, a restore
 * that was cut short is finished. Works in directories of its own below /tmp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "install/backupinside.h"
#include "install/journalinside.h"
#include "install/requests.h"

struct bed {
	char dir[64]; /* the state that is backed up */
	char other[64]; /* where it is restored */
	char file[80];
};

static void bed_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool bed_has(const char *dir, const char *name, const char *text)
{
	char path[256], found[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	found[fread(found, 1, sizeof(found) - 1, file)] = 0;
	fclose(file);
	return !strcmp(found, text);
}

static void history(const char *dir, uint32_t from, uint32_t to, const struct journal_wait *wait)
{
	struct journal *journal;
	char path[128], text[64];

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	assert_int_equal(journal_open(path, &journal), 0);
	for (uint32_t i = from; i <= to; i++) {
		const struct journal_entry entry = { .generation = i,
						     .action = "apply",
						     .user = "root",
						     .path = "p.yaml",
						     .text = text };

		snprintf(text, sizeof(text), "policy %u", i);
		assert_int_equal(journal_add(journal, &entry), 0);
	}
	if (wait)
		assert_int_equal(journal_wait_set(journal, wait), 0);
	journal_close(journal);
}

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	char lists[128];

	if (!bed)
		return -1;
	*state = bed;
	strcpy(bed->dir, "/tmp/sekisho-backup-XXXXXX");
	strcpy(bed->other, "/tmp/sekisho-restore-XXXXXX");
	if (!mkdtemp(bed->dir) || !mkdtemp(bed->other))
		return -1;
	snprintf(bed->file, sizeof(bed->file), "%s/file", bed->dir);
	snprintf(lists, sizeof(lists), "%s/lists", bed->dir);
	mkdir(lists, 0700);
	history(bed->dir, 1, 3, NULL);
	bed_file(bed->dir, "lists/drop.list", "192.0.2.0/24\n");
	bed_file(bed->dir, "lists/drop.hand", "+ 198.51.100.7 0 scans us\n");
	bed_file(bed->dir, "lists/drop.list.new", "half");
	return 0;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;
	char command[200];

	snprintf(command, sizeof(command), "rm -r %s %s", bed->dir, bed->other);
	free(bed);
	return system(command);
}

static void take(struct bed *bed)
{
	const struct backup_source source = {
		.state_dir = bed->dir, .host = "gate", .instance = "", .version = "0.1", .settings = "{}"
	};
	int fd = open(bed->file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t bytes = 0;
	struct diag diag;
	struct stat st;

	diag_init(&diag);
	assert_true(fd >= 0);
	assert_int_equal(backup_write(&source, fd, &bytes, &diag), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(bytes, st.st_size);
	close(fd);
	diag_free(&diag);
}

/* words: part of what is said; NULL: it is read. */
static struct backup *give(const struct bed *bed, const char *words)
{
	int fd = open(bed->file, O_RDONLY), err;
	struct backup *backup = NULL;
	char left[128];
	struct diag diag;

	diag_init(&diag);
	err = backup_read(fd, bed->other, &backup, &diag);
	close(fd);
	if (words) {
		assert_int_equal(err, -EBADMSG);
		assert_int_equal(diag.cnt, 1);
		if (!strstr(diag.entries[0].text, words))
			fail_msg("'%s' is not in: %s", words, diag.entries[0].text);
		snprintf(left, sizeof(left), "%s/restore.tmp", bed->other);
		assert_int_not_equal(access(left, F_OK), 0);
	} else {
		diag_print(&diag, stderr);
		assert_int_equal(err, 0);
	}
	diag_free(&diag);
	return backup;
}

static void redo(const struct bed *bed, int wanted)
{
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(backup_redo(bed->other, &diag), wanted);
	diag_free(&diag);
}

static int newest(const struct journal_entry *entry, void *arg)
{
	snprintf(arg, 64, "%s %u %s", entry->action, entry->generation, entry->text);
	return 1;
}

static void journal_is(const char *dir, const char *wanted)
{
	struct journal *journal;
	char path[128], found[64] = "", why[128] = "";

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	assert_int_equal(journal_open(path, &journal), 0);
	assert_int_equal(journal_check(journal, why, sizeof(why)), 0);
	assert_int_equal(journal_walk(journal, 1, newest, found), 1);
	assert_string_equal(found, wanted);
	journal_close(journal);
}

static void comes_back_whole(void **state)
{
	struct bed *bed = *state;
	struct backup *backup;
	char *text, *path;

	take(bed);
	bed_file(bed->other, "other", "");
	history(bed->other, 50, 60, NULL); /* replaced by the shorter one */
	backup = give(bed, NULL);
	assert_int_equal(backup_policy(backup, &text, &path), 0);
	assert_string_equal(text, "policy 3");
	assert_string_equal(path, "p.yaml");
	free(text);
	free(path);
	assert_string_equal(json_string_value(json_object_get(backup_about(backup), "host")), "gate");
	redo(bed, 0); /* not committed */
	journal_is(bed->other, "apply 60 policy 60");
	assert_int_equal(backup_commit(backup), 0);
	backup_free(backup);
	redo(bed, 1);
	redo(bed, 0);
	journal_is(bed->other, "apply 3 policy 3");
	assert_true(bed_has(bed->other, "lists/drop.list", "192.0.2.0/24\n"));
	assert_true(bed_has(bed->other, "lists/drop.hand", "+ 198.51.100.7 0 scans us\n"));
	assert_false(bed_has(bed->other, "lists/drop.list.new", "half"));
	history(bed->other, 4, 4, NULL); /* numbering goes on without a gap */
	journal_is(bed->other, "apply 4 policy 4");
}

static void lists_of_before_go(void **state)
{
	struct bed *bed = *state;
	struct backup *backup;
	char path[128];

	take(bed);
	snprintf(path, sizeof(path), "%s/lists", bed->other);
	mkdir(path, 0700);
	bed_file(bed->other, "lists/later.hand", "+ 203.0.113.1 0 \n");
	bed_file(bed->other, "lists/drop.hand", "+ 203.0.113.2 0 \n");
	backup = give(bed, NULL);
	assert_int_equal(backup_commit(backup), 0);
	backup_free(backup);
	redo(bed, 1);
	assert_false(bed_has(bed->other, "lists/later.hand", "+ 203.0.113.1 0 \n"));
	assert_true(bed_has(bed->other, "lists/drop.hand", "+ 198.51.100.7 0 scans us\n"));
}

/* One override for each word of names, and one request for it. */
static void wishes(const char *dir, const char *const names[])
{
	struct journal *journal;
	struct requests *requests;
	char path[128], sql[400], reference[REQUEST_REFERENCE];
	int64_t id;

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	assert_int_equal(journal_open(path, &journal), 0);
	assert_int_equal(journal_overrides_table(journal), 0);
	snprintf(path, sizeof(path), "%s/requests.db", dir);
	assert_int_equal(requests_open(path, &requests), 0);
	for (int i = 0; names[i]; i++) {
		const struct url_request ask = { .reference = names[i],
						 .tenant = "alpha",
						 .client = "10.1.0.5",
						 .name = names[i] };

		snprintf(sql, sizeof(sql),
			 "INSERT INTO name_override(tenant, name, allow, made, until, reason, asked_by,"
			 " allowed_by) VALUES ('alpha', '%s', 1, 1, 0, 'why', 'a', 'b')",
			 names[i]);
		assert_int_equal(journal_exec(journal, sql), 0);
		assert_int_equal(requests_add(requests, &ask, &id, reference), 0);
	}
	requests_close(requests);
	journal_close(journal);
}

/* All of a column, "a b c". */
static void column_is(const char *dir, const char *file, const char *sql, const char *wanted)
{
	char path[128], found[256] = "";
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t len = strlen(found);

		snprintf(found + len, sizeof(found) - len, "%s%s", len ? " " : "",
			 sqlite3_column_text(stmt, 0));
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	assert_string_equal(found, wanted);
}

static void wishes_are(const char *dir, const char *wanted)
{
	column_is(dir, "requests.db", "SELECT name FROM request ORDER BY id", wanted);
	column_is(dir, "journal.db", "SELECT name FROM name_override ORDER BY id", wanted);
}

/* What was asked for and what was decided of it, in place of what there is; also where there is none. */
static void requests_and_overrides_come_back(void **state)
{
	struct bed *bed = *state;
	struct backup *backup;

	wishes(bed->dir, (const char *const[]){ "one.example", "two.example", NULL });
	take(bed);
	history(bed->other, 1, 1, NULL);
	wishes(bed->other, (const char *const[]){ "three.example", NULL });
	backup = give(bed, NULL);
	wishes_are(bed->other, "three.example");
	assert_int_equal(backup_commit(backup), 0);
	backup_free(backup);
	redo(bed, 1);
	wishes_are(bed->other, "one.example two.example");
}

/* A backup of before there were requests ends overrides, which are the journal's, and no request. */
static void a_backup_without_requests_leaves_them(void **state)
{
	struct bed *bed = *state;
	struct backup *backup;

	take(bed);
	history(bed->other, 1, 1, NULL);
	wishes(bed->other, (const char *const[]){ "three.example", NULL });
	backup = give(bed, NULL);
	assert_int_equal(backup_commit(backup), 0);
	backup_free(backup);
	redo(bed, 1);
	column_is(bed->other, "requests.db", "SELECT name FROM request", "three.example");
	column_is(bed->other, "journal.db", "SELECT name FROM name_override", "");
}

/* What nobody had confirmed does not become lasting by a restore. */
static void a_waiting_policy_is_not_kept(void **state)
{
	const struct journal_wait wait = { .generation = 3, .former = 2, .seconds = 60 };
	struct bed *bed = *state;
	struct backup *backup;
	struct journal *journal;
	struct journal_wait found;
	char path[128];

	history(bed->dir, 4, 3, &wait);
	take(bed);
	backup = give(bed, NULL);
	assert_int_equal(backup_commit(backup), 0);
	backup_free(backup);
	redo(bed, 1);
	journal_is(bed->other, "rollback 2 policy 2");
	snprintf(path, sizeof(path), "%s/journal.db", bed->other);
	assert_int_equal(journal_peek(path, &journal), 0);
	assert_int_equal(journal_wait_get(journal, &found), -ENOENT);
	journal_close(journal);
}

/* A history with a gap: said when the backup is taken. */
static void a_gap_is_told_at_once(void **state)
{
	struct bed *bed = *state;
	const struct backup_source source = { .state_dir = bed->dir, .host = "", .settings = "" };
	int fd = open(bed->file, O_RDWR | O_CREAT, 0600);
	char path[128];
	struct diag diag;
	uint64_t bytes;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/journal.db", bed->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM entry WHERE id = 2", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	diag_init(&diag);
	assert_int_equal(backup_write(&source, fd, &bytes, &diag), -EUCLEAN);
	assert_non_null(strstr(diag.entries[0].text, "1 entry of the history is missing"));
	close(fd);
	diag_free(&diag);
}

static void byte_turn(const struct bed *bed, off_t at)
{
	int fd = open(bed->file, O_RDWR);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void broken_ones_are_refused(void **state)
{
	struct bed *bed = *state;
	struct stat st;

	take(bed);
	assert_int_equal(stat(bed->file, &st), 0);
	for (off_t at = 0; at < BACKUP_HEAD_LEN; at++) {
		byte_turn(bed, at);
		give(bed, at < 15 ? "no backup" : at < 24 ? "version" : "damaged");
		byte_turn(bed, at);
	}
	for (off_t at = BACKUP_HEAD_LEN; at < st.st_size; at += 997) {
		byte_turn(bed, at);
		give(bed, "SHA-256");
		byte_turn(bed, at);
	}
	for (off_t len = st.st_size - 1; len > 0; len /= 2) {
		assert_int_equal(truncate(bed->file, len), 0);
		give(bed, len < BACKUP_HEAD_LEN ? "no backup" : "shorter or longer");
	}
	take(bed);
	assert_int_equal(truncate(bed->file, st.st_size + 1), 0);
	give(bed, "shorter or longer");
	bed_file(bed->dir, "file", "SQLite format 3");
	give(bed, "no backup");
	assert_int_equal(truncate(bed->file, 0), 0);
	give(bed, "no backup");
}

/* Whole by its sum, and yet not what we write. sql changes the database in it. */
static void crafted(struct bed *bed, const char *sql, const char *words)
{
	char head[BACKUP_HEAD_LEN + 1], hex[BACKUP_HEX_LEN + 1], path[256], part[65536];
	struct backup_sum sum;
	sqlite3 *db;
	uint64_t bytes = 0;
	FILE *file, *from;
	size_t n;

	take(bed);
	snprintf(path, sizeof(path), "tail -c +%d %s > %s.db", BACKUP_HEAD_LEN + 1, bed->file,
		 bed->file);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s.db", bed->file);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	file = fopen(bed->file, "w");
	from = fopen(path, "r");
	backup_head_print(head, "", 0);
	fwrite(head, 1, BACKUP_HEAD_LEN, file);
	assert_int_equal(backup_sum_begin(&sum), 0);
	while ((n = fread(part, 1, sizeof(part), from)) > 0) {
		backup_sum_add(&sum, part, n);
		bytes += fwrite(part, 1, n, file);
	}
	backup_sum_end(&sum, hex);
	backup_head_print(head, hex, bytes);
	rewind(file);
	fwrite(head, 1, BACKUP_HEAD_LEN, file);
	fclose(file);
	fclose(from);
	unlink(path);
	backup_free(give(bed, words));
}

static void foreign_ones_are_refused(void **state)
{
	struct bed *bed = *state;

	crafted(bed, "SELECT 1", NULL);
	crafted(bed, "PRAGMA application_id = 1", "not one of sekisho");
	crafted(bed, "INSERT INTO backup_file VALUES ('../../etc/passwd', 'x')",
		"not one of sekisho");
	crafted(bed, "INSERT INTO backup_file VALUES ('', 'x')", "not one of sekisho");
	crafted(bed, "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END",
		"not one of sekisho");
	crafted(bed, "ALTER TABLE entry RENAME TO e; CREATE VIEW entry AS SELECT * FROM e",
		"not one of sekisho");
	crafted(bed, "DROP TABLE backup_about", "does not say");
	crafted(bed, "DELETE FROM entry WHERE id = 2", "of the history is missing");
	crafted(bed, "UPDATE text SET text = 'another'", "not what was written");
	crafted(bed, "PRAGMA user_version = 9", "version");
}

static void names_are_names(void **state)
{
	static const char *const good[] = { "drop.list", "a.hand", "A-b_c.0" };
	static const char *const bad[] = { "",	".",	      "..", ".x", "a/b",
					   "/", "a.list.new", "あ", "a b" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(backup_name_good(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(backup_name_good(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(comes_back_whole, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(lists_of_before_go, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(requests_and_overrides_come_back, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(a_backup_without_requests_leaves_them, bed_up,
						bed_down),
		cmocka_unit_test_setup_teardown(a_waiting_policy_is_not_kept, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(a_gap_is_told_at_once, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(broken_ones_are_refused, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(foreign_ones_are_refused, bed_up, bed_down),
		cmocka_unit_test(names_are_names),
	};

	return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
