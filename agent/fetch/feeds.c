/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscriptions of the policy in force. Called by the composition root. All but errand_run() and the
 * looks at files runs in the loop's thread.
 */
#include "fetch/feeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/worker.h"
#include "fetch/look.h"
#include "text/counted.h"

#define FOLDER "feeds"

struct feed {
	struct errand *what; /* its description; never run itself */
	int64_t next; /* seconds since 1970 */
	bool away; /* an errand is under way */
	feeds_done *done; /* who waits for it; may be NULL */
	void *done_arg;
};

struct feeds {
	char dir[ERRAND_PATH_MAX];
	struct feeds_calls calls;
	struct worker *fetching;
	struct look *look;
	struct source *second;
	struct feed *feeds;
	size_t cnt;
	atomic_bool stop;
};

const char *errand_outcome_name(enum errand_outcome outcome)
{
	static const char *const names[] = { "failed", "same", "changed", "held" };

	return names[outcome];
}

static struct feed *feed_find(const struct feeds *feeds, const char *list)
{
	for (size_t i = 0; i < feeds->cnt; i++)
		if (strcmp(feeds->feeds[i].what->name, list) == 0)
			return &feeds->feeds[i];
	return NULL;
}

static uint64_t lot_draw(void)
{
	uint64_t lot = 100; /* of no effect where there is none */

	return getrandom(&lot, sizeof(lot), GRND_NONBLOCK) == sizeof(lot) ? lot : 100;
}

/* What was tried in the future was tried before the clock was set. */
static void feed_wait(struct feed *feed)
{
	if (feed->what->plan.tried > time(NULL))
		feed->what->plan.tried = 0;
	feed->next = plan_next(&feed->what->plan, feed->what->feed.refresh_s, lot_draw());
}

/* --- errands --- */

struct sent {
	struct feeds *feeds;
	struct errand *errand;
	bool ran;
};

static void errand_begin(void *arg)
{
	struct sent *sent = arg;

	sent->ran = true;
	errand_run(sent->errand, time(NULL));
}

static void outcome_log(const struct errand *e)
{
	switch (e->outcome) {
	case ERRAND_FAILED:
		log_warn("feeds: %s: %s; what is in force stays (failure %u)", e->name,
			 e->plan.said, e->plan.failures);
		break;
	case ERRAND_HELD:
		log_warn("feeds: %s is held back: %s; what is in force stays", e->name, e->plan.held);
		break;
	case ERRAND_CHANGED:
		log_info("feeds: %s is new: %s (were %zu)", e->name, COUNTED(e->after_cnt, "entry"),
			 e->before_cnt);
		break;
	case ERRAND_SAME:
		break;
	}
}

static void outcome_tell(struct feeds *feeds, const struct errand *e)
{
	outcome_log(e);
	log_diag(e->name, &e->diag);
	if (e->outcome != ERRAND_SAME)
		feeds->calls.told(feeds->calls.arg, FEEDS_FETCHED, e);
	if (e->outcome == ERRAND_CHANGED)
		feeds->calls.changed(feeds->calls.arg, e->name, e->names, false);
}

/* The policy may have become another meanwhile, and the list with it. */
static void errand_end(void *arg)
{
	struct sent *sent = arg;
	struct errand *e = sent->errand;
	struct feed *feed = feed_find(sent->feeds, e->name);
	bool mine = feed && feed->away && strcmp(feed->what->feed.url, e->feed.url) == 0;
	feeds_done *done = mine ? feed->done : NULL;
	void *done_arg = mine ? feed->done_arg : NULL;

	if (mine) {
		feed->away = false;
		feed->done = NULL;
	}
	if (mine && sent->ran) {
		feed->what->plan = e->plan;
		feed_wait(feed);
		outcome_tell(sent->feeds, e);
	}
	if (done)
		done(done_arg, mine && sent->ran ? e : NULL);
	errand_free(e);
	free(sent);
}

