// SPDX-License-Identifier: Apache-2.0
/*
 * Whole contents: the lists of a policy from their sources or from what was kept, and a list
 * replaced by an operator. What may not replace the former content does not.
 * Called by the agent's worker and by replays.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "install/kept.h"
#include "install/listinside.h"

static bool text_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether what is in force came from this very source file as it is now. */
static bool source_same(const struct list_content *former, const struct list_content *next)
{
	return text_same(former->source, next->source) && text_same(former->format, next->format) &&
	       former->stamp_ns == kept_stamp(next->source);
}

/*
 * Reads the source when it is newer than what is kept, unless what it holds may not replace
 * `kept`; takes over the set that is in force, or the kept one.
 */
static void content_choose(struct list_content *next, struct list_set *kept, bool read_source,
			   bool accepting, struct diag *diag)
{
	struct diag words;
	struct list_set set = {};
	int err = read_source ? 0 : -ENOENT;

	next->stamp_ns = kept_stamp(next->source);
	diag_init(&words);
	if (read_source)
		err = list_read(next->source, next->format, &set, &words);
	if (!err && kept->cnt && !accepting)
		err = list_may_replace(kept, &set, next->source, &words);
	diag_add_all(diag, &words, DIAG_WARNING);
	diag_free(&words);
	if (err) {
		list_set_free(&set);
		set = *kept;
		*kept = (struct list_set){};
	}
	next->published = set;
	next->fresh = !err;
	next->loaded = time(NULL);
}

/* Whether a copy was made from this source (or by list replace, while this was the source). */
static bool kept_is_of(const char *path, const char *source)
{
	char line[PATH_MAX + 32];
	FILE *in = path ? fopen(path, "re") : NULL;
	bool same = in && fgets(line, sizeof(line), in) &&
		    !strncmp(line, LIST_KEPT_OF, strlen(LIST_KEPT_OF));

	if (in)
		fclose(in);
	if (!same)
		return false;
	line[strcspn(line, "\n")] = 0;
	return !strcmp(line + strlen(LIST_KEPT_OF), source ? source : "");
}

/* What a content may go on with: what is in force, or the copy of it. */
struct going_on {
	struct list_set set;
	int64_t stamp_ns; /* of the copy */
	bool is_copy; /* there is one, of this source */
	bool stale; /* and it is older than what was in force last */
	bool fresh; /* it is not on the disk yet */
};

/* A restart is not needed for this: what is in force is what is kept. */
static int former_take(struct lists *lists, const struct list_content *former,
		       struct list_content *next, struct going_on *ret)
{
	int err;

	ret->set.cnt = former->published.cnt;
	ret->set.entries = lists_bytes_copy(former->published.entries,
					    ret->set.cnt * sizeof(*ret->set.entries));
	ret->fresh = former->fresh;
	pthread_mutex_lock(&lists->turn.lock);
	err = ret->set.entries ? hand_copy(&former->hand, &next->hand) : -ENOMEM;
	pthread_mutex_unlock(&lists->turn.lock);
	return err;
}

static int copy_take(const struct lists *lists, struct list_content *next, struct going_on *ret,
		     struct diag *diag)
{
	char *path = kept_path(lists->state_dir, next->name, "list");
	char *hand = kept_path(lists->state_dir, next->name, "hand");
	char *found = path ? kept_find(path, &ret->stale) : NULL;
	int err;

	ret->is_copy = found && kept_is_of(found, next->source);
	ret->stamp_ns = kept_stamp(found);
	if (ret->is_copy)
		list_read(found, "plain", &ret->set, diag);
	free(found);
	free(path);
	err = hand ? hand_read(hand, time(NULL), &next->hand, diag) : 0;
	free(hand);
	return err;
}

/* The published part: the source where it is another than what there was, else that. */
static void published_load(struct list_content *next, const struct list_content *former,
			   struct going_on *on, bool fetched, struct diag *diag)
{
	int64_t source_ns = kept_stamp(next->source);
	bool newer = source_ns && (!on->is_copy || source_ns > on->stamp_ns);

