/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a list, before any format: unpacked, and seen to be text at all. Used by the readers of lists
 * of both kinds, by policy/install and by the command line.
 */
#ifndef POLICY_LISTS_BYTES_H
#define POLICY_LISTS_BYTES_H

#include <stddef.h>

#include "text/diag.h"

#define LIST_BYTES_MAX ((size_t)1 << 30) /* of a list's text, unpacked */

/*
 * All bytes of a file, by gzip or not; the caller frees *ret_text. 0 or -errno: -EINVAL for what is no file,
 * -EBADMSG when the packed stream is broken or cut short, -EFBIG beyond LIST_BYTES_MAX.
 */
int list_bytes(const char *path, char **ret_text, size_t *ret_len);

/* The same of what is open, a pipe too, from where it stands and at most `most` of it; fd is closed. */
int list_bytes_from(int fd, size_t most, char **ret_text, size_t *ret_len);

/* What such an error means, for a sentence "cannot be read: ...". */
const char *list_bytes_error(int err);

/*
 * Whether the bytes can be a list: not a page of HTML that a server sent in its place, an archive, or UTF-16.
 * 0, or -EBADMSG with words. Bytes that are of no name are the readers' to tell, line by line.
 */
int list_bytes_look(const char *text, size_t len, const char *name, struct diag *diag);

#endif
