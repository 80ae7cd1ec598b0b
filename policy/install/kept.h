/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a restart has lists from: state_dir/NAME.SUFFIX. One that could not be written leaves the
 * former copy, which is known then to be older than what is in force. Used by the files of struct lists
 * and struct names.
 */
#ifndef POLICY_INSTALL_KEPT_H
#define POLICY_INSTALL_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "text/diag.h"

/* state_dir/NAME.SUFFIX; NULL when nothing is kept (state_dir NULL). The caller frees. */
char *kept_path(const char *state_dir, const char *name, const char *suffix);

/*
 * What became of writing path: after an error a former copy gets another name, which takes no room on a
 * full disk, so that kept_find() tells what it is. Returns err.
 */
int kept_mark(const char *path, int err);
/* file_replace(), marked. 0 or -errno. */
int kept_write(const char *path, int (*write)(FILE *out, const void *what), const void *what);

/*
 * The path of the copy that there is; NULL: none. *ret_stale: it is older than what was in force last. The
 * caller frees.
 */
char *kept_find(const char *path, bool *ret_stale);

/* Notes that a list is on the disk now, which could not be kept when it came into force. */
void kept_say(const char *list, struct diag *diag);

/* kept_find() has said stale: says so, of a list whose copy was written at `at`, seconds since 1970. */
void kept_stale_say(const char *list, int64_t at, struct diag *diag);

/* When a file was written, nanoseconds since 1970; 0: it is not there, or path is NULL. */
int64_t kept_stamp(const char *path);

#endif