	/* What is to be fetched is not there at first, and that is no fault. */
	if (next->source && (source_ns || !fetched)) {
		content_choose(next, &on->set, former || newer || !on->set.cnt,
			       former && former->accepting, diag);
	} else {
		next->published = on->set;
		on->set = (struct list_set){};
		next->loaded = time(NULL);
	}
	if (next->fresh)
		return;
	next->fresh = on->fresh;
	if (on->stale && next->published.cnt)
		kept_stale_say(next->name, on->stamp_ns / 1000000000, diag);
}

/* Reads one list of the policy; former is what is in force under its name, or NULL. */
static int content_load(struct lists *lists, const struct model_list *model,
			const struct list_content *former, struct list_content **ret_next,
			struct diag *diag)
{
	struct list_content *next = list_content_new(model);
	struct going_on on = {};
	int err = next ? former ? former_take(lists, former, next, &on)
				: copy_take(lists, next, &on, diag)
		       : -ENOMEM;

	if (!err) {
		published_load(next, former, &on, model->feed.url != NULL, diag);
		err = list_content_mark(next);
	}
	list_set_free(&on.set);
	if (err)
		list_content_free(next);
	else
		*ret_next = next;
	return err;
}

/* One list as a load finds it that knows of none before. Who may not read what is kept goes without. */
static int content_foresee(struct lists *none, const struct model_list *model,
			   struct list_content **ret_content, struct diag *diag)
{
	int err = content_load(none, model, NULL, ret_content, diag);

	if (err != -EACCES)
		return err;
	diag_add(diag, DIAG_WARNING, none->state_dir, 0, 0, "root may read it",
		 "what was fetched for list %s, and changed in it by hand, is not known: %s",
		 model->name, strerror(-err));
	return content_load(&(struct lists){}, model, NULL, ret_content, diag);
}

/* What its publisher has, or its file, cannot be told; what operators alone fill can. */
static bool content_is_known(const struct list_content *content, const struct model_list *model)
{
	return content->published.cnt || (!model->source && !model->feed.url);
}

static int tables_foresee(struct list_content *const contents[SEK_LISTS_MAX],
			  struct list_table *ret_tables[2])
{
	struct list_source *sources = calloc(2 * SEK_LISTS_MAX, sizeof(*sources));
	struct list_table *v4 = NULL;
	size_t cnt = 0;
	int err;

	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		if (!contents[i])
			continue;
		list_content_sources(contents[i], &sources[cnt]);
		cnt += 2;
	}
	err = list_table_build(sources, cnt, true, &v4);
	if (!err)
		err = list_table_build(sources, cnt, false, &ret_tables[1]);
	if (err)
		list_table_free(v4);
	else
		ret_tables[0] = v4;
	free(sources);
	return err;
}

int lists_foresee(const struct policy *policy, const char *state_dir,
		  struct list_table *ret_tables[2], uint64_t *ret_known, struct diag *diag)
{
	struct lists none = { .state_dir = (char *)state_dir }; /* in which nothing is in force */
	struct list_content *contents[SEK_LISTS_MAX] = {};
	uint64_t known = 0;
	int err = 0;

	for (size_t i = 0; i < policy->list_cnt && !err; i++) {
		const struct model_list *model = &policy->lists[i];

		err = content_foresee(&none, model, &contents[model->id], diag);
		if (!err && content_is_known(contents[model->id], model))
			known |= 1ULL << model->id;
	}
	if (!err)
		err = tables_foresee(contents, ret_tables);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		list_content_free(contents[i]);
	if (err)
		return lists_table_failed(err, diag);
	*ret_known = known;
	return 0;
}

