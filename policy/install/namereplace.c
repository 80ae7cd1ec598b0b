// SPDX-License-Identifier: Apache-2.0
/*
 * A name list replaced by a text that somebody brings. What may not replace the former content does not,
 * unless by force. Called by the agent's worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "install/kept.h"
#include "install/namesinside.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int replacement_read(const struct name_content *former, const char *text, size_t len,
			    const char *format, bool force, struct name_content **ret_next,
			    struct diag *diag)
{
	struct name_content *next = name_content_like(former);
	char *copy = malloc(len + 1);
	int err = -ENOMEM;

	if (next && copy) {
		memcpy(copy, text, len);
		err = name_content_parse(next, copy, len, former->name, format, diag);
	} else {
		free(copy);
	}
	if (!err && !force)
		err = name_list_may_replace(&former->published, &next->published, former->name, diag);
	if (err)
		name_content_free(next);
	else
		*ret_next = next;
	return err;
}

/* Puts the replacement in force and writes both of its files. The turn is ours. */
static int replacement_commit(struct names *names, struct name_content *content, struct diag *diag)
{
	char *path = kept_path(names->state_dir, content->name, "hand");
	int err;

	memcpy(names->staged.next, names->content, sizeof(names->content));
	names->staged.next[content->id] = content;
	err = name_tenants_copy(&names->staged.tenants, &names->tenants);
	if (err)
		name_tenants_free(&names->staged.tenants);
	else
		err = names_table_stage(names, false);
	if (!err)
		err = names_table_swap(names);
	if (err) {
		names_table_failed(err, diag);
	} else {
		name_content_keep(content, names->state_dir, diag);
		pthread_mutex_lock(&names->turn.lock);
		if (path && name_content_hand_write(content, path))
			diag_add(diag, DIAG_WARNING, path, 0, 0, NULL,
				 "former changes by hand will be back after a restart");
		pthread_mutex_unlock(&names->turn.lock);
	}
	free(path);
	return err;
}

int names_replace(struct names *names, const char *list, const char *text, size_t len,
		  const char *format, bool force, struct lists_change *ret_change, struct diag *diag)
{
	struct name_content *former, *next = NULL;
	struct lists_change change = {};
	uint64_t begin = now_ns();
	int err;

	names_build_begin(names);
	former = name_content_named(names->content, list);
	if (!former) {
		err = names->loaded ? -ENOENT : -EAGAIN;
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 err == -ENOENT ? "no such list: %s" : "the lists are still being loaded: %s",
			 list);
		goto unlock;
	}
	pthread_mutex_lock(&names->turn.lock);
	change.before_cnt = name_content_cnt(former);
	change.by_hand_cnt = former->change_cnt;
	pthread_mutex_unlock(&names->turn.lock);
	err = replacement_read(former, text, len, format ? format : former->format, force, &next,
			       diag);
	if (err)
		goto unlock;
	change.read_ns = now_ns() - begin;
	change.after_cnt = next->published.cnt;
	err = replacement_commit(names, next, diag);
	if (err)
		name_content_free(next);
	change.build_ns = now_ns() - begin - change.read_ns;
	if (!err && ret_change)
		*ret_change = change;
unlock:
	names_build_end(names);
	return err;
}
