// SPDX-License-Identifier: Apache-2.0
/*
 * The table of requests for release. Called by sekishod.
 * Promises: whatever strangers ask, the file has at most REQUESTS_MAX rows, and one of them never
 * pushes out what another waits for.
 */
#include "install/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "install/journalinside.h"

#define VERSION 1 /* PRAGMA user_version */

enum query {
	Q_ADD,
	Q_TWIN, /* the same wish that waits already */
	Q_CLIENT_CNT,
	Q_PENDING_CNT,
	Q_CNT,
	Q_SPARE, /* makes room */
	Q_ID,
	Q_REFERENCE,
	Q_WALK,
	Q_DECIDE,
	QUERIES
};

static const char *const queries[QUERIES] = {
	[Q_ADD] = "INSERT INTO request(time, reference, tenant, client, name, url, category, list,"
		  " comment) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[Q_TWIN] = "SELECT id, reference FROM request WHERE state = 0 AND client = ?1 AND tenant = ?2"
		   " AND name = ?3",
	[Q_CLIENT_CNT] = "SELECT count(*) FROM request WHERE state = 0 AND client = ?1",
	[Q_PENDING_CNT] = "SELECT count(*) FROM request WHERE state = 0",
	[Q_CNT] = "SELECT count(*) FROM request",
	[Q_SPARE] = "DELETE FROM request WHERE id ="
		    " (SELECT id FROM request WHERE state != 0 ORDER BY decided LIMIT 1)",
	[Q_ID] = "SELECT " REQUEST_COLUMNS " FROM request WHERE id = ?1",
	[Q_REFERENCE] = "SELECT " REQUEST_COLUMNS " FROM request WHERE reference = ?1",
	[Q_WALK] = "SELECT " REQUEST_COLUMNS " FROM request WHERE (?1 < 0 OR state = ?1) AND"
		   " (?2 = '' OR tenant = ?2) ORDER BY id DESC LIMIT ?3",
	[Q_DECIDE] = "UPDATE request SET state = ?2, decided = ?3, until = ?4, decided_by = ?5,"
		     " why = ?6 WHERE id = ?1 AND (state = 0 OR (state = 2 AND ?2 = 1))",
};

#define TABLES                                                                                     \
	"CREATE TABLE request ("                                                                   \
	"id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"                             \
	"reference TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, client TEXT NOT NULL,"              \
	"name TEXT NOT NULL, url TEXT NOT NULL, category TEXT NOT NULL, list TEXT NOT NULL,"       \
	"comment TEXT NOT NULL, state INTEGER NOT NULL DEFAULT 0,"                                 \
	"decided INTEGER NOT NULL DEFAULT 0, until INTEGER NOT NULL DEFAULT 0,"                    \
	"decided_by TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '');"                      \
	"CREATE INDEX request_pending ON request(client) WHERE state = 0;"                         \
	"CREATE INDEX request_decided ON request(decided) WHERE state != 0;"                       \
	"PRAGMA user_version = 1;"

struct requests {
	sqlite3 *db;
	sqlite3_stmt *stmt[QUERIES];
};

/* --- opening --- */

static int exec(struct requests *r, const char *sql)
{
	return journal_errno(sqlite3_exec(r->db, sql, NULL, NULL, NULL));
}

static int version_read(struct requests *r, int64_t *ret_version)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(r->db, "PRAGMA user_version", -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret_version = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return journal_errno(code);
}

