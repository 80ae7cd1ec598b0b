// SPDX-License-Identifier: Apache-2.0
/*
 * Overrides: what a tenant has decided of a name, above all lists; in the overlay, and in a table of the
 * journal. Called by the agent, in one thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "install/journalinside.h"
#include "install/namesinside.h"

/* --- in the journal --- */

int journal_overrides_table(struct journal *journal)
{
	return journal_exec(journal, "CREATE TABLE IF NOT EXISTS name_override ("
				     "id INTEGER PRIMARY KEY AUTOINCREMENT,"
				     "tenant TEXT NOT NULL, name TEXT NOT NULL, allow INTEGER NOT NULL,"
				     "made INTEGER NOT NULL, until INTEGER NOT NULL, ended INTEGER,"
				     "reason TEXT NOT NULL, asked_by TEXT NOT NULL,"
				     "allowed_by TEXT NOT NULL)");
}

/* Runs a statement once; 0 or -errno. */
static int statement_run(struct journal *journal, const char *sql, const char *const texts[],
			 size_t text_cnt, const int64_t numbers[], size_t number_cnt)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);

	for (size_t i = 0; i < text_cnt && code == SQLITE_OK; i++)
		code = journal_bind_text(stmt, (int)i + 1, texts[i]);
	for (size_t i = 0; i < number_cnt && code == SQLITE_OK; i++)
		code = sqlite3_bind_int64(stmt, (int)(text_cnt + i) + 1, numbers[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return journal_errno(code);
}

/* What is over stays in the table, for whoever asks who allowed what; it is only not in force. */
static int journal_ruling_end(struct journal *journal, const struct name_ruling *ruling)
{
	const int64_t numbers[] = { time(NULL), ruling->id };

	return statement_run(journal, "UPDATE name_override SET ended = ?1 WHERE id = ?2", NULL, 0,
			     numbers, 2);
}

static int journal_ruling_add(struct journal *journal, struct name_ruling *ruling, const char *name)
{
	const char *const texts[] = { ruling->tenant, name, ruling->reason, ruling->asked_by,
				      ruling->allowed_by };
	const int64_t numbers[] = { ruling->allow, ruling->made, ruling->until };
	int err = statement_run(journal,
				"INSERT INTO name_override(tenant, name, reason, asked_by, allowed_by,"
				" allow, made, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
				texts, 5, numbers, 3);

	if (!err)
		ruling->id = sqlite3_last_insert_rowid(journal->db);
	return err;
}

/* --- in memory --- */

static void ruling_free(struct name_ruling *ruling)
{
	free(ruling->tenant);
	free(ruling->reason);
	free(ruling->asked_by);
	free(ruling->allowed_by);
}

static char *text_copy(const char *text)
{
	return strdup(text ? text : "");
}

static int ruling_make(const struct name_override *override, const struct name_key *key,
		       struct name_ruling *ret_ruling)
{
	*ret_ruling = (struct name_ruling){
		.id = override->id,
		.made = override->made,
		.until = override->until,
		.tenant = text_copy(override->tenant),
		.reason = text_copy(override->reason),
		.asked_by = text_copy(override->asked_by),
		.allowed_by = text_copy(override->allowed_by),
		.key = *key,
		.allow = override->allow,
	};
	if (ret_ruling->tenant && ret_ruling->reason && ret_ruling->asked_by && ret_ruling->allowed_by)
		return 0;
	ruling_free(ret_ruling);
	return -ENOMEM;
}

static ssize_t ruling_find(const struct names *names, const char *tenant, const struct name_key *key)
{
	for (size_t i = 0; i < names->ruling_cnt; i++)
		if (name_key_same(&names->rulings[i].key, key) &&
		    !strcmp(names->rulings[i].tenant, tenant))
			return (ssize_t)i;
	return -1;
}

/* Takes the ruling over, in place of the one at `at` (-1: beside the others). lock is held. */
static int ruling_put(struct names *names, ssize_t at, const struct name_ruling *ruling)
{
	if (at < 0) {
		struct name_ruling *more =
			reallocarray(names->rulings, names->ruling_cnt + 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		names->rulings = more;
		at = (ssize_t)names->ruling_cnt++;
	} else {
		ruling_free(&names->rulings[at]);
	}
	names->rulings[at] = *ruling;
	return 0;
}

/* Takes one out of memory and overlay. lock is held. */
static int ruling_drop(struct names *names, size_t at)
{
	struct name_key key = names->rulings[at].key;

	ruling_free(&names->rulings[at]);
	names->rulings[at] = names->rulings[--names->ruling_cnt];
	return names_overlay_change(names, &key, 0);
}

size_t names_rulings_expire(struct names *names, int64_t now, int *ret_err)
{
	size_t cnt = 0;

	for (size_t i = 0; i < names->ruling_cnt; i++) {
		int err;

		if (!names->rulings[i].until || names->rulings[i].until > now)
			continue;
		err = ruling_drop(names, i--);
		*ret_err = err ? err : *ret_err;
		cnt++;
	}
	return cnt;
}

/* --- in force --- */

/* One row of the journal; a row that cannot be understood is passed over. */
static int row_take(struct names *names, sqlite3_stmt *stmt)
{
	const struct name_override override = {
		.id = sqlite3_column_int64(stmt, 0),
		.tenant = (const char *)sqlite3_column_text(stmt, 1),
		.allow = sqlite3_column_int(stmt, 3) != 0,
		.made = sqlite3_column_int64(stmt, 4),
		.until = sqlite3_column_int64(stmt, 5),
		.reason = (const char *)sqlite3_column_text(stmt, 6),
		.asked_by = (const char *)sqlite3_column_text(stmt, 7),
		.allowed_by = (const char *)sqlite3_column_text(stmt, 8),
	};
	const char *name = (const char *)sqlite3_column_text(stmt, 2);
	struct name_ruling ruling;
	struct name_key key;
	struct diag diag;
	int err;

	diag_init(&diag);
	err = name && override.tenant ? name_key_read(name, &key, &diag) : -EINVAL;
	diag_free(&diag);
	if (err)
		return 0;
	err = ruling_make(&override, &key, &ruling);
	if (err)
		return err;
	err = ruling_put(names, ruling_find(names, override.tenant, &key), &ruling);
	if (err)
		ruling_free(&ruling);
	return err;
}

/* What was known goes; the load that is to come writes an overlay without it. lock is held. */
static void rulings_clear(struct names *names)
{
	while (names->ruling_cnt)
		ruling_free(&names->rulings[--names->ruling_cnt]);
}

int names_overrides_read(struct names *names, struct journal *journal)
{
	sqlite3_stmt *stmt = NULL;
	int err = journal_overrides_table(journal), code;

	if (err)
		return err;
	code = sqlite3_prepare_v2(journal->db,
				  "SELECT id, tenant, name, allow, made, until, reason, asked_by,"
				  " allowed_by FROM name_override WHERE ended IS NULL AND"
				  " (until = 0 OR until > ?1) ORDER BY id",
				  -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 1, time(NULL));
	pthread_mutex_lock(&names->turn.lock);
	rulings_clear(names);
	while (code == SQLITE_OK || (code == SQLITE_ROW && !err)) {
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW)
			err = row_take(names, stmt);
	}
	pthread_mutex_unlock(&names->turn.lock);
	sqlite3_finalize(stmt);
	return err ? err : journal_errno(code);
}

static int override_refused(int err, struct diag *diag)
{
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 err == -ENOSPC ? "overrides that nobody needs any more can be deleted" : NULL,
			 err == -ENOSPC ? "there are as many overrides as a gateway holds (%s)"
					: "the override cannot be kept: %s",
			 strerror(-err));
	return err;
}