static int errand_send(struct feeds *feeds, struct feed *feed)
{
	const struct errand *w = feed->what;
	struct sent *sent = calloc(1, sizeof(*sent));
	int err = -ENOMEM;

	if (!sent)
		return err;
	sent->feeds = feeds;
	sent->errand = errand_new(w->dir, w->name, w->format, w->names, w->block, &w->feed, &w->plan);
	if (sent->errand) {
		sent->errand->stop = &feeds->stop;
		sent->errand->own_answers = w->own_answers;
		sent->errand->public_suffixes = w->public_suffixes;
		feed->away = true;
		err = worker_post(feeds->fetching, errand_begin, errand_end, sent);
		if (!err)
			return 0;
		feed->away = false;
		errand_free(sent->errand);
	}
	free(sent);
	return err;
}

static void second_past(void *arg)
{
	struct feeds *feeds = arg;
	int64_t now = time(NULL);

	for (size_t i = 0; i < feeds->cnt; i++) {
		struct feed *feed = &feeds->feeds[i];

		if (feed->away || feed->next > now)
			continue;
		if (errand_send(feeds, feed))
			feed->next = now + 60;
	}
	look_second(feeds->look);
}

int feeds_fetch(struct feeds *feeds, const char *list, feeds_done *done, void *arg)
{
	struct feed *feed = feed_find(feeds, list);
	int err;

	if (!feed)
		return -ENOENT;
	if (feed->done)
		return -EALREADY;
	feed->done = done;
	feed->done_arg = arg;
	err = feed->away ? 0 : errand_send(feeds, feed);
	if (err)
		feed->done = NULL;
	return err;
}

int feeds_accept(struct feeds *feeds, const char *list)
{
	struct feed *feed = feed_find(feeds, list);
	int err;

	if (!feed)
		return -ENOENT;
	if (feed->away)
		return -EALREADY;
	err = errand_accept(feed->what, time(NULL));
	if (err)
		return err;
	feeds->calls.told(feeds->calls.arg, FEEDS_ACCEPTED, feed->what);
	feeds->calls.changed(feeds->calls.arg, list, feed->what->names, true);
	return 0;
}

json_t *feeds_json(const struct feeds *feeds, const char *list)
{
	const struct feed *feed = feed_find(feeds, list);
	const struct plan *plan = feed ? &feed->what->plan : NULL;

	if (!feed)
		return NULL;
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:b}", "url",
			 feed->what->feed.url, "tried", (json_int_t)plan->tried, "fetched",
			 (json_int_t)plan->good, "changed", (json_int_t)plan->changed, "next",
			 (json_int_t)feed->next, "failures", (json_int_t)plan->failures, "said",
			 plan->said, "held", plan->held, "fetching", feed->away);
}

/* --- the policy's lists --- */

static int source_set(const char *dir, const char *name, const struct model_feed *feed, char **source)
{
	char path[ERRAND_PATH_MAX], *copy;

	if (!feed->url)
		return 0;
	copy = strdup(errand_path(dir, name, "list", path));
	if (!copy)
		return -ENOMEM;
	free(*source);
	*source = copy;
	return 0;
}

int feeds_sources(const char *state_dir, struct policy *policy)
{
	char dir[ERRAND_PATH_MAX];
	int err = 0;

	snprintf(dir, sizeof(dir), "%s/" FOLDER, state_dir);
	for (size_t i = 0; !err && i < policy->list_cnt; i++)
		err = source_set(dir, policy->lists[i].name, &policy->lists[i].feed,
				 &policy->lists[i].source);
	for (size_t i = 0; !err && i < policy->name_list_cnt; i++)
		err = source_set(dir, policy->name_lists[i].name, &policy->name_lists[i].feed,
				 &policy->name_lists[i].source);
	return err;
}

/* A feed goes on with what it was about, where the policy says the same URL. */
static void feed_add(struct feeds *feeds, const struct feed *former, struct feed *next,
		     struct errand *what)
{
	char path[ERRAND_PATH_MAX];

	*next = (struct feed){ .what = what };
	if (former && strcmp(former->what->feed.url, what->feed.url) == 0) {
		what->plan = former->what->plan;
		next->away = former->away;
		next->done = former->done;
		next->done_arg = former->done_arg;
	} else {
		plan_read(errand_path(feeds->dir, what->name, "plan", path), what->feed.url,
			  &what->plan);
	}
	feed_wait(next);
}

