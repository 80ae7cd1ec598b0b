// SPDX-License-Identifier: Apache-2.0
/*
 * Making a backup: a copy of the journal by SQLite's own means, requests and lists beside it, a sum over all.
 * Called by sekishod's worker.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "install/backupinside.h"
#include "install/journalinside.h"
#include "install/requests.h"
#include "text/whole.h"

/*
 * The newest entry is the policy that a restore brings back. While one waits for its confirmation, that
 * is the former: said as the going back that it would be.
 */
#define WAIT_DECIDE                                                                                \
	"INSERT INTO entry(" JOURNAL_ENTRY_COLUMNS ", text_id)"                                    \
	" SELECT generation, time, 'rollback', uid, pid, 'sekishod', '', '', '',"                  \
	" 'was not confirmed when the backup was made', path, hash, '', text_id FROM entry"        \
	" WHERE generation = (SELECT former FROM wait) ORDER BY id DESC LIMIT 1;"                  \
	"DELETE FROM wait;"
#define TABLES                                                                                     \
	"CREATE TABLE backup_about (key TEXT PRIMARY KEY, value TEXT NOT NULL);"                   \
	"CREATE TABLE backup_file (name TEXT PRIMARY KEY, data BLOB NOT NULL);"

static int failed(struct diag *diag, int err, const char *what, const char *why)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s: %s", what, why);
	return err;
}

static int journal_copy(const struct backup_source *source, sqlite3 *to, struct diag *diag)
{
	sqlite3 *from = NULL;
	sqlite3_backup *copy;
	char path[512];
	int code;

	snprintf(path, sizeof(path), "%s/journal.db", source->state_dir);
	code = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL);
	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(from, JOURNAL_BUSY_MS);
		copy = sqlite3_backup_init(to, "main", from, "main");
		code = copy ? sqlite3_backup_step(copy, -1) : sqlite3_errcode(to);
		if (copy)
			sqlite3_backup_finish(copy);
	}
	sqlite3_close(from);
	return journal_errno(code) ? failed(diag, journal_errno(code),
					    "the journal cannot be copied", sqlite3_errstr(code))
				   : 0;
}

static int row_put(sqlite3 *db, const char *sql, const char *key, const void *data, size_t len,
		   bool text)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = journal_bind_text(stmt, 1, key);
	if (code == SQLITE_OK)
		code = text ? sqlite3_bind_text64(stmt, 2, data, len, SQLITE_STATIC, SQLITE_UTF8)
			    : sqlite3_bind_blob64(stmt, 2, data, len, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return journal_errno(code);
}

static int about_put(sqlite3 *db, const char *key, const char *value)
{
	return row_put(db, "INSERT INTO backup_about VALUES (?1, ?2)", key, value ? value : "",
		       value ? strlen(value) : 0, true);
}

static int abouts_put(sqlite3 *db, const struct backup_source *source)
{
	char now[24];
	int err;

	snprintf(now, sizeof(now), "%" PRId64, (int64_t)time(NULL));
	err = about_put(db, "time", now);
	if (!err)
		err = about_put(db, "host", source->host);
	if (!err)
		err = about_put(db, "instance", source->instance);
	if (!err)
		err = about_put(db, "version", source->version);
	return err ? err : about_put(db, "settings", source->settings);
}

static int file_put(sqlite3 *db, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err = 0;
	struct stat st;
	void *data = NULL;
	size_t done = 0;
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* it went meanwhile */
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISREG(st.st_mode))
		data = malloc((size_t)st.st_size + 1);
	while (data && n > 0 && done < (size_t)st.st_size) {
		n = read(fd, (char *)data + done, (size_t)st.st_size - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (data && n < 0)
		err = -errno;
	if (data && !err)
		err = row_put(db, "INSERT INTO backup_file VALUES (?1, ?2)", name, data, done, false);
	else if (!data && !err && S_ISREG(st.st_mode))
		err = -ENOMEM;
	free(data);
	close(fd);
	return err;
}

static int files_put(sqlite3 *db, const struct backup_source *source, struct diag *diag)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;
	int err = 0;

	snprintf(path, sizeof(path), "%s/lists", source->state_dir);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : failed(diag, -errno, path, strerror(errno));
	while (!err && (entry = readdir(dir))) {
		if (!backup_name_good(entry->d_name))
			continue;
		err = file_put(db, dirfd(dir), entry->d_name);
		if (err)
			failed(diag, err, entry->d_name, strerror(-err));
	}
	closedir(dir);
	return err;
}

