// SPDX-License-Identifier: Apache-2.0
/*
 * Single entries: added, deleted, over. In force at the next packet, through the overlay.
 * Called by the agent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install/kept.h"
#include "install/listinside.h"

static int pending_add(struct lists *lists, enum pending_kind kind, uint16_t list,
		       const struct list_entry *entry, const char *reason)
{
	struct pending *pending;

	if (!lists->turn.recording)
		return 0;
	if (lists->pending_cnt == lists->pending_cap) {
		size_t cap = lists->pending_cap ? lists->pending_cap * 2 : 16;

		pending = reallocarray(lists->pending, cap, sizeof(*pending));
		if (!pending)
			return -ENOMEM;
		lists->pending = pending;
		lists->pending_cap = cap;
	}
	pending = &lists->pending[lists->pending_cnt];
	*pending = (struct pending){ .kind = kind, .list = list, .entry = *entry };
	pending->reason = strdup(reason);
	if (!pending->reason)
		return -ENOMEM;
	lists->pending_cnt++;
	return 0;
}

/* Brings one changed prefix to the kernel. -E2BIG: a table must be made. */
static int kernel_change(struct lists *lists, const struct list_content *content,
			 const struct prefix *prefix)
{
	struct overlay_list view = list_content_view(content);
	int err = overlay_change(&lists->overlay, &view, prefix);

	if (!err)
		err = overlay_write(&lists->overlay, lists->map.turn.over_fd,
				    listmap_live(&lists->map));
	return err;
}

/* The list and the prefix that an operator named, checked. lock is held. */
static int change_begin(struct lists *lists, const char *list, const char *text,
			struct list_content **ret_content, struct prefix *ret_prefix,
			struct diag *diag)
{
	struct list_content *content = lists_content(lists, list);
	char corrected[PREFIX_TEXT_MAX];
	enum prefix_error error;
	bool fixed;

	if (!lists->loaded) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "try again in a moment",
			 "the lists are still being loaded");
		return -EAGAIN;
	}
	if (!content) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "the policy names the lists",
			 "no such list: %s", list);
		return -ENOENT;
	}
	error = prefix_parse(text, strlen(text), ret_prefix, &fixed);
	if (error) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s: %s", text,
			 prefix_error_text(error));
		return -EINVAL;
	}
	if (fixed)
		diag_add(diag, DIAG_WARNING, NULL, 0, 0, NULL, "%s has host bits set; taken as %s",
			 text, prefix_print(ret_prefix, corrected));
	*ret_content = content;
	return 0;
}

/* After a change in memory: to the kernel, to disk, to the flows. lock is held; -E2BIG as above. */
static int change_end(struct lists *lists, struct list_content *content, enum hand_mark mark,
		      const struct list_entry *entry, const char *reason, struct diag *diag)
{
	char *path = kept_path(lists->state_dir, content->name, "hand");
	int err = kernel_change(lists, content, &entry->prefix), kept = 0;

	if (path)
		kept = hand_note(&content->hand, path, mark, entry, reason);
	if (kept)
		diag_add(diag, DIAG_WARNING, path, 0, 0, NULL,
			 "the change works but will not survive a restart: %s", strerror(-kept));
	free(path);
	return err;
}

/* After the lock was given back: makes the table that an overlay is too small for. */
static int change_settle(struct lists *lists, int err, struct diag *diag)
{
	if (err == -E2BIG)
		err = lists_table_renew(lists);
	if (err)
		return lists_table_failed(err, diag);
	lists_changed(lists);
	return 0;
}

/* All that follows a change in memory; gives the lock back. */
static int change_finish(struct lists *lists, enum pending_kind kind, struct list_content *content,
			 enum hand_mark mark, const struct list_entry *entry, const char *reason,
			 struct diag *diag)
{
	int err = pending_add(lists, kind, content->id, entry, reason);

	if (!err)
		err = change_end(lists, content, mark, entry, reason, diag);
	pthread_mutex_unlock(&lists->turn.lock);
	return change_settle(lists, err, diag);
}

