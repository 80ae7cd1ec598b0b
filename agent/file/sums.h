/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of a file, as its bytes pass. By libcrypto.
 */
#ifndef AGENT_FILE_SUMS_H
#define AGENT_FILE_SUMS_H

#include "base/slice.h"
#include "file/room.h"

struct file_sums;

/* NULL: no memory, or wanted names none. */
struct file_sums *file_sums_new(const bool wanted[FILE_SUMS]);
void file_sums_add(struct file_sums *sums, struct slice bytes);
/* In hexadecimal, "" where it was not asked for; to has room for twice its length and a 0. Once for each. */
void file_sums_end(struct file_sums *sums, enum file_sum sum, char *to);
void file_sums_free(struct file_sums *sums);

#endif
