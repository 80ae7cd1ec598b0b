/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who changed the policy, when, from where, why, and its whole text: an SQLite file (WAL).
 * Written by the agent alone, read by anyone who may.
 */
#ifndef POLICY_INSTALL_JOURNAL_H
#define POLICY_INSTALL_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;
struct journal_entry {
	uint32_t generation;
	int64_t time; /* seconds since 1970 */
	/*
	 * "apply", "confirm", "rollback", "start", "restore", "checks", "refused", "capture", "reload" (of
	 * rules)
	 */
	const char *action;
	uint32_t uid; /* of the socket's peer: the kernel's word */
	int32_t pid;
	const char *user;
	const char *login, *tty, *ssh; /* who logged in where, as the peer itself told; may be "" */
	const char *message; /* why; may be "" */
	const char *path; /* where the text came from */
	const char *hash; /* hex of the image's SHA-256 */
	const char *checks; /* JSON: what was probed and what came out; "" nothing was */
	const char *text; /* the policy with its includes; kept once however often it is named */
};

/*
 * Opens the file to write, and makes it (not its directory) if absent. Returns 0 or -errno:
 * -EUCLEAN: the file is no journal or is damaged; -EBUSY: another process holds it; -EPROTO: a later
 * version of sekisho has written it. A file of an earlier version is brought to this one.
 */
int journal_open(const char *path, struct journal **ret_journal);
/* Opens it to read only; -ENOENT when there is none. journal_add() then answers -EROFS. */
int journal_peek(const char *path, struct journal **ret_journal);
void journal_close(struct journal *journal);
/* Appends; NULL strings are kept as "". On the disk when it returns 0, or with journal_commit(). */
int journal_add(struct journal *journal, const struct journal_entry *entry);
/* Entries and waits between begin and commit are kept all or none. */
int journal_begin(struct journal *journal);
int journal_commit(struct journal *journal);
void journal_abort(struct journal *journal); /* also when nothing was begun */

/*
 * Is it whole: pages, no entry missing, every text there and as it was written? Returns 0, or -EUCLEAN
 * (another -errno: it cannot be read) with words in why.
 */
int journal_check(struct journal *journal, char *why, size_t cap);
/*
 * Calls back for each entry, newest first, at most limit (0: all); stops when the callback returns
 * non-zero, and returns that. The entry's strings live until the callback returns.
 */
int journal_walk(struct journal *journal, uint32_t limit,
		 int (*each)(const struct journal_entry *entry, void *arg), void *arg);
/* The newest entry of one generation; -ENOENT when there is none; else what the callback returns. */
int journal_find(struct journal *journal, uint32_t generation,
		 int (*found)(const struct journal_entry *entry, void *arg), void *arg);

/*
 * An entry as the agent and the CLI show it: its members, "checks" as an array, "from": where in words;
 * "text" when wished. A new reference; NULL when out of memory.
 */
json_t *journal_entry_json(const struct journal_entry *entry, bool text);

/* The highest generation that was ever recorded; 0: none, or the file cannot be read. */
uint32_t journal_highest(struct journal *journal);

/* Seconds that a wait may have. */
#define JOURNAL_WAIT_LEAST_S 5
#define JOURNAL_WAIT_MOST_S 3600

/* A generation that goes back to a former one unless somebody confirms it in time. */
struct journal_wait {
	uint32_t generation, former;
	uint32_t seconds; /* that were given */
	int64_t deadline_ms; /* CLOCK_REALTIME: for another boot than this */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC of the boot: what counts within it */
	char boot[37]; /* /proc/sys/kernel/random/boot_id */
	uint32_t uid; /* who asked */
	char user[33];
	bool by_hand; /* somebody must confirm */
	bool by_checks; /* the policy's own checks have still to pass */
};

/* The clocks that a wait is measured by. */
struct journal_now {
	int64_t real_ms;
	uint64_t mono_ns;
	char boot[37];
};
void journal_now(struct journal_now *ret_now);

/* Keeps the one wait that there can be, in place of another. On the disk when it returns 0. */
int journal_wait_set(struct journal *journal, const struct journal_wait *wait);
/* -ENOENT: nothing waits. */
int journal_wait_get(struct journal *journal, struct journal_wait *ret_wait);
/* Nothing waits any more; 0 too when nothing did. On the disk when it returns 0. */
int journal_wait_end(struct journal *journal);
/*
 * Milliseconds that are left, 0 when it is over. Within one boot a wall clock that was set changes
 * nothing; after another boot it alone is known, and gives no more than the seconds of the wait.
 */
uint64_t journal_wait_left(const struct journal_wait *wait, const struct journal_now *now);
/*
 * {"generation","former","seconds","left_s","user","by_hand","by_checks","text"}; a new reference, NULL
 * when out of memory.
 */
json_t *journal_wait_json(const struct journal_wait *wait, const struct journal_now *now);

#endif
