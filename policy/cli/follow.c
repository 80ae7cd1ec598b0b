/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the place in a file that is turned. Called by obj_event.c.
 * A turn is seen by the file's number (inode): ours is found again among FILE.1, FILE.2, ..., and the
 * next is the one before it. It is left only when the next has begun, since whoever writes may write
 * to the old one until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/follow.h"

#define TURNS_MAX 1000 /* old files that are looked at */
#define PIECE 65536

struct follow {
	char path[PATH_MAX];
	int fd; /* -1: the file is not there yet */
	char *buf;
	size_t start, len, cap; /* what was read and not handed out: [start, len) */
	bool skip; /* in a line that is too long */
	uint64_t gaps;
};

static int file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

int follow_open(const char *path, struct follow **ret_follow)
{
	struct follow *f = calloc(1, sizeof(*f));
	int fd;

	if (!f)
		return -ENOMEM;
	snprintf(f->path, sizeof(f->path), "%s", path);
	fd = file_open(path);
	if (fd < 0 && fd != -ENOENT) {
		free(f);
		return fd;
	}
	f->fd = fd < 0 ? -1 : fd;
	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	*ret_follow = f;
	return fd < 0 ? fd : 0;
}

void follow_close(struct follow *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->buf);
	free(f);
}

uint64_t follow_gaps_cnt(const struct follow *f)
{
	return f->gaps;
}

/* The name of the file that was turned n times; 0: the one that is written now. */
static void turned_name(const struct follow *f, unsigned int n, char name[PATH_MAX + 16])
{
	if (n)
		snprintf(name, PATH_MAX + 16, "%s.%u", f->path, n);
	else
		snprintf(name, PATH_MAX + 16, "%s", f->path);
}

/* How often the file in hand was turned; -1: its name is gone. */
static int turns_of(const struct follow *f, const struct stat *ours)
{
	char name[PATH_MAX + 16];
	struct stat st;

	for (unsigned int n = 0; n < TURNS_MAX; n++) {
		turned_name(f, n, name);
		if (stat(name, &st) < 0) {
			if (n)
				return -1;
			continue; /* between the turn and the new file */
		}
		if (st.st_ino == ours->st_ino && st.st_dev == ours->st_dev)
			return (int)n;
	}
	return -1;
}

/* The file that follows ours and has begun; -1: there is none yet. */
static int next_open(const struct follow *f, const struct stat *ours, bool *ret_gap)
{
	int turns = turns_of(f, ours), fd;
	char name[PATH_MAX + 16];
	struct stat st;

	if (turns == 0)
		return -1;
	*ret_gap = turns < 0;
	turned_name(f, turns > 0 ? (unsigned int)turns - 1 : 0, name);
	fd = file_open(name);
	if (fd < 0)
		return -1;
	/* Another turn since would have made it the wrong one: then look again, later. */
	if (fstat(fd, &st) < 0 || st.st_size == 0 || (turns > 0 && turns_of(f, ours) != turns)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* More bytes of the file in hand: how many, 0 at its end. */
static size_t more_read(struct follow *f)
{
	ssize_t n;

	if (f->buf && f->start > 0) {
		memmove(f->buf, f->buf + f->start, f->len - f->start);
		f->len -= f->start;
		f->start = 0;
	}
	if (f->len >= FOLLOW_LINE_MAX) { /* its rest is read and thrown away */
		f->skip = true;
		f->len = 0;
	}
	if (f->cap < f->len + PIECE) {
		char *more = realloc(f->buf, f->len + PIECE);

		if (!more)
			return 0;
		f->buf = more;
		f->cap = f->len + PIECE;
	}
	n = read(f->fd, f->buf + f->len, PIECE);
	f->len += n > 0 ? (size_t)n : 0;
	return n > 0 ? (size_t)n : 0;
}

/* At the end of the file in hand: was it cut, is there a next one? True: there may be more to read. */
static bool turn(struct follow *f)
{
	bool gap = false;
	struct stat ours;
	int fd;

	if (f->fd < 0) {
		fd = file_open(f->path);
		f->fd = fd < 0 ? -1 : fd;
		return f->fd >= 0;
	}
	if (fstat(f->fd, &ours) < 0)
		return false;
	if (ours.st_size < lseek(f->fd, 0, SEEK_CUR)) {
		f->gaps++;
		f->start = f->len = 0;
		return lseek(f->fd, 0, SEEK_SET) == 0;
	}
	fd = next_open(f, &ours, &gap);
	if (fd < 0)
		return false;
	if (more_read(f) > 0) { /* written before the next one began */
		close(fd);
		return true;
	}
	f->gaps += gap || f->len > f->start; /* half a line stays half */
	f->start = f->len = 0;
	close(f->fd);
	f->fd = fd;
	return true;
}

bool follow_next(struct follow *f, const char **ret_line, size_t *ret_len)
{
	for (;;) {
		char *line = f->buf ? f->buf + f->start : NULL;
		char *end = line ? memchr(line, '\n', f->len - f->start) : NULL;

		if (end) {
			bool skip = f->skip;

			f->start = (size_t)(end - f->buf) + 1;
			f->skip = false;
			f->gaps += skip;
			if (skip)
				continue;
			*ret_line = line;
			*ret_len = (size_t)(end - line);
			return true;
		}
		if ((f->fd < 0 || more_read(f) == 0) && !turn(f))
			return false;
	}
}
