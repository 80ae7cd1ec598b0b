// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a backup and putting it in place. Called by sekishod: by the worker at a restore, by the start
 * when a power cut came in between.
 * Promises: until backup_commit() nothing of the present state has changed; after it, everything will.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/backupinside.h"
#include "install/hand.h"
#include "install/journalinside.h"
#include "install/requests.h"

#define READ_NAME "restore.tmp"
#define COMMITTED_NAME "restore.db"

struct backup {
	char *state_dir;
	char path[512]; /* of the database, taken out of the backup */
	json_t *about;
	char *text, *policy_path; /* NULL: no policy */
};

/* --- head, sum, names --- */

int backup_sum_begin(struct backup_sum *sum)
{
	sum->context = EVP_MD_CTX_new();
	if (sum->context && EVP_DigestInit_ex(sum->context, EVP_sha256(), NULL) == 1)
		return 0;
	EVP_MD_CTX_free(sum->context);
	return -ENOMEM;
}

void backup_sum_add(struct backup_sum *sum, const void *bytes, size_t len)
{
	EVP_DigestUpdate(sum->context, bytes, len);
}

void backup_sum_end(struct backup_sum *sum, char *to)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	EVP_DigestFinal_ex(sum->context, hash, &len);
	EVP_MD_CTX_free(sum->context);
	for (unsigned int i = 0; i < len && 2 * i < BACKUP_HEX_LEN; i++)
		snprintf(to + 2 * (size_t)i, 3, "%02x", hash[i]);
}

void backup_head_print(char *to, const char *hex, uint64_t bytes)
{
	snprintf(to, BACKUP_HEAD_LEN + 1, "sekisho backup 1\nsha256 %-64s\nbytes %020llu\n", hex,
		 (unsigned long long)bytes);
}

bool backup_name_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t len = strlen(name);

	return len && len < 128 && name[0] != '.' && strspn(name, letters) == len &&
	       (len < 4 || strcmp(name + len - 4, ".new") != 0);
}

/* --- reading --- */

static int broken(struct diag *diag, const char *hint, const char *what)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, hint, "%s", what);
	return -EBADMSG;
}

static int whole_read(int fd, void *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)to + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The sum and the length that the head claims. Read back, it must be just what was read. */
static int head_read(int fd, char *ret_hex, uint64_t *ret_bytes, struct diag *diag)
{
	static const char start[] = "sekisho backup 1\nsha256 ", middle[] = "\nbytes ";
	char head[BACKUP_HEAD_LEN + 1] = "", again[BACKUP_HEAD_LEN + 1];
	const char *hex = head + strlen(start), *digits = hex + BACKUP_HEX_LEN + strlen(middle);
	int err = whole_read(fd, head, BACKUP_HEAD_LEN);

	if (err == -EBADMSG || (!err && strncmp(head, start, 15) != 0))
		return broken(diag, "sekisho agent backup makes them",
			      "this is no backup of sekisho");
	if (err) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "the backup cannot be read: %s",
			 strerror(-err));
		return err;
	}
	if (strncmp(head, start, strlen(start)) != 0)
		return broken(diag, NULL,
			      "this backup is of a version that this program does not know");
	snprintf(ret_hex, BACKUP_HEX_LEN + 1, "%.*s", BACKUP_HEX_LEN, hex);
	*ret_bytes = strtoull(digits, NULL, 10);
	backup_head_print(again, ret_hex, *ret_bytes);
	if (memcmp(head, again, BACKUP_HEAD_LEN) != 0 ||
	    strspn(ret_hex, "0123456789abcdef") != BACKUP_HEX_LEN)
		return broken(diag, "take another one", "the backup is damaged: its head is broken");
	return 0;
}

/* Takes the database out of the backup, and sums it. */
static int bytes_take(int from, int to, uint64_t bytes, char *ret_hex)
{
	struct backup_sum sum;
	int err = backup_sum_begin(&sum);
	char part[65536], beyond;

	if (err)
		return err;
	while (!err && bytes) {
		size_t len = bytes < sizeof(part) ? (size_t)bytes : sizeof(part);

		err = whole_read(from, part, len);
		if (!err && write(to, part, len) != (ssize_t)len)
			err = -EIO;
		backup_sum_add(&sum, part, err ? 0 : len);
		bytes -= len;
	}
	if (!err && read(from, &beyond, 1) != 0)
		err = -EBADMSG;
	if (!err && fsync(to))
		err = -errno;
	backup_sum_end(&sum, ret_hex);
	return err;
}

