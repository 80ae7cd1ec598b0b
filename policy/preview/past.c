// SPDX-License-Identifier: Apache-2.0
/*
 * Files to lines. A piece owns the lines that begin in it and reads on to the end of its last one, so
 * pieces can be read in any order. Called by policy/cli/preview.c.
 */
#include "preview/past.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lists/parallel.h"

#define PIECE (1U << 20)
#define BUFFER                                                                                     \
	(1 + PIECE + RECORD_LINE_MAX + 1) /* the byte before, and a last line with its newline */
#define FILES_MAX 1001 /* the present one and as many turned ones as sekishod may keep */

struct past_file {
	int fd;
	dev_t dev;
	ino_t inode;
	uint64_t size;
	size_t first_piece;
};

struct past {
	struct past_file files[FILES_MAX];
	size_t file_cnt, piece_cnt;
};

/* What a thread needs beside the piece. */
struct worker {
	struct tally *tally;
	char *buffer;
	struct worker *next;
};

struct reading {
	const struct past *past;
	const struct judge *judge;
	const struct tally_filter *filter;
	const struct past_progress *progress;
	pthread_mutex_t lock; /* of all below */
	struct worker *idle;
	uint64_t bytes, lines;
	int err;
};

/* --- which files --- */

/* Turned while we opened: the same file under its next name. */
static bool is_open(const struct past *past, const struct stat *st)
{
	for (size_t i = 0; i < past->file_cnt; i++)
		if (past->files[i].dev == st->st_dev && past->files[i].inode == st->st_ino)
			return true;
	return false;
}

static int file_add(struct past *past, const char *path, time_t since, struct past_figures *figures)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct past_file *file = &past->files[past->file_cnt];
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	if (err || is_open(past, &st) || st.st_mtime < since) {
		figures->old += !err && st.st_mtime < since;
		close(fd);
		return err;
	}
	*file = (struct past_file){ fd, st.st_dev, st.st_ino, (uint64_t)st.st_size, past->piece_cnt };
	past->file_cnt++;
	past->piece_cnt += (file->size + PIECE - 1) / PIECE;
	figures->files++;
	figures->bytes += file->size;
	return 0;
}

static int number_compare(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* N of a name "base.N" as sekishod gives them; 0: another file. */
static unsigned int turned_number(const char *name, const char *base, size_t *strange)
{
	size_t len = strlen(base);
	unsigned long number;
	char *end;

	if (strncmp(name, base, len) != 0 || name[len] != '.')
		return 0;
	number = strtoul(name + len + 1, &end, 10);
	if (name[len + 1] >= '1' && name[len + 1] <= '9' && !*end && number < FILES_MAX)
		return (unsigned int)number;
	++*strange;
	return 0;
}

/* The numbers of turned files in path's folder, ascending. */
static size_t turned_find(const char *path, unsigned int numbers[FILES_MAX], size_t *strange)
{
	char folder[PATH_MAX], name[PATH_MAX];
	const char *base;
	const struct dirent *entry;
	size_t cnt = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s", path);
	snprintf(name, sizeof(name), "%s", path);
	base = basename(name);
	dir = opendir(dirname(folder));
	while (dir && (entry = readdir(dir))) {
		unsigned int number = turned_number(entry->d_name, base, strange);

		if (number && cnt < FILES_MAX)
			numbers[cnt++] = number;
	}
	if (dir)
		closedir(dir);
	qsort(numbers, cnt, sizeof(numbers[0]), number_compare);
	return cnt;
}

/* The newest first: a file that is turned meanwhile is met again, not missed. */
static int files_open(struct past *past, const char *path, time_t since,
		      struct past_figures *figures, struct diag *diag)
{
	unsigned int numbers[FILES_MAX];
	size_t cnt = turned_find(path, numbers, &figures->strange);
	char name[PATH_MAX];
	int err = file_add(past, path, since, figures);

	snprintf(name, sizeof(name), "%s", path);
	for (size_t i = 0; i < cnt && !err && past->file_cnt < FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%s.%u", path, numbers[i]);
		err = file_add(past, name, since, figures);
		if (err == -ENOENT)
			err = 0; /* the oldest has just been turned away */
	}
	if (err)
		diag_add(diag, DIAG_ERROR, name, 0, 0,
			 err == -EACCES ? "be root or a member of group sekisho" : NULL,
			 "the records cannot be read: %s", strerror(-err));
	return err;
}

int past_open(const char *path, time_t since, struct past **ret_past,
	      struct past_figures *ret_figures, struct diag *diag)
{
	struct past *past = calloc(1, sizeof(*past));
	struct past_figures figures = {};
	int err;

	if (!past) {
		diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "out of memory");
		return -ENOMEM;
	}
	err = files_open(past, path, since, &figures, diag);
	if (err) {
		past_close(past);
		return err;
	}
	*ret_figures = figures;
	*ret_past = past;
	return 0;
}

