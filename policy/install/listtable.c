// SPDX-License-Identifier: Apache-2.0
/*
 * A table of the contents, made while they go on changing, and put in force: at once, or together with
 * the policy whose numbers its lists have. Called by the other files of struct lists and by the agent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install/listinside.h"
#include "lists/parallel.h"

/* What a table is made from while the lists go on changing: copies of what may change. */
struct snapshot {
	struct list_source sources[2 * SEK_LISTS_MAX];
	void *copies[2 * SEK_LISTS_MAX];
	size_t cnt;
};

static void snapshot_free(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->cnt; i++)
		free(snapshot->copies[i]);
}

void *lists_bytes_copy(const void *from, size_t len)
{
	void *copy = malloc(len + 1);

	if (copy && len)
		memcpy(copy, from, len);
	return copy;
}

static int snapshot_take(struct list_content *const next[SEK_LISTS_MAX], struct snapshot *snapshot)
{
	/* snapshot_free() frees them. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		struct list_source *at = &snapshot->sources[snapshot->cnt];
		void *skip, *added;

		if (!next[i])
			continue;
		list_content_sources(next[i], at);
		skip = lists_bytes_copy(at[0].skip, at[0].skip ? at[0].cnt : 0);
		added = lists_bytes_copy(at[1].entries, at[1].cnt * sizeof(*at[1].entries));
		if (!skip || !added) {
			free(skip);
			free(added);
			return -ENOMEM;
		}
		at[0].skip = at[0].skip ? skip : NULL;
		at[1].entries = added;
		snapshot->copies[snapshot->cnt++] = skip;
		snapshot->copies[snapshot->cnt++] = added;
	}
	return 0;
}

static int pending_repeat(const struct pending *pending, struct list_content *content)
{
	enum hand_mark mark;
	int err = 0;

	switch (pending->kind) {
	case PENDING_ADD:
		err = list_content_add(content, &pending->entry, pending->reason, &mark);
		break;
	case PENDING_DELETE:
		err = list_content_delete(content, &pending->entry.prefix, pending->reason, &mark);
		break;
	case PENDING_EXPIRE:
		err = hand_expire(&content->hand, &pending->entry.prefix);
		break;
	}
	return err == -EEXIST || err == -ENOENT ? 0 : err;
}

/*
 * Brings what was changed by hand meanwhile into the contents that are about to be in force: a
 * content that is the same object has it already.
 */
static int pending_take(struct lists *lists, struct list_content *const next[SEK_LISTS_MAX],
			struct overlay *overlay)
{
	int err = 0;

	for (size_t i = 0; i < lists->pending_cnt; i++) {
		struct pending *pending = &lists->pending[i];
		struct list_content *former = lists->content[pending->list];
		struct list_content *content = list_content_named(next, former->name);
		struct overlay_list view;
		int one;

		if (!content)
			continue;
		one = content != former ? pending_repeat(pending, content) : 0;
		err = err ? err : one;
		if (err) /* the contents have to be whole all the same */
			continue;
		view = list_content_view(content);
		err = overlay_change(overlay, &view, &pending->entry.prefix);
	}
	return err;
}

/* Brings changes by hand to a head that is about to be live. lock is held. */
static int staged_finish(struct lists *lists, struct overlay *ret_overlay)
{
	struct listmap *map = &lists->map;
	int err = pending_take(lists, lists->staged.next, ret_overlay);

	return err ? err : overlay_write(ret_overlay, map->turn.next_over_fd, listmap_next(map));
}

/* The contents and the numbers of a head that is live now. lock is held; takes the overlay over. */
static void staged_take(struct lists *lists, const struct overlay *overlay)
{
	struct staged *staged = &lists->staged;

	overlay_free(&lists->overlay);
	lists->overlay = *overlay;
	for (int i = 0; i < 2; i++)
		if (staged->made[i])
			lists->family[i] = staged->family[i];
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		if (lists->content[i] != staged->next[i])
			list_content_free(lists->content[i]);
		lists->content[i] = staged->next[i];
	}
	*staged = (struct staged){};
}

/* Puts the staged head and the contents it was made from in force, for whatever policy. lock is held. */
static int staged_swap(struct lists *lists)
{
	struct overlay overlay = {};
	int err = staged_finish(lists, &overlay);

	if (err) {
		overlay_free(&overlay);
		return err;
	}
	listmap_swap(&lists->map);
	staged_take(lists, &overlay);
	lists->turn.renew = false;
	if (!lists->forgotten)
		lists->loaded = true;
	return 0;
}

/* Families in which next[] differs from what the live tables hold, or both. lock is held. */
static void families_differ(const struct lists *lists, struct list_content *const next[SEK_LISTS_MAX],
			    bool whole, bool ret_differ[2])
{
	ret_differ[0] = ret_differ[1] = whole || !lists->loaded;
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		if (lists->content[i] == next[i])
			continue;
		list_content_families(lists->content[i], ret_differ);
		list_content_families(next[i], ret_differ);
	}
	for (size_t i = 0; i < lists->overlay.cnt; i++)
		ret_differ[prefix_is_v4(&lists->overlay.entries[i].prefix) ? 0 : 1] = true;
}

