/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records on their way from a worker's thread to the one that writes them: a ring of bytes with one writer
 * and one reader, without a lock. A full one loses the record, and says so.
 */
#ifndef AGENT_INLINE_LINES_H
#define AGENT_INLINE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines;

/* cap: bytes, a power of two. NULL: no memory. */
struct lines *lines_new(size_t cap);
void lines_free(struct lines *lines);

/* The writer's. False: there is no room, and the line is gone. */
bool lines_put(struct lines *lines, const char *bytes, size_t len);
/* The writer's: so much waits that the reader is to be told, lest some be lost. */
bool lines_are_many(const struct lines *lines);
/* The reader's: calls line with all that are there. Returns how many. */
size_t lines_take(struct lines *lines, void (*line)(void *arg, const char *bytes, size_t len),
		  void *arg);

#endif
