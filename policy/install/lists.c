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
	turn_open(&lists->turn);
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
	if (lists->turn.state == TURN_STAGED)
		lists_abort(lists);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++)
		list_content_free(lists->content[i]);
	pending_clear(lists);
	free(lists->pending);
	overlay_free(&lists->overlay);
	listmap_close(&lists->map);
	turn_close(&lists->turn);
	free(lists->state_dir);
	free(lists);
}

struct list_content *lists_content(const struct lists *lists, const char *name)
{
	return list_content_named(lists->content, name);
}

void lists_forget(struct lists *lists)
{
	pthread_mutex_lock(&lists->turn.lock);
	lists->forgotten = true;
	lists->loaded = false;
	pthread_mutex_unlock(&lists->turn.lock);
}

void lists_known(struct lists *lists)
{
	pthread_mutex_lock(&lists->turn.lock);
	lists->forgotten = false;
	lists->loaded = true;
	pthread_mutex_unlock(&lists->turn.lock);
}

void lists_changed(const struct lists *lists)
{
	if (lists->kernel.changed)
		lists->kernel.changed(lists->kernel.arg);
}

/* --- whose turn it is to make a table --- */

void lists_turn(struct lists *lists, enum turn_state state)
{
	turn_give(&lists->turn, state);
	pending_clear(lists);
}

void lists_left_clear(struct lists *lists)
{
	listmap_settle(&lists->map);
	listmap_tidy(&lists->map);
}

void lists_build_begin(struct lists *lists)
{
	if (turn_begin(&lists->turn))
		lists_left_clear(lists);
}

bool lists_build_try(struct lists *lists)
{
	bool left;

	if (!turn_try(&lists->turn, true, &left))
		return false;
	if (left)
		lists_left_clear(lists);
	return true;
}

void lists_build_end(struct lists *lists)
{
	pthread_mutex_lock(&lists->turn.lock);
	lists_turn(lists, TURN_FREE);
	pthread_mutex_unlock(&lists->turn.lock);
}
