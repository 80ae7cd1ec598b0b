// SPDX-License-Identifier: Apache-2.0
/*
 * Changes by hand, in memory and on disk. Called by policy/install/lists.c under its lock.
 */
#include "install/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512
#define HISTORY_LINES 1000 /* the file may hold so many lines more than twice its meaning */

ssize_t hand_find(const struct hand_set *set, const struct prefix *prefix)
{
	size_t at = entries_find(set->entries, set->cnt, prefix);

	return at < set->cnt && !prefix_order(&set->entries[at].prefix, prefix) ? (ssize_t)at : -1;
}

static int set_grow(struct hand_set *set)
{
	size_t cap = set->cap ? set->cap * 2 : 16;
	struct list_entry *entries = reallocarray(set->entries, cap, sizeof(*entries));
	char **reasons;

	if (!entries)
		return -ENOMEM;
	set->entries = entries;
	reasons = reallocarray(set->reasons, cap, sizeof(*reasons));
	if (!reasons)
		return -ENOMEM;
	set->reasons = reasons;
	set->cap = cap;
	return 0;
}

/* A copy that fits into one line: control characters become blanks. */
static char *reason_copy(const char *reason)
{
	char *copy = strndup(reason ? reason : "", LINE_MAX_BYTES / 2);
	size_t len = copy ? strlen(copy) : 0;

	/* Not in the middle of a character. */
	if (len == LINE_MAX_BYTES / 2) {
		while (len && ((unsigned char)copy[len - 1] & 0xc0) == 0x80)
			len--;
		if (len && (unsigned char)copy[len - 1] >= 0xc0)
			len--;
		copy[len] = 0;
	}
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	return copy;
}

static int set_put(struct hand_set *set, const struct list_entry *entry, const char *reason)
{
	size_t at = entries_find(set->entries, set->cnt, &entry->prefix);
	char *copy = reason_copy(reason);

	if (!copy)
		return -ENOMEM;
	if (at < set->cnt && !prefix_order(&set->entries[at].prefix, &entry->prefix)) {
		free(set->reasons[at]);
	} else {
		if (set->cnt == set->cap && set_grow(set)) {
			free(copy);
			return -ENOMEM;
		}
		memmove(&set->entries[at + 1], &set->entries[at],
			(set->cnt - at) * sizeof(*set->entries));
		memmove(&set->reasons[at + 1], &set->reasons[at],
			(set->cnt - at) * sizeof(*set->reasons));
		set->cnt++;
	}
	set->entries[at] = *entry;
	set->reasons[at] = copy;
	return 0;
}

static void set_take(struct hand_set *set, const struct prefix *prefix)
{
	ssize_t at = hand_find(set, prefix);

	if (at < 0)
		return;
	free(set->reasons[at]);
	set->cnt--;
	memmove(&set->entries[at], &set->entries[at + 1], (set->cnt - at) * sizeof(*set->entries));
	memmove(&set->reasons[at], &set->reasons[at + 1], (set->cnt - at) * sizeof(*set->reasons));
}

int hand_do(struct hand *hand, enum hand_mark mark, const struct list_entry *entry, const char *reason)
{
	int err = 0;

	if (mark == HAND_ADD)
		err = set_put(&hand->added, entry, reason);
	else
		set_take(&hand->added, &entry->prefix);
	if (err)
		return err;
	if (mark == HAND_REMOVE)
		return set_put(&hand->removed, entry, reason);
	if (mark == HAND_FORGET)
		set_take(&hand->removed, &entry->prefix);
	return 0;
}

int hand_expire(struct hand *hand, const struct prefix *prefix)
{
	if (hand_find(&hand->added, prefix) < 0)
		return -ENOENT;
	set_take(&hand->added, prefix);
	return 0;
}

static int set_copy(const struct hand_set *from, struct hand_set *to)
{
	for (size_t i = 0; i < from->cnt; i++) {
		int err = set_put(to, &from->entries[i], from->reasons[i]);

		if (err)
			return err;
	}
	return 0;
}

int hand_copy(const struct hand *from, struct hand *ret_to)
{
	struct hand copy = { .line_cnt = from->line_cnt };
	int err = set_copy(&from->added, &copy.added);

	if (!err)
		err = set_copy(&from->removed, &copy.removed);
	if (err)
		hand_free(&copy);
	else
		*ret_to = copy;
	return err;
}

static void set_free(struct hand_set *set)
{
	for (size_t i = 0; i < set->cnt; i++)
		free(set->reasons[i]);
	free(set->entries);
	free(set->reasons);
	*set = (struct hand_set){};
}

void hand_free(struct hand *hand)
{
	set_free(&hand->added);
	set_free(&hand->removed);
}

