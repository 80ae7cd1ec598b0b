// SPDX-License-Identifier: Apache-2.0
/*
 * Single entries of name lists: added, deleted, over. In force at the next packet, through the overlay.
 * Called by the agent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install/kept.h"
#include "install/namesinside.h"

/* The list and the name that an operator named, checked. lock is held. */
static int change_begin(struct names *names, const char *list, const char *text,
			struct name_content **ret_content, struct name_key *ret_key,
			struct diag *diag)
{
	struct name_content *content = name_content_named(names->content, list);

	if (!names->loaded) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "try again in a moment",
			 "the lists are still being loaded");
		return -EAGAIN;
	}
	if (!content) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "the policy names the lists",
			 "no such list: %s", list);
		return -ENOENT;
	}
	*ret_content = content;
	return name_key_read(text, ret_key, diag);
}

/* After a change in memory: to the disk and to the overlay. lock is held; -ENOSPC: a table is due. */
static int change_carry(struct names *names, struct name_content *content,
			enum name_pending_kind kind, const struct name_change *change,
			struct diag *diag)
{
	char *path = kept_path(names->state_dir, content->name, "hand");
	int kept = path ? name_content_hand_write(content, path) : 0;
	int err = names_pending_add(names, content->name, kind, change);

	if (kept)
		diag_add(diag, DIAG_WARNING, path, 0, 0, NULL,
			 "the change works but will not survive a restart: %s", strerror(-kept));
	free(path);
	return err ? err : names_overlay_change(names, &change->key, 1ULL << content->id);
}

int names_change_settle(struct names *names, int err, struct diag *diag)
{
	if (err == -ENOSPC)
		err = names_table_renew(names);
	if (err)
		return names_table_failed(err, diag);
	names_changed(names);
	return 0;
}

int names_add(struct names *names, const char *list, const char *name, int64_t expires,
	      const char *reason, struct diag *diag)
{
	struct name_change change = { .expires = expires, .reason = (char *)(reason ? reason : "") };
	struct name_content *content;
	int err;

	pthread_mutex_lock(&names->turn.lock);
	err = change_begin(names, list, name, &content, &change.key, diag);
	if (!err) {
		err = name_content_add(content, &change.key, expires, change.reason);
		if (err)
			diag_add(diag, err == -EEXIST ? DIAG_NOTE : DIAG_ERROR, NULL, 0, 0, NULL,
				 err == -EEXIST ? "list %s has %s already"
						: "cannot add to list %s: %s",
				 list, err == -EEXIST ? name : strerror(-err));
	}
	if (err) {
		pthread_mutex_unlock(&names->turn.lock);
		return err;
	}
	err = change_carry(names, content, NAME_PENDING_ADD, &change, diag);
	pthread_mutex_unlock(&names->turn.lock);
	return names_change_settle(names, err, diag);
}

int names_delete(struct names *names, const char *list, const char *name, const char *reason,
		 struct diag *diag)
{
	struct name_change change = { .removed = true, .reason = (char *)(reason ? reason : "") };
	struct name_content *content;
	int err;

	pthread_mutex_lock(&names->turn.lock);
	err = change_begin(names, list, name, &content, &change.key, diag);
	if (!err) {
		err = name_content_delete(content, &change.key, change.reason);
		if (err)
			diag_add(diag, DIAG_ERROR, NULL, 0, 0,
				 err == -ENOENT ? "an entry goes by exactly its name; an override of a "
						  "tenant allows what an entry above it blocks"
						: NULL,
				 "cannot delete %s from list %s: %s", name, list,
				 err == -ENOENT ? "no such entry" : strerror(-err));
	}
	if (err) {
		pthread_mutex_unlock(&names->turn.lock);
		return err;
	}
	err = change_carry(names, content, NAME_PENDING_DELETE, &change, diag);
	pthread_mutex_unlock(&names->turn.lock);
	return names_change_settle(names, err, diag);
}

/* --- time --- */

/* Ends what is over in one list; the file says when, so nothing is noted there. lock is held. */
static size_t content_expire(struct names *names, struct name_content *content, int64_t now,
			     int *ret_err)
{
	size_t cnt = 0;

	for (size_t i = 0; i < content->change_cnt; i++) {
		struct name_change change = content->changes[i];
		int err;

		if (!change.expires || change.expires > now)
			continue;
		change.reason = NULL;
		name_content_expire(content, i--);
		err = names_pending_add(names, content->name, NAME_PENDING_EXPIRE, &change);
		if (!err)
			err = names_overlay_change(names, &change.key, 1ULL << content->id);
		*ret_err = err ? err : *ret_err;
		cnt++;
	}
	return cnt;
}

size_t names_expire(struct names *names, int64_t now)
{
	size_t cnt;
	bool due;
	int err = 0;

	pthread_mutex_lock(&names->turn.lock);
	cnt = names_rulings_expire(names, now, &err);
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (names->content[i])
			cnt += content_expire(names, names->content[i], now, &err);
	due = turn_due(&names->turn);
	err = due ? -ENOSPC : err;
	pthread_mutex_unlock(&names->turn.lock);
	if (cnt || due) {
		struct diag diag;

		diag_init(&diag);
		names_change_settle(names, err, &diag);
		diag_free(&diag);
	}
	return cnt;
}

int names_fold(struct names *names, struct diag *diag)
{
	bool crowded;
	int err = 0;

	pthread_mutex_lock(&names->turn.lock);
	crowded = names->changed.cnt > SEK_NAME_OVER_MAX / 2;
	pthread_mutex_unlock(&names->turn.lock);
	if (crowded)
		err = names_table_renew(names);
	return err ? names_table_failed(err, diag) : 0;
}
