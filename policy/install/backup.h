/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's state in one file: history with its policies, lists with what was changed by hand, and
 * the settings the agent ran with. Written and restored by sekishod.
 *
 * The file: "sekisho backup 1\nsha256 HEX\nbytes N\n" and N bytes of an SQLite database, whose SHA-256
 * is HEX: the journal's tables, backup_file(name, data) and backup_about(key, value).
 */
#ifndef POLICY_INSTALL_BACKUP_H
#define POLICY_INSTALL_BACKUP_H

#include <jansson.h>
#include <stdbool.h>

#include "text/diag.h"

#define BACKUP_HEAD_LEN 116 /* of the three lines, N with 20 digits */

/* What a backup is made of. state_dir/journal.db and the files of state_dir/lists. */
struct backup_source {
	const char *state_dir;
	const char *host, *instance, *version;
	const char *settings; /* JSON, for people */
	bool as_it_is; /* also a history that is not whole, which only people can make use of */
};

/*
 * Writes a backup to fd, which is at its beginning, and flushes it. The journal may be in use; the copy
 * is of one moment. A policy that waited for its confirmation then is not the one that comes back.
 * Returns 0 and the bytes, or -errno with words in diag.
 */
int backup_write(const struct backup_source *source, int fd, uint64_t *ret_bytes, struct diag *diag);

/* A backup that was read and found whole. */
struct backup;

/*
 * Reads fd from its beginning to a file in state_dir and checks all of it: head, sum, that it is ours,
 * that the history has no gap, that names of lists are names. Returns 0, or -errno with words
 * (-EBADMSG: broken or foreign; nothing is left behind then).
 */
int backup_read(int fd, const char *state_dir, struct backup **ret_backup, struct diag *diag);
void backup_free(struct backup *backup);

/* The policy that the backup brings back: text and where it came from. -ENOENT: it has none. */
int backup_policy(const struct backup *backup, char **ret_text, char **ret_path);
/* {"time","host","instance","version","settings",...}: borrowed. */
const json_t *backup_about(const struct backup *backup);

/*
 * From here on the backup is what counts, also after a power cut: backup_redo() does the rest. Returns
 * 0 or -errno.
 */
int backup_commit(struct backup *backup);

/*
 * Puts a committed backup in place of the journal's content and the files of lists; nothing when there
 * is none. May be called again after it was cut short. Call with no list in use. Returns 1 when it did,
 * 0 when there was nothing to do, or -errno with words.
 */
int backup_redo(const char *state_dir, struct diag *diag);

#endif