int lists_add(struct lists *lists, const char *list, const char *prefix, int64_t expires,
	      const char *reason, struct diag *diag)
{
	struct list_entry entry = { .expires = expires };
	struct list_content *content;
	enum hand_mark mark;
	int err;

	if (!reason)
		reason = "";
	pthread_mutex_lock(&lists->turn.lock);
	err = change_begin(lists, list, prefix, &content, &entry.prefix, diag);
	if (err)
		goto unlock;
	err = list_content_add(content, &entry, reason, &mark);
	if (err) {
		diag_add(diag, err == -EEXIST ? DIAG_NOTE : DIAG_ERROR, NULL, 0, 0, NULL,
			 err == -EEXIST ? "list %s has %s already" : "cannot add to list %s: %s",
			 list, err == -EEXIST ? prefix : strerror(-err));
		goto unlock;
	}
	return change_finish(lists, PENDING_ADD, content, mark, &entry, reason, diag);
unlock:
	pthread_mutex_unlock(&lists->turn.lock);
	return err;
}

int lists_delete(struct lists *lists, const char *list, const char *prefix, const char *reason,
		 struct diag *diag)
{
	struct list_entry entry = {};
	struct list_content *content;
	enum hand_mark mark;
	int err;

	if (!reason)
		reason = "";
	pthread_mutex_lock(&lists->turn.lock);
	err = change_begin(lists, list, prefix, &content, &entry.prefix, diag);
	if (err)
		goto unlock;
	err = list_content_delete(content, &entry.prefix, reason, &mark);
	if (err) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 err == -ENOENT ? "an entry goes by exactly the prefix it was given" : NULL,
			 "cannot delete %s from list %s: %s", prefix, list,
			 err == -ENOENT ? "no such entry" : strerror(-err));
		goto unlock;
	}
	return change_finish(lists, PENDING_DELETE, content, mark, &entry, reason, diag);
unlock:
	pthread_mutex_unlock(&lists->turn.lock);
	return err;
}

/* The first entry whose time is over, or NULL. */
static const struct list_entry *entry_over(const struct list_content *content, int64_t now)
{
	for (size_t i = 0; i < content->hand.added.cnt; i++) {
		const struct list_entry *entry = &content->hand.added.entries[i];

		if (entry->expires && entry->expires <= now)
			return entry;
	}
	return NULL;
}

size_t lists_expire(struct lists *lists, int64_t now)
{
	const struct list_entry *over;
	size_t cnt = 0;
	bool due;
	int err = 0;

	pthread_mutex_lock(&lists->turn.lock);
	for (size_t i = 0; i < SEK_LISTS_MAX; i++) {
		struct list_content *content = lists->content[i];

		while (content && (over = entry_over(content, now))) {
			struct list_entry entry = *over;
			int one;

			/* The file says when it ends, so nothing is noted there. A removal stays. */
			if (hand_expire(&content->hand, &entry.prefix))
				break;
			one = pending_add(lists, PENDING_EXPIRE, content->id, &entry, "");
			if (!one)
				one = kernel_change(lists, content, &entry.prefix);
			err = one ? one : err;
			cnt++;
		}
	}
	due = turn_due(&lists->turn);
	err = due ? -E2BIG : err;
	pthread_mutex_unlock(&lists->turn.lock);
	if (cnt || due) {
		struct diag diag;

		diag_init(&diag);
		change_settle(lists, err, &diag);
		diag_free(&diag);
	}
	return cnt;
}

int lists_fold(struct lists *lists, struct diag *diag)
{
	bool crowded;
	int err = 0;

	pthread_mutex_lock(&lists->turn.lock);
	crowded = lists->overlay.cnt > SEK_LIST_OVER_MAX / 2;
	pthread_mutex_unlock(&lists->turn.lock);
	if (crowded)
		err = lists_table_renew(lists);
	return err ? lists_table_failed(err, diag) : 0;
}
