/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one wait for a confirmation: kept in the journal, and how long it still lasts by two clocks.
 * Called by sekishod, and by the CLI with the agent down.
 * Promises that a wall clock that was set within one boot makes no wait shorter or longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "install/journalinside.h"

#define WAIT_COLUMNS                                                                               \
	"generation, former, seconds, deadline_ms, deadline_ns, boot, uid, user, by_hand, by_checks"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* "" when it cannot be read: then no boot is the same as another. */
static void boot_read(char *boot, size_t cap)
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, boot, cap - 1);

	boot[len > 0 ? len : 0] = 0;
	boot[strcspn(boot, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

void journal_now(struct journal_now *ret_now)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	*ret_now = (struct journal_now){
		.real_ms = (int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000,
		.mono_ns = (uint64_t)mono.tv_sec * 1000000000 + (uint64_t)mono.tv_nsec,
	};
	boot_read(ret_now->boot, sizeof(ret_now->boot));
}

uint64_t journal_wait_left(const struct journal_wait *wait, const struct journal_now *now)
{
	uint64_t most = (uint64_t)wait->seconds * 1000, left;

	if (now->boot[0] && strcmp(wait->boot, now->boot) == 0)
		left = wait->deadline_ns > now->mono_ns ? (wait->deadline_ns - now->mono_ns) / 1000000
							: 0;
	else
		left = wait->deadline_ms > now->real_ms
			       ? (uint64_t)(wait->deadline_ms - now->real_ms)
			       : 0;
	return left < most ? left : most;
}

json_t *journal_wait_json(const struct journal_wait *wait, const struct journal_now *now)
{
	unsigned int left = (unsigned int)((journal_wait_left(wait, now) + 999) / 1000);
	json_t *text;

	if (left && wait->by_checks && !wait->by_hand)
		text = json_sprintf("generation %u is being checked: unless its checks pass in %u s, "
				    "generation %u comes back",
				    wait->generation, left, wait->former);
	else if (left)
		text = json_sprintf("generation %u waits for its confirmation%s: in %u s generation "
				    "%u comes back",
				    wait->generation, wait->by_checks ? " and its checks" : "",
				    left, wait->former);
	else
		text = json_sprintf("generation %u was not confirmed in %u s: generation %u comes "
				    "back",
				    wait->generation, wait->seconds, wait->former);
	return json_pack("{s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:o}", "generation",
			 (json_int_t)wait->generation, "former", (json_int_t)wait->former, "seconds",
			 (json_int_t)wait->seconds, "left_s", (json_int_t)left, "user", wait->user,
			 "by_hand", wait->by_hand, "by_checks", wait->by_checks, "text", text);
}

static int wait_bind(sqlite3_stmt *stmt, const struct journal_wait *wait)
{
	const int64_t numbers[] = { wait->generation, wait->former, wait->seconds,
				    wait->deadline_ms, (int64_t)wait->deadline_ns };
	int code = SQLITE_OK;

	for (int i = 0; code == SQLITE_OK && i < 5; i++)
		code = sqlite3_bind_int64(stmt, 1 + i, numbers[i]);
	if (code == SQLITE_OK)
		code = journal_bind_text(stmt, 6, wait->boot);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 7, wait->uid);
	if (code == SQLITE_OK)
		code = journal_bind_text(stmt, 8, wait->user);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int(stmt, 9, wait->by_hand);
	return code == SQLITE_OK ? sqlite3_bind_int(stmt, 10, wait->by_checks) : code;
}

static void wait_read(sqlite3_stmt *stmt, struct journal_wait *wait)
{
	*wait = (struct journal_wait){
		.generation = (uint32_t)sqlite3_column_int64(stmt, 0),
		.former = (uint32_t)sqlite3_column_int64(stmt, 1),
		.seconds = (uint32_t)sqlite3_column_int64(stmt, 2),
		.deadline_ms = sqlite3_column_int64(stmt, 3),
		.deadline_ns = (uint64_t)sqlite3_column_int64(stmt, 4),
		.uid = (uint32_t)sqlite3_column_int64(stmt, 6),
		.by_hand = sqlite3_column_int(stmt, 8),
		.by_checks = sqlite3_column_int(stmt, 9),
	};
	snprintf(wait->boot, sizeof(wait->boot), "%s", (const char *)sqlite3_column_text(stmt, 5));
	snprintf(wait->user, sizeof(wait->user), "%s", (const char *)sqlite3_column_text(stmt, 7));
}

/* Seldom done: the statement is made, stepped once and given up. */
static int wait_step(struct journal *journal, const char *sql, const struct journal_wait *bind,
		     struct journal_wait *ret_row)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);

	if (code == SQLITE_OK && bind)
		code = wait_bind(stmt, bind);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW && ret_row)
		wait_read(stmt, ret_row);
	sqlite3_finalize(stmt);
	return ret_row && code == SQLITE_DONE ? -ENOENT : journal_errno(code);
}

int journal_wait_set(struct journal *journal, const struct journal_wait *wait)
{
	return wait_step(journal,
			 "INSERT OR REPLACE INTO wait(id, " WAIT_COLUMNS ")"
			 " VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			 wait, NULL);
}

int journal_wait_get(struct journal *journal, struct journal_wait *ret_wait)
{
	return wait_step(journal, "SELECT " WAIT_COLUMNS " FROM wait", NULL, ret_wait);
}

int journal_wait_end(struct journal *journal)
{
	return wait_step(journal, "DELETE FROM wait", NULL, NULL);
}
