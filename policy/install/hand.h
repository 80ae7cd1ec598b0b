/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators changed by hand in one list: entries added (some for a time), published entries
 * taken out. Kept as a text file to which each change is one more line, so that a restart keeps it.
 * Used by policy/install/lists.c alone.
 */
#ifndef POLICY_INSTALL_HAND_H
#define POLICY_INSTALL_HAND_H

#include "lists/set.h"

struct hand_set {
	struct list_entry *entries; /* sorted */
	char **reasons; /* one each, owned, never NULL */
	size_t cnt, cap;
};

struct hand {
	struct hand_set added, removed;
	size_t line_cnt; /* of the file */
};

/* '+' added, '-' a published entry taken out, '~' an addition or a removal taken back. */
enum hand_mark { HAND_ADD = '+', HAND_REMOVE = '-', HAND_FORGET = '~' };

/* Index of prefix in the set, or -1. */
ssize_t hand_find(const struct hand_set *set, const struct prefix *prefix);

/* Carries a change out. reason may be NULL. 0 or -ENOMEM. */
int hand_do(struct hand *hand, enum hand_mark mark, const struct list_entry *entry,
	    const char *reason);

/* An addition whose time is over goes; what it stood on stays. 0 or -ENOENT. */
int hand_expire(struct hand *hand, const struct prefix *prefix);

int hand_copy(const struct hand *from, struct hand *ret_to);
void hand_free(struct hand *hand);

/*
 * Reads the file; additions that are over by now are left out, an unfinished last line is ignored.
 * 0 (also when there is no such file) or -errno.
 */
int hand_read(const char *path, int64_t now, struct hand *ret_hand, struct diag *diag);

/* Adds one line, or writes all anew (by rename) when most of the file is history. */
int hand_note(struct hand *hand, const char *path, enum hand_mark mark,
	      const struct list_entry *entry, const char *reason);
int hand_write(struct hand *hand, const char *path);

/* Writes a file beside path, flushes it and renames it over path. 0 or -errno. */
int file_replace(const char *path, int (*write)(FILE *out, const void *what), const void *what);

#endif
