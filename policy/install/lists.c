// SPDX-License-Identifier: Apache-2.0
/*
 * The lists in force: opening, and making a table of them that takes the former one's place.
 * Called by the agent, by replays, and by the other files of struct lists.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/listinside.h"
#include "lists/parallel.h"

static void gate_changed(void *gate)
{
	install_list_epoch(gate);
}

int lists_open_maps(const struct lists_kernel *kernel, const char *state_dir, struct lists **ret_lists)
{
	struct lists *lists = calloc(1, sizeof(*lists));
	int err;

	if (!lists)
		return -ENOMEM;
	if (state_dir) {
		lists->state_dir = strdup(state_dir);
		if (!lists->state_dir) {
			free(lists);
			return -ENOMEM;
		}
	}
	lists->kernel = *kernel;
	err = listmap_open(kernel->head_fd, kernel->chunk_fd, kernel->over_fd, &lists->map);
	if (err) {
		free(lists->state_dir);
		free(lists);
		return err;
	}
	pthread_mutex_init(&lists->building, NULL);
	pthread_mutex_init(&lists->lock, NULL);
	*ret_lists = lists;
	return 0;
}

int lists_open(struct gate *gate, const char *state_dir, struct lists **ret_lists, struct diag *diag)
{
	struct lists_kernel kernel = {
		.head_fd = gate_map_fd(gate, "sek_list_head"),
		.chunk_fd = gate_map_fd(gate, "sek_list"),
		.over_fd = gate_map_fd(gate, "sek_list_over"),
		.count_fd = gate_map_fd(gate, "sek_list_count"),
		.changed = gate_changed,
		.arg = gate,
	};
	int err = kernel.head_fd < 0 || kernel.chunk_fd < 0 || kernel.over_fd < 0
			  ? -ENOENT
			  : lists_open_maps(&kernel, state_dir, ret_lists);

	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "cannot open the address lists: %s",
			 strerror(-err));
	return err;
}

static void pending_clear(struct lists *lists)
{
	for (size_t i = 0; i < lists->pending_cnt; i++)
		free(lists->pending[i].reason);
	lists->pending_cnt = 0;
}

void lists_close(struct lists *lists)
{
	if (!lists)
		return;
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		list_content_free(lists->content[i]);
	pending_clear(lists);
	free(lists->pending);
	overlay_free(&lists->overlay);
	listmap_close(&lists->map);
	pthread_mutex_destroy(&lists->lock);
	pthread_mutex_destroy(&lists->building);
	free(lists->state_dir);
	free(lists);
}

/* state_dir/NAME.SUFFIX; NULL when nothing is kept. The caller frees. */
char *lists_state_path(const struct lists *lists, const char *name, const char *suffix)
{
	char *path;

	if (!lists->state_dir || strchr(name, '/') || name[0] == '.')
		return NULL;
	return asprintf(&path, "%s/%s.%s", lists->state_dir, name, suffix) < 0 ? NULL : path;
}

struct list_content *lists_content(const struct lists *lists, const char *name)
{
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		if (lists->content[i] && !strcmp(lists->content[i]->name, name))
			return lists->content[i];
	return NULL;
}

void lists_forget(struct lists *lists)
{
	pthread_mutex_lock(&lists->lock);
	lists->forgotten = true;
	lists->loaded = false;
	pthread_mutex_unlock(&lists->lock);
}

void lists_known(struct lists *lists)
{
	pthread_mutex_lock(&lists->lock);
	lists->forgotten = false;
	lists->loaded = true;
	pthread_mutex_unlock(&lists->lock);
}

void lists_changed(const struct lists *lists)
{
	if (lists->kernel.changed)
		lists->kernel.changed(lists->kernel.arg);
}

/* --- making a table --- */

void lists_build_begin(struct lists *lists)
{
	pthread_mutex_lock(&lists->building);
	pthread_mutex_lock(&lists->lock);
	lists->recording = true;
	pthread_mutex_unlock(&lists->lock);
}

void lists_build_end(struct lists *lists)
{
	pthread_mutex_lock(&lists->lock);
	lists->recording = false;
	pending_clear(lists);
	pthread_mutex_unlock(&lists->lock);
	pthread_mutex_unlock(&lists->building);
}

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

	for (size_t i = 0; i < lists->pending_cnt && !err; i++) {
		struct pending *pending = &lists->pending[i];
		struct list_content *content = next[pending->list];
		struct overlay_list view;

		if (!content)
			continue;
		if (content != lists->content[pending->list])
			err = pending_repeat(pending, content);
		if (err)
			break;
		view = list_content_view(content);
		err = overlay_change(overlay, &view, &pending->entry.prefix);
	}
	return err;
}

/* Puts a new head and the contents it was made from in force. Both locks are held. */
static int table_commit(struct lists *lists, const struct list_table *const tables[2],
			struct list_content *const next[SEK_LISTS_MAX])
{
	struct listmap *map = &lists->map;
	struct overlay overlay = {};
	int err = pending_take(lists, next, &overlay);

	if (!err)
		err = overlay_write(&overlay, map->next_over_fd, listmap_next(map));
	if (err) {
		overlay_free(&overlay);
		return err;
	}
	listmap_swap(map);
	overlay_free(&lists->overlay);
	lists->overlay = overlay;
	for (int i = 0; i < 2; i++) {
		if (!tables[i])
			continue;
		lists->family[i].prefix_cnt = tables[i]->prefix_cnt;
		lists->family[i].set_cnt = tables[i]->set_cnt;
		lists->family[i].range_cnt = tables[i]->range_cnt;
	}
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		if (lists->content[i] != next[i])
			list_content_free(lists->content[i]);
		lists->content[i] = next[i];
	}
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

int lists_table_make(struct lists *lists, struct list_content *const next[SEK_LISTS_MAX], bool whole)
{
	struct snapshot snapshot = {};
	struct building building = { .snapshot = &snapshot };
	const struct list_table *const *tables = (const struct list_table *const *)building.tables;
	int err;

	pthread_mutex_lock(&lists->lock);
	families_differ(lists, next, whole, building.wanted);
	err = snapshot_take(next, &snapshot);
	pthread_mutex_unlock(&lists->lock);
	if (!err) {
		parallel_run(2, 2, family_build, &building);
		err = building.errs[0] ? building.errs[0] : building.errs[1];
	}
	if (!err)
		err = listmap_make(&lists->map, tables);
	if (!err) {
		pthread_mutex_lock(&lists->lock);
		err = table_commit(lists, tables, next);
		pthread_mutex_unlock(&lists->lock);
	}
	if (err) {
		listmap_drop(&lists->map);
	} else {
		lists_changed(lists);
		listmap_tidy(&lists->map);
	}
	list_table_free(building.tables[0]);
	list_table_free(building.tables[1]);
	snapshot_free(&snapshot);
	return err;
}

int lists_table_renew(struct lists *lists)
{
	struct list_content *next[SEK_LISTS_MAX];
	int err;

	lists_build_begin(lists);
	memcpy(next, lists->content, sizeof(next));
	err = lists_table_make(lists, next, true);
	lists_build_end(lists);
	return err;
}

int lists_table_failed(int err, struct diag *diag)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, "the former lists stay in force",
		 err == -E2BIG ? "the lists need more ranges or sets than a table can number (%s)"
			       : "the lists cannot be put in force: %s",
		 strerror(-err));
	return err;
}