/* The tables of both families, side by side. */
struct building {
	const struct snapshot *snapshot;
	bool wanted[2];
	struct list_table *tables[2];
	int errs[2];
};

static void family_build(void *arg, size_t n)
{
	struct building *building = arg;

	if (building->wanted[n])
		building->errs[n] = list_table_build(building->snapshot->sources,
						     building->snapshot->cnt, n == 0,
						     &building->tables[n]);
}

static void staged_count(struct staged *staged, const struct list_table *const tables[2])
{
	for (int i = 0; i < 2; i++) {
		staged->made[i] = tables[i] != NULL;
		if (tables[i])
			staged->family[i] = (struct family_counts){ tables[i]->prefix_cnt,
								    tables[i]->set_cnt,
								    tables[i]->range_cnt };
	}
}

int lists_table_stage(struct lists *lists, bool whole)
{
	struct staged *staged = &lists->staged;
	struct snapshot snapshot = {};
	struct building building = { .snapshot = &snapshot };
	const struct list_table *const *tables = (const struct list_table *const *)building.tables;
	int err;

	pthread_mutex_lock(&lists->turn.lock);
	families_differ(lists, staged->next, whole || lists->turn.renew, building.wanted);
	err = snapshot_take(staged->next, &snapshot);
	pthread_mutex_unlock(&lists->turn.lock);
	if (!err) {
		parallel_run(2, 2, family_build, &building);
		err = building.errs[0] ? building.errs[0] : building.errs[1];
	}
	if (!err)
		err = listmap_make(&lists->map, tables);
	if (!err)
		staged_count(staged, tables);
	else
		lists->staged = (struct staged){};
	list_table_free(building.tables[0]);
	list_table_free(building.tables[1]);
	snapshot_free(&snapshot);
	return err;
}

int lists_table_make(struct lists *lists, struct list_content *const next[SEK_LISTS_MAX], bool whole)
{
	int err;

	memcpy(lists->staged.next, next, sizeof(lists->staged.next));
	err = lists_table_stage(lists, whole);
	if (!err) {
		pthread_mutex_lock(&lists->turn.lock);
		err = staged_swap(lists);
		pthread_mutex_unlock(&lists->turn.lock);
	}
	if (err) {
		listmap_drop(&lists->map);
		lists->staged = (struct staged){};
	} else {
		lists_changed(lists);
		listmap_tidy(&lists->map);
	}
	return err;
}

int lists_table_renew(struct lists *lists)
{
	struct list_content *next[SEK_LISTS_MAX];
	int err;

	if (!lists_build_try(lists))
		return 0;
	memcpy(next, lists->content, sizeof(next));
	err = lists_table_make(lists, next, true);
	lists_build_end(lists);
	return err;
}

/* --- a table and its policy --- */

void lists_table_offer(struct lists *lists, uint32_t generation)
{
	listmap_offer(&lists->map, generation & 1);
	turn_stage(&lists->turn);
}

void lists_commit(struct lists *lists, struct gate *gate, uint32_t generation)
{
	struct overlay overlay = {};

	pthread_mutex_lock(&lists->turn.lock);
	/* What was added by hand meanwhile and is not in the overlay, the next table has. */
	lists->turn.renew = staged_finish(lists, &overlay) != 0;
	install_commit(gate, generation);
	listmap_take(&lists->map);
	staged_take(lists, &overlay);
	lists->forgotten = false;
	lists->loaded = true;
	lists_turn(lists, TURN_LEFT);
	pthread_mutex_unlock(&lists->turn.lock);
}

void lists_abort(struct lists *lists)
{
	pthread_mutex_lock(&lists->turn.lock);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		if (lists->staged.next[i] != lists->content[i])
			list_content_free(lists->staged.next[i]);
	lists->staged = (struct staged){};
	lists_turn(lists, TURN_LEFT);
	pthread_mutex_unlock(&lists->turn.lock);
}

int lists_settle(struct lists *lists, struct diag *diag)
{
	bool renew;
	int err = 0;

	lists_build_begin(lists);
	pthread_mutex_lock(&lists->turn.lock);
	renew = lists->turn.renew;
	pthread_mutex_unlock(&lists->turn.lock);
	lists_build_end(lists);
	if (renew)
		err = lists_table_renew(lists);
	return err ? lists_table_failed(err, diag) : 0;
}

int lists_table_failed(int err, struct diag *diag)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, "the former lists stay in force",
		 err == -E2BIG ? "the lists need more ranges or sets than a table can number (%s)"
			       : "the lists cannot be put in force: %s",
		 strerror(-err));
	return err;
}