/* Writes what was read anew to NAME.list. A failure costs the copy, not the list; it is told. */
static int content_keep(const struct lists *lists, struct list_content *content, struct diag *diag)
{
	char *path = content->fresh ? kept_path(lists->state_dir, content->name, "list") : NULL;
	int err = path ? kept_write(path, list_content_write, content) : 0;

	if (err)
		diag_add(diag, DIAG_WARNING, path, 0, 0,
			 "it is tried again each minute; a restart before has its source, or what was "
			 "kept of it before",
			 "cannot keep the list: %s", strerror(-err));
	content->fresh = err;
	free(path);
	return err;
}

static void contents_keep(struct lists *lists, struct list_content *const contents[SEK_LISTS_MAX],
			  struct diag *diag)
{
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		if (contents[i])
			content_keep(lists, contents[i], diag);
}

void lists_keep(struct lists *lists, struct diag *diag)
{
	struct diag words;
	bool left;

	if (!turn_try(&lists->turn, false, &left))
		return;
	diag_init(&words);
	if (left)
		lists_left_clear(lists);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		struct list_content *content = lists->content[i];

		if (content && content->fresh && !content_keep(lists, content, &words))
			kept_say(content->name, diag);
	}
	diag_free(&words);
	lists_build_end(lists);
}

void lists_accept(struct lists *lists, const char *list)
{
	struct list_content *content;

	pthread_mutex_lock(&lists->turn.lock);
	content = lists_content(lists, list);
	if (content)
		content->accepting = true;
	pthread_mutex_unlock(&lists->turn.lock);
}

/* What is in force can go on under the policy's description of it. */
static bool content_stays(const struct list_content *former, const struct model_list *model)
{
	struct list_content wanted = { .source = model->source, .format = model->format };

	return former && former->id == model->id && former->allow == model->allow &&
	       text_same(former->title, model->title) &&
	       text_same(former->category, model->category) && source_same(former, &wanted);
}

/* The contents that a policy's lists shall have; some of them when it fails. */
static int contents_read(struct lists *lists, const struct policy *policy, lists_progress *progress,
			 void *arg, struct list_content *next[SEK_LISTS_MAX], struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < policy->list_cnt && !err; i++) {
		const struct model_list *model = &policy->lists[i];
		struct list_content *former = lists->forgotten ? NULL
							       : lists_content(lists, model->name);

		if (progress)
			progress(arg, model->name, i, policy->list_cnt);
		if (content_stays(former, model))
			next[model->id] = former;
		else
			err = content_load(lists, model, former, &next[model->id], diag);
	}
	if (progress)
		progress(arg, "", policy->list_cnt, policy->list_cnt);
	return err;
}

static void contents_drop(const struct lists *lists, struct list_content *next[SEK_LISTS_MAX])
{
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		if (next[i] != lists->content[i])
			list_content_free(next[i]);
}

int lists_load(struct lists *lists, const struct policy *policy, lists_progress *progress,
	       void *arg, struct diag *diag)
{
	struct list_content *next[SEK_LISTS_MAX] = {};
	int err;

	lists_build_begin(lists);
	err = contents_read(lists, policy, progress, arg, next, diag);
	if (!err)
		err = lists_table_make(lists, next, false);
	if (err) {
		lists_table_failed(err, diag);
		contents_drop(lists, next);
	} else {
		contents_keep(lists, lists->content, diag);
		lists_known(lists);
	}
	lists_build_end(lists);
	return err;
}

int lists_prepare(struct lists *lists, const struct policy *policy, uint32_t generation,
		  lists_progress *progress, void *arg, struct diag *diag)
{
	struct list_content *next[SEK_LISTS_MAX] = {};
	int err;

	lists_build_begin(lists);
	err = contents_read(lists, policy, progress, arg, next, diag);
	if (!err) {
		memcpy(lists->staged.next, next, sizeof(next));
		err = lists_table_stage(lists, false);
	}
	if (err) {
		lists_table_failed(err, diag);
		contents_drop(lists, next);
		lists_build_end(lists);
		return err;
	}
	contents_keep(lists, next, diag);
	lists_table_offer(lists, generation);
	return 0;
}