static int exec(sqlite3 *db, const char *sql)
{
	return journal_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* Requests for release are in a file of their own: here they are a table. Outside any transaction. */
static int requests_copy(const struct backup_source *source, sqlite3 *db)
{
	char path[512];
	char *attach;
	int err;

	snprintf(path, sizeof(path), "%s/requests.db", source->state_dir);
	if (access(path, F_OK))
		return errno == ENOENT ? 0 : -errno;
	attach = sqlite3_mprintf("ATTACH %Q AS asked", path);
	err = attach ? exec(db, attach) : -ENOMEM;
	sqlite3_free(attach);
	if (err)
		return err;
	sqlite3_busy_timeout(db, JOURNAL_BUSY_MS);
	err = exec(db, "CREATE TABLE main.backup_request AS SELECT " REQUEST_COLUMNS
		       " FROM asked.request ORDER BY id");
	/* Whatever came of it, nobody writes there from here. */
	return exec(db, "DETACH asked") ? -EIO : err;
}

/* The database of a backup, at path. A file of its own: no -wal beside it. */
static int database_make(const struct backup_source *source, const char *path, struct diag *diag)
{
	sqlite3 *db = NULL;
	size_t errors = diag->error_cnt;
	int err = journal_errno(sqlite3_open(path, &db));

	if (!err)
		err = journal_copy(source, db, diag);
	if (!err)
		err = exec(db,
			   "PRAGMA journal_mode = OFF; PRAGMA application_id = " BACKUP_APPLICATION);
	if (!err)
		err = requests_copy(source, db);
	if (!err)
		err = exec(db, "BEGIN;" WAIT_DECIDE TABLES);
	if (!err)
		err = abouts_put(db, source);
	if (!err)
		err = files_put(db, source, diag);
	if (!err)
		err = exec(db, "COMMIT");
	if (err && diag->error_cnt == errors)
		failed(diag, err, path, db ? sqlite3_errmsg(db) : strerror(-err));
	sqlite3_close(db);
	return err;
}

/* The head is written first with a wrong sum, and again when the sum is known. */
static int bytes_copy(int from, int to, uint64_t *ret_bytes)
{
	char head[BACKUP_HEAD_LEN + 1], hex[BACKUP_HEX_LEN + 1] = "";
	struct backup_sum sum;
	uint64_t bytes = 0;
	char part[65536];
	ssize_t n = 0;
	int err;

	backup_head_print(head, "", 0);
	err = write_whole(to, head, BACKUP_HEAD_LEN);
	if (!err)
		err = backup_sum_begin(&sum);
	if (err)
		return err;
	while (!err && (n = read(from, part, sizeof(part))) > 0) {
		backup_sum_add(&sum, part, (size_t)n);
		bytes += (uint64_t)n;
		err = write_whole(to, part, (size_t)n);
	}
	if (n < 0)
		err = -errno;
	backup_sum_end(&sum, hex);
	backup_head_print(head, hex, bytes);
	if (!err && pwrite(to, head, BACKUP_HEAD_LEN, 0) != BACKUP_HEAD_LEN)
		err = -EIO;
	if (!err && fsync(to))
		err = -errno;
	*ret_bytes = BACKUP_HEAD_LEN + bytes;
	return err;
}

/* What could not be restored is told now, not when it is needed. */
static int history_check(const char *path, struct diag *diag)
{
	struct journal *journal = NULL;
	char why[256] = "";
	int err = journal_peek(path, &journal);

	if (!err)
		err = journal_check(journal, why, sizeof(why));
	journal_close(journal);
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 "restore an older backup, or find what was lost",
			 "the history is not whole, and a backup of it could not be restored: %s",
			 why[0] ? why : strerror(-err));
	return err;
}

int backup_write(const struct backup_source *source, int fd, uint64_t *ret_bytes, struct diag *diag)
{
	char path[512];
	mode_t mask = umask(0077);
	int from = -1, err;

	snprintf(path, sizeof(path), "%s/backup.tmp", source->state_dir);
	unlink(path);
	err = database_make(source, path, diag);
	umask(mask);
	if (!err && !source->as_it_is)
		err = history_check(path, diag);
	if (!err) {
		from = open(path, O_RDONLY | O_CLOEXEC);
		err = from < 0 ? -errno : bytes_copy(from, fd, ret_bytes);
		if (err)
			failed(diag, err, "the backup cannot be written", strerror(-err));
	}
	if (from >= 0)
		close(from);
	unlink(path);
	return err;
}
