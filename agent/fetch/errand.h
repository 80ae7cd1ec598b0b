/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One errand of the fetching thread: download, proof, comparison with what is in force, and the one rename
 * that puts it in place. Touches nothing but its own copy and its list's files.
 *
 * dir/NAME.list   what is in force          dir/NAME.held   what was fetched and may not replace it
 * dir/NAME.part   what is coming in         dir/NAME.plan   what is remembered
 */
#ifndef AGENT_FETCH_ERRAND_H
#define AGENT_FETCH_ERRAND_H

#include <stdatomic.h>

#include "fetch/plan.h"
#include "model/model.h"
#include "text/diag.h"

enum errand_outcome {
	ERRAND_FAILED, /* plan.said tells why; what is in force stays */
	ERRAND_SAME, /* nothing new is published */
	ERRAND_CHANGED, /* NAME.list is another one now */
	ERRAND_HELD, /* plan.held tells why; what is in force stays */
};

/* All strings are its own. */
struct errand {
	char *dir, *name, *format;
	bool names; /* a list of names; else of addresses */
	bool block; /* its kind */
	bool own_answers, public_suffixes; /* as in the policy; set by who made it */
	struct model_feed feed;
	struct plan plan;
	atomic_bool *stop;
	/* what came of it */
	enum errand_outcome outcome;
	size_t before_cnt, after_cnt; /* entries; 0 where nothing was read */
	struct diag diag;
};

/* Copies what an errand needs. NULL: no memory. */
struct errand *errand_new(const char *dir, const char *name, const char *format, bool names,
			  bool block, const struct model_feed *feed, const struct plan *plan);
void errand_free(struct errand *errand);

/* In the fetching thread. now: seconds since 1970. */
void errand_run(struct errand *errand, int64_t now);

/* Puts what is held in place, on an operator's word. 0; -ENOENT: nothing is held; another -errno. */
int errand_accept(struct errand *errand, int64_t now);

/* dir/NAME.SUFFIX; to has ERRAND_PATH_MAX bytes. Returns to. */
#define ERRAND_PATH_MAX 512
char *errand_path(const char *dir, const char *name, const char *suffix, char *to);

/*
 * Whether the list at `next` may take the place of the one at `former` (which may be absent). 0 and counts;
 * -errno with words in diag.
 */
int errand_weigh(const struct errand *errand, const char *former, const char *next,
		 size_t *ret_before, size_t *ret_after, struct diag *diag);

#endif