static int database_take(int fd, const char *path, struct diag *diag)
{
	char claimed[BACKUP_HEX_LEN + 1], found[BACKUP_HEX_LEN + 1] = "";
	uint64_t bytes = 0;
	int to, err = head_read(fd, claimed, &bytes, diag);

	if (err)
		return err;
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	err = to < 0 ? -errno : bytes_take(fd, to, bytes, found);
	if (to >= 0)
		close(to);
	if (err == -EBADMSG)
		return broken(diag, "take another one",
			      "the backup is damaged: it is shorter or longer than it says");
	if (err) {
		diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "the backup cannot be taken out: %s",
			 strerror(-err));
		return err;
	}
	if (strcmp(claimed, found) != 0)
		return broken(diag, "take another one",
			      "the backup is damaged: its bytes do not give its SHA-256");
	return 0;
}

/* The first column of the first row; -1 for none. */
static int64_t number_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

static int names_check(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, "SELECT name FROM backup_file", -1, &stmt, NULL);
	int err = 0;

	while (!err && code != SQLITE_DONE) {
		code = code == SQLITE_OK || code == SQLITE_ROW ? sqlite3_step(stmt) : code;
		if (code == SQLITE_ROW) {
			const char *name = (const char *)sqlite3_column_text(stmt, 0);

			err = name && backup_name_good(name) ? 0 : -EBADMSG;
		} else if (code != SQLITE_DONE) {
			err = -EBADMSG;
		}
	}
	sqlite3_finalize(stmt);
	return err;
}

/* Whoever wrote it, it may hold tables and their indices alone, and calls nothing. */
static int foreign_check(const char *path, json_t **ret_about, struct diag *diag)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	json_t *about = json_object();
	int err = 0;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", NULL, NULL,
			 NULL) != SQLITE_OK ||
	    number_of(db, "PRAGMA application_id") != 0x53454b42 ||
	    number_of(db, "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')") ||
	    names_check(db))
		err = broken(diag, "sekisho agent backup makes them",
			     "the backup's database is not one of sekisho");
	if (!err && sqlite3_prepare_v2(db, "SELECT key, value FROM backup_about", -1, &stmt, NULL))
		err = broken(diag, NULL, "the backup does not say what it is of");
	while (!err && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(stmt, 0);
		const char *value = (const char *)sqlite3_column_text(stmt, 1);

		if (key && value)
			json_object_set_new(about, key, json_string(value));
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	if (err)
		json_decref(about);
	else
		*ret_about = about;
	return err;
}

static int policy_found(const struct journal_entry *entry, void *arg)
{
	struct backup *backup = arg;

	if (!entry->generation || !entry->text[0])
		return 0;
	backup->text = strdup(entry->text);
	backup->policy_path = strdup(entry->path);
	return backup->text && backup->policy_path ? 1 : -ENOMEM;
}

static int history_check(struct backup *backup, struct diag *diag)
{
	struct journal *journal = NULL;
	char why[256] = "";
	int err = journal_peek(backup->path, &journal);

	if (err == -EPROTO)
		return broken(diag, NULL,
			      "the backup's history is of a version that this program does not know");
	if (!err)
		err = journal_check(journal, why, sizeof(why));
	if (err) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "take another one",
			 "the backup's history is not whole: %s", why[0] ? why : strerror(-err));
		err = -EBADMSG;
	} else {
		err = journal_walk(journal, 0, policy_found, backup);
	}
	journal_close(journal);
	return err < 0 ? err : 0;
}

int backup_read(int fd, const char *state_dir, struct backup **ret_backup, struct diag *diag)
{
	struct backup *backup = calloc(1, sizeof(*backup));
	int err = -ENOMEM;

	if (!backup)
		return err;
	backup->state_dir = strdup(state_dir);
	snprintf(backup->path, sizeof(backup->path), "%s/" READ_NAME, state_dir);
	if (backup->state_dir)
		err = database_take(fd, backup->path, diag);
	if (!err)
		err = foreign_check(backup->path, &backup->about, diag);
	if (!err)
		err = history_check(backup, diag);
	if (err) {
		backup_free(backup);
		return err;
	}
	*ret_backup = backup;
	return 0;
}

void backup_free(struct backup *backup)
{
	if (!backup)
		return;
	unlink(backup->path); /* gone already when it was committed */
	json_decref(backup->about);
	free(backup->state_dir);
	free(backup->text);
	free(backup->policy_path);
	free(backup);
}

