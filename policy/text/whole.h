/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to a descriptor, all of them.
 */
#ifndef POLICY_TEXT_WHOLE_H
#define POLICY_TEXT_WHOLE_H

#include <stddef.h>

/*
 * However many calls of write(2) it takes, and whatever signals come between. fd blocks. Returns 0 or
 * -errno, -ENOSPC where nothing more is taken; how much was written is then not known.
 */
int write_whole(int fd, const void *bytes, size_t len);

#endif