struct draft {
	struct feeds *feeds;
	struct feed *next;
	size_t cnt;
	bool missing;
};

/* What is to be fetched for a list; NULL: nothing is. */
static struct errand *draft_add(struct draft *draft, const char *name, const char *format,
				bool names, bool allow, const struct model_feed *feed)
{
	static const struct plan none;
	struct errand *what;

	if (!feed->url)
		return NULL;
	what = errand_new(draft->feeds->dir, name, format, names, !allow, feed, &none);
	if (what)
		feed_add(draft->feeds, feed_find(draft->feeds, name), &draft->next[draft->cnt++],
			 what);
	else
		draft->missing = true;
	return what;
}

static void draft_add_names(struct draft *draft, const struct model_name_list *list)
{
	struct errand *what =
		draft_add(draft, list->name, list->format, true, list->allow, &list->feed);

	if (!what)
		return;
	what->own_answers = list->own_answers;
	what->public_suffixes = list->public_suffixes;
}

static void feeds_drop(struct feed *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		errand_free(list[i].what);
	free(list);
}

/* Who waits for a list that is gone is told so. */
static void gone_tell(const struct feeds *feeds, struct feed *former, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct feed *now = feed_find(feeds, former[i].what->name);

		if (former[i].done && (!now || now->done != former[i].done))
			former[i].done(former[i].done_arg, NULL);
	}
}

void feeds_policy(struct feeds *feeds, const struct policy *policy)
{
	struct draft draft = { .feeds = feeds };
	struct feed *former = feeds->feeds;
	size_t former_cnt = feeds->cnt;

	draft.next = calloc(policy->list_cnt + policy->name_list_cnt + 1, sizeof(*draft.next));
	for (size_t i = 0; draft.next && i < policy->list_cnt; i++)
		draft_add(&draft, policy->lists[i].name, policy->lists[i].format, false,
			  policy->lists[i].allow, &policy->lists[i].feed);
	for (size_t i = 0; draft.next && i < policy->name_list_cnt; i++)
		draft_add_names(&draft, &policy->name_lists[i]);
	if (!draft.next || draft.missing)
		log_error("feeds: no memory; not every list is kept new");
	feeds->feeds = draft.next;
	feeds->cnt = draft.cnt;
	gone_tell(feeds, former, former_cnt);
	feeds_drop(former, former_cnt);
	look_policy(feeds->look, policy);
}

/* --- making and ending --- */

static void file_changed(void *arg, const char *list, bool names)
{
	struct feeds *feeds = arg;

	log_info("feeds: the file of %s is another one now; it is read again", list);
	feeds->calls.changed(feeds->calls.arg, list, names, false);
}

int feeds_new(struct loop *loop, const char *state_dir, const struct feeds_calls *calls,
	      struct feeds **ret_feeds)
{
	struct feeds *feeds = calloc(1, sizeof(*feeds));
	int err = 0;

	if (!feeds)
		return -ENOMEM;
	feeds->calls = *calls;
	snprintf(feeds->dir, sizeof(feeds->dir), "%s/" FOLDER, state_dir);
	if (mkdir(feeds->dir, 0750) && errno != EEXIST) {
		err = -errno;
		log_error("feeds: %s cannot be made: %s", feeds->dir, strerror(-err));
	}
	if (!err)
		err = worker_new(loop, &feeds->fetching);
	if (!err)
		err = look_new(loop, file_changed, feeds, &feeds->look);
	if (!err)
		err = loop_timer(loop, 1000, 1000, second_past, feeds, &feeds->second);
	if (err)
		feeds_free(feeds);
	else
		*ret_feeds = feeds;
	return err;
}

int feeds_start(struct feeds *feeds)
{
	int err = worker_start(feeds->fetching);

	return err ? err : look_start(feeds->look);
}

void feeds_free(struct feeds *feeds)
{
	if (!feeds)
		return;
	atomic_store(&feeds->stop, true);
	source_remove(feeds->second);
	worker_free(feeds->fetching);
	look_free(feeds->look);
	feeds_drop(feeds->feeds, feeds->cnt);
	free(feeds);
}