int backup_policy(const struct backup *backup, char **ret_text, char **ret_path)
{
	char *text, *path;

	if (!backup->text)
		return -ENOENT;
	text = strdup(backup->text);
	path = strdup(backup->policy_path);
	if (!text || !path) {
		free(text);
		free(path);
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_path = path;
	return 0;
}

const json_t *backup_about(const struct backup *backup)
{
	return backup->about;
}

/* --- putting in place --- */

static int dir_flush(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (fd < 0 || fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

int backup_commit(struct backup *backup)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/" COMMITTED_NAME, backup->state_dir);
	return rename(backup->path, path) ? -errno : dir_flush(backup->state_dir);
}

struct blob {
	const void *data;
	size_t len;
};

static int blob_write(FILE *out, const void *what)
{
	const struct blob *blob = what;

	return fwrite(blob->data, 1, blob->len, out) == blob->len ? 0 : -EIO;
}

/* Files that the backup does not have go; those that it has are replaced, one by one. */
static void files_clear(sqlite3 *db, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		sqlite3_stmt *stmt = NULL;
		bool known = false;

		if (entry->d_name[0] == '.')
			continue;
		if (sqlite3_prepare_v2(db, "SELECT 1 FROM backup_file WHERE name = ?1", -1, &stmt,
				       NULL) == SQLITE_OK &&
		    journal_bind_text(stmt, 1, entry->d_name) == SQLITE_OK)
			known = sqlite3_step(stmt) == SQLITE_ROW;
		sqlite3_finalize(stmt);
		if (!known)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

static int files_restore(const char *state_dir, sqlite3 *db)
{
	char folder[512], path[1024];
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, "SELECT name, data FROM backup_file", -1, &stmt, NULL);
	int err = journal_errno(code);

	snprintf(folder, sizeof(folder), "%s/lists", state_dir);
	if (!err && mkdir(folder, 0750) && errno != EEXIST)
		err = -errno;
	if (!err)
		files_clear(db, folder);
	while (!err && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct blob blob = { sqlite3_column_blob(stmt, 1),
					   (size_t)sqlite3_column_bytes(stmt, 1) };

		snprintf(path, sizeof(path), "%s/%s", folder, sqlite3_column_text(stmt, 0));
		err = file_replace(path, blob_write, &blob);
	}
	sqlite3_finalize(stmt);
	if (!err && code != SQLITE_DONE)
		err = journal_errno(code);
	return err ? err : dir_flush(folder);
}

/*
 * In one transaction; whoever reads the journal meanwhile sees all of the one or of the other. A journal
 * of before there were overrides has none.
 */
#define REPLACE                                                                                    \
	"BEGIN IMMEDIATE; DELETE FROM main.wait; DELETE FROM main.entry; DELETE FROM main.text;"   \
	"INSERT INTO main.text SELECT id, digest, text FROM restored.text;"                        \
	"INSERT INTO main.entry(id, " JOURNAL_ENTRY_COLUMNS ", text_id)"                           \
	" SELECT id, " JOURNAL_ENTRY_COLUMNS ", text_id FROM restored.entry ORDER BY id;"          \
	"UPDATE main.sqlite_sequence SET seq = (SELECT ifnull(max(id), 0) FROM main.entry)"        \
	" WHERE name = 'entry'; DELETE FROM main.name_override;"
#define OVERRIDES                                                                                  \
	"INSERT OR IGNORE INTO main.name_override(" JOURNAL_OVERRIDE_COLUMNS ")"                   \
	" SELECT " JOURNAL_OVERRIDE_COLUMNS " FROM restored.name_override ORDER BY id;"

static int history_replace(struct journal *journal)
{
	bool overrides = number_of(journal->db, "SELECT count(*) FROM restored.sqlite_master"
						" WHERE name = 'name_override'") > 0;
	int err = journal_overrides_table(journal);

	if (err)
		return err;
	err = journal_exec(journal, overrides ? REPLACE OVERRIDES "COMMIT" : REPLACE "COMMIT");
	if (err)
		journal_abort(journal);
	return err;
}

static int history_restore(const char *state_dir, const char *from)
{
	struct journal *journal = NULL;
	char path[512];
	char *attach = sqlite3_mprintf("ATTACH %Q AS restored", from);
	int err = attach ? 0 : -ENOMEM;

	snprintf(path, sizeof(path), "%s/journal.db", state_dir);
	if (!err)
		err = journal_open(path, &journal);
	if (!err)
		err = journal_exec(journal, attach);
	if (!err)
		err = history_replace(journal);
	journal_close(journal);
	sqlite3_free(attach);
	return err;
}

static int requests_take(const char *state_dir, const char *from)
{
	struct requests *requests = NULL;
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/requests.db", state_dir);
	err = requests_open(path, &requests);
	if (!err)
		err = requests_restore(requests, from);
	requests_close(requests);
	return err;
}

int backup_redo(const char *state_dir, struct diag *diag)
{
	sqlite3 *db = NULL;
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/" COMMITTED_NAME, state_dir);
	if (access(path, F_OK))
		return errno == ENOENT ? 0 : -errno;
	err = journal_errno(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
	if (!err)
		err = files_restore(state_dir, db);
	sqlite3_close(db);
	if (!err)
		err = history_restore(state_dir, path);
	if (!err)
		err = requests_take(state_dir, path);
	if (!err && unlink(path))
		err = -errno;
	if (!err)
		err = dir_flush(state_dir);
	if (err)
		diag_add(diag, DIAG_ERROR, path, 0, 0, "it is done again at the agent's next start",
			 "the restore could not be finished: %s", strerror(-err));
	return err ? err : 1;
}
