/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines that grows and is turned: FILE becomes FILE.1, FILE.1 becomes FILE.2, a new FILE
 * begins. Read from its end of now on, each line once and in order, through any number of turns.
 */
#ifndef POLICY_CLI_FOLLOW_H
#define POLICY_CLI_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLLOW_LINE_MAX (1u << 20) /* bytes; a longer line is left out, as a gap */

struct follow;

/*
 * Begins at the end of the file. Returns 0, -ENOENT when there is none yet (*ret_follow is good all the
 * same: it begins with the first line of the file that comes), or -errno.
 */
int follow_open(const char *path, struct follow **ret_follow);
void follow_close(struct follow *follow);

/* The next line, without its end; it holds until the next call. False: there is none for now. */
bool follow_next(struct follow *follow, const char **ret_line, size_t *ret_len);

/* How often lines may have been missed: the file was cut, or turned away before it was read. */
uint64_t follow_gaps_cnt(const struct follow *follow);

#endif