void past_close(struct past *past)
{
	for (size_t i = 0; past && i < past->file_cnt; i++)
		close(past->files[i].fd);
	free(past);
}

/* --- pieces --- */

/* Bytes read, fewer than cnt at the end of the file alone; or -errno. */
static ssize_t read_at(int fd, char *to, size_t cnt, uint64_t from)
{
	size_t done = 0;

	while (done < cnt) {
		ssize_t n = pread(fd, to + done, cnt - done, (off_t)(from + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Where the first line begins that begins in the bytes: text[0] is the byte before them. */
static const char *first_line(const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);

	return newline ? newline + 1 : text + len;
}

/*
 * Lines that begin before `until`. One without an end is too long, or, where the file ends here, still
 * being written.
 */
static void lines_read(const struct reading *reading, struct tally *tally, const char *at,
		       const char *until, const char *end, bool file_ends)
{
	while (at < until && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline) {
			if (!file_ends)
				tally_unreadable(tally); /* longer than any record */
			return;
		}
		tally_line(tally, reading->judge, reading->filter, at, (size_t)(newline - at));
		at = newline + 1;
	}
}

static int piece_read(const struct reading *reading, struct worker *worker,
		      const struct past_file *file, uint64_t from)
{
	uint64_t left = file->size - from;
	size_t own = left < PIECE ? (size_t)left : PIECE, before = from ? 1 : 0;
	ssize_t got = read_at(file->fd, worker->buffer, BUFFER, from - before);
	const char *text = worker->buffer;

	if (got < 0)
		return (int)got;
	lines_read(reading, worker->tally, before ? first_line(text, (size_t)got) : text,
		   text + before + own, text + got, got < (ssize_t)BUFFER);
	return 0;
}

static struct worker *worker_take(struct reading *reading)
{
	struct worker *worker;

	pthread_mutex_lock(&reading->lock);
	worker = reading->err ? NULL : reading->idle;
	if (worker)
		reading->idle = worker->next;
	pthread_mutex_unlock(&reading->lock);
	return worker;
}

static void worker_give(struct reading *reading, struct worker *worker, uint64_t bytes,
			uint64_t lines, int err)
{
	const struct past_progress *progress = reading->progress;

	pthread_mutex_lock(&reading->lock);
	worker->next = reading->idle;
	reading->idle = worker;
	reading->bytes += bytes;
	reading->lines += lines;
	if (err)
		reading->err = err;
	if (progress)
		progress->tell(progress->arg, reading->bytes, reading->lines);
	pthread_mutex_unlock(&reading->lock);
}

static void piece_run(void *arg, size_t n)
{
	struct reading *reading = arg;
	const struct past *past = reading->past;
	struct worker *worker = worker_take(reading);
	size_t i = past->file_cnt;
	uint64_t from, before;
	int err;

	if (!worker)
		return;
	while (past->files[--i].first_piece > n)
		;
	from = (uint64_t)(n - past->files[i].first_piece) * PIECE;
	before = worker->tally->lines;
	err = piece_read(reading, worker, &past->files[i], from);
	worker_give(reading, worker,
		    past->files[i].size - from < PIECE ? past->files[i].size - from : PIECE,
		    worker->tally->lines - before, err);
}

static bool worker_make(struct worker *worker)
{
	worker->tally = tally_new();
	worker->buffer = malloc(BUFFER);
	return worker->tally && worker->buffer;
}

/* All sums in the first worker's, which is taken out. */
static struct tally *workers_merge(struct worker *workers, size_t cnt)
{
	struct tally *sum = workers[0].tally;

	workers[0].tally = NULL;
	for (size_t i = 1; i < cnt; i++)
		tally_merge(sum, workers[i].tally);
	tally_sort(sum);
	return sum;
}

struct tally *past_read(struct past *past, const struct judge *judge,
			const struct tally_filter *filter, size_t thread_cnt,
			const struct past_progress *progress, struct diag *diag)
{
	struct reading reading = { .past = past,
				   .judge = judge,
				   .filter = filter,
				   .progress = progress,
				   .lock = PTHREAD_MUTEX_INITIALIZER };
	struct worker workers[PARALLEL_MAX] = {};
	struct tally *sum = NULL;
	size_t cnt = thread_cnt < 1 ? 1 : thread_cnt > PARALLEL_MAX ? PARALLEL_MAX : thread_cnt;

	for (size_t i = 0; i < cnt; i++) {
		if (!worker_make(&workers[i]))
			reading.err = -ENOMEM;
		workers[i].next = reading.idle;
		reading.idle = &workers[i];
	}
	parallel_run(past->piece_cnt, cnt, piece_run, &reading);
	if (reading.err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "the records cannot be read: %s",
			 strerror(-reading.err));
	else
		sum = workers_merge(workers, cnt);
	for (size_t i = 0; i < cnt; i++) {
		tally_free(workers[i].tally);
		free(workers[i].buffer);
	}
	return sum;
}