/* "+ 192.0.2.1 1790000000 why": mark, prefix, end or 0, reason. */
static int line_read(struct hand *hand, char *line, int64_t now)
{
	char *rest = line + 2, *prefix, *end;
	struct list_entry entry = {};

	if (strlen(line) < 4 || !strchr("+-~", line[0]) || line[1] != ' ')
		return -EBADMSG;
	prefix = strsep(&rest, " ");
	if (!rest || prefix_parse(prefix, strlen(prefix), &entry.prefix, NULL))
		return -EBADMSG;
	errno = 0;
	entry.expires = strtoll(rest, &end, 10);
	if (end == rest || errno || (*end && *end != ' '))
		return -EBADMSG;
	if (line[0] == HAND_ADD && entry.expires && entry.expires <= now)
		line[0] = HAND_FORGET;
	return hand_do(hand, line[0], &entry, *end ? end + 1 : "");
}

int hand_read(const char *path, int64_t now, struct hand *ret_hand, struct diag *diag)
{
	char line[LINE_MAX_BYTES];
	struct hand hand = {};
	FILE *in = fopen(path, "re");
	int err = 0;

	if (!in)
		return errno == ENOENT ? 0 : -errno;
	while (err != -ENOMEM && fgets(line, sizeof(line), in)) {
		size_t len = strlen(line);

		hand.line_cnt++;
		if (!len || line[len - 1] != '\n') {
			hand.line_cnt = 0; /* the machine died while it was written: write all anew */
			break;
		}
		line[len - 1] = 0;
		if (line[0] == '#')
			continue;
		err = line_read(&hand, line, now);
		if (err == -EBADMSG)
			diag_add(diag, DIAG_WARNING, path, hand.line_cnt, 1, NULL,
				 "this line is none that sekisho wrote; it is left out");
	}
	fclose(in);
	if (err == -ENOMEM) {
		hand_free(&hand);
		return err;
	}
	*ret_hand = hand;
	return 0;
}

static void line_write(FILE *out, enum hand_mark mark, const struct list_entry *entry,
		       const char *reason)
{
	char text[PREFIX_TEXT_MAX];

	fprintf(out, "%c %s %" PRId64 " %s\n", mark, prefix_print(&entry->prefix, text),
		entry->expires, reason);
}

/* The new name is on the disk as well. */
static int folder_flush(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, err = 0;

	if (!folder)
		err = -ENOMEM;
	else if (fd < 0 || fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(folder);
	return err;
}

int file_replace(const char *path, int (*write)(FILE *out, const void *what), const void *what)
{
	char *beside;
	FILE *out;
	int err;

	if (asprintf(&beside, "%s.new", path) < 0)
		return -ENOMEM;
	out = fopen(beside, "we");
	if (!out) {
		err = -errno;
		goto out;
	}
	errno = 0;
	err = write(out, what);
	if (err == -EIO && errno)
		err = -errno; /* what the disk said of it */
	if (!err && (fflush(out) || fsync(fileno(out))))
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	else
		err = folder_flush(path);
out:
	free(beside);
	return err;
}

static int write_all(FILE *out, const void *what)
{
	const struct hand *hand = what;

	fprintf(out, "# changes by hand: + added, - taken out, ~ taken back; prefix; end; reason\n");
	for (size_t i = 0; i < hand->added.cnt; i++)
		line_write(out, HAND_ADD, &hand->added.entries[i], hand->added.reasons[i]);
	for (size_t i = 0; i < hand->removed.cnt; i++)
		line_write(out, HAND_REMOVE, &hand->removed.entries[i], hand->removed.reasons[i]);
	return ferror(out) ? -EIO : 0;
}

int hand_write(struct hand *hand, const char *path)
{
	int err = file_replace(path, write_all, hand);

	if (!err)
		hand->line_cnt = 1 + hand->added.cnt + hand->removed.cnt;
	return err;
}

int hand_note(struct hand *hand, const char *path, enum hand_mark mark,
	      const struct list_entry *entry, const char *reason)
{
	size_t meaning = hand->added.cnt + hand->removed.cnt;
	char *copy;
	FILE *out;
	int err = 0;

	if (!hand->line_cnt || hand->line_cnt > 2 * meaning + HISTORY_LINES)
		return hand_write(hand, path);
	copy = reason_copy(reason);
	if (!copy)
		return -ENOMEM;
	out = fopen(path, "ae");
	if (!out) {
		free(copy);
		return -errno;
	}
	line_write(out, mark, entry, copy);
	if (fflush(out) || fdatasync(fileno(out)))
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	hand->line_cnt++;
	free(copy);
	return err;
}