/* A wish that a power cut takes is asked again by its asker; a decision is flushed (requests_decide). */
static int tables_make(struct requests *r)
{
	int64_t version = 0;
	int err = exec(r, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");

	if (err)
		return err;
	err = version_read(r, &version);
	if (!err && version > VERSION)
		err = -EPROTO;
	if (!err && !version)
		err = exec(r, TABLES);
	if (!err)
		err = exec(r, "COMMIT");
	if (err)
		exec(r, "ROLLBACK");
	return err;
}

int requests_open(const char *path, struct requests **ret_requests)
{
	struct requests *r = calloc(1, sizeof(*r));
	mode_t mask = umask(0027); /* who asked for what is not for everybody */
	int err = r ? 0 : -ENOMEM;

	if (!err)
		err = journal_errno(sqlite3_open_v2(path, &r->db,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
							    SQLITE_OPEN_NOMUTEX |
							    SQLITE_OPEN_EXRESCODE,
						    NULL));
	if (!err) {
		sqlite3_busy_timeout(r->db, JOURNAL_BUSY_MS);
		err = tables_make(r);
	}
	for (int i = 0; !err && i < QUERIES; i++)
		err = journal_errno(sqlite3_prepare_v3(
			r->db, queries[i], -1, SQLITE_PREPARE_PERSISTENT, &r->stmt[i], NULL));
	umask(mask);
	if (err)
		requests_close(r);
	else
		*ret_requests = r;
	return err;
}

void requests_close(struct requests *r)
{
	if (!r)
		return;
	for (int i = 0; i < QUERIES; i++)
		sqlite3_finalize(r->stmt[i]);
	sqlite3_close(r->db);
	free(r);
}

/* --- out of a backup --- */

static int table_there(struct requests *r, bool *ret_there)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(
		r->db, "SELECT 1 FROM backup.sqlite_master WHERE name = 'backup_request'", -1,
		&stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	*ret_there = code == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return journal_errno(code);
}

/* The limits hold for what a backup brings as well: the newest are kept. */
#define REPLACE                                                                                    \
	"BEGIN IMMEDIATE; DELETE FROM main.request;"                                               \
	"INSERT OR IGNORE INTO main.request(" REQUEST_COLUMNS ") SELECT " REQUEST_COLUMNS          \
	" FROM backup.backup_request ORDER BY id DESC LIMIT 20000; COMMIT"
_Static_assert(REQUESTS_MAX == 20000, "the limit of REPLACE");

int requests_restore(struct requests *r, const char *from)
{
	char *attach = sqlite3_mprintf("ATTACH %Q AS backup", from);
	int err = attach ? exec(r, attach) : -ENOMEM;
	bool there = false;

	sqlite3_free(attach);
	if (err)
		return err;
	err = table_there(r, &there);
	if (!err && there) {
		err = exec(r, REPLACE);
		if (err)
			exec(r, "ROLLBACK");
	}
	exec(r, "DETACH backup");
	return err;
}

/* --- adding --- */

static void done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

/* One number; the statement's parameters are bound already. */
static int number_ask(sqlite3_stmt *stmt, int64_t *ret_number)
{
	int code = sqlite3_step(stmt);

	if (code == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	done(stmt);
	return journal_errno(code);
}

/* -EEXIST and the reference of the same wish, if it waits already. */
static int twin_find(struct requests *r, const struct url_request *ask, int64_t *ret_id,
		     char ret_reference[REQUEST_REFERENCE])
{
	sqlite3_stmt *stmt = r->stmt[Q_TWIN];
	int err = 0, code;

	journal_bind_text(stmt, 1, ask->client);
	journal_bind_text(stmt, 2, ask->tenant);
	journal_bind_text(stmt, 3, ask->name);
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		*ret_id = sqlite3_column_int64(stmt, 0);
		snprintf(ret_reference, REQUEST_REFERENCE, "%s", sqlite3_column_text(stmt, 1));
		err = -EEXIST;
	}
	done(stmt);
	return err ? err : journal_errno(code);
}

static int room_find(struct requests *r, const char *client)
{
	int64_t of_client = 0, pending = 0, all = 0;
	int err;

	journal_bind_text(r->stmt[Q_CLIENT_CNT], 1, client);
	err = number_ask(r->stmt[Q_CLIENT_CNT], &of_client);
	if (!err)
		err = number_ask(r->stmt[Q_PENDING_CNT], &pending);
	if (!err)
		err = number_ask(r->stmt[Q_CNT], &all);
	if (err)
		return err;
	if (of_client >= REQUESTS_CLIENT_MAX)
		return -EDQUOT;
	if (pending >= REQUESTS_PENDING_MAX)
		return -ENOSPC;
	if (all < REQUESTS_MAX)
		return 0;
	err = journal_errno(sqlite3_step(r->stmt[Q_SPARE]));
	done(r->stmt[Q_SPARE]);
	return err;
}

static int row_add(struct requests *r, const struct url_request *ask, int64_t *ret_id)
{
	const char *const texts[] = {
		ask->reference, ask->tenant,   ask->client, ask->name,
		ask->url,	ask->category, ask->list,   ask->comment,
	};
	sqlite3_stmt *stmt = r->stmt[Q_ADD];
	int code = sqlite3_bind_int64(stmt, 1, ask->time);

	for (int i = 0; code == SQLITE_OK && i < 8; i++)
		code = journal_bind_text(stmt, 2 + i, texts[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	done(stmt);
	if (code == SQLITE_DONE)
		*ret_id = sqlite3_last_insert_rowid(r->db);
	/* The page draws references by lot, and may be asked with one twice. */
	return code == SQLITE_CONSTRAINT_UNIQUE ? -EAGAIN : journal_errno(code);
}

int requests_add(struct requests *r, const struct url_request *ask, int64_t *ret_id,
		 char ret_reference[REQUEST_REFERENCE])
{
	int err = exec(r, "BEGIN IMMEDIATE");

	if (err)
		return err;
	err = twin_find(r, ask, ret_id, ret_reference);
	if (!err)
		err = room_find(r, ask->client);
	if (!err)
		err = row_add(r, ask, ret_id);
	if (!err)
		err = exec(r, "COMMIT");
	if (err) {
		exec(r, "ROLLBACK");
		return err;
	}
	snprintf(ret_reference, REQUEST_REFERENCE, "%s", ask->reference);
	return 0;
}

/* --- reading --- */

static void row_read(sqlite3_stmt *stmt, struct url_request *q)
{
	const char **const texts[] = { &q->reference, &q->tenant,   &q->client, &q->name,
				       &q->url,	      &q->category, &q->list,	&q->comment };

	*q = (struct url_request){
		.id = sqlite3_column_int64(stmt, 0),
		.time = sqlite3_column_int64(stmt, 1),
		.state = (enum request_state)sqlite3_column_int(stmt, 10),
		.decided = sqlite3_column_int64(stmt, 11),
		.until = sqlite3_column_int64(stmt, 12),
		.decided_by = (const char *)sqlite3_column_text(stmt, 13),
		.why = (const char *)sqlite3_column_text(stmt, 14),
	};
	for (int i = 0; i < 8; i++)
		*texts[i] = (const char *)sqlite3_column_text(stmt, 2 + i);
}

/* Calls for each row of a statement that is bound; -ENOENT when `one` is wanted and there is none. */
static int rows_each(sqlite3_stmt *stmt, bool one, request_call *each, void *arg)
{
	int code, result = one ? -ENOENT : 0;

	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct url_request request;

		row_read(stmt, &request);
		result = each(&request, arg);
		if (result)
			break;
	}
	done(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? result : journal_errno(code);
}

int requests_find(struct requests *r, int64_t id, request_call *found, void *arg)
{
	sqlite3_bind_int64(r->stmt[Q_ID], 1, id);
	return rows_each(r->stmt[Q_ID], true, found, arg);
}

int requests_find_reference(struct requests *r, const char *reference, request_call *found, void *arg)
{
	journal_bind_text(r->stmt[Q_REFERENCE], 1, reference);
	return rows_each(r->stmt[Q_REFERENCE], true, found, arg);
}

int requests_walk(struct requests *r, int state, const char *tenant, uint32_t limit,
		  request_call *each, void *arg)
{
	sqlite3_stmt *stmt = r->stmt[Q_WALK];

	sqlite3_bind_int(stmt, 1, state);
	journal_bind_text(stmt, 2, tenant);
	sqlite3_bind_int64(stmt, 3, limit ? (int64_t)limit : -1);
	return rows_each(stmt, false, each, arg);
}

/* --- deciding --- */

static int nothing(const struct url_request *request, void *arg)
{
	return 0;
}

int requests_decide(struct requests *r, int64_t id, const struct url_request *decision)
{
	sqlite3_stmt *stmt = r->stmt[Q_DECIDE];
	int code = sqlite3_bind_int64(stmt, 1, id), err;

	if (code == SQLITE_OK)
		code = sqlite3_bind_int(stmt, 2, decision->state);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 3, decision->decided);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 4, decision->until);
	if (code == SQLITE_OK)
		code = journal_bind_text(stmt, 5, decision->decided_by);
	if (code == SQLITE_OK)
		code = journal_bind_text(stmt, 6, decision->why);
	err = exec(r, "PRAGMA synchronous = FULL");
	if (!err && code == SQLITE_OK)
		code = sqlite3_step(stmt);
	done(stmt);
	exec(r, "PRAGMA synchronous = NORMAL");
	if (err || code != SQLITE_DONE)
		return err ? err : journal_errno(code);
	if (sqlite3_changes(r->db))
		return 0;
	err = requests_find(r, id, nothing, NULL);
	return err ? err : -EALREADY;
}

/* --- words --- */

static const char *const states[] = { "pending", "granted", "denied" };

const char *request_state_name(enum request_state state)
{
	return (unsigned int)state < 3 ? states[state] : "unknown";
}

int request_state_read(const char *name)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(states[i], name) == 0)
			return i;
	return -1;
}

json_t *request_json(const struct url_request *q)
{
	return json_pack(
		"{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "id",
		(json_int_t)q->id, "time", (json_int_t)q->time, "reference", q->reference, "tenant",
		q->tenant, "client", q->client, "name", q->name, "url", q->url, "category",
		q->category, "list", q->list, "comment", q->comment, "state",
		request_state_name(q->state), "decided", (json_int_t)q->decided, "until",
		(json_int_t)q->until, "decided_by", q->decided_by, "why", q->why);
}
