// SPDX-License-Identifier: Apache-2.0
/*
 * The lists in force: opening and closing, and whose turn it is to make a table of them.
 * Called by the agent, by replays, and by the other files of struct lists.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/listinside.h"

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
	err = listmap_open(kernel->head_fd, kernel->chunk_fd, kernel->over_fd, kernel->slot,
			   &lists->map);
	if (err) {
		free(lists->state_dir);
		free(lists);
		return err;
	}
	pthread_cond_init(&lists->turned, NULL);
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
		.slot = gate_generation(gate) & 1,
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
	if (lists->turn == TURN_STAGED)
		lists_abort(lists);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		list_content_free(lists->content[i]);
	pending_clear(lists);
	free(lists->pending);
	overlay_free(&lists->overlay);
	listmap_close(&lists->map);
	pthread_mutex_destroy(&lists->lock);
	pthread_cond_destroy(&lists->turned);
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
	return list_content_named(lists->content, name);
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

/* --- whose turn it is to make a table --- */

void lists_turn(struct lists *lists, enum turn turn)
{
	lists->turn = turn;
	if (turn != TURN_BUILDING) {
		lists->recording = false;
		pending_clear(lists);
	}
	pthread_cond_broadcast(&lists->turned);
}

/* Nobody asks the former head any more, nor one that was made for a policy that did not come. */
static void left_clear(struct lists *lists)
{
	listmap_settle(&lists->map);
	listmap_tidy(&lists->map);
}

/* Takes the turn; lock is held, and given back. */
static void turn_take(struct lists *lists)
{
	bool left = lists->turn == TURN_LEFT;

	lists_turn(lists, TURN_BUILDING);
	lists->recording = true;
	pthread_mutex_unlock(&lists->lock);
	if (left)
		left_clear(lists);
}

static bool turn_taken(const struct lists *lists)
{
	return lists->turn == TURN_BUILDING || lists->turn == TURN_STAGED;
}

void lists_build_begin(struct lists *lists)
{
	pthread_mutex_lock(&lists->lock);
	while (turn_taken(lists))
		pthread_cond_wait(&lists->turned, &lists->lock);
	turn_take(lists);
}

bool lists_build_try(struct lists *lists)
{
	pthread_mutex_lock(&lists->lock);
	if (turn_taken(lists)) {
		lists->renew = true;
		pthread_mutex_unlock(&lists->lock);
		return false;
	}
	turn_take(lists);
	return true;
}

void lists_build_end(struct lists *lists)
{
	pthread_mutex_lock(&lists->lock);
	lists_turn(lists, TURN_FREE);
	pthread_mutex_unlock(&lists->lock);
}
