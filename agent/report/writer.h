/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record file: lines appended, turned by size, so many old ones kept. One thread writes.
 */
#ifndef AGENT_REPORT_WRITER_H
#define AGENT_REPORT_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct writer;

/*
 * Appends to path; beyond bytes_max it becomes path.1, path.1 becomes path.2, ... up to files_max.
 * A last line that a former run left unfinished is closed. Returns 0 or -errno.
 */
int writer_open(const char *path, uint64_t bytes_max, uint32_t files_max, struct writer **ret_writer);
void writer_close(struct writer *writer);

/* Takes a whole line; what cannot be written (disk full) is counted. */
void writer_line(struct writer *writer, const char *line, size_t len);

/* Writes what is held back; the loop calls it a few times a second. */
void writer_flush(struct writer *writer);

/* After somebody else moved the file. Returns 0 or -errno (the old file stays in use). */
int writer_reopen(struct writer *writer);

/* Lines written, and lines that could not be. */
void writer_count(const struct writer *writer, uint64_t *ret_written, uint64_t *ret_failed);

#endif