int lists_load_all(struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct lists *lists;
	int err = lists_open(gate, NULL, &lists, diag);

	if (err)
		return err;
	err = lists_load(lists, policy, NULL, NULL, diag);
	lists_close(lists);
	return err;
}

/* --- replacing --- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* An empty list with the description of another. */
static struct list_content *content_like(const struct list_content *other)
{
	struct model_list model = {
		.id = other->id,
		.name = other->name,
		.title = other->title,
		.allow = other->allow,
		.category = other->category,
		.source = other->source,
		.format = other->format,
	};
	struct list_content *content = list_content_new(&model);

	if (content)
		content->stamp_ns = other->stamp_ns;
	return content;
}

/* Reads the text into a content that may take the place of the former. */
static int replacement_read(const struct list_content *former, size_t former_cnt, const char *text,
			    size_t len, const char *format, bool force,
			    struct list_content **ret_next, struct diag *diag)
{
	struct list_set before = { .cnt = former_cnt };
	struct list_content *next = content_like(former);
	int err = next ? list_parse(text, len, former->name, format, &next->published, diag)
		       : -ENOMEM;

	if (!err && !force)
		err = list_may_replace(&before, &next->published, former->name, diag);
	if (!err)
		err = list_content_mark(next);
	if (err) {
		list_content_free(next);
		return err;
	}
	next->fresh = true;
	next->loaded = time(NULL);
	*ret_next = next;
	return 0;
}

/* Puts the replacement in force and writes both of its files. `building` is held. */
static int replacement_commit(struct lists *lists, struct list_content *content, struct diag *diag)
{
	struct list_content *next[SEK_LISTS_MAX];
	char *path = kept_path(lists->state_dir, content->name, "hand");
	int err;

	memcpy(next, lists->content, sizeof(next));
	next[content->id] = content;
	err = lists_table_make(lists, next, false);
	if (err) {
		lists_table_failed(err, diag);
	} else {
		contents_keep(lists, lists->content, diag);
		pthread_mutex_lock(&lists->turn.lock);
		err = path ? hand_write(&content->hand, path) : 0;
		if (err)
			diag_add(diag, DIAG_WARNING, path, 0, 0, NULL,
				 "former changes by hand will be back after a restart: %s",
				 strerror(-err));
		err = 0; /* the replacement itself is in force */
		pthread_mutex_unlock(&lists->turn.lock);
	}
	free(path);
	return err;
}

int lists_replace(struct lists *lists, const char *list, const char *text, size_t len,
		  const char *format, bool force, struct lists_change *ret_change, struct diag *diag)
{
	struct list_content *former, *next = NULL;
	struct lists_change change = {};
	uint64_t begin = now_ns();
	int err;

	lists_build_begin(lists);
	former = lists_content(lists, list);
	if (!former) {
		err = lists->loaded ? -ENOENT : -EAGAIN;
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 err == -ENOENT ? "no such list: %s" : "the lists are still being loaded: %s",
			 list);
		goto unlock;
	}
	pthread_mutex_lock(&lists->turn.lock);
	change.before_cnt = list_content_cnt(former);
	change.by_hand_cnt = former->hand.added.cnt + former->hand.removed.cnt;
	pthread_mutex_unlock(&lists->turn.lock);
	err = replacement_read(former, change.before_cnt, text, len, format, force, &next, diag);
	if (err)
		goto unlock;
	change.read_ns = now_ns() - begin;
	change.after_cnt = next->published.cnt;
	err = replacement_commit(lists, next, diag);
	if (err)
		list_content_free(next);
	change.build_ns = now_ns() - begin - change.read_ns;
	if (!err && ret_change)
		*ret_change = change;
unlock:
	lists_build_end(lists);
	return err;
}
