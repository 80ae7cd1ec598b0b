/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that come by subscription, and files of lists that change: who is asked when, one after the other
 * in a thread of their own. Knows no gateway; who has one is called in the loop's thread.
 */
#ifndef AGENT_FETCH_FEEDS_H
#define AGENT_FETCH_FEEDS_H

#include <jansson.h>

#include "base/loop.h"
#include "fetch/errand.h"

struct feeds;

enum feeds_event { FEEDS_FETCHED, FEEDS_ACCEPTED, FEEDS_FILE };

struct feeds_calls {
	/*
	 * A list's source is another one now: it is to be read again. accepted: whatever it holds, since an
	 * operator has said so.
	 */
	void (*changed)(void *arg, const char *list, bool names, bool accepted);
	/* An errand ended in something to tell: all but ERRAND_SAME. */
	void (*told)(void *arg, enum feeds_event event, const struct errand *errand);
	void *arg;
};

/* state_dir/feeds is made. Returns 0 or -errno after words in the log. */
int feeds_new(struct loop *loop, const char *state_dir, const struct feeds_calls *calls,
	      struct feeds **ret_feeds);
int feeds_start(struct feeds *feeds); /* threads begin, after rights were given up */
void feeds_free(struct feeds *feeds); /* ends a download that runs */

/* Lists that have a url are read from what was fetched: gives them that file as their source. */
int feeds_sources(const char *state_dir, struct policy *policy);

/* The lists of the policy in force from now on. */
void feeds_policy(struct feeds *feeds, const struct policy *policy);

/*
 * Asks at once, and calls back with the errand, or NULL when it did not come to it. 0; -ENOENT: no such
 * list, or it has no url; -EALREADY: it is being fetched; -ENOMEM.
 */
typedef void feeds_done(void *arg, const struct errand *errand);
int feeds_fetch(struct feeds *feeds, const char *list, feeds_done *done, void *arg);

/* Takes what is held. 0; -ENOENT: no such list, or nothing is held; -EALREADY; another -errno. */
int feeds_accept(struct feeds *feeds, const char *list);

/*
 * {"url","tried","fetched","changed","next","failures","said","held","fetching"}, times in seconds since
 * 1970 and 0 for never; NULL: the list has no url.
 */
json_t *feeds_json(const struct feeds *feeds, const char *list);

const char *errand_outcome_name(enum errand_outcome outcome);

#endif
