/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log read by several threads, packed by gzip or not, from a file or a pipe, in a few MiB of memory.
 */
#ifndef POLICY_WEBLOG_READ_H
#define POLICY_WEBLOG_READ_H

#include "weblog/tally.h"

struct weblog_progress {
	void (*tell)(void *arg, uint64_t bytes,
		     uint64_t lines); /* of the text; by the caller's thread */
	void *arg;
};

/* path "-": standard input. progress may be NULL. The sum, sorted; or NULL after words in diag. */
struct weblog_tally *weblog_read(const char *path, const struct weblog_sides *sides,
				 size_t thread_cnt, const struct weblog_progress *progress,
				 struct diag *diag);

#endif
