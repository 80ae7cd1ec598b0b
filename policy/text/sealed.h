/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large text on its way from one process to another: memory behind a descriptor, sealed, so that
 * the reader can neither be kept waiting by it nor see it change. Made by the command line for
 * SCM_RIGHTS, read by sekishod.
 */
#ifndef POLICY_TEXT_SEALED_H
#define POLICY_TEXT_SEALED_H

#include <stddef.h>

/* A sealed copy of a text under a name for /proc. Returns a descriptor, the caller's, or -errno. */
int sealed_text(const char *name, const char *text, size_t len);

/*
 * Reads one that somebody else made, whatever it is. The caller frees *ret_text, which has a 0 behind
 * its *ret_len bytes. Returns 0; -EPERM: not memory, or not sealed against every change; -EFBIG:
 * more than max bytes; or -errno.
 */
int sealed_read(int fd, size_t max, char **ret_text, size_t *ret_len);

#endif
