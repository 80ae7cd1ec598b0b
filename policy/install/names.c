// SPDX-License-Identifier: Apache-2.0
/*
 * The name lists in force: opening and closing, and whose turn it is to make a table of them. Called by
 * the agent, by replays, and by the other files of struct names.
 */
#include "install/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "install/namesinside.h"

static void gate_changed(void *gate)
{
	install_list_epoch(gate);
}

int names_open_maps(const struct name_maps *maps, uint32_t slot, void (*changed)(void *arg),
		    void *arg, const char *state_dir, struct names **ret_names)
{
	struct names *names = calloc(1, sizeof(*names));
	int err = names ? 0 : -ENOMEM;

	if (!err && state_dir) {
		names->state_dir = strdup(state_dir);
		err = names->state_dir ? 0 : -ENOMEM;
	}
	if (!err)
		err = namemap_open(maps, slot, &names->map);
	if (err) {
		if (names)
			free(names->state_dir);
		free(names);
		return err;
	}
	names->name_cnt = namemap_table(&names->map)->name_cnt;
	names->changed_call = changed;
	names->changed_arg = arg;
	turn_open(&names->turn);
	*ret_names = names;
	return 0;
}

int names_open(struct gate *gate, const char *state_dir, struct names **ret_names, struct diag *diag)
{
	struct name_maps maps = {
		.head_fd = gate_map_fd(gate, "sek_name_head"),
		.key_fd = gate_map_fd(gate, "sek_name_key"),
		.bloom_fd = gate_map_fd(gate, "sek_name_bloom"),
		.table_fd = gate_map_fd(gate, "sek_name_table"),
		.set_fd = gate_map_fd(gate, "sek_name_set"),
		.answer_fd = gate_map_fd(gate, "sek_name_answer"),
		.over_fd = gate_map_fd(gate, "sek_name_over"),
		.count_fd = gate_map_fd(gate, "sek_name_count"),
	};
	bool there = maps.head_fd >= 0 && maps.key_fd >= 0 && maps.bloom_fd >= 0 &&
		     maps.table_fd >= 0 && maps.set_fd >= 0 && maps.answer_fd >= 0 &&
		     maps.over_fd >= 0;
	int err = there ? names_open_maps(&maps, gate_generation(gate) & 1, gate_changed, gate,
					  state_dir, ret_names)
			: -ENOENT;

	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "cannot open the name lists: %s",
			 strerror(-err));
	return err;
}

static void pending_clear(struct names *names)
{
	for (size_t i = 0; i < names->pending_cnt; i++) {
		free(names->pending[i].list);
		free(names->pending[i].change.reason);
	}
	free(names->pending);
	names->pending = NULL;
	names->pending_cnt = 0;
}

static void rulings_free(struct names *names)
{
	for (size_t i = 0; i < names->ruling_cnt; i++) {
		free(names->rulings[i].tenant);
		free(names->rulings[i].reason);
		free(names->rulings[i].asked_by);
		free(names->rulings[i].allowed_by);
	}
	free(names->rulings);
}

void names_close(struct names *names)
{
	if (!names)
		return;
	if (names->turn.state == TURN_STAGED)
		names_abort(names);
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		name_content_free(names->content[i]);
	pending_clear(names);
	rulings_free(names);
	name_tenants_free(&names->tenants);
	free(names->changed.names);
	namemap_close(&names->map);
	turn_close(&names->turn);
	free(names->state_dir);
	free(names);
}

bool names_has(struct names *names, const char *list)
{
	bool has;

	pthread_mutex_lock(&names->turn.lock);
	has = name_content_named(names->content, list) != NULL;
	pthread_mutex_unlock(&names->turn.lock);
	return has;
}

void names_forget(struct names *names)
{
	pthread_mutex_lock(&names->turn.lock);
	names->forgotten = true;
	names->loaded = false;
	pthread_mutex_unlock(&names->turn.lock);
}

void names_changed(const struct names *names)
{
	if (names->changed_call)
		names->changed_call(names->changed_arg);
}

/* --- what time it is --- */

uint64_t name_week_begin(int64_t real_s, uint64_t mono_ns)
{
	time_t real = real_s;
	struct tm local;
	uint64_t past;

	if (!localtime_r(&real, &local))
		return mono_ns;
	/* By the clock on the wall: on a day that is an hour longer or shorter, too. */
	past = (uint64_t)((local.tm_wday + 6) % 7) * 86400 + (uint64_t)local.tm_hour * 3600 +
	       (uint64_t)local.tm_min * 60 + (uint64_t)local.tm_sec;
	return mono_ns - past * 1000000000ULL;
}

void names_clock(struct names *names)
{
	struct timespec mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	__atomic_store_n(&names->map.heads->week_ns,
			 name_week_begin(time(NULL),
					 mono.tv_sec * 1000000000ULL + (uint64_t)mono.tv_nsec),
			 __ATOMIC_RELEASE);
}

/* --- whose turn it is to make a table --- */

void names_turn(struct names *names, enum turn_state state)
{
	turn_give(&names->turn, state);
	pending_clear(names);
}

void names_build_begin(struct names *names)
{
	if (turn_begin(&names->turn))
		namemap_settle(&names->map);
}

bool names_build_try(struct names *names)
{
	bool left;

	if (!turn_try(&names->turn, true, &left))
		return false;
	if (left)
		namemap_settle(&names->map);
	return true;
}

void names_build_end(struct names *names)
{
	pthread_mutex_lock(&names->turn.lock);
	names_turn(names, TURN_FREE);
	pthread_mutex_unlock(&names->turn.lock);
}

int names_pending_add(struct names *names, const char *list, enum name_pending_kind kind,
		      const struct name_change *change)
{
	struct name_pending *more, *pending;

	if (!names->turn.recording)
		return 0;
	more = reallocarray(names->pending, names->pending_cnt + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->pending = more;
	pending = &more[names->pending_cnt];
	*pending = (struct name_pending){ .list = strdup(list), .kind = kind, .change = *change };
	pending->change.reason = strdup(change->reason ? change->reason : "");
	names->pending_cnt++;
	return pending->list && pending->change.reason ? 0 : -ENOMEM;
}

/* --- who has which number --- */

void name_tenants_free(struct name_tenants *tenants)
{
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++)
		free(tenants->names[i]);
	*tenants = (struct name_tenants){};
}

int name_tenants_take(struct name_tenants *tenants, const struct policy *policy)
{
	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];
		char *name = strdup(tenant->name);

		if (!name)
			return -ENOMEM;
		free(tenants->names[tenant->id]);
		tenants->names[tenant->id] = name;
	}
	return 0;
}

int name_tenants_copy(struct name_tenants *to, const struct name_tenants *from)
{
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++) {
		to->names[i] = from->names[i] ? strdup(from->names[i]) : NULL;
		if (from->names[i] && !to->names[i])
			return -ENOMEM;
	}
	return 0;
}
