/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record file and what was turned from it (eve.json, eve.json.1, ...), read by several threads in
 * pieces. Takes a few MiB of memory however long the files are; they may grow and be turned meanwhile.
 */
#ifndef POLICY_PREVIEW_PAST_H
#define POLICY_PREVIEW_PAST_H

#include <time.h>

#include "preview/tally.h"
#include "text/diag.h"

struct past;

struct past_figures {
	uint64_t bytes; /* of the files that are read */
	size_t files;
	size_t old; /* files that were last written before `since` */
	size_t strange; /* beside them: FILE.1.gz and the like, which are not read */
};

/*
 * Opens path and the files turned from it. since: seconds since 1970, 0: all. Returns 0, or -errno with
 * words in diag.
 */
int past_open(const char *path, time_t since, struct past **ret_past,
	      struct past_figures *ret_figures, struct diag *diag);
void past_close(struct past *past);

/* What is told on the way; called by any thread, one at a time. May be NULL. */
struct past_progress {
	void (*tell)(void *arg, uint64_t bytes, uint64_t lines);
	void *arg;
};

/*
 * Every whole line of the files, once; a last one that is still being written is left. Returns the sum,
 * or NULL after words in diag.
 */
struct tally *past_read(struct past *past, const struct judge *judge,
			const struct tally_filter *filter, size_t thread_cnt,
			const struct past_progress *progress, struct diag *diag);

#endif