/* To the journal first: what works is what a restart finds. */
static int override_keep(struct names *names, struct journal *journal, struct name_ruling *ruling,
			 ssize_t former)
{
	char name[sizeof(ruling->key.text) + 4];
	int err;

	if (!journal)
		return 0;
	name_key_print(&ruling->key, name, sizeof(name));
	err = journal_begin(journal);
	if (!err && former >= 0)
		err = journal_ruling_end(journal, &names->rulings[former]);
	if (!err)
		err = journal_ruling_add(journal, ruling, name);
	if (!err)
		err = journal_commit(journal);
	if (err)
		journal_abort(journal);
	return err;
}

int names_override_add(struct names *names, struct journal *journal,
		       const struct name_override *override, int64_t *ret_id, struct diag *diag)
{
	struct name_ruling ruling;
	struct name_key key;
	ssize_t former;
	int err = name_key_read(override->name, &key, diag);

	if (err)
		return err;
	err = ruling_make(override, &key, &ruling);
	if (err)
		return override_refused(err, diag);
	pthread_mutex_lock(&names->turn.lock);
	former = ruling_find(names, override->tenant, &key);
	err = former < 0 && names->ruling_cnt >= NAME_RULINGS_MAX ? -ENOSPC : 0;
	if (!err)
		err = override_keep(names, journal, &ruling, former);
	if (!err)
		err = ruling_put(names, former, &ruling);
	if (err) {
		pthread_mutex_unlock(&names->turn.lock);
		ruling_free(&ruling);
		return override_refused(err, diag);
	}
	if (ret_id)
		*ret_id = ruling.id;
	err = names_overlay_change(names, &key, 0);
	pthread_mutex_unlock(&names->turn.lock);
	return names_change_settle(names, err, diag);
}

int names_override_delete(struct names *names, struct journal *journal, const char *tenant,
			  const char *name, struct diag *diag)
{
	struct name_key key;
	ssize_t at;
	int err = name_key_read(name, &key, diag);

	if (err)
		return err;
	pthread_mutex_lock(&names->turn.lock);
	at = ruling_find(names, tenant, &key);
	err = at < 0 ? -ENOENT : journal ? journal_ruling_end(journal, &names->rulings[at]) : 0;
	if (err) {
		pthread_mutex_unlock(&names->turn.lock);
		if (err != -ENOENT)
			return override_refused(err, diag);
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "tenant %s has no override of %s",
			 tenant, name);
		return err;
	}
	err = ruling_drop(names, (size_t)at);
	pthread_mutex_unlock(&names->turn.lock);
	return names_change_settle(names, err, diag);
}

json_t *names_overrides(struct names *names, const char *tenant)
{
	json_t *rows = json_array();

	pthread_mutex_lock(&names->turn.lock);
	for (size_t i = 0; i < names->ruling_cnt; i++) {
		const struct name_ruling *ruling = &names->rulings[i];
		char name[sizeof(ruling->key.text) + 4];

		if (tenant && strcmp(tenant, ruling->tenant) != 0)
			continue;
		name_key_print(&ruling->key, name, sizeof(name));
		json_array_append_new(
			rows, json_pack("{s:I,s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:s}", "id",
					(json_int_t)ruling->id, "tenant", ruling->tenant, "name",
					name, "action", ruling->allow ? "allow" : "block", "made",
					(json_int_t)ruling->made, "until", (json_int_t)ruling->until,
					"reason", ruling->reason, "asked_by", ruling->asked_by,
					"allowed_by", ruling->allowed_by));
	}
	pthread_mutex_unlock(&names->turn.lock);
	return json_pack("{s:o}", "overrides", rows);
}
