// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what is written into quarantine. Called by the records, in their order. Promises that a file there is
 * whole under its name, readable by nobody but its owner, and that all of them stay below the bound.
 */
#include "file/quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "text/whole.h"

#define PATH "sekisho.files.quarantine."
#define USUAL_DIR "/var/lib/sekisho/quarantine"
#define GIB (1ull << 30)
#define SUM_LEN 64
#define NAME_LEN (SUM_LEN + 8) /* with what it ends in */
#define RECORDS_MAX                                                                                \
	(256 << 10) /* bytes of one file's records: who comes all day is known by then */

void quarantine_read(const struct config *config, struct quarantine *q)
{
	const char *dir = config_text(config, PATH "dir"),
		   *log_dir = config_text(config, "default-log-dir");

	q->enabled = config_bool(config, PATH "enabled", false);
	q->max_size = config_bytes(config, PATH "max-size", GIB);
	dir = dir && dir[0] ? dir : USUAL_DIR;
	if (dir[0] == '/' || !log_dir)
		snprintf(q->dir, sizeof(q->dir), "%s", dir);
	else
		snprintf(q->dir, sizeof(q->dir), "%s/%s", log_dir, dir);
}

/* --- room --- */

static bool is_sum(const char *name)
{
	return strlen(name) == SUM_LEN && strspn(name, "0123456789abcdef") == SUM_LEN;
}

struct oldest {
	char name[SUM_LEN + 1]; /* "": there is none */
	struct timespec at;
};

static bool is_older(const struct stat *status, const char *name, const struct oldest *than)
{
	const struct timespec *at = &status->st_mtim;

	if (!than->name[0] || at->tv_sec != than->at.tv_sec)
		return !than->name[0] || at->tv_sec < than->at.tv_sec;
	if (at->tv_nsec != than->at.tv_nsec)
		return at->tv_nsec < than->at.tv_nsec;
	return strcmp(name, than->name) < 0;
}

/* Bytes of all files; the one that stands there for the longest. */
static uint64_t folder_look(int dir, struct oldest *ret_oldest)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t total = 0;

	*ret_oldest = (struct oldest){ .name = "" };
	while (folder && (entry = readdir(folder))) {
		struct stat status;

		if (!is_sum(entry->d_name) ||
		    fstatat(dir, entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
			continue;
		total += (uint64_t)status.st_size;
		if (!is_older(&status, entry->d_name, ret_oldest))
			continue;
		memcpy(ret_oldest->name, entry->d_name, SUM_LEN + 1);
		ret_oldest->at = status.st_mtim;
	}
	if (folder)
		closedir(folder);
	else if (fd >= 0)
		close(fd);
	return total;
}

static bool room_make(struct quarantine *q, int dir, uint64_t bytes)
{
	struct oldest oldest;

	if (bytes > q->max_size)
		return false;
	while (folder_look(dir, &oldest) + bytes > q->max_size && oldest.name[0]) {
		char beside[NAME_LEN];

		snprintf(beside, sizeof(beside), "%s.json", oldest.name);
		if (unlinkat(dir, oldest.name, 0))
			return false;
		unlinkat(dir, beside, 0);
		q->evicted++;
	}
	return true;
}

/* --- files --- */

/* A file beside that of this sum, made where it is not there. Returns a descriptor or -1. */
static int beside_open(int dir, const char *sha256, const char *ending, int how, char name[NAME_LEN])
{
	snprintf(name, NAME_LEN, "%s.%s", sha256, ending);
	return openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | how, 0600);
}

/* It gets its name last. */
static bool bytes_put(int dir, const char *sha256, struct slice bytes)
{
	char name[NAME_LEN];
	int fd = beside_open(dir, sha256, "tmp", O_TRUNC, name);
	bool whole;

	if (fd < 0)
		return false;
	whole = write_whole(fd, bytes.at, bytes.len) == 0;
	whole = close(fd) == 0 && whole && renameat(dir, name, dir, sha256) == 0;
	if (!whole)
		unlinkat(dir, name, 0);
	return whole;
}

static bool record_put(int dir, const char *sha256, struct slice record)
{
	char name[NAME_LEN];
	int fd = beside_open(dir, sha256, "json", O_APPEND, name);
	struct stat status;
	bool whole;

	if (fd < 0)
		return false;
	whole = fstat(fd, &status) == 0 &&
		(status.st_size > RECORDS_MAX || write_whole(fd, record.at, record.len) == 0);
	return close(fd) == 0 && whole;
}

static bool put(struct quarantine *q, int dir, const char *sha256, struct slice bytes,
		struct slice record)
{
	bool is_there = faccessat(dir, sha256, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (!is_there && (!room_make(q, dir, bytes.len) || !bytes_put(dir, sha256, bytes)))
		return false;
	return record_put(dir, sha256, record);
}

void quarantine_put(struct quarantine *q, const char *sha256, struct slice bytes, struct slice record)
{
	int dir = -1;

	if (is_sum(sha256) && (mkdir(q->dir, 0700) == 0 || errno == EEXIST))
		dir = open(q->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0 && put(q, dir, sha256, bytes, record))
		q->kept++;
	else
		q->failed++;
	if (dir >= 0)
		close(dir);
}
