/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is written of files. Called by file.c and by the records. Promises that a file of the store is
 * whole: it gets its name last.
 */
#include "file/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/whole.h"

#define PATH_LEN_MAX 1024

struct file_spill {
	char path[PATH_LEN_MAX]; /* "": moved */
	int fd;
	bool failed;
};

static bool dir_make(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

struct file_spill *file_spill_new(struct file_room *room)
{
	struct file_spill *spill = calloc(1, sizeof(*spill));
	char dir[PATH_LEN_MAX];

	if (!spill)
		return NULL;
	snprintf(dir, sizeof(dir), "%.500s/tmp", room->store_dir);
	snprintf(spill->path, sizeof(spill->path), "%.500s/file.XXXXXX", dir);
	if (dir_make(room->store_dir) && dir_make(dir))
		spill->fd = mkostemp(spill->path, O_CLOEXEC);
	else
		spill->fd = -1;
	if (spill->fd < 0) {
		free(spill);
		return NULL;
	}
	return spill;
}

void file_spill_add(struct file_spill *spill, struct slice bytes)
{
	if (spill && !spill->failed && write_whole(spill->fd, bytes.at, bytes.len) != 0)
		spill->failed = true;
}

bool file_spill_keep(struct file_spill *spill, const struct file_room *room, const char *sha256)
{
	char path[PATH_LEN_MAX];

	if (!spill || spill->failed || !spill->path[0])
		return false;
	snprintf(path, sizeof(path), "%.500s/%.2s", room->store_dir, sha256);
	if (!dir_make(path))
		return false;
	snprintf(path, sizeof(path), "%.500s/%.2s/%.64s", room->store_dir, sha256, sha256);
	if (rename(spill->path, path))
		return false;
	spill->path[0] = 0;
	return true;
}

void file_spill_free(struct file_spill *spill)
{
	if (!spill)
		return;
	if (spill->path[0])
		unlink(spill->path);
	close(spill->fd);
	free(spill);
}

bool file_store_info(const struct file_room *room, const char *sha256, uint64_t seconds,
		     uint32_t id, struct slice text)
{
	char path[PATH_LEN_MAX];
	bool whole;
	int fd;

	snprintf(path, sizeof(path), "%.500s/%.2s/%.64s.%llu.%u.json", room->store_dir, sha256,
		 sha256, (unsigned long long)seconds, id);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	whole = write_whole(fd, text.at, text.len) == 0;
	return close(fd) == 0 && whole;
}
